// SPDX-License-Identifier: Apache-2.0
/*
 * spawn.c - starts a service in its group, the shell, or the machine's one command.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "execd/child.h"
#include "execd/machine.h"
#include "execd/spawn.h"

enum {
	EXIT_NOT_EXECUTABLE = 126, /* the shell's numbers */
	EXIT_NOT_FOUND = 127,
};

static void prepare(void)
{
	if (!child_prepare())
		_exit(EXIT_NOT_EXECUTABLE);
}

/* Makes the descriptor standard input, output and error. */
static void child_terminal(int fd)
{
	if (fd < 0)
		return;
	for (int standard = STDIN_FILENO; standard <= STDERR_FILENO; standard++)
		dup2(fd, standard);
	if (fd > STDERR_FILENO)
		close(fd);
}

static void child_console(void)
{
	int fd = open(CONSOLE_PATH, O_RDWR | O_NOCTTY);
	if (fd >= 0)
		ioctl(fd, TIOCSCTTY, 0);
	child_terminal(fd);
}

/* Bytes pass as they are: the other end is a program's standard input, output or error. */
static int open_raw(const char *path, int mode)
{
	struct termios settings;
	int fd = open(path, mode | O_NOCTTY);
	if (fd >= 0 && !tcgetattr(fd, &settings)) {
		cfmakeraw(&settings);
		tcsetattr(fd, TCSANOW, &settings);
	}
	return fd;
}

/* The command's own line for input and output; its errors go where the log goes. */
static bool child_command_files(void)
{
	int fd = open_raw(COMMAND_CONSOLE_PATH, O_RDWR);
	if (fd < 0)
		return false;
	int console = open_raw(CONSOLE_PATH, O_WRONLY);
	child_terminal(fd);
	if (console > STDERR_FILENO) {
		dup2(console, STDERR_FILENO);
		close(console);
	}
	return true;
}

static void child_service_files(void)
{
	int input = open("/dev/null", O_RDONLY);
	child_terminal(open(CONSOLE_PATH, O_WRONLY | O_NOCTTY));
	if (input >= 0 && input != STDIN_FILENO) {
		dup2(input, STDIN_FILENO);
		close(input);
	}
}

/* In the child: becomes the service; the parent reads the errno when it cannot. */
static _Noreturn void child_service(const struct recipe_service *service, int error_pipe)
{
	const char *arguments[RECIPE_ARGUMENT_MAX + 1];
	const char *word = service->command;

	prepare();
	child_service_files();
	for (unsigned int i = 0; i < service->argument_count; i++) {
		arguments[i] = word;
		word += strlen(word) + 1;
	}
	arguments[service->argument_count] = NULL;
	int number = -sched_exec((char *const *)arguments);
	if (write(error_pipe, &number, sizeof(number)) < 0)
		_exit(EXIT_NOT_EXECUTABLE);
	_exit(EXIT_NOT_FOUND);
}

static const char *exec_reason(int number)
{
	return number == ENOENT ? "there is no such program"
		: number == EACCES ? "it may not be run"
		: number == ENOEXEC ? "this is no program that runs here"
		: strerrordesc_np(number);
}

pid_t spawn_service(const struct sched_tree *tree, const struct recipe_service *service,
		    struct sched_error *error)
{
	struct sched_group group;
	int ends[2], number = 0;

	snprintf(group.path, sizeof(group.path), "%s", service->group);
	/* Both ends close when the program starts: the parent reads nothing then. */
	if (pipe2(ends, O_CLOEXEC))
		return sched_fail(error, errno, "no pipe: %s", strerrordesc_np(errno));
	pid_t pid = sched_fork_into(tree, &group, error);
	if (!pid)
		child_service(service, ends[1]);
	close(ends[1]);
	if (pid > 0 && read(ends[0], &number, sizeof(number)) == (ssize_t)sizeof(number)) {
		waitpid(pid, NULL, 0);
		pid = sched_fail(error, number, "%s: %s", service->command, exec_reason(number));
	}
	close(ends[0]);
	return pid;
}

pid_t spawn_shell(void)
{
	static char name[] = "-sh"; /* a dash: a login shell */
	static char *const arguments[] = { name, NULL };

	pid_t pid = fork();
	if (pid)
		return pid < 0 ? -errno : pid;
	prepare();
	child_console();
	execv("/bin/sh", arguments);
	dprintf(STDERR_FILENO, "execd: /bin/sh: %s (%s)\n", exec_reason(errno),
		strerrorname_np(errno));
	_exit(EXIT_NOT_FOUND);
}

pid_t spawn_command(char **arguments)
{
	pid_t pid = fork();
	if (pid)
		return pid < 0 ? -errno : pid;
	prepare();
	if (!child_command_files())
		child_console();
	int number = -sched_exec(arguments);
	dprintf(STDERR_FILENO, "execd: %s: %s (%s)\n", arguments[0], exec_reason(number),
		strerrorname_np(number));
	_exit(number == ENOENT ? EXIT_NOT_FOUND : EXIT_NOT_EXECUTABLE);
}
