// SPDX-License-Identifier: Apache-2.0
/*
 * socket.c - sockets: their states, their names, and how two of them come together.
 *
 *   new --bind--> bound --listen--> listening
 *   new or bound --connect--> connected;   accept makes connected ones
 *
 * A connected socket stays so until it is closed, with the same channel and side: they are read
 * without the lock by whoever has seen the state.
 *
 * Locks: (s) sockets_mutex (LOCK_RANK_SOCKET); (a) also read without it
 */
#include "kernel/net/socket.h"

#include <stdio.h>
#include <string.h>

#include "kernel/fs/file.h"
#include "kernel/fs/names.h"
#include "kernel/fs/poll.h"
#include "kernel/mm/address_space.h"
#include "kernel/mm/page.h"
#include "kernel/mm/slab.h"
#include "kernel/proc/task.h"
#include "kernel/smp/timer.h"

enum socket_state { SOCKET_NEW, SOCKET_LISTENS, SOCKET_CONNECTED };

struct socket {
	struct inode inode;
	enum channel_kind kind;       /* (i) */
	enum socket_state state;      /* (s,a) */
	struct channel *channel;      /* (s) once it is connected: (i), with a reference */
	unsigned int side;            /* (s) likewise */
	struct inode *bound;          /* (s) with a reference; NULL: it has no name */
	char path[SOCKET_PATH_MAX + 1];      /* (s) by which it was bound; "" */
	char peer_path[SOCKET_PATH_MAX + 1]; /* (s) of whom it is connected with */
	TAILQ_HEAD(channel_list, channel) waiting; /* (s) of a listener */
	unsigned int waiting_count;   /* (s,a) */
	unsigned int backlog;         /* (s,a) */
	struct peer_credentials credentials; /* (s) who called listen */
	struct waitqueue queue;       /* of a listener: who accepts, who wants to connect */
	uint64_t timeouts[2];         /* (a) ns, of receiving and sending; 0: none */
};

static struct mutex sockets_mutex = MUTEX_INIT(sockets_mutex, LOCK_RANK_SOCKET);
static struct slab_cache *socket_cache;
static struct filesystem sockets;
static const struct filesystem_type socket_type = { .name = "sockfs", .magic = SOCKFS_MAGIC };
static const struct file_operations socket_operations;
static const struct inode_operations socket_inode_operations;

void socket_init(void)
{
	socket_cache = slab_cache_create("socket", sizeof(struct socket), 8);
	if (!socket_cache)
		panic("no memory for the cache of sockets");
	sockets = (struct filesystem){ .type = &socket_type, .device = filesystem_next_device() };
}

bool file_is_socket(const struct file *file)
{
	return file->operations == &socket_operations;
}

static struct peer_credentials my_credentials(void)
{
	return (struct peer_credentials){ .pid = current->process->pid, .uid = current->cred.euid,
					  .gid = current->cred.egid };
}

static enum socket_state state_of(const struct socket *socket)
{
	return __atomic_load_n(&socket->state, __ATOMIC_ACQUIRE);
}

int socket_create(enum channel_kind kind, uint32_t flags, struct file **file)
{
	struct socket *socket = page_is_scarce() ? NULL : slab_alloc(socket_cache, PAGE_ZERO);

	if (!socket)
		return -ENOMEM;
	inode_init(&socket->inode, &sockets, &socket_inode_operations, &socket_operations,
		   S_IFSOCK | 0777);
	socket->inode.number = filesystem_next_number(&sockets);
	socket->inode.uid = current->cred.fsuid;
	socket->inode.gid = current->cred.fsgid;
	inode_touch_contents(&socket->inode);
	socket->kind = kind;
	TAILQ_INIT(&socket->waiting);
	waitqueue_init(&socket->queue);
	*file = file_create(&socket->inode, &socket_operations, flags | O_RDWR);
	if (!*file)
		return -ENOMEM;
	(*file)->private = socket;
	return 0;
}

static void become_connected(struct socket *socket, struct channel *channel, unsigned int side)
{
	socket->channel = channel;
	socket->side = side;
	__atomic_store_n(&socket->state, SOCKET_CONNECTED, __ATOMIC_RELEASE);
}

