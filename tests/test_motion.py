from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vasari.errors import FormatError, OutputError, UsageError
from vasari.head.expressions import EXPRESSION_INDEX
from vasari.motion import MOTION_RATE, Motion, MotionFrame


def a_motion(samples: int = 60, seed: int = 0) -> Motion:
    rng = np.random.default_rng(seed)
    expression = rng.random((samples, 52), np.float32)
    expression[:, EXPRESSION_INDEX["eyeLookDownLeft"] : EXPRESSION_INDEX["eyeLookUpRight"] + 1] = 0
    return Motion(
        expression,
        rng.normal(0, 4, (samples, 3)).astype(np.float32),
        rng.normal(0, 0.3, (samples, 3)).astype(np.float32),
        rng.normal(0, 3, (samples, 2)).astype(np.float32),
        rest=np.arange(6, dtype=np.float32),
        source="test",
    )


def test_a_file_comes_back_as_it_was(tmp_path: Path) -> None:
    motion = a_motion()
    motion.save(tmp_path / "a.motion")
    again = Motion.load(tmp_path / "a.motion")
    for name in ("expression", "rotation", "translation", "gaze", "rest"):
        np.testing.assert_array_equal(getattr(again, name), getattr(motion, name))
    assert again.source == "test"
    assert [p.name for p in tmp_path.iterdir()] == ["a.motion"]


def test_damaged_and_foreign_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.motion"
    a_motion().save(path)
    content = path.read_bytes()
    for damaged in (b"", b"not a motion", content[:-100], content[:3000] + b"\0\1\2" + content[3003:]):
        path.write_bytes(damaged)
        with pytest.raises(FormatError, match=r"a\.motion"):
            Motion.load(path)
    header = b'{"format": "vasari-motion", "version": 99}'
    np.savez(tmp_path / "b.npz", header=np.frombuffer(header, np.uint8))
    with pytest.raises(FormatError, match="version 99"):
        Motion.load(tmp_path / "b.npz")
    with pytest.raises(FormatError):
        Motion.load(tmp_path / "missing.motion")


def test_writing_where_one_cannot_says_so(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="writable"):
        a_motion().save(tmp_path / "no" / "a.motion")
    with pytest.raises(OutputError, match="writable"):
        a_motion().to_arkit_csv(tmp_path / "no" / "a.csv")


def test_wrong_shapes_and_numbers_are_refused() -> None:
    good = a_motion(3)
    with pytest.raises(UsageError, match="rotation has shape"):
        Motion(good.expression, good.rotation[:2], good.translation, good.gaze)
    with pytest.raises(UsageError, match="not finite"):
        Motion(good.expression, good.rotation * np.nan, good.translation, good.gaze)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(0, 1, width=32), min_size=1, max_size=12), st.floats(0, 1))
def test_between_samples_it_never_overshoots(values: list[float], where: float) -> None:
    expression = np.repeat(np.array(values, np.float32)[:, None], 52, 1)
    motion = Motion(expression, expression[:, :3], expression[:, :3], expression[:, :2])
    position = where * (len(values) - 1)
    low, high = sorted((values[int(position)], values[int(np.ceil(position))]))
    assert low <= motion.at(position / MOTION_RATE).expression[0] <= high


def test_closures_stay_at_any_display_rate() -> None:
    jaw = np.full(25, 0.5, np.float32)
    jaw[12] = 0
    expression = np.repeat(jaw[:, None], 52, 1)
    still = np.zeros((25, 3), np.float32)
    motion = Motion(expression, still, still, still[:, :2])
    for fps in (25, 30, 50, 60):
        shown = np.array([f.expression[0] for f in motion.frames(fps)])
        assert len(shown) == fps
        assert shown.min() < 0.18


def test_frames_hit_the_samples_exactly() -> None:
    motion = a_motion(10)
    at_50 = list(motion.frames(50))
    np.testing.assert_allclose(at_50[8].expression, motion[4].expression, atol=1e-6)
    assert at_50[8].rotation.dtype == np.float32
    with pytest.raises(UsageError, match="fps"):
        list(motion.frames(0))


