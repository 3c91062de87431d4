// SPDX-License-Identifier: Apache-2.0
/*
 * sys_socket.c - socket(2) and its family, for sockets of the machine's own (AF_UNIX).
 */
#include <string.h>

#include "kernel/fs/file.h"
#include "kernel/mm/address_space.h"
#include "kernel/mm/slab.h"
#include "kernel/net/socket.h"
#include "kernel/smp/timer.h"
#include "kernel/sys/abi.h"
#include "kernel/sys/syscall.h"

enum {
	SOCK_STREAM = 1, SOCK_SEQPACKET = 5, SOCK_TYPE = 15,
	SOL_SOCKET = 1,
	SO_TYPE = 3, SO_ERROR = 4, SO_PEERCRED = 17, SO_RCVTIMEO = 20, SO_SNDTIMEO = 21,
	SO_ACCEPTCONN = 30, SO_DOMAIN = 39,
	MSG_TRUNC = 0x20, MSG_DONTWAIT = 0x40, MSG_NOSIGNAL = 0x4000, MSG_CMSG_CLOEXEC = 0x40000000,
	MSG_TAKEN = MSG_DONTWAIT | MSG_NOSIGNAL | MSG_CMSG_CLOEXEC,
	FAMILY_SIZE = 2, MESSAGE_SEGMENTS_MAX = 1024,
};

struct abi_msghdr {
	uint64_t name;
	uint32_t name_length, padding_1;
	uint64_t segments, segment_count;
	uint64_t control, control_length;
	uint32_t flags, padding_2;
};
_Static_assert(sizeof(struct abi_msghdr) == 56, "struct msghdr");

static int borrow_socket(uint64_t fd, struct borrowed_file *borrowed)
{
	*borrowed = fd_borrow((int)fd);
	if (!borrowed->file)
		return -EBADF;
	if (file_is_socket(borrowed->file))
		return 0;
	fd_return(*borrowed);
	return -ENOTSOCK;
}

static int kind_of(uint64_t domain, uint64_t type, uint64_t protocol, enum channel_kind *kind)
{
	if (domain != AF_UNIX)
		return -EAFNOSUPPORT;
	if (protocol > 1)
		return -EPROTONOSUPPORT;
	if (type & ~(uint64_t)(SOCK_TYPE | O_CLOEXEC | O_NONBLOCK))
		return -EINVAL;
	if ((type & SOCK_TYPE) != SOCK_STREAM && (type & SOCK_TYPE) != SOCK_SEQPACKET)
		return -ESOCKTNOSUPPORT;
	*kind = (type & SOCK_TYPE) == SOCK_STREAM ? CHANNEL_STREAM : CHANNEL_PACKETS;
	return 0;
}

int64_t sys_socket(const uint64_t *argument)
{
	enum channel_kind kind;
	struct file *file;
	int error = kind_of(argument[0], argument[1], argument[2], &kind);

	if (!error)
		error = socket_create(kind, (uint32_t)argument[1] & O_NONBLOCK, &file);
	return error ? error : fd_install(file, (uint32_t)argument[1]);
}

int64_t sys_socketpair(const uint64_t *argument)
{
	uint32_t flags = (uint32_t)argument[1];
	enum channel_kind kind;
	struct file *files[2];
	int32_t fds[2];
	int error = kind_of(argument[0], argument[1], argument[2], &kind);

	if (!error)
		error = socket_create_pair(kind, flags & O_NONBLOCK, files);
	if (error)
		return error;
	fds[0] = fd_install(files[0], flags);
	if (fds[0] < 0) {
		file_put(files[1]);
		return fds[0];
	}
	fds[1] = fd_install(files[1], flags);
	error = fds[1] < 0 ? fds[1] : copy_to_user(argument[3], fds, sizeof(fds));
	if (!error)
		return 0;
	fd_close(fds[0]);
	if (fds[1] >= 0)
		fd_close(fds[1]);
	return error;
}

/* ---- addresses ---- */

static int address_copy(struct socket_address *address, uaddr_t from, uint64_t length)
{
	*address = (struct socket_address){ 0 };
	if (length <= FAMILY_SIZE || length > FAMILY_SIZE + SOCKET_PATH_MAX)
		return -EINVAL;
	if (copy_from_user(&address->family, from, FAMILY_SIZE) ||
	    copy_from_user(address->path, from + FAMILY_SIZE, length - FAMILY_SIZE))
		return -EFAULT;
	if (address->family != AF_UNIX)
		return -EINVAL;
	return address->path[0] ? 0 : -EINVAL; /* abstract names */
}

