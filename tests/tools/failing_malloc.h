// SPDX-License-Identifier: Apache-2.0
/*
 * failing_malloc.h - the C library's allocator, whose n-th call fails on demand.
 */
#ifndef TESTS_TOOLS_FAILING_MALLOC_H
#define TESTS_TOOLS_FAILING_MALLOC_H

/* The n-th allocation from now on fails, once; 0: none does. */
void fail_malloc(unsigned int nth);
/* Whether it has, by now; nothing fails any more. */
bool malloc_has_failed();

#endif
