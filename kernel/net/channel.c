// SPDX-License-Identifier: Apache-2.0
/*
 * channel.c - messages between the two ends of a connection.
 *
 * Each end has a list of what it will read; the other appends to it. A message is made and filled
 * before the mutex is taken, and emptied after it was let go, so no user memory is touched with it.
 * Whoever changes what an end waits for wakes all that wait there: readers, writers and pollers.
 *
 * Context: a task; nothing else is locked but what ranks below LOCK_RANK_STREAM.
 */
#include "kernel/net/channel.h"

#include <string.h>

#include "kernel/fs/abi.h"
#include "kernel/kernel.h"
#include "kernel/mm/page.h"
#include "kernel/mm/slab.h"
#include "kernel/proc/task.h"

enum { STREAM_PIECE = 4096 - sizeof(struct message) };

static void end_init(struct channel_end *end, const struct peer_credentials *credentials)
{
	TAILQ_INIT(&end->messages);
	end->reads = end->writes = true;
	waitqueue_init(&end->queue);
	end->credentials = *credentials;
}

struct channel *channel_create(enum channel_kind kind, const struct peer_credentials *first,
			       const struct peer_credentials *second)
{
	struct channel *channel = page_is_scarce() ? NULL : kzalloc(sizeof(*channel));

	if (!channel)
		return NULL;
	mutex_init(&channel->mutex, LOCK_RANK_STREAM);
	channel->references = 2;
	channel->kind = kind;
	end_init(&channel->ends[0], first);
	end_init(&channel->ends[1], second);
	return channel;
}

static bool is_set(const bool *flag)
{
	return __atomic_load_n(flag, __ATOMIC_RELAXED);
}

static size_t bytes_at(const struct channel_end *end)
{
	return __atomic_load_n(&end->bytes, __ATOMIC_RELAXED);
}

static void count_bytes(struct channel_end *end, size_t change)
{
	__atomic_store_n(&end->bytes, end->bytes + change, __ATOMIC_RELAXED);
}

static void drop_messages(struct channel_end *end)
{
	struct message *message;

	while ((message = TAILQ_FIRST(&end->messages))) {
		TAILQ_REMOVE(&end->messages, message, link);
		kfree(message);
	}
}

static void wake_both(struct channel *channel)
{
	waitqueue_wake_all(&channel->ends[0].queue);
	waitqueue_wake_all(&channel->ends[1].queue);
}

void channel_shut(struct channel *channel, unsigned int side, unsigned int ways)
{
	mutex_lock(&channel->mutex);
	if (ways & CHANNEL_READS)
		__atomic_store_n(&channel->ends[side].reads, false, __ATOMIC_RELAXED);
	if (ways & CHANNEL_WRITES)
		__atomic_store_n(&channel->ends[side].writes, false, __ATOMIC_RELAXED);
	mutex_unlock(&channel->mutex);
	wake_both(channel);
}

void channel_close(struct channel *channel, unsigned int side)
{
	channel_shut(channel, side, CHANNEL_READS | CHANNEL_WRITES);
	if (__atomic_sub_fetch(&channel->references, 1, __ATOMIC_ACQ_REL) > 0)
		return;
	drop_messages(&channel->ends[0]);
	drop_messages(&channel->ends[1]);
	kfree(channel);
}

/* ---- sending ---- */

/* What a message counts for: an empty packet is something, too. */
static size_t weight_of(size_t length)
{
	return MAX(length, 1UL);
}

static bool has_room(const struct channel_end *to, size_t length)
{
	return bytes_at(to) + weight_of(length) <= CHANNEL_BYTES_MAX;
}

static int make_message(struct transfer *from, size_t length, struct message **made)
{
	struct message *message = page_is_scarce() ? NULL : kmalloc(sizeof(*message) + length);
	int error = message ? 0 : -ENOMEM;

	if (message) {
		message->length = length;
		message->taken = 0;
		error = transfer_from(from, message->data, length);
	}
	if (error)
		kfree(message);
	*made = message;
	return error;
}

/* Appends it when there is room: 0, -EAGAIN, -EPIPE. */
static int append(struct channel *channel, unsigned int side, struct message *message)
{
	struct channel_end *to = &channel->ends[!side];
	int error = 0;

	mutex_lock(&channel->mutex);
	if (!channel->ends[side].writes || !to->reads) {
		error = -EPIPE;
	} else if (!has_room(to, message->length)) {
		error = -EAGAIN;
	} else {
		TAILQ_INSERT_TAIL(&to->messages, message, link);
		count_bytes(to, weight_of(message->length));
	}
	mutex_unlock(&channel->mutex);
	if (!error)
		waitqueue_wake_all(&to->queue);
	return error;
}

/* Until it is sent, or why it is not. */
static int send_message(struct channel *channel, unsigned int side, struct message *message,
			const struct channel_wait *wait)
{
	struct channel_end *mine = &channel->ends[side], *to = &channel->ends[!side];

	for (;;) {
		int error = append(channel, side, message);

		if (error != -EAGAIN || wait->nonblocking)
			return error;
		error = wait_event_until(&mine->queue,
					 has_room(to, message->length) || !is_set(&to->reads) ||
						 !is_set(&mine->writes),
					 wait->deadline_ns);
		if (error)
			return error == -ETIMEDOUT ? -EAGAIN : error;
	}
}

