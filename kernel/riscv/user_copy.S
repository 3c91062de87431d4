/* SPDX-License-Identifier: Apache-2.0 */
/*
 * user_copy.S - the only instructions of the kernel that touch user memory.
 *
 * Everything from user_copy_begin to user_copy_end is a leaf that keeps ra and never moves sp, so
 * a fault there that cannot be mended ends in one place: user_copy_fault answers -EFAULT to the
 * caller. SSTATUS.SUM is set only in here. Callers have checked the range against USER_END.
 */
#include "kernel/riscv/csr.h"

#define EFAULT 14
#define EAGAIN 11

	.text
	.balign 4
	.globl user_copy_begin
user_copy_begin:

/*
 * int user_copy_raw(void *to, const void *from, size_t length)
 *
 * Words when both ends can be aligned together, else words of the target shifted together from
 * aligned words of the source (which never cross a page that the bytes do not touch).
 */
	.globl user_copy_raw
user_copy_raw:
	li	t6, SSTATUS_SUM
	csrs	sstatus, t6
	add	a3, a0, a2		/* the target's end */
	sltiu	t0, a2, 16
	bnez	t0, bytes
	andi	t0, a0, 7
	bnez	t0, align_target
aligned_target:
	andi	t0, a1, 7
	bnez	t0, shifted
	addi	a4, a3, -64		/* the last place where 64 bytes still fit */
	bgtu	a0, a4, words
blocks:
	ld	t0, 0(a1)
	ld	t1, 8(a1)
	ld	t2, 16(a1)
	ld	t3, 24(a1)
	ld	t4, 32(a1)
	ld	t5, 40(a1)
	ld	a5, 48(a1)
	ld	a6, 56(a1)
	sd	t0, 0(a0)
	sd	t1, 8(a0)
	sd	t2, 16(a0)
	sd	t3, 24(a0)
	sd	t4, 32(a0)
	sd	t5, 40(a0)
	sd	a5, 48(a0)
	sd	a6, 56(a0)
	addi	a0, a0, 64
	addi	a1, a1, 64
	bleu	a0, a4, blocks
words:
	addi	a4, a3, -8
	bgtu	a0, a4, bytes
1:	ld	t0, 0(a1)
	sd	t0, 0(a0)
	addi	a0, a0, 8
	addi	a1, a1, 8
	bleu	a0, a4, 1b
bytes:
	beq	a0, a3, copied
	or	t0, a0, a1
	or	t0, t0, a3
	andi	t0, t0, 7
	beqz	t0, words		/* 8 bytes, aligned: the common small copy */
2:	lbu	t0, 0(a1)
	sb	t0, 0(a0)
	addi	a0, a0, 1
	addi	a1, a1, 1
	bltu	a0, a3, 2b
copied:
	csrc	sstatus, t6
	li	a0, 0
	ret

align_target:
	lbu	t0, 0(a1)
	sb	t0, 0(a0)
	addi	a0, a0, 1
	addi	a1, a1, 1
	andi	t0, a0, 7
	bnez	t0, align_target
	j	aligned_target

/* t0 = source misaligned by 1..7 bytes: t1 = shift of the older word, t2 of the newer. */
shifted:
	addi	a4, a3, -8
	bgtu	a0, a4, 2b
	slli	t1, t0, 3
	li	t2, 64
	sub	t2, t2, t1
	sub	a5, a1, t0
	ld	t3, 0(a5)
3:	ld	t4, 8(a5)
	srl	t3, t3, t1
	sll	t5, t4, t2
	or	t3, t3, t5
	sd	t3, 0(a0)
	mv	t3, t4
	addi	a5, a5, 8
	addi	a1, a1, 8
	addi	a0, a0, 8
	bleu	a0, a4, 3b
	bltu	a0, a3, 2b
	j	copied

/* int user_clear_raw(void *to, size_t length) */
	.globl user_clear_raw
user_clear_raw:
	li	t6, SSTATUS_SUM
	csrs	sstatus, t6
	add	a3, a0, a1
4:	andi	t0, a0, 7
	beqz	t0, 5f
	beq	a0, a3, copied
	sb	zero, 0(a0)
	addi	a0, a0, 1
	j	4b
5:	addi	a4, a3, -64
	bgtu	a0, a4, 7f
6:	sd	zero, 0(a0)
	sd	zero, 8(a0)
	sd	zero, 16(a0)
	sd	zero, 24(a0)
	sd	zero, 32(a0)
	sd	zero, 40(a0)
	sd	zero, 48(a0)
	sd	zero, 56(a0)
	addi	a0, a0, 64
	bleu	a0, a4, 6b
7:	beq	a0, a3, copied
	sb	zero, 0(a0)
	addi	a0, a0, 1
	j	7b

/* int64_t user_string_raw(char *to, const char *from, size_t size): the length copied before the
 * NUL; `size` when there is none in that many bytes. */
	.globl user_string_raw
user_string_raw:
	li	t6, SSTATUS_SUM
	csrs	sstatus, t6
	mv	a3, a0
	add	a4, a0, a2
	addi	a5, a4, -4
	bgtu	a0, a5, 9f
8:	lbu	t0, 0(a1)
	sb	t0, 0(a0)
	beqz	t0, 10f
	lbu	t0, 1(a1)
	sb	t0, 1(a0)
	beqz	t0, 11f
	lbu	t0, 2(a1)
	sb	t0, 2(a0)
	beqz	t0, 12f
	lbu	t0, 3(a1)
	sb	t0, 3(a0)
	beqz	t0, 13f
	addi	a0, a0, 4
	addi	a1, a1, 4
	bleu	a0, a5, 8b
9:	beq	a0, a4, 10f
	lbu	t0, 0(a1)
	sb	t0, 0(a0)
	beqz	t0, 10f
	addi	a0, a0, 1
	addi	a1, a1, 1
	j	9b
13:	addi	a0, a0, 1
12:	addi	a0, a0, 1
11:	addi	a0, a0, 1
10:	csrc	sstatus, t6
	sub	a0, a0, a3
	ret

/* int user_load_32_raw(const uint32_t *from, uint32_t *value) */
	.globl user_load_32_raw
user_load_32_raw:
	li	t6, SSTATUS_SUM
	csrs	sstatus, t6
	lw	t0, 0(a0)
	csrc	sstatus, t6
	sw	t0, 0(a1)
	li	a0, 0
	ret

/* int user_exchange_32_raw(uint32_t *at, int32_t old, uint32_t new): 0, -EAGAIN. */
	.globl user_exchange_32_raw
user_exchange_32_raw:
	li	t6, SSTATUS_SUM
	csrs	sstatus, t6
14:	lr.w.aqrl t0, (a0)
	bne	t0, a1, 15f
	sc.w.rl	t1, a2, (a0)
	bnez	t1, 14b
	csrc	sstatus, t6
	li	a0, 0
	ret
15:	csrc	sstatus, t6
	li	a0, -EAGAIN
	ret

	.globl user_copy_end
user_copy_end:

	.globl user_copy_fault
user_copy_fault:
	li	t6, SSTATUS_SUM
	csrc	sstatus, t6
	li	a0, -EFAULT
	ret
