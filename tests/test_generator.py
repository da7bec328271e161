from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from vasari.errors import FormatError, UsageError
from vasari.head.expressions import EXPRESSION_INDEX
from vasari.head.model import HeadModel
from vasari.motion import Controls, Motion, MotionFrame, MotionGenerator
from vasari.motion.articulation import Articulation
from vasari.motion.emotions import emotion_offset
from vasari.motion.motion import MOUTH
from vasari.voice import FEATURE_DIM, SPEECH_RATE, SpeechFeatures, VoiceActivity

Floats = NDArray[np.float32]
Heard = tuple[Floats, Floats]

#: Landmarks in the middle of the lips, upper and lower.
LIPS = (13, 14)
#: Nothing but the lips and the controls moves.
LIPS_ONLY = Controls(expressiveness=0, head_motion=0, blink_rate=0)


def hear(sound: Floats) -> Heard:
    features, activity = SpeechFeatures(), VoiceActivity()
    rows = np.concatenate([features.push(sound), features.finish()])
    voice = np.concatenate([activity.push(sound), activity.finish()])
    return rows, voice


@pytest.fixture(scope="module")
def heard(speech: Floats) -> Heard:
    return hear(speech)


@pytest.fixture(scope="module")
def hush() -> Heard:
    """Four seconds of a quiet room."""
    noise = np.random.default_rng(0).normal(0, 3e-4, 4 * SPEECH_RATE)
    return hear(noise.astype(np.float32))


def generate(heard: Heard, controls: Controls | None = None, sizes: Iterable[int] = (10**6,)) -> Motion:
    generator, (features, voice), at = MotionGenerator(controls), heard, 0
    frames: list[MotionFrame] = []
    while at < len(features):
        for size in sizes:
            frames += generator.push(features[at : at + size], voice[at : at + size])
            at += size
    return Motion.of(frames + generator.finish())


def lip_gap(motion: Motion) -> Floats:
    """Gap between the lips (T,) of the mean head, cm."""
    head = HeadModel.load()
    points = np.array([head.landmarks(head.shape(expression=f.expression))[list(LIPS), 1] for f in motion])
    gap: Floats = points[:, 0] - points[:, 1]
    return gap


