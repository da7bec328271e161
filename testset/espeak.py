"""eSpeak NG through its C interface: speech with the exact time of every phoneme."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from sound import Phone, Spoken

#: Of its random numbers.
SEED = 1

_RETRIEVAL, _PHONEME_EVENTS, _PHONEME_IPA = 1, 1, 2  # of espeak_Initialize
_UTF8, _SSML = 1, 0x10  # of espeak_Synth
_ENDED, _PHONEME = 0, 7  # kinds of event


class _Name(ctypes.Union):
    _fields_ = (("number", ctypes.c_int), ("name", ctypes.c_char_p), ("string", ctypes.c_char * 8))


class _Event(ctypes.Structure):
    _fields_ = (
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),  # milliseconds
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", _Name),
    )


_Callback = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event)
)


@contextmanager
def _library() -> Iterator[tuple[ctypes.CDLL, int]]:
    """The library, initialised anew so that nothing of an earlier utterance is left, and its sample rate."""
    import espeakng_loader

    library = ctypes.CDLL(espeakng_loader.get_library_path())
    data = espeakng_loader.get_data_path().encode()
    rate = library.espeak_Initialize(_RETRIEVAL, 0, data, _PHONEME_EVENTS | _PHONEME_IPA)
    if rate <= 0:
        raise RuntimeError("eSpeak NG could not be started")
    library.espeak_ng_SetRandSeed(ctypes.c_long(SEED))  # the breath of some voices is noise
    try:
        yield library, rate
    finally:
        library.espeak_Terminate()


def speak(text: str, voice: str) -> Spoken:
    """Say a text (or SSML, ``<speak>...``) with a voice such as ``de`` or, with a variant, ``fr+f3``."""
    pieces: list[np.ndarray] = []
    starts: list[tuple[str, int]] = []

    def receive(wave: object, count: int, events: object) -> int:
        if count > 0:
            pieces.append(np.ctypeslib.as_array(wave, (count,)).copy())
        k = 0
        while events[k].type != _ENDED:
            if events[k].type == _PHONEME:
                starts.append((events[k].id.string.decode("utf-8", "replace"), events[k].audio_position))
            k += 1
        return 0

    with _library() as (library, rate):
        callback = _Callback(receive)
        library.espeak_SetSynthCallback(callback)
        if library.espeak_SetVoiceByName(voice.encode()) != 0:
            raise ValueError(f"eSpeak NG has no voice {voice!r}")
        data = text.encode()
        flags = _UTF8 | (_SSML if text.startswith("<speak>") else 0)
        library.espeak_Synth(data, len(data) + 1, 0, 1, 0, flags, None, None)
        library.espeak_Synchronize()
    samples = np.concatenate(pieces).astype(np.float32) / 32768
    ends = [at for _, at in starts[1:]] + [round(1000 * len(samples) / rate)]
    phones = [Phone(name, at / 1000, end / 1000) for (name, at), end in zip(starts, ends, strict=True)]
    return Spoken(samples, rate, tuple(p for p in phones if p.name.strip()))
