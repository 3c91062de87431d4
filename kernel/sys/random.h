// SPDX-License-Identifier: Apache-2.0
/*
 * random.h - numbers that a program cannot guess: getrandom(2), /dev/urandom, AT_RANDOM.
 *
 * One ChaCha20 generator for the machine. Its key is stirred from the device tree's rng-seed and
 * the clock, and replaced after every request, so that nothing that was answered can be computed
 * again. Without an rng-seed it is only as good as the clock at boot.
 */
#ifndef KERNEL_SYS_RANDOM_H
#define KERNEL_SYS_RANDOM_H

#include <stddef.h>

/* Any context; up to a page at a time is a bounded handful of instructions. */
void random_bytes(void *buffer, size_t length);
/* Stirs the key with `seed`. */
void random_stir(const void *seed, size_t length);

#endif
