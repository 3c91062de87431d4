// SPDX-License-Identifier: Apache-2.0
/*
 * uart.h - the 16550 UART, as the system console.
 */
#ifndef KERNEL_DEV_UART_H
#define KERNEL_DEV_UART_H

#include <stdint.h>

/* Takes it over and makes it the console. `shift`: registers are 1 << shift bytes apart. */
void uart_init(uintptr_t registers, uint32_t shift);
/* Input arrives by interrupt, once there is a terminal to take it. */
void uart_start_input(unsigned int interrupt);

#endif
