# SPDX-License-Identifier: Apache-2.0
"""Checks a timeline of `schedctl trace`, on standard input.

trace_check.py whole CPUS CHILDREN: nothing is lost, and on each CPU so many children have ended.
trace_check.py lost CPU CHILDREN: that CPU's lost records are told of, and no other's; what came later is there.
"""

import collections
import json
import sys


def fail(why):
    sys.exit("trace: " + why)


def check_order(events):
    """On each CPU, in the order of the file: no turn begins before the last one has ended, no time goes back."""
    free_at = collections.defaultdict(float)
    turns = collections.defaultdict(list)
    for event in events:
        if event["ph"] == "X":
            end = event["ts"] + event["dur"]
            if event["ts"] < free_at[event["tid"]] - 0.0005:
                fail("turns overlap: %s" % event)
            free_at[event["tid"]] = end
            turns[event["args"]["tid"]].append((event["ts"], end))
        elif event["ph"] == "i" and event["ts"] < free_at[event["tid"]] - 0.0005:
            fail("an event before the turn that precedes it: %s" % event)
    for task, spans in turns.items():
        spans.sort()
        for (_, end), (begin, _) in zip(spans, spans[1:]):
            if begin < end - 0.0005:
                fail("task %d runs twice at %f" % (task, begin))


def check_arrows(events):
    """Each begins before it ends, and ends once."""
    begun = {}
    for event in events:
        if event["ph"] == "s":
            begun[event["id"]] = event["ts"]
        elif event["ph"] == "f":
            if begun.pop(event["id"], event["ts"] + 1) > event["ts"]:
                fail("an arrow from nowhere: %s" % event)


def ends_of(events):
    """The tasks that ended, by CPU.

    Whose parent knows of the end may have its last instructions still before it when the recording ends, which cuts
    its turn off; so it does schedctl's own.
    """
    last_turn = {}
    for event in events:
        if event["ph"] != "X":
            continue
        task = event["args"]["tid"]
        if task in last_turn and last_turn[task]["args"]["end"] == "ended":
            fail("a task runs after its end: %s" % event)
        last_turn[task] = event
    ends = collections.defaultdict(list)
    for task, turn in last_turn.items():
        is_cut_off = turn["args"]["end"] == "?" and turn["name"] != "schedctl"
        if turn["args"]["end"] == "ended" or is_cut_off:
            ends[turn["tid"]].append(task)
    return ends


def main():
    what, number, children = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    events = json.load(sys.stdin)["traceEvents"]
    check_order(events)
    check_arrows(events)
    ends = ends_of(events)
    lost = {event["tid"] for event in events if event["name"] == "records lost"}
    tracks = sum(event["name"] == "thread_name" for event in events)
    print("%d events, ends by CPU: %s" % (len(events), {cpu: len(tasks) for cpu, tasks in sorted(ends.items())}))
    if what == "lost":
        if lost != {number}:
            fail("records were lost on CPU %d, and it says %s" % (number, lost))
        if len(ends[number]) < children:
            fail("what came after the loss is not there")
        return
    if lost or tracks != number:
        fail("%d CPUs, records lost on %s" % (tracks, lost))
    # On each CPU its children, their shell and its `seq`; somewhere the shell of them all.
    counts = sorted(len(ends[cpu]) for cpu in range(number))
    if counts != [children + 2] * (number - 1) + [children + 3]:
        fail("so many tasks have ended on each CPU: %s" % counts)


main()
