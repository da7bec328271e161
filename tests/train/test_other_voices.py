"""Other voices say the same at the same time, only faster or slower: tracks must still fit them."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from numpy.typing import NDArray

pytest.importorskip("pyworld")

TRAIN = Path(__file__).parents[2] / "train"
Floats = NDArray[np.float32]
KINDS = ("child", "old", "whisper", "sung", "loud", "soft")


@pytest.fixture
def voices(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(TRAIN))
    import other_voices  # type: ignore[import-not-found]

    return other_voices  # type: ignore[no-any-return]


def envelope(sound: Floats) -> Floats:
    """Loudness of each twentieth of a second, dB."""
    parts = sound[: len(sound) // 800 * 800].reshape(-1, 800)
    loudness: Floats = 10 * np.log10((parts**2).mean(1) + 1e-7)
    return loudness


@pytest.mark.parametrize("kind", KINDS)
def test_timing_stays(voices: ModuleType, speech: Floats, kind: str) -> None:
    made = voices.revoiced(speech[:48000], voices.VOICES[kind], 1.0, np.random.default_rng(0))
    assert made.shape == (48000,)
    assert np.isfinite(made).all()
    before, after = envelope(speech[:48000]), envelope(made)
    assert np.corrcoef(before, after)[0, 1] > 0.8


def test_slower_is_longer(voices: ModuleType, speech: Floats) -> None:
    made = voices.revoiced(speech[:16000], voices.VOICES["sung"], 0.64, np.random.default_rng(0))
    assert len(made) == 25000


def test_a_whisper_has_no_voice(voices: ModuleType, speech: Floats) -> None:
    made = voices.revoiced(speech[:32000], voices.VOICES["whisper"], 1.0, np.random.default_rng(0))
    spectrum = np.abs(np.fft.rfft(made * np.hanning(len(made)))) ** 2
    low = spectrum[: 2 * 300].sum() / spectrum.sum()  # up to 300 Hz, where voices have their pitch
    assert low < 0.15
