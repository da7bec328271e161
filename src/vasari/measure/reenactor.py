"""A clip's first frame made to do what the clip does.

It uses the package's public names only and is a program of its own, so that another version can run it too:

    PYTHONPATH=OTHER/src python -P reenactor.py CLIP FRAME.npy OUT.npz 5 10 15
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import vasari

Bytes = NDArray[np.uint8]

#: Side of the pictures that are drawn, pixels.
SIZE = 512


def reenact(clip: Path, frame: Bytes, samples: Sequence[int]) -> tuple[Bytes, Bytes]:
    """The portrait's view of its photo (S, S, 3), and it as driven by the clip (n, SIZE, SIZE, 3).

    Args:
        clip: path of the video.
        frame: (H, W, 3) its first frame.
        samples: of motion, 25 a second, that are drawn.

    Raises:
        VideoError: the clip shows no face that can be followed. NoFaceError: its first frame shows none.
    """
    motion = vasari.track(clip)
    portrait = vasari.Portrait.create(frame)
    renderer = vasari.Renderer(portrait, SIZE)
    return portrait.photo, np.stack([renderer.render(motion[k]) for k in samples])


if __name__ == "__main__":
    video, first, out, *numbers = sys.argv[1:]
    photo, pictures = reenact(Path(video), np.load(first), [int(n) for n in numbers])
    np.savez(out, photo=photo, pictures=pictures)
