"""Does a portrait driven by its own clip look as the clip does? The table of docs/measure.md.

    python -m vasari.measure.reenactment clips/*.mp4
    python -m vasari.measure.reenactment clips/*.mp4 --against ../older/src --strip strip.png

The first frame of each clip becomes the portrait, the motion tracked in the clip drives it, and the pictures
are compared with the clip's own frames; beside them stands the first frame, shown all the time. With
``--against`` another version of the package, given by its source tree, tracks, prepares and draws the same.
Printed as a Markdown table, means over the clips.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from vasari.errors import NoFaceError, UsageError, VasariError
from vasari.head.face_rows import CHIN, MOUTH_POINTS
from vasari.head.landmark_clip import pictures
from vasari.head.landmarks import OUTER_CORNERS, FaceLandmarker, FaceLandmarks
from vasari.head.model import HeadModel
from vasari.measure import reenactor
from vasari.measure.aligned import FaceFrame
from vasari.measure.comparison import psnr, ssim
from vasari.measure.identity import Recognizer, missing_packages
from vasari.motion.motion import MOTION_RATE
from vasari.portrait.photo import choose_face

Bytes = NDArray[np.uint8]
Floats = NDArray[np.float32]
Reals = NDArray[np.float64]

#: Moments of a clip that are compared, and side of the aligned faces, pixels.
MOMENTS, SIDE = 12, 160
#: Room around the lips that counts as the mouth, sides of the aligned face.
MOUTH_ROOM = 0.05
#: Moments shown in a strip.
SHOWN = 8


@dataclass(frozen=True)
class Score:
    """How near some pictures come to the clip's own, on average.

    Attributes:
        face_psnr, face_ssim: of the face where it is in the clip's picture; dB, -1 to 1.
        mouth_psnr, mouth_ssim: of the mouth, each face aligned by its own landmarks.
        lips, chin: distance of these landmarks in the aligned faces, hundredths of the eyes' distance.
        identity: distance of the faces (:class:`~vasari.measure.identity.Recognizer`).
    """

    face_psnr: float
    face_ssim: float
    mouth_psnr: float
    mouth_ssim: float
    lips: float
    chin: float
    identity: float

    @classmethod
    def mean(cls, scores: Sequence[Score]) -> Score:
        """The mean of some scores."""
        return cls(*(float(np.mean([getattr(s, f.name) for s in scores])) for f in fields(cls)))


@dataclass(frozen=True, eq=False)
class Seen:
    """A picture (H, W, 3) with the face in it, and its embedding (128,), NaN without the recogniser."""

    picture: Bytes
    face: FaceLandmarks
    embedding: Reals


@dataclass(frozen=True, eq=False)
class Real:
    """The clip's own pictures: its first, and those at the samples of motion that are compared."""

    path: Path
    first: Seen
    samples: list[int]
    frames: list[Seen]