/* As much of it as fits; its whole length into *user_length. A length of 0: nobody wants it. */
static int address_store(const struct socket_address *address, uaddr_t to, uaddr_t user_length)
{
	uint32_t room, length = FAMILY_SIZE;

	if (!to)
		return 0;
	if (address->path[0])
		length += (uint32_t)strlen(address->path) + 1;
	if (copy_from_user(&room, user_length, sizeof(room)))
		return -EFAULT;
	if ((int32_t)room < 0)
		return -EINVAL;
	room = MIN(room, length);
	if (copy_to_user(to, &address->family, MIN(room, (uint32_t)FAMILY_SIZE)) ||
	    (room > FAMILY_SIZE && copy_to_user(to + FAMILY_SIZE, address->path, room - FAMILY_SIZE)) ||
	    copy_to_user(user_length, &length, sizeof(length)))
		return -EFAULT;
	return 0;
}

typedef int address_function(struct file *file, const struct socket_address *address);

static int64_t with_address(const uint64_t *argument, address_function *function)
{
	struct socket_address address;
	struct borrowed_file borrowed;
	int error = borrow_socket(argument[0], &borrowed);

	if (error)
		return error;
	error = address_copy(&address, argument[1], (uint32_t)argument[2]);
	if (!error)
		error = function(borrowed.file, &address);
	fd_return(borrowed);
	return error;
}

int64_t sys_bind(const uint64_t *argument)
{
	return with_address(argument, socket_bind);
}

int64_t sys_connect(const uint64_t *argument)
{
	return with_address(argument, socket_connect);
}

int64_t sys_listen(const uint64_t *argument)
{
	struct borrowed_file borrowed;
	int error = borrow_socket(argument[0], &borrowed);

	if (error)
		return error;
	error = socket_listen(borrowed.file, (int)argument[1]);
	fd_return(borrowed);
	return error;
}

static int64_t accept_with(const uint64_t *argument, uint32_t flags)
{
	struct socket_address address;
	struct borrowed_file borrowed;
	struct file *accepted;
	int64_t error = borrow_socket(argument[0], &borrowed);

	if (error)
		return error;
	error = socket_accept(borrowed.file, flags & O_NONBLOCK, &accepted);
	fd_return(borrowed);
	if (error)
		return error;
	(void)socket_peer_name(accepted, &address);
	error = address_store(&address, argument[1], argument[2]);
	if (error) {
		file_put(accepted);
		return error;
	}
	return fd_install(accepted, flags);
}

int64_t sys_accept(const uint64_t *argument)
{
	return accept_with(argument, 0);
}

int64_t sys_accept4(const uint64_t *argument)
{
	if (argument[3] & ~(uint64_t)(O_CLOEXEC | O_NONBLOCK))
		return -EINVAL;
	return accept_with(argument, (uint32_t)argument[3]);
}

int64_t sys_getsockname(const uint64_t *argument)
{
	struct socket_address address;
	struct borrowed_file borrowed;
	int error = borrow_socket(argument[0], &borrowed);

	if (error)
		return error;
	socket_name(borrowed.file, &address);
	fd_return(borrowed);
	return argument[1] ? address_store(&address, argument[1], argument[2]) : -EFAULT;
}

int64_t sys_getpeername(const uint64_t *argument)
{
	struct socket_address address;
	struct borrowed_file borrowed;
	int error = borrow_socket(argument[0], &borrowed);

	if (error)
		return error;
	error = socket_peer_name(borrowed.file, &address);
	fd_return(borrowed);
	if (error)
		return error;
	return argument[1] ? address_store(&address, argument[1], argument[2]) : -EFAULT;
}

int64_t sys_shutdown(const uint64_t *argument)
{
	static const unsigned int ways[] = { CHANNEL_READS, CHANNEL_WRITES, CHANNEL_READS | CHANNEL_WRITES };
	struct borrowed_file borrowed;
	int error = borrow_socket(argument[0], &borrowed);

	if (error)
		return error;
	error = argument[1] > 2 ? -EINVAL : socket_shutdown(borrowed.file, ways[argument[1]]);
	fd_return(borrowed);
	return error;
}

