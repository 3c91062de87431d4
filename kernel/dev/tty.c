// SPDX-License-Identifier: Apache-2.0
/*
 * tty.c - terminals as files: open, read, write, job control, settings.
 */
#include "kernel/dev/tty.h"

#include "kernel/dev/tty_flags.h"
#include "kernel/dev/tty_line.h"
#include "kernel/fs/file.h"
#include "kernel/fs/poll.h"
#include "kernel/mm/page.h"
#include "kernel/mm/address_space.h"
#include "kernel/mm/slab.h"
#include "kernel/proc/family.h"
#include "kernel/smp/timer.h"

enum { CHUNK = 128, TENTH_NS = 100000000 };

struct tty *console_tty;

static void tty_init(struct tty *tty, const struct tty_driver *driver, uint32_t device)
{
	spinlock_init(&tty->lock, LOCK_RANK_FILE_STATE);
	mutex_init(&tty->read_mutex, LOCK_RANK_STREAM);
	mutex_init(&tty->write_mutex, LOCK_RANK_STREAM);
	waitqueue_init(&tty->readable);
	waitqueue_init(&tty->writable);
	tty->driver = driver;
	tty->device = device;
	tty->settings = (struct tty_settings){
		.control = B38400 | CS8 | CREAD | HUPCL,
		.control_bytes =
			{
				[VINTR] = 3,
				[VQUIT] = 28,
				[VERASE] = 127,
				[VKILL] = 21,
				[VEOF] = 4,
				[VMIN] = 1,
				[VSTART] = 17,
				[VSTOP] = 19,
				[VSUSP] = 26,
				[VWERASE] = 23,
				[VLNEXT] = 22,
			},
	};
}

void tty_init_cooked(struct tty *tty, const struct tty_driver *driver, uint32_t device)
{
	tty_init(tty, driver, device);
	tty->settings.input = ICRNL | IUTF8;
	tty->settings.output = OPOST | ONLCR;
	tty->settings.local = ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE | IEXTEN;
}

void tty_init_raw(struct tty *tty, const struct tty_driver *driver, uint32_t device)
{
	tty_init(tty, driver, device);
}

/* ---- job control ---- */

static bool is_controlling(const struct tty *tty)
{
	const struct process *process = current->process;

	return process && process->terminal == tty;
}

/* A process in the background may not go on: it gets the signal and tries again, or -EIO when
 * that would stop it for ever. SIGTTOU lets pass whoever does not care for it. */
static int check_foreground(struct tty *tty, int number)
{
	struct process *process = current->process;
	int32_t foreground = __atomic_load_n(&tty->foreground, __ATOMIC_RELAXED);

	if (!is_controlling(tty) || foreground == 0 || process->group == foreground)
		return 0;
	if (signal_is_ignored(number))
		return number == KSIGTTOU ? 0 : -EIO;
	if (group_is_orphaned(process->group))
		return -EIO;
	signal_send_group(process->group, number, NULL);
	return -ERESTARTSYS;
}

void tty_acquire(struct tty *tty)
{
	struct process *process = current->process;
	bool ours = false;

	if (!process || process->pid != process->session || process->terminal)
		return;
	spin_lock(&tty->lock);
	if (tty->session == 0) {
		tty->session = process->session;
		tty->foreground = process->group;
		ours = true;
	}
	spin_unlock(&tty->lock);
	if (ours)
		session_set_terminal(process->session, tty);
}

void tty_leave_session(struct tty *tty, int32_t session)
{
	int32_t group = 0;

	spin_lock(&tty->lock);
	if (tty->session == session) {
		group = tty->foreground;
		tty->session = 0;
		tty->foreground = 0;
	}
	spin_unlock(&tty->lock);
	if (group) {
		signal_send_group(group, KSIGHUP, NULL);
		signal_send_group(group, KSIGCONT, NULL);
	}
}

