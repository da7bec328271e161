"""A film is written whole or not at all, its colours and its time are right, and bad places are named."""

import io
import os
import subprocess
import sys
import threading
import time
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from media import Floats, click, click_time, read_film
from vasari.errors import OutputError, UsageError
from vasari.film import FilmWriter
from vasari.film.pixels import i420
from vasari.film.target import Writable
from vasari.voice import Sound

SIZE = 64
AT = 0.7  # s, where the click is
SUFFIXES = [".mp4", ".mov", ".mkv", ".webm"]


def picture(number: int, size: int = SIZE) -> NDArray[np.uint8]:
    """A grey picture whose brightness tells its number."""
    return np.full((size, size, 3), 10 + number * 4, np.uint8)


def write_film(
    out: Path | Writable, sound: Floats, rate: int, fps: Fraction | int = 25, *, force: bool = False
) -> int:
    """Pictures as long as the sound (n, channels); their number."""
    count = round(len(sound) / rate * fps)
    cuts = [round(i * rate / fps) for i in range(count)] + [len(sound)]
    with FilmWriter(out, size=SIZE, fps=fps, rate=rate, channels=sound.shape[1], force=force) as film:
        for i in range(count):
            film.write(picture(i), sound[cuts[i] : cuts[i + 1]])
    return count


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize(("rate", "channels"), [(16_000, 1), (44_100, 2), (15_000, 1), (8_000, 2)])
def test_both_tracks_keep_their_time(tmp_path: Path, suffix: str, rate: int, channels: int) -> None:
    path = tmp_path / f"a{suffix}"
    count = write_film(path, click(rate, AT, 2, channels), rate)
    times, pictures = read_film(path)
    np.testing.assert_allclose(times, np.arange(count) / 25, atol=0.0006)  # .mkv and .webm count milliseconds
    assert [round((p.mean() - 10) / 4) for p in pictures] == list(range(count))
    with av.open(str(path)) as container:
        sound = container.streams.audio[0]
        first = next(container.decode(sound))
        assert first.pts == 0
        assert sound.channels == channels
        if suffix in (".mp4", ".mov"):
            lengths = [float((s.duration or 0) * (s.time_base or 0)) for s in container.streams]
            assert lengths == pytest.approx([2, 2], abs=1 / 25)
    heard = Sound.open(path)
    assert heard.rate == (48_000 if rate == 15_000 or suffix == ".webm" else rate)
    assert click_time(heard.samples(), heard.rate) == pytest.approx(AT + 0.00025, abs=0.001)


@pytest.mark.parametrize("fps", [24, 25, Fraction(30_000, 1001), 50, 60])
def test_any_picture_rate(tmp_path: Path, fps: Fraction | int) -> None:
    count = write_film(tmp_path / "a.mp4", np.zeros((16_000, 1), np.float32), 16_000, fps)
    times, _ = read_film(tmp_path / "a.mp4")
    np.testing.assert_allclose(times, np.arange(count) / float(fps), atol=1e-4)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_colours(tmp_path: Path, suffix: str) -> None:
    colours = np.array([[255, 0, 0], [0, 255, 0], [0, 0, 255], [200, 150, 120], [255, 255, 255], [0, 0, 0]])
    image = np.broadcast_to(colours[:, None, None], (6, 32, 64, 3)).reshape(192, 64, 3).astype(np.uint8)
    with FilmWriter(tmp_path / f"a{suffix}", size=(64, 192), fps=25) as film:
        film.write(image)
    _, pictures = read_film(tmp_path / f"a{suffix}")
    difference = np.abs(pictures[0].astype(int) - image)[8::32, 8:-8]
    assert difference.max() <= 6
    with av.open(str(tmp_path / f"a{suffix}")) as container:
        context = container.streams.video[0].codec_context
        tags = context.color_range, context.colorspace, context.color_primaries, context.color_trc
        assert [int(tag) for tag in tags] == [1, 1, 1, 1]


@given(st.tuples(*[st.integers(0, 255)] * 3))
@settings(max_examples=50, deadline=None)
def test_conversion_agrees_with_the_standard(rgb: tuple[int, int, int]) -> None:
    planes = i420(np.full((16, 32, 3), rgb, np.uint8))
    r, g, b = rgb
    luma = 0.2126 * r + 0.7152 * g + 0.0722 * b
    blue, red = (b - luma) / 1.8556, (r - luma) / 1.5748
    expected = 16 + luma * 219 / 255, 128 + blue * 224 / 255, 128 + red * 224 / 255
    assert planes.shape == (24, 32)
    np.testing.assert_allclose([planes[0, 0], planes[16, 0], planes[20, 0]], expected, atol=0.75)


