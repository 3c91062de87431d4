// SPDX-License-Identifier: Apache-2.0
/*
 * cmd_settings.c - set and get.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/schedctl/commands.h"

/* The pseudo-file that a name on the command line means; NULL after saying what is wrong. */
static const char *setting_argument(struct session *session, const char *name)
{
	const char *file = sched_setting_file(name);
	if (file)
		return file;
	const char *meant = sched_suggest(name, sched_setting_names);
	if (meant)
		usage_error(session, "there is no setting '%s'; '%s' is one", name, meant);
	else
		usage_error(session, "there is no setting '%s'", name);
	return NULL;
}

/* Splits NAME=VALUE in place and checks both; NULL after saying what is wrong. */
static char *assignment_split(struct session *session, char *text)
{
	char *equals = strchr(text, '=');
	if (!equals || equals == text) {
		usage_error(session, "'%s' is not NAME=VALUE", text);
		return NULL;
	}
	*equals = '\0';
	return setting_argument(session, text) ? equals + 1 : NULL;
}

/* Writes it. The kernel takes a partition that cannot be one, too, and says in the file why. */
static int setting_write(struct session *session, const struct sched_group *group, const char *file,
			 const char *value)
{
	char *state;
	int result = sched_file_write(&session->tree, group, file, value, &session->error);

	if (result || strcmp(file, "cpuset.cpus.partition") ||
	    sched_file_read(&session->tree, group, file, &state, &session->error))
		return result;
	char *reason = strstr(state, " invalid (");
	if (reason) {
		reason += strlen(" invalid (");
		reason[strcspn(reason, ")")] = '\0';
		result = sched_fail(&session->error, EINVAL, "%s: %s %s: it is none yet: %s",
				    sched_group_label(group), file, value, reason);
	}
	free(state);
	return result;
}

enum exit_code command_set(struct session *session, int argc, char **argv)
{
	static const struct option options[] = { COMMON_OPTIONS };
	struct sched_group group;
	enum exit_code code;

	if (!options_done(option_next(session, argc, argv, ":h", options), &code))
		return code;
	if (argc - optind < 2)
		return usage_error(session, "a group and NAME=VALUE are wanted");
	if (sched_group_parse(argv[optind], &group, &session->error))
		return session_failed(session);

	/* First everything that can be known to be wrong, then the changes. */
	char **first = argv + optind + 1, **end = argv + argc;
	char **values = calloc((size_t)(end - first), sizeof(*values));
	if (!values || !session_open(session)) {
		if (!values)
			sched_fail(&session->error, ENOMEM, "no memory");
		free(values);
		return session_failed(session);
	}
	for (char **at = first; at < end && code == EXIT_DONE; at++) {
		values[at - first] = assignment_split(session, *at);
		if (!values[at - first])
			code = EXIT_USAGE;
		else if (sched_value_check(&group, sched_setting_file(*at), values[at - first],
					   &session->error))
			code = session_failed(session);
	}
	for (char **at = first; at < end && code == EXIT_DONE; at++)
		if (setting_write(session, &group, sched_setting_file(*at), values[at - first]))
			code = session_failed(session);
	free(values);
	return code;
}

enum label {
	LABEL_NONE,
	LABEL_NAME,
};

static enum exit_code print_setting(struct session *session, const struct sched_group *group,
				    const char *name, enum label label)
{
	char *text;
	const char *file = setting_argument(session, name);
	if (!file)
		return EXIT_USAGE;
	if (sched_file_read(&session->tree, group, file, &text, &session->error))
		return session_failed(session);
	if (label == LABEL_NAME)
		printf("%s=%s\n", name, text);
	else
		puts(text);
	free(text);
	return EXIT_DONE;
}

enum exit_code command_get(struct session *session, int argc, char **argv)
{
	static const struct option options[] = { COMMON_OPTIONS };
	static char *usual[] = { "cpus", "effective", "shares", NULL };
	static char *usual_root[] = { "effective", NULL };
	struct sched_group group;
	enum exit_code code;

	if (!options_done(option_next(session, argc, argv, ":h", options), &code))
		return code;
	if (optind == argc)
		return usage_error(session, "no group is named");
	if (sched_group_parse(argv[optind], &group, &session->error) || !session_open(session))
		return session_failed(session);

	char **names = argv + optind + 1;
	enum label label = *names && !names[1] ? LABEL_NONE : LABEL_NAME;
	if (!*names)
		names = group.path[0] ? usual : usual_root;
	for (; *names; names++) {
		enum exit_code here = print_setting(session, &group, *names, label);
		if (here != EXIT_DONE)
			code = here;
	}
	return code;
}
