// SPDX-License-Identifier: Apache-2.0
/*
 * cmd_trace.c - `schedctl trace`: reads /dev/trace for a while and writes a timeline.
 *
 * The device makes records as long as it is open. It is read often enough that a ring of thousands of
 * records a CPU does not overflow on an ordinary load; when it does, the timeline says so.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tools/schedctl/commands.h"
#include "tools/schedctl/timeline.h"

#define DEVICE "/dev/trace"

enum { SECONDS_MAX = 3600, PAUSE_MS = 10 };

struct recording {
	int fd;
	struct trace_record *records;
	size_t count, room;
	int status; /* the command's, as waitpid(2) has it */
};

static volatile sig_atomic_t is_interrupted;

static void interrupt(int number)
{
	(void)number;
	is_interrupted = 1;
}

static enum exit_code trace_failed(const char *what)
{
	fprintf(stderr, "schedctl: trace: %s: %s\n", what, strerrordesc_np(errno));
	return EXIT_FAILED;
}

/* All that is there now. */
static bool drain(struct recording *recording)
{
	for (;;) {
		if (recording->count == recording->room) {
			size_t room = recording->room ? 2 * recording->room : 16384;
			void *grown = realloc(recording->records, room * sizeof(*recording->records));
			if (!grown)
				return false;
			recording->records = grown;
			recording->room = room;
		}
		ssize_t bytes = read(recording->fd, recording->records + recording->count,
				     (recording->room - recording->count) * sizeof(*recording->records));
		if (bytes <= 0)
			return bytes == 0 || errno == EINTR;
		recording->count += (size_t)bytes / sizeof(*recording->records);
	}
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* Until the time is over, or ^C; with a child until that has ended, which hears of ^C itself. */
static bool record(struct recording *recording, double seconds, pid_t child)
{
	const struct timespec pause = { 0, PAUSE_MS * 1000000L };
	double end = now() + seconds;
	bool goes_on = true;

	while (goes_on) {
		nanosleep(&pause, NULL);
		goes_on = child ? waitpid(child, &recording->status, WNOHANG) == 0
				: now() < end && !is_interrupted;
		if (!drain(recording))
			return false;
	}
	return true;
}

static pid_t start_command(char **command)
{
	pid_t child = fork();

	if (child == 0) {
		execvp(command[0], command);
		fprintf(stderr, "schedctl: trace: %s: %s\n", command[0], strerrordesc_np(errno));
		_exit(errno == ENOENT ? 127 : 126);
	}
	return child;
}

static enum exit_code write_timeline(const struct recording *recording, FILE *stream, const char *name)
{
	if (!timeline_write(stream, recording->records, recording->count) || fflush(stream) || ferror(stream))
		return trace_failed(name);
	return EXIT_DONE;
}

/* The command's exit status, as a shell tells it. */
static enum exit_code status_of(int status)
{
	return (enum exit_code)(WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status));
}

/* Records, and writes what there is to tell. */
static enum exit_code trace(FILE *stream, const char *name, double seconds, char **command)
{
	struct recording recording = { .fd = open(DEVICE, O_RDONLY | O_CLOEXEC) };
	enum exit_code code = EXIT_DONE;

	if (recording.fd < 0)
		return trace_failed(DEVICE);
	pid_t child = *command ? start_command(command) : 0;
	if (child < 0 || !record(&recording, seconds, child))
		code = trace_failed(DEVICE);
	close(recording.fd);
	if (code == EXIT_DONE)
		code = write_timeline(&recording, stream, name);
	free(recording.records);
	return code == EXIT_DONE ? status_of(recording.status) : code;
}

enum exit_code command_trace(struct session *session, int argc, char **argv)
{
	static const struct option options[] = {
		{ "seconds", required_argument, NULL, 's' },
		{ "output", required_argument, NULL, 'o' },
		COMMON_OPTIONS
	};
	const char *output = NULL;
	double seconds = 1;
	char *rest = "";
	enum exit_code code;
	int option;

	while ((option = option_next(session, argc, argv, "+:hR:s:o:", options)) >= 0) {
		if (option == 'o')
			output = optarg;
		else
			seconds = strtod(optarg, &rest);
		if (*rest || !(seconds > 0 && seconds <= SECONDS_MAX))
			return usage_error(session, "'%s' is no time: seconds up to %d are wanted", optarg,
					   SECONDS_MAX);
	}
	if (!options_done(option, &code))
		return code;
	signal(SIGINT, interrupt); /* before there is a file, which would stay empty */
	if (!output)
		return trace(stdout, "standard output", seconds, argv + optind);
	FILE *stream = fopen(output, "we"); /* before an hour is recorded in vain */
	if (!stream)
		return trace_failed(output);
	code = trace(stream, output, seconds, argv + optind);
	if (fclose(stream) && code == EXIT_DONE)
		code = trace_failed(output);
	return code;
}
