// SPDX-License-Identifier: Apache-2.0
/*
 * stress_memory.c - memory: what a page table has lost, no other CPU uses any more.
 */
#include "tests/guest/stress.h"

static volatile uint32_t *page;
static __thread sigjmp_buf refused;

static void on_fault(int number)
{
	(void)number;
	siglongjmp(refused, 1);
}

static void *writer(void *unused)
{
	(void)unused;
	while (!is_over()) {
		if (sigsetjmp(refused, 1)) {
			sched_yield();
			continue;
		}
		for (int i = 0; i < 10000; i++)
			page[0]++;
	}
	return NULL;
}

void mapper(int index)
{
	pthread_t threads[2];

	(void)index;
	signal(SIGSEGV, on_fault);
	page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	for (int i = 0; i < 2; i++)
		pthread_create(&threads[i], NULL, writer, NULL);
	while (!is_over()) {
		mprotect((void *)(uintptr_t)page, PAGE, PROT_READ);
		uint32_t value = page[0];
		if (chance(2)) {
			pid_t child = fork();
			if (child == 0)
				_exit(page[0] == value ? 0 : 1);
			require(reap(child) == 0, "a child sees another page");
		} else {
			pause_ns(chance(50000));
		}
		require(page[0] == value, "a page that is read-only changed from %u to %u", value, page[0]);
		mprotect((void *)(uintptr_t)page, PAGE, PROT_READ | PROT_WRITE);
		pause_ns(chance(50000));
		count();
	}
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
}
