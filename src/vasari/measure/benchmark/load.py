"""How busy the machine was with other work: a figure from a busy moment is not to be published."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

#: Other work on fewer cores than this hardly disturbs.
QUIET_CORES = 0.2

_STAT = Path("/proc/stat")


@dataclass(frozen=True)
class Load:
    """Other work during a measurement.

    Attributes:
        before: the system's load average of the minute before; ``None`` where there is none.
        others: cores kept busy by other programs (and by other guests, where the host tells), on average;
            ``None`` where the system does not tell.
    """

    before: float | None
    others: float | None

    @property
    def quiet(self) -> bool:
        """Whether the machine did little else, as far as is known."""
        return self.others is None or self.others < QUIET_CORES

    def __str__(self) -> str:
        """One line for people."""
        if self.others is None:
            return "other work on this machine: not known"
        judgement = "" if self.quiet else "; a busy moment: not for publishing"
        return f"other work on this machine: {self.others:.2f} cores{judgement}"


class LoadMeter:
    """Measures the load from its making to :meth:`read`."""

    def __init__(self) -> None:
        self._before = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
        self._start, self._busy, self._own = perf_counter(), _busy_seconds(), _own_seconds()

    def read(self) -> Load:
        """The load since."""
        busy = _busy_seconds()
        elapsed = perf_counter() - self._start
        if busy is None or self._busy is None or elapsed <= 0:
            return Load(self._before, None)
        others = ((busy - self._busy) - (_own_seconds() - self._own)) / elapsed
        return Load(self._before, round(max(others, 0.0), 3))


def _busy_seconds() -> float | None:
    """Processor seconds of everything since the machine started, time stolen by its host included."""
    if not _STAT.exists():
        return None
    user, nice, system, _idle, _iowait, irq, softirq, steal = map(int, _STAT.read_text().split()[1:9])
    return (user + nice + system + irq + softirq + steal) / float(os.sysconf("SC_CLK_TCK"))


def _own_seconds() -> float:
    """Processor seconds of this process and its children."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system
