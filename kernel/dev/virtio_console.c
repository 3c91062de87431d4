// SPDX-License-Identifier: Apache-2.0
/*
 * virtio_console.c - a virtio console (device 3 of the virtio specification, over MMIO, version 1
 * or 2) as the terminal /dev/hvc0, /dev/hvc1, ...: a plain stream of bytes, raw until told
 * otherwise.
 *
 * Each of the two queues has a few buffers of a page. A writer fills a free transmit buffer and
 * sleeps while there is none: the interrupt that returns one wakes it. Nothing is ever dropped,
 * and nothing spins. Received bytes go to the terminal as far as it has room; a buffer that it
 * could not take stays until a reader made room.
 *
 * Locks: (d) the device's lock (LOCK_RANK_DEVICE)   (i) fixed after the probe   (a) atomic
 */
#include <string.h>

#include "kernel/dev/machine.h"
#include "kernel/dev/plic.h"
#include "kernel/dev/tty.h"
#include "kernel/fs/abi.h"
#include "kernel/fs/devfs.h"
#include "kernel/fs/vfs.h"
#include "kernel/kernel.h"
#include "kernel/mm/page.h"
#include "kernel/mm/slab.h"

enum { /* registers, as offsets */
	MAGIC = 0x000,
	VERSION = 0x004,
	DEVICE_ID = 0x008,
	DRIVER_FEATURES = 0x020,
	DRIVER_FEATURES_SEL = 0x024,
	GUEST_PAGE_SIZE = 0x028,
	QUEUE_SEL = 0x030,
	QUEUE_NUM_MAX = 0x034,
	QUEUE_NUM = 0x038,
	QUEUE_ALIGN = 0x03c,
	QUEUE_PFN = 0x040,
	QUEUE_READY = 0x044,
	QUEUE_NOTIFY = 0x050,
	INTERRUPT_STATUS = 0x060,
	INTERRUPT_ACK = 0x064,
	STATUS = 0x070,
	QUEUE_DESC_LOW = 0x080,
	QUEUE_DESC_HIGH = 0x084,
	QUEUE_DRIVER_LOW = 0x090,
	QUEUE_DRIVER_HIGH = 0x094,
	QUEUE_DEVICE_LOW = 0x0a0,
	QUEUE_DEVICE_HIGH = 0x0a4,
};
enum { /* STATUS */
	ACKNOWLEDGE = 1, DRIVER = 2, DRIVER_OK = 4, FEATURES_OK = 8, FAILED = 128,
};
enum {
	VIRTIO_MAGIC = 0x74726976,
	CONSOLE_ID = 3,
	REGISTERS_SIZE = 0x100,
	RECEIVE = 0,
	TRANSMIT = 1,
	BUFFER_COUNT = 4,
	DESC_WRITE = 2,
	HVC_MAJOR = 229,
	USED_OFFSET =
		2048, /* in the queue's page; descriptors and the driver's ring lie before it */
};

struct descriptor {
	uint64_t address;
	uint32_t length;
	uint16_t flags, next;
};
struct driver_ring {
	uint16_t flags, index, ring[BUFFER_COUNT];
};
struct device_ring {
	uint16_t flags, index;
	struct { uint32_t id, length; } ring[BUFFER_COUNT];
};

struct queue {
	struct descriptor *descriptors; /* (d) BUFFER_COUNT of them, and the rings, in one page */
	struct driver_ring *offered;    /* (d) */
	volatile struct device_ring *used; /* the device writes it */
	char *buffers[BUFFER_COUNT];    /* (i) a page each */
	uint16_t seen;                  /* (d) what was taken from `used` so far */
};

struct virtio_console {
	struct spinlock lock;
	uintptr_t registers;    /* (i) */
	struct queue receive, transmit;
	uint32_t free;          /* (d) transmit buffers that may be filled: a bit each */
	uint32_t waiting_id;    /* (d) a received buffer that the terminal has not taken whole */
	uint32_t waiting_length; /* (d) bytes in it; 0: none waits */
	uint32_t waiting_taken; /* (d) how many of them it took */
	uint32_t pulls;         /* (a) calls of hvc_pull() that have not been served */
	struct tty tty;
};

static unsigned int console_count; /* boot only */

static uint32_t peek(uintptr_t registers, unsigned int offset)
{
	return *(volatile uint32_t *)(registers + offset);
}

static uint32_t read_register(const struct virtio_console *console, unsigned int offset)
{
	return peek(console->registers, offset);
}

static void write_register(
	const struct virtio_console *console, unsigned int offset, uint32_t value)
{
	*(volatile uint32_t *)(console->registers + offset) = value;
}

/* Everything the device sees is ordered: memory before registers, registers before memory. */
static void device_barrier(void)
{
	__asm__ volatile("fence iorw, iorw" ::: "memory");
}

/* ---- queues: (d) is held ---- */

