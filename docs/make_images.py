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
from vasari.head.expressions import EXPRESSION_INDEX
from vasari.voice import Sound

Picture = NDArray[np.uint8]

JAW, BLINK = EXPRESSION_INDEX["jawOpen"], EXPRESSION_INDEX["eyeBlinkLeft"]

IMAGES = Path(__file__).parent / "images"
#: Seconds of the speech that loop.
LOOP = (3.2, 8.0)
LOOP_SIZE, LOOP_FPS = 320, 25
#: The second row of the strip.
CONTROLS = (
    {"gaze": (-30, 0)},
    {"gaze": (0, 18)},
    {"pose": (24, 0, 0)},
    {"pose": (0, -10, 10)},
    {"distance": 0.75},
    {"emotion": {"surprise": 1.0}},
)


def performance(
    portrait: vasari.Portrait, size: int, seconds: float, **controls: object
) -> list[vasari.Frame]:
    """The example's first ``seconds``."""
    with example() as (_, speech), Sound.open(speech) as sound:
        settings = vasari.Controls().replace(**controls)
        performer = vasari.Performer(portrait, settings, size=size, rate=sound.rate, channels=sound.channels)
        performer.push_audio(sound.samples()[: round(seconds * sound.rate)])
    performer.end()
    return list(performer)


def strip(portrait: vasari.Portrait) -> Picture:
    """Two rows: moments of the speech, from shut to open lips; a quiet moment under six controls."""
    spoken = [f for f in performance(portrait, 256, 11.0) if f.motion.expression[BLINK] < 0.05]
    jaw = np.array([frame.motion.expression[JAW] for frame in spoken])
    top = [spoken[int(np.abs(jaw - x).argmin())].image for x in np.linspace(0, jaw.max(), len(CONTROLS))]
    bottom = [calm(performance(portrait, 256, 3.0, head_motion=0.3, **c)[50:]) for c in CONTROLS]
    return np.vstack([np.hstack(top), np.hstack(bottom)])


def calm(frames: Sequence[vasari.Frame]) -> Picture:
    """The picture with open lids and closed lips."""
    return min(frames, key=lambda frame: frame.motion.expression[[BLINK, JAW]].sum()).image


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
    frames = performance(portrait, LOOP_SIZE, LOOP[1])[start:end]
    write_loop([frame.image for frame in frames], IMAGES / "talk.webp")


if __name__ == "__main__":
    main()
