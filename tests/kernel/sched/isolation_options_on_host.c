// SPDX-License-Identifier: Apache-2.0
/* isolation_options.c as the host compiles it. */
#include "kernel/sched/isolation_options.c"