/* TIOCSCTTY: `steal` 1 takes it from another session (CAP_SYS_ADMIN). */
static int set_controlling(struct tty *tty, uint64_t steal)
{
	struct process *process = current->process;
	int32_t loser = 0;
	int error = 0;

	if (is_controlling(tty))
		return 0;
	if (process->pid != process->session || process->terminal)
		return -EPERM;
	spin_lock(&tty->lock);
	if (tty->session != 0 && !(steal == 1 && current_has(CAP_SYS_ADMIN))) {
		error = -EPERM;
	} else {
		loser = tty->session;
		tty->session = process->session;
		tty->foreground = process->group;
	}
	spin_unlock(&tty->lock);
	if (error)
		return error;
	if (loser)
		session_set_terminal(loser, NULL);
	session_set_terminal(process->session, tty);
	return 0;
}

static int give_up_controlling(struct tty *tty)
{
	struct process *process = current->process;

	if (!is_controlling(tty))
		return -ENOTTY;
	if (process->pid == process->session) {
		session_set_terminal(process->session, NULL);
		tty_leave_session(tty, process->session);
	} else {
		spin_lock(&family_lock);
		process->terminal = NULL;
		spin_unlock(&family_lock);
	}
	return 0;
}

static int set_foreground(struct tty *tty, uaddr_t argument)
{
	int32_t group;
	int error = check_foreground(tty, KSIGTTOU);

	if (error)
		return error;
	if (!is_controlling(tty) || tty->session != current->process->session)
		return -ENOTTY;
	if (copy_from_user(&group, argument, sizeof(group)) != 0)
		return -EFAULT;
	if (group < 0)
		return -EINVAL;
	if (!group_in_session(group, current->process->session))
		return -EPERM;
	__atomic_store_n(&tty->foreground, group, __ATOMIC_RELAXED);
	return 0;
}

uint32_t tty_device(const struct tty *tty)
{
	return tty->device;
}

int32_t tty_foreground(struct tty *tty)
{
	return __atomic_load_n(&tty->foreground, __ATOMIC_RELAXED);
}

/* ---- reading ---- */

static size_t readable_bytes(const struct tty *tty)
{
	return (size_t)(__atomic_load_n(&tty->edited, __ATOMIC_RELAXED) -
			__atomic_load_n(&tty->tail, __ATOMIC_RELAXED));
}

/* Waits until there is something to read: 0, also at a time-out; or an error. In raw
 * mode VMIN bytes are wanted, VTIME tenths of a second limit the wait for the next one. */
static int wait_for_input(struct file *file, struct tty *tty, size_t wanted)
{
	bool raw = !(tty->settings.local & ICANON);
	size_t minimum = raw ? tty->settings.control_bytes[VMIN] : 1;
	uint64_t pause_ns = raw ? (uint64_t)tty->settings.control_bytes[VTIME] * TENTH_NS : 0;
	size_t needed = MAX(MIN(minimum, wanted), (size_t)1);

	if (raw && minimum == 0 && pause_ns == 0)
		return 0;
	for (;;) {
		size_t seen = readable_bytes(tty);
		uint64_t deadline = UINT64_MAX;

		if (seen >= needed)
			return 0;
		if (file_nonblocking(file))
			return seen > 0 ? 0 : -EAGAIN;
		if (pause_ns && (seen > 0 || minimum == 0))
			deadline = time_now_ns() + pause_ns;
		int error = wait_event_until(&tty->readable,
					     readable_bytes(tty) != seen, deadline);

		if (error == -ETIMEDOUT)
			return 0;
		if (error)
			return error;
	}
}

static int64_t read_locked(struct file *file, struct tty *tty, struct transfer *to)
{
	uint8_t bytes[CHUNK];
	enum tty_taken taken = TTY_TAKEN_PART;
	int64_t done = 0;
	int error = check_foreground(tty, KSIGTTIN);

	if (!error)
		error = wait_for_input(file, tty, to->remaining);
	if (error)
		return error;
	while (to->remaining > 0 && taken == TTY_TAKEN_PART) {
		size_t count =
			tty_take_input(tty, bytes, MIN(sizeof(bytes), to->remaining), &taken);

		if (count == 0)
			break;
		if (transfer_to(to, bytes, count) != 0)
			return done ? done : -EFAULT;
		done += (int64_t)count;
	}
	if (tty->driver->pull)
		tty->driver->pull(tty);
	return done;
}

