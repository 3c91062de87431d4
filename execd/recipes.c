// SPDX-License-Identifier: Apache-2.0
/*
 * recipes.c - reads *.ini texts into services and groups. Pure.
 *
 * inih does the cutting. It tells of one broken line a run and takes an indented line for the
 * continuation of the one before, so a text is run through it twice: first without effect, line
 * by broken line, until none is left; then for its contents, the broken ones replaced. Lines
 * reach it without their indentation.
 */
#include <errno.h>
#include <ini.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cgroups/cg.h"
#include "cgroups/cpulist.h"
#include "execd/recipes.h"
#include "execd/words.h"

enum {
	WRONG_LINES_MAX = 16, /* of a file */
	COMPLAINT_MAX = 1024,
};

/* What stands for a line that makes no sense: a section that is none, a key that no section
 * has. A line costs its section, for nobody knows what limit it was meant to set. */
#define WRONG "!"

struct reader {
	struct recipes *recipes;
	struct recipe_place place; /* the line at hand */
	const char *text, *end, *at;
	int line;
	int wrong_lines[WRONG_LINES_MAX];
	unsigned int wrong_count;
	char ignored[RECIPE_NAME_MAX]; /* the section whose trouble is told already */
};

void recipes_init(struct recipes *recipes, const struct recipe_report *report)
{
	memset(recipes, 0, sizeof(*recipes));
	recipes->report = *report;
}

void recipes_complain(struct recipes *recipes, const struct recipe_place *place,
		      const char *format, ...)
{
	char text[COMPLAINT_MAX];
	va_list arguments;

	int length = place->line ? snprintf(text, sizeof(text), "%s:%d: ", place->file, place->line)
				 : snprintf(text, sizeof(text), "%s: ", place->file);
	va_start(arguments, format);
	vsnprintf(text + length, sizeof(text) - (size_t)length, format, arguments);
	va_end(arguments);
	recipes->error_count++;
	recipes->report.line(recipes->report.context, text);
}

/* ---- values ---- */

struct key {
	const char *name;
	bool (*store)(struct reader *reader, void *section, const char *value);
};

static bool store_exec(struct reader *reader, void *section, const char *value)
{
	struct recipe_service *service = section;
	const char *reason;
	int count = words_split(value, service->command, sizeof(service->command),
				RECIPE_ARGUMENT_MAX, &reason);
	if (count > 0 && service->command[0]) {
		service->argument_count = (unsigned int)count;
		return true;
	}
	recipes_complain(reader->recipes, &reader->place, "service %s: exec %s: %s", service->name,
			 value, count < 0 ? reason : "no program is named");
	return false;
}

static bool store_group(struct reader *reader, void *section, const char *value)
{
	struct recipe_service *service = section;
	struct sched_error error;
	struct sched_group group;
	if (sched_group_parse(value, &group, &error)) {
		recipes_complain(reader->recipes, &reader->place, "service %s: group: %s",
				 service->name, error.text);
		return false;
	}
	/* The value was shorter than a line, and parsing only shortens. */
	snprintf(service->group, sizeof(service->group), "%.*s", RECIPE_VALUE_MAX - 1, group.path);
	return true;
}

static bool store_restart(struct reader *reader, void *section, const char *value)
{
	static const char *const policies[] = {
		[RECIPE_RESTART_ALWAYS] = "always",
		[RECIPE_RESTART_ON_FAILURE] = "on-failure",
		[RECIPE_RESTART_NEVER] = "never",
	};
	struct recipe_service *service = section;
	for (unsigned int i = 0; i < sizeof(policies) / sizeof(policies[0]); i++)
		if (!strcmp(policies[i], value)) {
			service->restart = (enum recipe_restart)i;
			return true;
		}
	recipes_complain(reader->recipes, &reader->place,
			 "service %s: restart %s: always, on-failure or never is wanted",
			 service->name, value);
	return false;
}

/* ---- settings ---- */

