import json
from pathlib import Path

import numpy as np
import pytest

from vasari.errors import FormatError
from vasari.head.expressions import EXPRESSION_INDEX, EXPRESSIONS
from vasari.head.model import PARTS, Floats, HeadModel, Ints

GROUPS = {
    "lip_upper_rim", "lip_lower_rim", "lid_upper_left", "lid_lower_left", "lid_upper_right",
    "lid_lower_right", "lips", "eye_left", "eye_right", "iris_left", "iris_right", "teeth_upper",
    "teeth_lower", "gums_upper", "gums_lower", "tongue", "mouth", "face", "scalp",
    "ear_left", "ear_right", "neck", "neck_border",
}  # fmt: skip
SIDES = ("left", "right")
INNER_UPPER_LIP = (81, 82, 13, 312, 311)
INNER_LOWER_LIP = (178, 87, 14, 317, 402)
CLOSED = [
    "mouthSmileLeft", "mouthFrownRight", "mouthPucker", "mouthPressLeft", "mouthDimpleRight",
    "mouthShrugLower", "mouthShrugUpper", "mouthStretchLeft", "mouthLeft", "cheekPuff", "jawLeft",
]  # fmt: skip


@pytest.fixture(scope="module")
def head() -> HeadModel:
    return HeadModel.load()


def shape(head: HeadModel, **weights: float) -> Floats:
    expression = np.zeros(len(EXPRESSIONS), np.float32)
    for name, weight in weights.items():
        expression[EXPRESSION_INDEX[name]] = weight
    return head.shape(None, expression)


def people(head: HeadModel, count: int) -> list[Floats]:
    random = np.random.default_rng(0)
    draws = random.normal(size=(count, head.n_identity)).clip(-2, 2).astype(np.float32)
    return [head.shape(draw) for draw in draws]


def normals(vertices: Floats, triangles: Ints) -> Floats:
    a, b, c = (vertices[triangles[:, k]] for k in range(3))
    cross = np.cross(b - a, c - a)
    return np.asarray(cross / np.linalg.norm(cross, axis=1, keepdims=True), np.float32)


def gap(vertices: Floats, a: Ints, b: Ints) -> float:
    return float(np.linalg.norm(vertices[a] - vertices[b], axis=1).max())


def test_mesh_is_sound_and_small(head: HeadModel) -> None:
    assert len(head.triangles) == len(head.part) < 18_000
    assert head.triangles.min() == 0
    assert head.triangles.max() == head.n_vertices - 1
    assert len(np.unique(head.triangles)) == head.n_vertices, "every vertex is used"
    assert (np.diff(np.sort(head.triangles, 1), axis=1) > 0).all(), "no triangle has a corner twice"
    assert set(np.unique(head.part)) == set(range(len(PARTS)))
    assert head.n_identity >= 50
    for values in (head.neutral, head.identity, head.expression_delta):
        assert np.isfinite(values).all()


def test_surfaces_are_oriented_and_have_one_border(head: HeadModel) -> None:
    """Neighbouring triangles run along a shared edge in opposite directions; only the collar is open."""
    triangles = head.part_triangles("skin", "mouth", "socket")
    edges = triangles[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2)
    directed = {(a, b) for a, b in edges.tolist()}
    assert len(directed) == len(edges), "an edge is used at most once in each direction"
    open_edges = {(a, b) for a, b in directed if (b, a) not in directed}
    collar = head.groups["neck_border"].tolist()
    assert open_edges == set(zip(collar, collar[1:] + collar[:1], strict=True))


def test_triangles_face_outwards(head: HeadModel) -> None:
    skin = normals(head.neutral, head.triangles[head.landmark_triangle])
    points = head.landmarks(head.neutral)
    assert (np.einsum("nd,nd->n", skin, points - (0, 0, 2)) > 0).mean() > 0.97
    for side in SIDES:
        triangles = head.part_triangles(f"eye_{side}")
        centre = head.neutral[head.groups[f"eye_{side}"]].mean(0)
        outwards = head.neutral[triangles].mean(1) - centre
        assert (np.einsum("nd,nd->n", normals(head.neutral, triangles), outwards) > 0).all()
    teeth = head.part_triangles("teeth_upper")
    front = head.neutral[teeth].mean(1)[:, 2] > head.neutral[head.groups["teeth_upper"], 2].max() - 0.1
    assert normals(head.neutral, teeth)[front, 2].mean() > 0.3


