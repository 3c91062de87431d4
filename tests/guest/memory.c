// SPDX-License-Identifier: Apache-2.0
/*
 * memory.c - mmap and its kin as a program sees them: what is mapped reads and writes as it
 * should, what is not is a signal or an errno, and nobody else notices.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/guest/tap.h"

enum { PAGE = 4096, READ_WRITE = PROT_READ | PROT_WRITE, ANONYMOUS = MAP_PRIVATE | MAP_ANONYMOUS };

static char *map_pages(size_t pages)
{
	char *memory = mmap(NULL, pages * PAGE, READ_WRITE, ANONYMOUS, -1, 0);
	return memory == MAP_FAILED ? NULL : memory;
}

/* What became of a child that ran the function: its signal, or 0 when it came to the end. */
static int signal_of(void (*function)(void *), void *argument)
{
	int status = 0;
	pid_t child = fork();
	if (child == 0) {
		function(argument);
		_exit(0);
	}
	waitpid(child, &status, 0);
	return WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status);
}

static void read_byte(void *at) { (void)*(volatile char *)at; }
static void write_byte(void *at) { *(volatile char *)at = 1; }
static void call(void *at) { ((void (*)(void))at)(); }

static void test_anonymous(void)
{
	char *memory = map_pages(4);
	int zero = 1;
	for (int i = 0; i < 4 * PAGE; i++)
		zero &= memory[i] == 0;
	ok(zero, "new memory reads as zero");
	memset(memory, 'a', 4 * PAGE);
	ok(munmap(memory + PAGE, PAGE) == 0, "a page in the middle is unmapped");
	ok(memory[0] == 'a' && memory[2 * PAGE] == 'a', "its neighbours stay");
	ok(signal_of(read_byte, memory + PAGE) == SIGSEGV, "reading it is SIGSEGV");
	ok(signal_of(write_byte, memory + PAGE) == SIGSEGV, "writing it is SIGSEGV");
	ok(mmap(memory + PAGE, PAGE, READ_WRITE, ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) ==
	   memory + PAGE, "the hole can be filled");
	ok(memory[PAGE] == 0, "and reads as zero");
	ok(signal_of(read_byte, NULL) == SIGSEGV, "a NULL pointer is SIGSEGV");
	ok(signal_of(read_byte, (void *)0xffffffff80000000) == SIGSEGV, "the kernel is SIGSEGV");
	ok(signal_of(write_byte, (void *)0xffffffc080200000) == SIGSEGV, "its RAM too");
	munmap(memory, 4 * PAGE);
}

static void test_protection(void)
{
	char *memory = map_pages(3);
	memset(memory, 'b', 3 * PAGE);
	ok(mprotect(memory + PAGE, PAGE, PROT_READ) == 0, "a page becomes read-only");
	ok(memory[PAGE] == 'b', "and keeps what it held");
	ok(signal_of(write_byte, memory + PAGE) == SIGSEGV, "writing it is SIGSEGV");
	ok(signal_of(write_byte, memory + 2 * PAGE) == 0, "writing its neighbour is not");
	ok(mprotect(memory + PAGE, PAGE, PROT_NONE) == 0, "a page becomes inaccessible");
	ok(signal_of(read_byte, memory + PAGE) == SIGSEGV, "reading it is SIGSEGV");
	ok(mprotect(memory, 3 * PAGE, READ_WRITE) == 0 && memory[PAGE] == 'b', "and comes back");
	memory[PAGE] = 'c';
	ok(signal_of(call, memory) == SIGSEGV, "data cannot be executed");
	ok(mprotect(memory, PAGE, READ_WRITE | PROT_EXEC) == -1 && errno == EACCES,
	   "writable and executable at once is EACCES");
	ok(mmap(NULL, PAGE, READ_WRITE | PROT_EXEC, ANONYMOUS, -1, 0) == MAP_FAILED &&
	   errno == EACCES, "for mmap too");
	static const uint32_t code[] = { 0x02a00513, 0x00008067 }; /* li a0, 42; ret */
	memcpy(memory, code, sizeof(code));
	ok(mprotect(memory, PAGE, PROT_READ | PROT_EXEC) == 0, "written code becomes executable");
	__builtin___clear_cache(memory, memory + sizeof(code));
	ok(((int (*)(void))memory)() == 42, "and runs");
	munmap(memory + PAGE, PAGE);
	ok(mprotect(memory, 3 * PAGE, PROT_READ) == -1 && errno == ENOMEM,
	   "mprotect over a hole is ENOMEM");
	munmap(memory, 3 * PAGE);
}

