"""What people do: the figures beside each measured number, and how far from them is still human.

The figures called "measured" were read off real recordings with the same estimators as those of this package
(docs/measure.md tells which and how many); others are from the literature.
"""

from __future__ import annotations

from dataclasses import dataclass

TALKERS = "measured: 10 varied talkers"
NEWS = "measured: 183 news clips"
SENTENCES = "measured: 80 sentences of one man"


@dataclass(frozen=True)
class Standard:
    """How people score on a measure.

    Attributes:
        name: of the measure, in words.
        unit: of its value; empty for a plain number.
        form: format of its value.
        people: what real recordings give, in words.
        source: where that figure comes from.
        low: smallest value that passes for a person's; ``None`` if there is none.
        high: largest value that does; ``None`` if there is none.
        within: what a value between them means.
        below: what a smaller one means.
        above: what a larger one means.
    """

    name: str
    unit: str
    form: str
    people: str
    source: str
    low: float | None
    high: float | None
    within: str = "as people do"
    below: str = ""
    above: str = ""


#: First parts of the measures' keys -> title of their group.
GROUPS: dict[tuple[str, ...], str] = {
    ("sync", "closures", "mouth"): "Lips and speech",
    ("head",): "Head",
    ("blinks", "gaze"): "Eyes",
    ("brows", "smile"): "Face",
    ("identity", "sharpness", "flicker", "background"): "Picture",
    ("timing",): "Sound and picture in time",
    ("reference",): "Against the reference",
}

