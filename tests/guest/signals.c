// SPDX-License-Identifier: Apache-2.0
/*
 * signals.c - signals as a program sees them: handlers and their frames, masks, waiting, restarted
 * calls, job control, faults, real-time queues, timers, and hostile frames.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#include "tests/guest/tap.h"

static volatile sig_atomic_t count, last_number, last_code, last_value, on_alternate;
static volatile pid_t last_pid;
static sigset_t mask_inside;
static char *alternate;

enum { ALTERNATE_SIZE = 65536 };

static void note(int number, siginfo_t *info, void *context)
{
	char here;

	(void)context;
	count++;
	last_number = number;
	last_code = info->si_code;
	last_pid = info->si_pid;
	last_value = info->si_value.sival_int;
	on_alternate = &here >= alternate && &here < alternate + ALTERNATE_SIZE;
	sigprocmask(SIG_BLOCK, NULL, &mask_inside);
}

static void handle(int number, int flags)
{
	struct sigaction action = { .sa_sigaction = note, .sa_flags = SA_SIGINFO | flags };

	sigaction(number, &action, NULL);
	count = 0;
}

static int status_of(pid_t child)
{
	int status = -1;

	waitpid(child, &status, 0);
	return status;
}

static int fails_with(long answer, int expected)
{
	return answer == -1 && errno == expected;
}

static sigset_t set_of(int number)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, number);
	return set;
}

/* --- handlers --- */

static void test_handler(void)
{
	handle(SIGUSR1, 0);
	kill(getpid(), SIGUSR1);
	ok(count == 1 && last_number == SIGUSR1, "a handler runs");
	ok(last_code == SI_USER && last_pid == getpid(), "it is told who sent");
	ok(sigismember(&mask_inside, SIGUSR1) == 1, "its own signal is blocked meanwhile");
	handle(SIGUSR1, SA_NODEFER);
	raise(SIGUSR1);
	ok(count == 1 && last_code == SI_TKILL && !sigismember(&mask_inside, SIGUSR1),
	   "SA_NODEFER leaves it open");
	handle(SIGUSR1, (int)SA_RESETHAND);
	raise(SIGUSR1);
	ok(count == 1 && signal(SIGUSR1, SIG_IGN) == SIG_DFL, "SA_RESETHAND serves once");
	raise(SIGUSR1);
	ok(count == 1, "an ignored signal does nothing");
	ok(fails_with(kill(getpid(), 65), EINVAL), "signal 65 is EINVAL");
	ok(signal(SIGKILL, SIG_IGN) == SIG_ERR && errno == EINVAL, "SIGKILL takes no handler");
	ok(kill(getpid(), 0) == 0, "signal 0 only asks");
}

static void test_registers(void)
{
	volatile double x = 1.5;
	double kept;

	handle(SIGUSR1, 0);
	kept = x * 3;
	raise(SIGUSR1);
	ok(count == 1 && kept == 4.5 && x * 2 == 3.0, "floating point survives a handler");
}

static void use_floats(int number)
{
	volatile double a = number;

	for (int i = 0; i < 100; i++)
		a = a * 1.25 + 1;
	count += a > 1e9;
}

static void test_float_handler(void)
{
	volatile double sum = 0;
	struct itimerval often = { { 0, 500 }, { 0, 500 } }, never = { { 0, 0 }, { 0, 0 } };
	int good = 1;

	count = 0;
	signal(SIGALRM, use_floats);
	setitimer(ITIMER_REAL, &often, NULL);
	while (count < 20) {
		sum = 0;
		for (int i = 0; i < 1000; i++)
			sum = sum + i * 0.5;
		good &= sum == 249750.0;
	}
	setitimer(ITIMER_REAL, &never, NULL);
	ok(good, "handlers that compute do not disturb who computes");
}

static void test_alternate_stack(void)
{
	stack_t stack = { .ss_size = ALTERNATE_SIZE }, old;

	alternate = malloc(ALTERNATE_SIZE);
	stack.ss_sp = alternate;
	ok(sigaltstack(&stack, NULL) == 0, "an alternate stack");
	handle(SIGUSR1, SA_ONSTACK);
	raise(SIGUSR1);
	ok(count == 1 && on_alternate, "SA_ONSTACK runs on it");
	handle(SIGUSR1, 0);
	raise(SIGUSR1);
	ok(count == 1 && !on_alternate, "others do not");
	stack.ss_size = 100;
	ok(fails_with(sigaltstack(&stack, NULL), ENOMEM), "too small a stack is ENOMEM");
	stack.ss_flags = 77;
	ok(fails_with(sigaltstack(&stack, NULL), EINVAL), "unknown flags are EINVAL");
	stack = (stack_t){ .ss_flags = SS_DISABLE };
	ok(sigaltstack(&stack, &old) == 0 && old.ss_sp == alternate, "it can be taken away");
}

