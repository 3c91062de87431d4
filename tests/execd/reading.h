// SPDX-License-Identifier: Apache-2.0
/*
 * reading.h - recipes from texts in a test, with every error line.
 */
#ifndef TESTS_EXECD_READING_H
#define TESTS_EXECD_READING_H

#include <memory>
#include <string>
#include <vector>

#include "execd/order.h"
#include "execd/recipes.h"

struct Reading {
	Reading() : recipes(new struct recipes)
	{
		struct recipe_report report = {
			[](void *context, const char *text) {
				static_cast<Reading *>(context)->errors.emplace_back(text);
			},
			this,
		};
		recipes_init(recipes.get(), &report);
	}

	explicit Reading(const std::string &text) : Reading() { read("a.ini", text); }

	void read(const char *file, const std::string &text)
	{
		recipes_read(recipes.get(), file, text.data(), text.size());
	}

	Reading &order()
	{
		recipes_order(recipes.get());
		return *this;
	}

	const struct recipe_service &service(size_t index) const 
	{
		return recipes->services[index];
	}
	const struct recipe_group &group(size_t index) const { return recipes->groups[index]; }

	std::vector<std::string> paths() const
	{
		std::vector<std::string> paths;
		for (size_t i = 0; i < recipes->group_count; i++)
			paths.emplace_back(recipes->groups[i].path);
		return paths;
	}

	std::unique_ptr<struct recipes> recipes;
	std::vector<std::string> errors;
};

#endif
