// SPDX-License-Identifier: Apache-2.0
/*
 * hotplug.h - CPUs that go offline and come back, while everything runs on.
 */
#ifndef KERNEL_SMP_HOTPLUG_H
#define KERNEL_SMP_HOTPLUG_H

/* Takes a CPU offline: its tasks go to others, its hart stops. 0 too when it is off already.
 * -EBUSY it is the last one; -EINVAL there is no such CPU. Sleeps; LOCK_RANK_HOTPLUG. */
int hotplug_take_offline(unsigned int id);
/* Starts its hart and lets tasks use it again. 0 too when it is on. -EINVAL; -EIO the hart does not
 * start, or nobody arrives (arrivals.h). Sleeps; LOCK_RANK_HOTPLUG. */
int hotplug_bring_online(unsigned int id);

/* The idle task of a CPU whose `leaving` is set: stops its hart. */
_Noreturn void hotplug_leave(void);

#endif