const struct recipe_setting_row recipe_settings[RECIPE_SETTING_COUNT] = {
	[RECIPE_CPUS] = { "cpus", "cpuset.cpus" },
	[RECIPE_CPU_CLASS] = { "class", "sched.cpu_class" },
	[RECIPE_SHARES] = { "shares", "cpu.weight" },
	[RECIPE_QOS] = { "qos", "sched.qos" },
	[RECIPE_LATENCY] = { "latency", "sched.latency_ms" },
	[RECIPE_BURST] = { "burst", "cpu.max.burst" },
};

static const char *cpus_fault(const char *value)
{
	struct cpumask mask;
	int result = cpulist_parse(value, strlen(value), NR_CPUS, &mask);
	return !result ? NULL
	     : result == -ERANGE ? "there are at most 512 CPUs, 0-511 (ERANGE)"
				 : "this is no CPU list such as 0-3,6 (EINVAL)";
}

static const char *shares_fault(const char *value)
{
	unsigned int shares;
	int result = sched_shares_parse(value, &shares);
	return !result ? NULL
	     : result == -ERANGE ? "shares go from 1 to 10000 (ERANGE)"
				 : "a whole number is wanted (EINVAL)";
}

static bool is_one_of(const char *value, const char *const *words)
{
	while (*words && strcmp(*words, value))
		words++;
	return *words;
}

static const char *class_fault(const char *value)
{
	static const char *const words[] = { "any", "performance", "efficiency", NULL };
	return is_one_of(value, words) ? NULL
				       : "any, performance or efficiency is wanted (EINVAL)";
}

static const char *qos_fault(const char *value)
{
	static const char *const words[] = { "idle", "normal", "interactive", "perf-burst", NULL };
	return is_one_of(value, words) ? NULL
				       : "idle, normal, interactive or perf-burst is wanted (EINVAL)";
}

static bool is_number(const char *value)
{
	return *value && strspn(value, "0123456789") == strlen(value);
}

static const char *latency_fault(const char *value)
{
	if (!is_number(value))
		return "a whole number of milliseconds is wanted (EINVAL)";
	return strlen(value) > 3 || atoi(value) > CG_LATENCY_MAX_US / 1000 ? "at most 100 ms (ERANGE)" : NULL;
}

static const char *burst_fault(const char *value)
{
	if (!is_number(value))
		return "a whole number of microseconds is wanted (EINVAL)";
	return strlen(value) > 9 ? "at most 999999999 us (ERANGE)" : NULL;
}

/* What is wrong with a value, whatever the machine; NULL: nothing. */
static const char *(*const setting_faults[RECIPE_SETTING_COUNT])(const char *value) = {
	[RECIPE_CPUS] = cpus_fault,	  [RECIPE_CPU_CLASS] = class_fault,
	[RECIPE_SHARES] = shares_fault,	  [RECIPE_QOS] = qos_fault,
	[RECIPE_LATENCY] = latency_fault, [RECIPE_BURST] = burst_fault,
};

static bool store_limit(struct reader *reader, struct recipe_limits *limits, const char *owner,
			enum recipe_setting setting, const char *value)
{
	const char *fault = setting_faults[setting](value);
	if (fault) {
		recipes_complain(reader->recipes, &reader->place, "%s: %s %s: %s", owner,
				 recipe_settings[setting].key, value, fault);
		return false;
	}
	snprintf(limits->of[setting].value, sizeof(limits->of[setting].value), "%s", value);
	limits->of[setting].place = reader->place;
	return true;
}

/* Keys that only services have; settings are everybody's, as far as a kind of section takes them. */
static const struct key service_keys[] = {
	{ "exec", store_exec },
	{ "group", store_group },
	{ "restart", store_restart },
	{ NULL, NULL },
};

enum {
	EVERY_SETTING = (1 << RECIPE_SETTING_COUNT) - 1,
	AFFINITY_SETTINGS = 1 << RECIPE_CPUS | 1 << RECIPE_CPU_CLASS,
	QOS_SETTINGS = EVERY_SETTING & ~AFFINITY_SETTINGS,
};