static void test_break(void)
{
	char *start = sbrk(0);
	ok(brk(start + 20 * PAGE) == 0 && sbrk(0) == start + 20 * PAGE, "the break moves up");
	memset(start, 'd', 20 * PAGE);
	ok(brk(start) == 0, "and down");
	ok(signal_of(read_byte, start + 10 * PAGE) == SIGSEGV, "what was above is gone");
	ok(brk(start + 20 * PAGE) == 0 && start[10 * PAGE] == 0, "and is zero when it comes again");
	ok(brk((void *)-1) == -1 && errno == ENOMEM, "a wild break is ENOMEM");
	brk(start);
}

static void child_writes(void *argument)
{
	char *memory = argument;
	memory[0] = 'x';
	memory[PAGE] = 'x';
	if (memory[0] != 'x' || memory[2 * PAGE] != 'e')
		_exit(1);
}

static void test_copy_on_write(void)
{
	char *memory = map_pages(3);
	memset(memory, 'e', 3 * PAGE);
	ok(signal_of(child_writes, memory) == 0, "a child writes to its copy");
	ok(memory[0] == 'e' && memory[PAGE] == 'e', "its parent does not see it");
	int back[2], forth[2];
	ok(pipe(back) == 0 && pipe(forth) == 0, "pipes to speak through");
	pid_t child = fork();
	if (child == 0) {
		char byte;
		if (read(forth[0], &byte, 1) != 1 || write(back[1], memory, 1) != 1)
			_exit(1);
		_exit(0);
	}
	memory[0] = 'p';
	char seen = 0;
	ok(write(forth[1], "g", 1) == 1 && read(back[0], &seen, 1) == 1 && seen == 'e',
	   "a child does not see what its parent wrote after the fork");
	waitpid(child, NULL, 0);
	char *shared = mmap(NULL, 2 * PAGE, READ_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	shared[0] = 's';
	signal_of(write_byte, shared + PAGE);
	ok(signal_of(write_byte, shared) == 0 && shared[0] == 1 && shared[PAGE] == 1,
	   "shared memory is the same on both sides");
	munmap(shared, 2 * PAGE);
	munmap(memory, 3 * PAGE);
}

static void test_files(void)
{
	char bytes[PAGE];
	int file = open("/tmp/memory-test", O_RDWR | O_CREAT | O_TRUNC, 0600);
	memset(bytes, 'f', sizeof(bytes));
	if (!ok(file >= 0 && write(file, bytes, PAGE) == PAGE && write(file, "end", 3) == 3,
		"a file to map"))
		return;
	char *shared = mmap(NULL, 3 * PAGE, READ_WRITE, MAP_SHARED, file, 0);
	char *private = mmap(NULL, 3 * PAGE, READ_WRITE, MAP_PRIVATE, file, 0);
	ok(shared != MAP_FAILED && private != MAP_FAILED, "it maps, shared and private");
	ok(private[0] == 'f' && shared[PAGE + 2] == 'd' && shared[PAGE + 3] == 0,
	   "what it holds is there, zeroes behind its end");
	private[0] = 'p';
	ok(shared[0] == 'f', "a private write stays private");
	shared[1] = 's';
	ok(pread(file, bytes, 2, 0) == 2 && bytes[0] == 'f' && bytes[1] == 's',
	   "a shared write is the file's");
	ok(private[0] == 'p', "the private page stays as it is");
	ok(signal_of(read_byte, shared + 2 * PAGE) == SIGBUS, "past the last page is SIGBUS");
	ok(signal_of(write_byte, private + 2 * PAGE) == SIGBUS, "privately too");
	int reader = open("/tmp/memory-test", O_RDONLY);
	ok(mmap(NULL, PAGE, READ_WRITE, MAP_SHARED, reader, 0) == MAP_FAILED && errno == EACCES,
	   "a read-only descriptor gives no shared writable mapping");
	char *readable = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, reader, 0);
	ok(readable != MAP_FAILED && mprotect(readable, PAGE, READ_WRITE) == -1 && errno == EACCES,
	   "mprotect does not make it one");
	close(file);
	close(reader);
	unlink("/tmp/memory-test");
	ok(private[PAGE] == 'e' && shared[1] == 's', "mappings outlive the file's name");
	munmap(shared, 3 * PAGE);
	munmap(private, 3 * PAGE);
	munmap(readable, PAGE);
}

