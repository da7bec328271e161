"""The training of the acting net, end to end on made-up clips."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from vasari.motion.acting import ActingNet
from vasari.voice import FEATURE_DIM

torch = pytest.importorskip("torch")
pytest.importorskip("onnx")
pytest.importorskip("tensorboard")

TOLD = 100  # features that tell what the brows do
TRAIN = Path(__file__).parents[2] / "train"


@pytest.fixture
def scripts(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(TRAIN))
    import train_acting  # type: ignore[import-not-found]

    return train_acting  # type: ignore[no-any-return]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Six clips whose brows rise with the first features."""
    random = np.random.default_rng(0)
    for folder in ("features/heads", "tracks/heads"):
        (tmp_path / folder).mkdir(parents=True)
    for k in range(6):
        features = random.normal(0, 1, (120, FEATURE_DIM)).astype(np.float32)
        features[:, :TOLD] = np.repeat(np.sin(np.arange(60) / 4 + k), 2)[:, None]
        expression = np.clip(random.normal(0.2, 0.02, (60, 52)), 0, 1).astype(np.float32)
        expression[:, :5] += 0.1 * features[::2, :1]
        rotation = np.cumsum(random.normal(0, 0.3, (60, 3)), 0)
        np.savez(tmp_path / f"features/heads/c{k}.npz", features=features, voice=np.ones(120))
        np.savez(
            tmp_path / f"tracks/heads/c{k}.npz",
            expression=expression,
            lip_gap=np.full(60, 0.1),
            rotation=rotation,
            translation=0 * rotation,
            gaze=rotation[:, :2],
        )
    return tmp_path


def run(scripts: ModuleType, monkeypatch: pytest.MonkeyPatch, data: Path, steps: int) -> Path:
    checkpoint = data / "run.ckpt"
    arguments = ["--data", data, "--checkpoint", checkpoint, "--steps", steps, "--batch", 16, "--width", 32]
    flat = [str(a) for a in arguments]
    monkeypatch.setattr(sys, "argv", ["train_acting.py", *flat, "--variants", "", "--rate", "0.003"])
    scripts.main()
    return checkpoint


def test_it_learns_goes_on_and_the_file_says_the_same_as_the_net(
    scripts: ModuleType, monkeypatch: pytest.MonkeyPatch, data: Path
) -> None:
    monkeypatch.syspath_prepend(str(TRAIN))
    import evaluate_acting  # type: ignore[import-not-found]
    import export_acting  # type: ignore[import-not-found]
    from acting_net import Acting  # type: ignore[import-not-found]

    run(scripts, monkeypatch, data, 300)
    checkpoint = run(scripts, monkeypatch, data, 300)  # nothing left to do
    assert torch.load(checkpoint, weights_only=True)["step"] == 300
    net, _ = evaluate_acting.load(checkpoint)
    acting = Acting(net, 4, 0.5, 0.5).eval()
    export_acting.export(acting, data / "acting.onnx", {"rest": [0.0] * 21})
    ready = ActingNet(data / "acting.onnx")
    random = np.random.default_rng(1)
    shaped = [
        random.normal(size=(2 * (ready.past + ready.new + ready.ahead), FEATURE_DIM)),
        0.1 * random.normal(size=(ready.past, ready.state)),
        random.normal(size=(ready.past + ready.new, 6)),
        np.ones(ready.past + ready.new),
        np.zeros(6),
        random.normal(size=(ready.new, ready.state)),
    ]
    given = [values.astype(np.float32) for values in shaped]
    given[0][-4:] = np.nan  # not heard yet
    with torch.no_grad():
        wanted = acting(*(torch.tensor(g)[None] for g in given))[0].numpy()
    np.testing.assert_allclose(ready(*given), wanted, atol=2e-4)
    ways = []
    for way in (-1.0, 1.0):  # brows go on with the features that have always moved them
        sound = way * np.sin(np.arange(-2 * ready.past, 2 * (ready.new + ready.ahead)) / 8)
        given[0][:, :TOLD] = sound[:, None]
        given[0][-4:] = np.nan
        given[1][:] = 0
        given[1][:, :5] = 0.1 * sound[: 2 * ready.past : 2, None]
        ways.append((ready(*given)[-1, :5] - given[1][-1, :5]).mean())
    assert ways[1] > ways[0] + 0.01


def test_the_slow_part_of_a_line_is_the_line(scripts: ModuleType) -> None:
    import acting_data  # type: ignore[import-not-found]

    line = np.linspace(0, 3, 30)[:, None].astype(np.float32)
    np.testing.assert_allclose(acting_data.slow(line, acting_data.QUICK), line, atol=1e-4)
    wave = np.sin(2 * np.pi * 3 * np.arange(100) / 25)[:, None].astype(np.float32)
    assert np.abs(acting_data.slow(wave, acting_data.QUICK)[20:-20]).max() < 0.02