/* A section as its keys are stored. */
struct section {
	const char *owner;            /* its name in messages */
	const struct key *keys;       /* NULL: none of its own */
	void *object;                 /* for those */
	unsigned int settings;        /* which it takes, 1 << enum recipe_setting */
	struct recipe_limits *limits;
	unsigned int *seen;           /* settings, then keys */
	bool *wrong;
};

/* ---- sections ---- */

static void complain_unknown_key(struct reader *reader, const struct section *section,
				 const char *name)
{
	const char *names[RECIPE_SETTING_COUNT + sizeof(service_keys) / sizeof(service_keys[0])];
	size_t count = 0;
	for (size_t i = 0; section->keys && section->keys[i].name; i++)
		names[count++] = section->keys[i].name;
	for (size_t i = 0; i < RECIPE_SETTING_COUNT; i++)
		if (section->settings >> i & 1)
			names[count++] = recipe_settings[i].key;
	names[count] = NULL;
	const char *meant = sched_suggest(name, names);
	recipes_complain(reader->recipes, &reader->place, "%s: there is no key '%s'%s%s%s",
			 section->owner, name, meant ? "; '" : "", meant ? meant : "",
			 meant ? "' is one" : "");
}

/* False (told): the key was there before. */
static bool see_key(struct reader *reader, const struct section *section, unsigned int bit,
		    const char *name)
{
	bool first = !(*section->seen & bit);
	if (!first)
		recipes_complain(reader->recipes, &reader->place, "%s: %s is set twice",
				 section->owner, name);
	*section->seen |= bit;
	return first;
}

/* Stores one key of a section; what is wrong makes the section wrong. */
static void section_store(struct reader *reader, const struct section *section, const char *name,
			  const char *value)
{
	for (unsigned int i = 0; i < RECIPE_SETTING_COUNT; i++) {
		if (!(section->settings >> i & 1) || strcmp(recipe_settings[i].key, name))
			continue;
		if (!see_key(reader, section, 1U << i, name) ||
		    !store_limit(reader, section->limits, section->owner, i, value))
			*section->wrong = true;
		return;
	}
	for (unsigned int i = 0; section->keys && section->keys[i].name; i++) {
		if (strcmp(section->keys[i].name, name))
			continue;
		if (!see_key(reader, section, 1U << (RECIPE_SETTING_COUNT + i), name) ||
		    !section->keys[i].store(reader, section->object, value))
			*section->wrong = true;
		return;
	}
	if (strcmp(name, WRONG))
		complain_unknown_key(reader, section, name);
	*section->wrong = true;
}

/* The trouble of a whole section is told once, at its first key. */
static void ignore_section(struct reader *reader, const char *section, const char *cause)
{
	if (!strcmp(reader->ignored, section))
		return;
	snprintf(reader->ignored, sizeof(reader->ignored), "%s", section);
	recipes_complain(reader->recipes, &reader->place, "[%s]: %s", section, cause);
}

static struct recipe_service *service_find(struct reader *reader, const char *section,
					   const char *name)
{
	struct recipes *recipes = reader->recipes;
	char cause[RECIPE_FILE_MAX + 64];

	for (size_t i = 0; i < recipes->service_count; i++) {
		struct recipe_service *service = &recipes->services[i];
		if (strcmp(service->name, name))
			continue;
		if (!strcmp(service->place.file, reader->place.file))
			return service;
		snprintf(cause, sizeof(cause), "this service is already there, from %s:%d",
			 service->place.file, service->place.line);
		ignore_section(reader, section, cause);
		return NULL;
	}
	if (strchr(name, '/')) {
		ignore_section(reader, section, "a service's name holds no slash");
		return NULL;
	}
	if (recipes->service_count == RECIPE_SERVICE_MAX) {
		ignore_section(reader, section, "there is no room for more services (64)");
		return NULL;
	}
	struct recipe_service *service = &recipes->services[recipes->service_count++];
	snprintf(service->name, sizeof(service->name), "%s", name);
	snprintf(service->group, sizeof(service->group), "%s", name);
	service->place = reader->place;
	return service;
}

