// SPDX-License-Identifier: Apache-2.0
/*
 * cmd_groups.c - create and remove.
 */
#include "tools/schedctl/commands.h"

struct create_options {
	enum sched_create how;
	const char *cpus;   /* NULL: leave */
	const char *shares; /* NULL: leave */
};

/* Makes one group with its settings, or nothing. */
static int create_group(struct session *session, const struct create_options *wanted,
			const char *name)
{
	struct sched_group group;
	unsigned int made_count;

	int result = sched_group_parse(name, &group, &session->error);
	if (!result)
		result = sched_group_create(&session->tree, &group, wanted->how, &made_count,
					    &session->error);
	if (result)
		return result;
	if (wanted->cpus)
		result = sched_file_write(&session->tree, &group, "cpuset.cpus", wanted->cpus,
					  &session->error);
	if (!result && wanted->shares)
		result = sched_file_write(&session->tree, &group, "cpu.weight", wanted->shares,
					  &session->error);
	if (result)
		sched_group_unmake(&session->tree, &group, made_count);
	return result;
}

enum exit_code command_create(struct session *session, int argc, char **argv)
{
	static const struct option options[] = {
		{ "parents", no_argument, NULL, 'p' },
		{ "cpus", required_argument, NULL, 'c' },
		{ "shares", required_argument, NULL, 's' },
		COMMON_OPTIONS
	};
	struct create_options wanted = { SCHED_CREATE_ONE, NULL, NULL };
	enum exit_code code;
	int option;

	while ((option = option_next(session, argc, argv, ":pc:s:h", options)) > 0) {
		if (option == 'p')
			wanted.how = SCHED_CREATE_PARENTS;
		else if (option == 'c')
			wanted.cpus = optarg;
		else
			wanted.shares = optarg;
	}
	if (!options_done(option, &code))
		return code;
	if (optind == argc)
		return usage_error(session, "no group is named");
	if (!session_open(session))
		return session_failed(session);
	for (; optind < argc; optind++)
		if (create_group(session, &wanted, argv[optind]))
			code = session_failed(session);
	return code;
}

/* Children before parents: the list backwards. */
static int remove_recursive(struct session *session, const struct sched_group *top)
{
	struct sched_list list;
	int result = sched_group_list(&session->tree, top, &list, &session->error);
	if (result)
		return result;
	for (size_t i = list.count; !result && i-- > 0;)
		result = sched_group_remove(&session->tree, &list.group[i], &session->error);
	sched_list_free(&list);
	return result;
}

enum exit_code command_remove(struct session *session, int argc, char **argv)
{
	static const struct option options[] = {
		{ "recursive", no_argument, NULL, 'r' },
		COMMON_OPTIONS
	};
	enum reach reach = REACH_ONE;
	enum exit_code code;
	int option;

	while ((option = option_next(session, argc, argv, ":rh", options)) > 0)
		reach = REACH_ALL;
	if (!options_done(option, &code))
		return code;
	if (optind == argc)
		return usage_error(session, "no group is named");
	if (!session_open(session))
		return session_failed(session);
	for (; optind < argc; optind++) {
		struct sched_group group;
		int result = sched_group_parse(argv[optind], &group, &session->error);
		if (!result)
			result = reach == REACH_ALL
				? remove_recursive(session, &group)
				: sched_group_remove(&session->tree, &group, &session->error);
		if (result)
			code = session_failed(session);
	}
	return code;
}
