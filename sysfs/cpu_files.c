// SPDX-License-Identifier: Apache-2.0
/*
 * cpu_files.c - the files of the cpu controller, and cpu.stat, which every node has.
 *
 * Context: the caller holds whatever guards the tree; the node is alive.
 */
#include <errno.h>

#include "sysfs/cells.h"

SYSFS_SHOW(cpu_weight)
{
	(void)environment;
	outbuf_unsigned(out, cg_node_weight(node));
	outbuf_char(out, '\n');
	return 0;
}

SYSFS_STORE(cpu_weight)
{
	uint64_t weight;
	(void)environment;
	int error = text_to_unsigned((struct text){ text, length }, &weight);
	return error ? error : cg_set_weight(node, weight);
}

SYSFS_SHOW(cpu_weight_nice)
{
	(void)environment;
	outbuf_signed(out, cg_node_nice(node));
	outbuf_char(out, '\n');
	return 0;
}

SYSFS_STORE(cpu_weight_nice)
{
	int64_t nice;
	(void)environment;
	int error = text_to_signed((struct text){ text, length }, &nice);
	return error ? error : cg_set_nice(node, nice);
}

SYSFS_SHOW(cpu_idle)
{
	(void)environment;
	outbuf_unsigned(out, node->idle);
	outbuf_char(out, '\n');
	return 0;
}

SYSFS_STORE(cpu_idle)
{
	int64_t idle;
	(void)environment;
	int error = text_to_signed((struct text){ text, length }, &idle);
	return error ? error : cg_set_idle(node, idle);
}

SYSFS_SHOW(cpu_max)
{
	(void)environment;
	if (node->quota_us == CG_QUOTA_NONE)
		outbuf_text(out, "max");
	else
		outbuf_unsigned(out, node->quota_us);
	outbuf_char(out, ' ');
	outbuf_unsigned(out, node->period_us);
	outbuf_char(out, '\n');
	return 0;
}

/* The digits that the text begins with, as far as a number of 64 bits goes; what is behind them
 * does not matter. False: it begins with none. */
static bool leading_digits(struct text text, uint64_t *number)
{
	uint64_t value = 0;
	size_t place = 0;
	for (; place < text.length; place++) {
		if (text.start[place] < '0' || text.start[place] > '9')
			break;
		uint64_t digit = (uint64_t)(text.start[place] - '0');
		value = value > (UINT64_MAX - digit) / 10 ? UINT64_MAX : value * 10 + digit;
	}
	if (place)
		*number = value;
	return place;
}

/* "$QUOTA [$PERIOD]"; a period that is no number stays as it is, and the rest is not looked at. */
SYSFS_STORE(cpu_max)
{
	enum { WORD_MAX = 20 };
	struct text rest = text_trim((struct text){ text, length }), word = { rest.start, 0 };
	uint64_t quota = CG_QUOTA_NONE, period = node->period_us;
	(void)environment;
	while (word.length < rest.length && word.length < WORD_MAX &&
	       !text_is_space(word.start[word.length]))
		word.length++;
	rest = text_trim((struct text){ rest.start + word.length, rest.length - word.length });
	leading_digits(rest, &period);
	if (!leading_digits(word, &quota) && !text_equals(word, "max"))
		return -EINVAL;
	if (quota == CG_QUOTA_NONE && word.start[0] != 'm')
		return -EINVAL; /* the number that stands for none */
	return cg_set_bandwidth(node, quota, period);
}

SYSFS_SHOW(cpu_max_burst)
{
	(void)environment;
	outbuf_unsigned(out, node->burst_us);
	outbuf_char(out, '\n');
	return 0;
}

SYSFS_STORE(cpu_max_burst)
{
	uint64_t burst;
	(void)environment;
	int error = text_to_unsigned((struct text){ text, length }, &burst);
	return error ? error : cg_set_burst(node, burst);
}

static bool has_bandwidth(const struct cg_node *node)
{
	return node->tree->features & CG_FEATURE_BANDWIDTH && cg_node_controllers(node) & CG_HAS_CPU;
}

SYSFS_SHOW(cpu_stat)
{
	struct sysfs_cpu_bandwidth bandwidth;
	struct sysfs_cpu_usage usage = { 0, 0, 0 };
	environment->cpu_usage(environment->context, node, &node->tree->possible, &usage);
	outbuf_field(out, "usage_usec", usage.user_us + usage.system_us);
	outbuf_field(out, "user_usec", usage.user_us);
	outbuf_field(out, "system_usec", usage.system_us);
	outbuf_field(out, "nice_usec", usage.nice_us);
	if (!has_bandwidth(node))
		return 0;
	environment->cpu_bandwidth(environment->context, node, &bandwidth);
	outbuf_field(out, "nr_periods", bandwidth.periods);
	outbuf_field(out, "nr_throttled", bandwidth.throttled_periods);
	outbuf_field(out, "throttled_usec", bandwidth.throttled_us);
	outbuf_field(out, "nr_bursts", bandwidth.bursts);
	outbuf_field(out, "burst_usec", bandwidth.burst_us);
	return 0;
}

SYSFS_SHOW(cpu_stat_local)
{
	struct sysfs_cpu_bandwidth bandwidth;
	if (!has_bandwidth(node))
		return 0;
	environment->cpu_bandwidth(environment->context, node, &bandwidth);
	outbuf_field(out, "throttled_usec", bandwidth.held_us);
	return 0;
}

SYSFS_SHOW(cpu_stat_percpu)
{
	cpumask_for_each(cpu, &node->tree->possible) {
		struct cpumask alone = cpumask_of(cpu);
		struct sysfs_cpu_usage usage = { 0, 0, 0 };
		environment->cpu_usage(environment->context, node, &alone, &usage);
		outbuf_text(out, "cpu");
		outbuf_unsigned(out, cpu);
		outbuf_field(out, "", usage.user_us + usage.system_us);
	}
	return 0;
}