def test_a_silent_film_has_no_sound(tmp_path: Path) -> None:
    with FilmWriter(tmp_path / "a.mp4", size=SIZE, fps=25) as film:
        film.write(picture(0))
    with av.open(str(tmp_path / "a.mp4")) as container:
        assert not container.streams.audio


def test_the_index_comes_first(tmp_path: Path) -> None:
    write_film(tmp_path / "a.mp4", np.zeros((16_000, 1), np.float32), 16_000)
    content = (tmp_path / "a.mp4").read_bytes()
    assert content.index(b"moov") < content.index(b"mdat")


def test_the_writer_copies(tmp_path: Path) -> None:
    image = picture(20)
    with FilmWriter(tmp_path / "a.mp4", size=SIZE, fps=25) as film:
        for _ in range(20):
            film.write(image)
            image += 5
            image -= 5
        film.write(image)
        image[:] = 0
    _, pictures = read_film(tmp_path / "a.mp4")
    assert pictures[-1].mean() == pytest.approx(90, abs=3)


def test_a_stream_can_be_read_as_it_grows() -> None:
    """Fragmented MP4 to a file object: what came after a second plays without the rest."""
    out = io.BytesIO()
    sound = click(16_000, AT, 2)
    with FilmWriter(out, size=SIZE, fps=25, rate=16_000, channels=1) as film:
        for i in range(50):
            film.write(picture(i), sound[i * 640 : (i + 1) * 640])
            if i == 25:
                deadline = time.monotonic() + 30
                while len(out.getvalue()) < 2000 and time.monotonic() < deadline:
                    time.sleep(0.01)
                early = out.getvalue()
    with av.open(io.BytesIO(early), "r") as container:
        assert len(list(container.decode(video=0))) >= 10
    with av.open(io.BytesIO(out.getvalue()), "r") as container:
        frames = list(container.decode(audio=0))
        assert frames[0].pts == 0
        samples = np.concatenate([f.to_ndarray() for f in frames], 1).T
        assert click_time(samples, 16_000) == pytest.approx(AT + 0.00025, abs=0.001)


PROGRAM = """
import sys
import numpy as np
from vasari.film import FilmWriter
with FilmWriter("-", size=64, fps=25, rate=16_000, channels=1) as film:
    for i in range(int(sys.argv[1])):
        film.write(np.full((64, 64, 3), i % 250, np.uint8), np.zeros((640, 1), np.float32))
"""


def test_standard_output() -> None:
    result = subprocess.run([sys.executable, "-c", PROGRAM, "30"], capture_output=True, check=True)
    assert not result.stderr
    with av.open(io.BytesIO(result.stdout), "r") as container:
        assert len(list(container.decode(video=0))) == 30


def test_a_reader_that_goes_is_a_broken_pipe() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, "100000"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout
        assert process.stderr
        process.stdout.read(1000)
        process.stdout.close()
        assert b"BrokenPipeError" in process.stderr.read()
        process.stderr.close()
        assert process.wait(60) == 1


