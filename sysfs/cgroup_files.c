// SPDX-License-Identifier: Apache-2.0
/*
 * cgroup_files.c - the files that every node has: cgroup.*.
 *
 * Context: the caller holds whatever guards the tree; the node is alive.
 */
#include <errno.h>
#include <string.h>

#include "sysfs/cells.h"

static const char *const controller_names[CG_CONTROLLER_COUNT] = {
	[CG_CPUSET] = "cpuset",
	[CG_CPU] = "cpu",
	[CG_MEMORY] = "memory",
	[CG_PIDS] = "pids",
};

SYSFS_SHOW(cgroup_type)
{
	static const char *const names[] = {
		[CG_DOMAIN] = "domain\n",
		[CG_DOMAIN_THREADED] = "domain threaded\n",
		[CG_DOMAIN_INVALID] = "domain invalid\n",
		[CG_THREADED] = "threaded\n",
	};
	(void)environment;
	outbuf_text(out, names[cg_node_type(node)]);
	return 0;
}

SYSFS_STORE(cgroup_type)
{
	(void)environment;
	if (!text_equals(text_trim((struct text){ text, length }), "threaded"))
		return -EINVAL;
	return cg_set_threaded(node);
}

static void put_line(struct outbuf *out, int32_t number)
{
	outbuf_signed(out, number);
	outbuf_char(out, '\n');
}

static void put_processes(const struct cg_node *node, struct outbuf *out)
{
	struct cg_member *member = NULL;
	while ((member = cg_next_member(node, member)))
		if (member->leads)
			put_line(out, member->pid);
}

/* The root of a threaded subtree answers for the processes of all of it. */
SYSFS_SHOW(cgroup_procs)
{
	(void)environment;
	if (cg_node_is_threaded(node))
		return -EOPNOTSUPP;
	put_processes(node, out);
	if (!node->threaded_children)
		return 0;
	const struct cg_node *below = cg_next_below(node, node);
	for (; below; below = cg_next_below(below, node))
		if (below->domain == node)
			put_processes(below, out);
	return 0;
}

static int store_member(const struct sysfs_environment *environment, struct cg_node *node,
			struct text text, enum cg_scope scope)
{
	int32_t tid;
	if (text_to_int(text_trim(text), &tid) || tid < 0)
		return -EINVAL;
	struct cg_member *member = environment->find_member(environment->context, tid);
	if (!member)
		return -ESRCH;
	if (member->kernel_thread)
		return -EINVAL;
	int error = environment->may_move(environment->context, member, node, scope);
	return error ? error : cg_move(member, node, scope);
}

SYSFS_STORE(cgroup_procs)
{
	return store_member(environment, node, (struct text){ text, length }, CG_PROCESS);
}

SYSFS_SHOW(cgroup_threads)
{
	struct cg_member *member = NULL;
	(void)environment;
	while ((member = cg_next_member(node, member)))
		put_line(out, member->tid);
	return 0;
}

SYSFS_STORE(cgroup_threads)
{
	return store_member(environment, node, (struct text){ text, length }, CG_THREAD);
}

static void put_controllers(struct outbuf *out, cg_controllers controllers)
{
	const char *before = "";
	for (unsigned int i = 0; i < CG_CONTROLLER_COUNT; i++) {
		if (!(controllers >> i & 1))
			continue;
		outbuf_text(out, before);
		outbuf_text(out, controller_names[i]);
		before = " ";
	}
	if (*before)
		outbuf_char(out, '\n');
}

SYSFS_SHOW(cgroup_controllers)
{
	(void)environment;
	put_controllers(out, cg_node_controllers(node));
	return 0;
}

SYSFS_SHOW(cgroup_subtree_control)
{
	(void)environment;
	put_controllers(out, node->subtree_control);
	return 0;
}

/* The set of one controller; empty: no such name. */
static cg_controllers controller_named(struct text name)
{
	for (unsigned int i = 0; i < CG_CONTROLLER_COUNT; i++)
		if (text_equals(name, controller_names[i]))
			return (cg_controllers)(1U << i);
	return 0;
}

