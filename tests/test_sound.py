"""Sound comes in from any file as a stream, with its time kept, and bad files are named."""

import io
import os
import sys
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from media import CODECS, Floats, click, click_time, write_sound
from vasari.errors import SoundError
from vasari.voice import Sound

AT = 0.7  # s, where the click is


@pytest.mark.parametrize("suffix", sorted(CODECS))
@pytest.mark.parametrize("channels", [1, 2])
def test_any_format_keeps_its_time(tmp_path: Path, suffix: str, channels: int) -> None:
    rate = 48_000 if CODECS[suffix] == "libopus" else 44_100
    path = write_sound(tmp_path / f"a{suffix}", click(rate, AT, 1.5, channels), rate)
    sound = Sound.open(path)
    samples = sound.samples()
    assert (sound.rate, sound.channels) == (rate, channels)
    assert samples.dtype == np.float32
    assert samples.shape[1] == channels
    assert len(samples) / rate == pytest.approx(1.5, abs=0.03)
    assert sound.duration == pytest.approx(1.5, abs=0.03)
    assert click_time(samples, rate) == pytest.approx(AT + 0.00025, abs=0.001)


@pytest.mark.parametrize("rate", [8_000, 11_025, 16_000, 22_050, 96_000])
def test_any_rate(tmp_path: Path, rate: int) -> None:
    sound = Sound.open(write_sound(tmp_path / "a.wav", click(rate, 0.5, 1), rate))
    assert sound.rate == rate
    assert len(sound.samples()) == rate
    assert sound.duration == 1


def test_wav_is_read_to_the_bit(tmp_path: Path) -> None:
    samples = (np.random.default_rng(0).integers(-32768, 32768, (5000, 2)) / 32768).astype(np.float32)
    path = write_sound(tmp_path / "a.wav", samples, 16_000)
    np.testing.assert_array_equal(Sound.open(path).samples(), samples)


def test_surround_is_folded_to_stereo(tmp_path: Path) -> None:
    sound = Sound.open(write_sound(tmp_path / "a.flac", click(48_000, AT, 1, 6), 48_000))
    assert sound.samples().shape == (48_000, 2)


def test_a_twentieth_of_a_second_is_enough(tmp_path: Path) -> None:
    assert len(Sound.open(write_sound(tmp_path / "a.wav", click(16_000, 0, 0.05), 16_000)).samples()) == 800


def test_time_0_is_where_the_sound_begins_in_a_film(tmp_path: Path) -> None:
    path = write_sound(tmp_path / "a.mkv", click(48_000, AT, 1.5), 48_000, start=0.4, video=True)
    samples = Sound.open(path).samples()
    assert click_time(samples, 48_000) == pytest.approx(AT, abs=0.002)


def test_a_gap_in_time_is_silence(tmp_path: Path) -> None:
    """Half a second of packets is lost from the middle of a file."""
    path = write_sound(tmp_path / "whole.mkv", click(16_000, 1.5, 2), 16_000)
    import av

    with av.open(str(path)) as source, av.open(str(tmp_path / "gap.mkv"), "w") as target:
        stream = target.add_stream_from_template(source.streams.audio[0])
        for packet in source.demux(source.streams.audio[0]):
            if packet.pts is not None and packet.time_base and not 0.5 <= packet.pts * packet.time_base < 1:
                packet.stream = stream
                target.mux(packet)
    samples = Sound.open(tmp_path / "gap.mkv").samples()
    assert click_time(samples, 16_000) == pytest.approx(1.5, abs=0.001)
    assert not samples[9000:15_000].any()


def test_arrays() -> None:
    assert Sound.open(np.zeros(1600), 16_000).samples().shape == (1600, 1)
    assert Sound.open(np.zeros((1600, 2), np.float32), 16_000).channels == 2
    assert Sound.open(np.array([-32768, 16384], np.int16), 16_000).samples().ravel().tolist() == [-1, 0.5]
    assert Sound.open(np.array([0, 128, 192], np.uint8), 8_000).samples().ravel().tolist() == [-1, 0, 0.5]


def test_opening_a_sound_gives_it_back() -> None:
    sound = Sound.open(np.zeros(100), 16_000)
    with Sound.open(sound) as same:
        assert same is sound


def test_a_file_can_be_read_twice(speech_file: Path) -> None:
    sound = Sound.open(speech_file)
    np.testing.assert_array_equal(sound.samples(), sound.samples())


@given(seconds=st.floats(0.001, 3))
@settings(max_examples=20, deadline=None)
def test_chunks_have_the_asked_length_and_lose_nothing(speech_file: Path, seconds: float) -> None:
    sound = Sound.open(speech_file)
    chunks = list(sound.chunks(seconds))
    size = max(1, round(seconds * sound.rate))
    assert all(len(chunk) == size for chunk in chunks[:-1])
    assert 0 < len(chunks[-1]) <= size
    np.testing.assert_array_equal(np.concatenate(chunks), sound.samples())


