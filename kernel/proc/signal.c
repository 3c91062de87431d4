// SPDX-License-Identifier: Apache-2.0
/*
 * signal.c - sending: what is queued, what is dropped, who is woken.
 *
 * A signal waits in the thread's own queue or in its process's. It is dropped at once when it is
 * ignored and nobody blocks it. WORK_SIGNAL in task->work says that a thread has something to do
 * in signal_deliver(); it is set and cleared under the signal lock, so it is never lost.
 *
 * Process 1 is sent nothing that it has no handler for, SIGKILL and SIGSTOP included.
 */
#include <string.h>

#include "kernel/mm/slab.h"
#include "kernel/proc/family.h"
#include "kernel/sys/abi.h"

#define BITS_FAULT \
	(SIGNAL_BIT(KSIGILL) | SIGNAL_BIT(KSIGTRAP) | SIGNAL_BIT(KSIGBUS) | SIGNAL_BIT(KSIGFPE) | \
	 SIGNAL_BIT(KSIGSEGV) | SIGNAL_BIT(KSIGSYS))

static struct slab_cache *pending_cache;

void signal_init(void)
{
	pending_cache = slab_cache_create("signal", sizeof(struct pending_signal), 8);
	kassert(pending_cache);
}

/* --- queues --- */

void signal_queue_init(struct signal_queue *queue)
{
	queue->pending = 0;
	queue->count = 0;
	TAILQ_INIT(&queue->list);
}

static void queue_remove(struct signal_queue *queue, struct pending_signal *entry)
{
	TAILQ_REMOVE(&queue->list, entry, link);
	queue->count--;
	slab_free(pending_cache, entry);
}

static void queue_discard(struct signal_queue *queue, uint64_t set)
{
	struct pending_signal *entry, *next;

	if (!(queue->pending & set))
		return;
	queue->pending &= ~set;
	for (entry = TAILQ_FIRST(&queue->list); entry; entry = next) {
		next = TAILQ_NEXT(entry, link);
		if (set & SIGNAL_BIT(entry->info.number))
			queue_remove(queue, entry);
	}
}

void signal_queue_clear(struct signal_queue *queue)
{
	queue_discard(queue, UINT64_MAX);
}

static int queue_add(struct signal_queue *queue, int number, const struct signal_info *info)
{
	struct pending_signal *entry = NULL;

	if (number < SIGNAL_REAL_TIME && (queue->pending & SIGNAL_BIT(number)))
		return 0;
	if (queue->count < SIGNAL_QUEUE_MAX)
		entry = slab_alloc(pending_cache, PAGE_ANY);
	if (!entry && number >= SIGNAL_REAL_TIME && info && info->code < 0)
		return -EAGAIN;
	queue->pending |= SIGNAL_BIT(number);
	if (!entry)
		return 0;
	if (info)
		entry->info = *info;
	else
		entry->info = (struct signal_info){ .code = SI_KERNEL };
	entry->info.number = number;
	TAILQ_INSERT_TAIL(&queue->list, entry, link);
	queue->count++;
	return 0;
}

static void queue_take(struct signal_queue *queue, int number, struct signal_info *info)
{
	struct pending_signal *entry, *first = NULL;
	bool more = false;

	TAILQ_FOREACH(entry, &queue->list, link) {
		if (entry->info.number != number)
			continue;
		if (first) {
			more = true;
			break;
		}
		first = entry;
	}
	if (first) {
		*info = first->info;
		queue_remove(queue, first);
	} else {
		*info = (struct signal_info){ .number = number, .code = SI_USER };
	}
	if (!more)
		queue->pending &= ~SIGNAL_BIT(number);
}

/* --- what a task has to do --- */

static bool must_end(const struct process *process, const struct task *task)
{
	const struct task *kept = __atomic_load_n(&process->exec_task, __ATOMIC_RELAXED);

	return __atomic_load_n(&process->group_exiting, __ATOMIC_RELAXED) || (kept && kept != task);
}

bool task_is_dying(void)
{
	return current->process && must_end(current->process, current);
}

