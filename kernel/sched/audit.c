// SPDX-License-Identifier: Apache-2.0
/*
 * audit.c - the ring of changes that were asked for.
 *
 * A full ring keeps what it has: who floods it cannot push out what came before, and how many were
 * lost is told before the next line.
 *
 * Locks: (a) audit_lock, a spinlock of rank DEVICE, held for the copy of one record
 */
#include "kernel/sched/audit.h"

#include <stdio.h>
#include <string.h>

#include "cgroups/cpulist.h"
#include "kernel/kernel.h"
#include "kernel/proc/task.h"
#include "kernel/smp/timer.h"
#include "kernel/sync/spinlock.h"
#include "kernel/sync/waitqueue.h"
#include "sysfs/textparse.h"

enum { PATH_BYTES = 96, VALUE_BYTES = 48 };

struct record {
	uint64_t time_ns;
	const char *what;
	int32_t pid, target, result;
	uint32_t uid;
	uint8_t kind;
	char path[PATH_BYTES];   /* the end of it when it is longer; "" none */
	char value[VALUE_BYTES];
};

static struct record records[AUDIT_RECORD_MAX]; /* (a) */
static uint64_t written, taken;                 /* (a) */
static uint64_t lost;                           /* (a) since it was told */
static struct spinlock audit_lock = SPINLOCK_INIT(LOCK_RANK_DEVICE);
static struct waitqueue queue = WAITQUEUE_INIT(queue);

struct waitqueue *audit_queue(void)
{
	return &queue;
}

bool audit_is_empty(void)
{
	return __atomic_load_n(&written, __ATOMIC_RELAXED) == __atomic_load_n(&taken, __ATOMIC_RELAXED);
}

/* What would break a line, or the quotes around a text, becomes a question mark. */
static char printable(char character)
{
	return character >= ' ' && character < 127 && character != '"' ? character : '?';
}

/* From the node upwards, written from the end of the buffer. */
static void put_path(char *path, const struct cg_node *node)
{
	size_t at = PATH_BYTES - 1;

	path[at] = '\0';
	if (!node->parent)
		path[--at] = '/';
	for (; node->parent; node = node->parent) {
		if (at < (size_t)node->name_length + 2)
			break;
		at -= node->name_length;
		memcpy(path + at, node->name, node->name_length);
		path[--at] = '/';
	}
	memmove(path, path + at, PATH_BYTES - at);
	for (; *path; path++)
		*path = printable(*path);
}

static void put_value(char *to, const char *value, size_t length)
{
	while (length && (value[length - 1] == '\n' || value[length - 1] == ' '))
		length--;
	length = MIN(length, (size_t)VALUE_BYTES - 1);
	for (size_t i = 0; i < length; i++)
		to[i] = printable(value[i]);
	to[length] = '\0';
}

/* Whether there is no room for one more, which is counted then: nothing is put together in vain. */
static bool is_lost(void)
{
	spin_lock(&audit_lock);
	bool full = written - taken == AUDIT_RECORD_MAX;
	lost += full;
	spin_unlock(&audit_lock);
	return full;
}

/* There was room a moment ago. */
static void put_record(enum audit_kind kind, const char *what, int32_t target, const struct cg_node *node,
		       const char *value, size_t length, int result)
{
	struct record record;

	record.time_ns = time_now_ns();
	record.what = what;
	record.pid = current->process ? current->process->pid : 0;
	record.target = target;
	record.result = result;
	record.uid = current->cred.uid;
	record.kind = (uint8_t)kind;
	record.path[0] = '\0';
	if (node)
		put_path(record.path, node);
	put_value(record.value, value, length);
	spin_lock(&audit_lock);
	if (written - taken == AUDIT_RECORD_MAX) {
		lost++;
	} else {
		records[written % AUDIT_RECORD_MAX] = record;
		__atomic_store_n(&written, written + 1, __ATOMIC_RELAXED);
	}
	spin_unlock(&audit_lock);
	waitqueue_wake_all(&queue);
}

void audit(enum audit_kind kind, const char *what, int32_t target, const struct cg_node *node,
	   const char *value, size_t length, int result)
{
	if (!is_lost())
		put_record(kind, what, target, node, value, length, result);
}

void audit_mask(const char *what, int32_t target, const struct cpumask *mask, int result)
{
	char list[VALUE_BYTES];

	if (is_lost())
		return;
	size_t length = cpulist_format(mask, list, sizeof(list));

	put_record(AUDIT_AFFINITY, what, target, NULL, list, MIN(length, sizeof(list)), result);
}

void audit_number(enum audit_kind kind, const char *what, int32_t target, int64_t number, int result)
{
	char text[24];
	int length = snprintf(text, sizeof(text), "%ld", (long)number);

	audit(kind, what, target, NULL, text, (size_t)length, result);
}

/* Whom a write to cgroup.procs or cgroup.threads moves: 0 is the writer. */
static int32_t moved_task(const char *value, size_t length)
{
	int32_t tid;

	if (text_to_int(text_trim((struct text){ value, length }), &tid))
		return 0;
	return tid ? tid : current->tid;
}

static bool starts_with(const char *text, const char *start)
{
	while (*start && *text == *start) {
		text++;
		start++;
	}
	return !*start;
}

void audit_store(const char *file, const struct cg_node *node, const char *value, size_t length,
		 int result)
{
	static const struct {
		const char *start;
		enum audit_kind kind;
	} kinds[] = {
		{ "cpuset.", AUDIT_AFFINITY },  { "sched.cpu_class", AUDIT_AFFINITY },
		{ "cpu.", AUDIT_SHARES },       { "sched.", AUDIT_CLASS },
		{ "cgroup.procs", AUDIT_MEMBERSHIP }, { "cgroup.threads", AUDIT_MEMBERSHIP },
	};

	if (!strcmp(file, "cpu.pressure"))
		return; /* a trigger changes nobody's lot */
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (starts_with(file, kinds[i].start)) {
			audit(kinds[i].kind, file,
			      kinds[i].kind == AUDIT_MEMBERSHIP ? moved_task(value, length) : 0, node,
			      value, length, result);
			return;
		}
}

/* ---- the reader ---- */

static size_t print(char *line, const struct record *record)
{
	static const char *const kinds[AUDIT_KIND_COUNT] = { "affinity", "shares", "class", "membership" };
	int length = snprintf(line, AUDIT_LINE_MAX,
		"%lu.%06lu %s %s pid=%d uid=%u target=%d group=\"%s\" value=\"%s\" result=%d\n",
		(unsigned long)(record->time_ns / NSEC_PER_SEC),
		(unsigned long)(record->time_ns % NSEC_PER_SEC / 1000), kinds[record->kind], record->what,
		record->pid, record->uid, record->target, record->path, record->value, record->result);

	return (size_t)length;
}

size_t audit_next(char *line)
{
	struct record record;
	uint64_t gone;
	bool found;

	spin_lock(&audit_lock);
	gone = lost;
	lost = 0;
	found = !gone && written != taken;
	if (found) {
		record = records[taken % AUDIT_RECORD_MAX];
		__atomic_store_n(&taken, taken + 1, __ATOMIC_RELAXED);
	}
	spin_unlock(&audit_lock);
	if (gone)
		return (size_t)snprintf(line, AUDIT_LINE_MAX, "lost %lu\n", (unsigned long)gone);
	return found ? print(line, &record) : 0;
}
