// SPDX-License-Identifier: Apache-2.0
/*
 * elf.c - programs that are none: a small good one, and every way in which its headers can lie. The
 * last test changes bytes at random (its seed is printed): whatever comes of it, the kernel stays.
 */
#define _GNU_SOURCE
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/guest/tap.h"

enum { BASE = 0x10000, GOOD_STATUS = 42, SIGNALLED = 1000 };
static const char path[] = "/tmp/program";

struct image {
	Elf64_Ehdr header;
	Elf64_Phdr segments[3];
	uint32_t code[3];
	char name[32];
};

/* Exits with 42. */
static struct image good_image(void)
{
	struct image image = {
		.header = {.e_type = ET_EXEC,
			.e_machine = EM_RISCV,
			.e_version = EV_CURRENT,
			.e_entry = BASE + offsetof(struct image, code),
			.e_phoff = offsetof(struct image, segments),
			.e_ehsize = sizeof(Elf64_Ehdr),
			.e_phentsize = sizeof(Elf64_Phdr),
			.e_phnum = 1},
		.code = {0x02a00513, 0x05d00893, 0x00000073}, /* li a0, 42; li a7, 93; ecall */
	};

	memcpy(image.header.e_ident, ELFMAG, SELFMAG);
	image.header.e_ident[EI_CLASS] = ELFCLASS64;
	image.header.e_ident[EI_DATA] = ELFDATA2LSB;
	image.header.e_ident[EI_VERSION] = EV_CURRENT;
	image.segments[0] = (Elf64_Phdr){.p_type = PT_LOAD,
		.p_flags = PF_R | PF_X,
		.p_vaddr = BASE,
		.p_filesz = sizeof(image),
		.p_memsz = sizeof(image),
		.p_align = 4096};
	image.segments[1] = (Elf64_Phdr){.p_type = PT_LOAD,
		.p_flags = PF_R | PF_W,
		.p_vaddr = BASE + 0x100000,
		.p_memsz = 4096,
		.p_align = 4096};
	return image;
}

/* Runs it: its exit status, SIGNALLED + a signal, or minus the errno of exec. */
static int run_bytes(const void *bytes, size_t size)
{
	int fd = open(path, O_CREAT | O_TRUNC | O_WRONLY, 0755), ends[2], error = 0, status = 0;
	pid_t child;

	if (fd < 0 || write(fd, bytes, size) != (ssize_t)size || pipe2(ends, O_CLOEXEC))
		return -1000;
	close(fd);
	child = fork();
	if (child == 0) {
		alarm(2); /* a changed program may never end */
		execl(path, path, NULL);
		error = errno;
		_exit(write(ends[1], &error, sizeof(error)) != sizeof(error));
	}
	close(ends[1]);
	if (read(ends[0], &error, sizeof(error)) != sizeof(error))
		error = 0;
	close(ends[0]);
	waitpid(child, &status, 0);
	if (error)
		return -error;
	return WIFEXITED(status) ? WEXITSTATUS(status) : SIGNALLED + WTERMSIG(status);
}

static int run(const struct image *image)
{
	return run_bytes(image, sizeof(*image));
}

#define TRY(expected, name, ...) \
do { \
	struct image image = good_image(); \
	int answer; \
	__VA_ARGS__; \
	answer = run(&image); \
	ok(answer == (expected), "%s (%d)", name, answer); \
} while (0)

static void test_headers(void)
{
	TRY(GOOD_STATUS, "a good program runs", (void)0);
	TRY(-ENOEXEC, "no magic", image.header.e_ident[1] = 'e');
	TRY(-ENOEXEC, "32 bits", image.header.e_ident[EI_CLASS] = ELFCLASS32);
	TRY(-ENOEXEC, "big-endian", image.header.e_ident[EI_DATA] = ELFDATA2MSB);
	TRY(-ENOEXEC, "another machine", image.header.e_machine = EM_X86_64);
	TRY(-ENOEXEC, "an object file", image.header.e_type = ET_REL);
	TRY(-ENOEXEC, "a core file", image.header.e_type = ET_CORE);
	TRY(-ENOEXEC, "no segments", image.header.e_phnum = 0);
	TRY(-ENOEXEC, "65535 segments", image.header.e_phnum = 0xffff);
	TRY(-ENOEXEC, "segment headers of another size", image.header.e_phentsize = 32);
	TRY(-ENOEXEC, "segment headers past the end", image.header.e_phoff = 1 << 20);
	TRY(-ENOEXEC, "segment headers at the end of numbers",
		image.header.e_phoff = UINT64_MAX - 7);
	TRY(-ENOEXEC, "nothing to load", image.segments[0].p_type = PT_NOTE);
}

