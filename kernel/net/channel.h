// SPDX-License-Identifier: Apache-2.0
/*
 * channel.h - a connection between two ends on this machine: see docs/sockets.md.
 */
#ifndef KERNEL_NET_CHANNEL_H
#define KERNEL_NET_CHANNEL_H

#include <bsd/sys/queue.h>

#include "kernel/fs/transfer.h"
#include "kernel/sync/mutex.h"
#include "kernel/sync/waitqueue.h"

enum {
	CHANNEL_BYTES_MAX = 65536,   /* that wait at one end */
	CHANNEL_MESSAGE_MAX = 32768,
};

enum channel_kind { CHANNEL_STREAM, CHANNEL_PACKETS };

/* SO_PEERCRED's struct ucred. */
struct peer_credentials {
	int32_t pid;
	uint32_t uid, gid;
};

struct message {
	TAILQ_ENTRY(message) link; /* (m) */
	size_t length;             /* (i) */
	size_t taken;              /* (m) of a stream: bytes read already */
	char data[];
};

/* (m) the channel's mutex, also (a) read without it by those that wait   (i) fixed */
struct channel_end {
	TAILQ_HEAD(message_list, message) messages; /* (m) that it will read */
	size_t bytes;                       /* (m,a) of them, a message being one at least */
	bool reads, writes;                 /* (m,a) not shut down nor closed */
	struct waitqueue queue;             /* whoever waits at this end, for whatever */
	struct peer_credentials credentials; /* (i) whose it is */
};

struct channel {
	struct mutex mutex;        /* LOCK_RANK_STREAM */
	uint32_t references;       /* (a) */
	enum channel_kind kind;    /* (i) */
	TAILQ_ENTRY(channel) link; /* sockets_mutex: in a listener's queue */
	struct channel_end ends[2];
};

/* With two references, one an end. NULL: no memory. */
struct channel *channel_create(enum channel_kind kind, const struct peer_credentials *first,
			       const struct peer_credentials *second);
/* The end is closed: the other reads what is left and then the end. Gives up its reference. */
void channel_close(struct channel *channel, unsigned int side);
enum channel_way { CHANNEL_READS = 1, CHANNEL_WRITES = 2 };
void channel_shut(struct channel *channel, unsigned int side, unsigned int ways);

/* How one call waits: until deadline_ns (UINT64_MAX: for ever), or not at all. */
struct channel_wait {
	bool nonblocking;
	uint64_t deadline_ns;
};

/*
 * Sends all of it (a stream: as much as goes, waiting for room): the bytes, or -EPIPE nobody reads,
 * -EMSGSIZE a packet too long, -EAGAIN, -ENOMEM, -EFAULT, -ERESTARTSYS.
 */
int64_t channel_send(struct channel *channel, unsigned int side, struct transfer *from,
		     const struct channel_wait *wait);
/*
 * Takes what there is: the bytes, 0 at the end, or -EAGAIN, -EFAULT, -ERESTARTSYS. Of a packet that is
 * longer than asked the rest is lost; *whole becomes its length.
 */
int64_t channel_receive(struct channel *channel, unsigned int side, struct transfer *to,
			const struct channel_wait *wait, size_t *whole);
/* POLLIN, ... */
uint32_t channel_ready(const struct channel *channel, unsigned int side);

#endif
