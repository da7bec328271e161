"""What a three-quarter photo hides is borrowed from the other half of the face."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from vasari import MotionFrame, Portrait, Renderer
from vasari.head.model import HeadModel
from vasari.portrait.far_side import twins
from vasari.render import shade

Bytes = NDArray[np.uint8]


def drawn(portrait: Portrait, yaw: float) -> Bytes:
    return Renderer(portrait, 512).render(MotionFrame(rotation=np.array([yaw, 0, 0], np.float32)))


@pytest.fixture(scope="module")
def aside(portrait: Portrait) -> Portrait:
    """A portrait of the same person from a picture in which the head is turned by 28 degrees."""
    return Portrait.create(drawn(portrait, 28))


def lent(portrait: Portrait) -> int:
    return int(np.isin(portrait.kinds, (shade.FAR_LEFT, shade.FAR_RIGHT)).sum())


def test_twins_are_opposite() -> None:
    model = HeadModel.load()
    twin = twins(model)
    np.testing.assert_allclose(model.neutral[twin], model.neutral * [-1, 1, 1], atol=0.05)
    left, right = model.groups["lid_upper_left"], model.groups["lid_upper_right"]
    assert set(twin[left]) == set(right)


def test_a_frontal_face_borrows_nothing(portrait: Portrait) -> None:
    assert lent(portrait) == 0


def test_a_turned_face_borrows_its_far_half(aside: Portrait) -> None:
    assert lent(aside) > 500
    share, x = aside.attributes[:, shade.SHARE], HeadModel.load().neutral[:, 0]
    assert share[x > 3].mean() > 3 * share[x < -3].mean()  # turned to the subject's left, which is hidden


def test_hair_beside_the_far_outline_stays_beside_it(portrait: Portrait, aside: Portrait) -> None:
    assert not portrait.retreat.any()
    side = int(np.sqrt(len(aside.retreat)))
    back = aside.retreat.reshape(side, side)
    assert 0.01 < back.max() < 0.2
    assert back[:, : side // 3].max() == 0  # on the side that is seen
    assert back[-side // 4 :].max() < 0.25 * back.max()  # shoulders keep their place
    still = replace(aside, retreat=np.zeros_like(aside.retreat))
    assert np.array_equal(drawn(aside, 10), drawn(still, 10))  # turned farther away nothing retreats
    assert not np.array_equal(drawn(aside, -10), drawn(still, -10))


def test_at_rest_nothing_borrowed_shows(aside: Portrait) -> None:
    bare = replace(aside, kinds=np.where(aside.kinds == shade.FAR_LEFT, shade.SKIN, aside.kinds))
    difference = np.abs(drawn(aside, 0).astype(int) - drawn(bare, 0))
    assert difference.mean() < 0.3


def test_turned_back_it_resembles_the_face_from_the_front(portrait: Portrait, aside: Portrait) -> None:
    """The borrowed half makes the face from the front more like itself than what the photo showed of it."""
    attributes = aside.attributes.copy()
    attributes[:, shade.SHARE] = 0
    attributes[:, shade.TURNED] = attributes[:, shade.ALPHA]
    front = np.asarray(drawn(portrait, 0), np.float32)
    errors = []
    for candidate in (aside, replace(aside, attributes=attributes)):
        error = np.abs(aligned(drawn(candidate, -28), front) - front)
        errors.append(float(error[170:330, 270:340].mean()))  # the half that the turned picture hid
    assert errors[0] < 0.95 * errors[1], errors


def aligned(picture: Bytes, target: NDArray[np.float32]) -> NDArray[np.float32]:
    """A picture moved by the whole pixels that bring it nearest to a target, by phase correlation."""
    grey = [np.asarray(p, np.float32).mean(-1)[120:380, 140:380] for p in (picture, target)]
    spectrum = np.fft.fft2(grey[1]) * np.conj(np.fft.fft2(grey[0]))
    peak = np.abs(np.fft.ifft2(spectrum / np.maximum(np.abs(spectrum), 1e-6)))
    shift = np.array(np.unravel_index(peak.argmax(), peak.shape))
    shift = np.where(shift > np.array(peak.shape) / 2, shift - peak.shape, shift)
    return np.roll(np.asarray(picture, np.float32), tuple(int(s) for s in shift), (0, 1))
