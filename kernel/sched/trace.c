// SPDX-License-Identifier: Apache-2.0
/*
 * trace.c - see trace.h.
 *
 * Record number n of a CPU is in slot n % RING_RECORDS. While `count` is c, number c may be half written;
 * so what is whole for sure is c - RING_RECORDS + 1 to c - 1.
 */
#include <string.h>

#include "kernel/mm/slab.h"
#include "kernel/proc/task.h"
#include "kernel/riscv/csr.h"
#include "kernel/sched/trace.h"
#include "kernel/smp/cpu.h"
#include "kernel/sync/mutex.h"

enum { RING_RECORDS = 6144 /* with the count, just under 256 KiB */ };

struct trace_ring {
	uint64_t count; /* (a) records ever written; only its CPU writes */
	struct trace_record records[RING_RECORDS];
};

struct trace_cursor {
	unsigned int cpu; /* whose ring is read next */
	struct trace_place {
		uint64_t next;    /* the number of the CPU's next record */
		uint64_t time_ns; /* of its last one */
	} at[];
};

uint32_t trace_readers;
static struct mutex rings_mutex = MUTEX_INIT(rings_mutex, LOCK_RANK_STREAM);
static struct trace_ring *rings[NR_CPUS]; /* (a) made at the first open, then kept */

static int32_t tid_of(const struct task *task)
{
	return task->flags & TASK_IDLE ? 0 : task->tid;
}

void trace_write(enum trace_event event, const struct task *task, int32_t other, uint32_t value)
{
	unsigned int id = this_cpu()->id;
	struct trace_ring *ring = __atomic_load_n(&rings[id], __ATOMIC_ACQUIRE);

	if (!ring)
		return; /* not seen yet */
	uint64_t count = ring->count;
	struct trace_record *record = &ring->records[count % RING_RECORDS];

	full_barrier(); /* the count before what it says may be half written */
	*record = (struct trace_record){
		.time_ns = time_now_ns(),
		.event = (uint16_t)event,
		.cpu = (uint16_t)id,
		.tid = tid_of(task),
		.other = other,
		.value = value,
	};
	memcpy(record->name, task->name, TRACE_NAME_SIZE);
	__atomic_store_n(&ring->count, count + 1, __ATOMIC_RELEASE);
}

static enum trace_end end_of(const struct task *task)
{
	switch (task->state) {
	case TASK_RUNNING:   return TRACE_RUNNABLE;
	case TASK_THROTTLED: return TRACE_THROTTLED;
	case TASK_DEAD:      return TRACE_ENDED;
	default:             return TRACE_SLEEPS;
	}
}

void trace_write_switch(const struct task *previous, const struct task *next)
{
	trace_write(TRACE_SWITCH, next, tid_of(previous), (uint32_t)end_of(previous));
}

void trace_write_wake(const struct task *task)
{
	trace_write(TRACE_WAKE, task, tid_of(current), task->cpu->id);
}

/* ---- reading ---- */

static bool make_rings(void)
{
	bool made = true;

	mutex_lock(&rings_mutex);
	for (unsigned int id = 0; id < cpu_count && made; id++) {
		if (rings[id])
			continue;
		struct trace_ring *ring = kzalloc(sizeof(*ring));
		made = ring;
		__atomic_store_n(&rings[id], ring, __ATOMIC_RELEASE);
	}
	mutex_unlock(&rings_mutex);
	return made;
}

struct trace_cursor *trace_open(void)
{
	struct trace_cursor *cursor = kzalloc(sizeof(*cursor) + cpu_count * sizeof(cursor->at[0]));

	if (!cursor || !make_rings()) {
		kfree(cursor);
		return NULL;
	}
	for (unsigned int id = 0; id < cpu_count; id++)
		cursor->at[id] = (struct trace_place){ __atomic_load_n(&rings[id]->count, __ATOMIC_ACQUIRE),
						       time_now_ns() };
	__atomic_fetch_add(&trace_readers, 1, __ATOMIC_SEQ_CST);
	return cursor;
}

void trace_close(struct trace_cursor *cursor)
{
	__atomic_fetch_sub(&trace_readers, 1, __ATOMIC_SEQ_CST);
	kfree(cursor);
}

/* The first record that is whole for sure. */
static uint64_t oldest(const struct trace_ring *ring)
{
	uint64_t count = __atomic_load_n(&ring->count, __ATOMIC_ACQUIRE);

	return count >= RING_RECORDS ? count - RING_RECORDS + 1 : 0;
}

/* So many are missing since the last one. */
static struct trace_record lost_record(const struct trace_place *place, unsigned int id, uint64_t count)
{
	return (struct trace_record){
		.time_ns = place->time_ns,
		.event = TRACE_LOST,
		.cpu = (uint16_t)id,
		.value = (uint32_t)MIN(count, (uint64_t)UINT32_MAX),
	};
}

/* One CPU's. What was overwritten before or while it was copied is told where it is missing. */
static size_t take_from(struct trace_place *place, unsigned int id, struct trace_record *records, size_t room)
{
	const struct trace_ring *ring = rings[id];
	uint64_t begin = place->next, first = oldest(ring);
	size_t count = 0;

	if (begin < first) {
		place->next = first;
		records[0] = lost_record(place, id, first - begin);
		return 1;
	}
	uint64_t end = __atomic_load_n(&ring->count, __ATOMIC_ACQUIRE);
	for (uint64_t number = begin; number < end && count < room; number++)
		records[count++] = ring->records[number % RING_RECORDS];
	full_barrier(); /* the copies before the count */
	first = oldest(ring);
	place->next = begin + count;
	size_t spoilt = first > begin ? MIN((size_t)(first - begin), count) : 0, skipped = 0;
	if (spoilt) {
		skipped = spoilt - 1;
		records[skipped] = lost_record(place, id, spoilt);
		memmove(records, records + skipped, (count - skipped) * sizeof(*records));
	}
	if (count > spoilt)
		place->time_ns = records[count - skipped - 1].time_ns;
	return count - skipped;
}

size_t trace_take(struct trace_cursor *cursor, struct trace_record *records, size_t room)
{
	for (unsigned int looked = 0; looked < cpu_count; looked++) {
		unsigned int id = cursor->cpu;
		size_t count = take_from(&cursor->at[id], id, records, room);

		if (count)
			return count;
		cursor->cpu = id + 1 < cpu_count ? id + 1 : 0;
	}
	return 0;
}