def test_cut_concat_and_frames_keep_everything() -> None:
    motion = a_motion(50)
    joined = Motion.concat([motion.cut(0, 0.8), motion.cut(0.8)])
    np.testing.assert_array_equal(joined.expression, motion.expression)
    np.testing.assert_array_equal(Motion.of(motion).gaze, motion.gaze)
    assert len(Motion.of([])) == 0
    assert motion.duration == 2.0
    with pytest.raises(UsageError):
        Motion.concat([])


def test_retarget_scales_each_part() -> None:
    motion = a_motion()
    less = motion.retarget(head=0.5, mouth=0.0, gaze=2.0)
    np.testing.assert_allclose(less.rotation, motion.rotation * 0.5)
    np.testing.assert_allclose(less.gaze, motion.gaze * 2)
    assert not less.expression[:, EXPRESSION_INDEX["jawOpen"]].any()
    blink = EXPRESSION_INDEX["eyeBlinkLeft"]
    calm = motion.retarget(expression=0)
    np.testing.assert_array_equal(calm.expression[:, blink], motion.expression[:, blink])
    assert np.abs(np.median(motion.centred().rotation, 0)).max() < 1e-6


def test_towards_goes_straight_and_keeps_the_mouth_near_its_samples() -> None:
    a, b = MotionFrame(), a_motion(1)[0]
    quarter = a.towards(b, 0.25)
    np.testing.assert_allclose(quarter.rotation, b.rotation * 0.25)
    jaw = EXPRESSION_INDEX["jawOpen"]
    assert 0 < quarter.expression[jaw] < 0.25 * b.expression[jaw]
    np.testing.assert_allclose(a.towards(b, 1.0).expression, b.expression)


def test_arkit_csv_comes_back(tmp_path: Path) -> None:
    motion = a_motion()
    motion.to_arkit_csv(tmp_path / "a.csv")
    header, first = (tmp_path / "a.csv").read_text().splitlines()[:2]
    assert header.startswith("Timecode,BlendShapeCount,")
    assert "EyeBlinkLeft" in header
    assert header.endswith("RightEyeYaw,RightEyePitch,RightEyeRoll")
    assert first.startswith("00:00:00:00.000,61,")
    again = Motion.from_arkit_csv(tmp_path / "a.csv")
    np.testing.assert_allclose(again.expression, motion.expression, atol=1e-5)
    np.testing.assert_allclose(again.rotation, motion.rotation, atol=1e-3)
    np.testing.assert_allclose(again.gaze, motion.gaze, atol=1e-3)


def test_arkit_csv_of_the_app_is_resampled(tmp_path: Path) -> None:
    lines = ["Timecode,BlendShapeCount,EyeBlinkLeft,EyeLookOutLeft,EyeLookInRight,HeadYaw"]
    for i in range(120):
        lines.append(f"14:03:{52 + i // 60}:{i % 60:02}.200,61,{i / 120},0.5,0.5,0.1")
    lines.append("14:03:54:00.2,0,,,,")
    (tmp_path / "app.csv").write_text("\n".join(lines))
    motion = Motion.from_arkit_csv(tmp_path / "app.csv")
    assert len(motion) == 50
    np.testing.assert_allclose(motion.expression[25, EXPRESSION_INDEX["eyeBlinkLeft"]], 0.5, atol=0.01)
    np.testing.assert_allclose(motion.gaze[0, 0], 15 + np.degrees(0.1), atol=1e-3)


def test_what_is_no_arkit_csv_is_refused(tmp_path: Path) -> None:
    for text in ("", "a,b\n1,2\n", "Timecode,BlendShapeCount,EyeBlinkLeft\n00:00:00:00,61,x\n"):
        (tmp_path / "a.csv").write_text(text)
        with pytest.raises(FormatError, match="ARKit CSV"):
            Motion.from_arkit_csv(tmp_path / "a.csv")
