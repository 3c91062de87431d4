// SPDX-License-Identifier: Apache-2.0
/*
 * faults.c - every allocation of every kind of call is failed once in turn (faults.h): the call answers
 * ENOMEM, the tree and the address space are bit for bit as before, and nothing leaks.
 */
#define _GNU_SOURCE
#include <elf.h>
#include <linux/sched.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/syscall.h>

#include "tests/guest/faults.h"

enum { PAGE = 4096 };

#define SCRATCH "/tmp/faults"

static pid_t sleeper, sleeper_thread;
static int watcher, watch, many_fd, made_fd = -1, ends[2] = { -1, -1 };
static char *area, *moved;
static size_t moved_size;

/* ---- the tree ---- */

/* One row a pseudo-file that can be written: what is written, and what takes it back. */
#define WRITES(row) \
	row(cpus, "faults/d", "cpuset.cpus", "0", "\n") \
	row(cpus_of_tasks, "faults/a", "cpuset.cpus", "0", "0-N") \
	row(exclusive, "faults", "cpuset.cpus.exclusive", "0", "\n") \
	row(partition, "faults/b", "cpuset.cpus.partition", "root", "member") \
	row(mems, "faults/d", "cpuset.mems", "0", "\n") \
	row(weight, "faults/a", "cpu.weight", "300", "100") \
	row(nice, "faults/a", "cpu.weight.nice", "5", "0") \
	row(idle, "faults/a", "cpu.idle", "1", "0") \
	row(memory_max, "faults/a", "memory.max", "1G", "max") \
	row(oom_group, "faults/a", "memory.oom.group", "1", "0") \
	row(pids_max, "faults/a", "pids.max", "100", "max") \
	row(control, "faults/b", "cgroup.subtree_control", "+pids +memory", "-pids -memory") \
	row(trigger, "faults/a", "cpu.pressure", "some 1 2", "full 1 2") \
	row(freeze, "faults/a", "cgroup.freeze", "1", "0") \
	row(depth, "faults/a", "cgroup.max.depth", "5", "max") \
	row(descendants, "faults/a", "cgroup.max.descendants", "5", "max") \
	row(kill_nobody, "faults/b", "cgroup.kill", "1", "1")
WRITES(WRITE_FUNCTIONS)

static int make_group(void) { return group_make("faults/c"); }
static void unmake_group(void) { group_remove("faults/c"); }
static int remove_group(void) { return group_remove("faults/d"); }
static void remake_group(void) { group_make("faults/d"); }
static int become_threaded(void) { return group_put("faults/a/u", "cgroup.type", "threaded"); }
static void renew_group(void) { group_remove("faults/a/u"), group_make("faults/a/u"); }
static int move_process(void) { return group_move("faults/b", sleeper); }
static void move_back(void) { group_move("faults/a", sleeper); }

static int move_thread(void)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", sleeper_thread);
	return group_put("faults/a/t", "cgroup.threads", text);
}

static void move_thread_back(void)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", sleeper_thread);
	group_put("faults/a", "cgroup.threads", text);
}

static int change_mode(void) { return result(chmod(GROUP_ROOT "/faults/a/cpu.weight", 0600)); }
static void unchange_mode(void) { chmod(GROUP_ROOT "/faults/a/cpu.weight", 0644); }
static int change_owner(void) { return result(chown(GROUP_ROOT "/faults/a", 7, 7)); }
static void unchange_owner(void) { chown(GROUP_ROOT "/faults/a", 0, 0); }

static int read_all(void)
{
	static const char *const files[] = {
		"cgroup.procs", "cgroup.threads", "cgroup.events", "cgroup.controllers", "cgroup.stat",
		"cgroup.type", "cgroup.subtree_control", "cgroup.freeze", "cpuset.cpus",
		"cpuset.cpus.effective", "cpu.stat", "cpu.weight", "pids.current", "pids.events",
		"memory.current", "memory.stat", "memory.events",
	};
	char text[GROUP_PATH];
	int error = 0;

	for (size_t i = 0; !error && i < sizeof(files) / sizeof(files[0]); i++) {
		int length = group_get("faults/a", files[i], text, sizeof(text));
		error = length < 0 ? length : 0;
	}
	return error;
}