static struct recipe_group *group_find(struct reader *reader, const char *section, const char *name)
{
	struct sched_error error;
	struct sched_group path;
	char cause[RECIPE_FILE_MAX + 64];

	if (sched_group_parse(name, &path, &error)) {
		ignore_section(reader, section, error.text);
		return NULL;
	}
	if (!path.path[0]) {
		ignore_section(reader, section, "the root takes no settings");
		return NULL;
	}
	struct recipe_group *group = recipes_group(reader->recipes, path.path);
	if (!group) {
		ignore_section(reader, section, "there is no room for more groups (128)");
	} else if (!group->place.line) {
		group->place = reader->place;
	} else if (strcmp(group->place.file, reader->place.file)) {
		snprintf(cause, sizeof(cause), "this group is already there, from %s:%d",
			 group->place.file, group->place.line);
		ignore_section(reader, section, cause);
		return NULL;
	}
	return group;
}

static struct recipe_profile *profile_find(struct reader *reader, const char *section,
					   const char *kind, const char *name)
{
	struct recipes *recipes = reader->recipes;
	char cause[RECIPE_FILE_MAX + 64];

	for (size_t i = 0; i < recipes->profile_count; i++) {
		struct recipe_profile *profile = &recipes->profiles[i];
		if (strcmp(profile->service, name) || strcmp(profile->kind, kind))
			continue;
		if (!strcmp(profile->place.file, reader->place.file))
			return profile;
		snprintf(cause, sizeof(cause), "this is already said, in %s:%d",
			 profile->place.file, profile->place.line);
		ignore_section(reader, section, cause);
		return NULL;
	}
	if (recipes->profile_count == RECIPE_PROFILE_MAX) {
		ignore_section(reader, section, "there is no room for more of these (128)");
		return NULL;
	}
	struct recipe_profile *profile = &recipes->profiles[recipes->profile_count++];
	memset(profile, 0, sizeof(*profile));
	snprintf(profile->service, sizeof(profile->service), "%s", name);
	profile->kind = kind;
	profile->place = reader->place;
	return profile;
}

static void take_service(struct reader *reader, const char *section, const char *owner,
			 const char *name, const char *value)
{
	struct recipe_service *service = service_find(reader, section, owner);
	if (service && name)
		section_store(reader, &(struct section){ section, service_keys, service,
			EVERY_SETTING, &service->limits, &service->keys_seen, &service->wrong },
			name, value);
}

static void take_group(struct reader *reader, const char *section, const char *owner,
		       const char *name, const char *value)
{
	struct recipe_group *group = group_find(reader, section, owner);
	if (group && name)
		section_store(reader, &(struct section){ section, NULL, NULL, EVERY_SETTING,
			&group->limits, &group->keys_seen, &group->wrong }, name, value);
}

static void take_profile(struct reader *reader, const char *section, const char *kind,
			 unsigned int settings, const char *owner, const char *name,
			 const char *value)
{
	struct recipe_profile *profile = profile_find(reader, section, kind, owner);
	if (profile && name)
		section_store(reader, &(struct section){ section, NULL, NULL, settings,
			&profile->limits, &profile->keys_seen, &profile->wrong }, name, value);
}

/* inih: one key of a section, or its header (no name). */
static int take_key(void *user, const char *section, const char *name, const char *value, int line)
{
	struct reader *reader = user;
	char kind[RECIPE_NAME_MAX], owner[RECIPE_NAME_MAX], more;

	reader->place.line = line;
	if (!strcmp(section, WRONG))
		return 1;
	if (!*section) {
		if (name && strcmp(name, WRONG))
			recipes_complain(reader->recipes, &reader->place,
					 "%s: stands before any [section]", name);
		return 1;
	}
	int count = sscanf(section, "%49s %49s %c", kind, owner, &more);
	if (count == 2 && !strcmp(kind, "service"))
		take_service(reader, section, owner, name, value);
	else if (count == 2 && !strcmp(kind, "group"))
		take_group(reader, section, owner, name, value);
	else if (count == 2 && !strcmp(kind, "affinity"))
		take_profile(reader, section, "affinity", AFFINITY_SETTINGS, owner, name, value);
	else if (count == 2 && !strcmp(kind, "qos"))
		take_profile(reader, section, "qos", QOS_SETTINGS, owner, name, value);
	else
		ignore_section(reader, section,
			       "[service NAME], [group PATH], [affinity NAME] or [qos NAME] is wanted");
	return 1;
}

