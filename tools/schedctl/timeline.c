// SPDX-License-Identifier: Apache-2.0
/*
 * timeline.c - see timeline.h.
 *
 * A slice begins with the record that switches to a task and ends with the CPU's next switch, or the
 * end of the trace; what a CPU lost is a gap. An arrow goes from a wake-up to the woken task's next slice,
 * which is found by a table from TIDs to the last wake-up.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "tools/schedctl/timeline.h"

enum { TRACK_PROCESS = 1 }; /* the "process" whose "threads" are the CPUs */

/* A wake-up that has not led to a slice yet. */
struct wake {
	int32_t tid; /* 0: free */
	uint64_t arrow;
};

/* What runs on a CPU since when; tid -1: not known. */
struct running {
	struct trace_record record;
	bool known;
};

struct timeline {
	FILE *stream;
	uint64_t start_ns;
	uint64_t arrows;     /* given out so far */
	bool is_first;       /* no event has been written yet */
	const struct trace_record **order; /* the records, by time */
	struct wake *wakes;  /* a hash table with room for one a record */
	size_t wake_mask;
	struct running *running; /* by CPU */
	unsigned int cpu_count;
};

static void print_name(FILE *stream, const char *name)
{
	fputc('"', stream);
	for (size_t i = 0; i < TRACE_NAME_SIZE && name[i]; i++) {
		unsigned char byte = (unsigned char)name[i];
		if (byte < ' ' || byte > '~' || byte == '"' || byte == '\\')
			fprintf(stream, "\\u%04x", byte);
		else
			fputc(byte, stream);
	}
	fputc('"', stream);
}

/* The head of an event, up to the point where its own fields go on. Times are in µs. */
static void begin_event(struct timeline *timeline, const char *phase, unsigned int cpu, uint64_t time_ns)
{
	uint64_t since = time_ns - timeline->start_ns;

	fprintf(timeline->stream, "%s{\"ph\":\"%s\",\"pid\":%d,\"tid\":%u,\"ts\":%" PRIu64 ".%03u",
		timeline->is_first ? "\n" : ",\n", phase, TRACK_PROCESS, cpu, since / 1000,
		(unsigned int)(since % 1000));
	timeline->is_first = false;
}

static void write_track(struct timeline *timeline, const char *kind, unsigned int cpu, const char *name,
			int number)
{
	begin_event(timeline, "M", cpu, timeline->start_ns);
	fprintf(timeline->stream, ",\"name\":\"%s\",\"args\":{\"name\":\"%s", kind, name);
	if (number >= 0)
		fprintf(timeline->stream, " %d", number);
	fputs("\"}}", timeline->stream);
}

/* ---- wake-ups and their arrows ---- */

static struct wake *find_wake(struct timeline *timeline, int32_t tid)
{
	size_t place = (size_t)tid * 2654435761U & timeline->wake_mask;

	while (timeline->wakes[place].tid && timeline->wakes[place].tid != tid)
		place = (place + 1) & timeline->wake_mask;
	return &timeline->wakes[place];
}

static void write_arrow(struct timeline *timeline, const char *phase, const struct trace_record *record,
			uint64_t arrow)
{
	begin_event(timeline, phase, record->cpu, record->time_ns);
	fprintf(timeline->stream, ",\"name\":\"wake-up\",\"cat\":\"wake\",\"id\":%" PRIu64 "%s}", arrow,
		*phase == 'f' ? ",\"bp\":\"e\"" : "");
}

/* ---- events ---- */

/* One that takes no time, on the CPU's track. */
static void write_instant(struct timeline *timeline, const struct trace_record *record, const char *what,
			  const char *other, const char *value)
{
	begin_event(timeline, "i", record->cpu, record->time_ns);
	fprintf(timeline->stream, ",\"s\":\"t\",\"name\":\"%s\",\"args\":{\"task\":", what);
	print_name(timeline->stream, record->name);
	fprintf(timeline->stream, ",\"tid\":%" PRId32, record->tid);
	if (other)
		fprintf(timeline->stream, ",\"%s\":%" PRId32, other, record->other);
	if (value)
		fprintf(timeline->stream, ",\"%s\":%" PRIu32, value, record->value);
	fputs("}}", timeline->stream);
}

static void end_slice(struct timeline *timeline, unsigned int cpu, uint64_t end_ns, const char *why)
{
	struct running *running = &timeline->running[cpu];
	uint64_t duration = end_ns - running->record.time_ns;

	if (!running->known || running->record.tid == 0)
		return;
	begin_event(timeline, "X", cpu, running->record.time_ns);
	fprintf(timeline->stream, ",\"dur\":%" PRIu64 ".%03u,\"name\":", duration / 1000,
		(unsigned int)(duration % 1000));
	print_name(timeline->stream, running->record.name);
	fprintf(timeline->stream, ",\"args\":{\"tid\":%" PRId32 ",\"end\":\"%s\"}}", running->record.tid, why);
}

