// SPDX-License-Identifier: Apache-2.0
/*
 * supervise.c - keeps what was asked for running until somebody ends it.
 *
 * One loop: reap, start what is due, sleep until a signal or the next due time. Signals are
 * blocked except while it sleeps (ppoll), so none is missed and no handler does more than note
 * its number.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "execd/ask.h"
#include "execd/clock.h"
#include "execd/log.h"
#include "execd/order.h"
#include "execd/restart.h"
#include "execd/selftest.h"
#include "execd/spawn.h"
#include "execd/supervise.h"

#define GRACE_NS INT64_C(3000000000)
#define KILL_NS  INT64_C(1000000000)
#define NSEC     INT64_C(1000000000)

/* busybox's halt, poweroff and reboot send USR1, USR2 and TERM. TERM means the end here. */
static const struct request {
	int signal;
	enum machine_end how;
} requests[] = {
	{ SIGTERM, MACHINE_POWER_OFF },
	{ SIGUSR2, MACHINE_POWER_OFF },
	{ SIGUSR1, MACHINE_HALT },
	{ SIGINT, MACHINE_RESTART },
};

static volatile sig_atomic_t requested; /* the signal's number */

static void note_request(int number)
{
	if (number != SIGCHLD)
		requested = number;
}

void supervise_prepare(void)
{
	struct sigaction action = { .sa_handler = note_request };
	sigset_t blocked;

	sigemptyset(&blocked);
	sigemptyset(&action.sa_mask);
	sigaddset(&blocked, SIGCHLD);
	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++)
		sigaddset(&blocked, requests[i].signal);
	sigprocmask(SIG_SETMASK, &blocked, NULL);
	sigaction(SIGCHLD, &action, NULL);
	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++)
		sigaction(requests[i].signal, &action, NULL);
}

/* Sleeps until a signal came or the time is there. */
static void sleep_until(int64_t due_ns)
{
	sigset_t none;
	struct timespec timeout, *wait = NULL;

	sigemptyset(&none);
	if (due_ns != SERVICE_DONE) {
		int64_t left = due_ns - now_ns();
		left = left > 0 ? left : 0;
		timeout.tv_sec = left / NSEC;
		timeout.tv_nsec = left % NSEC;
		wait = &timeout;
	}
	ppoll(NULL, 0, wait, &none);
}

/* The exit status as a shell has it. */
static int status_number(int status)
{
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static void service_start(struct supervisor *supervisor, size_t index)
{
	const struct recipe_service *service = &supervisor->recipes->services[index];
	struct service_state *state = &supervisor->services[index];
	struct sched_error error;

	state->started_ns = now_ns();
	state->due_ns = SERVICE_DONE;
	pid_t pid = spawn_service(&supervisor->tree, service, &error);
	if (pid > 0) {
		state->pid = pid;
		if (supervisor->selftest)
			selftest_service(&supervisor->tree, supervisor->recipes, index, pid);
		return;
	}
	/* Short of memory or tasks: that may pass. Anything else stays as it is. */
	if (pid == -ENOMEM || pid == -EAGAIN) {
		state->delay_ns = restart_delay(state->delay_ns, 0);
		state->due_ns = state->started_ns + state->delay_ns;
	}
	log_error("%s:%d: service %s: %s; %s", service->place.file, service->place.line,
		  service->name, error.text,
		  state->due_ns == SERVICE_DONE ? "not started" : "tried again");
}

static void service_ended(struct supervisor *supervisor, size_t index, int status)
{
	const struct recipe_service *service = &supervisor->recipes->services[index];
	struct service_state *state = &supervisor->services[index];
	int64_t now = now_ns();

	/* What it left behind in its session must not live beside its successor. */
	kill(-state->pid, SIGKILL);
	state->pid = 0;
	const char *how = WIFSIGNALED(status) ? "signal" : "status";
	int number = WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status);
	if (!restart_wanted(service->restart, status)) {
		log_info("service %s ended (%s %d)", service->name, how, number);
		return;
	}
	state->delay_ns = restart_delay(state->delay_ns, now - state->started_ns);
	state->due_ns = now + state->delay_ns;
	log_error("service %s ended (%s %d); again in %lld ms", service->name, how, number,
		  (long long)(state->delay_ns / 1000000));
}

void supervise_policy_start(struct supervisor *supervisor)
{
	struct service_state *policy = &supervisor->policy;

	policy->started_ns = now_ns();
	policy->due_ns = SERVICE_DONE;
	pid_t pid = ask_start_daemon();
	policy->pid = pid > 0 ? pid : 0;
	if (pid > 0)
		return;
	policy->delay_ns = restart_delay(policy->delay_ns, 0);
	policy->due_ns = policy->started_ns + policy->delay_ns;
}

static void policy_ended(struct supervisor *supervisor)
{
	struct service_state *policy = &supervisor->policy;
	int64_t now = now_ns();

	policy->pid = 0;
	policy->delay_ns = restart_delay(policy->delay_ns, now - policy->started_ns);
	policy->due_ns = now + policy->delay_ns;
	log_error("policyd ended; again in %lld ms", (long long)(policy->delay_ns / 1000000));
}

