// SPDX-License-Identifier: Apache-2.0
/*
 * shared_memory.h - memory without a file that several address spaces map: MAP_SHARED |
 * MAP_ANONYMOUS, and pages of the kernel's that programs may see (the signal trampoline).
 *
 * Pages appear when first touched and stay until the last mapping goes.
 */
#ifndef KERNEL_MM_SHARED_MEMORY_H
#define KERNEL_MM_SHARED_MEMORY_H

#include "kernel/mm/page.h"
#include "kernel/mm/policy.h"

struct shared_memory;

/* One reference; NULL: no memory. */
struct shared_memory *shared_memory_create(uint64_t page_count);
void shared_memory_get(struct shared_memory *shared);
void shared_memory_put(struct shared_memory *shared);
/* Page `index` with a reference, zeroed when it is new, which comes by the policy: 0, -ENOMEM, -EIO
 * (there is none). */
int shared_memory_page(struct shared_memory *shared, uint64_t index,
		       const struct memory_policy *policy, struct page **page);
/* A page that nobody has but the memory and the caller's one entry, `old`, goes to `copy`, which the
 * memory gets a reference to; it gives up its own to the old one. False: others have it, too. */
bool shared_memory_replace(struct shared_memory *shared, uint64_t index, struct page *old,
			   struct page *copy);

#endif