/* ---- options ---- */

static int store_option(uaddr_t to, uaddr_t user_length, const void *value, uint32_t size)
{
	uint32_t length;

	if (copy_from_user(&length, user_length, sizeof(length)))
		return -EFAULT;
	if ((int32_t)length < 0)
		return -EINVAL;
	length = MIN(length, size);
	return copy_to_user(to, value, length) || copy_to_user(user_length, &length, sizeof(length))
		? -EFAULT : 0;
}

static int store_number(const uint64_t *argument, int32_t value)
{
	return store_option(argument[3], argument[4], &value, sizeof(value));
}

static int store_timeout(const uint64_t *argument, struct file *file, enum channel_way way)
{
	uint64_t ns = socket_timeout(file, way);
	struct abi_timeval timeout = { .seconds = (int64_t)(ns / NSEC_PER_SEC),
				       .microseconds = (int64_t)(ns % NSEC_PER_SEC / NSEC_PER_USEC) };

	return store_option(argument[3], argument[4], &timeout, sizeof(timeout));
}

static int get_option(const uint64_t *argument, struct file *file)
{
	/* Nobody is an end with these numbers, as on Linux. */
	struct peer_credentials peer = { .pid = 0, .uid = UINT32_MAX, .gid = UINT32_MAX };

	switch (argument[2]) {
	case SO_TYPE:
		return store_number(argument, socket_kind(file) == CHANNEL_STREAM ? SOCK_STREAM
										  : SOCK_SEQPACKET);
	case SO_ERROR:
		return store_number(argument, 0);
	case SO_ACCEPTCONN:
		return store_number(argument, socket_listens(file));
	case SO_DOMAIN:
		return store_number(argument, AF_UNIX);
	case SO_PEERCRED:
		(void)socket_peer_credentials(file, &peer);
		return store_option(argument[3], argument[4], &peer, sizeof(peer));
	case SO_RCVTIMEO:
		return store_timeout(argument, file, CHANNEL_READS);
	case SO_SNDTIMEO:
		return store_timeout(argument, file, CHANNEL_WRITES);
	default:
		return -ENOPROTOOPT;
	}
}

int64_t sys_getsockopt(const uint64_t *argument)
{
	struct borrowed_file borrowed;
	int error = borrow_socket(argument[0], &borrowed);

	if (error)
		return error;
	error = argument[1] == SOL_SOCKET ? get_option(argument, borrowed.file) : -EOPNOTSUPP;
	fd_return(borrowed);
	return error;
}

static int set_option(const uint64_t *argument, struct file *file)
{
	struct abi_timeval timeout;

	if (argument[2] != SO_RCVTIMEO && argument[2] != SO_SNDTIMEO)
		return -ENOPROTOOPT;
	if ((uint32_t)argument[4] < sizeof(timeout))
		return -EINVAL;
	if (copy_from_user(&timeout, argument[3], sizeof(timeout)))
		return -EFAULT;
	if (timeout.microseconds < 0 || timeout.microseconds >= 1000000 || timeout.seconds < 0 ||
	    timeout.seconds > INT32_MAX)
		return -EDOM;
	socket_set_timeout(file, argument[2] == SO_RCVTIMEO ? CHANNEL_READS : CHANNEL_WRITES,
			   (uint64_t)timeout.seconds * NSEC_PER_SEC +
				   (uint64_t)timeout.microseconds * NSEC_PER_USEC);
	return 0;
}

int64_t sys_setsockopt(const uint64_t *argument)
{
	struct borrowed_file borrowed;
	int error = borrow_socket(argument[0], &borrowed);

	if (error)
		return error;
	error = argument[1] == SOL_SOCKET ? set_option(argument, borrowed.file) : -EOPNOTSUPP;
	fd_return(borrowed);
	return error;
}

/* ---- bytes ---- */

static unsigned int way_flags(uint32_t flags)
{
	return (flags & MSG_DONTWAIT ? SOCKET_NO_WAIT : 0U) | (flags & MSG_NOSIGNAL ? SOCKET_NO_SIGNAL : 0U);
}

