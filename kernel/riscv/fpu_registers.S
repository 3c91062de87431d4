/* SPDX-License-Identifier: Apache-2.0 */
/* fpu_registers.S - all floating-point registers to and from a struct fpu_state. sstatus.FS must be on. */
	.option arch, +f
	.option arch, +d
	.text

	.globl fpu_store_registers
fpu_store_registers:
	.irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
	fsd	f\n, (\n * 8)(a0)
	.endr
	frcsr	t0
	sd	t0, 256(a0)
	ret

	.globl fpu_load_registers
fpu_load_registers:
	.irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
	fld	f\n, (\n * 8)(a0)
	.endr
	ld	t0, 256(a0)
	fscsr	t0
	ret