static void offer(struct virtio_console *console, unsigned int number, struct queue *queue,
	uint32_t id, uint32_t length)
{
	queue->descriptors[id].length = length;
	queue->offered->ring[queue->offered->index % BUFFER_COUNT] = (uint16_t)id;
	device_barrier();
	queue->offered->index++;
	device_barrier();
	write_register(console, QUEUE_NOTIFY, number);
}

/* The next buffer that the device has done with; false: none. Whatever it says is checked. */
static bool take_used(struct queue *queue, uint32_t *id, uint32_t *length)
{
	device_barrier();
	if (queue->seen == queue->used->index)
		return false;
	device_barrier();
	*id = queue->used->ring[queue->seen % BUFFER_COUNT].id % BUFFER_COUNT;
	*length = MIN(queue->used->ring[queue->seen % BUFFER_COUNT].length, (uint32_t)PAGE_SIZE);
	queue->seen++;
	return true;
}

/* ---- output ---- */

static void reclaim_transmitted(struct virtio_console *console)
{
	uint32_t id, length;

	while (take_used(&console->transmit, &id, &length))
		console->free |= 1u << id;
}

static size_t hvc_write(struct tty *tty, const char *bytes, size_t count)
{
	struct virtio_console *console = tty->driver_data;
	size_t done = 0;

	spin_lock(&console->lock);
	reclaim_transmitted(console);
	while (done < count && console->free) {
		uint32_t id = (uint32_t)__builtin_ctz(console->free);
		size_t piece = MIN(count - done, PAGE_SIZE);

		memcpy(console->transmit.buffers[id], bytes + done, piece);
		console->free &= ~(1u << id);
		offer(console, TRANSMIT, &console->transmit, id, (uint32_t)piece);
		done += piece;
	}
	spin_unlock(&console->lock);
	return done;
}

static bool hvc_can_write(struct tty *tty)
{
	struct virtio_console *console = tty->driver_data;
	bool can;

	spin_lock(&console->lock);
	reclaim_transmitted(console);
	can = console->free != 0;
	spin_unlock(&console->lock);
	return can;
}

/* ---- input ---- */

/* The next piece that the terminal has room for, copied out; 0: nothing to give. */
static size_t next_received(struct virtio_console *console, uint8_t *piece, size_t size)
{
	size_t room = tty_receive_room(&console->tty), count = 0;

	spin_lock(&console->lock);
	if (console->waiting_length == 0) {
		console->waiting_taken = 0;
		if (!take_used(&console->receive, &console->waiting_id, &console->waiting_length))
			console->waiting_length = 0;
	}
	if (console->waiting_length > 0) {
		count = MIN(MIN(size, room),
			(size_t)(console->waiting_length - console->waiting_taken));
		memcpy(piece,
			console->receive.buffers[console->waiting_id] + console->waiting_taken,
			count);
		console->waiting_taken += (uint32_t)count;
		if (console->waiting_taken == console->waiting_length) {
			offer(console, RECEIVE, &console->receive, console->waiting_id,
				(uint32_t)PAGE_SIZE);
			console->waiting_length = 0;
		}
	}
	spin_unlock(&console->lock);
	return count;
}

/* Input to the terminal: by interrupt, and by readers that made room. One at a time carries bytes,
 * so that they stay in order; who comes meanwhile leaves the work to it. */
static void hvc_pull(struct tty *tty)
{
	struct virtio_console *console = tty->driver_data;
	uint32_t served = 1;

	if (__atomic_fetch_add(&console->pulls, 1, __ATOMIC_ACQUIRE) > 0)
		return;
	while (served > 0) {
		uint8_t piece[128];
		size_t count;

		while ((count = next_received(console, piece, sizeof(piece))) > 0)
			tty_receive(tty, piece, count);
		served = __atomic_sub_fetch(&console->pulls, served, __ATOMIC_ACQ_REL);
	}
}

static void hvc_interrupt(void *argument)
{
	struct virtio_console *console = argument;

	write_register(console, INTERRUPT_ACK, read_register(console, INTERRUPT_STATUS));
	hvc_pull(&console->tty);
	waitqueue_wake_all(&console->tty.writable);
}

static const struct tty_driver hvc_driver = {
	.write = hvc_write, .can_write = hvc_can_write, .pull = hvc_pull,
};

/* ---- probe ---- */

static void free_queue(struct queue *queue)
{
	for (unsigned int i = 0; i < BUFFER_COUNT; i++)
		if (queue->buffers[i])
			page_free_mapped(queue->buffers[i]);
	if (queue->descriptors)
		page_free_mapped(queue->descriptors);
}

static int make_queue(struct queue *queue, uint16_t flags)
{
	char *page = page_alloc_mapped(PAGE_ZERO);

	if (!page)
		return -ENOMEM;
	queue->descriptors = (void *)page;
	queue->offered = (void *)(page + BUFFER_COUNT * sizeof(struct descriptor));
	queue->used = (void *)(page + USED_OFFSET);
	for (unsigned int i = 0; i < BUFFER_COUNT; i++) {
		queue->buffers[i] = page_alloc_mapped(PAGE_ANY);
		if (!queue->buffers[i])
			return -ENOMEM;
		queue->descriptors[i].address = virt_to_phys(queue->buffers[i]);
		queue->descriptors[i].flags = flags;
	}
	return 0;
}