int64_t channel_send(struct channel *channel, unsigned int side, struct transfer *from,
		     const struct channel_wait *wait)
{
	bool packets = channel->kind == CHANNEL_PACKETS;
	int64_t sent = 0;
	int error = 0;

	if (packets && from->remaining > CHANNEL_MESSAGE_MAX)
		return -EMSGSIZE;
	do {
		size_t length = packets ? from->remaining : MIN(from->remaining, (size_t)STREAM_PIECE);
		struct message *message;

		if (!packets && !length)
			break;
		error = make_message(from, length, &message);
		if (error)
			break;
		error = send_message(channel, side, message, wait);
		if (error)
			kfree(message);
		else
			sent += (int64_t)length;
	} while (!error && !packets && from->remaining);
	return sent ? sent : error;
}

/* ---- receiving ---- */

/* Takes the first message off, or of a stream's the part that is asked for: *start and *length say
 * what of *message is the reader's; whether it has to be freed. */
static bool take(struct channel *channel, struct channel_end *mine, size_t wanted,
		 struct message **message, size_t *length)
{
	struct message *first = TAILQ_FIRST(&mine->messages);
	size_t left = first->length - first->taken;
	bool all = channel->kind == CHANNEL_PACKETS || wanted >= left;

	*message = first;
	*length = MIN(wanted, left);
	if (all) {
		TAILQ_REMOVE(&mine->messages, first, link);
		count_bytes(mine, -(channel->kind == CHANNEL_PACKETS ? weight_of(first->length) : left));
	} else {
		count_bytes(mine, -*length);
	}
	return all;
}

/* With the mutex, which it lets go. Of a stream's message that is read in part a copy is taken: its
 * reader and the next one do not meet. */
static int64_t receive_locked(struct channel *channel, unsigned int side, struct transfer *to,
			      size_t *whole)
{
	struct channel_end *mine = &channel->ends[side];
	char piece[256];
	struct message *message;
	size_t length, wanted = to->remaining;
	const struct message *first = TAILQ_FIRST(&mine->messages);

	if (channel->kind == CHANNEL_STREAM && wanted < first->length - first->taken)
		wanted = MIN(wanted, sizeof(piece));
	bool all = take(channel, mine, wanted, &message, &length);
	size_t at = message->taken;

	*whole = message->length;
	if (!all) {
		memcpy(piece, message->data + at, length);
		message->taken += length;
	}
	mutex_unlock(&channel->mutex);
	waitqueue_wake_all(&channel->ends[!side].queue);
	int error = transfer_to(to, all ? message->data + at : piece, length);

	if (all)
		kfree(message);
	return error ? error : (int64_t)length;
}

/* What a stream's reader may have on top without waiting. */
static int64_t receive_more(struct channel *channel, unsigned int side, struct transfer *to, int64_t done)
{
	size_t whole;

	while (channel->kind == CHANNEL_STREAM && to->remaining && done > 0) {
		mutex_lock(&channel->mutex);
		if (TAILQ_EMPTY(&channel->ends[side].messages)) {
			mutex_unlock(&channel->mutex);
			break;
		}
		int64_t more = receive_locked(channel, side, to, &whole);

		if (more < 0)
			break;
		done += more;
	}
	return done;
}

int64_t channel_receive(struct channel *channel, unsigned int side, struct transfer *to,
			const struct channel_wait *wait, size_t *whole)
{
	struct channel_end *mine = &channel->ends[side], *other = &channel->ends[!side];

	*whole = 0;
	if (channel->kind == CHANNEL_STREAM && !to->remaining)
		return 0;
	for (;;) {
		mutex_lock(&channel->mutex);
		if (!TAILQ_EMPTY(&mine->messages)) {
			int64_t done = receive_locked(channel, side, to, whole);

			return receive_more(channel, side, to, done);
		}
		bool ended = !mine->reads || !other->writes;

		mutex_unlock(&channel->mutex);
		if (ended)
			return 0;
		if (wait->nonblocking)
			return -EAGAIN;
		int error = wait_event_until(&mine->queue,
					     bytes_at(mine) || !is_set(&mine->reads) ||
						     !is_set(&other->writes),
					     wait->deadline_ns);
		if (error)
			return error == -ETIMEDOUT ? -EAGAIN : error;
	}
}

uint32_t channel_ready(const struct channel *channel, unsigned int side)
{
	const struct channel_end *mine = &channel->ends[side], *other = &channel->ends[!side];
	bool no_more = !is_set(&mine->reads) || !is_set(&other->writes);
	uint32_t ready = 0;

	if (bytes_at(mine) || no_more)
		ready |= POLLIN | POLLRDNORM;
	if (no_more)
		ready |= POLLRDHUP;
	if (no_more && (!is_set(&mine->writes) || !is_set(&other->reads)))
		ready |= POLLHUP;
	if (bytes_at(other) < CHANNEL_BYTES_MAX / 2 || !is_set(&other->reads))
		ready |= POLLOUT | POLLWRNORM;
	return ready;
}