class ReenactmentJudge:
    """Scores pictures against a clip's own; identity is NaN where dlib's recogniser is not installed."""

    def __init__(self) -> None:
        self._landmarker = FaceLandmarker()
        self._recognizer = None if missing_packages() else Recognizer()
        self._frame = FaceFrame.of(HeadModel.load(), SIDE)
        self._oval = self._frame.face()
        self._face = _box(np.argwhere(self._oval)[:, ::-1], 0)
        self._mouth = _box(self._frame.template[list(MOUTH_POINTS)], MOUTH_ROOM * SIDE)
        self._eyes = float(np.linalg.norm(np.subtract(*self._frame.template[list(OUTER_CORNERS)])))

    def read(self, path: Path) -> Real:
        """Read a clip.

        Raises:
            VideoError: it cannot be read. NoFaceError: some frame shows none.
        """
        times, shown = [], []
        for time, _, picture in pictures(path):
            times.append(time)
            shown.append(picture)
        samples = np.unique(np.linspace(1, times[-1] * MOTION_RATE, MOMENTS).round().astype(int)).tolist()
        nearest = [int(np.abs(np.array(times) - k / MOTION_RATE).argmin()) for k in samples]
        first, *frames = self._seen([shown[0], *(shown[k] for k in nearest)])
        return Real(path, first, samples, frames)

    def still(self, real: Real) -> Score:
        """Score of the first frame, shown all the time."""
        return Score.mean([self._score(own, real.first, own.face.points) for own in real.frames])

    def driven(self, real: Real, photo: Bytes, shown: Bytes) -> Score:
        """Score of a portrait's pictures.

        Args:
            real: the clip.
            photo: (S, S, 3) the portrait's view of the first frame.
            shown: (n, P, P, 3) the same view at the moments compared.

        Raises:
            NoFaceError: a picture shows none.
        """
        size = shown.shape[1]
        view = np.asarray(cv2.resize(photo, (size, size), interpolation=cv2.INTER_AREA), np.uint8)
        first, *drawn = self._seen([view, *shown])
        place = _similarity(real.first.face.points[:, :2], first.face.points[:, :2])
        return Score.mean(
            [
                self._score(own, made, _moved(own.face.points[:, :2], place))
                for own, made in zip(real.frames, drawn, strict=True)
            ]
        )

    def strip(self, real: Real, *driven: Bytes) -> Bytes:
        """Aligned faces (rows SIDE, SHOWN SIDE, 3): the clip's own in the first row."""
        chosen = np.linspace(0, len(real.samples) - 1, SHOWN).round().astype(int).tolist()
        rows = [[(real.frames[k].picture, real.frames[k].face) for k in chosen]]
        for shown in driven:
            some = [shown[k] for k in chosen]
            rows.append(list(zip(some, self._faces(some), strict=True)))
        return np.vstack([np.hstack([self._frame.cut(p, face.points) for p, face in row]) for row in rows])

    def _seen(self, shown: Sequence[Bytes]) -> list[Seen]:
        unknown = np.full(128, np.nan)
        return [
            Seen(picture, face, self._recognizer.embed(picture, face) if self._recognizer else unknown)
            for picture, face in zip(shown, self._faces(shown), strict=True)
        ]

    def _faces(self, shown: Sequence[Bytes]) -> list[FaceLandmarks]:
        """The face in each of some consecutive pictures.

        Raises:
            NoFaceError: a picture shows none.
        """
        faces = [choose_face(shown[0], self._landmarker, None)]
        for picture in shown[1:]:
            face = self._landmarker.follow(picture, faces[-1], careful=True)
            if face is None:
                raise NoFaceError("a picture shows no face; give clips in which one face stays in view")
            faces.append(face)
        return faces

    def _score(self, own: Seen, made: Seen, place: NDArray[np.floating]) -> Score:
        """One picture beside the clip's own.

        Args:
            place: (468, 2 or 3) where the clip's landmarks would lie in the picture.
        """
        real, there, aligned = (
            np.asarray(cv2.cvtColor(self._frame.cut(picture, points), cv2.COLOR_RGB2GRAY), np.uint8)
            for picture, points in (
                (own.picture, own.face.points),
                (made.picture, place),
                (made.picture, made.face.points),
            )
        )
        apart = np.linalg.norm(self._aligned(made.face) - self._aligned(own.face), axis=1) * 100 / self._eyes
        return Score(
            face_psnr=psnr(there[self._oval], real[self._oval]),
            face_ssim=ssim(there[self._face], real[self._face]),
            mouth_psnr=psnr(aligned[self._mouth], real[self._mouth]),
            mouth_ssim=ssim(aligned[self._mouth], real[self._mouth]),
            lips=float(apart[list(MOUTH_POINTS)].mean()),
            chin=float(apart[list(CHIN)].mean()),
            identity=float(np.linalg.norm(made.embedding - own.embedding)),
        )

    def _aligned(self, face: FaceLandmarks) -> Reals:
        placing = self._frame.placing(face.points)
        return np.asarray(face.points[:, :2] @ placing[:, :2].T + placing[:, 2])


