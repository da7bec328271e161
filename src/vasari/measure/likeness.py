"""Does the portrait stay the same person as it turns and speaks? The table of docs/measure.md.

    python -m vasari.measure.likeness portraits/*.jpg
    python -m vasari.measure.likeness portraits/*.jpg --sheet worst.jpg --worst 8

Every photo is prepared and drawn in :data:`VIEWS`, turned and speaking, and each picture's face is compared
with the photo's (:class:`~vasari.measure.identity.Recognizer`). Nothing is encoded: only preparing and
drawing are judged; the same photos give the same figures. Printed as a Markdown table, the worst first.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from vasari.errors import VasariError
from vasari.head.expressions import EXPRESSION_INDEX, EXPRESSIONS
from vasari.head.landmarks import FaceLandmarker
from vasari.head.model import HeadModel
from vasari.measure.aligned import FaceFrame
from vasari.measure.identity import Recognizer
from vasari.motion.motion import MotionFrame
from vasari.portrait.photo import choose_face
from vasari.portrait.portrait import Portrait
from vasari.render.renderer import Renderer

Bytes = NDArray[np.uint8]
Reals = NDArray[np.float64]

#: Side of the pictures that are judged, and of a face on the sheet, pixels.
SIZE, TILE = 512, 160
#: Sounds as weights of expressions.
SOUNDS: dict[str, dict[str, float]] = {
    "ah": {"jawOpen": 0.3, "mouthLowerDownLeft": 0.3, "mouthLowerDownRight": 0.3, "browInnerUp": 0.2},
    "ee": {
        "jawOpen": 0.1,
        "mouthStretchLeft": 0.3,
        "mouthStretchRight": 0.3,
        "mouthLowerDownLeft": 0.3,
        "mouthLowerDownRight": 0.3,
        "mouthUpperUpLeft": 0.15,
        "mouthUpperUpRight": 0.15,
    },
    "oo": {"jawOpen": 0.12, "mouthFunnel": 0.3, "mouthPucker": 0.35},
    "m": {"mouthPressLeft": 0.3, "mouthPressRight": 0.3, "mouthRollLower": 0.15},
}


@dataclass(frozen=True)
class View:
    """One picture of a portrait that turns and speaks.

    Attributes:
        turn: its column in the table.
        rotation: yaw, pitch, roll from the photo's pose, degrees.
        sound: what is being said (:data:`SOUNDS`).
    """

    turn: str
    rotation: tuple[float, float, float]
    sound: str

    @property
    def frame(self) -> MotionFrame:
        """The view as motion, looking into the lens."""
        expression = np.zeros(len(EXPRESSIONS), np.float32)
        for name, weight in SOUNDS[self.sound].items():
            expression[EXPRESSION_INDEX[name]] = weight
        return MotionFrame(expression, np.array(self.rotation, np.float32))


#: What is looked at: people who talk turn, nod and tilt so far now and then.
VIEWS = (
    View("front", (0, 0, 0), "m"),
    View("front", (0, 0, 0), "ah"),
    View("front", (0, 0, 0), "oo"),
    View("yaw 8", (-8, 0, 0), "ee"),
    View("yaw 8", (8, 0, 0), "ee"),
    View("yaw 15", (-15, 0, 0), "ah"),
    View("yaw 15", (15, 0, 0), "ah"),
    View("pitch 10", (0, -10, 0), "ee"),
    View("pitch 10", (0, 10, 0), "ee"),
    View("roll 10", (0, 0, -10), "oo"),
    View("roll 10", (0, 0, 10), "oo"),
    View("yaw 12, nod 4", (12, -4, 4), "m"),
)
TURNS = tuple(dict.fromkeys(view.turn for view in VIEWS))


@dataclass(frozen=True, eq=False)
class Likeness:
    """How far one portrait's pictures are from its photo.

    Attributes:
        name: of the photo.
        floor: distance of the photo to itself with its face read a second time: what the figures can tell.
        distance: (len(VIEWS),) of the faces; NaN where none is found.
        strip: (TILE, (1 + len(VIEWS)) TILE, 3) the photo's face, then those of the views.
    """

    name: str
    floor: float
    distance: Reals
    strip: Bytes

    @property
    def mean(self) -> float:
        """Mean distance over the views."""
        return float(np.nanmean(self.distance))

    @property
    def worst(self) -> float:
        """Largest distance over the views."""
        return float(np.nanmax(self.distance))

    def over(self, turn: str) -> float:
        """Mean distance over the views of one turn."""
        return float(np.nanmean(self.distance[[view.turn == turn for view in VIEWS]]))


class LikenessJudge:
    """Compares portraits in motion with their photos.

    Raises:
        UsageError: dlib's recogniser is not installed.
    """

    def __init__(self) -> None:
        self._recognizer = Recognizer()
        self._landmarker = FaceLandmarker()
        self._frame = FaceFrame.of(HeadModel.load(), TILE)

    def judge(self, name: str, portrait: Portrait) -> Likeness:
        """Draw a portrait in all views and compare each with its photo at the same size.

        Raises:
            NoFaceError: none is found in the portrait's own photo.
        """
        photo = np.asarray(cv2.resize(portrait.photo, (SIZE, SIZE), interpolation=cv2.INTER_AREA), np.uint8)
        face = choose_face(photo, self._landmarker, None)
        own, again = (
            self._recognizer.embed(photo, each)
            for each in (face, self._landmarker.follow(photo, face) or face)
        )
        renderer = Renderer(portrait, SIZE)
        distance, tiles = [], [self._frame.cut(photo, face.points)]
        for view in VIEWS:
            picture = renderer.render(view.frame)
            seen = self._landmarker.follow(picture, face)
            if seen is None:
                distance.append(np.nan)
                tiles.append(np.zeros_like(tiles[0]))
                continue
            distance.append(float(np.linalg.norm(self._recognizer.embed(picture, seen) - own)))
            tiles.append(self._frame.cut(picture, seen.points))
        return Likeness(name, float(np.linalg.norm(again - own)), np.array(distance), np.hstack(tiles))


def table(results: Sequence[Likeness]) -> str:
    """Mean and worst distance of each portrait and turn as a Markdown table, the worst portrait first."""
    head = ("", "photo again", "mean", "worst", *TURNS)
    lines = [f"| {' | '.join(head)} |", "|---|" + "---:|" * (len(head) - 1)]
    floor, distance = np.mean([r.floor for r in results]), np.array([r.distance for r in results]).T
    every = Likeness(f"all {len(results)}", float(floor), distance, results[0].strip)
    rows = [every, *sorted(results, key=lambda r: -r.mean)]
    for row in rows:
        figures = (row.floor, row.mean, row.worst, *map(row.over, TURNS))
        lines.append(f"| {row.name} | " + " | ".join(f"{value:.3f}" for value in figures) + " |")
    return "\n".join(lines)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("photos", type=Path, nargs="+", help="portraits of one face each")
    parser.add_argument("--sheet", type=Path, metavar="FILE", help="write a picture of the worst portraits")
    parser.add_argument("--worst", type=int, default=8, metavar="N", help="how many it shows")
    args = parser.parse_args()
    results = list(_judged(args.photos))
    if not results:
        sys.exit("no portrait could be judged")
    print(table(results))
    if args.sheet:
        worst = sorted(results, key=lambda result: -result.mean)[: args.worst]
        sheet = np.vstack([result.strip for result in worst])
        cv2.imwrite(str(args.sheet), cv2.cvtColor(sheet, cv2.COLOR_RGB2BGR))


def _judged(photos: list[Path]) -> Iterator[Likeness]:
    judge = LikenessJudge()
    for photo in photos:
        try:
            yield judge.judge(photo.stem, Portrait.create(photo))
        except VasariError as error:
            print(f"left out: {photo.name}: {error}", file=sys.stderr)


if __name__ == "__main__":
    main()