def test_standard_input(speech_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read, write = os.pipe()
    if os.fork() == 0:  # a pipe holds less than the file: something must write while we read
        os.close(read)
        with open(write, "wb") as pipe:
            pipe.write(speech_file.read_bytes())
        os._exit(0)
    os.close(write)
    with open(read, "rb") as pipe:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(pipe))
        sound = Sound.open("-")
        samples = sound.samples()
        np.testing.assert_array_equal(samples, Sound.open(speech_file).samples())
    os.wait()


def test_memory_stays_flat(tmp_path: Path) -> None:
    """Ten minutes (77 MB as float) pass through within 8 MB."""
    path = write_sound(tmp_path / "long.flac", np.zeros((16_000 * 600, 2), np.float32), 16_000)
    tracemalloc.start()
    total = sum(len(chunk) for chunk in Sound.open(path).chunks(0.5))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert total == 16_000 * 600
    assert peak < 8 << 20


def _write(name: str, content: bytes) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        (folder / name).write_bytes(content)
        return folder / name

    return write


def _no_sound(folder: Path) -> Path:
    import av

    with av.open(str(folder / "silent.mp4"), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width = stream.height = 64
        container.mux(stream.encode(av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8))))
        container.mux(stream.encode(None))
    return folder / "silent.mp4"


def _not_finite(folder: Path) -> Path:
    samples = click(16_000, 0.5, 1)
    samples[9000] = np.nan
    return write_sound(folder / "nan.wav", samples, 16_000, "pcm_f32le")


def _integers_as_floats(folder: Path) -> Path:
    return write_sound(folder / "unit.wav", click(16_000, 0.5, 1) * 32768, 16_000, "pcm_f32le")


def _header_only(folder: Path) -> Path:
    path = write_sound(folder / "header.wav", click(16_000, 0, 0.1), 16_000)
    path.write_bytes(path.read_bytes()[:78])
    return path


def _half_an_mp4(folder: Path) -> Path:
    path = write_sound(folder / "half.m4a", click(48_000, 0.5, 2), 48_000)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])  # its index is at the end: gone
    return path


def _unreadable(folder: Path) -> Path:
    path = write_sound(folder / "secret.wav", click(16_000, 0, 0.1), 16_000)
    path.chmod(0)
    if os.access(path, os.R_OK):
        pytest.skip("this user may read everything")
    return path


BAD: dict[str, tuple[Callable[[Path], Path], str]] = {
    "missing": (lambda folder: folder / "none.wav", "does not exist"),
    "long name": (lambda folder: folder / ("x" * 300), "cannot be read"),
    "null byte": (lambda folder: folder / "a\0b", "cannot be read"),
    "folder": (lambda folder: folder, "is a folder"),
    "empty": (_write("empty.wav", b""), "is empty"),
    "text": (_write("words.wav", b"four score and seven years ago " * 100), "is not a sound or video file"),
    "random": (_write("noise.mp3", np.random.default_rng(0).bytes(5000)), "sound"),
    "playlist": (_write("list.m3u8", b"#EXTM3U\n#EXTINF:1,\nhttp://localhost/a.ts\n"), "is not a sound"),
    "concat script": (_write("list.ffconcat", b"ffconcat version 1.0\nfile a.wav\n"), "is not a sound"),
    "picture": (_write("a.png", b"\x89PNG\r\n\x1a\n" + bytes(64)), "is not a sound"),
    "film without sound": (_no_sound, "has no sound"),
    "not finite": (_not_finite, "not finite"),
    "another unit": (_integers_as_floats, r"\[-1, 1\]"),
    "header only": (_header_only, "sound"),
    "half an mp4": (_half_an_mp4, "is damaged"),
    "unreadable": (_unreadable, "permission"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_files_are_named(tmp_path: Path, case: str) -> None:
    make, message = BAD[case]
    with pytest.raises(SoundError, match=message):
        Sound.open(make(tmp_path)).samples()


@pytest.mark.parametrize(
    ("samples", "rate", "message"),
    [
        (np.zeros(0), 16_000, "empty"),
        (np.zeros(100), None, "rate"),
        (np.zeros(100), 0, "rate"),
        (np.zeros((100, 3)), 16_000, "shape"),
        (np.zeros((2, 100)), 16_000, "shape"),
        (np.zeros((10, 2, 2)), 16_000, "shape"),
        (np.full(100, np.inf), 16_000, "not finite"),
        (np.full(100, 20_000.0), 16_000, r"\[-1, 1\]"),
        (np.array(["a", "b"]), 16_000, "floats"),
    ],
)
def test_bad_arrays_are_named(samples: Floats, rate: int | None, message: str) -> None:
    with pytest.raises(SoundError, match=message):
        Sound.open(samples, rate)


def test_a_file_has_its_own_rate(speech_file: Path) -> None:
    with pytest.raises(SoundError, match="leave the rate out"):
        Sound.open(speech_file, 16_000)


def test_a_damaged_middle_keeps_the_rest(tmp_path: Path) -> None:
    path = write_sound(tmp_path / "a.mp3", click(44_100, 2.5, 3), 44_100)
    content = bytearray(path.read_bytes())
    content[len(content) // 3 : len(content) // 3 + 400] = bytes(400)
    path.write_bytes(bytes(content))
    samples = Sound.open(path).samples()
    assert len(samples) / 44_100 > 2.4
