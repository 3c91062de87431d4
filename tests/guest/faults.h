// SPDX-License-Identifier: Apache-2.0
/*
 * faults.h - every allocation of an operation fails once in turn (/proc/fail-nth, which only the
 * checked kernel has): the operation says so and has changed nothing, until it needs no more.
 */
#ifndef TESTS_GUEST_FAULTS_H
#define TESTS_GUEST_FAULTS_H

#include <dirent.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/wait.h>

#include "tests/guest/group.h"
#include "tests/guest/tap.h"

struct operation {
	const char *name;
	int (*run)(void);  /* 0 or -errno */
	void (*undo)(void); /* after success: everything is as before; NULL: it is */
	int other_error;   /* what it answers besides -ENOMEM, or 0 */
};

enum { FAULTS_NTH_MAX = 400, IMAGE_SIZE = 1 << 16 };

static int fail_fd = -1;

/* False, and said so: this kernel cannot. */
static inline bool fail_open(void)
{
	char text[32];

	fail_fd = open("/proc/fail-nth", O_RDWR);
	if (fail_fd < 0) {
		puts("Bail out! this kernel cannot fail on purpose");
		return false;
	}
	(void)!pread(fail_fd, text, sizeof(text), 0); /* its buffer is made now */
	return true;
}

static inline void fail_arm(unsigned int nth)
{
	char text[16];
	int length = snprintf(text, sizeof(text), "%u", nth);

	(void)!pwrite(fail_fd, text, (size_t)length, 0);
}

/* How many allocations were left; 0: one has failed. */
static inline long fail_disarm(void)
{
	char text[32] = "";

	(void)!pread(fail_fd, text, sizeof(text) - 1, 0);
	(void)!pwrite(fail_fd, "0", 1, 0);
	return atol(text);
}

/* ---- what everything looks like ---- */

struct image {
	size_t length;
	char text[IMAGE_SIZE];
};

static inline void add_text(struct image *image, const char *text)
{
	size_t length = strnlen(text, sizeof(image->text) - 1 - image->length);

	memcpy(image->text + image->length, text, length);
	image->length += length;
	image->text[image->length] = '\0';
}

static inline void add_file(struct image *image, const char *path)
{
	char text[4096];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t length = 0;

	add_text(image, path);
	add_text(image, ":\n");
	while (fd >= 0 && (length = read(fd, text, sizeof(text) - 1)) > 0) {
		text[length] = '\0';
		add_text(image, text);
	}
	if (fd >= 0)
		close(fd);
}

/* What goes on counting while nothing changes. */
static inline int is_volatile(const char *file)
{
	return !strncmp(file, "cpu.stat", 8) || !strcmp(file, "cpu.pressure") ||
	       !strcmp(file, "memory.peak");
}

static inline void add_group(struct image *image, const char *group)
{
	char path[GROUP_PATH];
	struct dirent *entry;
	struct stat status;

	group_path(path, group, "");
	DIR *directory = opendir(path);
	if (!directory)
		return;
	while ((entry = readdir(directory))) {
		group_path(path, group, entry->d_name);
		if (stat(path, &status) || is_volatile(entry->d_name))
			continue;
		char attributes[64];
		snprintf(attributes, sizeof(attributes), "%o %u ", status.st_mode, status.st_uid);
		add_text(image, attributes);
		if (S_ISREG(status.st_mode))
			add_file(image, path);
	}
	closedir(directory);
}

/* ---- trying ---- */

static unsigned long faults_injected, faults_survived;

/* Fails each allocation of the operation in turn; `look` fills an image, NULL: nobody looks. Answers
 * NULL, or what was wrong. */
static const char *fail_each(const struct operation *operation, void (*look)(struct image *))
{
	static struct image before, after;
	static char complaint[256];

	before.length = 0;
	if (look)
		look(&before);
	for (unsigned int nth = 1; nth < FAULTS_NTH_MAX; nth++) {
		fail_arm(nth);
		int answer = operation->run();
		long left = fail_disarm();
		snprintf(complaint, sizeof(complaint), "allocation %u failed, answer %d", nth, answer);
		if (answer && answer != -ENOMEM && answer != operation->other_error)
			return complaint;
		if (answer && left) {
			snprintf(complaint, sizeof(complaint), "nothing failed, answer %d", answer);
			return complaint;
		}
		if (!answer && operation->undo)
			operation->undo();
		faults_injected += !left;
		faults_survived += !left && !answer;
		after.length = 0;
		if (look)
			look(&after);
		if (look && strcmp(before.text, after.text)) {
			size_t at = 0;
			while (before.text[at] == after.text[at])
				at++;
			size_t from = at > 60 ? at - 60 : 0;
			printf("# before: ...%.120s\n# after:  ...%.120s\n", before.text + from,
			       after.text + from);
			return complaint;
		}
		if (left)
			return NULL;
	}
	return "there is no end";
}

