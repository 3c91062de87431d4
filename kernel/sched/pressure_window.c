// SPDX-License-Identifier: Apache-2.0
/*
 * pressure_window.c - see pressure_window.h. Pure.
 */
#include "kernel/sched/pressure_window.h"

static uint64_t scale(uint64_t value, uint64_t numerator, uint64_t denominator)
{
	return (uint64_t)((unsigned __int128)value * numerator / denominator);
}

void pressure_window_begin(struct pressure_window *window, uint64_t size_ns, uint64_t threshold_ns,
			   uint64_t now_ns, uint64_t total_ns)
{
	*window = (struct pressure_window){
		.size_ns = size_ns, .threshold_ns = threshold_ns, .start_ns = now_ns, .start_total_ns = total_ns,
	};
}

/* How much the total has grown in the `size_ns` up to now. */
static uint64_t growth(struct pressure_window *window, uint64_t now_ns, uint64_t total_ns)
{
	uint64_t elapsed_ns = now_ns - window->start_ns, grown_ns = total_ns - window->start_total_ns;

	if (elapsed_ns < window->size_ns)
		return grown_ns + scale(window->before_ns, window->size_ns - elapsed_ns, window->size_ns);
	/* Who looks late sees the mean. */
	window->before_ns = scale(grown_ns, window->size_ns, elapsed_ns);
	window->start_ns = now_ns;
	window->start_total_ns = total_ns;
	return window->before_ns;
}

bool pressure_window_update(struct pressure_window *window, uint64_t now_ns, uint64_t total_ns)
{
	if (growth(window, now_ns, total_ns) >= window->threshold_ns)
		window->exceeded = true;
	if (!window->exceeded || now_ns < window->quiet_until_ns)
		return false;
	window->exceeded = false;
	window->quiet_until_ns = now_ns + window->size_ns;
	return true;
}