STANDARDS: dict[str, Standard] = {
    "sync.agreement": Standard(
        "lips agree with speech",
        "",
        ".2f",
        "1.0 (0.4-1.6)",
        TALKERS,
        0.4,
        None,
        "the lips follow this speech",
        "the lips do not follow this speech",
    ),
    "sync.lag": Standard(
        "lips after sound",
        "ms",
        "+.0f",
        "-40 to +40",
        "noticed beyond -125 and +45 ms, unacceptable beyond -185 and +90 ms (ITU-R BT.1359)",
        -125,
        90,
        "in time",
        "the lips come too early",
        "the lips come too late",
    ),
    "sync.predictability": Standard(
        "lips predicted from speech",
        "r",
        ".2f",
        "0.3-0.7",
        TALKERS,
        0.2,
        None,
        "speech explains how the lips move",
        "speech does not explain how the lips move",
    ),
    "closures.rate": Standard(
        "lips closed on p b m",
        "",
        ".2f",
        "0.6-1.0",
        TALKERS,
        0.5,
        None,
        "p, b and m close the lips",
        "p, b and m do not close the lips",
    ),
    "mouth.opening": Standard(
        "lips' opening in speech, std",
        "eye distances",
        ".3f",
        "0.03-0.12",
        TALKERS,
        0.02,
        0.16,
        "opens as people's do",
        "hardly opens",
        "opens too far",
    ),
    "mouth.silence": Standard(
        "lips' motion in silence / in speech",
        "",
        ".2f",
        "0.04-0.5",
        TALKERS,
        None,
        0.6,
        "rests in silence",
        "",
        "keeps moving in silence",
    ),
    "head.change": Standard(
        "change a frame",
        "degrees",
        ".2f",
        "0.40-0.50",
        "real talkers (Xu et al., VASA-1, 2024); measured: 0.2-0.7",
        0.12,
        0.9,
        "moves as people's do",
        "hardly moves",
        "moves too fast",
    ),
    "head.yaw_std": Standard(
        "yaw, std in 15 s",
        "degrees",
        ".1f",
        "2.3-4.9",
        TALKERS,
        0.6,
        9,
        "turns as people's do",
        "hardly turns",
        "turns too far",
    ),
    "head.pitch_std": Standard(
        "pitch, std in 15 s",
        "degrees",
        ".1f",
        "1.5-4.9",
        TALKERS,
        0.6,
        7,
        "nods as people's do",
        "hardly nods",
        "nods too far",
    ),
    "head.roll_std": Standard(
        "roll, std in 15 s",
        "degrees",
        ".1f",
        "1.0-4.4",
        TALKERS,
        0.4,
        7,
        "tilts as people's do",
        "hardly tilts",
        "tilts too far",
    ),
    "head.jitter": Standard(
        "share of its motion above 5 Hz",
        "",
        ".2f",
        "0.1-0.3",
        TALKERS,
        None,
        0.45,
        "moves smoothly",
        "",
        "trembles",
    ),
    "blinks.rate": Standard(
        "blinks a minute",
        "",
        ".0f",
        "26 (10-33)",
        "talking people (Bentivoglio et al., 1997); measured: 10-50",
        6,
        60,
        "blinks as people do",
        "blinks too seldom",
        "blinks too often",
    ),
    "blinks.duration": Standard(
        "a blink's length",
        "ms",
        ".0f",
        "80-300",
        "Bentivoglio et al., 1997: 100-400 ms from first motion to last; measured here at half height",
        60,
        350,
        "as quick as people's",
        "too quick",
        "too slow",
    ),
    "gaze.shifts": Standard(
        "shifts of gaze a second",
        "",
        ".1f",
        "0.5-2.5",
        TALKERS,
        0.2,
        4,
        "eyes live",
        "eyes are frozen",
        "eyes are restless",
    ),
    "gaze.counter": Standard(
        "eyes against the head's turns",
        "r",
        ".2f",
        "-0.95 to -0.7",
        TALKERS,
        None,
        -0.4,
        "eyes hold their aim while the head turns",
        "",
        "eyes are carried along by the head",
    ),
    "brows.std": Standard(
        "brow raise, std",
        "",
        ".2f",
        "0.03-0.2",
        TALKERS,
        0.015,
        0.3,
        "brows live",
        "brows are frozen",
        "brows are restless",
    ),
    "smile.std": Standard(
        "smile, std",
        "",
        ".2f",
        "0.03-0.2",
        TALKERS,
        0.015,
        0.3,
        "smiles come and go",
        "cheeks are frozen",
        "cheeks are restless",
    ),
    "identity.mean": Standard(
        "distance to the photo, mean",
        "",
        ".2f",
        "0.1-0.4",
        "measured: same person in one shot; other people 0.6-0.95",
        None,
        0.5,
        "the same person",
        "",
        "looks like someone else",
    ),
    "identity.worst": Standard(
        "distance to the photo, worst",
        "",
        ".2f",
        "0.2-0.5",
        "measured: same person in one shot; other people 0.6-0.95",
        None,
        0.6,
        "the same person in every frame",
        "",
        "looks like someone else at times",
    ),
    "sharpness.ratio": Standard(
        "sharpness",
        "of photo",
        ".2f",
        "1.0",
        TALKERS,
        0.7,
        1.5,
        "as sharp",
        "blurred",
        "sharper than it can be: noise or artefacts",
    ),
    "flicker.skin": Standard(
        "change of skin a frame",
        "grey levels",
        ".2f",
        "0.4-2.0",
        TALKERS,
        None,
        2.5,
        "skin only moves",
        "",
        "skin flickers",
    ),
    "flicker.brightness": Standard(
        "flicker of brightness",
        "grey levels",
        ".2f",
        "0.1-0.6",
        TALKERS,
        None,
        1.0,
        "light is steady",
        "",
        "brightness flickers",
    ),
    "flicker.background": Standard(
        "change of background a frame",
        "grey levels",
        ".2f",
        "0.0-1.5",
        TALKERS,
        None,
        2.5,
        "background is steady",
        "",
        "background flickers",
    ),
    "background.drift": Standard(
        "background's motion a frame",
        "% of face",
        ".2f",
        "0.0-0.3",
        TALKERS,
        None,
        1.5,
        "background stays",
        "",
        "background moves",
    ),
    "timing.fps": Standard(
        "pictures a second", "", ".2f", "24-60", "usual films", 23.9, 61, "usual", "jerky", "unusual"
    ),
    "timing.start": Standard(
        "sound starts after picture",
        "ms",
        "+.0f",
        "0",
        "usual films",
        -45,
        45,
        "together",
        "sound starts early",
        "sound starts late",
    ),
    "timing.end": Standard(
        "sound ends after picture",
        "ms",
        "+.0f",
        "-100 to +100",
        "usual films",
        -250,
        250,
        "together",
        "sound ends early",
        "sound ends late",
    ),
    "timing.dropped": Standard(
        "frames missing", "%", ".1f", "0", "usual films", None, 0.5, "none or few", "", "film stutters"
    ),
    "timing.repeated": Standard(
        "frames shown twice",
        "%",
        ".1f",
        "0-2",
        "usual films",
        None,
        10,
        "none or few",
        "",
        "film stands still at times",
    ),
    "reference.mouth": Standard(
        "lips' opening, correlation",
        "r",
        ".2f",
        "1",
        "the reference itself",
        0.5,
        None,
        "opens when the reference does",
        "opens at other times",
    ),
    "reference.lag": Standard(
        "lips after the reference's",
        "ms",
        "+.0f",
        "0",
        "the reference itself",
        -80,
        80,
        "in time",
        "too early",
        "too late",
    ),
    "reference.amplitude": Standard(
        "lips' opening, of the reference's",
        "",
        ".2f",
        "1",
        "the reference itself",
        0.6,
        1.5,
        "as far",
        "opens less",
        "opens more",
    ),
    "reference.width": Standard(
        "mouth's width, correlation",
        "r",
        ".2f",
        "1",
        "the reference itself",
        0.3,
        None,
        "widens when the reference does",
        "widens at other times",
    ),
    "reference.head": Standard(
        "head's turns, correlation", "r", ".2f", "1", "the reference itself", None, None, "for information"
    ),
    "reference.psnr": Standard(
        "face, PSNR", "dB", ".1f", "inf", "the reference itself", None, None, "for information"
    ),
    "reference.ssim": Standard(
        "face, SSIM", "", ".3f", "1", "the reference itself", None, None, "for information"
    ),
}