def test_groups_are_those_of_the_conventions(head: HeadModel) -> None:
    assert set(head.groups) >= GROUPS
    for side, sign in (("left", 1), ("right", -1)):
        assert (sign * head.neutral[head.groups[f"eye_{side}"], 0] > 0).all()
        upper, lower = head.groups[f"lid_upper_{side}"], head.groups[f"lid_lower_{side}"]
        assert (upper[0], upper[-1]) == (lower[0], lower[-1])
        across = sign * head.neutral[upper, 0]
        assert across[0] == across.min()
        assert across[-1] == across.max(), "from the inner to the outer corner"
        assert head.neutral[upper, 1].mean() > head.neutral[lower, 1].mean()
        assert set(head.groups[f"iris_{side}"]) < set(head.groups[f"eye_{side}"])
    upper, lower = head.groups["lip_upper_rim"], head.groups["lip_lower_rim"]
    assert (upper[0], upper[-1]) == (lower[0], lower[-1])
    assert (np.diff(head.neutral[upper, 0]) > 0).all(), "from the subject's right to the left"


def test_eyeballs_are_spheres_about_their_mean_for_everybody(head: HeadModel) -> None:
    for vertices in [head.neutral, *people(head, 8)]:
        for side in SIDES:
            ball = vertices[head.groups[f"eye_{side}"]]
            reach = np.linalg.norm(ball - ball.mean(0), axis=1)
            assert np.ptp(reach) < 1e-3
            assert 1.1 < reach.mean() < 1.6


def test_lips_touch_in_everybody(head: HeadModel) -> None:
    upper, lower = head.groups["lip_upper_rim"], head.groups["lip_lower_rim"]
    for vertices in [head.neutral, *people(head, 8)]:
        assert gap(vertices, upper, lower) < 0.005


@pytest.mark.parametrize("name", CLOSED)
def test_lips_stay_closed(head: HeadModel, name: str) -> None:
    vertices = shape(head, **{name: 1.0})
    assert gap(vertices, head.groups["lip_upper_rim"], head.groups["lip_lower_rim"]) < 0.005


@pytest.mark.parametrize("weight", [0.3, 1.0])
def test_mouth_close_seals_the_open_jaw(head: HeadModel, weight: float) -> None:
    upper, lower = head.groups["lip_upper_rim"], head.groups["lip_lower_rim"]
    assert gap(shape(head, jawOpen=weight), upper, lower) > weight
    assert gap(shape(head, jawOpen=weight, mouthClose=weight), upper, lower) < 0.01


@pytest.mark.parametrize("side", SIDES)
def test_lids_meet_in_a_blink_and_never_cut_the_eyeball(head: HeadModel, side: str) -> None:
    upper, lower = head.groups[f"lid_upper_{side}"], head.groups[f"lid_lower_{side}"]
    ball = head.neutral[head.groups[f"eye_{side}"]]
    radius = np.linalg.norm(ball - ball.mean(0), axis=1).mean()
    skin = np.unique(head.part_triangles("skin"))
    name = f"eyeBlink{side.title()}"
    for weight in (0.0, 0.25, 0.5, 0.75, 1.0):
        reach = np.linalg.norm(shape(head, **{name: weight})[skin] - ball.mean(0), axis=1)
        assert reach.min() > radius
    assert gap(shape(head), upper, lower) > 0.7
    assert gap(shape(head, **{name: 1.0}), upper, lower) < 0.02


def test_jaw_carries_lower_teeth_and_chin_and_leaves_the_skull(head: HeadModel) -> None:
    scalp = head.groups["scalp"]
    skull = [scalp[head.neutral[scalp, 1] > 2]]  # below it lies the angle of the jaw, where skin moves
    still = np.concatenate(
        skull + [head.groups[n] for n in ("teeth_upper", "gums_upper", "eye_left", "eye_right")]
    )
    for name in ("jawOpen", "jawForward", "jawLeft", "jawRight"):
        moved = np.linalg.norm(shape(head, **{name: 1.0}) - head.neutral, axis=1)
        assert moved[still].max() < 0.05
        assert moved[head.groups["teeth_lower"]].min() > 0.3
    opened = shape(head, jawOpen=1.0) - head.neutral
    chin = head.landmarks(shape(head, jawOpen=1.0))[152] - head.landmarks(head.neutral)[152]
    incisors = head.groups["teeth_lower"][head.neutral[head.groups["teeth_lower"], 2] > 9.8]
    np.testing.assert_allclose(opened[incisors].mean(0), chin, atol=0.8)
    tip = head.groups["tongue"][head.neutral[head.groups["tongue"], 2] > 8.5]
    assert opened[tip, 1].max() < -1


