"""The training of the articulation net, end to end on made-up clips."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from numpy.typing import NDArray

from vasari.head.expressions import EXPRESSION_INDEX
from vasari.head.model import HeadModel
from vasari.motion.articulation import Articulation

torch = pytest.importorskip("torch")
pytest.importorskip("onnx")

TRAIN = Path(__file__).parents[2] / "train"
FEATURES = 12


@pytest.fixture
def scripts(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(TRAIN))
    import train_articulation  # type: ignore[import-not-found]

    return train_articulation  # type: ignore[no-any-return]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Forty clips whose jaw opens with their first feature."""
    random = np.random.default_rng(0)
    for folder in ("features/grid_s1", "tracks/grid_s1"):
        (tmp_path / folder).mkdir(parents=True)
    for k in range(40):
        features = random.normal(0, 1, (100, FEATURES)).cumsum(0) / 5
        jaw = np.clip(0.1 + 0.2 * features[::2, 0], 0, 1)
        expression = np.zeros((50, 52), np.float32)
        expression[:, EXPRESSION_INDEX["jawOpen"]] = jaw
        np.savez(tmp_path / f"features/grid_s1/c{k}.npz", features=features, voice=np.ones(100))
        np.savez(tmp_path / f"tracks/grid_s1/c{k}.npz", expression=expression)
    np.savez(tmp_path / "features/silence.npz", features=np.zeros((4, FEATURES)))
    return tmp_path


def run(scripts: ModuleType, monkeypatch: pytest.MonkeyPatch, data: Path, steps: int) -> Path:
    out = data / "net.onnx"
    arguments = {
        "--data": data,
        "--out": out,
        "--checkpoint": data / "run.ckpt",
        "--steps": steps,
        "--batch": 8,
    }
    flat = [str(part) for pair in arguments.items() for part in pair]
    monkeypatch.setattr(sys, "argv", ["train_articulation.py", *flat, "--width", "16", "--rate", "0.01"])
    scripts.main()
    return out


def test_it_learns_and_the_file_says_the_same_as_the_net(
    scripts: ModuleType, monkeypatch: pytest.MonkeyPatch, data: Path
) -> None:
    net = Articulation(run(scripts, monkeypatch, data, 300))
    assert net.context == 31
    assert net.silence.shape == (FEATURES,)
    opened, wanted, ahead = list[float](), list[float](), 3
    before = net.context - 1 - ahead
    for k in range(6):
        with (
            np.load(data / f"features/grid_s1/c{k}.npz") as f,
            np.load(data / f"tracks/grid_s1/c{k}.npz") as t,
        ):
            features, jaw = f["features"].astype(np.float32), t["expression"][:, EXPRESSION_INDEX["jawOpen"]]
        starts = range(2 * 16 - before, 2 * 45 - before, 2)
        made = [net(features[start : start + net.context], ahead) for start in starts]
        assert all(e.shape == (52,) and 0 <= c <= 1 for e, c in made)
        opened += [expression[EXPRESSION_INDEX["jawOpen"]] for expression, _ in made]
        wanted += jaw[16:45].tolist()
    assert np.corrcoef(opened, wanted)[0, 1] > 0.8


def test_a_stopped_run_goes_on(scripts: ModuleType, monkeypatch: pytest.MonkeyPatch, data: Path) -> None:
    run(scripts, monkeypatch, data, 20)
    assert torch.load(data / "run.ckpt", weights_only=True)["step"] == 20
    run(scripts, monkeypatch, data, 20)  # nothing left to do but to write the file
    assert torch.load(data / "run.ckpt", weights_only=True)["step"] == 20


