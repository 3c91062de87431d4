// SPDX-License-Identifier: Apache-2.0
/*
 * failing_malloc.cc - stands in for glibc's malloc and its kin, also for the C library itself.
 */
#include "tests/tools/failing_malloc.h"

#include <cerrno>
#include <cstddef>

extern "C" {
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *memory, size_t size);
void *malloc(size_t size);
void *calloc(size_t count, size_t size);
void *realloc(void *memory, size_t size);
void *reallocarray(void *memory, size_t count, size_t size);
}

static unsigned int countdown;

void fail_malloc(unsigned int nth)
{
	countdown = nth;
}

bool malloc_has_failed()
{
	bool failed = countdown == 0;
	countdown = 0;
	return failed;
}

static bool must_fail()
{
	if (!countdown || --countdown)
		return false;
	errno = ENOMEM;
	return true;
}

void *malloc(size_t size)
{
	return must_fail() ? nullptr : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
	return must_fail() ? nullptr : __libc_calloc(count, size);
}

void *realloc(void *memory, size_t size)
{
	return must_fail() ? nullptr : __libc_realloc(memory, size);
}

void *reallocarray(void *memory, size_t count, size_t size)
{
	size_t bytes;
	if (__builtin_mul_overflow(count, size, &bytes)) {
		errno = ENOMEM;
		return nullptr;
	}
	return realloc(memory, bytes);
}
