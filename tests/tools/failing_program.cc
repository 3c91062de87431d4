// SPDX-License-Identifier: Apache-2.0
/*
 * failing_program.cc - linked into a program: its allocation number FAIL_MALLOC fails, and when it has, the
 * file FAIL_MALLOC_MARK is there after the program's end.
 */
#include <cstdlib>

#include <fcntl.h>
#include <unistd.h>

#include "tests/tools/failing_malloc.h"

namespace {

bool armed;

__attribute__((constructor)) void begin()
{
	const char *nth = getenv("FAIL_MALLOC");
	if (!nth)
		return;
	armed = true;
	fail_malloc((unsigned int)strtoul(nth, nullptr, 10));
}

__attribute__((destructor)) void end()
{
	const char *mark = getenv("FAIL_MALLOC_MARK");
	if (armed && malloc_has_failed() && mark)
		close(open(mark, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
}

} // namespace