int socket_create_pair(enum channel_kind kind, uint32_t flags, struct file *files[2])
{
	const struct peer_credentials mine = my_credentials();
	int error = socket_create(kind, flags, &files[0]);

	if (error)
		return error;
	error = socket_create(kind, flags, &files[1]);
	struct channel *channel = error ? NULL : channel_create(kind, &mine, &mine);

	if (!channel) {
		file_put(files[0]);
		if (!error)
			file_put(files[1]);
		return -ENOMEM;
	}
	mutex_lock(&sockets_mutex);
	become_connected(files[0]->private, channel, 0);
	become_connected(files[1]->private, channel, 1);
	mutex_unlock(&sockets_mutex);
	return 0;
}

/* ---- names ---- */

int socket_bind(struct file *file, const struct socket_address *address)
{
	const struct creation creation = { .mode = S_IFSOCK | 0777 };
	struct socket *socket = file->private;
	struct path_last last;
	struct path made;
	int error = path_parent(AT_FDCWD, address->path, &last);

	if (error)
		return error;
	mutex_lock(&sockets_mutex);
	error = socket->bound ? -EINVAL : 0;
	mutex_unlock(&sockets_mutex);
	if (!error)
		error = name_create(&last, &creation, &made);
	path_last_release(&last);
	if (error)
		return error == -EEXIST ? -EADDRINUSE : error;

	mutex_lock(&sockets_mutex);
	if (socket->bound) {
		error = -EINVAL; /* another thread was quicker */
	} else {
		socket->bound = made.dentry->inode;
		inode_get(socket->bound);
		socket->bound->socket = socket;
		snprintf(socket->path, sizeof(socket->path), "%s", address->path);
	}
	mutex_unlock(&sockets_mutex);
	path_put(&made);
	return error;
}

void socket_name(struct file *file, struct socket_address *address)
{
	const struct socket *socket = file->private;

	mutex_lock(&sockets_mutex);
	*address = (struct socket_address){ .family = AF_UNIX };
	memcpy(address->path, socket->path, sizeof(address->path));
	mutex_unlock(&sockets_mutex);
}

int socket_peer_name(struct file *file, struct socket_address *address)
{
	const struct socket *socket = file->private;
	int error;

	mutex_lock(&sockets_mutex);
	error = socket->channel ? 0 : -ENOTCONN;
	*address = (struct socket_address){ .family = AF_UNIX };
	memcpy(address->path, socket->peer_path, sizeof(address->path));
	mutex_unlock(&sockets_mutex);
	return error;
}

int socket_peer_credentials(struct file *file, struct peer_credentials *credentials)
{
	const struct socket *socket = file->private;

	if (state_of(socket) != SOCKET_CONNECTED)
		return -ENOTCONN;
	*credentials = socket->channel->ends[!socket->side].credentials;
	return 0;
}

/* ---- coming together ---- */

int socket_listen(struct file *file, int backlog)
{
	struct socket *socket = file->private;
	int error = 0;

	mutex_lock(&sockets_mutex);
	if (!socket->bound || socket->channel) {
		error = -EINVAL;
	} else {
		unsigned int most = (unsigned int)MIN(MAX(backlog, 1), (int)SOCKET_BACKLOG_MAX);

		socket->credentials = my_credentials();
		__atomic_store_n(&socket->backlog, most, __ATOMIC_RELAXED);
		__atomic_store_n(&socket->state, SOCKET_LISTENS, __ATOMIC_RELEASE);
	}
	mutex_unlock(&sockets_mutex);
	waitqueue_wake_all(&socket->queue);
	return error;
}

static void set_waiting_count(struct socket *listener, unsigned int count)
{
	__atomic_store_n(&listener->waiting_count, count, __ATOMIC_RELAXED);
}

/* With the lock: hands a new channel to whoever listens at the inode. -EAGAIN: its queue is full, and
 * its socket is kept in *full with a reference. */
