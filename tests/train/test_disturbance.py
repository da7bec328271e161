"""Disturbed speech keeps its length and its timing: tracks would no longer fit it otherwise."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from numpy.typing import NDArray

pytest.importorskip("soxr")
pytest.importorskip("scipy")

TRAIN = Path(__file__).parents[2] / "train"
Floats = NDArray[np.float32]


@pytest.fixture
def disturbance(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(TRAIN))
    import disturbance  # type: ignore[import-not-found]

    return disturbance  # type: ignore[no-any-return]


def envelope(sound: Floats) -> Floats:
    """Loudness of each hundredth of a second, dB."""
    parts = sound[: len(sound) // 160 * 160].reshape(-1, 160)
    loudness: Floats = 10 * np.log10((parts**2).mean(1) + 1e-7)
    return loudness


@pytest.mark.parametrize("seed", range(6))
def test_timing_stays(disturbance: ModuleType, speech: Floats, seed: int) -> None:
    made = disturbance.disturbed(speech, np.random.default_rng(seed), speech[::-1])
    assert made.shape == speech.shape
    assert made.dtype == np.float32
    assert np.abs(made).max() <= 1
    before, after = envelope(speech), envelope(made)
    scores = [np.corrcoef(before[20:-20], np.roll(after, -k)[20:-20])[0, 1] for k in range(-10, 11)]
    assert abs(int(np.argmax(scores)) - 10) <= 3  # 30 ms: a room smears
    assert max(scores) > 0.4


def test_chance_is_seeded(disturbance: ModuleType, speech: Floats) -> None:
    part = speech[:32000]
    one, again, other = (disturbance.disturbed(part, np.random.default_rng(seed), part) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, again)
    assert np.abs(one - other).max() > 0.01


def test_labels_of_sounds_lead_them(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.syspath_prepend(str(TRAIN))
    import visemes  # type: ignore[import-not-found]

    table = tmp_path / "phones.csv"
    table.write_text("clip,phone,start_s,end_s\na,ˈɑ,0.0,0.4\na,p,0.4,0.6\na,uː,0.6,1.0\na,?,1.0,1.2\n")
    track = visemes.viseme_tracks(table)["a"]
    named = [visemes.NAMES[v] if v != visemes.UNKNOWN else "" for v in track]
    assert named[:8] == ["open"] * 8  # 0 to 0.32 s; the border lies at 0.36
    assert named[10:13] == ["closed"] * 3
    assert named[15:23] == ["round"] * 8
    assert not any(named[25:])
