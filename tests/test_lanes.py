"""Four colours looked up at once are what they would be one by one."""

from typing import Any

import cv2
import numpy as np
import pytest
from numba import njit

from vasari.render.lanes import Packed, channels, colour_at, pixel_of
from vasari.render.texture import packed, unpacked

compiled: Any = njit
RNG = np.random.default_rng(0)


@pytest.mark.parametrize("channels", [3, 4])
def test_bilinear_in_every_channel(channels: int) -> None:
    picture = RNG.integers(0, 256, (40, 50, channels), np.uint8)
    places = RNG.uniform(-2, 55, (500, 2)).astype(np.float32)
    expected = cv2.remap(
        picture[..., :3].astype(np.float32),
        places[:, None] - 0.5,
        None,  # type: ignore[call-overload]
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )[:, 0]
    colour = np.empty(3, np.float32)
    for (x, y), wanted in zip(places, expected, strict=True):
        colour_at(packed(picture), float(x), float(y), colour)
        np.testing.assert_allclose(colour, wanted, atol=4)


def test_whole_colours_stay_exact() -> None:
    picture = np.full((4, 4, 3), (255, 128, 3), np.uint8)
    colour = np.empty(3, np.float32)
    colour_at(packed(picture), 1.7, 2.2, colour)
    np.testing.assert_array_equal(colour, (255, 128, 3))


@compiled  # type: ignore[untyped-decorator]
def mixed(a: Packed, b: Packed, gain: float, out: Packed) -> None:
    for k in range(len(a)):
        out[k] = pixel_of(channels(a[k]) * np.float32(gain) + channels(b[k]))


def test_colours_add_up_and_stay_in_range() -> None:
    a, b = RNG.integers(0, 256, (2, 1, 300, 3), np.uint8)
    out = np.zeros((1, 300), np.uint32)
    mixed(packed(a)[0], packed(b)[0], -0.7, out[0])
    np.testing.assert_allclose(unpacked(out), np.clip(b - 0.7 * a, 0, 255), atol=0.51)
    mixed(packed(a)[0], packed(b)[0], 1.5, out[0])
    np.testing.assert_allclose(unpacked(out), np.clip(b + 1.5 * a, 0, 255), atol=0.51)
