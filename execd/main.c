// SPDX-License-Identifier: Apache-2.0
/*
 * main.c - execd, process 1: mounts, groups, services, then a shell or the one command; and the
 * end of the machine.
 *
 * As any other process it only checks recipes: execd --check DIRECTORY.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "execd/ask.h"
#include "execd/groups.h"
#include "execd/load.h"
#include "execd/log.h"
#include "execd/machine.h"
#include "execd/selftest.h"
#include "execd/supervise.h"

#define RECIPES_PATH "/etc/taper"
#define COMMAND_PATH RECIPES_PATH "/command"

enum {
	EXIT_MISTAKES = 1,
	EXIT_USAGE = 2,
	EXIT_NO_COMMAND = 127, /* the command's file makes no sense */
};

static struct recipes recipes;
static struct supervisor supervisor = { .tree = { .fd = -1 }, .recipes = &recipes };

static void report_log(void *context, const char *text)
{
	(void)context;
	log_error("%s", text);
}

static void report_stream(void *context, const char *text)
{
	fprintf(context, "%s\n", text);
}

static void tell_recipes(FILE *stream)
{
	for (size_t i = 0; i < recipes.service_count; i++) {
		const struct recipe_service *service = &recipes.services[i];
		fprintf(stream, "service %s in %s: %s\n", service->name,
			service->group[0] ? service->group : "/",
			service->wrong ? "would not start" : service->command);
	}
	for (size_t i = 0; i < recipes.group_count; i++) {
		const struct recipe_group *group = &recipes.groups[i];
		fprintf(stream, "group %s", group->path);
		for (unsigned int setting = 0; setting < RECIPE_SETTING_COUNT; setting++)
			if (group->limits.of[setting].place.line)
				fprintf(stream, " %s=%s", recipe_settings[setting].key,
					group->limits.of[setting].value);
		fputc('\n', stream);
	}
}

static int check(const char *directory)
{
	const struct recipe_report report = { report_stream, stderr };
	recipes_init(&recipes, &report);
	load_recipes(&recipes, directory);
	tell_recipes(stdout);
	printf("%zu services, %zu groups, %u mistakes\n", recipes.service_count,
	       recipes.group_count, recipes.error_count);
	return fflush(stdout) || recipes.error_count ? EXIT_MISTAKES : 0;
}

static int usage(int argc, char **argv)
{
	static const char text[] =
		"usage: execd --check DIRECTORY\n\n"
		"Reads the recipes DIRECTORY/*.ini, prints what they say, and every mistake with\n"
		"its file and line on standard error. Exit status: 0 fine, 1 mistakes.\n"
		"Without arguments execd is process 1 and nothing else.\n";
	if (argc == 2 && !strcmp(argv[1], "--help")) {
		fputs(text, stdout);
		return 0;
	}
	if (argc == 1)
		fprintf(stderr, "execd: this is process %d, and execd is process 1\n",
			(int)getpid());
	fputs(text, stderr);
	return EXIT_USAGE;
}

/* The one command of a machine that was started for it. */
static void prepare_command(void)
{
	supervisor.command = load_command(COMMAND_PATH);
	if (supervisor.command || errno == ENOENT)
		return;
	log_error(COMMAND_PATH ": %s (%s): the arguments are wanted, a zero byte behind each",
		  strerrordesc_np(errno), strerrorname_np(errno));
	machine_end(MACHINE_POWER_OFF, EXIT_NO_COMMAND);
}

static void prepare_groups(void)
{
	const struct recipe_report report = { report_log, NULL };
	struct sched_error error;

	recipes_init(&recipes, &report);
	load_recipes(&recipes, RECIPES_PATH);
	if (sched_tree_open(&supervisor.tree, SCHED_ROOT_DEFAULT, &error))
		log_error("%s; no service can start", error.text);
	if (ask_is_needed())
		supervise_policy_start(&supervisor);
	groups_make(&supervisor.tree, &recipes, supervisor.policy.pid);
}

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "--check"))
		return check(argv[2]);
	if (getpid() != 1)
		return usage(argc, argv);

	supervise_prepare();  /* signals wait until somebody listens */
	machine_mount();      /* /proc, /sys, the tree, /dev */
	machine_prepare();    /* console and environment */
	if (machine_option("quiet"))
		log_quiet();
	prepare_command();    /* one command, or a shell */
	prepare_groups();     /* recipes to nodes, limits set */
	log_info("%zu services, %zu groups; 'schedctl tree' shows them, 'poweroff' ends",
		 recipes.service_count, recipes.group_count);
	supervisor.selftest = machine_option("selftest");
	if (supervisor.selftest)
		selftest_run(&supervisor.tree, &recipes); /* before anything competes with it */
	struct supervised end = supervise(&supervisor);
	supervise_stop(&supervisor);
	groups_remove(&supervisor.tree, &recipes);
	machine_end(end.how, end.status);
}
