// SPDX-License-Identifier: Apache-2.0
/*
 * futex.c - sleeping on a word of user memory: futex(2) and the robust lists.
 *
 * A waiter queues itself in the bucket of the word's key, and only then looks at the word; a waker
 * has changed the word before it looks into the bucket. So one of the two sees the other, and no
 * user memory is touched under a bucket's lock. A waiter that was woken although it would have
 * found the word changed answers 0: it took the wake-up.
 *
 * Keys: a word of a shared mapping is its page and offset, so that processes meet in it; any
 * other word is its address in its address space. FUTEX_PRIVATE only skips the look at the mapping.
 *
 * Locks: (b) the bucket's (LOCK_RANK_FUTEX)   (i) fixed while queued
 */
#include <string.h>

#include "kernel/mm/vm.h"
#include "kernel/proc/life.h"
#include "kernel/sys/abi.h"
#include "kernel/sys/syscall.h"
#include "kernel/sys/time_arguments.h"

enum {
	FUTEX_WAIT = 0, FUTEX_WAKE = 1, FUTEX_REQUEUE = 3, FUTEX_CMP_REQUEUE = 4, FUTEX_WAKE_OP = 5,
	FUTEX_WAIT_BITSET = 9, FUTEX_WAKE_BITSET = 10,
	FUTEX_PRIVATE = 128, FUTEX_CLOCK_REALTIME = 256,
	ROBUST_LIST_MAX = 2048,
};
#define FUTEX_ANY_BIT    0xffffffffU
#define FUTEX_WAITERS    0x80000000U
#define FUTEX_OWNER_DIED 0x40000000U
#define FUTEX_TID_MASK   0x3fffffffU

struct futex_key {
	const void *object; /* an address space, or the struct page of shared memory */
	uint64_t offset;
};

struct futex_waiter {
	TAILQ_ENTRY(futex_waiter) link; /* (b) */
	struct futex_key key;           /* (b) */
	struct futex_bucket *bucket;    /* (b) where it is queued, or was last; (a) to read */
	struct task *task;              /* (i) */
	struct page *page;              /* (b) of a shared key: a reference; NULL */
	uint32_t bits;                  /* (i) */
	bool woken;                     /* (b); (a) to read */
};

enum { BUCKETS = 256 };

static struct futex_bucket {
	struct spinlock lock;
	TAILQ_HEAD(, futex_waiter) waiters; /* (b) oldest first */
} buckets[BUCKETS];

void futex_init(void)
{
	for (unsigned int i = 0; i < BUCKETS; i++) {
		spinlock_init(&buckets[i].lock, LOCK_RANK_FUTEX);
		TAILQ_INIT(&buckets[i].waiters);
	}
}

/* --- keys --- */

static struct futex_bucket *bucket_of(const struct futex_key *key)
{
	uint64_t hash = ((uint64_t)(uintptr_t)key->object ^ key->offset) * 0x9e3779b97f4a7c15ULL;

	return &buckets[hash >> 56];
}

static bool keys_equal(const struct futex_key *a, const struct futex_key *b)
{
	return a->object == b->object && a->offset == b->offset;
}

static int shared_key(uaddr_t address, struct futex_key *key, struct page **page)
{
	struct address_space *space = current->space;
	const struct vm_mapping *mapping;
	bool shared;
	int error;

	vm_lock(space);
	mapping = vm_find(space, address);
	shared = vm_covers(mapping, address) && (mapping->flags & VM_SHARED);
	vm_unlock(space);
	if (!shared)
		return 0;
	error = address_space_page(space, address, VM_READ, page);
	if (error)
		return -EFAULT;
	key->object = *page;
	key->offset = address % PAGE_SIZE;
	return 0;
}

/* The key of a word. *page: the reference that a shared key holds, NULL for others. */
static int make_key(uaddr_t address, int operation, struct futex_key *key, struct page **page)
{
	*page = NULL;
	if (address % sizeof(uint32_t))
		return -EINVAL;
	if (address >= USER_END)
		return -EFAULT;
	key->object = current->space;
	key->offset = address;
	return operation & FUTEX_PRIVATE ? 0 : shared_key(address, key, page);
}

static void drop_page(struct page *page)
{
	if (page)
		page_put(page);
}

/* --- waking --- */

/* The waiter goes away as soon as it may: nothing touches it after the bucket's lock is free. */
static void wake_locked(struct futex_bucket *bucket, struct futex_waiter *waiter)
{
	TAILQ_REMOVE(&bucket->waiters, waiter, link);
	__atomic_store_n(&waiter->woken, true, __ATOMIC_RELEASE);
	sched_wake(waiter->task);
}