/* Sets or clears WORK_SIGNAL of the current task. */
static void refresh_work(struct task *task)
{
	struct process *process = task->process;
	uint64_t pending = task->signals.queue.pending | process->signals.queue.pending;

	if ((pending & ~task->signals.blocked) || must_end(process, task) || process->stopping ||
	    process->news || task->freeze)
		__atomic_fetch_or(&task->work, WORK_SIGNAL, __ATOMIC_RELAXED);
	else
		__atomic_fetch_and(&task->work, ~(uint32_t)WORK_SIGNAL, __ATOMIC_RELAXED);
}

static void poke(struct task *task, unsigned int states)
{
	__atomic_fetch_or(&task->work, WORK_SIGNAL, __ATOMIC_SEQ_CST);
	if (task != current)
		sched_kick(task);
	sched_wake_states(task, states | 1U << TASK_THROTTLED);
}

/* One thread that may take the signal looks at it; nobody: it waits until someone unblocks it. */
static void poke_one(struct process *process, int number)
{
	struct task *task;

	TAILQ_FOREACH(task, &process->threads, thread_link)
		if (task->signals.waited & SIGNAL_BIT(number)) {
			sched_wake_states(task, 1 << TASK_INTERRUPTIBLE);
			return;
		}
	TAILQ_FOREACH(task, &process->threads, thread_link)
		if (!(task->signals.blocked & SIGNAL_BIT(number)) &&
			!(task->flags & TASK_EXITING)) {
			poke(task, 1 << TASK_INTERRUPTIBLE);
			return;
		}
}

void signal_hand_over_locked(struct process *process, struct task *task)
{
	uint64_t pending = process->signals.queue.pending & ~task->signals.blocked;

	for (; pending; pending &= pending - 1)
		poke_one(process, __builtin_ctzll(pending) + 1);
}

/* Out of every sleep that can be cut short. */
static void poke_out(struct task *task)
{
	poke(task, 1 << TASK_INTERRUPTIBLE | 1 << TASK_STOPPED);
	if (__atomic_load_n(&task->killable, __ATOMIC_SEQ_CST))
		sched_wake(task);
}

void process_end_threads_locked(struct process *process, int status)
{
	struct task *task;

	if (process->group_exiting)
		return;
	process->group_exit_status = status;
	__atomic_store_n(&process->group_exiting, true, __ATOMIC_SEQ_CST);
	TAILQ_FOREACH(task, &process->threads, thread_link)
		poke_out(task);
}

int process_keep_current(struct process *process)
{
	struct task *task;
	int error = 0;

	spin_lock(&process->signals.lock);
	if (task_is_dying()) {
		error = -EAGAIN;
	} else if (process->thread_count > 1) {
		__atomic_store_n(&process->exec_task, current, __ATOMIC_SEQ_CST);
		TAILQ_FOREACH(task, &process->threads, thread_link)
			if (task != current)
				poke_out(task);
	}
	spin_unlock(&process->signals.lock);
	return error;
}

void process_end_threads(struct process *process, int status)
{
	spin_lock(&process->signals.lock);
	process_end_threads_locked(process, status);
	spin_unlock(&process->signals.lock);
}

void process_kill(struct process *process)
{
	if (process != init_process)
		process_end_threads(process, KSIGKILL);
}

void signal_freeze(struct task *task)
{
	spin_lock(&task->process->signals.lock);
	__atomic_store_n(&task->freeze, true, __ATOMIC_SEQ_CST);
	poke_out(task);
	spin_unlock(&task->process->signals.lock);
}

void signal_thaw(struct task *task)
{
	spin_lock(&task->process->signals.lock);
	__atomic_store_n(&task->freeze, false, __ATOMIC_SEQ_CST);
	sched_wake_states(task, 1 << TASK_INTERRUPTIBLE);
	spin_unlock(&task->process->signals.lock);
}

/* --- sending --- */

static bool is_ignored(const struct process *process, int number)
{
	uint64_t handler = process->signals.actions[number - 1].handler;

	return handler == SIGNAL_IGNORE ||
	       (handler == SIGNAL_DEFAULT && (SIGNALS_IGNORED & SIGNAL_BIT(number)));
}

