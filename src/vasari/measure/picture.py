"""Quality of the picture: sharpness, flicker, frames shown twice, cuts. Read while the video streams by."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from vasari.head.landmarks import FaceLandmarks
from vasari.measure.aligned import FaceFrame

Bytes = NDArray[np.uint8]
Reals = NDArray[np.float64]
Flags = NDArray[np.bool_]

#: Side of the aligned face in which picture quality is judged, and longer side of the whole picture, pixels.
FACE_SIDE, WHOLE_SIDE = 160, 160
#: A frame that differs less than this from the one before, grey levels on average, is shown twice.
SAME = 0.02
#: A cut: most of the picture changes by more than this, grey levels, and so many times more than before; ...
CUT, CUT_RATIO = 18.0, 4.0
#: ... and this much of it no motion explains: the black lines of a drawing change a lot when they move.
UNEXPLAINED = 9.0
#: A cut: the face jumps by this part of its size from one frame to the next.
JUMP = 0.35
#: Around the head nothing is taken for background, in sizes of the face.
HEAD_REACH = 0.45
#: Share of the picture that must be background for it to be judged.
LEAST_BACKGROUND = 0.03


@dataclass(frozen=True, eq=False)
class PictureLog:
    """What each of T frames showed; NaN where there was no face, or no frame before.

    Attributes:
        sharpness: (T,) root mean square of the Laplacian over the aligned face, grey levels.
        skin: (T,) mean change of cheeks and forehead since the frame before, motion taken out, grey levels.
        brightness: (T,) mean of cheeks and forehead, grey levels.
        background: (T,) mean change of the background, motion taken out, grey levels.
        drift: (T,) mean motion of the background since the frame before, in hundredths of the face's size.
        repeated: (T,) whether the frame is the one before, shown again.
        cuts: numbers of the frames before which the film was cut.
        face_pixels: (T,) longer side of the face, pixels.
    """

    sharpness: Reals
    skin: Reals
    brightness: Reals
    background: Reals
    drift: Reals
    repeated: Flags
    cuts: tuple[int, ...]
    face_pixels: Reals


class PictureWatch:
    """Sees the frames of a video one after the other; keeps no more than the last."""

    def __init__(self, frame: FaceFrame) -> None:
        self._frame = frame
        self._skin, self._details = frame.skin(), frame.details()
        self._flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
        self._face: Bytes | None = None
        self._whole: Bytes | None = None
        self._place: FaceLandmarks | None = None
        self._rows: list[tuple[float, ...]] = []
        self._changes: list[float] = []
        self._cuts: list[int] = []

    def see(self, picture: Bytes, landmarks: FaceLandmarks | None) -> None:
        """The next frame (H, W, 3) and the face in it."""
        grey = np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), np.uint8)
        shrink = WHOLE_SIDE / max(grey.shape)
        size = (max(round(grey.shape[1] * shrink), 8), max(round(grey.shape[0] * shrink), 8))
        whole = np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), np.uint8)
        face = None if landmarks is None else self._frame.cut(grey, landmarks.points)
        change = np.nan if self._whole is None else float(cv2.absdiff(whole, self._whole).mean())
        if self._is_cut(change, whole, landmarks):
            self._cuts.append(len(self._rows))
            self._face = self._whole = None
            self._changes.clear()
        self._rows.append(
            (
                np.nan if face is None else sharpness(face, self._details),
                self._skin_change(face),
                np.nan if face is None else float(face[self._skin].mean()),
                *self._background_change(whole, landmarks, shrink),
                change < SAME,
                np.nan if landmarks is None else _size(landmarks),
            )
        )
        self._changes = [*self._changes[-24:], change]
        self._face, self._whole, self._place = face, whole, landmarks or self._place

    def log(self) -> PictureLog:
        """What was seen so far."""
        columns = np.array(self._rows, np.float64).T
        sharp, skin, bright, background, drift, repeated, size = columns
        return PictureLog(sharp, skin, bright, background, drift, repeated > 0, tuple(self._cuts), size)

    def _is_cut(self, change: float, whole: Bytes, landmarks: FaceLandmarks | None) -> bool:
        if self._whole is None or change <= SAME:
            return False
        usual = float(np.nanmedian(self._changes)) if np.isfinite(self._changes).any() else 0.0
        jump = 0.0
        if landmarks is not None and self._place is not None:
            middles = [each.points[self._frame.rigid, :2].mean(0) for each in (landmarks, self._place)]
            jump = float(np.linalg.norm(middles[0] - middles[1])) / _size(self._place)
            jump = max(jump, abs(np.log(_size(landmarks) / _size(self._place))))
        if jump > JUMP and change > 2 * usual:
            return True
        if change <= max(CUT, CUT_RATIO * usual):
            return False
        return float(np.abs(self._compensated(self._whole, whole)[0]).mean()) > UNEXPLAINED

    def _skin_change(self, face: Bytes | None) -> float:
        if face is None or self._face is None:
            return np.nan
        change = np.abs(self._compensated(self._face, face)[0])
        return float(change[self._skin].mean())

    def _background_change(
        self, whole: Bytes, landmarks: FaceLandmarks | None, shrink: float
    ) -> tuple[float, float]:
        if self._whole is None or landmarks is None:
            return np.nan, np.nan
        still = np.ones(whole.shape, bool)
        left, top, right, bottom = landmarks.box * shrink
        reach = HEAD_REACH * max(right - left, bottom - top)
        first, last = round(max(left - reach, 0)), round(right + reach)
        still[round(max(top - reach, 0)) :, first:last] = False
        still[round(bottom - 0.2 * (bottom - top)) :] = False  # shoulders
        if still.mean() < LEAST_BACKGROUND:
            return np.nan, np.nan
        change, motion = self._compensated(self._whole, whole)
        size = _size(landmarks) * shrink
        return float(np.abs(change)[still].mean()), float(100 * np.median(motion[still]) / size)

    def _compensated(self, before: Bytes, now: Bytes) -> tuple[Reals, Reals]:
        """What changed (H, W) besides motion, grey levels, and the motion (H, W), pixels.

        Optical flow by dense inverse search (Kroeger et al., ECCV 2016).
        """
        flow = np.asarray(self._flow.calc(now, before, np.zeros((*now.shape, 2), np.float32)), np.float32)
        y, x = np.indices(now.shape, dtype=np.float32)
        moved = cv2.remap(
            before, x + flow[..., 0], y + flow[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
        return now.astype(np.float64) - moved, np.hypot(flow[..., 0], flow[..., 1]).astype(np.float64)


def sharpness(face: Bytes, where: Flags) -> float:
    """Root mean square of the Laplacian of an aligned grey face over ``where``, grey levels."""
    edges = cv2.Laplacian(face, cv2.CV_32F)[where]
    return float(np.sqrt(np.mean(np.square(edges))))


def _size(landmarks: FaceLandmarks) -> float:
    """Longer side of a face, pixels."""
    left, top, right, bottom = landmarks.box
    return float(max(right - left, bottom - top))
