"""Named stages of the work, timed while somebody listens.

The parts of the program name what they do; ``vasari bench`` listens. Nobody pays for it otherwise
but about a microsecond a stage.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from time import perf_counter


class Stopwatch:
    """What each stage took on one thread, in order.

    Attributes:
        laps: (path of the stage, seconds) of each time one ran to its end, inner ones before the stage that
            holds them; a path names the stages from the outermost in, such as ``("drawing", "sheet")``.
    """

    def __init__(self) -> None:
        self.laps: list[tuple[tuple[str, ...], float]] = []
        self._path: tuple[str, ...] = ()

    @contextmanager
    def lap(self, name: str) -> Iterator[None]:
        """Time what runs inside."""
        outer = self._path
        self._path = here = (*outer, name)
        start = perf_counter()
        try:
            yield
        finally:
            self.laps.append((here, perf_counter() - start))
            self._path = outer


_LISTENING: ContextVar[Stopwatch | None] = ContextVar("_LISTENING", default=None)


@contextmanager
def stage(name: str) -> Iterator[None]:
    """Mark a stage: a block, ``with stage("sheet"):``, or a whole function, ``@stage("sheet")``."""
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
