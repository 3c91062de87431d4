/* SPDX-License-Identifier: Apache-2.0 */
/*
 * entry.S - the first instructions of every hart, and the way into and out of the kernel.
 *
 * tp is the running task while in the kernel. sscratch is the running task while in user mode
 * and 0 in the kernel, which is how trap_entry tells the two apart.
 */
#include "kernel/mm/layout.h"
#include "kernel/riscv/csr.h"
#include "kernel/riscv/offsets.h"

#define LEAF_RW  0xc7 /* dirty, accessed, write, read, valid */
#define LEAF_RWX 0xcf

	.section .head.text, "ax"

/* The boot hart: a0 = hart ID, a1 = physical address of the device tree; paging is off. */
	.globl _start
_start:
	csrw	sie, zero
	csrw	sscratch, zero
	la	t0, _bss_start		/* pc-relative: physical addresses for now */
	la	t1, _bss_end
1:	sd	zero, 0(t0)
	addi	t0, t0, 8
	bltu	t0, t1, 1b

	/* The linear map: 128 leaves of 1 GiB. */
	la	s2, boot_root_table
	li	t0, LEAF_RW
	li	t1, 1 << 28		/* 1 GiB in a table entry's units */
	li	t2, 128
	li	t3, ((LINEAR_BASE >> 30) & 511) * 8
	add	t3, t3, s2
2:	sd	t0, 0(t3)
	add	t0, t0, t1
	addi	t3, t3, 8
	addi	t2, t2, -1
	bnez	t2, 2b

	/* The kernel image: 2 MiB leaves from where it was loaded. */
	la	s3, boot_image_table
	la	s4, _kernel_start
	srli	t0, s4, 2
	ori	t0, t0, LEAF_RWX
	li	t1, 1 << 19		/* 2 MiB in a table entry's units */
	li	t2, 8
	mv	t3, s3
3:	sd	t0, 0(t3)
	add	t0, t0, t1
	addi	t3, t3, 8
	addi	t2, t2, -1
	bnez	t2, 3b
	srli	t0, s3, 2
	ori	t0, t0, 1
	li	t1, ((KERNEL_BASE >> 30) & 511) * 8
	add	t1, t1, s2
	sd	t0, 0(t1)

	srli	t0, s2, 12
	li	t1, SATP_SV39
	or	t0, t0, t1
	mv	a2, s4			/* the physical address of the image */
	ld	t1, boot_main_address
	ld	t2, boot_stack_address
	ld	t3, boot_task_address
	j	enter_paging

/* Every other hart (SBI HSM hart_start): a1 = its idle task, a virtual address. */
	.globl _start_secondary
_start_secondary:
	csrw	sie, zero
	csrw	sscratch, zero
	ld	t0, secondary_satp
	ld	t1, secondary_main_address
	mv	t3, a1
	li	t2, 0

/* t0 = satp, t1 = where to go, t2 = stack (0: the task's own), t3 = task. The fetch after the write
 * to satp faults and continues at stvec, in the kernel's addresses. */
enter_paging:
	ld	t4, paged_address
	csrw	stvec, t4
	sfence.vma
	csrw	satp, t0
	nop
	.balign 4
paged:
	sfence.vma
	ld	t4, trap_entry_address
	csrw	stvec, t4
	mv	tp, t3
	mv	sp, t2
	bnez	sp, 4f
	ld	sp, TASK_KERNEL_STACK_TOP(tp)
4:	jr	t1

	.balign 8
paged_address:          .dword paged
trap_entry_address:     .dword trap_entry
boot_main_address:      .dword boot_main
boot_stack_address:     .dword boot_stack_top
boot_task_address:      .dword boot_task
secondary_main_address: .dword secondary_main

	.data
	.balign 8
	.globl secondary_satp
secondary_satp:
	.dword	0

	.text
	.balign 4
	.globl trap_entry
trap_entry:
	csrrw	tp, sscratch, tp
	beqz	tp, trap_from_kernel_entry
	sd	sp, TASK_USER_SP(tp)
	ld	sp, TASK_KERNEL_STACK_TOP(tp)
	addi	sp, sp, -FRAME_SIZE
	sd	ra, FRAME_REGISTER(1)(sp)
	sd	gp, FRAME_REGISTER(3)(sp)
	.irp n, 5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
	sd	x\n, FRAME_REGISTER(\n)(sp)
	.endr
	rdtime	t0
	ld	t1, TASK_USER_SINCE(tp)
	ld	t2, TASK_USER_TICKS(tp)
	ld	t3, TASK_USER_SP(tp)
	sub	t0, t0, t1
	add	t2, t2, t0
	sd	t2, TASK_USER_TICKS(tp)
	sd	zero, TASK_USER_SINCE(tp)
	sd	t3, FRAME_REGISTER(2)(sp)
	csrrw	t4, sscratch, zero
	csrr	t5, sepc
	csrr	t6, sstatus
	sd	t4, FRAME_REGISTER(4)(sp)
	sd	t5, FRAME_PC(sp)
	sd	t6, FRAME_STATUS(sp)
	csrr	a1, scause
	li	t0, CAUSE_USER_ECALL
	bne	a1, t0, 2f

	/* A system call, the hottest path there is: straight to its function. a7 is still its number. */
	addi	t5, t5, 4
	sd	t5, FRAME_PC(sp)
	ld	t1, FRAME_REGISTER(10)(sp)
	sd	t1, FRAME_ORIGINAL_A0(sp)
	addi	a0, sp, FRAME_REGISTER(10)
	li	t0, SYSCALL_TABLE_SIZE
	bgeu	a7, t0, 1f
	la	t1, syscall_table
	slli	t0, a7, 3
	add	t1, t1, t0
	ld	t1, 0(t1)
	beqz	t1, 1f
	jalr	t1
	sd	a0, FRAME_REGISTER(10)(sp)
	addi	t0, a0, ERESTART_LAST
	sltiu	t0, t0, ERESTART_CODES
	beqz	t0, return_to_user
	call	syscall_restart
	j	return_to_user