def test_every_feature_pair_makes_a_frame(heard: Heard) -> None:
    features, voice = heard
    for n in (0, 1, 2, 7, 50):
        assert len(generate((features[:n], voice[:n]))) == -(-n // 2)


def test_the_motion_does_not_depend_on_how_the_speech_is_cut(heard: Heard) -> None:
    part = heard[0][:250], heard[1][:250]
    whole = generate(part)
    pieces = generate(part, sizes=(1, 3, 2, 17))
    for name in ("expression", "rotation", "translation", "gaze"):
        np.testing.assert_array_equal(getattr(pieces, name), getattr(whole, name))


@pytest.mark.parametrize(("lookahead", "ahead"), [(0.12, 1), (0.16, 3), (0.26, 8)])
def test_frames_come_as_soon_as_they_can(heard: Heard, lookahead: float, ahead: int) -> None:
    generator = MotionGenerator(lookahead=lookahead)
    made = 0
    for k, (row, voice) in enumerate(zip(heard[0][:100, None], heard[1][:100, None], strict=True)):
        made += len(generator.push(row, voice))
        assert made == max((k + 2 - ahead) // 2, 0)


@pytest.mark.parametrize("lookahead", [0.0, 0.1, 0.28, float("inf")])
def test_an_impossible_look_ahead_is_refused(lookahead: float) -> None:
    with pytest.raises(UsageError, match="lookahead"):
        MotionGenerator(lookahead=lookahead)


def test_the_mouth_says_the_same_at_any_look_ahead(heard: Heard) -> None:
    part = heard[0][:250], heard[1][:250]
    gaps = []
    for lookahead in (0.12, 0.26):
        generator = MotionGenerator(LIPS_ONLY, lookahead=lookahead)
        gaps.append(lip_gap(Motion.of(generator.push(*part) + generator.finish())))
    assert np.corrcoef(gaps[0], gaps[1])[0, 1] > 0.7


def test_the_seed_decides(heard: Heard) -> None:
    part = heard[0][:200], heard[1][:200]
    one, again, other = (generate(part, Controls(seed=seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one.rotation, again.rotation)
    assert np.abs(one.rotation - other.rotation).max() > 0.5
    mouth = list(MOUTH)
    assert np.abs(one.expression - other.expression)[:, mouth].max() < 0.5  # the words stay


def test_the_mouth_speaks(heard: Heard) -> None:
    gap = lip_gap(generate(heard, LIPS_ONLY))
    rest = gap[:5].mean()
    voiced = heard[1][::2][: len(gap)] > 0.9
    assert gap[voiced].mean() > rest + 0.12
    assert np.percentile(gap[voiced], 95) > rest + 0.4
    assert np.diff(gap).std() > 0.03  # it articulates
    closed = (gap < rest + 0.1) & voiced
    assert 0.05 < closed.sum() / voiced.sum() < 0.6  # and closes on the way


def test_silence_closes_the_lips(hush: Heard) -> None:
    motion = generate(hush, LIPS_ONLY)
    gap = lip_gap(motion)
    assert gap.std() < 0.01
    assert gap.max() < 0.1 + gap.min()
    assert np.abs(motion.expression[-1]).max() < 0.1


def test_the_lips_close_after_the_last_word(heard: Heard, hush: Heard) -> None:
    joined = tuple(np.concatenate([a[:250], b]) for a, b in zip(heard, hush, strict=True))
    motion = generate((joined[0], joined[1]), LIPS_ONLY)
    after = lip_gap(motion)[150:]
    assert after.max() < 0.1


def test_silence_is_alive(hush: Heard) -> None:
    motion = generate(hush)
    assert (np.abs(np.diff(motion.rotation, axis=0)).max(1) > 0).all()
    assert motion.gaze.std() > 0.2


def test_gaze_distance_and_pose_are_exact(heard: Heard) -> None:
    asked = Controls(gaze=(12, -5), distance=1.3, pose=(10, -6, 4), head_motion=0, seed=3)
    motion = generate(heard, asked)
    np.testing.assert_allclose(motion.rotation, np.tile([10, -6, 4], (len(motion), 1)), atol=1e-4)
    np.testing.assert_allclose(motion.translation, np.tile([0, 0, -33], (len(motion), 1)), atol=1e-4)
    np.testing.assert_allclose(motion.gaze.mean(0), [12, -5], atol=0.5)
    moving = [
        generate(heard, asked.replace(head_motion=1.0, seed=seed)).rotation.mean(0) for seed in range(4)
    ]
    np.testing.assert_allclose(np.mean(moving, 0), [10, -6, 4], atol=4)


def test_the_head_moves_as_a_talkers_does(heard: Heard) -> None:
    motions = [generate(heard, Controls(seed=seed)) for seed in range(3)]
    steps = [np.diff(m.rotation, axis=0) for m in motions]
    assert 0.30 < np.mean([np.linalg.norm(step, axis=1).mean() for step in steps]) < 0.55
    shares = []
    for step in steps:
        power = np.abs(np.fft.rfft((step - step.mean(0)) * np.hanning(len(step))[:, None], axis=0)) ** 2
        fast = np.fft.rfftfreq(len(step), 1 / 25) > 5
        shares.append(power[fast].sum() / power.sum())
    assert np.mean(shares) < 0.3
    brows = [m.expression[:, EXPRESSION_INDEX["browInnerUp"]].std() for m in motions]
    assert np.mean(brows) > 0.02


def test_silence_calms_the_face(heard: Heard, hush: Heard) -> None:
    joined = tuple(np.concatenate([a[:400], b]) for a, b in zip(heard, hush, strict=True))
    speeds = np.linalg.norm(np.diff(generate((joined[0], joined[1])).rotation, axis=0), axis=1)
    assert speeds[250:].mean() < 0.7 * speeds[:200].mean()


def test_an_emotion_is_added_and_lips_stay_free(heard: Heard) -> None:
    plain, happy = (generate(heard, LIPS_ONLY.replace(emotion=e)) for e in ("neutral", "happiness"))
    for name in ("cheekSquintLeft", "browOuterUpLeft"):
        k = EXPRESSION_INDEX[name]
        offset = emotion_offset({"happiness": 1.0})[k]
        added = happy.expression[:, k] - plain.expression[:, k]
        np.testing.assert_allclose(added, offset, atol=1e-5)
    speaks, smiles = lip_gap(plain), lip_gap(happy)
    assert np.corrcoef(speaks, smiles)[0, 1] > 0.9


def test_who_is_sad_does_not_smile_in_passing(heard: Heard) -> None:
    cheek = EXPRESSION_INDEX["cheekSquintLeft"]
    lively = Controls(seed=3, mouth=0)
    plain, sad = (
        generate(heard, lively.replace(emotion=e)).expression[:, cheek] for e in ("neutral", "sadness")
    )
    assert sad.std() < 0.7 * plain.std()


def test_amplitudes_scale_their_part(heard: Heard) -> None:
    still = generate(heard, Controls(mouth=0, head_motion=0, expressiveness=0, blink_rate=0))
    assert not still.expression.any()
    assert not still.rotation.any()
    jaw = EXPRESSION_INDEX["jawOpen"]
    full, half = (generate(heard, LIPS_ONLY.replace(mouth=m)).expression[:, jaw] for m in (1.0, 0.5))
    np.testing.assert_allclose(half, full / 2, atol=1e-5)


def test_controls_change_mid_stream_without_a_pop(heard: Heard) -> None:
    features, voice = heard
    generator = MotionGenerator(LIPS_ONLY)
    frames = generator.push(features[:100], voice[:100])
    generator.set(LIPS_ONLY.replace(pose=(20, 0, 0), distance=0.7, emotion="surprise", mouth=1.5))
    frames += generator.push(features[100:300], voice[100:300])
    motion = Motion.of(frames)
    assert np.abs(np.diff(motion.rotation, axis=0)).max() < 4
    assert motion.rotation[-1, 0] == pytest.approx(20, abs=0.1)
    assert np.abs(np.diff(motion.translation, axis=0)).max() < 6
    assert motion.translation[-1, 2] == pytest.approx(33, abs=0.1)
    brow = motion.expression[:, EXPRESSION_INDEX["browInnerUp"]]
    assert np.abs(np.diff(brow)).max() < 0.2
    assert brow[-1] > 0.7


def test_reset_brings_the_mouth_to_rest(heard: Heard, hush: Heard) -> None:
    features, voice = heard
    gaps = lip_gap(generate((features[:400], voice[:400]), LIPS_ONLY))
    widest = 2 * int(gaps.argmax()) + 3 + 1
    generator = MotionGenerator(LIPS_ONLY)
    before = generator.push(features[:widest], voice[:widest])
    generator.reset()
    after = generator.push(hush[0][:40], hush[1][:40])
    gap = lip_gap(Motion.of(before[-1:] + after))
    rest = lip_gap(Motion.of([MotionFrame()]))[0]
    assert gap[0] > rest + 0.4
    assert abs(gap[1] - gap[0]) < 0.75 * (gap[0] - rest)  # no jump
    assert gap[4] < rest + 0.25 * (gap[0] - rest)  # closed within 0.12 s or so
    assert gap[8] < rest + 0.05


def test_head_spares_the_side_that_a_turned_photo_hides(heard: Heard) -> None:
    def yaw(rest_yaw: float, pose: float = 0.0) -> NDArray[np.float32]:
        controls = Controls(head_motion=2, pose=(pose, 0, 0))
        return np.array([f.rotation[0] for f in MotionGenerator(controls, rest_yaw=rest_yaw).push(*heard)])

    free, to_left, to_right = yaw(0), yaw(30), yaw(-30)
    assert np.ptp(free) > 8
    assert to_left.min() > -7.01
    assert to_right.max() < 7.01
    shown = free > 0  # a head turned to its left may turn on that way
    np.testing.assert_allclose(to_left[shown], free[shown], atol=1e-4)
    np.testing.assert_allclose(yaw(30, pose=-20), to_left - 20, atol=1e-3)  # what is asked for comes whole


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_reset_lets_head_and_eyes_go_on_without_a_jerk(heard: Heard, hush: Heard, seed: int) -> None:
    features, voice = heard
    generator = MotionGenerator(Controls(seed=seed))
    before = generator.push(features[:215], voice[:215])
    generator.reset()
    after = generator.push(hush[0][:100], hush[1][:100])
    assert len(after) == 49
    rotation = np.array([f.rotation for f in [*before[-1:], *after]])
    assert np.linalg.norm(np.diff(rotation, axis=0), axis=1).max() < 1.5


def test_memory_does_not_grow(heard: Heard) -> None:
    generator = MotionGenerator()
    for _ in range(4):
        generator.push(*heard)
        size = len(generator._features), len(generator._voice), len(generator._life._head._strokes)
        assert size[0] == size[1] < 60
        assert size[2] < 20


def test_shapes_that_do_not_fit_are_refused() -> None:
    generator = MotionGenerator()
    with pytest.raises(UsageError, match=str(FEATURE_DIM)):
        generator.push(np.zeros((4, 10), np.float32), np.zeros(4, np.float32))
    with pytest.raises(UsageError, match="voice"):
        generator.push(np.zeros((4, FEATURE_DIM), np.float32), np.zeros(3, np.float32))


def test_a_foreign_net_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "net.onnx"
    path.write_bytes(b"not a net")
    with pytest.raises(FormatError, match=r"net\.onnx"):
        Articulation(path)