static void test_remap(void)
{
	char *memory = map_pages(2);
	char *blocker = mmap(memory + 2 * PAGE, PAGE, PROT_NONE, ANONYMOUS | MAP_FIXED, -1, 0);
	memory[0] = 'm';
	memory[PAGE] = 'n';
	ok(mremap(memory, 2 * PAGE, 8 * PAGE, 0) == MAP_FAILED && errno == ENOMEM,
	   "mremap cannot grow in place into another mapping");
	char *moved = mremap(memory, 2 * PAGE, 600 * PAGE, MREMAP_MAYMOVE);
	ok(moved != MAP_FAILED && moved != memory && moved[0] == 'm' && moved[PAGE] == 'n' &&
	   moved[599 * PAGE] == 0, "it moves with its contents");
	ok(signal_of(read_byte, memory) == SIGSEGV, "the old place is empty");
	ok(mremap(moved, 600 * PAGE, PAGE, 0) == moved && moved[0] == 'm', "it shrinks");
	ok(signal_of(read_byte, moved + PAGE) == SIGSEGV, "and its end is gone");
	ok(mremap(moved, 2 * PAGE, 3 * PAGE, MREMAP_MAYMOVE) == MAP_FAILED && errno == EFAULT,
	   "mremap of what is not mapped is EFAULT");
	ok(madvise(moved, PAGE, MADV_DONTNEED) == 0 && moved[0] == 0, "MADV_DONTNEED drops pages");
	ok(madvise(moved, PAGE, 1000) == -1 && errno == EINVAL, "unknown advice is EINVAL");
	munmap(moved, PAGE);
	munmap(blocker, PAGE);
}

static long raw_map(uintptr_t at, size_t length, int flags, int fd, long offset)
{
	return syscall(SYS_mmap, at, length, READ_WRITE, flags, fd, offset) == -1 ? errno : 0;
}

static void test_hostile_arguments(void)
{
	char *memory = map_pages(1);
	ok(raw_map(0, 0, ANONYMOUS, -1, 0) == EINVAL, "no length is EINVAL");
	ok(raw_map(0, PAGE, MAP_ANONYMOUS, -1, 0) == EINVAL, "neither shared nor private: EINVAL");
	ok(raw_map(0, PAGE, MAP_PRIVATE, -1, 0) == EBADF, "no file is EBADF");
	ok(raw_map(0, PAGE, MAP_PRIVATE, 0x7fffffff, 0) == EBADF, "a wild descriptor is EBADF");
	ok(raw_map(0, PAGE, MAP_PRIVATE, 0, 1) == EINVAL, "an odd offset is EINVAL");
	ok(raw_map(0, SIZE_MAX, ANONYMOUS, -1, 0) == ENOMEM, "the longest length is ENOMEM");
	ok(raw_map(0, 1UL << 38, ANONYMOUS, -1, 0) == ENOMEM, "all addresses are ENOMEM");
	ok(raw_map(0, 1UL << 36, ANONYMOUS, -1, 0) == ENOMEM, "more than there is is ENOMEM");
	ok(raw_map(0, 1UL << 36, ANONYMOUS | MAP_NORESERVE, -1, 0) == 0, "unless not reserved");
	ok(raw_map(1, PAGE, ANONYMOUS | MAP_FIXED, -1, 0) == EINVAL, "an odd place is EINVAL");
	ok(raw_map(0, PAGE, ANONYMOUS | MAP_FIXED, -1, 0) == EPERM, "the first page is EPERM");
	ok(raw_map(0x3ffffff000, 2 * PAGE, ANONYMOUS | MAP_FIXED, -1, 0) == ENOMEM,
	   "beyond the user's half is ENOMEM");
	ok(raw_map(0xffffffff80000000, PAGE, ANONYMOUS | MAP_FIXED, -1, 0) == ENOMEM,
	   "the kernel's place is ENOMEM");
	ok(raw_map((uintptr_t)memory, PAGE, ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) == EEXIST,
	   "a taken place is EEXIST where it may not be replaced");
	ok(munmap(memory + 1, PAGE) == -1 && errno == EINVAL, "munmap of an odd place is EINVAL");
	ok(munmap(memory, 0) == -1 && errno == EINVAL, "of nothing too");
	ok(munmap((void *)0xffffffff80000000, PAGE) == -1 && errno == EINVAL, "of the kernel too");
	ok(munmap((void *)0x1000000000, 1UL << 30) == 0, "of what is not mapped it is nothing");
	ok(mprotect(memory, SIZE_MAX, PROT_READ) == -1 && errno == ENOMEM, "mprotect of all");
	ok(mlock(memory, PAGE) == 0 && munlock(memory, PAGE) == 0, "mlock and munlock");
	ok(mlock((void *)0x1000000000, PAGE) == -1 && errno == ENOMEM, "mlock of a hole is ENOMEM");
	munmap(memory, PAGE);
}