/* Whether a blocked or awaited signal must be kept though it is ignored. */
static bool is_held_back(const struct process *process, const struct task *task, int number)
{
	const struct task *thread;

	if (task)
		return (task->signals.blocked | task->signals.waited) & SIGNAL_BIT(number);
	TAILQ_FOREACH(thread, &process->threads, thread_link)
		if ((thread->signals.blocked | thread->signals.waited) & SIGNAL_BIT(number))
			return true;
	return false;
}

void signal_discard_locked(struct process *process, uint64_t set)
{
	struct task *task;

	queue_discard(&process->signals.queue, set);
	TAILQ_FOREACH(task, &process->threads, thread_link)
		queue_discard(&task->signals.queue, set);
}

/* SIGCONT continues whether it is blocked, ignored or handled. */
static void resume(struct process *process)
{
	struct task *task;

	signal_discard_locked(process, SIGNALS_STOP);
	if (!process->stopping)
		return;
	if (process->stopped_count == process->thread_count) {
		process->continued = true;
		process->news = true;
	}
	process->stopped = false;
	process->stopped_count = 0;
	__atomic_store_n(&process->stopping, false, __ATOMIC_RELAXED);
	__atomic_fetch_add(&process->stop_generation, 1, __ATOMIC_SEQ_CST);
	TAILQ_FOREACH(task, &process->threads, thread_link)
		poke(task, 1 << TASK_STOPPED);
}

static bool is_for_nobody(const struct process *process, const struct task *task, int number)
{
	if (process->group_exiting || process->thread_count == 0)
		return true;
	if (process == init_process &&
	    process->signals.actions[number - 1].handler == SIGNAL_DEFAULT)
		return true;
	return is_ignored(process, number) && !is_held_back(process, task, number);
}

static int send_locked(struct process *process, struct task *task, int number,
		       const struct signal_info *info)
{
	int error;

	if (number == KSIGCONT)
		resume(process);
	if (is_for_nobody(process, task, number))
		return 0;
	if (number == KSIGKILL) {
		process_end_threads_locked(process, KSIGKILL);
		return 0;
	}
	if (SIGNALS_STOP & SIGNAL_BIT(number))
		signal_discard_locked(process, SIGNAL_BIT(KSIGCONT));
	error = queue_add(task ? &task->signals.queue : &process->signals.queue, number, info);
	if (error)
		return error;
	if (!task)
		poke_one(process, number);
	else if (task->signals.waited & SIGNAL_BIT(number))
		sched_wake_states(task, 1 << TASK_INTERRUPTIBLE);
	else if (!(task->signals.blocked & SIGNAL_BIT(number)))
		poke(task, 1 << TASK_INTERRUPTIBLE);
	return 0;
}

int signal_post(
	struct process *process, struct task *task, int number, const struct signal_info *info)
{
	int error;

	kassert(number >= 1 && number <= SIGNAL_COUNT);
	spin_lock(&process->signals.lock);
	error = send_locked(process, task, number, info);
	spin_unlock(&process->signals.lock);
	return error;
}

int signal_post_shared(struct process *process, int number, const struct signal_info *info)
{
	uint64_t bit = SIGNAL_BIT(number), opposite = 0;
	struct task *thread;
	int error;

	if (number == KSIGCONT)
		opposite = SIGNALS_STOP;
	else if (bit & SIGNALS_STOP)
		opposite = SIGNAL_BIT(KSIGCONT);
	spin_lock(&process->signals.lock);
	error = send_locked(process, NULL, number, info);
	TAILQ_FOREACH(thread, &process->threads, thread_link)
		thread->signals.for_child = (thread->signals.for_child & ~opposite) | bit;
	spin_unlock(&process->signals.lock);
	return error;
}

void signal_send_task(struct task *task, int number, const struct signal_info *info)
{
	if (task->process)
		(void)signal_post(task->process, task, number, info);
}

void signal_send_process(struct process *process, int number, const struct signal_info *info)
{
	(void)signal_post(process, NULL, number, info);
}

unsigned int signal_send_group_locked(int32_t group, int number, const struct signal_info *info)
{
	struct process *process = NULL;
	unsigned int count = 0;

	while ((process = group_next_locked(group, process))) {
		(void)signal_post_shared(process, number, info);
		count++;
	}
	return count;
}

