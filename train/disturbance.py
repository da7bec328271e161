"""Disturbances of speech: what stands between a mouth and the microphone of a stranger.

Speed and pitch, colour of the microphone, room, noise, level, telephone: each at random, all at 16 kHz.
"""

from __future__ import annotations

import numpy as np
import soxr
from numpy.typing import NDArray
from scipy.signal import butter, fftconvolve, sosfilt

from vasari.voice import SPEECH_RATE

Floats = NDArray[np.float32]

_LIKELY = 0.5  # of each disturbance but speed and level
_SPEEDS = (0.82, 1.22)
_LEVELS = (-18.0, 6.0)  # dB
_NOISE = (3.0, 30.0)  # dB below the speech
_ROOM = (0.12, 0.7)  # seconds to fall by 60 dB
_TELEPHONE = (300.0, 3400.0)  # Hz


def random_speed(random: np.random.Generator) -> float:
    """How fast, and so how high, to play a clip."""
    return round(float(np.exp(random.uniform(*np.log(_SPEEDS)))), 3)


def faster(sound: Floats, speed: float) -> Floats:
    """Sound played ``speed`` times as fast and high."""
    return sound if speed == 1 else np.asarray(soxr.resample(sound, SPEECH_RATE * speed, SPEECH_RATE))


def disturbed(sound: Floats, random: np.random.Generator, others: Floats) -> Floats:
    """Sound (n,) of the same length and timing, as heard elsewhere.

    Args:
        sound: mono speech.
        random: chooses.
        others: (m,) speech of others, for a babble of voices behind.
    """
    for change in (_coloured, _in_a_room, lambda s, r: _noisy(s, r, others), _telephoned):
        if random.random() < _LIKELY:
            sound = change(sound, random)
    level = 10 ** (random.uniform(*_LEVELS) / 20)
    result: Floats = (sound * level).clip(-1, 1).astype(np.float32)
    return result


def _coloured(sound: Floats, random: np.random.Generator) -> Floats:
    """A gently bent frequency response: a random cosine series over the octaves, in dB."""
    spectrum = np.fft.rfft(sound)
    octave = np.log2(np.maximum(np.fft.rfftfreq(len(sound), 1 / SPEECH_RATE), 60) / 60) / 7
    bend = sum(random.normal(0, 4) * np.cos(np.pi * k * octave) for k in range(1, 4))
    return np.fft.irfft(spectrum * 10 ** (bend / 20), len(sound))


def _in_a_room(sound: Floats, random: np.random.Generator) -> Floats:
    """The direct sound and an exponentially dying tail of noise."""
    time = np.arange(int(0.5 * SPEECH_RATE)) / SPEECH_RATE
    tail = random.standard_normal(len(time)) * 10 ** (-3 * time / random.uniform(*_ROOM))
    tail[: SPEECH_RATE // 200] = 0
    tail *= random.uniform(0.1, 0.8) / np.linalg.norm(tail)
    tail[0] = 1
    return fftconvolve(sound, tail)[: len(sound)]


def _noisy(sound: Floats, random: np.random.Generator, others: Floats) -> Floats:
    """Hiss, rumble, voices or a chord behind the speech."""
    n = len(sound)
    kind = random.choice(("hiss", "rumble", "voices", "chord"))
    if kind == "voices":
        noise = sum(np.resize(np.roll(others, random.integers(len(others))), n) for _ in range(3))
    elif kind == "chord":
        time = np.arange(n) / SPEECH_RATE
        tones = 110 * 2 ** (random.integers(0, 36, 5) / 12)
        noise = np.sum([np.sign(np.sin(2 * np.pi * f * time)) for f in tones], 0)
        noise = noise * (0.6 + 0.4 * np.sin(2 * np.pi * random.uniform(0.5, 3) * time))
    else:
        noise = random.standard_normal(n)
        if kind == "rumble":
            noise = sosfilt(butter(1, 300, fs=SPEECH_RATE, output="sos"), noise)
    loud = np.quantile(np.abs(sound), 0.95) + 1e-5
    noise = noise / (np.quantile(np.abs(noise), 0.95) + 1e-9)
    return sound + noise * loud * 10 ** (-random.uniform(*_NOISE) / 20)


def _telephoned(sound: Floats, random: np.random.Generator) -> Floats:
    """The band of a telephone, eight bits by the mu-law."""
    band = sosfilt(butter(3, _TELEPHONE, "bandpass", fs=SPEECH_RATE, output="sos"), sound)
    most = np.abs(band).max() + 1e-6
    code = np.sign(band) * np.log1p(255 * np.abs(band) / most) / np.log(256)
    code = np.round(code * 127) / 127
    return most * np.sign(code) * (256 ** np.abs(code) - 1) / 255
