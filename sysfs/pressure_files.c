// SPDX-License-Identifier: Apache-2.0
/*
 * pressure_files.c - cpu.pressure: for how long tasks had to wait, and who is to be told of it.
 *
 * Context: the caller holds whatever guards the tree.
 */
#include <errno.h>
#include <string.h>

#include "sysfs/cells.h"

enum { WINDOW_MAX_US = 10000000 };

static void show_average(struct outbuf *out, const char *name, uint32_t hundredths)
{
	outbuf_text(out, name);
	outbuf_unsigned(out, hundredths / 100);
	outbuf_char(out, '.');
	outbuf_unsigned(out, hundredths / 10 % 10);
	outbuf_unsigned(out, hundredths % 10);
}

static void show_line(struct outbuf *out, const char *name, const struct sysfs_pressure_line *line)
{
	outbuf_text(out, name);
	show_average(out, " avg10=", line->avg10);
	show_average(out, " avg60=", line->avg60);
	show_average(out, " avg300=", line->avg300);
	outbuf_text(out, " total=");
	outbuf_unsigned(out, line->total_us);
	outbuf_char(out, '\n');
}

/* The machine as a whole is never stalled fully: its CPUs have something to do. */
SYSFS_SHOW(cpu_pressure)
{
	static const struct sysfs_pressure_line none;
	struct sysfs_pressure pressure;
	environment->cpu_pressure(environment->context, node, &pressure);
	show_line(out, "some", &pressure.some);
	show_line(out, "full", node->parent ? &pressure.full : &none);
	return 0;
}

/* ---- triggers: read as Linux's sscanf("some %u %u") reads them ---- */

static bool starts_with_digit(struct text text)
{
	return text.length && text.start[0] >= '0' && text.start[0] <= '9';
}

static void skip(struct text *rest, size_t length)
{
	rest->start += length;
	rest->length -= length;
}

static bool take_word(struct text *rest, const char *word)
{
	struct text text = { rest->start, strlen(word) };
	if (rest->length < text.length || !text_equals(text, word))
		return false;
	skip(rest, text.length);
	return true;
}

/* White space may lead. What is too big wraps around. */
static bool take_number(struct text *rest, uint32_t *number)
{
	while (rest->length && text_is_space(rest->start[0]))
		skip(rest, 1);
	if (!starts_with_digit(*rest))
		return false;
	for (*number = 0; starts_with_digit(*rest); skip(rest, 1))
		*number = *number * 10 + (uint32_t)(rest->start[0] - '0');
	return true;
}

/* Whatever follows the second number is not looked at. */
static bool parse_trigger(struct text rest, struct sysfs_pressure_trigger *trigger)
{
	trigger->full = take_word(&rest, "full");
	return (trigger->full || take_word(&rest, "some")) && take_number(&rest, &trigger->threshold_us) &&
	       take_number(&rest, &trigger->window_us);
}

SYSFS_STORE(cpu_pressure)
{
	struct sysfs_pressure_trigger trigger;
	if (!parse_trigger((struct text){ text, length }, &trigger))
		return -EINVAL;
	if (!trigger.window_us || trigger.window_us > WINDOW_MAX_US)
		return -EINVAL;
	if (!trigger.threshold_us || trigger.threshold_us > trigger.window_us)
		return -EINVAL;
	trigger.often = environment->may_watch_often(environment->context);
	if (!trigger.often && trigger.window_us % SYSFS_PRESSURE_STEP_US)
		return -EINVAL;
	return environment->watch_pressure(environment->context, node, &trigger);
}
