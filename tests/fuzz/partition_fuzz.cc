// SPDX-License-Identifier: Apache-2.0
/*
 * partition_fuzz.cc - any bytes as changes to a small tree of partitions, CPUs going off and on
 * included: after each it is in the state that the naive specification says, and every invariant
 * holds. The first byte says which tree, each other one a change.
 */
#include <new>

#include "tests/cgroups/partition_pair.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!size)
		return 0;
	PartitionSpec spec = shape_of(data[0] % 6);
	static Small small(spec);
	new (&small) Small(spec);
	for (size_t i = 1; i < size; i++) {
		int answer = small.change(data[i] % CHANGES), specified = change(spec, data[i] % CHANGES);
		if (answer != specified || !small.agrees(spec) || !spec.is_sound()) {
			std::fprintf(stderr, "change %d of %zu: answers %d, specified %d\n",
				data[i] % CHANGES, i, answer, specified);
			small.tell(spec);
			std::abort();
		}
		cg_check(&small.tree);
	}
	return 0;
}
