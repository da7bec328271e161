"""The whole, end to end, on the bundled example: what a viewer would see and hear."""

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

import vasari
from conftest import WriteWav
from vasari import NoFaceError, OutputError, PhotoError, Portrait, SoundError, UsageError
from vasari.head.landmarks import FaceLandmarker

Floats = NDArray[np.float32]
Picture = NDArray[np.uint8]

RATE = 16000
SIZE = 256
FPS = 25
#: Of the example: a pause, "ask not", a pause, "what your country can do for you".
START, END = 2.3, 7.9


@dataclass(frozen=True)
class Film:
    """A decoded film: pictures, sound (n,) at its rate, when both begin and how long they last, seconds."""

    pictures: list[Picture]
    sound: Floats
    rate: int
    starts: tuple[float, float]
    durations: tuple[float, float]


def watch(path: Path) -> Film:
    with av.open(str(path), "r") as container:
        frames = list(container.decode(video=0))
    with av.open(str(path), "r") as container:
        blocks = list(container.decode(audio=0))
    times = [frame.time or 0.0 for frame in frames]
    rate = blocks[0].sample_rate
    sound = np.concatenate([block.to_ndarray().mean(0) for block in blocks]).astype(np.float32)
    pictures = [np.asarray(frame.to_ndarray(format="rgb24"), np.uint8) for frame in frames]
    durations = (times[-1] - times[0] + 1 / FPS, len(sound) / rate)
    return Film(pictures, sound, rate, (times[0], blocks[0].time or 0.0), durations)


def lip_gap(landmarker: FaceLandmarker, pictures: list[Picture]) -> Floats:
    """Opening between the inner lips, in distances of the outer corners of the eyes."""
    face, gaps = None, []
    for picture in pictures:
        face = landmarker.follow(picture, face)
        assert face is not None, "the face is lost"
        eyes = np.linalg.norm(face.points[33, :2] - face.points[263, :2])
        gaps.append(np.linalg.norm(face.points[13, :2] - face.points[14, :2]) / eyes)
    return np.array(gaps, np.float32)


def loudness(sound: Floats, rate: int, pictures: int) -> Floats:
    """Root mean square of each picture's part of the sound."""
    edges = (np.arange(pictures + 1) * rate / FPS).astype(int)
    return np.array([np.sqrt(np.mean(sound[a:b] ** 2)) if b > a else 0 for a, b in pairwise(edges)])


@pytest.fixture(scope="module")
def excerpt(speech: Floats) -> Floats:
    return speech[int(START * RATE) : int(END * RATE)]


@pytest.fixture(scope="module")
def film(portrait: Portrait, excerpt: Floats, tmp_path_factory: pytest.TempPathFactory) -> Film:
    path = tmp_path_factory.mktemp("film") / "talk.mp4"
    made = vasari.animate(portrait, excerpt, path, rate=RATE, size=SIZE)
    assert made.path == path
    assert made.frames == int(np.ceil(len(excerpt) * FPS / RATE))
    assert made.seconds == pytest.approx(len(excerpt) / RATE, abs=1 / FPS)
    assert set(made.timings) == {"portrait", "first_frame", "total"}
    result = watch(path)
    assert len(result.pictures) == made.frames
    return result


@pytest.fixture(scope="module")
def gap(film: Film, landmarker: FaceLandmarker) -> Floats:
    return lip_gap(landmarker, film.pictures)


def test_sound_and_picture_are_in_step(film: Film, excerpt: Floats) -> None:
    assert film.starts[0] == pytest.approx(film.starts[1], abs=1e-3)
    assert film.durations[0] == pytest.approx(film.durations[1], abs=1.5 / FPS)
    sound = np.interp(np.arange(len(excerpt)) / RATE, np.arange(len(film.sound)) / film.rate, film.sound)
    lags = np.arange(-160, 161)
    match = [np.dot(np.roll(sound, -lag)[200:-200], excerpt[200:-200]) for lag in lags]
    assert abs(lags[int(np.argmax(match))]) / RATE < 0.002


def test_mouth_opens_with_the_voice_and_rests_in_silence(film: Film, excerpt: Floats, gap: Floats) -> None:
    level = loudness(excerpt, RATE, len(gap))
    voiced = level > 0.25 * level.max()
    quiet = np.convolve(level > 0.08 * level.max(), np.ones(13), "same") == 0
    assert quiet.sum() >= 5
    assert gap[voiced].mean() > 0.03
    assert gap[quiet].mean() < 0.02
    assert gap[quiet].mean() < 0.4 * gap[voiced].mean()


def test_mouth_moves_when_the_voice_does(excerpt: Floats, gap: Floats) -> None:
    level = loudness(excerpt, RATE, len(gap))
    lags = range(-8, 9)
    ahead = [np.corrcoef(np.roll(gap, -lag)[8:-8], level[8:-8])[0, 1] for lag in lags]
    assert max(ahead) > 0.3
    assert abs(lags[int(np.argmax(ahead))]) <= 3


def test_it_is_still_the_same_person(film: Film, portrait: Portrait, landmarker: FaceLandmarker) -> None:
    photo = np.asarray(cv2.resize(portrait.photo, (SIZE, SIZE), interpolation=cv2.INTER_AREA), np.uint8)
    for still in film.pictures[::35]:
        shape, look = _difference(landmarker, photo, still)
        assert shape < 0.05
        assert look > 0.7  # a mirror image has 0.56


def test_the_face_is_alive(film: Film, landmarker: FaceLandmarker) -> None:
    faces = [landmarker.follow(picture, None) for picture in film.pictures[::5]]
    noses = np.array([face.points[1, :2] for face in faces if face])
    assert noses.std(0).max() > 0.3
    steps = [np.abs(a.astype(int) - b).mean() for a, b in pairwise(film.pictures)]
    assert max(steps) < 12  # nothing flashes


def _difference(landmarker: FaceLandmarker, a: Picture, b: Picture) -> tuple[float, float]:
    """How far two faces' eyes, brows and nose lie apart (root mean square, in distances of the eyes' outer
    corners) when laid over each other, and the correlation of their grey values there."""
    upper = [33, 133, 159, 145, 362, 263, 386, 374, 70, 105, 107, 300, 334, 336, 6, 1, 98, 327]
    points = [landmarker.find(picture)[0].points[upper, :2] for picture in (a, b)]
    matrix, _ = cv2.estimateAffinePartial2D(points[1], points[0], method=cv2.LMEDS)
    apart = points[1] @ matrix[:, :2].T + matrix[:, 2] - points[0]
    eyes = np.linalg.norm(points[0][0] - points[0][5])
    aligned = cv2.warpAffine(b, matrix, (SIZE, SIZE))
    low, high = points[0].min(0).astype(int), points[0].max(0).astype(int)
    box = np.s_[low[1] : high[1], low[0] : high[0]]
    greys = [np.asarray(cv2.cvtColor(x, cv2.COLOR_RGB2GRAY))[box].ravel() for x in (a, aligned)]
    look = np.corrcoef(greys[0].astype(float), greys[1].astype(float))[0, 1]
    return float(np.sqrt((apart**2).sum(1).mean()) / eyes), float(look)


def test_same_seed_same_film(portrait: Portrait, excerpt: Floats, tmp_path: Path) -> None:
    films = []
    for number, seed in enumerate((5, 5, 6)):
        vasari.animate(
            portrait, excerpt[: RATE // 2], tmp_path / f"{number}.mp4", rate=RATE, size=SIZE, seed=seed
        )
        films.append(np.stack(watch(tmp_path / f"{number}.mp4").pictures))
    assert np.array_equal(films[0], films[1])
    assert not np.array_equal(films[0], films[2])


def test_a_film_hears_as_far_ahead_as_it_may(portrait: Portrait, excerpt: Floats, tmp_path: Path) -> None:
    def performed(lookahead: float) -> Floats:
        performer = vasari.Performer(portrait, size=SIZE, rate=RATE, lookahead=lookahead)
        performer.push_audio(excerpt[: 2 * RATE])
        performer.end()
        return np.stack([frame.image for frame in performer]).astype(np.float32)

    out = tmp_path / "ahead.mp4"
    vasari.animate(portrait, excerpt[: 2 * RATE], out, rate=RATE, size=SIZE)
    with av.open(str(out)) as container:
        film = np.stack([f.to_ndarray(format="rgb24") for f in container.decode(video=0)]).astype(np.float32)
    off = {ahead: np.abs(performed(ahead) - film).mean() for ahead in (0.26, 0.16)}
    assert off[0.26] < off[0.16]


def test_webm(portrait: Portrait, excerpt: Floats, tmp_path: Path) -> None:
    vasari.animate(portrait, excerpt[: RATE // 2], tmp_path / "talk.webm", rate=RATE, size=SIZE, fps=30)
    seen = watch(tmp_path / "talk.webm")
    assert len(seen.pictures) == 15
    assert seen.starts[0] == pytest.approx(seen.starts[1], abs=0.01)


def test_a_motion_moves_a_portrait(portrait: Portrait, speech: Floats, tmp_path: Path) -> None:
    motion = vasari.Motion.of([vasari.MotionFrame()] * 10)
    made = vasari.perform(portrait, motion, tmp_path / "still.mp4", size=SIZE, fps=50)
    assert made.frames == 20


# -- odd but valid input ------------------------------------------------------------------------


def sine(seconds: float, rate: int) -> Floats:
    return (0.3 * np.sin(np.arange(round(seconds * rate)) * 2 * np.pi * 220 / rate)).astype(np.float32)


@pytest.mark.parametrize(
    ("rate", "channels", "seconds"),
    [(8000, 1, 0.4), (96000, 1, 0.4), (44100, 2, 0.4), (16000, 1, 0.05)],
    ids=["8 kHz", "96 kHz", "stereo", "0.05 s"],
)
def test_any_sound(
    portrait: Portrait, tmp_path: Path, write_wav: WriteWav, rate: int, channels: int, seconds: float
) -> None:
    sound = np.repeat(sine(seconds, rate)[:, None], channels, 1)
    path = write_wav(tmp_path / "speech.wav", sound, rate)
    made = vasari.animate(portrait, path, tmp_path / "talk.mp4", size=SIZE)
    assert made.frames == int(np.ceil(seconds * FPS - 1e-9))
    assert len(watch(tmp_path / "talk.mp4").pictures) == made.frames


def test_sound_of_a_video(portrait: Portrait, tmp_path: Path) -> None:
    vasari.animate(portrait, sine(0.4, RATE), tmp_path / "first.mp4", rate=RATE, size=SIZE)
    made = vasari.animate(portrait, tmp_path / "first.mp4", tmp_path / "second.mp4", size=SIZE)
    assert 10 <= made.frames <= 13  # the encoder may pad the sound


# -- bad input ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Bad:
    """One way to go wrong: what replaces the good photo, speech or output, and the error due."""

    name: str
    error: type[vasari.VasariError]
    photo: bytes | Picture | None = None
    speech: bytes | Floats | None = None
    out: str = "talk.mp4"


def _truncated(photo: Path) -> bytes:
    return photo.read_bytes()[:2000]


NOISE = np.random.default_rng(0).integers(0, 255, (300, 300, 3), dtype=np.uint8)
BAD = [
    Bad("photo is not an image", PhotoError, photo=b"this is a text"),
    Bad("photo is empty", PhotoError, photo=b""),
    Bad("photo shows no face", NoFaceError, photo=NOISE),
    Bad("speech is not sound", SoundError, speech=b"this is a text"),
    Bad("speech is empty", SoundError, speech=np.zeros(0, np.float32)),
    Bad("speech file is empty", SoundError, speech=b""),
    Bad("speech holds NaN", SoundError, speech=np.full(8000, np.nan, np.float32)),
    Bad("speech is infinite", SoundError, speech=np.full(8000, np.inf, np.float32)),
    Bad("output exists", OutputError, out="taken.mp4"),
    Bad("output folder is missing", OutputError, out="nowhere/talk.mp4"),
    Bad("output is a folder", OutputError, out="."),
    Bad("output suffix is unknown", OutputError, out="talk.xyz"),
]


@pytest.mark.parametrize("case", BAD, ids=lambda case: case.name)
def test_bad_input(portrait: Portrait, tmp_path: Path, case: Bad) -> None:
    (tmp_path / "taken.mp4").write_bytes(b"precious")
    photo: Portrait | bytes | Picture = portrait if case.photo is None else case.photo
    speech: Path | Floats = sine(0.2, RATE)
    if isinstance(case.speech, bytes):
        speech = tmp_path / "speech.wav"
        speech.write_bytes(case.speech)
    elif case.speech is not None:
        speech = case.speech
    before = sorted(tmp_path.iterdir())
    with pytest.raises(case.error) as raised:
        vasari.animate(
            photo,
            speech,
            tmp_path / case.out,
            rate=RATE if isinstance(speech, np.ndarray) else None,
            size=SIZE,
        )
    assert len(str(raised.value)) > 20
    assert sorted(tmp_path.iterdir()) == before, "something was left behind"
    assert (tmp_path / "taken.mp4").read_bytes() == b"precious"


def test_truncated_photo(photo: Path, tmp_path: Path) -> None:
    with pytest.raises(PhotoError):
        vasari.animate(_truncated(photo), sine(0.2, RATE), tmp_path / "talk.mp4", rate=RATE, size=SIZE)


def test_missing_files(photo: Path, speech_file: Path, tmp_path: Path) -> None:
    with pytest.raises(PhotoError, match="nobody"):
        vasari.animate(tmp_path / "nobody.jpg", speech_file, tmp_path / "talk.mp4")
    with pytest.raises(SoundError, match="nothing"):
        vasari.animate(photo, tmp_path / "nothing.wav", tmp_path / "talk.mp4")


@pytest.mark.parametrize(
    "wrong",
    [
        {"fps": 10},
        {"size": 100},
        {"gaze": (90, 0)},
        {"emotion": {"joy": 1}},
        {"volume": 2},
        {"seed": -1},
        {"mouth": "wide"},
    ],
    ids=str,
)
def test_wrong_options_are_refused_before_any_work(tmp_path: Path, wrong: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match=next(iter(wrong))):
        vasari.animate("no photo", "no speech", tmp_path / "talk.mp4", **wrong)


def test_force_replaces(portrait: Portrait, tmp_path: Path) -> None:
    (tmp_path / "talk.mp4").write_bytes(b"old")
    vasari.animate(portrait, sine(0.2, RATE), tmp_path / "talk.mp4", rate=RATE, size=SIZE, force=True)
    assert len(watch(tmp_path / "talk.mp4").pictures) == 5
