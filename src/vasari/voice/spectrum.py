"""What is heard apart from what is said: log-mel spectrum, loudness, voicing and pitch, 50 rows a second."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vasari.voice.resample import SPEECH_RATE

Floats = NDArray[np.float32]

#: Rows a second, here and in all speech features, and samples between them.
FEATURE_RATE = 50
ROW_HOP = SPEECH_RATE // FEATURE_RATE  # 320

MEL_BANDS = 40
MEL_RANGE = (60.0, 7600.0)  # Hz
MEL_WINDOW = 400  # samples, 25 ms
FFT_SIZE = 512
#: Bands fainter than this part of the speech level (-50 dB) read as this.
MEL_FLOOR = 1e-5

#: Powers are in bels (10 dB) of the square of full scale, moved by these to lie around 0 for usual speech.
MEL_OFFSET, LOUDNESS_OFFSET, LEVEL_OFFSET = 2.0, 3.0, 2.0
#: Silence, for loudness: -80 dB.
FAINTEST = 1e-8

PITCH_WINDOW = 640  # samples, 40 ms
PITCH_RANGE = (65.0, 500.0)  # Hz
PITCH_REFERENCE = 180.0  # Hz, between usual voices of men and women
#: Samples needed before and after the middle of a row.
REACH = PITCH_WINDOW // 2

SPECTRUM_DIM = MEL_BANDS + 4


class SpeechLevel:
    """Running mean power of the speech: quick to rise, slow to fall, quickest at the start."""

    ATTACK, RELEASE = 1.0, 10.0  # s, time constants
    WARM_UP = 0.5  # s, how long the first guess counts
    FIRST = 10**-2.6  # a usual speech level: -26 dB of full scale
    LEAST = 1e-5  # -50 dB

    def __init__(self) -> None:
        self.power = self.FIRST
        self._heard = 0.0  # s

    def follow(self, power: float, seconds: float) -> float:
        """The level after ``seconds`` more at the mean square ``power``."""
        tau = min(self.ATTACK if power > self.power else self.RELEASE, self.WARM_UP + self._heard)
        self.power += (1 - np.exp(-seconds / tau)) * (power - self.power)
        self._heard += seconds
        return max(self.power, self.LEAST)


class Spectrum:
    """Rows (44,): log-mel (40), loudness, speech level, voicing, pitch. Made one after another.

    - log-mel: bels relative to the speech level, + 2. A microphone's gain has no lasting influence;
      stress and pauses stay, for the level moves slowly.
    - loudness: bels of full scale within 25 ms, + 3. Soft and shouted speech differ here and in the level.
    - level: bels of full scale of the running level, + 2.
    - voicing: 0 to 1, how periodic the sound is.
    - pitch: octaves from 180 Hz where voiced, faded to 0 where not.
    """

    def __init__(self) -> None:
        self._window = np.hanning(MEL_WINDOW + 1)[:-1].astype(np.float32)
        self._bands = mel_bands() / np.square(self._window).sum()
        self._level = SpeechLevel()

    def row(self, samples: Floats) -> Floats:
        """One row (44,) from the ``PITCH_WINDOW`` samples around its time."""
        middle = samples[REACH - MEL_WINDOW // 2 : REACH + MEL_WINDOW // 2]
        power = float(np.mean(np.square(middle)))
        level = self._level.follow(power, 1 / FEATURE_RATE)
        spectrum = np.square(np.abs(np.fft.rfft(middle * self._window, FFT_SIZE)))
        mel = np.log10(self._bands @ spectrum / level + MEL_FLOOR) + MEL_OFFSET
        loudness = np.log10(power + FAINTEST) + LOUDNESS_OFFSET
        voicing, pitch = voicing_and_pitch(samples, MEL_FLOOR * level)
        rest = (loudness, np.log10(level) + LEVEL_OFFSET, voicing, pitch * voicing)
        return np.concatenate([mel, rest]).astype(np.float32)


def mel_bands() -> NDArray[np.float64]:
    """Triangles (40, 257) over the FFT's bins, even on the mel scale, each of sum 1."""
    low, high = (2595 * np.log10(1 + f / 700) for f in MEL_RANGE)
    edges = 700 * (10 ** (np.linspace(low, high, MEL_BANDS + 2) / 2595) - 1)
    bins = np.arange(FFT_SIZE // 2 + 1) * SPEECH_RATE / FFT_SIZE
    left, middle, right = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    bands = np.clip(np.minimum((bins - left) / (middle - left), (right - bins) / (right - middle)), 0, None)
    normed: NDArray[np.float64] = bands / bands.sum(1, keepdims=True)
    return normed


def voicing_and_pitch(samples: Floats, noise: float) -> tuple[float, float]:
    """Voicing (0 to 1) and pitch in octaves from 180 Hz of one window (n,).

    The highest peak of the normalised autocorrelation (Boersma, 1993, without the window's correction);
    ``noise`` is a power below which nothing counts as voiced.
    """
    x = samples.astype(np.float64) - samples.mean()
    n = len(x)
    energy = np.concatenate([[0], np.cumsum(x * x)])
    lags = np.arange(int(SPEECH_RATE / PITCH_RANGE[1]), int(SPEECH_RATE / PITCH_RANGE[0]) + 1)
    spectrum = np.abs(np.fft.rfft(x, 2048)) ** 2  # 2048 > n + longest lag: no wrap-around
    product = np.fft.irfft(spectrum)[lags]
    alike = product / (np.sqrt(energy[n - lags] * (energy[n] - energy[lags])) + noise * n)
    best = int(np.argmax(alike - 4e-4 * lags))  # of like peaks the shortest period: no octave too low
    voicing = float(np.clip((alike[best] - 0.4) / 0.5, 0, 1))
    return voicing, float(np.log2(SPEECH_RATE / lags[best] / PITCH_REFERENCE))