static int list_directory(void)
{
	char text[8192];
	int fd = group_open("faults", "", O_RDONLY | O_DIRECTORY);

	if (fd < 0)
		return fd;
	int error = result(syscall(SYS_getdents64, fd, text, sizeof(text)));
	close(fd);
	return error;
}

static int poll_many(void)
{
	struct pollfd entries[40];

	for (int i = 0; i < 40; i++)
		entries[i] = (struct pollfd){ .fd = many_fd, .events = POLLPRI };
	return result(poll(entries, 40, 1));
}

static int add_watch(void)
{
	watch = inotify_add_watch(watcher, GROUP_ROOT "/faults/a/cgroup.events", IN_MODIFY);
	return result(watch);
}
static void remove_watch(void)
{
	char text[256];

	inotify_rm_watch(watcher, watch);
	while (read(watcher, text, sizeof(text)) > 0) /* that it is gone */
		;
}

static int pin(void)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(0, &set);
	return result(sched_setaffinity(0, sizeof(set), &set));
}
static void unpin(void)
{
	cpu_set_t set;

	memset(&set, 0xff, sizeof(set));
	sched_setaffinity(0, sizeof(set), &set);
}

/* ---- processes ---- */

static int clone_child(uint64_t flags, int fd)
{
	struct clone_args args = { .flags = flags, .exit_signal = SIGCHLD,
				   .cgroup = (unsigned int)fd };
	long child = syscall(SYS_clone3, &args, sizeof(args));

	if (child == 0)
		_exit(0);
	return result(child);
}
static void reap(void) { wait(NULL); }
static int fork_child(void) { return clone_child(0, 0); }
static int fork_sharing(void) { return clone_child(CLONE_VFORK | CLONE_FILES | CLONE_FS, 0); }
static int fork_into(void) { return clone_child(CLONE_INTO_CGROUP, many_fd); }

static void *no_work(void *argument) { return argument; }

static int start_thread(void)
{
	pthread_t thread;
	int error = pthread_create(&thread, NULL, no_work, NULL);

	if (!error)
		pthread_join(thread, NULL);
	return -error;
}

/* A program of nine instructions: it exits with the first character of /proc/fail-nth. */
static void make_program(void)
{
	enum { ADDRESS = 0x10000, A0 = 10, A1, A2, A3, A7 = 17, SP = 2 };
#define ADDI(to, from, value) \
	((uint32_t)(value) << 20 | (uint32_t)(from) << 15 | (uint32_t)(to) << 7 | 0x13)
	struct {
		Elf64_Ehdr header;
		Elf64_Phdr segment;
		uint32_t code[9];
	} program = {
		.header = { .e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT },
			    .e_type = ET_EXEC, .e_machine = EM_RISCV, .e_version = EV_CURRENT,
			    .e_entry = ADDRESS + sizeof(Elf64_Ehdr) + sizeof(Elf64_Phdr),
			    .e_phoff = sizeof(Elf64_Ehdr), .e_ehsize = sizeof(Elf64_Ehdr),
			    .e_phentsize = sizeof(Elf64_Phdr), .e_phnum = 1 },
		.segment = { .p_type = PT_LOAD, .p_flags = PF_R | PF_X, .p_vaddr = ADDRESS,
			     .p_paddr = ADDRESS, .p_filesz = sizeof(program),
			     .p_memsz = sizeof(program), .p_align = PAGE },
		.code = { ADDI(A7, 0, SYS_pread64), ADDI(A0, 0, fail_fd), ADDI(A1, SP, -64),
			  ADDI(A2, 0, 32), ADDI(A3, 0, 0), 0x73 /* ecall */,
			  0xfc014503 /* lbu a0, -64(sp) */, ADDI(A7, 0, SYS_exit), 0x73 },
	};
	int fd = open(SCRATCH "/program", O_CREAT | O_WRONLY, 0700);

	(void)!write(fd, &program, sizeof(program));
	close(fd);
}