static int wake_key_locked(struct futex_bucket *bucket, const struct futex_key *key, int limit,
			   uint32_t bits)
{
	struct futex_waiter *waiter, *next;
	int count = 0;

	for (waiter = TAILQ_FIRST(&bucket->waiters); waiter && count < limit; waiter = next) {
		next = TAILQ_NEXT(waiter, link);
		if (!keys_equal(&waiter->key, key) || !(waiter->bits & bits))
			continue;
		wake_locked(bucket, waiter);
		count++;
	}
	return count;
}

static int wake_key(const struct futex_key *key, int limit, uint32_t bits)
{
	struct futex_bucket *bucket = bucket_of(key);
	int count;

	/* Nobody there: the word was changed before, a waiter to come will see that. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (!__atomic_load_n(&bucket->waiters.tqh_first, __ATOMIC_RELAXED))
		return 0;
	spin_lock(&bucket->lock);
	count = wake_key_locked(bucket, key, limit, bits);
	spin_unlock(&bucket->lock);
	return count;
}

/* At least one, as Linux does for a limit of zero or less. */
static int limit_of(uint64_t argument)
{
	int limit = (int)argument;

	return limit < 1 ? 1 : limit;
}

static int64_t wake(uaddr_t address, int operation, int limit, uint32_t bits)
{
	struct futex_key key;
	struct page *page;
	int error;

	if (!bits)
		return -EINVAL;
	error = make_key(address, operation, &key, &page);
	if (error)
		return error;
	error = wake_key(&key, limit, bits);
	drop_page(page);
	return error;
}

int futex_wake_address(uaddr_t address)
{
	return (int)wake(address, FUTEX_WAKE, 1, FUTEX_ANY_BIT);
}

/* --- waiting --- */

static void enqueue(struct futex_waiter *waiter)
{
	struct futex_bucket *bucket = bucket_of(&waiter->key);

	spin_lock(&bucket->lock);
	waiter->bucket = bucket;
	TAILQ_INSERT_TAIL(&bucket->waiters, waiter, link);
	spin_unlock(&bucket->lock);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

/* Off the queue, wherever a requeue has taken it. Answers whether it had been woken. After it,
 * no waker knows of the waiter. */
static bool dequeue(struct futex_waiter *waiter)
{
	struct futex_bucket *bucket;
	bool woken;

	for (;;) {
		bucket = __atomic_load_n(&waiter->bucket, __ATOMIC_ACQUIRE);
		spin_lock(&bucket->lock);
		if (bucket == waiter->bucket)
			break;
		spin_unlock(&bucket->lock);
	}
	woken = waiter->woken;
	if (!woken)
		TAILQ_REMOVE(&bucket->waiters, waiter, link);
	spin_unlock(&bucket->lock);
	drop_page(waiter->page);
	return woken;
}

static int sleep_until_woken(struct futex_waiter *waiter, uint64_t deadline_ns)
{
	int error = 0;

	while (!error) {
		task_set_state(TASK_INTERRUPTIBLE);
		if (__atomic_load_n(&waiter->woken, __ATOMIC_ACQUIRE))
			break;
		error = sched_sleep(deadline_ns);
	}
	task_set_state(TASK_RUNNING);
	return error;
}

static int64_t wait_for_word(uaddr_t address, int operation, uint32_t expected, uint32_t bits,
			     uint64_t deadline_ns)
{
	struct futex_waiter waiter = { .task = current, .bits = bits };
	uint32_t value;
	int error;

	if (!bits)
		return -EINVAL;
	error = make_key(address, operation, &waiter.key, &waiter.page);
	if (error)
		return error;
	enqueue(&waiter);
	if (user_load_32(address, &value))
		error = -EFAULT;
	else if (value != expected)
		error = -EAGAIN;
	else
		error = sleep_until_woken(&waiter, deadline_ns);
	return dequeue(&waiter) ? 0 : error;
}

/* The deadline of FUTEX_WAIT (relative) and FUTEX_WAIT_BITSET (absolute). */
static int wait_deadline(uaddr_t timeout, int operation, uint64_t *deadline_ns)
{
	bool realtime = operation & FUTEX_CLOCK_REALTIME;
	struct abi_timespec time;
	int error;

	*deadline_ns = UINT64_MAX;
	if (!timeout)
		return 0;
	error = timespec_from_user(&time, timeout);
	if (error)
		return error;
	if ((operation & ~(FUTEX_PRIVATE | FUTEX_CLOCK_REALTIME)) == FUTEX_WAIT)
		*deadline_ns = deadline_of_relative(&time);
	else
		*deadline_ns =
			deadline_of_absolute(realtime ? CLOCK_REALTIME : CLOCK_MONOTONIC, &time);
	return 0;
}

static int64_t wait_command(const uint64_t *argument, int operation, uint32_t bits)
{
	uint64_t deadline_ns;
	int64_t answer = wait_deadline(argument[3], operation, &deadline_ns);

	if (answer)
		return answer;
	answer = wait_for_word(argument[0], operation, (uint32_t)argument[2], bits, deadline_ns);
	if (!argument[3])
		return answer;
	return (operation & ~FUTEX_PRIVATE & ~FUTEX_CLOCK_REALTIME) == FUTEX_WAIT ?
		       answer_of_relative(answer, deadline_ns) : answer_of_absolute(answer);
}

/* --- requeueing --- */

static void lock_both(struct futex_bucket *a, struct futex_bucket *b)
{
	spin_lock_pair(&a->lock, &b->lock);
}

static void move_waiter(struct futex_waiter *waiter, struct futex_bucket *from,
	struct futex_bucket *to, const struct futex_key *key, struct page *page)
{
	TAILQ_REMOVE(&from->waiters, waiter, link);
	TAILQ_INSERT_TAIL(&to->waiters, waiter, link);
	waiter->key = *key;
	drop_page(waiter->page);
	waiter->page = page;
	if (page)
		page_get(page);
	__atomic_store_n(&waiter->bucket, to, __ATOMIC_RELEASE);
}

static int requeue_keys(const struct futex_key *from, const struct futex_key *to,
	struct page *to_page, int wake_limit, int move_limit)
{
	struct futex_bucket *source = bucket_of(from), *target = bucket_of(to);
	struct futex_waiter *waiter, *next;
	int count, moved = 0;

	lock_both(source, target);
	count = wake_key_locked(source, from, wake_limit, FUTEX_ANY_BIT);
	if (!keys_equal(from, to)) {
		for (waiter = TAILQ_FIRST(&source->waiters); waiter && moved < move_limit;
			waiter = next) {
			next = TAILQ_NEXT(waiter, link);
			if (!keys_equal(&waiter->key, from))
				continue;
			move_waiter(waiter, source, target, to, to_page);
			moved++;
		}
	}
	spin_unlock_pair(&source->lock, &target->lock);
	return count + moved;
}

/* argument: word, operation, how many to wake, how many to move, where to, expected value */
static int64_t requeue(const uint64_t *argument, int operation)
{
	bool compare = (operation & ~FUTEX_PRIVATE) == FUTEX_CMP_REQUEUE;
	struct page *from_page, *to_page;
	struct futex_key from, to;
	uint32_t value;
	int answer;

	if ((int)argument[2] < 0 || (int)argument[3] < 0)
		return -EINVAL;
	answer = make_key(argument[0], operation, &from, &from_page);
	if (answer)
		return answer;
	answer = make_key(argument[4], operation, &to, &to_page);
	if (answer) {
		drop_page(from_page);
		return answer;
	}
	if (compare && user_load_32(argument[0], &value))
		answer = -EFAULT;
	else if (compare && value != (uint32_t)argument[5])
		answer = -EAGAIN;
	else
		answer = requeue_keys(&from, &to, to_page, (int)argument[2], (int)argument[3]);
	drop_page(from_page);
	drop_page(to_page);
	return answer;
}

/* --- FUTEX_WAKE_OP --- */

static int32_t sign_extend_12(uint32_t value)
{
	return (int32_t)(value << 20) >> 20;
}

static int apply_operation(uint32_t code, uint32_t old, uint32_t *result)
{
	uint32_t operand = (uint32_t)sign_extend_12(code >> 12 & 0xfff);

	if (code >> 31)
		operand = 1U << (operand & 31);
	switch (code >> 28 & 7) {
	case 0: *result = operand; return 0;
	case 1: *result = old + operand; return 0;
	case 2: *result = old | operand; return 0;
	case 3: *result = old & ~operand; return 0;
	case 4: *result = old ^ operand; return 0;
	default: return -ENOSYS;
	}
}

static int compare_operation(uint32_t code, uint32_t value)
{
	int32_t old = (int32_t)value, operand = sign_extend_12(code & 0xfff);

	switch (code >> 24 & 15) {
	case 0: return old == operand;
	case 1: return old != operand;
	case 2: return old < operand;
	case 3: return old <= operand;
	case 4: return old > operand;
	case 5: return old >= operand;
	default: return -ENOSYS;
	}
}

static int change_word(uaddr_t address, uint32_t code, uint32_t *old)
{
	uint32_t new_value;
	int error;

	do {
		if (user_load_32(address, old))
			return -EFAULT;
		error = apply_operation(code, *old, &new_value);
		if (!error)
			error = user_compare_exchange_32(address, *old, new_value);
	} while (error == -EAGAIN && !task_is_dying());
	return error;
}

/* argument: word, operation, how many there, how many at the second word, second word, code */
static int64_t wake_operation(const uint64_t *argument, int operation)
{
	uint32_t code = (uint32_t)argument[5], old;
	struct page *first_page, *second_page = NULL;
	struct futex_key first, second;
	int answer = make_key(argument[0], operation, &first, &first_page);

	if (answer)
		return answer;
	answer = make_key(argument[4], operation, &second, &second_page);
	if (!answer)
		answer = compare_operation(code, 0) < 0 ? -ENOSYS
		                                        : change_word(argument[4], code, &old);
	if (!answer) {
		answer = wake_key(&first, limit_of(argument[2]), FUTEX_ANY_BIT);
		if (compare_operation(code, old) > 0)
			answer += wake_key(&second, limit_of(argument[3]), FUTEX_ANY_BIT);
	}
	drop_page(first_page);
	drop_page(second_page);
	return answer;
}

int64_t sys_futex(const uint64_t *argument)
{
	int operation = (int)argument[1];
	int command = operation & ~(FUTEX_PRIVATE | FUTEX_CLOCK_REALTIME);

	if ((operation & FUTEX_CLOCK_REALTIME) && command != FUTEX_WAIT &&
		command != FUTEX_WAIT_BITSET)
		return -ENOSYS;
	switch (command) {
	case FUTEX_WAIT:
		return wait_command(argument, operation, FUTEX_ANY_BIT);
	case FUTEX_WAIT_BITSET:
		return wait_command(argument, operation, (uint32_t)argument[5]);
	case FUTEX_WAKE:
		return wake(argument[0], operation, limit_of(argument[2]), FUTEX_ANY_BIT);
	case FUTEX_WAKE_BITSET:
		return wake(argument[0], operation, limit_of(argument[2]), (uint32_t)argument[5]);
	case FUTEX_REQUEUE:
	case FUTEX_CMP_REQUEUE:
		return requeue(argument, operation);
	case FUTEX_WAKE_OP:
		return wake_operation(argument, operation);
	default: /* priority inheritance */
		return -ENOSYS;
	}
}

/* --- robust lists --- */

/* A word whose owner dies: marked, and one waiter told. */
static void mark_owner_died(uaddr_t address, int32_t tid, bool pending)
{
	uint32_t value;
	int error;

	if (address % sizeof(uint32_t))
		return;
	do {
		if (user_load_32(address, &value))
			return;
		if (pending && !value) { /* unlocked, but the wake-up was still to come */
			(void)futex_wake_address(address);
			return;
		}
		if ((value & FUTEX_TID_MASK) != (uint32_t)tid)
			return;
		error = user_compare_exchange_32(address, value,
						 (value & FUTEX_WAITERS) | FUTEX_OWNER_DIED);
	} while (error == -EAGAIN);
	if (!error && (value & FUTEX_WAITERS))
		(void)futex_wake_address(address);
}

void futex_exit_robust(struct task *task)
{
	struct { uint64_t next, offset, pending; } head;
	uaddr_t list = task->robust_list, entry;

	task->robust_list = 0;
	if (!list || copy_from_user(&head, list, sizeof(head)))
		return;
	entry = head.next & ~1ULL;
	for (unsigned int i = 0; i < ROBUST_LIST_MAX && entry != list; i++) {
		uint64_t next;
		int error = copy_from_user(&next, entry, sizeof(next));

		if (entry != (head.pending & ~1ULL))
			mark_owner_died(entry + head.offset, task->tid, false);
		if (error)
			return;
		entry = next & ~1ULL;
	}
	if (head.pending & ~1ULL)
		mark_owner_died((head.pending & ~1ULL) + head.offset, task->tid, true);
}

enum { ROBUST_HEAD_SIZE = 24 };

int64_t sys_set_robust_list(const uint64_t *argument)
{
	if (argument[1] != ROBUST_HEAD_SIZE)
		return -EINVAL;
	current->robust_list = argument[0];
	current->robust_list_size = ROBUST_HEAD_SIZE;
	return 0;
}

int64_t sys_get_robust_list(const uint64_t *argument)
{
	int32_t tid = (int32_t)argument[0];
	struct task *task = tid == 0 ? current : task_find(tid);
	uint64_t head, size = ROBUST_HEAD_SIZE;
	bool allowed;

	if (!task)
		return -ESRCH;
	head = task->robust_list;
	allowed = task->process == current->process || cred_has(&current->cred, CAP_SYS_PTRACE);
	if (tid != 0)
		task_put(task);
	if (!allowed)
		return -EPERM;
	if (copy_to_user(argument[1], &head, sizeof(head)) ||
	    copy_to_user(argument[2], &size, sizeof(size)))
		return -EFAULT;
	return 0;
}