int64_t sys_sendto(const uint64_t *argument)
{
	struct transfer from = transfer_user(argument[1], argument[2]);
	struct borrowed_file borrowed;
	int64_t answer = borrow_socket(argument[0], &borrowed);

	if (answer)
		return answer;
	if (argument[3] & ~(uint64_t)MSG_TAKEN)
		answer = -EOPNOTSUPP;
	else if (argument[4])
		answer = -EISCONN; /* to whom is settled */
	else
		answer = socket_send(borrowed.file, &from, way_flags((uint32_t)argument[3]));
	fd_return(borrowed);
	return answer;
}

int64_t sys_recvfrom(const uint64_t *argument)
{
	struct transfer to = transfer_user(argument[1], argument[2]);
	struct borrowed_file borrowed;
	size_t whole;
	uint32_t none = 0;
	int64_t answer = borrow_socket(argument[0], &borrowed);

	if (answer)
		return answer;
	if (argument[3] & ~(uint64_t)(MSG_TAKEN | MSG_TRUNC))
		answer = -EOPNOTSUPP;
	else
		answer = socket_receive(borrowed.file, &to, way_flags((uint32_t)argument[3]), &whole);
	if (answer >= 0 && argument[3] & MSG_TRUNC && socket_kind(borrowed.file) == CHANNEL_PACKETS)
		answer = (int64_t)whole;
	fd_return(borrowed);
	/* A connected socket does not say who it was. */
	if (answer >= 0 && argument[4] && copy_to_user(argument[5], &none, sizeof(none)))
		return -EFAULT;
	return answer;
}

/* The segments of a message, copied; to kfree(). */
static int message_copy(uaddr_t from, struct abi_msghdr *header, struct abi_iovec **list,
			struct transfer *transfer)
{
	size_t total = 0;

	if (copy_from_user(header, from, sizeof(*header)))
		return -EFAULT;
	if (header->segment_count > MESSAGE_SEGMENTS_MAX)
		return -EMSGSIZE;
	*list = kmalloc(header->segment_count * sizeof(**list) + 1);
	if (!*list)
		return -ENOMEM;
	int error = copy_from_user(*list, header->segments, header->segment_count * sizeof(**list));

	for (uint64_t i = 0; i < header->segment_count && !error; i++) {
		struct abi_iovec *segment = &(*list)[i];

		if ((int64_t)segment->length < 0)
			error = -EINVAL;
		segment->length = MIN(segment->length, TRANSFER_MAX - total);
		total += segment->length;
	}
	*transfer = (struct transfer){ .remaining = total, .next = *list };
	if (error)
		kfree(*list);
	return error;
}

int64_t sys_sendmsg(const uint64_t *argument)
{
	struct abi_msghdr header;
	struct abi_iovec *list;
	struct transfer from;
	struct borrowed_file borrowed;
	int64_t answer = borrow_socket(argument[0], &borrowed);

	if (answer)
		return answer;
	answer = message_copy(argument[1], &header, &list, &from);
	if (!answer) {
		if (argument[2] & ~(uint64_t)MSG_TAKEN)
			answer = -EOPNOTSUPP;
		else if (header.control_length)
			answer = -EINVAL;
		else if (header.name_length)
			answer = -EISCONN;
		else
			answer = socket_send(borrowed.file, &from, way_flags((uint32_t)argument[2]));
		kfree(list);
	}
	fd_return(borrowed);
	return answer;
}

int64_t sys_recvmsg(const uint64_t *argument)
{
	struct abi_msghdr header;
	struct abi_iovec *list;
	struct transfer to;
	struct borrowed_file borrowed;
	size_t whole = 0;
	int64_t answer = borrow_socket(argument[0], &borrowed);

	if (answer)
		return answer;
	answer = message_copy(argument[1], &header, &list, &to);
	if (!answer) {
		answer = argument[2] & ~(uint64_t)(MSG_TAKEN | MSG_TRUNC)
			? -EOPNOTSUPP
			: socket_receive(borrowed.file, &to, way_flags((uint32_t)argument[2]), &whole);
		kfree(list);
	}
	bool packets = socket_kind(borrowed.file) == CHANNEL_PACKETS;

	fd_return(borrowed);
	if (answer < 0)
		return answer;
	header.name_length = 0;
	header.control_length = 0;
	header.flags = packets && whole > (size_t)answer ? MSG_TRUNC : 0;
	if (copy_to_user(argument[1], &header, sizeof(header)))
		return -EFAULT;
	return packets && argument[2] & MSG_TRUNC ? (int64_t)whole : answer;
}
