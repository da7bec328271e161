"""A take: sound and motion from one starting point (the beginning, or a barge-in), cut into pictures."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from vasari.live.lead import Lead
from vasari.live.samples import SampleQueue
from vasari.live.timeline import Timeline
from vasari.motion.motion import MOTION_RATE, MotionFrame


class Take:
    """What was heard and how the face moves to it, given out picture by picture.

    Args:
        timeline: of pictures and sound.
        channels: of the sound.
        seen: how the face was seen last, if it was.
    """

    def __init__(self, timeline: Timeline, channels: int, seen: MotionFrame | None = None) -> None:
        self._timeline = timeline
        self._sound = SampleQueue(channels)  # heard, not yet given out
        self._heard = 0
        self._motion: deque[MotionFrame] = deque()
        self._first = 0  # number of the oldest motion sample kept
        self._picture = 0  # number of the next picture
        self._seen = seen
        self._lead: Lead | None = None
        self.finished = False

    def add(self, sound: NDArray[np.float32], motion: Iterable[MotionFrame]) -> None:
        """More sound (n, channels), and the motion samples it completed."""
        self._sound.push(sound)
        self._heard += len(sound)
        self._motion.extend(motion)

    def finish(self, motion: Iterable[MotionFrame]) -> None:
        """The last motion samples; no sound follows."""
        self._motion.extend(motion)
        if not self._motion:
            self._motion.append(self._seen or MotionFrame())
        self.finished = True

    @property
    def has_picture(self) -> bool:
        """Whether sound and motion reach to the end of the next picture."""
        if self.finished:
            return self._picture < self._timeline.pictures(self._heard)
        index, part = self._timeline.position(self._picture, MOTION_RATE)
        last = index + (part > 0)
        return self._heard >= self._timeline.start(self._picture + 1) and last < self._first + len(
            self._motion
        )

    def next_picture(self) -> tuple[MotionFrame, NDArray[np.float32]]:
        """Motion and sound (n, channels) of the next picture, which must be there."""
        motion = self._led(self._next_motion())
        samples = self._timeline.start(self._picture + 1) - self._timeline.start(self._picture)
        self._picture += 1
        return motion, self._sound.take(samples)

    def _next_motion(self) -> MotionFrame:
        index, part = self._timeline.position(self._picture, MOTION_RATE)
        while self._first < index and len(self._motion) > 1:
            self._motion.popleft()
            self._first += 1
        here = self._motion[0]
        return here.towards(self._motion[1], float(part)) if part and len(self._motion) > 1 else here

    def _led(self, motion: MotionFrame) -> MotionFrame:
        """The motion of the next picture, led away from where the face was seen before this take."""
        if self._seen is None:
            return motion
        if self._lead is None:
            self._lead = Lead.between(self._seen, motion)
        return self._lead.into(motion, (self._picture + 1) / self._timeline.fps)
