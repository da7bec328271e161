"""Named stages of the work, timed while somebody listens.

The parts of the program name what they do; ``vasari bench`` listens. While nobody does, a stage
costs about a microsecond.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from time import perf_counter, thread_time


@dataclass(frozen=True)
class Lap:
    """One run of a stage.

    Attributes:
        path: names of the stages from the outermost in, such as ``("picture", "sheet")``.
        seconds: how long it took.
        cpu: how long the thread computed meanwhile, seconds: a busy machine changes it much less.
    """

    path: tuple[str, ...]
    seconds: float
    cpu: float


class Stopwatch:
    """What each stage took on one thread.

    Attributes:
        laps: in the order in which they ended, inner ones before the one that holds them.
    """

    def __init__(self) -> None:
        self.laps: list[Lap] = []
        self._path: tuple[str, ...] = ()

    @contextmanager
    def lap(self, name: str) -> Iterator[None]:
        """Time what runs inside."""
        outer = self._path
        self._path = here = (*outer, name)
        start, cpu = perf_counter(), thread_time()
        try:
            yield
        finally:
            self.laps.append(Lap(here, perf_counter() - start, thread_time() - cpu))
            self._path = outer


_LISTENING: ContextVar[Stopwatch | None] = ContextVar("_LISTENING", default=None)


@contextmanager
def stage(name: str) -> Iterator[None]:
    """Mark a stage: a block, or (as a decorator) a whole function."""
    stopwatch = _LISTENING.get()
    if stopwatch is None:
        yield
    else:
        with stopwatch.lap(name):
            yield


@contextmanager
def timed() -> Iterator[Stopwatch]:
    """Listen to the stages that run on this thread meanwhile."""
    stopwatch = Stopwatch()
    token = _LISTENING.set(stopwatch)
    try:
        yield stopwatch
    finally:
        _LISTENING.reset(token)