def test_collar_is_fixed(head: HeadModel) -> None:
    assert not np.isin(head.groups["neck_border"], head.expression_vertex).any()


def test_expressions_are_sparse_and_one_sided(head: HeadModel) -> None:
    assert head.expression_start.shape == (len(EXPRESSIONS) + 1,)
    assert (np.diff(head.expression_start) > 0).all(), "every expression moves something"
    assert len(head.expression_vertex) < 0.5 * len(EXPRESSIONS) * head.n_vertices
    for name, sign in (("mouthSmileLeft", 1), ("eyeBlinkRight", -1), ("browDownLeft", 1)):
        ids, delta = head.expression(name)
        strength = np.linalg.norm(delta, axis=1)
        assert (sign * head.neutral[ids, 0] * strength).sum() > 0.5 * (
            np.abs(head.neutral[ids, 0]) * strength
        ).sum()
    with pytest.raises(KeyError, match="valid: browDownLeft"):
        head.expression("smile")


def test_left_and_right_are_mirror_images(head: HeadModel) -> None:
    left, right = (head.expression(f"mouthSmile{side}")[1] for side in ("Left", "Right"))
    np.testing.assert_allclose(np.abs(left).sum(0), np.abs(right).sum(0), rtol=0.02)


def test_gaze_shapes_leave_the_eyeballs_to_the_renderer(head: HeadModel) -> None:
    balls = np.concatenate([head.groups["eye_left"], head.groups["eye_right"]])
    assert not np.isin(balls, head.expression_vertex).any()


def test_tongue_comes_out(head: HeadModel) -> None:
    lips = head.neutral[head.groups["lips"], 2].max()
    assert shape(head, tongueOut=1.0)[head.groups["tongue"], 2].max() > lips + 0.5


def test_landmarks_lie_on_skin_upper_with_upper(head: HeadModel) -> None:
    assert (head.landmark_bary > -1e-4).all()
    np.testing.assert_allclose(head.landmark_bary.sum(1), 1, atol=1e-4)
    assert (head.part[head.landmark_triangle] == PARTS.index("skin")).mean() > 0.95
    points = head.landmarks(head.neutral)
    assert (points[list(range(0, 468)), 2] > 0).mean() > 0.95
    opened = head.landmarks(shape(head, jawOpen=1.0))
    apart = opened[list(INNER_UPPER_LIP), 1] - opened[list(INNER_LOWER_LIP), 1]
    assert apart.min() > 1.5
    assert points[263, 0] > 3 > -3 > points[33, 0], "263 is the subject's left outer corner of the eye"


def test_save_and_load_round_trip(head: HeadModel, tmp_path: Path) -> None:
    head.save(tmp_path / "head.npz", {"name": "copy"})
    again = HeadModel.load(tmp_path / "head.npz")
    np.testing.assert_array_equal(again.triangles, head.triangles)
    np.testing.assert_allclose(again.expression_delta, head.expression_delta, atol=1e-3)
    assert set(again.groups) == set(head.groups)


def test_foreign_files_are_refused(tmp_path: Path) -> None:
    text = tmp_path / "text.npz"
    text.write_text("not a model")
    with pytest.raises(FormatError, match="not a Vasari head"):
        HeadModel.load(text)
    other = tmp_path / "other.npz"
    np.savez(other, neutral=np.zeros(3))
    with pytest.raises(FormatError, match="not a Vasari head"):
        HeadModel.load(other)
    newer = tmp_path / "newer.npz"
    np.savez(
        newer, header=np.frombuffer(json.dumps({"format": "vasari-head", "version": 99}).encode(), np.uint8)
    )
    with pytest.raises(FormatError, match=r"version 99.*reads vasari-head version 1"):
        HeadModel.load(newer)
