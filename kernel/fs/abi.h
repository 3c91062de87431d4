// SPDX-License-Identifier: Apache-2.0
/*
 * abi.h - the numbers and structures of files in Linux's riscv64 ABI.
 */
#ifndef KERNEL_FS_ABI_H
#define KERNEL_FS_ABI_H

#include "kernel/sys/abi.h"

enum {
	PATH_SIZE_MAX = 4096, /* with the NUL */
	NAME_SIZE_MAX = 255,  /* without */
	SYMLINK_MAX = 40,     /* followed in one look-up */
	IOV_COUNT_MAX = 1024,
};
#define TRANSFER_MAX 0x7ffff000UL /* bytes of one read or write */

/* open(2), fcntl(2) */
enum {
	O_RDONLY = 0, O_WRONLY = 1, O_RDWR = 2, O_ACCMODE = 3,
	O_CREAT = 0100, O_EXCL = 0200, O_NOCTTY = 0400, O_TRUNC = 01000, O_APPEND = 02000,
	O_NONBLOCK = 04000, O_DSYNC = 010000, O_ASYNC = 020000, O_DIRECT = 040000,
	O_LARGEFILE = 0100000, O_DIRECTORY = 0200000, O_NOFOLLOW = 0400000, O_NOATIME = 01000000,
	O_CLOEXEC = 02000000, O_SYNC = 04010000, O_PATH = 010000000, O_TMPFILE_BIT = 020000000,
};
enum {
	F_DUPFD = 0, F_GETFD = 1, F_SETFD = 2, F_GETFL = 3, F_SETFL = 4, F_GETLK = 5, F_SETLK = 6,
	F_SETLKW = 7, F_DUPFD_CLOEXEC = 1030, F_SETPIPE_SZ = 1031, F_GETPIPE_SZ = 1032,
	FD_CLOEXEC = 1,
};
enum {
	AT_FDCWD = -100, AT_SYMLINK_NOFOLLOW = 0x100, AT_EACCESS = 0x200, AT_REMOVEDIR = 0x200,
	AT_SYMLINK_FOLLOW = 0x400, AT_NO_AUTOMOUNT = 0x800, AT_EMPTY_PATH = 0x1000,
	AT_STATX_SYNC_TYPE = 0x6000,
};
enum { RENAME_NOREPLACE = 1, RENAME_EXCHANGE = 2 };
enum {
	SEEK_FROM_START = 0,
	SEEK_FROM_HERE = 1,
	SEEK_FROM_END = 2,
	SEEK_TO_DATA = 3,
	SEEK_TO_HOLE = 4
};
enum { ACCESS_EXEC = 1, ACCESS_WRITE = 2, ACCESS_READ = 4 };

/* st_mode */
enum {
	S_IFMT = 0170000,
	S_IFSOCK = 0140000,
	S_IFLNK = 0120000,
	S_IFREG = 0100000,
	S_IFBLK = 0060000,
	S_IFDIR = 0040000,
	S_IFCHR = 0020000,
	S_IFIFO = 0010000,
	S_ISUID = 04000,
	S_ISGID = 02000,
	S_ISVTX = 01000,
	S_PERMISSIONS = 07777,
};

/* mount(2), umount2(2) */
enum {
	MS_RDONLY = 1,
	MS_NOSUID = 2,
	MS_NODEV = 4,
	MS_NOEXEC = 8,
	MS_SYNCHRONOUS = 16,
	MS_REMOUNT = 32,
	MS_NOATIME = 1024,
	MS_NODIRATIME = 2048,
	MS_BIND = 4096,
	MS_MOVE = 8192,
	MS_REC = 16384,
	MS_SILENT = 32768,
	MS_PRIVATE = 1 << 18,
	MS_RELATIME = 1 << 21,
	MS_STRICTATIME = 1 << 24,
	MNT_FORCE = 1,
	MNT_DETACH = 2,
	MNT_EXPIRE = 4,
	UMOUNT_NOFOLLOW = 8,
};

/* poll(2) */
enum {
	POLLIN = 1, POLLPRI = 2, POLLOUT = 4, POLLERR = 8, POLLHUP = 16, POLLNVAL = 32,
	POLLRDNORM = 64, POLLWRNORM = 256, POLLRDHUP = 0x2000,
};

enum {
	TMPFS_MAGIC = 0x01021994, PROC_SUPER_MAGIC = 0x9fa0, SYSFS_MAGIC = 0x62656572,
	CGROUP2_SUPER_MAGIC = 0x63677270, PIPEFS_MAGIC = 0x50495045,
	SOCKFS_MAGIC = 0x534f434b,
};

enum { AF_UNIX = 1 };

struct abi_iovec {
	uint64_t base, length;
};

struct abi_stat {
	uint64_t device, inode;
	uint32_t mode, links, uid, gid;
	uint64_t special_device, padding_1;
	int64_t size;
	int32_t block_size, padding_2;
	int64_t blocks;
	struct abi_timespec accessed, modified, changed;
	uint32_t unused[2];
};
_Static_assert(sizeof(struct abi_stat) == 128, "struct stat");

struct abi_statx_time {
	int64_t seconds;
	uint32_t nanoseconds;
	int32_t reserved;
};

struct abi_statx {
	uint32_t mask, block_size;
	uint64_t attributes;
	uint32_t links, uid, gid;
	uint16_t mode, padding_1;
	uint64_t inode, size, blocks, attributes_mask;
	struct abi_statx_time accessed, born, changed, modified;
	uint32_t special_major, special_minor, device_major, device_minor;
	uint64_t mount_id, spare[13];
};
_Static_assert(sizeof(struct abi_statx) == 256, "struct statx");
enum { STATX_BASIC_STATS = 0x7ff, STATX_MNT_ID = 0x1000, STATX_RESERVED = (int)0x80000000 };

struct abi_statfs {
	int64_t type, block_size;
	uint64_t blocks, blocks_free, blocks_available, files, files_free, id;
	int64_t name_max, fragment_size, flags, spare[4];
};
_Static_assert(sizeof(struct abi_statfs) == 120, "struct statfs");

struct abi_dirent {
	uint64_t inode;
	int64_t next_offset;
	uint16_t length;
	uint8_t type;
	char name[];
};
enum { DIRENT_HEAD = 19 };

struct abi_pollfd {
	int32_t fd;
	int16_t events, answered;
};
_Static_assert(sizeof(struct abi_pollfd) == 8, "struct pollfd");

/* dev_t of user mode: 12 bits of major, 20 of minor (the low 32 bits of glibc's). */
static inline uint32_t device_number(uint32_t major, uint32_t minor)
{
	return (minor & 0xff) | (major << 8) | ((minor & ~0xffu) << 12);
}
static inline uint32_t device_major(uint32_t device)
{
	return (device >> 8) & 0xfff;
}
static inline uint32_t device_minor(uint32_t device)
{
	return (device & 0xff) | ((device >> 12) & ~0xffu);
}

#endif
