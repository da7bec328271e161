"""Several pictures drawn at once, each on its own thread (the drawing itself holds no lock)."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from vasari import defaults
from vasari.motion.motion import MotionFrame
from vasari.portrait.portrait import Portrait, is_whole
from vasari.render.renderer import Renderer
from vasari.render.whole import WholeRenderer

Picture = NDArray[np.uint8]


class Painters:
    """``threads`` painters of one portrait, waiting for work; they share one renderer.

    The first thing they draw is a picture for nobody: loading the compiled kernels, on a new machine
    compiling them, then delays no picture that somebody waits for.
    """

    def __init__(self, portrait: Portrait, size: int, threads: int, frame: str = defaults.FRAME) -> None:
        self._renderer = WholeRenderer(portrait) if is_whole(frame) else Renderer(portrait, size)
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="vasari-painter")
        self.begin(MotionFrame())

    def begin(self, motion: MotionFrame) -> Future[Picture]:
        """Begin a picture; its result is (size, size, 3) uint8 RGB, or as large as the whole photo."""
        return self._pool.submit(self._renderer.render, motion)

    def paint(self, motions: Iterable[MotionFrame], ahead: int) -> Iterator[Picture]:
        """All pictures in order, up to ``ahead`` in the making beyond the one given out."""
        making: deque[Future[Picture]] = deque()
        for motion in motions:
            making.append(self.begin(motion))
            if len(making) > ahead:
                yield making.popleft().result()
        yield from (picture.result() for picture in making)
