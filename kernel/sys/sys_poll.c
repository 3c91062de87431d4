// SPDX-License-Identifier: Apache-2.0
/*
 * sys_poll.c - waiting for files: ppoll and pselect6.
 *
 * A poll looks at every file once, queueing as it goes, and after that only looks again when
 * something woke it. What it waits for is counted as long as it waits, so closing a descriptor
 * meanwhile is harmless.
 */
#include "kernel/fs/file.h"
#include "kernel/fs/poll.h"
#include "kernel/mm/page.h"
#include "kernel/mm/address_space.h"
#include "kernel/mm/slab.h"
#include "kernel/proc/task.h"
#include "kernel/smp/timer.h"
#include "kernel/sys/syscall.h"
#include "kernel/sys/time_arguments.h"

enum { POLL_INLINE = 8, SELECT_MAX = 1024, ALWAYS = POLLERR | POLLHUP };

struct polled {
	struct file *file; /* with a reference; NULL: not a descriptor */
	int32_t fd;
	uint16_t events, answered;
};

/* The files that one call waits for. */
struct poll_set {
	struct polled *files;
	unsigned int count;
	struct polled inline_files[POLL_INLINE];
};

static int set_create(struct poll_set *set, uint64_t count)
{
	set->files = set->inline_files;
	set->count = 0;
	if (count > POLL_INLINE)
		set->files = kmalloc(count * sizeof(struct polled));
	return set->files ? 0 : -ENOMEM;
}

static void set_add(struct poll_set *set, int32_t fd, uint16_t events)
{
	set->files[set->count++] = (struct polled){
		.file = fd >= 0 ? fd_file(fd) : NULL, .fd = fd, .events = events,
	};
}

static void set_release(struct poll_set *set)
{
	for (unsigned int i = 0; i < set->count; i++)
		if (set->files[i].file)
			file_put(set->files[i].file);
	if (set->files != set->inline_files)
		kfree(set->files);
}

/* Looks at every file; answers how many have something to say. */
static int64_t look(struct poll_set *set, struct poll_table *table)
{
	int64_t ready = 0;

	for (unsigned int i = 0; i < set->count; i++) {
		struct polled *polled = &set->files[i];

		polled->answered = 0;
		if (polled->fd < 0)
			continue;
		polled->answered = POLLNVAL;
		if (polled->file)
			polled->answered = (uint16_t)(file_poll(polled->file, table) &
						      (polled->events | ALWAYS | POLLNVAL));
		if (polled->answered)
			ready++;
	}
	return ready;
}

/* How many are ready; 0 past the deadline; -ERESTARTSYS, -ENOMEM. */
static int64_t wait_for_any(struct poll_set *set, uint64_t deadline_ns)
{
	struct poll_table table;
	int64_t answer;

	poll_begin(&table);
	answer = look(set, &table);
	table.last = NULL; /* everything is queued: from now on only look */
	if (answer == 0)
		answer = table.error;
	while (answer == 0) {
		task_set_state(TASK_INTERRUPTIBLE);
		answer = look(set, &table);
		if (answer)
			break;
		answer = sched_sleep(deadline_ns);
		if (answer) {
			/* What became ready at the last moment counts more. */
			int64_t ready = look(set, &table);

			answer = ready ? ready : answer == -ETIMEDOUT ? 0 : answer;
			break;
		}
	}
	task_set_state(TASK_RUNNING);
	poll_end(&table);
	return answer;
}

/* A relative time at `address` (0: none) as a deadline. */
static int deadline_from_user(uaddr_t address, uint64_t *deadline_ns)
{
	struct abi_timespec time;
	int error;

	*deadline_ns = UINT64_MAX;
	if (!address)
		return 0;
	error = timespec_from_user(&time, address);
	if (!error)
		*deadline_ns = deadline_of_relative(&time);
	return error;
}

/* Linux tells how much of the time was left, and a restarted call goes on with that. */
static void give_back_time(uaddr_t address, uint64_t deadline_ns)
{
	uint64_t now = time_now_ns();

	if (address)
		(void)timespec_to_user(address, deadline_ns > now ? deadline_ns - now : 0);
}

struct poll_mask {
	bool replaced;
};

static int mask_begin(uaddr_t address, uint64_t size, struct poll_mask *mask)
{
	uint64_t set;

	mask->replaced = false;
	if (!address)
		return 0;
	if (size != SIGNAL_SET_SIZE)
		return -EINVAL;
	if (copy_from_user(&set, address, sizeof(set)) != 0)
		return -EFAULT;
	signal_mask_replace(set);
	mask->replaced = true;
	return 0;
}

static void mask_end(const struct poll_mask *mask, int64_t answer)
{
	if (!mask->replaced)
		return;
	if (answer == -ERESTARTSYS)
		signal_mask_restore_after_delivery();
	else
		signal_mask_restore();
}

/* ---- ppoll ---- */

static int copy_in(struct poll_set *set, uaddr_t from, uint64_t count)
{
	for (uint64_t i = 0; i < count; i++) {
		struct abi_pollfd entry;

		if (copy_from_user(&entry, from + i * sizeof(entry), sizeof(entry)) != 0)
			return -EFAULT;
		set_add(set, entry.fd, (uint16_t)entry.events);
	}
	return 0;
}

