"""Labels and net of the bilabials."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from vasari.measure.bilabials import Bilabials
from vasari.voice.features import FEATURE_DIM

torch = pytest.importorskip("torch")
pytest.importorskip("onnx")
pytest.importorskip("tensorboard")
onnxruntime = pytest.importorskip("onnxruntime")

TRAIN = Path(__file__).parents[2] / "train"


@pytest.fixture
def scripts(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(TRAIN))
    import train_bilabials  # type: ignore[import-not-found]

    return train_bilabials  # type: ignore[no-any-return]


def test_labels_of_both_alphabets_become_rows(scripts: ModuleType, tmp_path: Path) -> None:
    table = tmp_path / "phones.csv"
    table.write_text(
        "clip,phone,start_s,end_s\n"
        "a,_b,0.10,0.20\na,!b,0.20,0.24\na,a,0.24,0.40\na,B,0.40,0.50\na,pasp,0.50,0.60\n"
        "b,m,0.10,0.20\nb,ˈ,0.20,0.30\nb,iː,0.30,0.50\n"
    )
    spans = scripts.spans_of(table)
    assert spans["a"] == [(0.10, 0.20, 1.0), (0.40, 0.50, scripts.UNKNOWN)]  # releases and breath are open
    assert spans["b"] == [(0.10, 0.20, 1.0), (0.20, 0.30, scripts.UNKNOWN)]
    rows = scripts.rows_of(spans["a"], 40)
    assert rows[7] == 1  # 0.14 s
    assert rows[3] == rows[15] == rows[28] == 0
    assert rows[22] == rows[5] == scripts.UNKNOWN  # half closed; at a border


def test_the_shortest_closure_keeps_a_row(scripts: ModuleType) -> None:
    assert scripts.rows_of([(0.205, 0.215, 1.0)], 20).max() == 1


def test_the_exported_net_agrees_with_torch(scripts: ModuleType, tmp_path: Path) -> None:
    torch.manual_seed(0)
    net = scripts.BilabialsNet(np.zeros(FEATURE_DIM, np.float32), np.ones(FEATURE_DIM, np.float32)).eval()
    scripts.export(net, tmp_path / "net.onnx", {})
    bilabials = Bilabials(
        onnxruntime.InferenceSession(tmp_path / "net.onnx", providers=["CPUExecutionProvider"])
    )
    for rows in (3, 60, 555):
        features = torch.randn(rows, FEATURE_DIM)
        with torch.no_grad():
            wanted = torch.sigmoid(net(features[None]))[0].numpy()
        np.testing.assert_allclose(bilabials.probabilities(features.numpy()), wanted, atol=1e-5)
