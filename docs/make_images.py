"""Make the pictures of the README with the program itself: ``python docs/make_images.py``.

Writes docs/images/strip.png (frames of one performance, and the controls) and docs/images/talk.webp
(a short loop of it).
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray

import vasari
from vasari.example import example
from vasari.voice import Sound

Picture = NDArray[np.uint8]

IMAGES = Path(__file__).parent / "images"
#: Seconds of the speech that loop, and the pictures of the strip.
LOOP = (3.2, 8.0)
MOMENTS = (0.2, 0.6, 1.1, 3.4, 3.9, 4.6)
LOOP_SIZE, LOOP_FPS = 320, 25
CONTROLS = (
    {"gaze": (-25, 0)},
    {"gaze": (0, 18)},
    {"pose": (22, 0, 0)},
    {"pose": (0, -10, 8)},
    {"emotion": {"happiness": 0.9}},
    {"emotion": {"surprise": 0.9}},
)


def performance(portrait: vasari.Portrait, size: int, seconds: float, **controls: object) -> list[Picture]:
    """The pictures of the example's first ``seconds``."""
    with example() as (_, speech_file), Sound.open(speech_file) as sound:
        settings = vasari.Controls().replace(**controls)
        performer = vasari.Performer(portrait, settings, size=size, rate=sound.rate, channels=sound.channels)
        speech = np.concatenate(list(sound.chunks(1.0)))
    performer.push_audio(speech[: round(seconds * performer.rate)])
    performer.end()
    return [frame.image for frame in performer]


def strip(portrait: vasari.Portrait) -> Picture:
    """Two rows: moments of the speech; the same moment under six controls."""
    spoken = performance(portrait, 256, max(MOMENTS) + 1)
    top = [spoken[round(moment * 25)] for moment in MOMENTS]
    bottom = [performance(portrait, 256, 1.5, **controls)[-1] for controls in CONTROLS]
    return np.vstack([np.hstack(top), np.hstack(bottom)])


def write_loop(pictures: Sequence[Picture], path: Path) -> None:
    """An endlessly looping WebP."""
    with av.open(str(path), "w", format="webp", options={"loop": "0"}) as container:
        stream = container.add_stream("libwebp_anim", rate=LOOP_FPS, options={"quality": "62"})
        stream.width, stream.height, stream.pix_fmt = LOOP_SIZE, LOOP_SIZE, "yuv420p"
        stream.time_base = Fraction(1, LOOP_FPS)
        for number, picture in enumerate(pictures):
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts = number
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def main() -> None:
    """Write both."""
    IMAGES.mkdir(exist_ok=True)
    with example() as (photo, _):
        portrait = vasari.Portrait.create(photo)
    cv2.imwrite(str(IMAGES / "strip.png"), strip(portrait)[..., ::-1], [cv2.IMWRITE_PNG_COMPRESSION, 9])
    start, end = (round(t * 25) for t in LOOP)
    write_loop(performance(portrait, LOOP_SIZE, LOOP[1])[start:end], IMAGES / "talk.webp")


if __name__ == "__main__":
    main()