static void write_address(
	struct virtio_console *console, unsigned int low, const volatile void *memory)
{
	paddr_t address = virt_to_phys((const void *)memory);

	write_register(console, low, (uint32_t)address);
	write_register(console, low + 4, (uint32_t)(address >> 32));
}

/* Tells the device where a queue lies. A version 1 device computes the rings' places itself: the
 * used ring begins at the next QUEUE_ALIGN boundary. */
static int announce_queue(struct virtio_console *console, unsigned int number, struct queue *queue)
{
	write_register(console, QUEUE_SEL, number);
	if (read_register(console, QUEUE_NUM_MAX) < BUFFER_COUNT)
		return -ENXIO;
	write_register(console, QUEUE_NUM, BUFFER_COUNT);
	if (read_register(console, VERSION) == 1) {
		write_register(console, QUEUE_ALIGN, USED_OFFSET);
		write_register(console, QUEUE_PFN,
			       (uint32_t)(virt_to_phys(queue->descriptors) / PAGE_SIZE));
		return 0;
	}
	write_address(console, QUEUE_DESC_LOW, queue->descriptors);
	write_address(console, QUEUE_DRIVER_LOW, queue->offered);
	write_address(console, QUEUE_DEVICE_LOW, queue->used);
	write_register(console, QUEUE_READY, 1);
	return 0;
}

/* The steps of the specification, 3.1.1. The only feature taken is that of version 2 itself. */
static int start_device(struct virtio_console *console)
{
	bool legacy = read_register(console, VERSION) == 1;

	write_register(console, STATUS, 0);
	write_register(console, STATUS, ACKNOWLEDGE);
	write_register(console, STATUS, ACKNOWLEDGE | DRIVER);
	write_register(console, DRIVER_FEATURES_SEL, 0);
	write_register(console, DRIVER_FEATURES, 0);
	if (legacy) {
		write_register(console, GUEST_PAGE_SIZE, PAGE_SIZE);
	} else {
		write_register(console, DRIVER_FEATURES_SEL, 1);
		write_register(console, DRIVER_FEATURES, 1); /* VIRTIO_F_VERSION_1 */
		write_register(console, STATUS, ACKNOWLEDGE | DRIVER | FEATURES_OK);
		if (!(read_register(console, STATUS) & FEATURES_OK))
			return -ENXIO;
	}
	int error = announce_queue(console, RECEIVE, &console->receive);

	if (!error)
		error = announce_queue(console, TRANSMIT, &console->transmit);
	if (error)
		return error;
	write_register(
		console, STATUS, ACKNOWLEDGE | DRIVER | DRIVER_OK | (legacy ? 0 : FEATURES_OK));
	return 0;
}

static int start_console(struct virtio_console *console, unsigned int interrupt)
{
	char name[] = "hvc0";
	uint32_t number = console_count;
	int error = make_queue(&console->receive, DESC_WRITE);

	if (!error)
		error = make_queue(&console->transmit, 0);
	if (!error)
		error = start_device(console);
	/* The terminal first: an interrupt may come as soon as one can. */
	tty_init_raw(&console->tty, &hvc_driver, device_number(HVC_MAJOR, number));
	console->tty.driver_data = console;
	if (!error)
		error = interrupt_register(interrupt, hvc_interrupt, console);
	if (error) {
		write_register(console, STATUS, FAILED);
		free_queue(&console->receive);
		free_queue(&console->transmit);
		return error;
	}
	console_count++;
	name[3] = (char)('0' + number);
	devfs_add_tty(name, console->tty.device, &console->tty);
	spin_lock(&console->lock);
	console->free = (1u << BUFFER_COUNT) - 1;
	for (uint32_t id = 0; id < BUFFER_COUNT; id++)
		offer(console, RECEIVE, &console->receive, id, (uint32_t)PAGE_SIZE);
	spin_unlock(&console->lock);
	return 0;
}

void virtio_console_probe(uintptr_t registers, size_t size, unsigned int interrupt)
{
	struct virtio_console *console;
	int error = -ENOMEM;

	if (size < REGISTERS_SIZE || peek(registers, MAGIC) != VIRTIO_MAGIC ||
	    peek(registers, DEVICE_ID) != CONSOLE_ID || console_count > 9)
		return;
	console = kzalloc(sizeof(*console));
	if (console) {
		spinlock_init(&console->lock, LOCK_RANK_DEVICE);
		console->registers = registers;
		error = start_console(console, interrupt);
	}
	if (error) {
		printk("virtio: the console at %#lx does not start: error %d\n",
			(unsigned long)registers, -error);
		kfree(console);
	}
}
