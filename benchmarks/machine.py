"""What the system tells about a process: processor time and memory. Linux only."""

import os
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_CPU_CLOCK_OF_A_PROCESS = 2
_MIB_KB = 1024


@dataclass(frozen=True, slots=True)
class Memory:
    """In MiB: all resident pages, and those that the process shares with nobody."""

    resident_mib: float
    private_mib: float


def cpu_s(pid: int) -> float:
    """Processor seconds that a process and its threads have used, those that ended too.

    The times in `/proc` are counted by ticks of 10 ms, and what a bot does in between escapes them.
    """
    return time.clock_gettime(~pid << 3 | _CPU_CLOCK_OF_A_PROCESS)


def waited_s(pid: int) -> float:
    """Seconds that a process's threads were ready to run while the cores did something else.

    Threads that have ended are not counted, so compare only while a process does not shrink.
    """
    waited_ns = 0
    for path in Path(f"/proc/{pid}/task").glob("*/schedstat"):
        with suppress(OSError):  # the thread has ended meanwhile
            waited_ns += int(path.read_text("utf-8").split()[1])
    return waited_ns / 1e9


def memory(pid: int) -> Memory:
    """What a process holds in memory now."""
    found: dict[str, int] = {}
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text("utf-8").splitlines()[1:]:
        name, _, rest = line.partition(":")
        found[name] = int(rest.split()[0])
    private = found["Private_Clean"] + found["Private_Dirty"]
    return Memory(found["Rss"] / _MIB_KB, private / _MIB_KB)


def wall_minus_monotonic_s() -> float:
    """What to add to `time.monotonic` of any process here to get seconds since 1970."""
    return time.time() - time.monotonic()


def described() -> str:
    """One line about the machine, for the foot of the table."""
    cores = len(os.sched_getaffinity(0))
    python = ".".join(map(str, sys.version_info[:3]))
    return (
        f"{cores} cores, load {os.getloadavg()[0]:.1f}, Linux {os.uname().release}, Python {python}"
    )
