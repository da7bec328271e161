"""The bundled example, prepared once for all tests."""

import wave
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from vasari import Portrait
from vasari.example import example
from vasari.head.landmarks import FaceLandmarker

Floats = NDArray[np.float32]
WriteWav = Callable[..., Path]

SPEECH_RATE = 16000


@pytest.fixture(scope="session")
def photo() -> Iterator[Path]:
    """A portrait of an astronaut."""
    with example() as (path, _):
        yield path


@pytest.fixture(scope="session")
def speech_file() -> Iterator[Path]:
    """One sentence of a speech, 11 s."""
    with example() as (_, path):
        yield path


@pytest.fixture(scope="session")
def speech(speech_file: Path) -> Floats:
    """The same as samples (n,) at 16 kHz."""
    with wave.open(str(speech_file)) as file:
        assert file.getframerate() == SPEECH_RATE
        data = np.frombuffer(file.readframes(file.getnframes()), np.int16)
        mono: Floats = data.reshape(-1, file.getnchannels()).mean(1).astype(np.float32) / np.float32(32768)
        return mono


@pytest.fixture(scope="session")
def portrait(photo: Path) -> Portrait:
    return Portrait.create(photo)


@pytest.fixture(scope="session")
def landmarker() -> FaceLandmarker:
    return FaceLandmarker()


@pytest.fixture(scope="session")
def write_wav() -> WriteWav:
    """Write samples (n,) or (n, channels) in [-1, 1] as a 16-bit WAV file."""

    def write(path: Path, samples: NDArray[np.floating], rate: int = SPEECH_RATE) -> Path:
        data = np.atleast_2d(samples.T).T
        with wave.open(str(path), "wb") as file:
            file.setnchannels(data.shape[1])
            file.setsampwidth(2)
            file.setframerate(rate)
            file.writeframes((np.clip(data, -1, 1) * 32767).astype("<i2").tobytes())
        return path

    return write