/* --- faults --- */

static sigjmp_buf back;
static volatile int *volatile wild = (int *)24;
static void *volatile fault_address;

static void escape(int number, siginfo_t *info, void *context)
{
	(void)context;
	last_number = number;
	fault_address = info->si_addr;
	siglongjmp(back, 1);
}

static void test_faults(void)
{
	struct sigaction action = { .sa_sigaction = escape, .sa_flags = SA_SIGINFO };
	pid_t child;

	sigaction(SIGSEGV, &action, NULL);
	sigaction(SIGILL, &action, NULL);
	sigaction(SIGTRAP, &action, NULL);
	if (!sigsetjmp(back, 1))
		*wild = 1;
	ok(last_number == SIGSEGV && fault_address == (void *)wild,
		"a wild store is SIGSEGV, with its address");
#ifdef __riscv
	if (!sigsetjmp(back, 1))
		__asm__ volatile(".4byte 0");
	ok(last_number == SIGILL, "no instruction is SIGILL");
	if (!sigsetjmp(back, 1))
		__asm__ volatile("ebreak");
	ok(last_number == SIGTRAP, "ebreak is SIGTRAP");
	if (!sigsetjmp(back, 1))
		*(volatile int *)0xffffffc000000000 = 1;
	ok(last_number == SIGSEGV, "the kernel's memory is SIGSEGV");
#endif
	signal(SIGSEGV, SIG_IGN);
	child = fork();
	if (child == 0) {
		*wild = 1;
		_exit(0);
	}
	ok(WTERMSIG(status_of(child)) == SIGSEGV, "a fault cannot be ignored");
	child = fork();
	if (child == 0) {
		sigset_t set = set_of(SIGSEGV);

		sigaction(SIGSEGV, &action, NULL);
		sigprocmask(SIG_BLOCK, &set, NULL);
		if (!sigsetjmp(back, 1))
			*wild = 1;
		_exit(0);
	}
	ok(WTERMSIG(status_of(child)) == SIGSEGV, "nor blocked");
	signal(SIGSEGV, SIG_DFL);
	signal(SIGILL, SIG_DFL);
	signal(SIGTRAP, SIG_DFL);
}

/* --- masks and waiting --- */

static void test_masks(void)
{
	sigset_t set = set_of(SIGUSR1), pending, old;
	struct timespec none = { 0, 0 }, short_time = { 0, 10000000 };
	siginfo_t info;

	handle(SIGUSR1, 0);
	sigprocmask(SIG_BLOCK, &set, &old);
	raise(SIGUSR1);
	kill(getpid(), SIGUSR1);
	sigpending(&pending);
	ok(count == 0 && sigismember(&pending, SIGUSR1) == 1, "a blocked signal is pending");
	sigprocmask(SIG_SETMASK, &old, NULL);
	ok(count == 2, "one each, for the thread and the process, arrives when it is unblocked");
	sigprocmask(SIG_BLOCK, &set, NULL);
	kill(getpid(), SIGUSR1);
	ok(sigtimedwait(&set, &info, &none) == SIGUSR1 && info.si_pid == getpid() && count == 2,
	   "sigtimedwait takes it without its handler");
	ok(fails_with(sigtimedwait(&set, &info, &short_time), EAGAIN), "and ends after its time");
	kill(getpid(), SIGUSR1);
	signal(SIGUSR1, SIG_IGN);
	sigpending(&pending);
	ok(!sigismember(&pending, SIGUSR1), "ignoring a pending signal forgets it");
	sigprocmask(SIG_SETMASK, &old, NULL);
	ok(fails_with(syscall(SYS_rt_sigprocmask, SIG_BLOCK, &set, NULL, 4), EINVAL),
		"a set of 4 bytes is EINVAL");
	ok(fails_with(syscall(SYS_rt_sigprocmask, 77, &set, NULL, 8), EINVAL),
		"an unknown way is EINVAL");
}