static int64_t tty_read(struct file *file, struct transfer *to, uint64_t *position)
{
	struct tty *tty = file->private;
	int64_t answer;

	(void)position;
	if (to->remaining == 0)
		return 0;
	mutex_lock(&tty->read_mutex);
	answer = read_locked(file, tty, to);
	mutex_unlock(&tty->read_mutex);
	return answer;
}

/* ---- writing ---- */

/* Output processing of as much of `bytes` as fits into `cooked`; answers how much of it it used. */
static size_t cook(struct tty *tty, const char *bytes, size_t count, char *cooked, size_t *length)
{
	bool newlines = (tty->settings.output & (OPOST | ONLCR)) == (OPOST | ONLCR);
	size_t used = 0, made = 0;

	while (used < count && made + 2 <= CHUNK) {
		char byte = bytes[used++];

		if (byte == '\n' && newlines)
			cooked[made++] = '\r';
		cooked[made++] = byte;
		if (byte == '\n' || byte == '\r')
			tty->column = 0;
		else if (byte == '\b')
			tty->column -= tty->column > 0;
		else if (byte == '\t')
			tty->column = (tty->column / 8 + 1) * 8;
		else if ((byte & 0xc0) != 0x80 && (unsigned char)byte >= ' ')
			tty->column++;
	}
	*length = made;
	return used;
}

static bool can_write(struct tty *tty)
{
	return !tty->driver->can_write || tty->driver->can_write(tty);
}

/* All of it to the driver: 0 or why it waits no longer. *taken: how much went. */
static int write_out(
	struct file *file, struct tty *tty, const char *bytes, size_t count, size_t *taken)
{
	*taken = 0;
	for (;;) {
		*taken += tty->driver->write(tty, bytes + *taken, count - *taken);
		if (*taken == count)
			return 0;
		if (file_nonblocking(file))
			return -EAGAIN;
		int error = wait_event_interruptible(&tty->writable, can_write(tty));

		if (error)
			return error;
	}
}

static int64_t write_locked(struct file *file, struct tty *tty, struct transfer *from)
{
	char bytes[CHUNK], cooked[CHUNK];
	int64_t done = 0;
	int error = 0;

	while (from->remaining > 0 && !error) {
		size_t count = MIN(from->remaining, sizeof(bytes)), used = 0;

		error = transfer_from(from, bytes, count);
		while (!error && used < count) {
			size_t length, taken;
			size_t piece = cook(tty, bytes + used, count - used, cooked, &length);

			error = write_out(file, tty, cooked, length, &taken);
			/* Bytes that were cooked count only when all went. */
			if (!error)
				used += piece;
			else if (piece == length)
				used += taken;
		}
		done += (int64_t)used;
		preempt_point();
		if (!error && task_has_signal(current))
			error = -ERESTARTSYS; /* a line is slow: ^C does not wait for its end */
	}
	return done ? done : error;
}

static int64_t tty_write(struct file *file, struct transfer *from, uint64_t *position)
{
	struct tty *tty = file->private;
	int64_t answer = 0;

	(void)position;
	if (tty->settings.local & TOSTOP)
		answer = check_foreground(tty, KSIGTTOU);
	if (answer)
		return answer;
	mutex_lock(&tty->write_mutex);
	answer = write_locked(file, tty, from);
	mutex_unlock(&tty->write_mutex);
	return answer;
}

static uint32_t tty_poll(struct file *file, struct poll_table *table)
{
	struct tty *tty = file->private;
	uint32_t ready = 0;

	poll_wait(table, &tty->readable);
	poll_wait(table, &tty->writable);
	if (readable_bytes(tty) > 0)
		ready |= POLLIN | POLLRDNORM;
	if (can_write(tty))
		ready |= POLLOUT | POLLWRNORM;
	return ready;
}