static void write_switch(struct timeline *timeline, const struct trace_record *record)
{
	static const char *const ends[] = { "runnable", "sleeps", "throttled", "ended" };
	struct running *running = &timeline->running[record->cpu];

	end_slice(timeline, record->cpu, record->time_ns,
		  record->value < sizeof(ends) / sizeof(ends[0]) ? ends[record->value] : "?");
	*running = (struct running){ .record = *record, .known = true };
	struct wake *wake = record->tid ? find_wake(timeline, record->tid) : NULL;
	if (wake && wake->arrow) {
		write_arrow(timeline, "f", record, wake->arrow);
		wake->arrow = 0;
	}
}

static void write_wake(struct timeline *timeline, const struct trace_record *record)
{
	write_instant(timeline, record, "wake-up", "by", "last_cpu");
	if (record->tid <= 0)
		return;
	struct wake *wake = find_wake(timeline, record->tid);
	*wake = (struct wake){ .tid = record->tid, .arrow = ++timeline->arrows };
	write_arrow(timeline, "s", record, wake->arrow);
}

static void write_record(struct timeline *timeline, const struct trace_record *record)
{
	switch ((enum trace_event)record->event) {
	case TRACE_LOST:
		write_instant(timeline, record, "records lost", NULL, "count");
		end_slice(timeline, record->cpu, record->time_ns, "?");
		timeline->running[record->cpu].known = false;
		return;
	case TRACE_SWITCH:
		write_switch(timeline, record);
		return;
	case TRACE_WAKE:
		write_wake(timeline, record);
		return;
	case TRACE_MIGRATE:
		write_instant(timeline, record, "migration", "from", "to");
		return;
	case TRACE_MASK:
		write_instant(timeline, record, "mask", "first", "cpus");
		return;
	case TRACE_THROTTLE:
		write_instant(timeline, record, "throttled", NULL, NULL);
		return;
	case TRACE_RELEASE:
		write_instant(timeline, record, "released", NULL, NULL);
		return;
	case TRACE_CPU:
		write_instant(timeline, record, record->value ? "CPU online" : "CPU offline", "cpu", NULL);
		return;
	default: /* of a newer kernel */
		return;
	}
}

/* What one CPU wrote at one time keeps its order, which qsort() alone does not promise. */
static int by_time(const void *one, const void *other)
{
	const struct trace_record *a = *(const struct trace_record *const *)one;
	const struct trace_record *b = *(const struct trace_record *const *)other;

	if (a->time_ns != b->time_ns)
		return a->time_ns < b->time_ns ? -1 : 1;
	if (a->cpu != b->cpu)
		return a->cpu < b->cpu ? -1 : 1;
	return (a > b) - (a < b);
}

static bool allocate(struct timeline *timeline, const struct trace_record *records, size_t count)
{
	size_t room = 16;

	while (room < 2 * count)
		room *= 2;
	for (size_t i = 0; i < count; i++)
		if (records[i].cpu >= timeline->cpu_count)
			timeline->cpu_count = records[i].cpu + 1U;
	timeline->wake_mask = room - 1;
	timeline->wakes = calloc(room, sizeof(*timeline->wakes));
	timeline->running = calloc(timeline->cpu_count + 1U, sizeof(*timeline->running));
	timeline->order = calloc(count + 1, sizeof(*timeline->order));
	return timeline->wakes && timeline->running && timeline->order;
}

bool timeline_write(FILE *stream, const struct trace_record *records, size_t count)
{
	struct timeline timeline = { .stream = stream, .is_first = true };
	bool done = allocate(&timeline, records, count);

	if (done) {
		for (size_t i = 0; i < count; i++)
			timeline.order[i] = &records[i];
		qsort(timeline.order, count, sizeof(*timeline.order), by_time);
		timeline.start_ns = count ? timeline.order[0]->time_ns : 0;
		fputs("{\"displayTimeUnit\":\"ns\",\"traceEvents\":[", stream);
		write_track(&timeline, "process_name", 0, "CPUs", -1);
		for (unsigned int cpu = 0; cpu < timeline.cpu_count; cpu++)
			write_track(&timeline, "thread_name", cpu, "CPU", (int)cpu);
		for (size_t i = 0; i < count; i++)
			write_record(&timeline, timeline.order[i]);
		for (unsigned int cpu = 0; cpu < timeline.cpu_count && count; cpu++)
			end_slice(&timeline, cpu, timeline.order[count - 1]->time_ns, "?");
		fputs("\n]}\n", stream);
	}
	free(timeline.wakes);
	free(timeline.running);
	free(timeline.order);
	return done;
}