static void test_sigsuspend(void)
{
	sigset_t set = set_of(SIGUSR1), old, now;
	pid_t parent = getpid(), child;

	handle(SIGUSR1, 0);
	sigprocmask(SIG_BLOCK, &set, &old);
	child = fork();
	if (child == 0) {
		usleep(2000);
		kill(parent, SIGUSR1);
		_exit(0);
	}
	ok(fails_with(sigsuspend(&old), EINTR) && count == 1,
		"sigsuspend lets it in, and is EINTR");
	sigprocmask(SIG_BLOCK, NULL, &now);
	ok(sigismember(&now, SIGUSR1) == 1, "the mask is back after it");
	status_of(child);
	child = fork();
	if (child == 0) {
		usleep(2000);
		kill(parent, SIGUSR1);
		_exit(0);
	}
	count = 0;
	ok(fails_with(ppoll(NULL, 0, NULL, &old), EINTR) && count == 1, "so does ppoll");
	status_of(child);
	sigprocmask(SIG_SETMASK, &old, NULL);
}

/* A child that sends its parent a signal in a moment, again and again: the first may come before that one waits. */
static pid_t send_soon(int number)
{
	pid_t parent = getpid(), child = fork();

	while (child == 0) {
		usleep(5000);
		kill(parent, number);
	}
	return child;
}

static void stop_sending(pid_t sender)
{
	kill(sender, SIGKILL);
	while (waitpid(sender, NULL, 0) < 0 && errno == EINTR)
		;
}

static void test_restart(void)
{
	int ends[2];
	char byte;
	struct timespec long_time = { 100, 0 }, left = { 0, 0 };
	pid_t child;

	if (pipe(ends))
		return;
	handle(SIGUSR1, 0);
	child = send_soon(SIGUSR1);
	ok(fails_with(read(ends[0], &byte, 1), EINTR), "a read is interrupted");
	stop_sending(child);
	handle(SIGUSR1, SA_RESTART);
	child = fork();
	if (child == 0) {
		usleep(5000);
		kill(getppid(), SIGUSR1);
		usleep(5000);
		_exit(write(ends[1], "x", 1) != 1);
	}
	ok(read(ends[0], &byte, 1) == 1 && byte == 'x' && count == 1, "SA_RESTART lets it go on");
	status_of(child);
	child = send_soon(SIGUSR1);
	ok(fails_with(nanosleep(&long_time, &left), EINTR) && left.tv_sec > 50 && left.tv_sec < 100,
	   "nanosleep is interrupted all the same, and tells what is left");
	stop_sending(child);
	close(ends[0]);
	close(ends[1]);
}

/* --- real-time signals and values --- */

static void test_real_time(void)
{
	int number = SIGRTMIN + 3, good = 1;
	sigset_t set = set_of(number), old;
	siginfo_t info;

	sigprocmask(SIG_BLOCK, &set, &old);
	for (int i = 0; i < 5; i++)
		good &= sigqueue(getpid(), number, (union sigval){ .sival_int = 100 + i }) == 0;
	for (int i = 0; i < 5; i++)
		good &= sigwaitinfo(&set, &info) == number && info.si_value.sival_int == 100 + i &&
			info.si_code == SI_QUEUE;
	ok(good, "real-time signals queue in order, with their values");
	sigprocmask(SIG_SETMASK, &old, NULL);
	info.si_code = SI_USER;
	ok(fails_with(syscall(SYS_rt_sigqueueinfo, 1, number, &info), EPERM),
		"nobody poses as kill(2)");
}

/* --- ends, stops, continues --- */

static void test_default_actions(void)
{
	static const int fatal[] = {SIGHUP, SIGINT, SIGQUIT, SIGABRT, SIGKILL, SIGPIPE, SIGALRM,
		SIGTERM, SIGUSR1, SIGIO, SIGSYS};
	int good = 1;

	for (unsigned int i = 0; i < sizeof(fatal) / sizeof(fatal[0]); i++) {
		pid_t child = fork();

		if (child == 0) {
			signal(fatal[i], SIG_DFL);
			kill(getpid(), fatal[i]);
			_exit(0);
		}
		int status = status_of(child);
		good &= WIFSIGNALED(status) && WTERMSIG(status) == fatal[i];
	}
	ok(good, "fatal signals end a process");
}