static void test_user_copies(void)
{
	static char from[9000], to[9000];
	int ends[2], wrong = 0;
	for (size_t i = 0; i < sizeof(from); i++)
		from[i] = (char)(i * 7 + (i >> 8));
	ok(pipe(ends) == 0, "a pipe");
	for (size_t source = 0; source < 9; source++)
		for (size_t target = 0; target < 9; target++)
			for (size_t length = 1; length < 9000; length = length * 3 + 1) {
				if (length + 9 > sizeof(from))
					continue;
				memset(to, 0, length + target + 1);
				wrong += write(ends[1], from + source, length) != (ssize_t)length;
				wrong += read(ends[0], to + target, length) != (ssize_t)length;
				wrong += memcmp(from + source, to + target, length) != 0;
				wrong += to[target + length] != 0;
			}
	ok(wrong == 0, "copies are exact at every alignment");
	char *memory = map_pages(2);
	munmap(memory + PAGE, PAGE);
	ok(write(ends[1], memory + PAGE, 1) == -1 && errno == EFAULT, "a hole is EFAULT");
	ok(write(ends[1], (void *)-1, 1) == -1 && errno == EFAULT, "a wild pointer is EFAULT");
	ok(write(ends[1], (void *)0xffffffff80000000, 8) == -1 && errno == EFAULT,
	   "the kernel's memory is EFAULT");
	ok(write(ends[1], "abcdefgh", 8) == 8 &&
	   read(ends[0], (void *)(uintptr_t)test_user_copies, 8) == -1 && errno == EFAULT,
	   "reading into code is EFAULT");
	ok(open((char *)-5, O_RDONLY) == -1 && errno == EFAULT, "a wild path is EFAULT");
	memset(memory, 'x', PAGE);
	ok(open(memory, O_RDONLY) == -1 && (errno == EFAULT || errno == ENAMETOOLONG),
	   "a path without an end is an error");
	munmap(memory, PAGE);
	close(ends[0]);
	close(ends[1]);
}

static int dive(int depth)
{
	volatile char room[1024];
	room[0] = (char)depth;
	return depth ? dive(depth - 1) + room[0] : room[0];
}

static void dive_to(void *depth) { dive((int)(intptr_t)depth); }

static void touch_everything(void *unused)
{
	(void)unused;
	for (;;) {
		char *memory = map_pages(256);
		if (!memory)
			_exit(1);
		memset(memory, 1, 256 * PAGE);
	}
}

static unsigned long free_memory(void)
{
	struct sysinfo info;
	return sysinfo(&info) ? 0 : info.freeram * info.mem_unit;
}