def test_an_existing_film_is_kept(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_text("precious")
    with pytest.raises(OutputError, match="--force"):
        FilmWriter(tmp_path / "a.mp4", size=SIZE, fps=25)
    assert (tmp_path / "a.mp4").read_text() == "precious"
    assert write_film(tmp_path / "a.mp4", np.zeros((1600, 1), np.float32), 16_000, force=True) == 2
    assert len(read_film(tmp_path / "a.mp4")[0]) == 2


def test_a_film_that_appeared_meanwhile_is_kept(tmp_path: Path) -> None:
    film = FilmWriter(tmp_path / "a.mp4", size=SIZE, fps=25)
    film.write(picture(0))
    (tmp_path / "a.mp4").write_text("precious")
    with pytest.raises(OutputError, match="exists"):
        film.close()
    assert os.listdir(tmp_path) == ["a.mp4"]
    assert (tmp_path / "a.mp4").read_text() == "precious"


def interrupted(path: Path, kind: type[BaseException], written: int) -> None:
    """Begin a film over whatever is there, and fail."""
    with FilmWriter(path, size=SIZE, fps=25, force=True) as film:
        for i in range(written):
            film.write(picture(i))
        raise kind


@pytest.mark.parametrize("kind", [ValueError, KeyboardInterrupt])
@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("written", [0, 3])
def test_an_exception_leaves_nothing(
    tmp_path: Path, kind: type[BaseException], suffix: str, written: int
) -> None:
    with pytest.raises(kind):
        interrupted(tmp_path / f"a{suffix}", kind, written)
    assert os.listdir(tmp_path) == []
    assert "film" not in [thread.name for thread in threading.enumerate()]


def test_an_exception_keeps_what_was_there(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_text("precious")
    with pytest.raises(ZeroDivisionError):
        interrupted(tmp_path / "a.mp4", ZeroDivisionError, 3)
    assert (tmp_path / "a.mp4").read_text() == "precious"
    assert os.listdir(tmp_path) == ["a.mp4"]


def test_a_film_without_pictures_is_none(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="no pictures"), FilmWriter(tmp_path / "a.mp4", size=SIZE, fps=25):
        pass
    assert os.listdir(tmp_path) == []


def test_an_abandoned_writer_leaves_nothing(tmp_path: Path) -> None:
    FilmWriter(tmp_path / "a.mp4", size=SIZE, fps=25)
    assert os.listdir(tmp_path) == []


class Full(io.RawIOBase):
    """A disk without room."""

    def write(self, data: object) -> int:
        raise OSError(28, "No space left on device")


def test_a_full_disk_is_told() -> None:
    with pytest.raises(OutputError, match="No space left"):
        write_film(Full(), np.zeros((160_000, 1), np.float32), 16_000)


BAD_PLACES = {
    "no ending": ("talk", "no ending"),
    "another ending": ("talk.avi", r"\.mp4, \.mov, \.mkv, \.webm"),
    "a folder": ("", "is a folder"),
    "no such folder": ("none/talk.mp4", "does not exist"),
    "a file as folder": ("file/talk.mp4", "does not exist"),
    "a null byte": ("a\0b.mp4", "cannot be written"),
    "a long name": ("x" * 300 + ".mp4", "cannot be written"),
}


@pytest.mark.parametrize("case", BAD_PLACES)
def test_bad_places_are_named(tmp_path: Path, case: str) -> None:
    name, message = BAD_PLACES[case]
    (tmp_path / "folder.mp4").mkdir()
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match=message):
        FilmWriter(tmp_path / (name or "folder.mp4"), size=SIZE, fps=25)
    assert sorted(os.listdir(tmp_path)) == ["file", "folder.mp4"]


def test_a_read_only_folder_is_named(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    if os.access(tmp_path, os.W_OK):
        pytest.skip("this user may write everywhere")
    with pytest.raises(OutputError, match="Permission denied"):
        FilmWriter(tmp_path / "a.mp4", size=SIZE, fps=25)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"size": 63}, "even"),
        ({"size": (64, 63)}, "even"),
        ({"size": 0}, "even"),
        ({"fps": 0}, "fps"),
        ({"fps": 1000}, "fps"),
        ({"rate": 16_000}, "channels"),
        ({"channels": 1}, "channels"),
        ({"rate": 16_000, "channels": 6}, "channels"),
        ({"rate": 10, "channels": 1}, "samples a second"),
    ],
)
def test_bad_arguments_are_named(tmp_path: Path, arguments: dict[str, int], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        FilmWriter(tmp_path / "a.mp4", **{"size": SIZE, "fps": 25} | arguments)  # type: ignore[arg-type]
    assert os.listdir(tmp_path) == []


def test_bad_pictures_and_sounds_are_named(tmp_path: Path) -> None:
    film = FilmWriter(tmp_path / "a.mp4", size=SIZE, fps=25, rate=16_000, channels=2)
    with pytest.raises(UsageError, match="picture"):
        film.write(picture(0, 32))
    with pytest.raises(UsageError, match="picture"):
        film.write(picture(0).astype(np.float32))
    with pytest.raises(UsageError, match="sound"):
        film.write(picture(0), np.zeros((640, 1), np.float32))
    with pytest.raises(UsageError, match="sound"):
        film.write(picture(0), np.zeros(640, np.float32))
    film.discard()
    with pytest.raises(UsageError, match="closed"):
        film.write(picture(0))


def test_the_queue_is_bounded(tmp_path: Path) -> None:
    """The writer waits for the encoder rather than hold the film: 2000 pictures are 24 MB as RGB."""
    import tracemalloc

    image = picture(3)
    tracemalloc.start()
    with FilmWriter(tmp_path / "a.mp4", size=SIZE, fps=25, rate=16_000, channels=1) as film:
        for _ in range(2000):
            film.write(image, np.zeros((640, 1), np.float32))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2 << 20