unsigned int signal_send_group(int32_t group, int number, const struct signal_info *info)
{
	unsigned int count;

	spin_lock(&family_lock);
	count = signal_send_group_locked(group, number, info);
	spin_unlock(&family_lock);
	return count;
}

void signal_force(int number, int code, uaddr_t address)
{
	struct process *process = current->process;
	struct signal_info info = { .number = number, .code = code ? code : SI_KERNEL,
				    .value = address };
	struct signal_action *action = &process->signals.actions[number - 1];

	spin_lock(&process->signals.lock);
	if (action->handler == SIGNAL_IGNORE || (current->signals.blocked & SIGNAL_BIT(number))) {
		action->handler = SIGNAL_DEFAULT;
		current->signals.blocked &= ~SIGNAL_BIT(number);
	}
	(void)queue_add(&current->signals.queue, number, &info);
	refresh_work(current);
	spin_unlock(&process->signals.lock);
}

void process_report(struct process *process, int code, int status)
{
	struct signal_info info = { .number = KSIGCHLD, .code = code, .status = status };
	struct process *parent;

	spin_lock(&family_lock);
	parent = process->parent;
	if (parent) {
		const struct task *thread = TAILQ_FIRST(&process->threads);

		info.pid = process->pid;
		info.uid = thread ? thread->cred.uid : process->cred.uid;
		if (!(parent->signals.actions[KSIGCHLD - 1].flags & SA_NOCLDSTOP))
			signal_send_process(parent, KSIGCHLD, &info);
		waitqueue_wake_all(&parent->child_event);
	}
	spin_unlock(&family_lock);
}

/* --- the current task's own masks and handlers --- */

int signal_begin_fork(void)
{
	struct process *process = current->process;

	spin_lock(&process->signals.lock);
	bool pending = task_has_signal(current);
	current->signals.for_child = 0;
	spin_unlock(&process->signals.lock);
	return pending ? -ERESTARTNOINTR : 0;
}

static void set_blocked_locked(uint64_t blocked)
{
	struct process *process = current->process;
	uint64_t left = blocked & ~current->signals.blocked;

	current->signals.blocked = blocked & ~SIGNALS_UNBLOCKABLE;
	for (left &= process->signals.queue.pending; left; left &= left - 1)
		poke_one(process, __builtin_ctzll(left) + 1);
	refresh_work(current);
}

void signal_set_blocked(uint64_t blocked)
{
	spin_lock(&current->process->signals.lock);
	set_blocked_locked(blocked);
	spin_unlock(&current->process->signals.lock);
}

void signal_mask_replace(uint64_t mask)
{
	current->signals.saved_blocked = current->signals.blocked;
	signal_set_blocked(mask);
}

void signal_mask_restore(void)
{
	signal_set_blocked(current->signals.saved_blocked);
}

void signal_mask_restore_after_delivery(void)
{
	__atomic_fetch_or(&current->work, WORK_RESTORE_MASK | WORK_SIGNAL, __ATOMIC_RELAXED);
}

bool signal_is_ignored(int number)
{
	return current->process->signals.actions[number - 1].handler == SIGNAL_IGNORE ||
	       (current->signals.blocked & SIGNAL_BIT(number));
}

int signal_take(uint64_t wanted, struct signal_info *info)
{
	struct signal_queue *own = &current->signals.queue;
	struct signal_queue *shared = &current->process->signals.queue;
	uint64_t pending = (own->pending | shared->pending) & wanted;
	int number;

	if (!pending)
		return 0;
	if (pending & own->pending & BITS_FAULT)
		pending &= own->pending & BITS_FAULT;
	number = __builtin_ctzll(pending) + 1;
	queue_take(own->pending & SIGNAL_BIT(number) ? own : shared, number, info);
	return number;
}

void signal_reset_handlers(struct process *process)
{
	spin_lock(&process->signals.lock);
	for (unsigned int i = 0; i < SIGNAL_COUNT; i++) {
		struct signal_action *action = &process->signals.actions[i];

		if (action->handler != SIGNAL_IGNORE)
			action->handler = SIGNAL_DEFAULT;
		action->flags = 0;
		action->mask = 0;
	}
	spin_unlock(&process->signals.lock);
}
