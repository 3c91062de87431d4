// SPDX-License-Identifier: Apache-2.0
/*
 * layout.h - where things are in the Sv39 address space.
 *
 *   0x0000000000001000 .. 0x0000003fffffffff   user (256 GiB)
 *   0xffffffc000000000 .. 0xffffffdfffffffff   all RAM and device registers, linearly (128 GiB)
 *   0xffffffe000000000 .. 0xffffffe03fffffff   kernel stacks, each below a guard page
 *   0xffffffff80000000 .. 0xffffffffffffffff   the kernel image: text RX, rodata R, data RW
 *
 * The upper half is the same in every page table: its second-level tables are made at boot and
 * never go away. The kernel image is not mapped a second time in the linear map (W^X).
 */
#ifndef KERNEL_MM_LAYOUT_H
#define KERNEL_MM_LAYOUT_H

#ifdef __ASSEMBLER__
#define LAYOUT_VALUE(value) value
#else
#define LAYOUT_VALUE(value) value##UL
#endif

#define PAGE_SHIFT 12
#define PAGE_SIZE  LAYOUT_VALUE(4096)

#define USER_MIN LAYOUT_VALUE(0x0000000000001000)
#define USER_END LAYOUT_VALUE(0x0000004000000000) /* the first address that is not the user's */

#define LINEAR_BASE LAYOUT_VALUE(0xffffffc000000000)
#define LINEAR_SIZE LAYOUT_VALUE(0x0000002000000000)
#define STACK_BASE  LAYOUT_VALUE(0xffffffe000000000)
#define STACK_AREA  LAYOUT_VALUE(0x0000000040000000)
#define KERNEL_BASE LAYOUT_VALUE(0xffffffff80000000)

#define KERNEL_STACK_SIZE LAYOUT_VALUE(8192) /* with as much unmapped below it: see riscv/entry.S */
#define KERNEL_STACK_SLOT (2 * KERNEL_STACK_SIZE)

#ifndef __ASSEMBLER__
#include <stdint.h>

typedef uint64_t paddr_t; /* a physical address */
typedef uint64_t uaddr_t; /* an address that a user named: hostile until checked */

static inline void *phys_to_virt(paddr_t address) { return (void *)(address + LINEAR_BASE); }
static inline paddr_t virt_to_phys(const void *address) { return (paddr_t)address - LINEAR_BASE; }
#endif

#endif
