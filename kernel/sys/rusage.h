// SPDX-License-Identifier: Apache-2.0
/*
 * rusage.h - what a process, its children or a thread have used (getrusage(2), wait4(2)).
 */
#ifndef KERNEL_SYS_RUSAGE_H
#define KERNEL_SYS_RUSAGE_H

struct abi_rusage;
struct process;

enum { RUSAGE_CHILDREN = -1, RUSAGE_SELF = 0, RUSAGE_THREAD = 1, RUSAGE_BOTH = 2 };

/* The caller holds the family lock; SELF, CHILDREN or BOTH. Times, faults, switches
 * and the peak of memory are filled, the rest is zero. */
void rusage_of_process_locked(struct abi_rusage *usage, struct process *process, int who);

#endif
