"""What may happen to speech on its way: each keeps its length, so that phoneme times stay true."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy import signal

Samples = NDArray[np.floating]


def telephone(samples: Samples, rate: int) -> Samples:
    """300 to 3400 Hz, 8 kHz, eight bits of mu-law."""
    band = signal.butter(4, (300, 3400), "bandpass", fs=rate, output="sos")
    narrow = signal.sosfiltfilt(band, samples)
    slow = signal.resample_poly(narrow, 8000, rate)
    law = np.sign(slow) * np.log1p(255 * np.clip(np.abs(slow), 0, 1)) / np.log(256)
    law = np.round(law * 127) / 127
    back = np.sign(law) * (256 ** np.abs(law) - 1) / 255
    return _same_length(signal.resample_poly(back, rate, 8000), samples)


def noise(samples: Samples, rate: int) -> Samples:
    """Pink noise 8 dB below the speech."""
    return _mixed(samples, _pink(len(samples)), 8)


def room(samples: Samples, rate: int) -> Samples:
    """A hard room: reverberation of 0.6 s, as loud as the direct sound."""
    t = np.arange(int(0.6 * rate)) / rate
    tail = np.random.default_rng(1).normal(size=len(t)) * 10 ** (-3 * t / 0.6)
    tail[: int(0.004 * rate)] = 0
    tail *= 1 / np.sqrt((tail**2).sum())
    return samples + signal.fftconvolve(samples, tail)[: len(samples)]


def whisper(samples: Samples, rate: int) -> Samples:
    """The same articulation without voice: noise through the speech's own short-time envelopes (LPC)."""
    size, order = int(0.025 * rate), 2 + rate // 1000
    hop, window = size // 4, np.hanning(size)
    excitation = np.random.default_rng(2).normal(size=len(samples) + size)
    padded = np.append(samples, np.zeros(size))
    out, weight = np.zeros(len(padded)), np.full(len(padded), 1e-6)
    for start in range(0, len(samples), hop):
        part = padded[start : start + size] * window
        correlation = np.correlate(part, part, "full")[size - 1 : size + order]
        correlation[0] = correlation[0] * 1.0001 + 1e-9
        predictor = np.linalg.solve(_toeplitz(correlation[:-1]), correlation[1:])
        gain = np.sqrt(max(correlation[0] - predictor @ correlation[1:], 0) / size)
        shaped = signal.lfilter([gain], np.append(1, -predictor), excitation[start : start + size])
        out[start : start + size] += shaped * window
        weight[start : start + size] += window**2
    hissed = signal.sosfilt(signal.butter(2, 300, "highpass", fs=rate, output="sos"), out / weight)
    return 0.12 * hissed[: len(samples)] / max(float(np.sqrt(np.mean(hissed**2))), 1e-9)


def music(samples: Samples, rate: int) -> Samples:
    """Slow broken chords behind, 6 dB below the speech."""
    chords = ((220.0, 261.6, 329.6), (174.6, 220.0, 261.6), (130.8, 164.8, 196.0), (196.0, 246.9, 293.7))
    out = np.zeros(len(samples))
    for k in range(int(len(samples) / rate / 0.25) + 1):
        start = int(k * 0.25 * rate)
        t = np.arange(max(0, min(int(1.2 * rate), len(samples) - start))) / rate
        pitch = chords[k // 8 % 4][k % 3] * (2 if k % 4 == 3 else 1)
        tone = sum(np.sin(2 * np.pi * pitch * h * t) / h**1.5 for h in range(1, 7))
        out[start : start + len(t)] += tone * np.exp(-4 * t)
    return _mixed(samples, out, 6)


def soft(samples: Samples, rate: int) -> Samples:
    """Recorded 30 dB too low."""
    return samples * 10 ** (-30 / 20)


def loud(samples: Samples, rate: int) -> Samples:
    """Driven 12 dB into saturation."""
    return np.tanh(samples * 10 ** (12 / 20)) * 0.95


CONDITIONS: dict[str, Callable[[Samples, int], Samples]] = {
    "telephone": telephone,
    "noise": noise,
    "room": room,
    "whisper": whisper,
    "music": music,
    "soft": soft,
    "loud": loud,
}


def apply(condition: str, samples: Samples, rate: int) -> NDArray[np.float32]:
    """Speech as it arrives, not louder than full scale."""
    out = CONDITIONS[condition](np.asarray(samples, np.float64), rate)
    return (out / max(1.0, float(np.abs(out).max()) / 0.98)).astype(np.float32)


def _mixed(samples: Samples, other: Samples, decibels: float) -> Samples:
    """Speech with something that many decibels below it."""
    ratio = np.sqrt(np.mean(samples**2) / max(float(np.mean(other**2)), 1e-12))
    return samples + other * ratio * 10 ** (-decibels / 20)


def _pink(length: int) -> Samples:
    spectrum = np.fft.rfft(np.random.default_rng(0).normal(size=length))
    spectrum /= np.sqrt(np.maximum(np.arange(len(spectrum)), 1))
    return np.fft.irfft(spectrum, length)


def _toeplitz(column: Samples) -> Samples:
    n = np.arange(len(column))
    return column[np.abs(n[:, None] - n)]


def _same_length(samples: Samples, like: Samples) -> Samples:
    return np.append(samples, np.zeros(max(0, len(like) - len(samples))))[: len(like)]
