// SPDX-License-Identifier: Apache-2.0
/*
 * plic.c - see plic.h. Only one CPU's context of a controller is enabled, so only that CPU claims.
 * It hands over itself, between two interrupts: what it has claimed it has completed.
 */
#include "kernel/dev/plic.h"
#include "kernel/kernel.h"
#include "kernel/riscv/csr.h"
#include "kernel/smp/cpu.h"

enum { SOURCES_MAX = 256, NOBODY = -1 };

/* Byte offsets, PLIC specification chapter 3. */
enum {
	PRIORITY = 0x0,
	ENABLE = 0x2000,
	ENABLE_STRIDE = 0x80,
	THRESHOLD = 0x200000,
	CONTEXT_STRIDE = 0x1000,
	CLAIM = 4, /* from a context's threshold */
};

struct source {
	void (*handler)(void *); /* (i) once registered, at boot */
	void *argument;
};

struct controller {
	uintptr_t registers;   /* (i) */
	uint32_t source_count; /* (i) */
	int32_t server;        /* (a) id of the CPU that serves; NOBODY */
	uint32_t enabled[SOURCES_MAX / 32]; /* (i) once all are registered */
	struct source sources[SOURCES_MAX];
};

static struct controller controllers[PLIC_MAX];
static uint32_t controller_count; /* (i) */

/* The CPU's controller; NULL: it has none. */
static struct controller *controller_of(const struct cpu *cpu)
{
	return cpu->interrupt_context < 0 ? NULL : &controllers[cpu->interrupt_controller];
}

static volatile uint32_t *reg(const struct controller *controller, uint64_t offset)
{
	return (volatile uint32_t *)(controller->registers + offset);
}

static void enable(const struct controller *controller, int32_t context, const uint32_t *words)
{
	uint64_t at = ENABLE + (uint64_t)context * ENABLE_STRIDE;

	for (uint32_t word = 0; word <= controller->source_count / 32; word++)
		*reg(controller, at + word * 4UL) = words[word];
}

/* That context gets the controller's interrupts; no other one has them. */
static void serve_from(const struct controller *controller, int32_t context)
{
	*reg(controller, THRESHOLD + (uint64_t)context * CONTEXT_STRIDE) = 0;
	enable(controller, context, controller->enabled);
}

int plic_add(uintptr_t registers, uint32_t source_count)
{
	if (controller_count == PLIC_MAX)
		return -ENOSPC;
	controllers[controller_count] = (struct controller){
		.registers = registers,
		.source_count = MIN(source_count, (uint32_t)SOURCES_MAX - 1),
		.server = NOBODY,
	};
	return (int)controller_count++;
}

uint32_t plic_interrupt(int controller, uint32_t source)
{
	if (controller < 0 || !source || source > controllers[controller].source_count)
		return INTERRUPT_NONE;
	return (uint32_t)controller * SOURCES_MAX + source;
}

int interrupt_register(uint32_t interrupt, void (*handler)(void *), void *argument)
{
	if (interrupt == INTERRUPT_NONE)
		return -EINVAL;
	struct controller *controller = &controllers[interrupt / SOURCES_MAX];
	uint32_t number = interrupt % SOURCES_MAX;
	struct source *source = &controller->sources[number];

	if (source->handler)
		return -EBUSY;
	*source = (struct source){ handler, argument };
	*reg(controller, PRIORITY + number * 4UL) = 1;
	controller->enabled[number / 32] |= 1U << number % 32;
	full_barrier(); /* a CPU that joins now sees it enabled, or we see the CPU */
	int32_t server = __atomic_load_n(&controller->server, __ATOMIC_RELAXED);
	if (server != NOBODY)
		enable(controller, cpu_table[server]->interrupt_context, controller->enabled);
	return 0;
}

void plic_join(void)
{
	static const uint32_t nothing[SOURCES_MAX / 32];
	struct cpu *cpu = this_cpu();
	struct controller *controller = controller_of(cpu);
	int32_t nobody = NOBODY;

	if (!controller)
		return;
	if (__atomic_compare_exchange_n(&controller->server, &nobody, (int32_t)cpu->id, false,
					__ATOMIC_SEQ_CST, __ATOMIC_RELAXED)) {
		full_barrier();
		serve_from(controller, cpu->interrupt_context);
	} else {
		enable(controller, cpu->interrupt_context, nothing);
	}
}

bool plic_is_server(const struct cpu *cpu)
{
	const struct controller *controller = controller_of(cpu);

	return controller &&
	       __atomic_load_n(&controller->server, __ATOMIC_RELAXED) == (int32_t)cpu->id;
}

/* Another CPU of the controller; one that is not quiet, if there is one. NULL: none. */
static struct cpu *find_heir(const struct cpu *cpu, const struct controller *controller)
{
	struct cpu *quiet = NULL;

	cpumask_for_each(id, &cpu_online) {
		struct cpu *heir = cpu_table[id];

		if (heir == cpu || controller_of(heir) != controller)
			continue;
		if (!__atomic_load_n(&heir->keeper, __ATOMIC_RELAXED))
			return heir;
		quiet = heir;
	}
	return quiet;
}

/* NULL: nobody serves. */
static void hand_over(struct controller *controller, const struct cpu *cpu, const struct cpu *heir)
{
	static const uint32_t nothing[SOURCES_MAX / 32];

	enable(controller, cpu->interrupt_context, nothing);
	__atomic_store_n(&controller->server, heir ? (int32_t)heir->id : NOBODY, __ATOMIC_RELEASE);
	if (heir)
		serve_from(controller, heir->interrupt_context);
}

void plic_leave(void)
{
	struct cpu *cpu = this_cpu();
	struct controller *controller = controller_of(cpu);

	if (plic_is_server(cpu))
		hand_over(controller, cpu, find_heir(cpu, controller));
}

void plic_yield(void)
{
	struct cpu *cpu = this_cpu();
	struct controller *controller = controller_of(cpu);
	struct cpu *heir = plic_is_server(cpu) ? find_heir(cpu, controller) : NULL;

	if (heir && !__atomic_load_n(&heir->keeper, __ATOMIC_RELAXED))
		hand_over(controller, cpu, heir);
}

void plic_serve(void)
{
	const struct cpu *cpu = this_cpu();
	struct controller *controller = controller_of(cpu);
	uint32_t source;

	if (!controller)
		return;
	volatile uint32_t *claim = reg(controller, THRESHOLD + CLAIM +
				       (uint64_t)cpu->interrupt_context * CONTEXT_STRIDE);
	while ((source = *claim) != 0) {
		if (source <= controller->source_count && controller->sources[source].handler)
			controller->sources[source].handler(controller->sources[source].argument);
		*claim = source;
	}
}
