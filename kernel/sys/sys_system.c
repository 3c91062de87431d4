// SPDX-License-Identifier: Apache-2.0
/*
 * sys_system.c - the machine as a whole: its names, its memory, its log, its end.
 */
#include <string.h>

#include "kernel/dev/console.h"
#include "kernel/dev/machine.h"
#include "kernel/mm/address_space.h"
#include "kernel/mm/page.h"
#include "kernel/mm/slab.h"
#include "kernel/proc/family.h"
#include "kernel/smp/cpu.h"
#include "kernel/sys/abi.h"
#include "kernel/sys/random.h"
#include "kernel/sys/syscall.h"
#include "kernel/sys/system_name.h"

/* --- names --- */

static struct spinlock name_lock = SPINLOCK_INIT(LOCK_RANK_FILE_STATE);
static char host_name[SYSTEM_NAME_SIZE] = "taper";    /* under name_lock */
static char domain_name[SYSTEM_NAME_SIZE] = "(none)"; /* under name_lock */

static void get_name(const char *from, char *to)
{
	spin_lock(&name_lock);
	memcpy(to, from, SYSTEM_NAME_SIZE);
	spin_unlock(&name_lock);
}

static int set_name(char *to, const char *name, size_t length)
{
	if (length >= SYSTEM_NAME_SIZE)
		return -EINVAL;
	spin_lock(&name_lock);
	memset(to, 0, SYSTEM_NAME_SIZE);
	memcpy(to, name, length);
	spin_unlock(&name_lock);
	return 0;
}

void hostname_get(char name[SYSTEM_NAME_SIZE])
{
	get_name(host_name, name);
}

int hostname_set(const char *name, size_t length)
{
	return set_name(host_name, name, length);
}

static int64_t set_name_from_user(char *to, const uint64_t *argument)
{
	char name[SYSTEM_NAME_SIZE];

	if (!cred_has(&current->cred, CAP_SYS_ADMIN))
		return -EPERM;
	if (argument[1] >= SYSTEM_NAME_SIZE)
		return -EINVAL;
	if (copy_from_user(name, argument[0], argument[1]))
		return -EFAULT;
	return set_name(to, name, argument[1]);
}

int64_t sys_sethostname(const uint64_t *argument)
{
	return set_name_from_user(host_name, argument);
}

int64_t sys_setdomainname(const uint64_t *argument)
{
	return set_name_from_user(domain_name, argument);
}

int64_t sys_uname(const uint64_t *argument)
{
	struct abi_utsname names = {
		.system = SYSTEM_NAME, .release = SYSTEM_RELEASE, .version = SYSTEM_VERSION,
		.machine = SYSTEM_MACHINE,
	};

	get_name(host_name, names.node);
	get_name(domain_name, names.domain);
	return copy_to_user(argument[0], &names, sizeof(names));
}

/* --- state --- */

int64_t sys_sysinfo(const uint64_t *argument)
{
	struct page_counts pages = page_count();
	struct abi_sysinfo info = {
		.uptime = (int64_t)(time_now_ns() / NSEC_PER_SEC),
		.total_ram = pages.total * PAGE_SIZE,
		.free_ram = pages.free * PAGE_SIZE,
		.processes = (uint16_t)task_count(),
		.unit = 1,
	};

	return copy_to_user(argument[0], &info, sizeof(info));
}

int64_t sys_getrandom(const uint64_t *argument)
{
	enum { FLAGS_KNOWN = 7, PIECE = 256 };
	uint8_t bytes[PIECE];
	uint64_t length = MIN(argument[1], (uint64_t)INT32_MAX), done = 0;

	if (argument[2] & ~(uint64_t)FLAGS_KNOWN)
		return -EINVAL;
	while (done < length) {
		uint64_t part = MIN(length - done, (uint64_t)PIECE);

		random_bytes(bytes, part);
		if (copy_to_user(argument[0] + done, bytes, part))
			return done ? (int64_t)done : -EFAULT;
		done += part;
		if (task_has_signal(current))
			break;
		preempt_point();
	}
	return (int64_t)done;
}

