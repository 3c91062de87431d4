// SPDX-License-Identifier: Apache-2.0
/*
 * socket.h - sockets of the machine's own (AF_UNIX): see docs/sockets.md.
 */
#ifndef KERNEL_NET_SOCKET_H
#define KERNEL_NET_SOCKET_H

#include "kernel/net/channel.h"

struct file;

enum { SOCKET_PATH_MAX = 108, SOCKET_BACKLOG_MAX = 128 };

/* struct sockaddr_un: `length` counts family and path. */
struct socket_address {
	uint16_t family;
	char path[SOCKET_PATH_MAX + 1]; /* NUL-terminated here */
};

void socket_init(void); /* boot */

/* A socket in no state; an installed pair that is connected. 0 or -ENOMEM. flags: O_NONBLOCK. */
int socket_create(enum channel_kind kind, uint32_t flags, struct file **file);
int socket_create_pair(enum channel_kind kind, uint32_t flags, struct file *files[2]);

/* -EINVAL bound already, -EADDRINUSE there is such a file, and what making it answers. */
int socket_bind(struct file *file, const struct socket_address *address);
/* -EINVAL not bound, or connected. */
int socket_listen(struct file *file, int backlog);
/* -ECONNREFUSED nobody listens, -EPROTOTYPE of another type, -EISCONN, -EINVAL it listens, -EAGAIN the queue
 * is full, -EACCES it may not be written, -ENOENT, ... */
int socket_connect(struct file *file, const struct socket_address *address);
/* The next connection, as a socket: -EINVAL it does not listen, -EAGAIN, -ERESTARTSYS, -ENOMEM. */
int socket_accept(struct file *file, uint32_t flags, struct file **accepted);
/* -ENOTCONN. ways: enum channel_way. */
int socket_shutdown(struct file *file, unsigned int ways);
/* -ENOTCONN. The address of this end (or the peer's). */
void socket_name(struct file *file, struct socket_address *address);
int socket_peer_name(struct file *file, struct socket_address *address);
int socket_peer_credentials(struct file *file, struct peer_credentials *credentials);

enum socket_flags { SOCKET_NO_WAIT = 1, SOCKET_NO_SIGNAL = 2 };
int64_t socket_send(struct file *file, struct transfer *from, unsigned int flags);
int64_t socket_receive(struct file *file, struct transfer *to, unsigned int flags, size_t *whole);

/* How long a receive or a send waits; 0: for ever. */
void socket_set_timeout(struct file *file, enum channel_way way, uint64_t timeout_ns);
uint64_t socket_timeout(struct file *file, enum channel_way way);
enum channel_kind socket_kind(struct file *file);
bool socket_listens(struct file *file);
bool file_is_socket(const struct file *file);

#endif