static int copy_out(const struct poll_set *set, uaddr_t to)
{
	for (unsigned int i = 0; i < set->count; i++) {
		int16_t answered = (int16_t)set->files[i].answered;

		if (copy_to_user(to + i * sizeof(struct abi_pollfd) +
					 offsetof(struct abi_pollfd, answered),
			    &answered, sizeof(answered)) != 0)
			return -EFAULT;
	}
	return 0;
}

int64_t sys_ppoll(const uint64_t *argument)
{
	uint64_t count = (uint32_t)argument[1], deadline_ns;
	struct poll_mask mask;
	struct poll_set set;
	int64_t answer = deadline_from_user(argument[2], &deadline_ns);

	if (answer)
		return answer;
	if (count > current->process->limits[RLIMIT_NOFILE].soft || count > 65536)
		return -EINVAL;
	answer = mask_begin(argument[3], argument[4], &mask);
	if (answer)
		return answer;
	answer = set_create(&set, count);
	if (!answer) {
		answer = copy_in(&set, argument[0], count);
		if (!answer)
			answer = wait_for_any(&set, deadline_ns);
		if (answer >= 0 && copy_out(&set, argument[0]) != 0)
			answer = -EFAULT;
		set_release(&set);
	}
	mask_end(&mask, answer);
	give_back_time(argument[2], deadline_ns);
	return argument[2] ? answer_of_relative(answer, deadline_ns) : answer_of_absolute(answer);
}

/* ---- pselect6 ---- */

enum { READABLE, WRITABLE, EXCEPTIONAL, SET_COUNT };

struct select_sets {
	uint64_t bits[SET_COUNT][SELECT_MAX / 64];
};

/* What each set asks for, and what counts as an answer to it. */
static const uint16_t asked[SET_COUNT] = {
	POLLIN | POLLRDNORM | POLLHUP | POLLERR, POLLOUT | POLLWRNORM | POLLERR, POLLPRI,
};

static size_t set_bytes(uint64_t count)
{
	return ALIGN_UP(count, 64UL) / 8;
}

static int select_copy_in(struct select_sets *sets, const uint64_t *argument, uint64_t count)
{
	memset(sets, 0, sizeof(*sets));
	for (unsigned int kind = 0; kind < SET_COUNT; kind++)
		if (argument[1 + kind] &&
		    copy_from_user(sets->bits[kind], argument[1 + kind], set_bytes(count)) != 0)
			return -EFAULT;
	return 0;
}

static int select_files(struct poll_set *set, const struct select_sets *sets, uint64_t count)
{
	for (uint32_t fd = 0; fd < count; fd++) {
		uint16_t events = 0;

		for (unsigned int kind = 0; kind < SET_COUNT; kind++)
			if (sets->bits[kind][fd / 64] >> fd % 64 & 1)
				events |= asked[kind];
		if (!events)
			continue;
		set_add(set, (int32_t)fd, events);
		if (!set->files[set->count - 1].file)
			return -EBADF;
	}
	return 0;
}

/* The sets as they are answered, and how many bits they have. */
static int64_t select_answer(const struct poll_set *set, struct select_sets *sets)
{
	int64_t ready = 0;

	for (unsigned int i = 0; i < set->count; i++) {
		const struct polled *polled = &set->files[i];
		uint32_t fd = (uint32_t)polled->fd;

		for (unsigned int kind = 0; kind < SET_COUNT; kind++) {
			uint64_t bit = 1UL << fd % 64, *word = &sets->bits[kind][fd / 64];

			if (!(*word & bit))
				continue;
			if (polled->answered & asked[kind])
				ready++;
			else
				*word &= ~bit;
		}
	}
	return ready;
}

static int64_t select_run(const uint64_t *argument, uint64_t count, struct select_sets *sets,
			  uint64_t deadline_ns)
{
	struct poll_set set;
	int64_t answer = set_create(&set, count);

	if (answer)
		return answer;
	answer = select_files(&set, sets, count);
	if (!answer)
		answer = wait_for_any(&set, deadline_ns);
	if (answer >= 0) {
		answer = select_answer(&set, sets);
		for (unsigned int kind = 0; kind < SET_COUNT; kind++)
			if (argument[1 + kind] && copy_to_user(argument[1 + kind], sets->bits[kind],
							       set_bytes(count)) != 0)
				answer = -EFAULT;
	}
	set_release(&set);
	return answer;
}

int64_t sys_pselect6(const uint64_t *argument)
{
	uint64_t count = argument[0], deadline_ns;
	uint64_t mask_argument[2] = { 0, 0 };
	struct select_sets *sets;
	struct poll_mask mask;
	int64_t answer = deadline_from_user(argument[4], &deadline_ns);

	if (answer)
		return answer;
	if ((int64_t)(int)count < 0)
		return -EINVAL;
	count = MIN(count, (uint64_t)SELECT_MAX);
	if (argument[5] && copy_from_user(mask_argument, argument[5], sizeof(mask_argument)) != 0)
		return -EFAULT;
	sets = kmalloc(sizeof(*sets));
	if (!sets)
		return -ENOMEM;
	answer = select_copy_in(sets, argument, count);
	if (!answer)
		answer = mask_begin(mask_argument[0], mask_argument[1], &mask);
	if (!answer) {
		answer = select_run(argument, count, sets, deadline_ns);
		mask_end(&mask, answer);
		give_back_time(argument[4], deadline_ns);
	}
	kfree(sets);
	return argument[4] ? answer_of_relative(answer, deadline_ns) : answer_of_absolute(answer);
}
