// SPDX-License-Identifier: Apache-2.0
/*
 * abi.h - the numbers and structures of processes, signals and time in Linux's riscv64 ABI. Those
 * of files are in fs/abi.h.
 */
#ifndef KERNEL_SYS_ABI_H
#define KERNEL_SYS_ABI_H

#include <errno.h>
#include <stdint.h>

_Static_assert(ENOSYS == 38, "kernel/include must come before the C library's headers");

/* --- time --- */

struct abi_timespec {
	int64_t seconds, nanoseconds;
};
struct abi_timeval {
	int64_t seconds, microseconds;
};
struct abi_itimerval {
	struct abi_timeval interval, value;
};
struct abi_tms {
	int64_t user, system, child_user, child_system;
};

enum {
	CLOCK_REALTIME = 0, CLOCK_MONOTONIC = 1, CLOCK_PROCESS_CPUTIME_ID = 2,
	CLOCK_THREAD_CPUTIME_ID = 3, CLOCK_MONOTONIC_RAW = 4, CLOCK_REALTIME_COARSE = 5,
	CLOCK_MONOTONIC_COARSE = 6, CLOCK_BOOTTIME = 7, CLOCK_TAI = 11,
	TIMER_ABSTIME = 1,
	TICKS_PER_SECOND = 100, /* AT_CLKTCK, times(2) */
};

/* --- clone(2), wait4(2), waitid(2) --- */

#define CLONE_SIGNAL_MASK    0x000000ffULL
#define CLONE_VM             0x00000100ULL
#define CLONE_FS             0x00000200ULL
#define CLONE_FILES          0x00000400ULL
#define CLONE_SIGHAND        0x00000800ULL
#define CLONE_PIDFD          0x00001000ULL
#define CLONE_PTRACE         0x00002000ULL
#define CLONE_VFORK          0x00004000ULL
#define CLONE_PARENT         0x00008000ULL
#define CLONE_THREAD         0x00010000ULL
#define CLONE_NEWNS          0x00020000ULL
#define CLONE_SYSVSEM        0x00040000ULL
#define CLONE_SETTLS         0x00080000ULL
#define CLONE_PARENT_SETTID  0x00100000ULL
#define CLONE_CHILD_CLEARTID 0x00200000ULL
#define CLONE_DETACHED       0x00400000ULL
#define CLONE_UNTRACED       0x00800000ULL
#define CLONE_CHILD_SETTID   0x01000000ULL
#define CLONE_NEWCGROUP      0x02000000ULL
#define CLONE_NEWUTS         0x04000000ULL
#define CLONE_NEWIPC         0x08000000ULL
#define CLONE_NEWUSER        0x10000000ULL
#define CLONE_NEWPID         0x20000000ULL
#define CLONE_NEWNET         0x40000000ULL
#define CLONE_IO             0x80000000ULL
#define CLONE_CLEAR_SIGHAND  0x100000000ULL
#define CLONE_INTO_CGROUP    0x200000000ULL
#define CLONE_NEWTIME        0x00000080ULL

struct abi_clone_args {
	uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls;
	uint64_t set_tid, set_tid_size, cgroup;
};
enum { CLONE_ARGS_SIZE_VER0 = 64 };
_Static_assert(sizeof(struct abi_clone_args) == 88, "struct clone_args");

enum {
	WNOHANG = 1, WUNTRACED = 2, WSTOPPED = 2, WEXITED = 4, WCONTINUED = 8, WNOWAIT = 0x01000000,
	WNOTHREAD = 0x20000000, WALL = 0x40000000, WCLONE = (int)0x80000000,
	P_ALL = 0, P_PID = 1, P_PGID = 2, P_PIDFD = 3,
};

struct abi_rusage {
	struct abi_timeval user, system;
	int64_t max_resident_kib, unused_1[3], minor_faults, major_faults, swaps, blocks_in,
		blocks_out, messages_out, messages_in, signals, voluntary_switches,
		involuntary_switches;
};
_Static_assert(sizeof(struct abi_rusage) == 144, "struct rusage");

struct abi_rlimit {
	uint64_t soft, hard;
};
enum {
	RLIMIT_CPU, RLIMIT_FSIZE, RLIMIT_DATA, RLIMIT_STACK, RLIMIT_CORE, RLIMIT_RSS, RLIMIT_NPROC,
	RLIMIT_NOFILE, RLIMIT_MEMLOCK, RLIMIT_AS, RLIMIT_LOCKS, RLIMIT_SIGPENDING, RLIMIT_MSGQUEUE,
	RLIMIT_NICE, RLIMIT_RTPRIO, RLIMIT_RTTIME, RLIMIT_COUNT,
};
#define RLIMIT_INFINITY UINT64_MAX

/* --- signals --- */

enum { SIGNAL_SET_SIZE = 8 };

enum { SIGNAL_DEFAULT = 0, SIGNAL_IGNORE = 1 }; /* handlers */
#define SA_NOCLDSTOP 0x00000001ULL
#define SA_NOCLDWAIT 0x00000002ULL
#define SA_SIGINFO   0x00000004ULL
#define SA_ONSTACK   0x08000000ULL
#define SA_RESTART   0x10000000ULL
#define SA_NODEFER   0x40000000ULL
#define SA_RESETHAND 0x80000000ULL
#define SA_KNOWN \
	(SA_NOCLDSTOP | SA_NOCLDWAIT | SA_SIGINFO | SA_ONSTACK | SA_RESTART | SA_NODEFER | \
	 SA_RESETHAND)

enum {
	SI_USER = 0, SI_KERNEL = 0x80, SI_QUEUE = -1, SI_TKILL = -6,
	CLD_EXITED = 1, CLD_KILLED = 2, CLD_DUMPED = 3, CLD_STOPPED = 5, CLD_CONTINUED = 6,
	ILL_ILLOPC = 1, TRAP_BRKPT = 1, SEGV_MAPERR = 1, SEGV_ACCERR = 2, BUS_ADRALN = 1,
	BUS_ADRERR = 2,
	SIG_BLOCK = 0, SIG_UNBLOCK = 1, SIG_SETMASK = 2,
	SS_ONSTACK = 1, SS_DISABLE = 2, MINSIGSTKSZ = 2048,
};
#define SS_AUTODISARM 0x80000000U

struct abi_siginfo {
	int32_t number, error, code, padding;
	union {
		struct {
			int32_t pid;
			uint32_t uid;
			union {
				int32_t status;  /* SIGCHLD */
				uint64_t value;
			};
			uint64_t user_ticks, system_ticks;
		};
		uint64_t address; /* faults */
		uint64_t words[14];
	};
};
_Static_assert(sizeof(struct abi_siginfo) == 128, "siginfo_t");

struct abi_stack {
	uint64_t base;
	int32_t flags, padding;
	uint64_t size;
};
_Static_assert(sizeof(struct abi_stack) == 24, "stack_t");

/* --- uname(2), sysinfo(2) --- */

struct abi_utsname {
	char system[65], node[65], release[65], version[65], machine[65], domain[65];
};
_Static_assert(sizeof(struct abi_utsname) == 390, "struct new_utsname");

struct abi_sysinfo {
	int64_t uptime;
	uint64_t loads[3], total_ram, free_ram, shared_ram, buffer_ram, total_swap, free_swap;
	uint16_t processes, padding_1;
	uint32_t padding_2;
	uint64_t total_high, free_high;
	uint32_t unit, padding_3;
};
_Static_assert(sizeof(struct abi_sysinfo) == 112, "struct sysinfo");

#endif
