"""Light inside the mouth."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from vasari import Portrait
from vasari.head.expressions import EXPRESSION_INDEX, EXPRESSIONS
from vasari.head.model import HeadModel
from vasari.portrait.mouth import flatten_mouth
from vasari.render import shade
from vasari.render.geometry import express, vertex_normals
from vasari.render.mouth_light import MouthLight

Floats = NDArray[np.float32]
LUMA = np.array([0.299, 0.587, 0.114], np.float32)


def lit(portrait: Portrait, tints: Floats | None = None, **weights: float) -> tuple[Floats, Floats]:
    """Brightness (V,) and colours (V, 3) of the mouth's inside, which wears no teeth of the photo."""
    groups = HeadModel.load().groups
    expression = np.zeros(len(EXPRESSIONS), np.float32)
    for name, weight in weights.items():
        expression[EXPRESSION_INDEX[name]] = weight
    points = np.empty_like(portrait.neutral)
    express(portrait.neutral, portrait.start, portrait.vertex, portrait.delta, expression, points)
    normals = np.zeros_like(points)
    order = np.flatnonzero(portrait.kinds == shade.TINTED).astype(np.int32)
    vertex_normals(points, portrait.triangles, order, normals)
    inside = np.concatenate(
        [groups[n] for n in ("teeth_upper", "teeth_lower", "gums_upper", "gums_lower", "tongue")]
    )
    own = portrait.attributes[inside, shade.RED : shade.BLUE + 1] if tints is None else tints[inside]
    brightness, colours, _ = MouthLight(HeadModel.load(), inside, own, np.zeros(len(inside), bool))(
        points, normals
    )
    light, colour = np.zeros(len(points), np.float32), np.zeros((len(points), 3), np.float32)
    light[inside], colour[inside] = brightness, colours
    return light, colour


def front(portrait: Portrait) -> NDArray[np.bool_]:
    """Which of the upper teeth's vertices are the front ones'."""
    teeth = portrait.neutral[HeadModel.load().groups["teeth_upper"]]
    return np.asarray(teeth[:, 2] > teeth[:, 2].max() - 0.4)


def test_teeth_are_dimmer_the_narrower_the_mouth(portrait: Portrait) -> None:
    teeth = HeadModel.load().groups["teeth_upper"][front(portrait)]
    light = [float(lit(portrait, jawOpen=w)[0][teeth].mean()) for w in (0.05, 0.15, 0.3, 0.6)]
    assert light == sorted(light)
    assert light[0] < 0.65 * light[-1]
    assert light[0] > 0.2


def test_teeth_in_dim_light_are_reddish(portrait: Portrait) -> None:
    teeth = HeadModel.load().groups["teeth_upper"][front(portrait)]
    redness = [
        float((c[:, 0] / c[:, 1]).mean()) for c in (lit(portrait, jawOpen=w)[1][teeth] for w in (0.05, 0.6))
    ]
    assert redness[0] > redness[1] + 0.1


def test_a_grey_photo_keeps_a_grey_mouth(portrait: Portrait) -> None:
    tints = np.repeat(portrait.attributes[:, shade.GREEN : shade.GREEN + 1], 3, 1)
    _, colours = lit(portrait, tints, jawOpen=0.2)
    assert np.ptp(colours, axis=1).max() < 1


def test_back_teeth_are_dimmer_than_front_ones(portrait: Portrait) -> None:
    teeth = HeadModel.load().groups["teeth_upper"]
    light, _ = lit(portrait, jawOpen=0.3)
    assert light[teeth[~front(portrait)]].mean() < 0.8 * light[teeth[front(portrait)]].mean()


@pytest.mark.parametrize("jaw", [0.3, 0.6])
def test_the_tongue_of_an_open_mouth_is_no_black_hole(portrait: Portrait, jaw: float) -> None:
    tongue = HeadModel.load().groups["tongue"]
    light, colours = lit(portrait, jawOpen=jaw)
    near = portrait.neutral[tongue, 2] > np.quantile(portrait.neutral[tongue, 2], 0.7)
    shown = light[tongue[near]] * (colours[tongue[near]] @ LUMA)
    assert shown.mean() > 25


def test_a_drawn_mouth_has_one_colour_a_part_in_any_light(portrait: Portrait) -> None:
    model = HeadModel.load()
    tints = portrait.attributes[: model.n_vertices, shade.RED : shade.BLUE + 1].copy()
    flatten_mouth(model, tints)
    for name in ("teeth_upper", "teeth_lower", "tongue", "gums_upper"):
        assert np.ptp(tints[model.groups[name]], axis=0).max() < 1e-3
    assert tints[model.groups["teeth_upper"]].min() > 1.5 * tints[model.groups["tongue"]].mean()
    inside = np.concatenate([model.groups["tongue"], model.groups["gums_upper"]])
    light = MouthLight(model, inside, tints[inside], np.zeros(len(inside), bool), flat=True)
    brightness, colours, gap = light(portrait.neutral, np.zeros_like(portrait.neutral))
    np.testing.assert_array_equal(brightness, 1)
    np.testing.assert_array_equal(colours, tints[inside])
    assert gap < 0.3