/* A child of a child may bear the name of a file that would appear beside it. */
static int check_names(const struct cg_node *node, cg_controllers enable)
{
	size_t count;
	const struct sysfs_row *rows = sysfs_cgroup_rows(&count);
	const struct cg_node *child = cg_first_child(node);
	for (; child; child = cg_next_sibling(child))
		for (size_t i = 0; child->child_count && i < count; i++)
			if (rows[i].controllers & enable & ~node->subtree_control &&
			    cg_find_child(child, rows[i].name, strlen(rows[i].name)))
				return -EEXIST;
	return 0;
}

SYSFS_STORE(cgroup_subtree_control)
{
	struct text rest = text_trim((struct text){ text, length }), word;
	cg_controllers enable = 0, disable = 0;
	(void)environment;
	while (text_next_word(&rest, ' ', &word)) {
		if (!word.length)
			continue;
		struct text name = { word.start + 1, word.length - 1 };
		cg_controllers named = controller_named(name);
		if (!named || (word.start[0] != '+' && word.start[0] != '-'))
			return -EINVAL;
		enable &= (cg_controllers)~named;
		disable &= (cg_controllers)~named;
		if (word.start[0] == '+')
			enable |= named;
		else
			disable |= named;
	}
	int error = check_names(node, enable);
	return error ? error : cg_set_subtree_control(node, enable, disable);
}

SYSFS_SHOW(cgroup_events)
{
	(void)environment;
	outbuf_field(out, "populated", cg_node_is_populated(node));
	outbuf_field(out, "frozen", cg_node_is_frozen(node));
	return 0;
}

static void put_limit(struct outbuf *out, int32_t limit)
{
	if (limit == CG_LIMIT_NONE)
		outbuf_text(out, "max\n");
	else
		put_line(out, limit);
}

static int parse_limit(struct text text, int32_t *limit)
{
	text = text_trim(text);
	*limit = CG_LIMIT_NONE;
	if (text_equals(text, "max"))
		return 0;
	int error = text_to_int(text, limit);
	if (error)
		return error;
	return *limit < 0 ? -ERANGE : 0;
}

SYSFS_SHOW(cgroup_max_depth)
{
	(void)environment;
	put_limit(out, node->depth_max);
	return 0;
}

SYSFS_STORE(cgroup_max_depth)
{
	int32_t limit;
	(void)environment;
	int error = parse_limit((struct text){ text, length }, &limit);
	return error ? error : cg_set_depth_max(node, limit);
}

SYSFS_SHOW(cgroup_max_descendants)
{
	(void)environment;
	put_limit(out, node->descendants_max);
	return 0;
}

SYSFS_STORE(cgroup_max_descendants)
{
	int32_t limit;
	(void)environment;
	int error = parse_limit((struct text){ text, length }, &limit);
	return error ? error : cg_set_descendants_max(node, limit);
}

SYSFS_SHOW(cgroup_stat)
{
	(void)environment;
	outbuf_field(out, "nr_descendants", node->descendant_count);
	outbuf_field(out, "nr_dying_descendants", 0);
	return 0;
}

SYSFS_SHOW(cgroup_freeze)
{
	(void)environment;
	put_line(out, node->freeze);
	return 0;
}

SYSFS_STORE(cgroup_freeze)
{
	int32_t freeze;
	(void)environment;
	int error = text_to_int(text_trim((struct text){ text, length }), &freeze);
	return error ? error : cg_set_freeze(node, freeze);
}

SYSFS_STORE(cgroup_kill)
{
	int32_t kill;
	int error = text_to_int(text_trim((struct text){ text, length }), &kill);
	if (error)
		return error;
	if (kill != 1)
		return -ERANGE;
	if (cg_node_is_threaded(node))
		return -EOPNOTSUPP;
	environment->kill(environment->context, node);
	return 0;
}

SYSFS_SHOW(sched_opaque)
{
	(void)environment;
	put_line(out, node->opaque);
	return 0;
}

/* Who is behind it does not take it away. */
SYSFS_STORE(sched_opaque)
{
	int32_t opaque;
	int error = text_to_int(text_trim((struct text){ text, length }), &opaque);
	if (error)
		return error;
	if (!opaque && node->opaque && environment->viewer && cg_sees(node, environment->viewer))
		return -EPERM;
	return cg_set_opaque(node, opaque);
}