static void front_start(struct supervisor *supervisor)
{
	struct service_state *front = &supervisor->front;

	front->started_ns = now_ns();
	front->due_ns = SERVICE_DONE;
	pid_t pid = supervisor->command ? spawn_command(supervisor->command) : spawn_shell();
	if (pid > 0) {
		front->pid = pid;
		return;
	}
	front->delay_ns = restart_delay(front->delay_ns, 0);
	front->due_ns = front->started_ns + front->delay_ns;
	log_error("%s: %s (%s); tried again",
		  supervisor->command ? supervisor->command[0] : "/bin/sh", strerrordesc_np(-pid),
		  strerrorname_np(-pid));
}

/* A shell that is left at once is not there, or its console is gone: each next one waits longer. */
static void front_ended(struct supervisor *supervisor)
{
	struct service_state *front = &supervisor->front;
	int64_t now = now_ns(), ran = now - front->started_ns;

	front->pid = 0;
	if (supervisor->command)
		return;
	front->delay_ns = ran > NSEC ? 0 : restart_delay(front->delay_ns, ran);
	front->due_ns = now + front->delay_ns;
}

/* Takes in every child that ended, orphans too. True: the command was among them. */
static bool reap(struct supervisor *supervisor, int *command_status)
{
	bool command_ended = false;
	int status;

	for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;) {
		if (pid == supervisor->policy.pid) {
			policy_ended(supervisor);
			continue;
		}
		if (pid == supervisor->front.pid) {
			front_ended(supervisor);
			/* A shell's status is nobody's business: another shell follows. */
			if (supervisor->command) {
				command_ended = true;
				*command_status = status_number(status);
			}
			continue;
		}
		for (size_t i = 0; i < supervisor->recipes->service_count; i++)
			if (supervisor->services[i].pid == pid)
				service_ended(supervisor, i, status);
	}
	return command_ended;
}

/* Starts what is due; answers when the next one is. */
static int64_t start_due(struct supervisor *supervisor)
{
	int64_t next = SERVICE_DONE, now = now_ns();

	for (size_t i = 0; i < supervisor->recipes->service_count; i++) {
		struct service_state *state = &supervisor->services[i];
		if (state->due_ns <= now)
			service_start(supervisor, i);
		next = state->due_ns < next ? state->due_ns : next;
	}
	if (ask_is_needed()) {
		if (supervisor->policy.due_ns <= now)
			supervise_policy_start(supervisor);
		next = supervisor->policy.due_ns < next ? supervisor->policy.due_ns : next;
	}
	if (supervisor->front.due_ns <= now)
		front_start(supervisor);
	return supervisor->front.due_ns < next ? supervisor->front.due_ns : next;
}

static void services_prepare(struct supervisor *supervisor)
{
	const struct recipes *recipes = supervisor->recipes;
	for (size_t i = 0; i < recipes->service_count; i++) {
		const struct recipe_service *service = &recipes->services[i];
		const struct recipe_group *group = recipes_wrong_group(recipes, service);
		if (group && !service->wrong)
			log_error("%s:%d: service %s: not started, as group %s could not be set up",
				  service->place.file, service->place.line, service->name,
				  group->path);
		supervisor->services[i].due_ns = service->wrong || group ? SERVICE_DONE : 0;
	}
}

struct supervised supervise(struct supervisor *supervisor)
{
	struct supervised end = { MACHINE_POWER_OFF, 0 };

	services_prepare(supervisor);
	for (;;) {
		if (reap(supervisor, &end.status))
			return end;
		for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++)
			if (requests[i].signal == requested) {
				end.how = requests[i].how;
				return end;
			}
		sleep_until(start_due(supervisor));
	}
}

/* Reaps until there is no child, or the time is there. True: no child. */
static bool reap_until(int64_t due_ns)
{
	for (;;) {
		pid_t pid = waitpid(-1, NULL, WNOHANG);
		if (pid < 0 && errno == ECHILD)
			return true;
		if (!pid && now_ns() >= due_ns)
			return false;
		if (!pid)
			sleep_until(due_ns);
	}
}

void supervise_stop(const struct supervisor *supervisor)
{
	/* Interactive shells ignore SIGTERM; a hang-up is what they know. */
	if (supervisor->front.pid)
		kill(-supervisor->front.pid, SIGHUP);
	kill(-1, SIGTERM);
	kill(-1, SIGCONT);
	if (!reap_until(now_ns() + GRACE_NS)) {
		kill(-1, SIGKILL);
		reap_until(now_ns() + KILL_NS);
	}
	int fd = open(COMMAND_CONSOLE_PATH, O_WRONLY | O_NOCTTY | O_CLOEXEC);
	if (fd >= 0) {
		tcdrain(fd);
		close(fd);
	}
}
