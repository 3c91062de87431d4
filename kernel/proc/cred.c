// SPDX-License-Identifier: Apache-2.0
/*
 * cred.c - who may do what with a file, by its owner and mode.
 */
#include "kernel/proc/cred.h"

#include <errno.h>

#include "kernel/fs/abi.h"

static bool in_group(const struct cred *cred, uint32_t gid)
{
	if (cred->fsgid == gid)
		return true;
	for (uint32_t i = 0; i < cred->group_count; i++)
		if (cred->groups[i] == gid)
			return true;
	return false;
}

int cred_permission(const struct cred *cred, uint32_t mode, uint32_t uid, uint32_t gid,
		    unsigned int wanted)
{
	unsigned int granted = mode & 7;

	if (cred->fsuid == uid)
		granted = mode >> 6 & 7;
	else if (in_group(cred, gid))
		granted = mode >> 3 & 7;
	if ((wanted & ~granted) == 0)
		return 0;
	/* The capability opens everything, but executes only what somebody may execute. */
	if (!cred_has(cred, CAP_DAC_OVERRIDE))
		return -EACCES;
	if ((wanted & ACCESS_EXEC) && (mode & S_IFMT) != S_IFDIR && !(mode & 0111))
		return -EACCES;
	return 0;
}