/* Past the point of no return a failure kills the child. */
static int execute(void)
{
	char text[32] = "";
	int status;

	(void)!pread(fail_fd, text, sizeof(text) - 1, 0);
	fail_disarm();
	pid_t child = fork();
	if (child == 0) {
		fail_arm((unsigned int)atol(text));
		execl(SCRATCH "/program", "program", NULL);
		_exit(errno);
	}
	if (waitpid(child, &status, 0) != child)
		return -ECHILD;
	if (WIFSIGNALED(status))
		return WTERMSIG(status) == SIGKILL ? -ENOMEM : -EIO;
	if (WEXITSTATUS(status) > '0')
		fail_arm(1); /* some were left: none has failed */
	return WEXITSTATUS(status) >= '0' ? 0 : -WEXITSTATUS(status);
}

/* ---- files ---- */

static int open_new(void)
{
	made_fd = open(SCRATCH "/new", O_CREAT | O_EXCL | O_RDWR, 0600);
	return result(made_fd);
}
static void close_new(void) { close(made_fd), unlink(SCRATCH "/new"); }

static int write_pages(void)
{
	static char block[8 * PAGE] = "x";
	int fd = open(SCRATCH "/file", O_RDWR);

	if (fd < 0)
		return -errno;
	ssize_t length = pwrite(fd, block, sizeof(block), 0);
	int error = result(length);
	close(fd);
	return error ? error : length == sizeof(block) ? 0 : -ENOMEM; /* or less of it */
}
static void cut_file(void) { (void)!truncate(SCRATCH "/file", 0); }
static int make_directory(void) { return result(mkdir(SCRATCH "/dir", 0700)); }
static void remove_directory(void) { rmdir(SCRATCH "/dir"); }
static int make_link(void) { return result(link(SCRATCH "/file", SCRATCH "/link")); }
static void remove_link(void) { unlink(SCRATCH "/link"); }
static int make_symlink(void) { return result(symlink("/a/place", SCRATCH "/link")); }
static int make_fifo(void) { return result(mkfifo(SCRATCH "/link", 0600)); }
static int rename_file(void) { return result(rename(SCRATCH "/file", SCRATCH "/other")); }
static void rename_back(void) { rename(SCRATCH "/other", SCRATCH "/file"); }
static int mount_tmpfs(void) { return result(mount("none", SCRATCH "/mount", "tmpfs", 0, NULL)); }
static void unmount(void) { umount(SCRATCH "/mount"); }

static int get_directory(void)
{
	char text[256];

	return result(syscall(SYS_getcwd, text, sizeof(text)));
}

static int make_pipe(void) { return result(pipe(ends)); }
static void close_pipe(void) { close(ends[0]), close(ends[1]); }

static int fill_pipe(void)
{
	static char block[4 * PAGE] = "x";

	if (pipe2(ends, O_NONBLOCK))
		return -errno;
	ssize_t length = write(ends[1], block, sizeof(block));
	int error = result(length);
	close_pipe();
	return error ? error : length == sizeof(block) ? 0 : -ENOMEM;
}

static int make_memory_file(void)
{
	made_fd = (int)syscall(SYS_memfd_create, "faults", 0);
	return result(made_fd);
}
static void close_made(void) { close(made_fd); }

static int dup_high(void)
{
	made_fd = fcntl(many_fd, F_DUPFD, 700);
	return result(made_fd);
}

static int lock_file(void)
{
	int fd = open(SCRATCH "/file", O_RDWR);

	if (fd < 0)
		return -errno;
	int error = result(syscall(SYS_flock, fd, 2 /* LOCK_EX */));
	close(fd);
	return error;
}

static int send_file(void)
{
	int from = open("/proc/version", O_RDONLY), to = open("/dev/null", O_WRONLY);
	int error = from < 0 || to < 0 ? -errno : result(sendfile(to, from, NULL, 100));

	close(from);
	close(to);
	return error;
}

static int read_proc(void)
{
	static const char *const files[] = { "/proc/self/status", "/proc/self/maps", "/proc/self/cgroup",
					     "/proc/self/stat", "/proc/meminfo", "/proc/mounts",
					     "/proc/self/cmdline", "/sys/devices/system/cpu/online" };
	char text[4096];

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		int fd = open(files[i], O_RDONLY);
		if (fd < 0)
			return -errno;
		int error = result(read(fd, text, sizeof(text)));
		close(fd);
		if (error)
			return error;
	}
	return 0;
}

