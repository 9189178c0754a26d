# SPDX-License-Identifier: Apache-2.0
"""costs - what a tree of processes costs: time on CPUs and memory."""
import contextlib
import os


def tree(pid):
    found = [pid]
    for p in found:
        with contextlib.suppress(OSError):
            for task in os.listdir(f"/proc/{p}/task"):
                with open(f"/proc/{p}/task/{task}/children") as f:
                    found += map(int, f.read().split())
    return found


def cpu_ns(pid):
    """Time on a CPU of all threads of the tree, as the scheduler counts it."""
    total = 0
    for p in tree(pid):
        with contextlib.suppress(OSError):
            for task in os.listdir(f"/proc/{p}/task"):
                with open(f"/proc/{p}/task/{task}/schedstat") as f:
                    total += int(f.read().split()[0])
    return total


def pss_kb(pid):
    with open(f"/proc/{pid}/smaps_rollup") as f:
        return next(int(line.split()[1]) for line in f if line.startswith("Pss:"))
