"""Shut lids made from the skin around an eye, and eyes that stand as in the photo."""

import cv2
import numpy as np

from vasari.head.expressions import EXPRESSION_INDEX, EXPRESSIONS
from vasari.head.model import HeadModel
from vasari.motion.motion import MotionFrame
from vasari.portrait.eyelids import Lids, close_eyes
from vasari.portrait.portrait import Portrait
from vasari.render.eyelids import MadeLids, lid_cover
from vasari.render.renderer import Renderer
from vasari.render.shade import LID, N_ATTRIBUTES

SKIN = (190, 140, 120)


def eye_picture() -> tuple[np.ndarray, Lids]:
    """Skin that gets darker to the right, with one white eye and a black brow; and its lids."""
    picture = np.full((640, 640, 3), SKIN, np.float32)
    picture *= np.linspace(1.1, 0.8, 640)[None, :, None]
    picture += np.random.default_rng(0).normal(0, 3, (640, 640, 1))
    picture[285:292, 290:350] = 25
    open_eye(picture)
    return picture.clip(0, 255).astype(np.uint8), eye_lids()


def open_eye(picture: np.ndarray) -> None:
    y, x = np.mgrid[:640, :640] + 0.5
    picture[np.hypot((x - 320) / 24, (y - 320) / 10) < 1] = 235


def eye_lids() -> Lids:
    """Lids about a round opening, which meet a little above its lower rim; the skin around stays."""
    t = np.linspace(0, np.pi, 17)
    upper = np.stack([320 - 24 * np.cos(t), 320 - 10 * np.sin(t)], 1).astype(np.float32)
    lower = np.stack([320 - 24 * np.cos(t), 320 + 10 * np.sin(t)], 1).astype(np.float32)
    seam = (0.2 * upper + 0.8 * lower).astype(np.float32)
    y, x = np.mgrid[270:371:10, 260:381:10].astype(np.float32)
    far = np.stack([x.ravel(), y.ravel()], 1)
    far = far[np.hypot((far[:, 0] - 320) / 36, (far[:, 1] - 320) / 26) > 1]
    skin, shut = [far, upper, lower[1:-1]], [far, seam, seam[1:-1]]
    for height in (2, 4, 7, 11):  # above and below the opening the skin follows the rims, less and less
        for rim, up in ((upper, -height), (lower, height)):
            skin.append(rim + np.array([0, up], np.float32))
            shut.append(skin[-1] + (1 - height / 14) * (seam - rim))
    return Lids(upper, lower, seam, np.concatenate(skin), np.concatenate(shut))


def test_a_lid_has_the_colour_and_grain_of_the_skin() -> None:
    picture, lids = eye_picture()
    shut = close_eyes(picture, [lids], np.array(SKIN, np.float32), 1.0).astype(float)
    lid = shut[314:322, 305:335]
    expected = np.array(SKIN) * 0.95
    assert np.abs(lid.mean((0, 1)) - expected).max() < 14, "neither the eye's white nor the brow's black"
    grain = np.diff(lid[..., 0], axis=1).std()
    assert 1.0 < grain < 8.0


def test_all_else_stays() -> None:
    picture, lids = eye_picture()
    shut = close_eyes(picture, [lids], np.array(SKIN, np.float32), 1.0)
    away = np.ones(picture.shape[:2], bool)
    away[280:360, 270:370] = False
    assert (shut[away] == picture[away]).all()
    assert (shut[286:291, 295:345] < 60).all(), "the brow too"


def test_lashes_are_drawn_along_the_seam() -> None:
    picture, lids = eye_picture()
    shut = close_eyes(picture, [lids], np.array(SKIN, np.float32), 1.0).astype(float).mean(-1)
    assert shut[325:328, 305:335].mean() < shut[314:321, 305:335].mean() - 15


def test_asked_for_the_photos_gaze_the_eyes_stand_as_in_the_photo(portrait: Portrait) -> None:
    renderer = Renderer(portrait, 512)
    frame = MotionFrame(np.zeros(len(EXPRESSIONS), np.float32), gaze=portrait.gaze)
    turns = renderer._eye_turns(frame, np.eye(3, dtype=np.float32), np.zeros(2, np.float32))
    looks = np.einsum("kij,j->ki", np.swapaxes(turns, 1, 2), [0, 0, 1.0])
    angles = np.deg2rad(portrait.eye_angles)
    socket = np.stack(
        [
            np.sin(angles[:, 0]) * np.cos(angles[:, 1]),
            np.sin(angles[:, 1]),
            np.cos(angles[:, 0]) * np.cos(angles[:, 1]),
        ],
        1,
    )
    apart = np.degrees(np.arccos(np.clip((looks * (socket @ portrait.rotation.T)).sum(1), -1, 1)))
    assert apart.max() < 0.5