/* syslog(2): the log as it is; it is never emptied, and its console level is fixed. */
int64_t sys_syslog(const uint64_t *argument)
{
	enum {
		CLOSE = 0,
		OPEN = 1,
		READ = 2,
		READ_ALL = 3,
		READ_CLEAR = 4,
		CLEAR = 5,
		LEVEL_LAST = 8,
		SIZE_UNREAD = 9,
		SIZE_BUFFER = 10
	};
	enum { LOG_BYTES_MAX = 1 << 20 };
	int command = (int)argument[0], size = (int)argument[2];
	char *text;
	size_t length;
	int64_t answer;

	if (command < CLOSE || command > SIZE_BUFFER)
		return -EINVAL;
	if (command == SIZE_BUFFER || command == SIZE_UNREAD)
		return (int64_t)log_length();
	if (command != READ && command != READ_ALL && command != READ_CLEAR)
		return 0;
	if (!cred_has(&current->cred, CAP_SYSLOG) && !cred_has(&current->cred, CAP_SYS_ADMIN))
		return -EPERM;
	if (size < 0 || !argument[1])
		return -EINVAL;
	length = MIN((size_t)size, (size_t)LOG_BYTES_MAX);
	text = kmalloc(length);
	if (!text)
		return -ENOMEM;
	length = log_copy(text, length);
	answer = copy_to_user(argument[1], text, length) ? -EFAULT : (int64_t)length;
	kfree(text);
	return answer;
}

/* --- the end --- */

/* reboot(2). RESTART2's argument, the exit status of the machine, is a word and not a string:
 * POWER_OFF takes it too, where the machine can report one. */
int64_t sys_reboot(const uint64_t *argument)
{
	enum { MAGIC = 0xfee1dead, MAGIC_2A = 672274793, MAGIC_2B = 85072278, MAGIC_2C = 369367448,
	       MAGIC_2D = 537993216 };
	const uint32_t restart = 0x01234567, halt = 0xcdef0123, cad_on = 0x89abcdef, cad_off = 0,
		       power_off = 0x4321fedc;
	uint32_t second = (uint32_t)argument[1], command = (uint32_t)argument[2];

	if (!cred_has(&current->cred, CAP_SYS_BOOT))
		return -EPERM;
	if ((uint32_t)argument[0] != MAGIC ||
	    (second != MAGIC_2A && second != MAGIC_2B && second != MAGIC_2C && second != MAGIC_2D))
		return -EINVAL;
	if (command == restart)
		machine_restart();
	if (command == halt)
		machine_halt();
	if (command == power_off) {
		sched_check();
		machine_power_off((int)(argument[3] & 0xff));
	}
	return command == cad_on || command == cad_off ? 0 : -EINVAL;
}

/* --- the processor --- */

/* riscv_hwprobe(2): the same answers for every CPU. Unknown keys become -1. */
static void probe(int64_t *key, uint64_t *value)
{
	enum {
		VENDOR = 0,
		ARCHITECTURE = 1,
		IMPLEMENTATION = 2,
		BASE = 3,
		EXTENSIONS = 4,
		MISALIGNED = 5,
		ADDRESS_MAX = 7,
		TIME_HZ = 8
	};
	enum { BASE_IMA = 1, HAS_FD = 1, HAS_C = 2 };

	*value = 0;
	switch (*key) {
	case VENDOR:
	case ARCHITECTURE:
	case IMPLEMENTATION:
	case MISALIGNED: /* unknown */
		return;
	case BASE:
		*value = BASE_IMA;
		return;
	case EXTENSIONS:
		*value = HAS_FD | HAS_C;
		return;
	case ADDRESS_MAX:
		*value = USER_END - 1;
		return;
	case TIME_HZ:
		*value = machine.timebase_hz;
		return;
	default:
		*key = -1;
	}
}

int64_t sys_riscv_hwprobe(const uint64_t *argument)
{
	struct { int64_t key; uint64_t value; } pair;

	if (argument[4])
		return -EINVAL; /* WHICH_CPUS: they are all alike */
	if (!!argument[2] != !!argument[3])
		return -EINVAL;
	for (uint64_t i = 0; i < argument[1]; i++) {
		uaddr_t address = argument[0] + i * sizeof(pair);

		if (address < argument[0] || copy_from_user(&pair, address, sizeof(pair)))
			return -EFAULT;
		probe(&pair.key, &pair.value);
		if (copy_to_user(address, &pair, sizeof(pair)))
			return -EFAULT;
		preempt_point();
	}
	return 0;
}