static void fork_bystander(void *unused)
{
	(void)unused;
	_exit(signal_of(read_byte, &(char){ 0 }));
}

static void test_limits(void)
{
	ok(signal_of(dive_to, (void *)4000) == 0, "4 MiB of stack are there");
	ok(signal_of(dive_to, (void *)40000) == SIGSEGV, "40 MiB are SIGSEGV");
	struct rlimit saved, tight = { 64 << 20, RLIM_INFINITY };
	getrlimit(RLIMIT_AS, &saved);
	tight.rlim_max = saved.rlim_max;
	setrlimit(RLIMIT_AS, &tight);
	ok(raw_map(0, 65 << 20, ANONYMOUS | MAP_NORESERVE, -1, 0) == ENOMEM, "RLIMIT_AS holds");
	setrlimit(RLIMIT_AS, &saved);
	ok(raw_map(0, 65 << 20, ANONYMOUS | MAP_NORESERVE, -1, 0) == 0, "and lets go");
	signal_of(fork_bystander, NULL);
	unsigned long before = free_memory();
	ok(signal_of(touch_everything, NULL) == SIGKILL, "who takes all memory is killed");
	ok(signal_of(fork_bystander, NULL) == 0, "others live on");
	for (int i = 0; i < 50; i++)
		signal_of(fork_bystander, NULL);
	unsigned long after = free_memory();
	ok(after + (1 << 20) >= before, "and all memory is back (%lu KiB before, %lu after)",
	   before / 1024, after / 1024);
}

static volatile int stop;

static void *write_on(void *counter)
{
	while (!stop)
		++*(volatile unsigned long *)counter;
	return NULL;
}

static void *fault_all_over(void *memory)
{
	for (int round = 0; round < 200 && !stop; round++)
		for (int page = 0; page < 64; page++)
			++((volatile char *)memory)[page * PAGE];
	return NULL;
}

/* A page that another CPU writes to without a pause is replaced under it: from then on the old
 * page, seen through a second mapping, stands still. */
static void test_other_cpus(void)
{
	int file = open("/tmp/memory-test", O_RDWR | O_CREAT | O_TRUNC, 0600);
	ok(file >= 0 && ftruncate(file, PAGE) == 0, "a page with two mappings");
	volatile unsigned long *seen = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, file, 0);
	int moved_on = 0, stood_still = 0;
	for (int round = 0; round < 50; round++) {
		char *written = mmap(NULL, PAGE, READ_WRITE, MAP_SHARED, file, 0);
		pthread_t writer;
		stop = 0;
		pthread_create(&writer, NULL, write_on, written);
		unsigned long start = *seen;
		for (unsigned long spins = 0; *seen == start && spins < 100000000; spins++)
			;
		mmap(written, PAGE, READ_WRITE, ANONYMOUS | MAP_FIXED, -1, 0);
		unsigned long last = *seen;
		for (volatile int spin = 0; spin < 20000; spin++)
			;
		stood_still += *seen == last;
		stop = 1;
		pthread_join(writer, NULL);
		moved_on += *(unsigned long *)written > 0;
		munmap(written, PAGE);
	}
	ok(stood_still == 50, "a replaced page is not written any more (%d of 50)", stood_still);
	ok(moved_on > 0, "the writer goes on in the new one (%d of 50)", moved_on);
	close(file);
	unlink("/tmp/memory-test");

	char *memory = map_pages(64);
	pthread_t threads[4];
	stop = 0;
	for (int i = 0; i < 4; i++)
		pthread_create(&threads[i], NULL, fault_all_over, memory);
	int errors = 0;
	for (int round = 0; round < 100; round++) {
		errors += madvise(memory, 64 * PAGE, MADV_DONTNEED) != 0;
		errors += signal_of(read_byte, memory + PAGE) != 0;
	}
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	ok(errors == 0, "four threads fault while pages go and processes fork");
	munmap(memory, 64 * PAGE);
}

int main(void)
{
	test_anonymous();
	test_protection();
	test_break();
	test_copy_on_write();
	test_files();
	test_remap();
	test_hostile_arguments();
	test_user_copies();
	test_limits();
	test_other_cpus();
	return tap_done();
}