static void test_stop(void)
{
	int status = 0;
	siginfo_t info;
	pid_t child = fork();

	if (child == 0)
		for (;;)
			usleep(1000);
	kill(child, SIGSTOP);
	ok(waitpid(child, &status, WUNTRACED) == child && WIFSTOPPED(status) &&
			WSTOPSIG(status) == SIGSTOP,
		"a stop is told with WUNTRACED");
	ok(waitpid(child, &status, WUNTRACED | WNOHANG) == 0, "once");
	kill(child, SIGTERM);
	usleep(5000);
	ok(waitpid(child, &status, WNOHANG) == 0, "a stopped process does not die of SIGTERM");
	kill(child, SIGSTOP);
	kill(child, SIGCONT);
	ok(status_of(child) >= 0 && (status = 0, 1), "but when it is continued");
	child = fork();
	if (child == 0)
		for (;;)
			pause();
	kill(child, SIGSTOP);
	waitpid(child, &status, WUNTRACED);
	kill(child, SIGCONT);
	ok(waitid(P_PID, (id_t)child, &info, WCONTINUED) == 0 && info.si_code == CLD_CONTINUED,
	   "a continue is told with WCONTINUED");
	kill(child, SIGSTOP);
	kill(child, SIGKILL);
	ok(WTERMSIG(status_of(child)) == SIGKILL, "SIGKILL ends a stopped process");
}

static void *spin(void *unused)
{
	for (;;)
		count++;
	return unused;
}

static void test_threads_end(void)
{
	pid_t child = fork();

	if (child == 0) {
		pthread_t thread;

		for (int i = 0; i < 3; i++)
			pthread_create(&thread, NULL, spin, NULL);
		usleep(2000);
		if (fork() == 0)
			_exit(0);
		kill(getpid(), SIGTERM);
		for (;;)
			pause();
	}
	ok(WTERMSIG(status_of(child)) == SIGTERM,
		"a fatal signal ends every thread, running ones too");
}

/* --- timers --- */

static void test_alarm(void)
{
	struct itimerval timer = { { 0, 2000 }, { 0, 2000 } }, old;

	handle(SIGALRM, SA_RESTART);
	ok(setitimer(ITIMER_REAL, &timer, NULL) == 0, "an interval timer");
	while (count < 5)
		pause();
	ok(last_code == SI_KERNEL, "sends SIGALRM again and again");
	timer = (struct itimerval){ { 0, 0 }, { 0, 0 } };
	ok(setitimer(ITIMER_REAL, &timer, &old) == 0 && old.it_interval.tv_usec == 2000,
		"until it is disarmed");
	timer.it_value.tv_usec = 1000000;
	ok(fails_with(setitimer(ITIMER_REAL, &timer, NULL), EINVAL),
		"a million microseconds are EINVAL");
	ok(alarm(100) == 0 && alarm(0) > 90, "alarm counts in seconds");
}

/* --- hostile frames --- */

static void return_from_nowhere(void)
{
#ifdef __riscv
	__asm__ volatile("mv sp, %0; li a7, 139; ecall" : : "r"(0x1000UL) : "memory");
#else
	raise(SIGSEGV);
#endif
}

static void mangle(int number, siginfo_t *info, void *context)
{
	ucontext_t *user = context;

	(void)number;
	(void)info;
	sigfillset(&user->uc_sigmask);
#ifdef __riscv
	user->uc_mcontext.__gregs[0] = 0xfffffffffffffffe; /* the pc */
	user->uc_mcontext.__gregs[2] = 0xffffffc000000000;
#else
	raise(SIGSEGV);
#endif
}

static void test_hostile_frames(void)
{
	pid_t child = fork();

	if (child == 0) {
		return_from_nowhere();
		_exit(0);
	}
	ok(WTERMSIG(status_of(child)) == SIGSEGV, "rt_sigreturn from a wild stack is SIGSEGV");
	child = fork();
	if (child == 0) {
		struct sigaction action = { .sa_sigaction = mangle, .sa_flags = SA_SIGINFO };

		signal(SIGSEGV, SIG_DFL);
		sigaction(SIGUSR1, &action, NULL);
		raise(SIGUSR1);
		_exit(0);
	}
	ok(WTERMSIG(status_of(child)) == SIGSEGV,
		"a frame with wild registers ends its process only");
#ifdef __riscv
	child = fork();
	if (child == 0) {
		handle(SIGUSR1, 0);
		__asm__ volatile("mv a0, %0; li a1, 10; li a7, 129; mv sp, %1; ecall"
				 :
				 : "r"((long)getpid()), "r"(0x2000UL)
				 : "a0", "a1", "a7", "memory");
		_exit(0);
	}
	ok(WTERMSIG(status_of(child)) == SIGSEGV, "a handler without a stack is SIGSEGV");
#endif
}

int main(void)
{
	test_handler();
	test_registers();
	test_float_handler();
	test_alternate_stack();
	test_faults();
	test_masks();
	test_sigsuspend();
	test_restart();
	test_real_time();
	test_default_actions();
	test_stop();
	test_threads_end();
	test_alarm();
	test_hostile_frames();
	return tap_done();
}