static int meet(struct socket *socket, struct inode *inode, struct socket **full)
{
	struct socket *listener = inode->socket;
	const struct peer_credentials mine = my_credentials();

	if (socket->channel)
		return -EISCONN;
	if (socket->state == SOCKET_LISTENS)
		return -EINVAL;
	if (!listener || listener->state != SOCKET_LISTENS)
		return -ECONNREFUSED;
	if (listener->kind != socket->kind)
		return -EPROTOTYPE;
	if (listener->waiting_count >= listener->backlog) {
		inode_get(&listener->inode);
		*full = listener;
		return -EAGAIN;
	}
	struct channel *channel = channel_create(socket->kind, &listener->credentials, &mine);

	if (!channel)
		return -ENOMEM;
	TAILQ_INSERT_TAIL(&listener->waiting, channel, link);
	set_waiting_count(listener, listener->waiting_count + 1);
	memcpy(socket->peer_path, listener->path, sizeof(socket->peer_path));
	become_connected(socket, channel, 1);
	waitqueue_wake_all(&listener->queue);
	return 0;
}

static bool may_have_room(const struct socket *listener)
{
	return __atomic_load_n(&listener->waiting_count, __ATOMIC_RELAXED) <
		       __atomic_load_n(&listener->backlog, __ATOMIC_RELAXED) ||
	       state_of(listener) != SOCKET_LISTENS;
}

static uint64_t deadline(const struct socket *socket, enum channel_way way)
{
	uint64_t timeout = __atomic_load_n(&socket->timeouts[way == CHANNEL_WRITES], __ATOMIC_RELAXED);

	return timeout ? time_now_ns() + timeout : UINT64_MAX;
}

static int connect_inode(struct file *file, struct inode *inode)
{
	struct socket *socket = file->private;
	uint64_t end_ns = deadline(socket, CHANNEL_WRITES);

	for (;;) {
		struct socket *full = NULL;

		mutex_lock(&sockets_mutex);
		int error = meet(socket, inode, &full);

		mutex_unlock(&sockets_mutex);
		if (error != -EAGAIN)
			return error;
		error = file_nonblocking(file) ? -EAGAIN
			: wait_event_until(&full->queue, may_have_room(full), end_ns);
		inode_put(&full->inode);
		if (error)
			return error == -ETIMEDOUT ? -EAGAIN : error;
	}
}

int socket_connect(struct file *file, const struct socket_address *address)
{
	struct path path;
	int error = path_lookup(AT_FDCWD, address->path, PATH_FOLLOW, &path);

	if (error)
		return error;
	error = inode_permission(path.dentry->inode, ACCESS_WRITE);
	if (!error && inode_type(path.dentry->inode) != S_IFSOCK)
		error = -ECONNREFUSED;
	if (!error)
		error = connect_inode(file, path.dentry->inode);
	path_put(&path);
	return error;
}

static struct channel *next_waiting(struct socket *listener)
{
	struct channel *channel;

	mutex_lock(&sockets_mutex);
	channel = TAILQ_FIRST(&listener->waiting);
	if (channel) {
		TAILQ_REMOVE(&listener->waiting, channel, link);
		set_waiting_count(listener, listener->waiting_count - 1);
	}
	mutex_unlock(&sockets_mutex);
	if (channel)
		waitqueue_wake_all(&listener->queue);
	return channel;
}

int socket_accept(struct file *file, uint32_t flags, struct file **accepted)
{
	struct socket *listener = file->private;
	uint64_t end_ns = deadline(listener, CHANNEL_READS);
	struct channel *channel;
	int error;

	if (state_of(listener) != SOCKET_LISTENS)
		return -EINVAL;
	error = socket_create(listener->kind, flags, accepted);
	while (!error && !(channel = next_waiting(listener))) {
		error = file_nonblocking(file) ? -EAGAIN
			: wait_event_until(&listener->queue,
					   __atomic_load_n(&listener->waiting_count, __ATOMIC_RELAXED),
					   end_ns);
		if (error)
			file_put(*accepted);
	}
	if (error)
		return error == -ETIMEDOUT ? -EAGAIN : error;
	struct socket *socket = (*accepted)->private;

	mutex_lock(&sockets_mutex);
	memcpy(socket->path, listener->path, sizeof(socket->path));
	become_connected(socket, channel, 0);
	mutex_unlock(&sockets_mutex);
	return 0;
}

int socket_shutdown(struct file *file, unsigned int ways)
{
	struct socket *socket = file->private;

	if (state_of(socket) != SOCKET_CONNECTED)
		return -ENOTCONN;
	channel_shut(socket->channel, socket->side, ways);
	return 0;
}