/* ---- settings ---- */

static int set_settings(struct tty *tty, uint32_t command, uaddr_t argument)
{
	struct tty_settings settings;
	int error = check_foreground(tty, KSIGTTOU);

	if (error)
		return error;
	if (copy_from_user(&settings, argument, sizeof(settings)) != 0)
		return -EFAULT;
	spin_lock(&tty->lock);
	if (command == TCSETSF)
		tty_flush_input_locked(tty);
	if (!(settings.local & ICANON))
		tty->edited = tty->head;
	tty->settings = settings;
	spin_unlock(&tty->lock);
	waitqueue_wake_all(&tty->readable);
	return 0;
}

static int set_window(struct tty *tty, uaddr_t argument)
{
	struct tty_window window;
	int32_t group = 0;

	if (copy_from_user(&window, argument, sizeof(window)) != 0)
		return -EFAULT;
	spin_lock(&tty->lock);
	if (memcmp(&window, &tty->window, sizeof(window)) != 0)
		group = tty->foreground;
	tty->window = window;
	spin_unlock(&tty->lock);
	if (group)
		signal_send_group(group, KSIGWINCH, NULL);
	return 0;
}

static int flush(struct tty *tty, uint64_t which)
{
	if (which > TCIOFLUSH)
		return -EINVAL;
	if (which != TCOFLUSH) {
		spin_lock(&tty->lock);
		tty_flush_input_locked(tty);
		spin_unlock(&tty->lock);
	}
	return 0;
}

static int64_t answer_number(uaddr_t argument, int32_t number)
{
	return copy_to_user(argument, &number, sizeof(number));
}

static int64_t tty_control(struct file *file, uint32_t command, uaddr_t argument)
{
	struct tty *tty = file->private;

	switch (command) {
	case TCGETS:
		return copy_to_user(argument, &tty->settings, sizeof(tty->settings));
	case TCSETS:
	case TCSETSW:
	case TCSETSF:
		return set_settings(tty, command, argument);
	case TCSBRK: /* output is never held back: nothing to drain */
	case TCSBRKP:
		return 0;
	case TCFLSH:
		return flush(tty, argument);
	case TIOCGWINSZ:
		return copy_to_user(argument, &tty->window, sizeof(tty->window));
	case TIOCSWINSZ:
		return set_window(tty, argument);
	case TIOCSCTTY:
		return set_controlling(tty, argument);
	case TIOCNOTTY:
		return give_up_controlling(tty);
	case TIOCGPGRP:
		return is_controlling(tty) ? answer_number(argument, tty->foreground) : -ENOTTY;
	case TIOCSPGRP:
		return set_foreground(tty, argument);
	case TIOCGSID:
		return is_controlling(tty) ? answer_number(argument, tty->session) : -ENOTTY;
	case TIOCOUTQ:
		return answer_number(argument, 0);
	case FIONREAD:
		return answer_number(argument, (int32_t)readable_bytes(tty));
	default:
		return -ENOTTY;
	}
}

static const struct file_operations tty_operations = {
	.read = tty_read,
	.write = tty_write,
	.poll = tty_poll,
	.control = tty_control,
};

int tty_open(struct file *file, struct tty *tty)
{
	file->operations = &tty_operations;
	file->private = tty;
	return 0;
}

/* ---- the console ---- */

static size_t console_driver_write(struct tty *tty, const char *bytes, size_t count)
{
	(void)tty;
	console_write(bytes, count);
	return count;
}

static const struct tty_driver console_driver = { .write = console_driver_write };

void console_tty_init(void)
{
	struct tty *tty = kzalloc(sizeof(*tty));

	if (!tty)
		panic("no memory for the console's terminal");
	tty_init_cooked(tty, &console_driver, device_number(4, 64));
	console_tty = tty;
}