/* inih, the run without effect. */
static int skip_key(void *user, const char *section, const char *name, const char *value, int line)
{
	(void)user, (void)section, (void)name, (void)value, (void)line;
	return 1;
}

/* ---- lines ---- */

static bool line_is_wrong(const struct reader *reader, int line)
{
	for (unsigned int i = 0; i < reader->wrong_count; i++)
		if (reader->wrong_lines[i] == line)
			return true;
	return false;
}

static void line_wrong(struct reader *reader, int line, const char *cause)
{
	reader->place.line = line;
	recipes_complain(reader->recipes, &reader->place, "%s", cause);
	reader->wrong_lines[reader->wrong_count++] = line;
}

/* inih's fgets: the next line without its indentation, replaced when it is wrong. */
static char *next_line(char *line, int size, void *stream)
{
	struct reader *reader = stream;
	if (reader->at == reader->end || size < 8)
		return NULL;
	const char *newline = memchr(reader->at, '\n', (size_t)(reader->end - reader->at));
	const char *end = newline ? newline : reader->end;
	const char *start = reader->at;
	reader->at = newline ? newline + 1 : reader->end;
	reader->line++;
	while (start < end && (*start == ' ' || *start == '\t'))
		start++;

	int length = (int)(end - start);
	bool header = length && *start == '[';
	if (!line_is_wrong(reader, reader->line) && reader->wrong_count < WRONG_LINES_MAX) {
		const char *bracket = header ? memchr(start, ']', (size_t)length) : NULL;
		if (length > size - 3)
			line_wrong(reader, reader->line, "the line has more than 197 bytes");
		else if (bracket && bracket - start > RECIPE_NAME_MAX)
			line_wrong(reader, reader->line,
				   "the section's name has more than 49 bytes");
	}
	if (line_is_wrong(reader, reader->line) || length > size - 3)
		snprintf(line, (size_t)size, header ? "[" WRONG "]\n" : WRONG "=\n");
	else
		snprintf(line, (size_t)size, "%.*s\n", length, start);
	return line;
}

static int run(struct reader *reader, ini_handler handler)
{
	reader->at = reader->text;
	reader->line = 0;
	return ini_parse_stream(next_line, reader, handler, reader);
}

void recipes_read(struct recipes *recipes, const char *file, const char *text, size_t length)
{
	struct reader reader = { .recipes = recipes, .text = text, .end = text + length };
	int line;

	snprintf(reader.place.file, sizeof(reader.place.file), "%s", file);
	if (length > RECIPE_TEXT_MAX) {
		recipes_complain(recipes, &reader.place, "the file has more than %d bytes",
				 RECIPE_TEXT_MAX);
		return;
	}
	if (memchr(text, '\0', length)) {
		recipes_complain(recipes, &reader.place, "this is no text: it holds a zero byte");
		return;
	}
	while (reader.wrong_count < WRONG_LINES_MAX && (line = run(&reader, skip_key)) > 0)
		if (!line_is_wrong(&reader, line))
			line_wrong(&reader, line, "neither [SECTION], NAME=VALUE nor a comment");
	if (reader.wrong_count == WRONG_LINES_MAX) {
		reader.place.line = 0;
		recipes_complain(recipes, &reader.place, "%d lines make no sense: left out",
				 WRONG_LINES_MAX);
		return;
	}
	run(&reader, take_key);
}