def driven_by(source: Path | None, real: Real) -> tuple[Bytes, Bytes]:
    """What a version makes of a clip's first frame (:func:`vasari.measure.reenactor.reenact`).

    Args:
        source: the version's source tree, the folder that holds ``vasari``; ``None``: this version.
        real: the clip.

    Raises:
        UsageError: the other version fails.
    """
    if source is None:
        return reenactor.reenact(real.path, real.first.picture, real.samples)
    with tempfile.TemporaryDirectory() as folder:
        first, out = Path(folder) / "first.npy", Path(folder) / "out.npz"
        np.save(first, real.first.picture)
        command = [sys.executable, "-P", reenactor.__file__, str(real.path), str(first), str(out)]
        done = subprocess.run(
            command + [str(k) for k in real.samples],
            env=os.environ | {"PYTHONPATH": str(source.resolve())},
            capture_output=True,
            text=True,
        )
        if done.returncode:
            raise UsageError(f"the version in {source} fails: {done.stderr.strip()[-300:]}")
        with np.load(out) as data:
            return data["photo"], data["pictures"]


def table(scores: dict[str, list[Score]]) -> str:
    """Mean scores by kind of picture as a Markdown table."""
    names = [f.name for f in fields(Score)]
    lines = [f"| | {' | '.join(n.replace('_', ' ') for n in names)} |", "|---|" + "---:|" * len(names)]
    for kind, each in scores.items():
        mean = Score.mean(each)
        lines.append(f"| {kind} | " + " | ".join(f"{getattr(mean, n):.3f}" for n in names) + " |")
    return "\n".join(lines)


def _box(points: NDArray[np.generic], room: float) -> tuple[slice, slice]:
    """Rows and columns of an aligned face that hold points (n, 2) and some room around them."""
    low = np.clip(np.floor(points.min(0) - room), 0, SIDE).astype(int)
    high = np.clip(np.ceil(points.max(0) + room), 0, SIDE).astype(int)
    return slice(int(low[1]), int(high[1])), slice(int(low[0]), int(high[0]))


def _similarity(points: Floats, onto: Floats) -> tuple[complex, complex]:
    """Turn with scale, and shift, that carry points (n, 2) onto others best (least squares)."""
    a, b = (p.astype(np.float64) @ (1, 1j) for p in (points, onto))
    turn = complex(np.vdot(a - a.mean(), b - b.mean()) / np.vdot(a - a.mean(), a - a.mean()))
    return turn, complex(b.mean() - turn * a.mean())


def _moved(points: Floats, place: tuple[complex, complex]) -> Floats:
    moved = points.astype(np.float64) @ (1, 1j) * place[0] + place[1]
    return np.stack([moved.real, moved.imag], 1).astype(np.float32)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("clips", type=Path, nargs="+", help="videos of one talking face each")
    parser.add_argument("--against", type=Path, metavar="SRC", help="source tree of another version")
    parser.add_argument("--strip", type=Path, metavar="FILE", help="write a picture of what was compared")
    args = parser.parse_args()
    versions = {"this version": None} | ({"other version": args.against} if args.against else {})
    judge = ReenactmentJudge()
    scores: dict[str, list[Score]] = {kind: [] for kind in ("still photo", *versions)}
    strips = []
    for real in _read(args.clips, judge):
        made = {kind: driven_by(source, real) for kind, source in versions.items()}
        scores["still photo"].append(judge.still(real))
        for kind, (photo, shown) in made.items():
            scores[kind].append(judge.driven(real, photo, shown))
        told = (f"{kind} {each[-1].face_psnr:.1f} dB" for kind, each in scores.items())
        print(real.path.name, *told, sep=", ", file=sys.stderr)
        if args.strip:
            strips.append(judge.strip(real, *(shown for _, shown in made.values())))
    if not scores["still photo"]:
        sys.exit("no clip could be judged")
    print(table(scores))
    if args.strip:
        cv2.imwrite(str(args.strip), cv2.cvtColor(np.vstack(strips), cv2.COLOR_RGB2BGR))


def _read(clips: list[Path], judge: ReenactmentJudge) -> Iterator[Real]:
    for clip in clips:
        try:
            yield judge.read(clip)
        except VasariError as error:
            print(f"left out: {clip.name}: {error}", file=sys.stderr)


if __name__ == "__main__":
    main()
