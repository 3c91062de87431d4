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
};

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

/* Until the time is over, or the child has ended. */
static bool record(struct recording *recording, double seconds, pid_t child)
{
	const struct timespec pause = { 0, PAUSE_MS * 1000000L };
	double end = now() + seconds;
	bool goes_on = true;

	while (goes_on) {
		nanosleep(&pause, NULL);
		goes_on = child ? waitpid(child, NULL, WNOHANG) == 0 : now() < end;
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

static enum exit_code write_timeline(const struct recording *recording, const char *output)
{
	FILE *stream = output ? fopen(output, "we") : stdout;
	enum exit_code code = EXIT_DONE;

	if (!stream)
		return trace_failed(output);
	if (!timeline_write(stream, recording->records, recording->count) || fflush(stream) || ferror(stream))
		code = trace_failed(output ? output : "standard output");
	if (output && fclose(stream) && code == EXIT_DONE)
		code = trace_failed(output);
	return code;
}

enum exit_code command_trace(struct session *session, int argc, char **argv)
{
	static const struct option options[] = {
		{ "seconds", required_argument, NULL, 's' },
		{ "output", required_argument, NULL, 'o' },
		COMMON_OPTIONS
	};
	struct recording recording = { .fd = -1 };
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
	recording.fd = open(DEVICE, O_RDONLY | O_CLOEXEC);
	if (recording.fd < 0)
		return trace_failed(DEVICE);
	pid_t child = optind < argc ? start_command(argv + optind) : 0;
	if (child < 0 || !record(&recording, seconds, child))
		code = trace_failed(DEVICE);
	close(recording.fd);
	if (code == EXIT_DONE)
		code = write_timeline(&recording, output);
	free(recording.records);
	return code;
}
