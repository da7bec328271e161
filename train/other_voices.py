"""The same words from another throat: child, old, whispering, singing, loud and soft voices.

Few people were filmed, and none of them whispers or sings. The WORLD vocoder takes their voices apart into
pitch, spectral envelope and breath (Morise, Yokomori and Ozawa, IEICE Trans. E99-D, 2016), each kind of voice
changes these as people's differ, and the timing stays: what the mouth was seen to do still fits.
Needs ``pip install pyworld "setuptools<81"``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pyworld
from numpy.typing import NDArray

from vasari.voice import SPEECH_RATE

Floats = NDArray[np.float32]
Reals = NDArray[np.float64]

FRAME_MS = 10.0
_SIZE = 1024  # of the vocoder's spectra
_HERTZ = np.linspace(0, SPEECH_RATE / 2, _SIZE // 2 + 1)
_OCTAVE = np.log2(np.maximum(_HERTZ, 100) / 500)  # from 500 Hz


class Parts(NamedTuple):
    """A voice taken apart, a row each 10 ms."""

    pitch: Reals  # (T,) Hz, 0 unvoiced
    envelope: Reals  # (T, F) power
    breath: Reals  # (T, F) share of noise in the amplitude, 0..1


class Voice(NamedTuple):
    """One of the kinds of voices below.

    Attributes:
        change: parts -> parts.
        speeds: range of how fast it speaks.
        extents: range of how far its lips move, against the voice that it is made from.
    """

    change: Callable[[Parts, np.random.Generator], Parts]
    speeds: tuple[float, float]
    extents: tuple[float, float]


def revoiced(sound: Floats, voice: Voice, speed: float, random: np.random.Generator) -> Floats:
    """Sound (n,) said ``speed`` times as fast by another voice: (round(n / speed),)."""
    parts = voice.change(_apart(sound.astype(np.float64)), random)
    at = np.minimum(np.arange(0, len(parts.pitch), speed).astype(int), len(parts.pitch) - 1)
    pitch, envelope, breath = (np.ascontiguousarray(part[at]) for part in parts)
    made = pyworld.synthesize(pitch, envelope, breath, SPEECH_RATE, FRAME_MS)
    length = round(len(sound) / speed)
    made = np.pad(made[:length], (0, max(length - len(made), 0)))
    loudness = np.sqrt(np.mean(sound**2) / max(float(np.mean(made**2)), 1e-12))
    result: Floats = (made * min(loudness, 30.0)).astype(np.float32)
    return result


def _apart(sound: Reals) -> Parts:
    """Pitch, envelope, and a common breath: little below 3 kHz while voiced, all of it while not."""
    rough, times = pyworld.dio(sound, SPEECH_RATE, frame_period=FRAME_MS)
    pitch = pyworld.stonemask(sound, rough, times, SPEECH_RATE)
    envelope = pyworld.cheaptrick(sound, pitch, times, SPEECH_RATE, fft_size=_SIZE)
    voiced = 0.02 + 0.5 * np.clip((_HERTZ - 2000) / 4000, 0, 1)
    return Parts(pitch, envelope, np.where(pitch[:, None] > 0, voiced, 1.0))


def _child(parts: Parts, random: np.random.Generator) -> Parts:
    """Short vocal tract, high voice: Lee, Potamianos and Narayanan, JASA 105 (1999)."""
    pitch = parts.pitch * random.uniform(230, 380) / _middle(parts.pitch)
    tract = random.uniform(1.15, 1.4) / np.sqrt(max(_middle(parts.pitch), 110) / 110) ** 0.5
    return Parts(pitch, _warped(parts.envelope, max(tract, 1.05)), parts.breath)


def _old(parts: Parts, random: np.random.Generator) -> Parts:
    """Slow, shaky, breathy: Linville, "Vocal Aging" (2001)."""
    time = np.arange(len(parts.pitch)) * FRAME_MS / 1000
    tremor = random.uniform(0.01, 0.05) * np.sin(2 * np.pi * random.uniform(3, 7) * time)
    jitter = random.uniform(0.005, 0.03) * random.standard_normal(len(time))
    shimmer = 1 + random.uniform(0.05, 0.3) * random.standard_normal(len(time)).clip(-2, 2)
    envelope = parts.envelope * np.abs(shimmer)[:, None]
    breath = (parts.breath + random.uniform(0.05, 0.4)).clip(0, 1)
    return Parts(parts.pitch * (1 + tremor + jitter), envelope, breath)


def _whisper(parts: Parts, random: np.random.Generator) -> Parts:
    """No voice, and little sound below the formants: Jovicic, Acustica 84 (1998)."""
    voiced = (parts.pitch > 0)[:, None]
    tilt = 10 ** (random.uniform(0.2, 0.6) * _OCTAVE.clip(-2, 3))
    envelope = parts.envelope * np.where(voiced, tilt * 10 ** -random.uniform(0.5, 1.5), 1.0)
    return Parts(np.zeros_like(parts.pitch), envelope, np.ones_like(parts.breath))


def _sung(parts: Parts, random: np.random.Generator) -> Parts:
    """Notes of a scale, each held, with vibrato: Sundberg, "The Science of the Singing Voice" (1987)."""
    time = np.arange(len(parts.pitch)) * FRAME_MS / 1000
    scale = np.array([-5, -3, -1, 0, 2, 4, 5, 7])
    melody = np.repeat(scale[random.integers(0, len(scale), len(time) // 25 + 1)], 25)[: len(time)]
    glide = np.convolve(np.pad(melody, 3, "edge"), np.full(7, 1 / 7), "valid")
    vibrato = random.uniform(0.1, 0.7) * np.sin(2 * np.pi * random.uniform(4.5, 6.5) * time)
    note = _middle(parts.pitch) * random.uniform(0.9, 1.6) * 2 ** ((glide + vibrato) / 12)
    return Parts(np.where(parts.pitch > 0, note, 0.0), parts.envelope, parts.breath)


def _loud(parts: Parts, random: np.random.Generator) -> Parts:
    """High, bright, the first formant up: Traunmueller and Eriksson, JASA 107 (2000)."""
    tilt = 10 ** (random.uniform(0.2, 0.6) * _OCTAVE.clip(-2, 2.5))
    envelope = _warped(parts.envelope, random.uniform(1.05, 1.2), below=1200.0)
    return Parts(parts.pitch * random.uniform(1.2, 1.9), envelope * tilt, 0.6 * parts.breath)


def _soft(parts: Parts, random: np.random.Generator) -> Parts:
    """The reverse: lower, duller, breathier."""
    tilt = 10 ** (-random.uniform(0.1, 0.4) * _OCTAVE.clip(-2, 2.5))
    breath = (parts.breath + random.uniform(0.05, 0.3)).clip(0, 1)
    return Parts(parts.pitch * random.uniform(0.85, 1.0), parts.envelope * tilt, breath)


def _middle(pitch: Reals) -> float:
    """Median pitch of the voiced rows, Hz."""
    return float(np.median(pitch[pitch > 0])) if (pitch > 0).any() else 150.0


def _warped(envelope: Reals, factor: float, below: float = np.inf) -> Reals:
    """Envelope with its formants at ``factor`` times their place; above ``below`` Hz less and less so."""
    part = 1.0 if np.isinf(below) else np.clip(2 - _HERTZ / below, 0, 1)
    at = _HERTZ / (1 + (factor - 1) * part)
    column = at / _HERTZ[1]
    low = np.minimum(column.astype(int), len(_HERTZ) - 2)
    share = column - low
    warped: Reals = envelope[:, low] * (1 - share) + envelope[:, low + 1] * share
    return np.ascontiguousarray(warped)


#: How far lips move with effort: Garnier, Menard and Alexandre, JASA 144 (2018), for loud speech; for the
#: others a guess, as the timing of the voice they are made from is.
VOICES: dict[str, Voice] = {
    "child": Voice(_child, (0.8, 1.05), (1.0, 1.0)),
    "old": Voice(_old, (0.7, 0.9), (0.9, 1.0)),
    "whisper": Voice(_whisper, (0.8, 1.05), (1.0, 1.1)),
    "sung": Voice(_sung, (0.55, 0.85), (1.0, 1.15)),
    "loud": Voice(_loud, (0.85, 1.0), (1.15, 1.4)),
    "soft": Voice(_soft, (0.9, 1.1), (0.7, 0.9)),
}
