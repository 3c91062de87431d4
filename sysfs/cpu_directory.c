// SPDX-License-Identifier: Apache-2.0
/*
 * cpu_directory.c - the files of /sys/devices/system/cpu/cpuN, of one CPU each.
 *
 * Context: show: the caller holds whatever guards the tree. store: it does not, for the change
 * itself takes it.
 */
#include <errno.h>

#include "sysfs/sysfs.h"
#include "sysfs/textparse.h"

static int online_show(const struct cg_tree *tree, unsigned int cpu, struct outbuf *out)
{
	outbuf_char(out, cpumask_test(&tree->online, cpu) ? '1' : '0');
	outbuf_char(out, '\n');
	return 0;
}

static int online_store(const struct sysfs_environment *environment, unsigned int cpu,
			const char *text, size_t length)
{
	struct text value = text_trim((struct text){ text, length });

	if (text_equals(value, "0"))
		return environment->take_cpu_offline(environment->context, cpu);
	if (text_equals(value, "1"))
		return environment->bring_cpu_online(environment->context, cpu);
	return -EINVAL;
}

static const struct sysfs_cpu_file files[] = {
	{ "online", 0644, online_show, online_store },
};

const struct sysfs_cpu_file *sysfs_cpu_files(size_t *count)
{
	*count = sizeof(files) / sizeof(files[0]);
	return files;
}