static void test_segments(void)
{
	TRY(-ENOEXEC, "more in the file than in memory", image.segments[0].p_memsz = 8);
	TRY(-ENOEXEC, "past the end of the file",
	    image.segments[0].p_filesz = image.segments[0].p_memsz = 1 << 20);
	TRY(-ENOEXEC, "an offset at the end of numbers",
		image.segments[0].p_offset = UINT64_MAX & ~4095UL);
	TRY(-ENOEXEC, "offset and address that do not fit", image.segments[0].p_vaddr = BASE + 8);
	TRY(-ENOEXEC, "an address of the kernel", image.segments[0].p_vaddr = 0xffffffff80000000);
	TRY(-ENOEXEC, "an address at the end of numbers",
		image.segments[0].p_vaddr = UINT64_MAX & ~4095UL);
	TRY(-ENOEXEC, "page zero", image.segments[0].p_vaddr = 0);
	TRY(-ENOEXEC, "a size at the end of numbers", image.segments[0].p_memsz = UINT64_MAX);
	TRY(-ENOEXEC, "segments that overlap",
	    (image.header.e_phnum = 2, image.segments[1].p_vaddr = BASE));
	TRY(GOOD_STATUS, "an empty segment anywhere",
		(image.header.e_phnum = 2, image.segments[1].p_memsz = 0,
			image.segments[1].p_vaddr = UINT64_MAX));
	TRY(GOOD_STATUS, "zeros to write to", image.header.e_phnum = 2);
	TRY(SIGNALLED + 11, "an entry where nothing is", image.header.e_entry = 0x1000000);
	TRY(SIGNALLED + 11, "an entry in the kernel", image.header.e_entry = 0xffffffff80000000);
	TRY(SIGNALLED + 11, "code that may not run", image.segments[0].p_flags = PF_R);
	TRY(GOOD_STATUS, "a program that may be anywhere",
	    (image.header.e_type = ET_DYN, image.segments[0].p_vaddr = 0,
	     image.header.e_entry = offsetof(struct image, code)));
	TRY(-ENOEXEC, "one that is too large for anywhere",
	    (image.header.e_type = ET_DYN, image.segments[0].p_memsz = 1UL << 38));
}

static void name_interpreter(struct image *image, const char *name, size_t size)
{
	image->header.e_phnum = 2;
	image->segments[1] = (Elf64_Phdr){.p_type = PT_INTERP,
		.p_offset = offsetof(struct image, name),
		.p_filesz = size,
		.p_memsz = size};
	strcpy(image->name, name);
}

static void test_interpreter(void)
{
	TRY(-ENOENT, "an interpreter that is not there",
		name_interpreter(&image, "/tmp/absent", 12));
	TRY(-ENOEXEC, "a name without an end", name_interpreter(&image, "/tmp/absent", 11));
	TRY(-ENOEXEC, "a name of no bytes", name_interpreter(&image, "", 0));
	TRY(-ENOEXEC, "a name as large as the file", name_interpreter(&image, "/", 1 << 20));
	TRY(-ELIBBAD, "an interpreter that is a directory or no program",
		(close(open("/tmp/junk", O_CREAT | O_WRONLY, 0755)),
			name_interpreter(&image, "/tmp/junk", 10)));
	TRY(-ENOEXEC, "a name past the end of the file",
	    (name_interpreter(&image, "/x", 3), image.segments[1].p_offset = 1 << 30));
}

static void test_truncation(void)
{
	struct image image = good_image();
	int good = 1;

	for (size_t size = 0; size < sizeof(image); size++)
		good &= run_bytes(&image, size) == -ENOEXEC;
	ok(good, "every shorter file is no program");
}

static void test_random_changes(void)
{
	enum { ROUNDS = 600 };
	unsigned int seed = 20260101, ran = 0;

	printf("# seed %u\n", seed);
	for (int round = 0; round < ROUNDS; round++) {
		struct image image = good_image();
		uint8_t *bytes = (uint8_t *)&image;
		int changes = 1 + rand_r(&seed) % 3;

		image.header.e_phnum = (Elf64_Half)(1 + rand_r(&seed) % 3);
		for (int i = 0; i < changes; i++) {
			size_t at = (size_t)rand_r(&seed) % offsetof(struct image, code);

			bytes[at] = (uint8_t)(rand_r(&seed) % 4 ? rand_r(&seed) : 0xff);
		}
		ran += run(&image) == GOOD_STATUS;
	}
	ok(ran > 0, "of %d changed at random, %u still ran", ROUNDS, ran);
	TRY(GOOD_STATUS, "and a good one runs after them", (void)0);
}

int main(void)
{
	test_headers();
	test_segments();
	test_interpreter();
	test_truncation();
	test_random_changes();
	return tap_done();
}
