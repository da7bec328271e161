"""Glasses: taken off only where they are, stiff, and in front of the lids."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from vasari.head.expressions import EXPRESSION_INDEX, EXPRESSIONS
from vasari.head.landmarks import FaceLandmarker
from vasari.motion.motion import MotionFrame
from vasari.portrait.glasses import take_off_glasses
from vasari.portrait.portrait import Portrait
from vasari.portrait.rims import BAND, band_map, believed, find_bridge, find_rims, warped
from vasari.render.renderer import Renderer

Bytes = NDArray[np.uint8]
Floats = NDArray[np.float32]

METAL = (30, 28, 26)


def eyes_of(portrait: Portrait) -> Floats:
    """(2, 2) middle of the eyeballs in the shown photo, pixels, the right one first."""
    x, y, z = portrait.eye_centers.T
    places = portrait.center + portrait.focal * np.stack([-x / z, y / z], -1)
    return np.asarray(places[::-1] - portrait.margin, np.float32)


def rim_of(eye: Floats, apart: float) -> Floats:
    """(n, 2) a round rim about an eye."""
    angles = np.linspace(0, 2 * np.pi, 90, endpoint=False)
    circle = np.stack([0.37 * np.cos(angles), 0.34 * np.sin(angles) + 0.07], -1)
    return np.asarray(eye + apart * circle, np.float32)


@pytest.fixture(scope="module")
def bespectacled(portrait: Portrait) -> tuple[Portrait, Portrait, list[Floats]]:
    """The example, the same wearing thin black glasses, and their rims in the shown photo, pixels."""
    photo = portrait.photo.copy()
    right, left = eyes_of(portrait)
    apart = float(np.linalg.norm(left - right))
    rims = [rim_of(eye, apart) for eye in (right, left)]
    width = max(round(0.035 * apart), 2)
    for rim in rims:
        cv2.polylines(photo, [np.round(rim * 8).astype(np.int32)], True, METAL, width, cv2.LINE_AA, 3)
    bridge = np.array([right + apart * np.array([0.37, 0.02]), left - apart * np.array([0.37, -0.02])])
    cv2.polylines(photo, [np.round(bridge * 8).astype(np.int32)], False, METAL, width, cv2.LINE_AA, 3)
    return portrait, Portrait.create(photo), rims


def frame(*, blink: float = 0.0, yaw: float = 0.0) -> MotionFrame:
    expression = np.zeros(len(EXPRESSIONS), np.float32)
    for side in ("Left", "Right"):
        expression[EXPRESSION_INDEX[f"eyeBlink{side}"]] = blink
    return MotionFrame(expression, np.array([yaw, 0, 0], np.float32))


def darkness(picture: Bytes, places: Floats) -> Floats:
    """Darkest grey level (n,) within two pixels of places (n, 2)."""
    grey = cv2.erode(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), np.ones((5, 5), np.uint8))
    x, y = np.floor(places).astype(int).T
    return np.asarray(grey[y, x], np.float32)


def test_a_face_without_glasses_keeps_all_its_skin(portrait: Portrait) -> None:
    assert not portrait.glasses.size
    flat = np.full((400, 400, 3), 180, np.uint8)
    points = np.random.default_rng(0).uniform(100, 300, (468, 2)).astype(np.float32)
    points[[33, 133, 362, 263]] = [[120, 200], [170, 200], [230, 200], [280, 200]]
    bare, glasses = take_off_glasses(flat, points)
    assert bare is flat
    assert not glasses.layer.size


def test_glasses_are_found_and_the_skin_below_is_mended(
    bespectacled: tuple[Portrait, Portrait, list[Floats]],
) -> None:
    plain, worn, rims = bespectacled
    assert worn.glasses.size
    m, scale = worn.margin, worn.side / plain.side
    for rim in rims:
        lower = rim[15:30] * scale
        assert darkness(worn.photo, lower).max() < 60, "the photo is still the photo"
        assert darkness(worn.picture[m:-m, m:-m], lower).min() > 90


def test_a_blink_happens_behind_the_rims(bespectacled: tuple[Portrait, Portrait, list[Floats]]) -> None:
    plain, worn, rims = bespectacled
    renderer = Renderer(worn, 512)
    places = np.concatenate(rims) * (512 / plain.side)
    still, shut = (darkness(renderer.render(frame(blink=blink)), places) for blink in (0.0, 1.0))
    assert np.percentile(still, 90) < 80
    assert np.abs(shut - still).max() < 25


def test_glasses_turn_as_one_stiff_piece(bespectacled: tuple[Portrait, Portrait, list[Floats]]) -> None:
    _, worn, _ = bespectacled
    with_, without = (
        Renderer(p, 512).render(frame(yaw=15)).astype(int)
        for p in (worn, _taken_off(worn))
    )  # fmt: skip
    drawn = (np.abs(with_ - without).sum(-1) > 60).astype(np.uint8)
    outlines, _ = cv2.findContours(drawn, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    lenses = sorted((c for c in outlines if cv2.contourArea(c) > 500), key=cv2.contourArea)[:2]
    assert len(lenses) == 2
    for lens in lenses:  # the holes are still ellipses, as those of a flat ring are
        ellipse = cv2.fitEllipse(lens)
        area = np.pi * ellipse[1][0] * ellipse[1][1] / 4
        assert cv2.contourArea(lens) == pytest.approx(area, rel=0.06)


def _taken_off(portrait: Portrait) -> Portrait:
    return replace(portrait, glasses=np.zeros((0, 0, 4), np.uint8))


def test_glasses_survive_the_file(
    bespectacled: tuple[Portrait, Portrait, list[Floats]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    worn = bespectacled[1]
    path = tmp_path_factory.mktemp("glasses") / "worn.portrait"
    worn.save(path)
    again = Renderer(Portrait.load(path), 256).render(frame(yaw=5))
    assert np.array_equal(again, Renderer(worn, 256).render(frame(yaw=5)))


def test_rims_of_both_eyes_follow_what_is_drawn(
    bespectacled: tuple[Portrait, Portrait, list[Floats]], landmarker: FaceLandmarker
) -> None:
    plain, worn, drawn = bespectacled
    found = landmarker.find(worn.photo)[0].points[:, :2].astype(np.float32)
    to_band = band_map(found)
    band = np.asarray(warped(worn.photo, to_band, BAND), np.uint8)
    rims = find_rims(band, cv2.transform(found[None], to_band)[0])
    for rim, true in zip(rims, drawn, strict=True):
        places = cv2.transform(true[None] * np.float32(worn.side / plain.side), to_band)[0]
        off = np.linalg.norm(rim.place(rim.radius)[:, None] - places, axis=-1).min(1)
        assert np.percentile(off, 90) < 8
    assert believed(band, rims, find_bridge(band, rims)[1])
    assert not believed(band, rims, 0.0)