static int set_groups(void)
{
	gid_t groups[3] = { 1, 2, 3 };

	return result(syscall(SYS_setgroups, 3, groups));
}
static void unset_groups(void) { syscall(SYS_setgroups, 0, NULL); }

static int send_signal(void) { return result(kill(getpid(), SIGUSR1)); }

/* ---- memory ---- */

static int map_some(void)
{
	moved_size = 4 * PAGE;
	moved = mmap(NULL, moved_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return moved == MAP_FAILED ? -errno : 0;
}
static void unmap_some(void) { munmap(moved, moved_size); }

static int map_shared(void)
{
	moved_size = 4 * PAGE;
	moved = mmap(NULL, moved_size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	return moved == MAP_FAILED ? -errno : 0;
}

/* Read into memory that is not there yet: the fault is tried again. */
static int read_into_fresh(void)
{
	int error = map_shared();

	if (error)
		return error;
	int fd = open("/dev/zero", O_RDONLY);
	ssize_t length = fd < 0 ? -1 : read(fd, moved, moved_size);
	error = result(length);
	close(fd);
	unmap_some();
	return error ? error : (size_t)length == moved_size ? 0 : -ENOMEM;
}

static int cut_hole(void) { return result(munmap(area + 4 * PAGE, PAGE)); }
static void fill_hole(void)
{
	mmap(area + 4 * PAGE, PAGE, PROT_READ | PROT_WRITE,
	     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	area[4 * PAGE] = 4;
}
static int protect_some(void) { return result(mprotect(area + 4 * PAGE, PAGE, PROT_READ)); }
static void unprotect(void) { mprotect(area + 4 * PAGE, PAGE, PROT_READ | PROT_WRITE); }

/* To the other end of the address space, which takes new tables; what is in it comes along. */
static int move_memory(void)
{
	char *to = mremap(area, 16 * PAGE, 16 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, moved);

	return to == MAP_FAILED ? -errno : 0;
}
static void move_memory_back(void)
{
	mremap(moved, 16 * PAGE, 16 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, area);
}
static int move_far(void)
{
	moved = (char *)0x1000000000;
	return move_memory();
}

static void look(struct image *image)
{
	add_group(image, "faults");
	add_group(image, "faults/a");
	add_group(image, "faults/a/t");
	add_group(image, "faults/a/u");
	add_group(image, "faults/b");
	add_group(image, "faults/c");
	add_group(image, "faults/d");
	add_file(image, "/proc/self/maps");
	for (int i = 0; i < 16; i++) {
		char text[8];
		snprintf(text, sizeof(text), "%d ", area[i * PAGE]);
		add_text(image, text);
	}
}

static const struct operation operations[] = {
	WRITES(WRITE_ROWS)
	{ "mkdir of a group", make_group, unmake_group, 0 },
	{ "rmdir of a group", remove_group, remake_group, 0 },
	{ "write threaded to cgroup.type", become_threaded, renew_group, 0 },
	{ "write a process to cgroup.procs", move_process, move_back, 0 },
	{ "write a thread to cgroup.threads", move_thread, move_thread_back, 0 },
	{ "chmod of a pseudo-file", change_mode, unchange_mode, 0 },
	{ "chown of a group", change_owner, unchange_owner, 0 },
	{ "open and read pseudo-files", read_all, NULL, 0 },
	{ "getdents of a group", list_directory, NULL, 0 },
	{ "poll", poll_many, NULL, 0 },
	{ "inotify_add_watch", add_watch, remove_watch, 0 },
	{ "sched_setaffinity", pin, unpin, 0 },
	{ "fork", fork_child, reap, -EAGAIN },
	{ "vfork", fork_sharing, reap, -EAGAIN },
	{ "clone3 into a group", fork_into, reap, -EAGAIN },
	{ "pthread_create", start_thread, NULL, -EAGAIN },
	{ "execve", execute, NULL, 0 },
	{ "open of a new file", open_new, close_new, -ENOSPC },
	{ "write of pages to a file", write_pages, cut_file, -ENOSPC },
	{ "mkdir", make_directory, remove_directory, -ENOSPC },
	{ "link", make_link, remove_link, -ENOSPC },
	{ "symlink", make_symlink, remove_link, -ENOSPC },
	{ "mknod of a FIFO", make_fifo, remove_link, -ENOSPC },
	{ "rename", rename_file, rename_back, 0 },
	{ "mount", mount_tmpfs, unmount, -ENOSPC },
	{ "getcwd", get_directory, NULL, 0 },
	{ "pipe", make_pipe, close_pipe, 0 },
	{ "write of pages to a pipe", fill_pipe, NULL, 0 },
	{ "memfd_create", make_memory_file, close_made, -ENOSPC },
	{ "fcntl F_DUPFD of a high number", dup_high, close_made, 0 },
	{ "flock", lock_file, NULL, 0 },
	{ "sendfile", send_file, NULL, 0 },
	{ "open and read in /proc", read_proc, NULL, 0 },
	{ "setgroups", set_groups, unset_groups, 0 },
	{ "kill", send_signal, NULL, -EAGAIN },
	{ "mmap", map_some, unmap_some, 0 },
	{ "mmap of shared memory", map_shared, unmap_some, 0 },
	{ "read into memory that is not there yet", read_into_fresh, NULL, 0 },
	{ "munmap of a middle", cut_hole, fill_hole, 0 },
	{ "mprotect of a middle", protect_some, unprotect, 0 },
	{ "mremap to far away", move_far, move_memory_back, 0 },
};
enum { OPERATIONS = sizeof(operations) / sizeof(operations[0]) };

/* ---- all together ---- */

static void *sleep_in_thread(void *told)
{
	*(volatile pid_t *)told = (pid_t)syscall(SYS_gettid);
	for (;;)
		pause();
	return told;
}

static void prepare(void)
{
	volatile pid_t *told = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
				    -1, 0);

	group_put("", "cgroup.subtree_control", "+cpuset +cpu +memory +pids");
	group_make("faults");
	group_put("faults", "cgroup.subtree_control", "+cpuset +cpu +memory +pids");
	group_make("faults/a");
	group_put("faults/a", "cpuset.cpus", "0-N");
	group_make("faults/a/u");
	group_make("faults/a/t");
	group_put("faults/a/t", "cgroup.type", "threaded");
	group_make("faults/b");
	group_put("faults/b", "cpuset.cpus", "0");
	group_make("faults/d");
	sleeper = fork();
	if (sleeper == 0) {
		pthread_t thread;
		group_move("faults/a", 0);
		pthread_create(&thread, NULL, sleep_in_thread, (void *)(uintptr_t)told);
		for (;;)
			pause();
	}
	while (!*told)
		usleep(1000);
	sleeper_thread = *told;
	mkdir(SCRATCH, 0700);
	mkdir(SCRATCH "/mount", 0700);
	make_program();
	close(open(SCRATCH "/file", O_CREAT | O_RDWR, 0600));
	watcher = inotify_init1(IN_NONBLOCK);
	many_fd = group_open("faults/b", "", O_RDONLY | O_DIRECTORY);
	area = mmap((void *)0x800000000, 16 * PAGE, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	for (int i = 0; i < 16; i++)
		area[i * PAGE] = (char)i;
	signal(SIGUSR1, SIG_IGN);
	start_thread(); /* its stack stays for the next */
}

static void clean_up(void)
{
	kill(sleeper, SIGKILL);
	waitpid(sleeper, NULL, 0);
	close(many_fd);
	for (int i = 0; i < 1000 && group_remove("faults/a/t"); i++)
		usleep(1000);
	group_remove("faults/a/u");
	ok(group_remove("faults/a") == 0 && group_remove("faults/b") == 0 &&
		   group_remove("faults/d") == 0 && group_remove("faults") == 0, "all groups go");
}

int main(void)
{
	if (!fail_open())
		return 1;
	prepare();
	faults_test(operations, OPERATIONS, look);
	clean_up();
	return tap_done();
}
