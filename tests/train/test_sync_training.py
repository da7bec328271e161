"""The training of the judge of lip sync, end to end on made-up clips."""

from __future__ import annotations

import sys
from itertools import pairwise
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from vasari.head.expressions import EXPRESSION_INDEX
from vasari.measure.scorer import SyncScorer
from vasari.motion.motion import Motion
from vasari.voice.features import FEATURE_DIM

torch = pytest.importorskip("torch")
pytest.importorskip("onnx")
pytest.importorskip("tensorboard")
onnxruntime = pytest.importorskip("onnxruntime")

TRAIN = Path(__file__).parents[2] / "train"


@pytest.fixture
def scripts(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(TRAIN))
    import train_sync  # type: ignore[import-not-found]

    return train_sync  # type: ignore[no-any-return]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Clips of GRID's kind whose jaw opens with a few of their features."""
    random = np.random.default_rng(0)
    for folder in ("features/grid_s1", "tracks/grid_s1"):
        (tmp_path / folder).mkdir(parents=True)
    for k in range(64):
        features = random.normal(0, 1, (150, FEATURE_DIM)).astype(np.float32)
        course = np.convolve(random.normal(0, 1, 160), np.ones(6) / 6, "same")[:150]
        features[:, :40] += 4 * course[:, None]
        expression = np.zeros((75, 52), np.float32)
        expression[:, EXPRESSION_INDEX["jawOpen"]] = np.clip(0.3 + 0.4 * course[::2], 0, 1)
        none = np.zeros((75, 3))
        np.savez(tmp_path / f"features/grid_s1/c{k}.npz", features=features, voice=np.ones(150))
        track = tmp_path / f"tracks/grid_s1/c{k}.npz"
        np.savez(track, expression=expression, rotation=none, translation=none, gaze=none[:, :2])
    return tmp_path


def run(scripts: ModuleType, monkeypatch: pytest.MonkeyPatch, data: Path, steps: int) -> Path:
    out = data / "sync.onnx"
    arguments = {"--data": data, "--out": out, "--checkpoint": data / "run.ckpt", "--steps": steps}
    flat = [str(part) for pair in arguments.items() for part in pair]
    monkeypatch.setattr(sys, "argv", ["train_sync.py", *flat, "--batch", "20"])
    scripts.main()
    return out


def test_it_learns_what_belongs_together_and_goes_on_after_a_stop(
    scripts: ModuleType, monkeypatch: pytest.MonkeyPatch, data: Path
) -> None:
    net = run(scripts, monkeypatch, data, 60)
    scorer = SyncScorer(onnxruntime.InferenceSession(net, providers=["CPUExecutionProvider"]))
    clips = []
    for k in range(10):
        with (
            np.load(data / f"features/grid_s1/c{k}.npz") as f,
            np.load(data / f"tracks/grid_s1/c{k}.npz") as t,
        ):
            motion = Motion(t["expression"], t["rotation"], t["translation"], t["gaze"])
            clips.append((motion, f["features"], f["voice"].astype(np.float32)))
    own = [scorer.score(*clip) for clip in clips]
    other = [scorer.score(a[0], b[1], b[2]) for a, b in pairwise(clips)]
    assert np.mean([s.agreement for s in own]) > 0.6
    assert np.mean([s.agreement for s in own]) > np.mean([s.agreement for s in other]) + 0.5
    assert np.median([abs(s.lag_ms) for s in own]) < 30
    assert torch.load(data / "run.ckpt", weights_only=True)["step"] == 60
    run(scripts, monkeypatch, data, 60)  # nothing left to do but to write the file


def test_true_lag_is_zero_wherever_crops_begin(scripts: ModuleType) -> None:
    random = torch.Generator().manual_seed(0)
    course = torch.nn.functional.normalize(torch.randn(6, 80, 8, generator=random), dim=-1)
    apart = torch.tensor([-6, -3, 0, 1, 4, 6])
    seen = course[:, 20 : 20 + scripts.CROP]
    heard = torch.stack([course[k, 20 + a : 20 + a + scripts.CROP] for k, a in enumerate(apart)])
    weight = torch.ones(6, scripts.CROP)
    heard, weight = scripts.laid(heard, apart), scripts.laid(weight[..., None], apart)[..., 0]
    at = {lag: scripts.whole(heard, weight, seen, lag) for lag in range(-4, 5)}
    torch.testing.assert_close(at[0], torch.ones(6), atol=1e-3, rtol=0)
    assert all((at[lag] < 0.5).all() for lag in at if lag)


def test_the_exported_net_agrees_with_torch_at_any_length(
    scripts: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.syspath_prepend(str(TRAIN))
    import sync_net  # type: ignore[import-not-found]

    torch.manual_seed(0)
    mean, std = np.zeros(FEATURE_DIM, np.float32), np.ones(FEATURE_DIM, np.float32)
    shapes = np.random.default_rng(0).normal(size=(52, sync_net.SHAPES)).astype(np.float32)
    net = sync_net.SyncNet(sync_net.Shape(), mean, std, shapes).eval()
    scripts.export(net, tmp_path / "net.onnx", {})
    session = onnxruntime.InferenceSession(tmp_path / "net.onnx", providers=["CPUExecutionProvider"])
    for frames in (20, 30, 333):
        features, expression = torch.randn(1, 2 * frames, FEATURE_DIM), torch.rand(1, frames, 52)
        with torch.no_grad():
            wanted = net(features, expression)
        made = session.run(None, {"features": features.numpy(), "expression": expression.numpy()})
        for a, b in zip(made, wanted, strict=True):
            np.testing.assert_allclose(a, b.numpy(), atol=2e-5)
