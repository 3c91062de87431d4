// SPDX-License-Identifier: Apache-2.0
/*
 * page_index_on_host.h - the kernel's page index over pages that are only numbers.
 */
#ifndef TESTS_KERNEL_FS_PAGE_INDEX_ON_HOST_H
#define TESTS_KERNEL_FS_PAGE_INDEX_ON_HOST_H

#include <stdint.h>

struct index_fixture;

struct index_fixture *index_create(void);
void index_destroy(struct index_fixture *fixture);
/* 0 or -1 (no memory); the page is a number, not 0. */
int index_put(struct index_fixture *fixture, uint64_t number, uintptr_t page);
uintptr_t index_get(const struct index_fixture *fixture, uint64_t number); /* 0: a hole */
uint64_t index_cut(struct index_fixture *fixture, uint64_t from);

extern uint64_t index_pages_put; /* pages whose reference was given back */
extern int64_t index_nodes;      /* nodes in memory */
extern int64_t index_nodes_max;  /* no more can be had; -1: no limit */

#endif