/* ---- operations on files of the tree ---- */

static inline int result(long answer)
{
	return answer < 0 ? -errno : 0;
}

/* A function that writes a pseudo-file, one that takes it back, and their row in a list of operations. */
#define WRITE_FUNCTIONS(id, group, file, text, back) \
	static int put_##id(void) { return group_put(group, file, text); } \
	static void unput_##id(void) { group_put(group, file, back); }
#define WRITE_ROWS(id, group, file, text, back) \
	{ "write " text " to " file, put_##id, unput_##id, 0 },

/* ---- what is in use ---- */

enum { CACHES_MAX = 80 };

struct usage {
	int count;
	char names[CACHES_MAX][32];
	long objects[CACHES_MAX];
	long pages; /* that are in use and no slab's */
};

/* The files stay open, so that reading them always needs the same. */
static void take_usage(struct usage *usage)
{
	static int slab_fd = -1, memory_fd = -1;
	static char text[16384];
	long total = 0, free_kib = 0, slab_pages = 0;

	if (slab_fd < 0) {
		slab_fd = open("/proc/slabinfo", O_RDONLY);
		memory_fd = open("/proc/meminfo", O_RDONLY);
		(void)!pread(slab_fd, text, sizeof(text) - 1, 0);
		(void)!pread(memory_fd, text, sizeof(text) - 1, 0);
	}
	usleep(50000); /* tasks give back their last as they are reaped, or soon after */
	ssize_t length = pread(memory_fd, text, sizeof(text) - 1, 0);
	text[length > 0 ? length : 0] = '\0';
	sscanf(text, "MemTotal: %ld kB MemFree: %ld kB", &total, &free_kib);
	length = pread(slab_fd, text, sizeof(text) - 1, 0);
	text[length > 0 ? length : 0] = '\0';
	usage->count = 0;
	for (char *line = text; line && usage->count < CACHES_MAX; line = strchr(line, '\n')) {
		line += *line == '\n';
		long used, all, size, capacity, pages;
		char *name = usage->names[usage->count];
		if (sscanf(line, "%31s %ld %ld %ld %ld %ld", name, &used, &all, &size, &capacity,
			   &pages) != 6)
			continue;
		usage->objects[usage->count++] = used;
		slab_pages += all / capacity * pages;
	}
	usage->pages = total / 4 - free_kib / 4 - slab_pages;
}

/* ---- all of them ---- */

enum { LEAK_ROUNDS = 8 };

/* What is kept for the next time is there after the first rounds. */
static inline int leaks(const struct operation *operation)
{
	static struct usage before, after;
	int found = 0;

	fail_each(operation, NULL);
	take_usage(&before);
	for (int i = 0; i < LEAK_ROUNDS; i++)
		fail_each(operation, NULL);
	take_usage(&after);
	for (int i = 0; i < after.count; i++) {
		long more = after.objects[i] - before.objects[i];
		if (more >= LEAK_ROUNDS)
			printf("# %s: %ld more objects of %s\n", operation->name, more,
			       after.names[i]);
		found += more >= LEAK_ROUNDS;
	}
	if (after.pages >= before.pages + LEAK_ROUNDS)
		printf("# %s: %ld more pages\n", operation->name, after.pages - before.pages);
	return found || after.pages >= before.pages + LEAK_ROUNDS;
}

static inline void faults_test(const struct operation *operations, int count,
			       void (*look)(struct image *))
{
	unsigned long injected;
	int found = 0;

	for (int i = 0; i < count; i++) {
		injected = faults_injected;
		const char *wrong = fail_each(&operations[i], look);
		ok(!wrong, "%s: %lu allocations failed%s%s", operations[i].name,
		   faults_injected - injected, wrong ? ": " : "", wrong ? wrong : "");
	}
	injected = faults_injected;
	for (int i = 0; i < count; i++)
		found += leaks(&operations[i]);
	ok(!found, "%lu failures leave nothing behind", faults_injected - injected);
}

#endif
