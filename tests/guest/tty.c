// SPDX-License-Identifier: Apache-2.0
/*
 * tty.c - terminals from a program's side: settings, job control, the controlling terminal. What
 * happens to typed bytes is tests/kernel's business.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "tap.h"

#define FAILS(call, error) (errno = 0, (call) == -1 && errno == (error))

static volatile sig_atomic_t last_signal;

static void note(int number)
{
	last_signal = number;
}

static void test_settings(void)
{
	struct termios before, settings;
	struct winsize size = { 43, 132, 0, 0 }, read_back;
	int fd = open("/dev/ttyS0", O_RDWR | O_NOCTTY), count = -1;
	char byte;

	ok(fd >= 0 && isatty(fd) && tcgetattr(fd, &before) == 0, "a terminal");
	settings = before;
	cfmakeraw(&settings);
	settings.c_cc[VMIN] = 0;
	settings.c_cc[VTIME] = 1;
	ok(tcsetattr(fd, TCSAFLUSH, &settings) == 0 && tcgetattr(fd, &settings) == 0 &&
	   !(settings.c_lflag & (ICANON | ECHO)), "raw");
	ok(read(fd, &byte, 1) == 0, "VTIME ends a read");
	ok(ioctl(fd, TIOCSWINSZ, &size) == 0 && ioctl(fd, TIOCGWINSZ, &read_back) == 0 &&
	   read_back.ws_row == 43 && read_back.ws_col == 132, "the window's size");
	ok(ioctl(fd, FIONREAD, &count) == 0 && count == 0, "FIONREAD");
	settings = before;
	settings.c_lflag |= ICANON;
	ok(tcsetattr(fd, TCSANOW, &settings) == 0 && tcgetattr(fd, &settings) == 0 &&
			(settings.c_lflag & ICANON),
		"and cooked again");
	fcntl(fd, F_SETFL, O_NONBLOCK);
	ok(FAILS((int)read(fd, &byte, 1), EAGAIN), "nothing typed: EAGAIN");
	tcsetattr(fd, TCSANOW, &before);
	struct pollfd entry = { fd, POLLIN | POLLOUT, 0 };

	ok(poll(&entry, 1, 0) == 1 && entry.revents == POLLOUT, "poll: only output is ready");
	ok(FAILS(ioctl(fd, 0x12345678, 0), ENOTTY) &&
			FAILS(ioctl(fd, TIOCSWINSZ, (void *)8), EFAULT) &&
			FAILS((int)lseek(fd, 0, SEEK_SET), ESPIPE),
		"ENOTTY, EFAULT, ESPIPE");
	ok(FAILS(ioctl(fd, TIOCSPGRP, &count), ENOTTY), "not ours to control: ENOTTY");
	close(fd);
	fd = open("/dev/null", O_RDWR);
	ok(!isatty(fd) && errno == ENOTTY, "/dev/null is no terminal");
	close(fd);
}

/* In a session of its own, with ttyS0 as its terminal. */
static int control(void)
{
	int fd, group, status, tty;

	if (setsid() < 0 || !FAILS(open("/dev/tty", O_RDWR), ENXIO))
		return 1;
	fd = open("/dev/ttyS0", O_RDWR);
	tty = open("/dev/tty", O_RDWR);
	if (tty < 0 || tcgetpgrp(fd) != getpid() || tcgetsid(tty) != getpid())
		return 2;
	if (!FAILS(tcsetpgrp(fd, 99999), EPERM) || !FAILS(tcsetpgrp(fd, -1), EINVAL))
		return 3;
	signal(SIGTTOU, SIG_IGN);
	pid_t child = fork();

	if (child == 0) {
		struct sigaction action = { .sa_handler = note };
		char byte;

		setpgid(0, 0);
		sigaction(SIGTTIN, &action, NULL);
		if (!FAILS((int)read(fd, &byte, 1), EINTR) || last_signal != SIGTTIN)
			_exit(1);
		signal(SIGTTIN, SIG_IGN);
		_exit(FAILS((int)read(fd, &byte, 1), EIO) ? 0 : 2);
	}
	waitpid(child, &status, 0);
	if (status != 0)
		return 4;
	child = fork();
	if (child == 0) {
		setpgid(0, 0);
		signal(SIGTTIN, SIG_DFL);
		read(fd, &group, 1);
		_exit(0);
	}
	waitpid(child, &status, WUNTRACED);
	if (!WIFSTOPPED(status) || WSTOPSIG(status) != SIGTTIN)
		return 5;
	kill(child, SIGKILL);
	waitpid(child, &status, 0);
	struct winsize size = { (unsigned short)getpid(), 2, 3, 4 };

	signal(SIGWINCH, note);
	ioctl(fd, TIOCSWINSZ, &size);
	if (last_signal != SIGWINCH)
		return 6;
	signal(SIGHUP, note);
	if (ioctl(fd, TIOCNOTTY) != 0 || last_signal != SIGHUP ||
		!FAILS(open("/dev/tty", O_RDWR), ENXIO))
		return 7;
	return ioctl(fd, TIOCSCTTY, 0) == 0 && tcgetpgrp(fd) == getpid() ? 0 : 8;
}

static void test_job_control(void)
{
	int status;
	pid_t child = fork();

	if (child == 0)
		_exit(control());
	waitpid(child, &status, 0);
	ok(WIFEXITED(status) && WEXITSTATUS(status) == 0, "a session and its terminal (step %d)",
	   WEXITSTATUS(status));
	child = fork();
	if (child == 0)
		_exit(control());
	waitpid(child, &status, 0);
	ok(WIFEXITED(status) && WEXITSTATUS(status) == 0,
		"when its leader is gone the terminal is free (step %d)", WEXITSTATUS(status));
}

/* As long as a writer is busy it gets no other chance to die. */
static void test_long_write(void)
{
	static char nothing[64 << 20];
	int fd = open("/dev/ttyS0", O_RDWR | O_NOCTTY), status = 0;
	pid_t writer = fork();

	if (writer == 0) {
		ssize_t ignored = write(fd, nothing, sizeof(nothing));

		_exit(ignored > 0 ? 1 : 2);
	}
	usleep(20000);
	kill(writer, SIGINT);
	ok(waitpid(writer, &status, 0) == writer && WIFSIGNALED(status) && WTERMSIG(status) == SIGINT,
		"a signal ends a long write");
	close(fd);
}

int main(void)
{
	test_settings();
	test_job_control();
	test_long_write();
	return tap_done();
}
