"""The training of the mouth refiner, end to end on made-up pairs."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from vasari.render import mouth_view
from vasari.render.mouth_refiner import MouthRefiner

torch = pytest.importorskip("torch")
pytest.importorskip("onnx")
pytest.importorskip("tensorboard")

TRAIN = Path(__file__).parents[2] / "train"


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(TRAIN))
    for name in ("mouth_net", "train_mouth"):
        sys.modules.pop(name, None)
    return import_module("train_mouth")


def pairs(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Mouths drawn with grey teeth over a dark tongue; the photos have white teeth in both places."""
    drawn = np.zeros((count, mouth_view.N_LAYERS, mouth_view.HEIGHT, mouth_view.WIDTH), np.uint8)
    drawn[:, 0], drawn[:, 1], drawn[:, 2] = 200, 150, 130
    real = drawn[:, :3].copy()
    drawn[:, :3, 20:30, 30:66] = 120
    drawn[:, mouth_view.TEETH_UPPER, 20:30, 30:66] = 255
    drawn[:, :3, 30:40, 30:66] = 40
    drawn[:, mouth_view.TONGUE, 30:40, 30:66] = 255
    drawn[:, mouth_view.DEPTH, 30:40, 30:66] = 200
    real[:, :, 20:40, 30:66] = 210
    return drawn, real


def test_layers_are_made_to_tell_what_the_photo_shows(script: ModuleType) -> None:
    drawn, real = (torch.from_numpy(a).float() / 255 for a in pairs(2))
    trust = script.agree(drawn, real)
    assert drawn[:, mouth_view.TEETH_LOWER, 32:38, 35:60].min() > 0.9
    assert drawn[:, mouth_view.TONGUE, 32:38, 35:60].max() < 0.1
    assert drawn[:, mouth_view.DEPTH, 32:38, 35:60].max() < 0.3
    assert trust.min() > 0.9
    dark = real.clone()
    dark[:, :, 20:30, 30:66] = 0.1
    assert script.agree(drawn, dark)[:, :, 22:28, 35:60].max() < 0.5, (
        "drawn teeth that the photo does not show"
    )


def test_it_learns_and_is_written_for_the_program(
    script: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn, real = pairs(20)
    np.savez(tmp_path / "pairs.npz", drawn=drawn, real=real)
    out = tmp_path / "run"
    monkeypatch.setattr(sys, "argv", ["train_mouth.py", str(tmp_path / "pairs.npz"), "--out", str(out)])
    monkeypatch.setattr(sys, "argv", [*sys.argv, "--minutes", "0.15", "--critic-from", "10"])
    script.main()
    refiner = MouthRefiner((out / "mouth_refiner.onnx").read_bytes())
    layers = drawn[0].astype(np.float32) / 255
    change = refiner(layers)
    assert change is not None
    assert change.shape == (3, mouth_view.HEIGHT, mouth_view.WIDTH)
    assert change[:, 22:28, 35:60].mean() > 0.05, "grey teeth become whiter"