def test_the_eye_turns_down_as_it_shuts(portrait: Portrait) -> None:
    renderer = Renderer(portrait, 512)
    expression = np.zeros(len(EXPRESSIONS), np.float32)
    expression[[EXPRESSION_INDEX["eyeBlinkLeft"], EXPRESSION_INDEX["eyeBlinkRight"]]] = 0.5
    frame = MotionFrame(expression)
    eye = np.eye(3, dtype=np.float32)
    opened = renderer._eye_turns(frame, eye, np.zeros(2, np.float32))
    closing = renderer._eye_turns(frame, eye, np.full(2, 0.5, np.float32))
    assert (closing[:, 2, 1] < opened[:, 2, 1] - 0.05).all()


def test_a_lid_in_shade_stays_dark_beside_lit_skin() -> None:
    picture, lids = eye_picture()
    shade = np.array([100, 62, 42])
    picture[:] = shade
    picture[338:] = 1.6 * shade  # hard light on the cheek and the temple
    picture[:, :292] = (245, 225, 200)
    open_eye(picture)
    shut = close_eyes(picture, [lids], np.array(SKIN, np.float32), 1.0).astype(float)
    assert (shut[313:320, 310:335].mean((0, 1)) < 1.2 * shade + 5).all()


def test_a_drawn_eye_shuts_to_a_line_on_flat_skin() -> None:
    lids = eye_lids()
    picture = np.full((640, 640, 3), SKIN, np.uint8)
    cv2.ellipse(picture, (320, 320), (24, 16), 0, 0, 360, (255, 255, 255), -1, cv2.LINE_AA)
    cv2.ellipse(picture, (320, 320), (24, 16), 0, 0, 360, (0, 0, 0), 3, cv2.LINE_AA)
    cv2.circle(picture, (320, 322), 9, (20, 60, 160), -1, cv2.LINE_AA)
    shut = close_eyes(picture, [lids], np.array(SKIN, np.float32), 0.0).astype(float)
    changed = np.abs(shut - SKIN).max(-1) > 12
    rows, columns = np.nonzero(changed)
    assert rows.min() > 312, "the eye is gone"
    assert np.ptp(columns) > 40, "the line runs from corner to corner"
    assert changed.sum(0).max() < 8
    assert shut[324:329, 316:324].min() < 30, "as dark as the drawing's lines"


def test_at_rest_the_eyes_are_the_photos_own(portrait: Portrait) -> None:
    size = portrait.side
    still = MotionFrame(np.zeros(len(EXPRESSIONS), np.float32), gaze=portrait.gaze)
    error = np.abs(Renderer(portrait, size).render(still).astype(float) - portrait.photo).mean(-1)
    groups = HeadModel.load().groups
    for side in ("left", "right"):
        upper, lower = (portrait.attributes[groups[f"lid_{lid}_{side}"], :2] for lid in ("upper", "lower"))
        opening = np.zeros(error.shape, np.uint8)
        outline = np.concatenate([upper, lower[::-1]]) - portrait.margin
        cv2.fillPoly(opening, [np.round(outline).astype(np.int32)], 1)
        assert error[opening > 0].mean() < 4


def test_the_lower_lid_waits_for_the_upper(portrait: Portrait) -> None:
    lids = MadeLids.of(portrait, "Left")
    attributes = np.zeros((len(portrait.attributes), N_ATTRIBUTES), np.float32)
    lids.take_over(0.5, attributes)
    assert attributes[lids.upper, LID].max() == 1
    assert attributes[lids.lower, LID].max() == 0
    lids.take_over(1.0, attributes)
    assert attributes[lids.lower, LID].max() == 1
    lids.take_over(0.0, attributes)
    assert not attributes.any()


def test_lids_follow_a_look_down() -> None:
    weights = np.zeros(len(EXPRESSIONS), np.float32)
    weights[EXPRESSION_INDEX["eyeLookDownLeft"]] = 1
    left, right = lid_cover(weights)
    assert 0.3 < left < 0.7
    assert right == 0
    weights[EXPRESSION_INDEX["eyeBlinkLeft"]] = 0.9
    assert np.isclose(lid_cover(weights)[0], 0.9)
