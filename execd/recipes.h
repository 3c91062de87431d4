// SPDX-License-Identifier: Apache-2.0
/*
 * recipes.h - what execd is told: services and groups, read from *.ini texts.
 *
 *   [service NAME]   exec=COMMAND  group=PATH  restart=POLICY  and settings
 *   [group PATH]     settings
 *   [affinity NAME]  cpus=LIST  class=CLASS               of the service of that name
 *   [qos NAME]       shares=N  qos=CLASS  latency=MS  burst=US
 *
 * A service's settings are those of its group: a limit that its node keeps cannot be exceeded.
 *
 * Reading is pure: text in, structures and error lines out ("file:line: thing: cause"). A line
 * that makes no sense costs the section it stands in and nothing else.
 *
 * Bounds: everything below is of fixed size; what does not fit is an error.
 */
#ifndef EXECD_RECIPES_H
#define EXECD_RECIPES_H

#include <stdbool.h>
#include <stddef.h>

#include "tools/schedctl/libsched.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
	RECIPE_SERVICE_MAX = 64,
	RECIPE_GROUP_MAX = 128,   /* parents included */
	RECIPE_PROFILE_MAX = 128, /* [affinity ...] and [qos ...] */
	RECIPE_FILE_MAX = 64,     /* bytes of a file's name */
	RECIPE_NAME_MAX = 50,     /* bytes of a section's name, as inih has it */
	RECIPE_VALUE_MAX = 200,   /* bytes of a line, as inih has it */
	RECIPE_ARGUMENT_MAX = 32, /* words of a command */
	RECIPE_TEXT_MAX = 65536,  /* bytes of a file */
};

/* Where something was said; line 0: nowhere. */
struct recipe_place {
	char file[RECIPE_FILE_MAX];
	int line;
};

/* What may be set, in the order in which a group is told. */
enum recipe_setting {
	RECIPE_CPUS,
	RECIPE_CPU_CLASS,
	RECIPE_SHARES,
	RECIPE_QOS,
	RECIPE_LATENCY,
	RECIPE_BURST,
	RECIPE_SETTING_COUNT,
};

struct recipe_setting_row {
	const char *key;  /* in a recipe */
	const char *file; /* of the group */
};
extern const struct recipe_setting_row recipe_settings[RECIPE_SETTING_COUNT];

struct recipe_limit {
	char value[RECIPE_VALUE_MAX]; /* when its place has a line; "" clears */
	struct recipe_place place;
};

struct recipe_limits {
	struct recipe_limit of[RECIPE_SETTING_COUNT];
};

enum recipe_restart {
	RECIPE_RESTART_ALWAYS,
	RECIPE_RESTART_ON_FAILURE, /* not after exit status 0 */
	RECIPE_RESTART_NEVER,
};

struct recipe_service {
	char name[RECIPE_NAME_MAX];
	struct recipe_place place;       /* of the section's first line with a key */
	char command[RECIPE_VALUE_MAX];  /* the words, each with its NUL */
	unsigned int argument_count;     /* 0: no exec= */
	char group[RECIPE_VALUE_MAX];    /* "" : the root */
	struct recipe_limits limits;     /* moved to the group by recipes_order */
	enum recipe_restart restart;
	unsigned int keys_seen;          /* a bit for each row of recipes.c's table */
	bool wrong;                      /* a mistake was told: it is not started */
};

struct recipe_group {
	char path[RECIPE_VALUE_MAX];
	struct recipe_place place;
	struct recipe_limits limits;
	unsigned int keys_seen;
	bool wrong;                      /* a mistake was told: no service in it is started */
};

/* Settings of a service that stand in a section of their own. */
struct recipe_profile {
	char service[RECIPE_NAME_MAX];
	const char *kind;                /* "affinity", "qos" */
	struct recipe_place place;
	struct recipe_limits limits;
	unsigned int keys_seen;
	bool wrong;                      /* a mistake was told: the service is not started */
};

/* Takes one line of trouble, without newline. */
struct recipe_report {
	void (*line)(void *context, const char *text);
	void *context;
};

struct recipes {
	struct recipe_service services[RECIPE_SERVICE_MAX];
	size_t service_count;
	struct recipe_group groups[RECIPE_GROUP_MAX];
	size_t group_count;
	struct recipe_profile profiles[RECIPE_PROFILE_MAX];
	size_t profile_count;
	unsigned int error_count;
	struct recipe_report report;
};

void recipes_init(struct recipes *recipes, const struct recipe_report *report);

/* Adds what one file says. `file` is its name in error lines. */
void recipes_read(struct recipes *recipes, const char *file, const char *text, size_t length);

/* Tells "file:line: thing: cause", and counts it. */
void recipes_complain(struct recipes *recipes, const struct recipe_place *place,
		      const char *format, ...) __attribute__((format(printf, 3, 4)));

/* The group of that path, made when it is new; NULL when there is no room (order.c). */
struct recipe_group *recipes_group(struct recipes *recipes, const char *path);

#ifdef __cplusplus
}
#endif

#endif