1:	mv	a1, a7
	call	syscall_other		/* Taper's own numbers, and those that do not exist */
	sd	a0, FRAME_REGISTER(10)(sp)
	j	return_to_user

2:	mv	a0, sp
	csrr	a2, stval
	call	trap_from_user

/* sp = the frame at the top of the task's kernel stack. */
	.globl return_to_user
return_to_user:
	lw	t0, TASK_WORK(tp)
	bnez	t0, 3f
	ld	t0, FRAME_PC(sp)
	ld	t1, FRAME_STATUS(sp)
	csrw	sepc, t0
	csrw	sstatus, t1
	csrw	sscratch, tp
	rdtime	t2
	sd	t2, TASK_USER_SINCE(tp)
	ld	ra, FRAME_REGISTER(1)(sp)
	.irp n, 3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
	ld	x\n, FRAME_REGISTER(\n)(sp)
	.endr
	ld	sp, FRAME_REGISTER(2)(sp)
	sret
3:	mv	a0, sp
	call	trap_user_work
	j	return_to_user

/* A fault in the kernel: user memory that is not there, or a mistake. tp and sscratch are swapped back.
 * A stack occupies the upper half of its slot: an address in the lower half is its guard. */
trap_from_kernel_entry:
	csrrw	tp, sscratch, tp
	csrw	sscratch, t0
	addi	sp, sp, -FRAME_SIZE
	srli	t0, sp, 13
	andi	t0, t0, 1
	beqz	t0, stack_overflow
	csrrw	t0, sscratch, zero
	sd	t0, FRAME_REGISTER(5)(sp)
	.irp n, 1,3,4,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
	sd	x\n, FRAME_REGISTER(\n)(sp)
	.endr
	addi	t0, sp, FRAME_SIZE
	sd	t0, FRAME_REGISTER(2)(sp)
	csrr	t0, sepc
	csrr	t1, sstatus
	sd	t0, FRAME_PC(sp)
	sd	t1, FRAME_STATUS(sp)
	mv	a0, sp
	csrr	a1, scause
	csrr	a2, stval
	call	trap_from_kernel
	ld	t0, FRAME_PC(sp)
	ld	t1, FRAME_STATUS(sp)
	csrw	sepc, t0
	csrw	sstatus, t1
	.irp n, 1,3,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
	ld	x\n, FRAME_REGISTER(\n)(sp)
	.endr
	ld	sp, FRAME_REGISTER(2)(sp)
	sret

stack_overflow:
	addi	a0, sp, FRAME_SIZE
	ld	t0, TASK_CPU(tp)
	ld	sp, CPU_EMERGENCY_STACK(t0)
	csrw	sscratch, zero
	csrr	a1, sepc
	call	kernel_stack_overflow

/* context_switch(previous, next): the one leaves, the other returns from its own call. */
	.globl context_switch
context_switch:
	addi	t0, a0, TASK_CONTEXT
	addi	t1, a1, TASK_CONTEXT
	sd	ra, 0(t0)
	sd	sp, 8(t0)
	.irp n, 0,1,2,3,4,5,6,7,8,9,10,11
	sd	s\n, (16 + \n * 8)(t0)
	.endr
	ld	ra, 0(t1)
	ld	sp, 8(t1)
	.irp n, 0,1,2,3,4,5,6,7,8,9,10,11
	ld	s\n, (16 + \n * 8)(t1)
	.endr
	mv	tp, a1
	ret

/* A new user task's first switch ends here: its frame is at sp. */
	.globl ret_from_fork
ret_from_fork:
	call	sched_finish_switch
	j	return_to_user

/* A new kernel thread's: s0 = function, s1 = argument. */
	.globl ret_from_kernel_thread
ret_from_kernel_thread:
	call	sched_finish_switch
	mv	a0, s1
	jalr	s0
	li	a0, 0
	call	task_exit

	.bss
	.balign 4096
boot_root_table:
	.skip	4096
boot_image_table:
	.skip	4096
	.balign 16384		/* shaped like every stack: the lower half of a slot is its guard */
	.skip	8192
	.skip	8192
	.globl boot_stack_top
boot_stack_top:
