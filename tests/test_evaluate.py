"""The report on a video: real media through the whole chain, and controls that it must tell apart."""

from __future__ import annotations

import json
import re
import shlex
from collections import Counter
from dataclasses import replace
from fractions import Fraction
from importlib.util import find_spec
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

import vasari
from conftest import SPEECH_RATE, Floats, WriteWav
from media import read_film, write_sound
from vasari.cli import main
from vasari.errors import OutputError, SoundError, UsageError, VideoError
from vasari.head.landmarks import FaceLandmarker
from vasari.head.model import HeadModel
from vasari.measure import identity, report_page
from vasari.measure.aligned import FaceFrame
from vasari.measure.clip import Clip
from vasari.measure.comparison import psnr, ssim
from vasari.measure.eyes import shifts
from vasari.measure.mouth import closures
from vasari.measure.people import GROUPS, standards
from vasari.measure.picture import FACE_SIDE, PictureWatch
from vasari.measure.report import Report
from vasari.measure.scorer import SyncScorer
from vasari.measure.separation import joined, separation, stilled, table, together
from vasari.measure.sync import judged
from vasari.measure.timing import Timing
from vasari.measure.verdict import Verdict

Bytes = NDArray[np.uint8]
SIZE, SECONDS = 256, 7


def write_pictures(
    path: Path, shown: list[Bytes], sound: Floats | None, times: list[int] | None = None
) -> Path:
    """A film of pictures (H, W, 3) at 25 a second, or at ``times`` in ticks of 1/100 s, with sound (n,)."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25, options={"crf": "18"})
        assert isinstance(stream, av.VideoStream)
        stream.height, stream.width = shown[0].shape[:2]
        stream.time_base = stream.codec_context.time_base = Fraction(1, 100)
        if sound is not None:
            voice = container.add_stream("aac", rate=SPEECH_RATE, layout="mono")
            assert isinstance(voice, av.AudioStream)
        for i, picture in enumerate(shown):
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = (4 * i if times is None else times[i]), Fraction(1, 100)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
        if sound is not None:
            for i in range(0, len(sound), 1024):
                piece = av.AudioFrame.from_ndarray(sound[None, i : i + 1024].copy(), "fltp", "mono")
                piece.sample_rate, piece.pts, piece.time_base = SPEECH_RATE, i, Fraction(1, SPEECH_RATE)
                container.mux(voice.encode(piece))
            container.mux(voice.encode(None))
    return path


def value(report: Report, key: str) -> float:
    number = report[key].value
    assert number is not None, key
    return number


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("evaluate")


@pytest.fixture(scope="module")
def words(speech: Floats) -> Floats:
    """The first seconds of the sentence."""
    return speech[: SECONDS * SPEECH_RATE]


@pytest.fixture(scope="module")
def film(folder: Path, portrait: vasari.Portrait, words: Floats) -> Path:
    """The example, talking."""
    vasari.animate(portrait, words, folder / "talk.mp4", size=SIZE, rate=SPEECH_RATE)
    return folder / "talk.mp4"


@pytest.fixture(scope="module")
def report(film: Path, photo: Path) -> Report:
    return vasari.evaluate(film, photo=photo)


@pytest.fixture(scope="module")
def still(folder: Path, photo: Path, words: Floats) -> Path:
    """The photo standing still under the same speech."""
    picture = cv2.resize(vasari.Portrait.create(photo).photo, (SIZE, SIZE), interpolation=cv2.INTER_AREA)
    return write_pictures(
        folder / "still.mp4", [np.asarray(picture, np.uint8)] * 75, words[: 3 * SPEECH_RATE]
    )


@pytest.fixture(scope="module")
def shown(film: Path) -> list[Bytes]:
    """The film's pictures."""
    return read_film(film)[1]


def test_a_talking_face_talks(report: Report) -> None:
    assert report["sync.belonging"].verdict != Verdict.off
    assert report["mouth.opening"].verdict == Verdict.good
    assert report["head.change"].verdict == Verdict.good
    assert value(report, "timing.fps") == pytest.approx(25)
    assert value(report, "timing.dropped") == 0
    assert report["flicker.background"].verdict == Verdict.good


def test_every_measure_has_people_beside_it(report: Report) -> None:
    for measure in report.measures:
        assert measure.standard.people
        assert measure.standard.source
        assert measure.why, measure.key
    keys = [m.key for m in report.measures]
    assert keys == [m.key for _, some in report.groups() for m in some]
    for prefix in ("sync", "closures", "mouth", "head", "blinks", "gaze", "brows", "sharpness", "timing"):
        assert any(key.startswith(prefix) for key in keys), prefix


def test_it_says_the_same_twice(film: Path, photo: Path, report: Report) -> None:
    some = [vasari.evaluate(film, photo=photo, seconds=2).to_dict() for _ in range(2)]
    assert some[0] == some[1]


def test_a_still_photo_is_found_out(still: Path) -> None:
    report = vasari.evaluate(still)
    for key in ("sync.belonging", "mouth.opening", "timing.repeated"):
        assert report[key].verdict == Verdict.off, key
    assert value(report, "mouth.opening") == pytest.approx(0, abs=0.005)
    for key in ("gaze.counter", "mouth.silence", "head.jitter"):
        assert report[key].verdict == Verdict.untold, key


def test_moved_sound_is_found_out(report: Report) -> None:
    """Shifts of the sound show as shifts of the lag, of the right size and sign."""
    assert report.sync is not None
    for late in (0.2, -0.2):
        moved = report.clip.with_speech(report.clip.hearing.delayed(-late))
        score = judged(moved, SyncScorer())
        assert score is not None
        assert score.lag_ms - report.sync.lag_ms == pytest.approx(1000 * late, abs=80)
        assert score.agreement < report.sync.agreement - 0.2
        assert together(moved, SyncScorer()) != Verdict.good


def test_foreign_speech_is_found_out(report: Report) -> None:
    assert report.sync is not None
    foreign = report.clip.with_speech(report.clip.hearing.delayed(3.0))
    score = judged(foreign, SyncScorer())
    assert score is not None
    assert score.agreement < report.sync.agreement - 0.2
    assert score.confidence < report.sync.confidence
    assert together(foreign, SyncScorer()) != Verdict.good


def test_sound_moved_in_the_file_moves_the_lag(
    folder: Path, shown: list[Bytes], words: Floats, report: Report
) -> None:
    early = write_pictures(folder / "early.mp4", shown, words[int(0.2 * SPEECH_RATE) :])
    late = vasari.evaluate(early)
    assert late.sync is not None
    assert report.sync is not None
    assert late.sync.lag_ms - report.sync.lag_ms == pytest.approx(200, abs=80)
    assert late["sync.lag"].verdict != Verdict.good


def test_clean_speech_in_place_of_the_sound(
    film: Path, report: Report, folder: Path, words: Floats, write_wav: WriteWav
) -> None:
    clean = vasari.evaluate(film, speech=write_wav(folder / "clean.wav", words), seconds=2)
    heard, own = clean.clip.hearing.features, report.clip.hearing.features[:100]
    assert np.corrcoef(heard[:100].ravel(), own.ravel())[0, 1] > 0.98
    assert not np.array_equal(heard[:100], own)  # the film's is compressed
    assert clean.against == {"speech": "clean.wav"}
    assert not any(m.key == "timing.start" for m in clean.measures)


def test_a_reference_that_is_the_video_itself(film: Path) -> None:
    report = vasari.evaluate(film, reference=film, seconds=2)
    for key in ("reference.mouth", "reference.width", "reference.amplitude", "reference.ssim"):
        assert report[key].value == pytest.approx(1, abs=1e-3), key
    assert value(report, "reference.lag") == pytest.approx(0, abs=1)
    assert value(report, "reference.psnr") == pytest.approx(100)


def test_a_reference_that_speaks_later(folder: Path, shown: list[Bytes], words: Floats, film: Path) -> None:
    later = write_pictures(folder / "later.mp4", shown[5:75], words)
    report = vasari.evaluate(later, reference=film, seconds=3)
    assert value(report, "reference.lag") == pytest.approx(-200, abs=30)
    assert value(report, "reference.psnr") < 60


def test_blur_noise_and_flicker_are_seen(
    folder: Path, shown: list[Bytes], words: Floats, report: Report, photo: Path
) -> None:
    random = np.random.default_rng(0)
    blurred = [np.asarray(cv2.GaussianBlur(p, (0, 0), 2.0), np.uint8) for p in shown[:50]]
    lamp = [np.clip(p * (1 + 0.04 * (-1) ** i), 0, 255).astype(np.uint8) for i, p in enumerate(shown[:50])]
    noisy = [np.clip(p + random.normal(0, 8, p.shape), 0, 255).astype(np.uint8) for p in shown[:50]]
    sound = words[: 2 * SPEECH_RATE]
    soft = vasari.evaluate(write_pictures(folder / "soft.mp4", blurred, sound), photo=photo)
    assert soft["sharpness.ratio"].verdict == Verdict.off
    assert value(soft, "sharpness.ratio") < value(report, "sharpness.ratio") - 0.15
    flicker = vasari.evaluate(write_pictures(folder / "lamp.mp4", lamp, sound))
    assert flicker["flicker.brightness"].verdict == Verdict.off
    grain = vasari.evaluate(write_pictures(folder / "grain.mp4", noisy, sound))
    assert grain["flicker.skin"].verdict == Verdict.off
    assert report["flicker.skin"].verdict == report["flicker.brightness"].verdict == Verdict.good


@pytest.mark.skipif(bool(identity.missing_packages()), reason="the extra `evaluate` is not installed")
def test_identity_tells_people_apart(report: Report, film: Path, folder: Path, photo: Path) -> None:
    assert report["identity.mean"].verdict == Verdict.good
    assert value(report, "identity.mean") < value(report, "identity.worst")
    picture = vasari.Portrait.create(photo).photo
    thin = cv2.resize(picture, None, fx=0.6, fy=1.0)  # nobody's face
    cv2.imwrite(str(folder / "thin.png"), np.asarray(thin)[..., ::-1])
    other = vasari.evaluate(film, photo=folder / "thin.png", seconds=2)
    assert value(other, "identity.mean") > value(report, "identity.mean")


def test_without_the_extra_it_says_what_is_left_out(film: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str, *_: object) -> object:
        return None if name in ("dlib", "jinja2") else find_spec(name)

    monkeypatch.setattr(identity, "find_spec", missing)
    monkeypatch.setattr(report_page, "find_spec", missing)
    report = vasari.evaluate(film, seconds=2)
    assert "dlib-bin" in report.left_out[0]
    assert "vasari[evaluate]" in report.left_out[0]
    assert not any(m.key.startswith("identity") for m in report.measures)
    with pytest.raises(UsageError, match="jinja2"):
        report_page.check_packages()


@pytest.mark.skipif(
    any(find_spec(name) is None for name in ("jinja2", "matplotlib")),
    reason="the extra `evaluate` is not installed",
)
def test_the_page_stands_alone(report: Report, folder: Path) -> None:
    report.save_html(folder / "report.html")
    text = (folder / "report.html").read_text()
    assert text.count("<svg") == 6
    assert text.count("data:image/jpeg") >= 12
    assert not re.search(r"""(src|href)=["'](?!#|data:)""", text)
    assert "<script" not in text
    for measure in report.measures:
        assert measure.standard.name in text.replace("&#39;", "'")
    with pytest.raises(OutputError, match="--force"):
        report.save_html(folder / "report.html")


def test_documented_snippets_run(
    film: Path, photo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    docs = (Path(__file__).resolve().parents[1] / "docs/measure.md").read_text()
    (tmp_path / "photo.jpg").write_bytes(photo.read_bytes())
    (tmp_path / "talk.mp4").write_bytes(film.read_bytes())
    monkeypatch.chdir(tmp_path)
    commands = re.findall(r"^vasari (.*)$", docs, re.MULTILINE)
    assert len(commands) == 2
    assert main(shlex.split(commands[-1])) == 0
    exec(compile(re.findall(r"```py\n(.*?)```", docs, re.DOTALL)[0], "measure.md", "exec"), {})
    assert (tmp_path / "report.json").exists()
    assert (tmp_path / "measured.json").exists()


def test_the_json_is_what_the_page_of_docs_says(report: Report) -> None:
    plain = json.loads(report.to_json())
    assert (plain["format"], plain["version"]) == ("vasari-report", 1)
    docs = (Path(__file__).resolve().parents[1] / "docs/measure.md").read_text()
    for name in [*plain, *plain["video"], *next(iter(plain["measures"].values())), *plain["measures"]]:
        assert f"`{name}`" in docs, name


def test_on_the_command_line(film: Path, folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    place = folder / "report.json"
    assert main(["evaluate", str(film), "--seconds", "2", "--json", str(place)]) == 0
    out, _ = capfd.readouterr()
    assert "lips belong to speech" in out
    assert "people" in out
    assert json.loads(place.read_text())["video"]["observed_seconds"] == pytest.approx(2)
    assert main(["evaluate", str(film), "--seconds", "2", "--json", str(place)]) == 6
    assert main(["evaluate", str(film), "--seconds", "2", "--json", "-", "-q"]) == 0
    assert json.loads(capfd.readouterr().out)["format"] == "vasari-report"


MISTAKES = {
    "no such video": (["nothing.mp4"], 4, "nothing.mp4"),
    "no video at all": (["speech.wav"], 4, "picture"),
    "no sound": (["silent.mp4"], 4, "--speech"),
    "nobody speaks": (["hum.mp4"], 4, "speaks"),
    "no face": (["empty.mp4"], 4, "no face"),
    "two faces": (["two.mp4"], 4, "several faces"),
    "a cut": (["cut.mp4"], 4, "cut at"),
    "too short": (["short.mp4"], 4, "too short"),
    "no such photo": (["talk.mp4", "--photo", "nobody.jpg"], 3, "nobody.jpg"),
    "no such speech": (["talk.mp4", "--speech", "nothing.wav"], 4, "nothing.wav"),
    "no such reference": (["talk.mp4", "--reference", "nothing.mp4"], 4, "nothing.mp4"),
    "seconds": (["talk.mp4", "--seconds", "0"], 2, "seconds"),
    "JSON's suffix": (["talk.mp4", "--json", "report.txt"], 6, ".json"),
    "page's suffix": (["talk.mp4", "--html", "report.pdf"], 6, ".html"),
}


@pytest.fixture(scope="module")
def mistakes(folder: Path, film: Path, shown: list[Bytes], words: Floats, write_wav: WriteWav) -> Path:
    """Videos that cannot be judged."""
    some, sound = shown[:40], words[: 2 * SPEECH_RATE]
    write_wav(folder / "speech.wav", sound)
    write_pictures(folder / "silent.mp4", some, None)
    hum = 0.2 * np.sin(np.arange(len(sound)) / 20).astype(np.float32)
    write_pictures(folder / "hum.mp4", some, hum)
    write_pictures(folder / "empty.mp4", [np.full((SIZE, SIZE, 3), 90, np.uint8)] * 40, sound)
    write_pictures(folder / "two.mp4", [np.concatenate([p, p], 1) for p in some], sound)
    turned = [np.roll(p[:, ::-1], 80, 1) // 2 for p in some]
    write_pictures(folder / "cut.mp4", some[:20] + turned[:20], sound)
    write_pictures(folder / "short.mp4", some[:10], sound)
    return folder


@pytest.mark.parametrize(("argv", "code", "words_of_it"), MISTAKES.values(), ids=MISTAKES.keys())
def test_mistakes_end_in_one_line(
    mistakes: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    argv: list[str],
    code: int,
    words_of_it: str,
) -> None:
    monkeypatch.chdir(mistakes)
    assert main(["evaluate", *argv]) == code
    out, err = capfd.readouterr()
    assert out == ""
    assert err.startswith("vasari: ")
    assert err.count("\n") == 1
    assert words_of_it in err


def test_observed_seconds_bound_the_work(film: Path) -> None:
    clip = Clip.observe(film, seconds=1.5)
    assert len(clip) == 38
    assert len(clip.hearing.voice) == 2 * len(clip)
    assert len(clip.picture.sharpness) == 38
    with pytest.raises(UsageError):
        Clip.observe(film, seconds=0.2)
    with pytest.raises(VideoError, match="nowhere"):
        Clip.observe("nowhere.mp4")
    with pytest.raises(SoundError, match=r"no\.wav"):
        Clip.observe(film, speech="no.wav")


def test_portrait_format_and_other_rates(folder: Path, shown: list[Bytes], words: Floats) -> None:
    """A tall 1080p film at 30 pictures a second with jumps in time."""
    tall = []
    for picture in shown[:36]:
        frame = np.full((1920, 1080, 3), 120, np.uint8)
        frame[400:1300, 90:990] = cv2.resize(picture, (900, 900))
        tall.append(frame)
    ticks = [round(i * 100 / 30) + 10 * (i >= 20) for i in range(36)]
    path = write_pictures(folder / "tall.mp4", tall, words[: 2 * SPEECH_RATE], ticks)
    clip = Clip.observe(path)
    assert clip.landmarks.size == (720, 1280)
    assert clip.timing.dropped == 3
    assert clip.seconds == pytest.approx(1.32, abs=0.05)
    assert np.isfinite(clip.picture.sharpness).all()


def test_timing_of_streams(folder: Path) -> None:
    sound = np.zeros((SPEECH_RATE, 1), np.float32)
    path = write_sound(folder / "late.mkv", sound, SPEECH_RATE, start=0.3, video=True)
    timing = Timing.read(path)
    assert timing.frames == 25
    assert timing.fps == pytest.approx(25)
    assert timing.start_offset == pytest.approx(0.3, abs=0.005)
    assert timing.length_difference == pytest.approx(0.3, abs=0.03)
    assert timing.dropped == 0
    assert timing.variable == 0


def test_separation_counts_kinds(report: Report) -> None:
    clip = report.clip
    other = replace(clip, hearing=clip.hearing.delayed(2.0))
    counts = separation([clip, other])
    assert all(count.total() == 2 for count in counts.values())
    assert counts["still picture"] == Counter({Verdict.off: 2})
    assert counts["lips 200 ms late"][Verdict.good] == 0
    assert table(counts).count("\n") == 6


def test_a_stilled_track_stands_still(report: Report) -> None:
    track = stilled(report.clip.track)
    assert np.ptp(track.lip_gap) == 0
    assert np.ptp(track.motion.expression, axis=0).max() == 0
    assert len(track.motion) == len(report.clip)


def test_clips_laid_end_to_end(report: Report) -> None:
    twice = joined([report.clip, report.clip])
    assert len(twice) == 2 * len(report.clip)
    assert np.array_equal(twice.track.lip_gap[len(report.clip) :], report.clip.track.lip_gap)
    assert len(twice.hearing.features) == 2 * len(report.clip.hearing.features)


def test_faces_are_laid_at_the_same_place(photo: Path, landmarker: FaceLandmarker) -> None:
    picture = vasari.Portrait.create(photo).photo
    frame = FaceFrame.of(HeadModel.load(), FACE_SIDE)
    face = landmarker.find(picture)[0]
    turn = cv2.getRotationMatrix2D((picture.shape[1] / 2, picture.shape[0] / 2), 12, 0.8)
    turned = np.asarray(cv2.warpAffine(picture, turn, picture.shape[1::-1]), np.uint8)
    points = face.points.copy()
    points[:, :2] = points[:, :2] @ turn[:, :2].T + turn[:, 2]
    a, b = frame.cut(picture, face.points), frame.cut(turned, points)
    assert psnr(a[frame.details()], b[frame.details()]) > 28
    assert 0.1 < frame.skin().mean() < frame.details().mean() < 0.6


def test_psnr_and_ssim_of_known_pictures() -> None:
    random = np.random.default_rng(1)
    a = random.integers(0, 256, (64, 64)).astype(np.uint8)
    assert psnr(a, a) == pytest.approx(100)
    assert ssim(a, a) == pytest.approx(1)
    flat = np.full((64, 64), 100, np.uint8)
    assert psnr(flat, flat + 10) == pytest.approx(20 * np.log10(25.5), abs=0.01)
    assert ssim(a, 255 - a) < 0
    assert ssim(flat, flat + 10) == pytest.approx(
        (2 * 100 * 110 + 6.5025) / (100**2 + 110**2 + 6.5025), abs=1e-3
    )


def test_closures_are_counted_against_chance() -> None:
    gap = np.full(100, 0.1)
    at = (5, 20, 35, 50, 65, 80)
    gap[list(at)] = 0.0
    speaking = np.ones(100, bool)
    spans = [(k / 25 - 0.02, k / 25 + 0.04) for k in at]
    reading = closures(gap, speaking, spans)
    assert reading.value == 1
    assert "6 heard; chance 0." in reading.note
    assert closures(np.full(100, 0.1), speaking, spans).value == 0
    assert closures(gap, speaking, spans[:5]).untold
    assert closures(gap, speaking, []).value is None


def test_shifts_of_gaze_are_counted_once() -> None:
    gaze = np.repeat([[0.0, 0.0], [5.0, 0.0], [5.0, -4.0]], 20, axis=0)
    assert len(shifts(gaze)) == 2
    assert len(shifts(np.zeros((50, 2)))) == 0
    slow = np.stack([np.linspace(0, 5, 100), np.zeros(100)], 1)
    assert len(shifts(slow)) == 0


def test_a_cut_is_no_quick_move(shown: list[Bytes], landmarker: FaceLandmarker) -> None:
    watch = PictureWatch(FaceFrame.of(HeadModel.load(), FACE_SIDE))
    face = None
    for i, picture in enumerate(shown[:12]):
        moved = np.roll(picture, 4 * i, 1)
        face = landmarker.follow(moved, face)
        watch.see(moved, face)
    assert watch.log().cuts == ()
    other = np.roll(shown[12], -70, 1)
    watch.see(other, landmarker.follow(other, None))
    assert watch.log().cuts == (12,)


def test_moving_lines_are_no_cut() -> None:
    watch = PictureWatch(FaceFrame.of(HeadModel.load(), FACE_SIDE))
    lines = np.full((160, 160, 3), 255, np.uint8)
    for x0, y0, x1, y1 in np.random.default_rng(0).integers(0, 160, (12, 4)).tolist():
        cv2.line(lines, (x0, y0), (x1, y1), (0, 0, 0), 2)
    for step in (0, 0, 0, 0, 0, 3, 6):  # every line moves off itself
        watch.see(np.roll(lines, step, 1), None)
    assert watch.log().cuts == ()
    watch.see(255 - lines, None)
    assert watch.log().cuts == (7,)


def test_every_standard_is_whole_and_documented() -> None:
    docs = (Path(__file__).resolve().parents[1] / "docs/measure.md").read_text()
    prefixes = {prefix for some in GROUPS for prefix in some}
    for key, standard in standards().items():
        assert f"`{key}`" in docs, key
        assert key.split(".")[0] in prefixes, key
        assert f"{1.5:{standard.form}}"
        assert "{" not in standard.source
        if standard.low is not None:
            assert standard.below, key
        if standard.high is not None:
            assert standard.above, key
        if standard.low is not None and standard.high is not None:
            assert standard.low < standard.high, key