def test_the_exported_net_agrees_with_torch(
    scripts: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.syspath_prepend(str(TRAIN))
    import articulation_net as nets  # type: ignore[import-not-found]
    import lip_geometry  # type: ignore[import-not-found]

    torch.manual_seed(0)
    shape = nets.Shape(FEATURES, width=16)
    geometry = lip_geometry.LipGeometry(HeadModel.load())
    channels = len(lip_geometry.CHANNELS)
    net = nets.ArticulationNet(shape, np.zeros(FEATURES, np.float32), np.ones(FEATURES, np.float32))
    gain = np.full(channels, 1.2, np.float32)
    ready = nets.Articulation(net, geometry, np.full(channels, 0.1, np.float32), gain, 0.0).eval()
    scripts.export(ready, tmp_path / "net.onnx", np.zeros(FEATURES, np.float32), {})
    window = np.random.default_rng(1).normal(size=(shape.context, FEATURES)).astype(np.float32)
    with torch.no_grad():
        expression, closure = ready(torch.tensor(window)[None], torch.tensor([5]))
    again, surely = Articulation(tmp_path / "net.onnx")(window, 6)  # lips lead by one
    np.testing.assert_allclose(again, expression[0].numpy(), atol=1e-5)
    assert surely == pytest.approx(float(closure[0]), abs=1e-5)


@pytest.mark.parametrize(("sound", "jaw"), [("tongue tip", 0.3), ("tongue tip", 0.0), ("open", 0.3)])
def test_the_tongue_rises_for_its_sounds_between_open_lips(
    scripts: ModuleType, monkeypatch: pytest.MonkeyPatch, sound: str, jaw: float
) -> None:
    expression, _ = surely(scripts, monkeypatch, sound, jaw, touch=-9.0)
    tongue = expression[EXPRESSION_INDEX["tongueOut"]]
    assert tongue == pytest.approx(0.2 if sound == "tongue tip" and jaw else 0.0, abs=0.02)


def test_f_and_v_bring_the_lower_lip_to_the_teeth_and_leave_the_lips_apart(
    scripts: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    bitten, closure = surely(scripts, monkeypatch, "lip and teeth", 0.3, touch=9.0)
    closed, sure = surely(scripts, monkeypatch, "closed", 0.08, touch=9.0)
    assert bitten[EXPRESSION_INDEX["mouthRollLower"]] > closed[EXPRESSION_INDEX["mouthRollLower"]] + 0.2
    assert bitten[EXPRESSION_INDEX["jawOpen"]] < 0.1
    assert closure < 0.05
    assert sure > 0.95


def surely(
    scripts: ModuleType, monkeypatch: pytest.MonkeyPatch, sound: str, jaw: float, touch: float
) -> tuple[NDArray[np.float32], float]:
    """Expression and closure of a net that hears but one sound, with a jaw and a logit of touch."""
    monkeypatch.syspath_prepend(str(TRAIN))
    import articulation_net as nets
    import lip_geometry
    import visemes  # type: ignore[import-not-found]

    net = nets.ArticulationNet(
        nets.Shape(FEATURES, width=16), np.zeros(FEATURES, np.float32), np.ones(FEATURES, np.float32)
    )
    channels = len(lip_geometry.CHANNELS)
    with torch.no_grad():
        for layer in (net.sounds, net.leave):
            layer.weight.zero_()
            layer.bias.zero_()
        net.sounds.bias[visemes.NAMES.index(sound)] = 20.0
        net.leave.bias[lip_geometry.CHANNELS.index("jawOpen")] = jaw
        net.leave.bias[-1] = touch
        geometry, zero = lip_geometry.LipGeometry(HeadModel.load()), np.zeros(channels, np.float32)
        ready = nets.Articulation(net, geometry, zero, zero + 1, 0.0).eval()
        expression, closure = ready(torch.zeros(1, net.shape.context, FEATURES), torch.tensor([3]))
    return expression[0].numpy(), float(closure[0])


def test_channels_cover_the_mouth(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(TRAIN))
    import lip_geometry

    expression = np.random.default_rng(0).random((5, 52), np.float32)
    channels = lip_geometry.symmetric(expression)
    jaw = lip_geometry.CHANNELS.index("jawOpen")
    np.testing.assert_allclose(channels[:, jaw], expression[:, EXPRESSION_INDEX["jawOpen"]])
    both = expression[:, [EXPRESSION_INDEX["mouthSmileLeft"], EXPRESSION_INDEX["mouthSmileRight"]]]
    smile = lip_geometry.CHANNELS.index("mouthSmile")
    np.testing.assert_allclose(channels[:, smile], both.mean(1), rtol=1e-5)
    np.testing.assert_allclose(lip_geometry.symmetric(channels @ lip_geometry.spread()), channels, rtol=1e-5)
    geometry = lip_geometry.LipGeometry(HeadModel.load())
    assert geometry.row[jaw] > 1  # an open jaw parts the lips
    assert geometry.row[lip_geometry.CHANNELS.index("mouthClose")] < -1
