"""Sound in: decode, resample, streaming speech features, voice activity."""

from vasari.voice.activity import VoiceActivity
from vasari.voice.features import (
    FEATURE_DIM,
    LEVEL,
    LOOKAHEAD_S,
    LOUDNESS,
    MEL,
    PITCH,
    SOUNDS,
    VOICING,
    SpeechFeatures,
)
from vasari.voice.resample import SPEECH_RATE, SpeechResampler
from vasari.voice.sound import Sound
from vasari.voice.spectrum import FEATURE_RATE

__all__ = [
    "FEATURE_DIM",
    "FEATURE_RATE",
    "LEVEL",
    "LOOKAHEAD_S",
    "LOUDNESS",
    "MEL",
    "PITCH",
    "SOUNDS",
    "SPEECH_RATE",
    "VOICING",
    "Sound",
    "SpeechFeatures",
    "SpeechResampler",
    "VoiceActivity",
]