/* ---- the file ---- */

static struct channel_wait how_to_wait(const struct file *file, enum channel_way way, unsigned int flags)
{
	return (struct channel_wait){
		.nonblocking = flags & SOCKET_NO_WAIT || file_nonblocking(file),
		.deadline_ns = deadline(file->private, way),
	};
}

int64_t socket_send(struct file *file, struct transfer *from, unsigned int flags)
{
	struct socket *socket = file->private;
	const struct channel_wait wait = how_to_wait(file, CHANNEL_WRITES, flags);

	if (state_of(socket) != SOCKET_CONNECTED)
		return -ENOTCONN;
	int64_t answer = channel_send(socket->channel, socket->side, from, &wait);

	if (answer == -EPIPE && !(flags & SOCKET_NO_SIGNAL))
		signal_send_task(current, KSIGPIPE, NULL);
	return answer;
}

int64_t socket_receive(struct file *file, struct transfer *to, unsigned int flags, size_t *whole)
{
	struct socket *socket = file->private;
	const struct channel_wait wait = how_to_wait(file, CHANNEL_READS, flags);

	*whole = 0;
	if (state_of(socket) != SOCKET_CONNECTED)
		return -ENOTCONN;
	return channel_receive(socket->channel, socket->side, to, &wait, whole);
}

void socket_set_timeout(struct file *file, enum channel_way way, uint64_t timeout_ns)
{
	struct socket *socket = file->private;

	__atomic_store_n(&socket->timeouts[way == CHANNEL_WRITES], timeout_ns, __ATOMIC_RELAXED);
}

uint64_t socket_timeout(struct file *file, enum channel_way way)
{
	const struct socket *socket = file->private;

	return __atomic_load_n(&socket->timeouts[way == CHANNEL_WRITES], __ATOMIC_RELAXED);
}

enum channel_kind socket_kind(struct file *file)
{
	return ((const struct socket *)file->private)->kind;
}

bool socket_listens(struct file *file)
{
	return state_of(file->private) == SOCKET_LISTENS;
}

static int64_t socket_read(struct file *file, struct transfer *to, uint64_t *position)
{
	size_t whole;

	(void)position;
	return socket_receive(file, to, 0, &whole);
}

static int64_t socket_write(struct file *file, struct transfer *from, uint64_t *position)
{
	(void)position;
	return socket_send(file, from, 0);
}

static uint32_t socket_poll(struct file *file, struct poll_table *table)
{
	struct socket *socket = file->private;

	poll_wait(table, &socket->queue);
	switch (state_of(socket)) {
	case SOCKET_CONNECTED:
		poll_wait(table, &socket->channel->ends[socket->side].queue);
		return channel_ready(socket->channel, socket->side);
	case SOCKET_LISTENS:
		return __atomic_load_n(&socket->waiting_count, __ATOMIC_RELAXED) ? POLLIN | POLLRDNORM : 0;
	default:
		return POLLOUT | POLLWRNORM | POLLHUP;
	}
}

/* Nobody finds it any more; those that wait to be accepted see their connection end. */
static void socket_release(struct file *file)
{
	struct socket *socket = file->private;
	struct inode *bound;
	struct channel *channel;

	mutex_lock(&sockets_mutex);
	bound = socket->bound;
	if (bound && bound->socket == socket)
		bound->socket = NULL;
	socket->bound = NULL;
	if (socket->state == SOCKET_LISTENS)
		__atomic_store_n(&socket->state, SOCKET_NEW, __ATOMIC_RELEASE);
	mutex_unlock(&sockets_mutex);
	waitqueue_wake_all(&socket->queue);
	while ((channel = next_waiting(socket)))
		channel_close(channel, 0);
	if (socket->channel)
		channel_close(socket->channel, socket->side);
	if (bound)
		inode_put(bound);
}

static void socket_inode_release(struct inode *inode)
{
	slab_free(socket_cache, container_of(inode, struct socket, inode));
}

static const struct inode_operations socket_inode_operations = {
	.release = socket_inode_release,
};

static const struct file_operations socket_operations = {
	.read = socket_read,
	.write = socket_write,
	.poll = socket_poll,
	.release = socket_release,
};
