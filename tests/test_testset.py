"""What rebuilds the test set, on tiny packages made on the spot; and what is frozen."""

from __future__ import annotations

import csv
import importlib
import io
import struct
import sys
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

ROOT = Path(__file__).parents[1]
Load = Callable[[str], ModuleType]
Bytes = NDArray[np.uint8]

SKINS = ("light", "medium", "dark")
MODULES = (
    "build",
    "conditions",
    "log",
    "manifest",
    "packages",
    "pictures",
    "puzzle",
    "skin",
    "sound",
    "speech",
    "styles",
)


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch) -> Iterator[Load]:
    """Modules of testset/, which is no package; forgotten afterwards."""
    monkeypatch.syspath_prepend(str(ROOT / "testset"))
    for name in MODULES:
        sys.modules.pop(name, None)
    yield importlib.import_module
    for name in MODULES:
        sys.modules.pop(name, None)


def webp(colour: tuple[int, int, int], width: int, height: int) -> bytes:
    picture = np.full((height, width, 3), colour, np.uint8)
    return cv2.imencode(".webp", picture, [cv2.IMWRITE_WEBP_QUALITY, 101])[1].tobytes()


def rcc(files: dict[str, bytes], version: int = 1) -> bytes:
    """A Qt resource container with the files in one folder, ``image``; every other one is compressed."""
    names, contents, name_at = b"", b"", {}
    for name in ["image", *files]:
        name_at[name] = len(names)
        names += struct.pack(">HI", len(name), 0) + name.encode("utf-16-be")
    time = b"" if version < 2 else bytes(8)
    nodes = [struct.pack(">IHII", 0, 2, 1, 1), struct.pack(">IHII", name_at["image"], 2, len(files), 2)]
    for k, (name, data) in enumerate(files.items()):
        stored = struct.pack(">I", len(data)) + zlib.compress(data) if k % 2 else data
        nodes.append(struct.pack(">IHHHI", name_at[name], k % 2, 0, 0, len(contents)))
        contents += struct.pack(">I", len(stored)) + stored
    tree = b"".join(node + time for node in nodes)
    head = 20 if version < 3 else 24
    offsets = struct.pack(">4I", version, head, head + len(tree), head + len(tree) + len(contents))
    return b"qres" + offsets + bytes(head - 20) + tree + contents + names


@pytest.mark.parametrize("version", [1, 2, 3])
def test_reads_qt_resources(load: Load, version: int) -> None:
    files = {"a.txt": b"plain", "b.txt": b"compressed" * 9}
    read = dict(load("puzzle").read_rcc(rcc(files, version)))
    assert read == {f"/image/{name}": data for name, data in files.items()}


def test_refuses_other_files(load: Load) -> None:
    with pytest.raises(ValueError, match="no Qt resource"):
        list(load("puzzle").read_rcc(b"something else"))


def test_assembles_a_puzzle(load: Load) -> None:
    board = b"""levels: [
      { "pixmapfile" : "image/bg.svg", "width": 40, "height": 20 },
      { "pixmapfile" : "image/left.webp", "x" : "0.25", "y" : "0.5" },
      { "pixmapfile" : "image/right.webp", "x" : "0.75", "y" : "0.5" } ]"""
    pieces = {"left.webp": webp((10, 20, 200), 20, 20), "right.webp": webp((200, 20, 10), 24, 20)}
    picture = load("puzzle").assemble(rcc({"board7_0.qml": board, **pieces}), 7)
    assert picture.shape == (20, 40, 3)
    assert np.abs(picture[10, 5].astype(int) - (10, 20, 200)).max() <= 2
    assert np.abs(picture[10, 35].astype(int) - (200, 20, 10)).max() <= 2


def wheel(files: dict[str, bytes]) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return data.getvalue()


def deb(files: dict[str, bytes]) -> bytes:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w:xz") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(f"./{name}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    out = b"!<arch>\n"
    for name, content in (
        ("debian-binary", b"2.0\n"),
        ("control.tar.xz", b"odd"),
        ("data.tar.xz", data.getvalue()),
    ):
        out += f"{name:<16}{0:<12}{0:<6}{0:<6}{100644:<8}{len(content):<10}`\n".encode() + content
        out += b"\n" * (len(content) % 2)
    return out


@pytest.mark.parametrize(("name", "pack"), [("a-1-py3-none-any.whl", wheel), ("a_1_all.deb", deb)])
def test_takes_files_out_of_packages(
    load: Load,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    pack: Callable[[dict[str, bytes]], bytes],
) -> None:
    packages = load("packages")
    asked = []
    data = pack({"share/face.png": b"face", "share/other.png": b"other"})

    def download(source: str) -> tuple[str, bytes]:
        asked.append(source)
        return name, data

    monkeypatch.setattr(packages, "_download", download)
    shelf = packages.Shelf(tmp_path)
    for _ in range(2):
        files = shelf.fetch("pypi:a==1", ["share/face.png"])
        assert files["share/face.png"].read_bytes() == b"face"
    assert asked == ["pypi:a==1"]  # the second time it lies there
    with pytest.raises(packages.PackageError, match=r"has no share/none\.png"):
        shelf.fetch("pypi:a==1", ["share/none.png"])


def test_says_what_it_cannot_download(load: Load, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    packages = load("packages")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(packages.PackageError, match="needs apt-get"):
        packages.Shelf(tmp_path).fetch("debian:a=1", ["x"])
    with pytest.raises(packages.PackageError, match="give pypi:"):
        packages.Shelf(tmp_path).fetch("ftp:a", ["x"])


@pytest.fixture
def face() -> Bytes:
    """Something with edges, tones and colours."""
    y, x = np.mgrid[:240, :200]
    disc = ((x - 100) ** 2 + (y - 120) ** 2 < 70**2)[..., None]
    ramp = np.stack([x, y, 255 - x], -1)
    grain = np.random.default_rng(0).integers(0, 30, (240, 200, 1))
    return (np.where(disc, ramp, 40) // 1.2 + grain).astype(np.uint8)


def test_carries_out_recipes(load: Load, tmp_path: Path, face: Bytes) -> None:
    pictures = load("pictures")
    file = tmp_path / "face.png"
    cv2.imwrite(str(file), face)
    made = pictures.make_picture(file, "crop 20 30 120 150; scale 2")
    assert made.shape == (240, 200, 3)
    assert np.array_equal(pictures.make_picture(file, ""), face)
    assert pictures.fingerprint(face) != pictures.fingerprint(face.reshape(200, 240, 3))
    with pytest.raises(ValueError, match="unknown step 'paint'"):
        pictures.make_picture(file, "paint 3")


def test_puts_transparent_pictures_on_grey(load: Load, tmp_path: Path, face: Bytes) -> None:
    pictures = load("pictures")
    alpha = np.zeros((*face.shape[:2], 1), np.uint8)
    alpha[:120] = 255
    cv2.imwrite(str(tmp_path / "face.png"), np.dstack([face, alpha]))
    made = pictures.make_picture(tmp_path / "face.png", "")
    assert np.array_equal(made[:120], face[:120])
    assert (made[120:] == pictures.BACKGROUND).all()


def test_styles_change_the_picture_the_same_way_each_time(load: Load, face: Bytes) -> None:
    for name, style in load("styles").STYLES.items():
        styled = style(face)
        assert styled.dtype == np.uint8
        assert name == "small-copy" or styled.shape == face.shape
        assert np.array_equal(styled, style(face)), name
        same = cv2.resize(styled, (200, 240))
        assert np.abs(same.astype(int) - face).mean() > 1, name


def voiced(rate: int = 16000, pitch: float = 120.0) -> NDArray[np.float64]:
    """Two seconds of a buzz with a slow envelope."""
    t = np.arange(2 * rate) / rate
    buzz = sum(np.sin(2 * np.pi * pitch * k * t) / k**0.5 for k in range(1, 60))
    return np.asarray(0.1 * buzz * (0.6 + 0.4 * np.sin(2 * np.pi * 3 * t)))


def test_conditions_keep_the_length_and_repeat(load: Load) -> None:
    conditions = load("conditions")
    for name in conditions.CONDITIONS:
        once, again = (conditions.apply(name, voiced(), 16000) for _ in range(2))
        assert once.shape == (32000,), name
        assert once.dtype == np.float32
        assert np.abs(once).max() <= 1
        assert np.array_equal(once, again), name


def test_conditions_do_what_they_say(load: Load) -> None:
    conditions, clean = load("conditions"), voiced()

    def share_above(samples: NDArray[np.floating], hertz: float) -> float:
        power = np.abs(np.fft.rfft(samples)) ** 2
        return float(power[np.fft.rfftfreq(len(samples), 1 / 16000) > hertz].sum() / power.sum())

    def periodicity(samples: NDArray[np.floating]) -> float:
        part, lag = samples[8000:16000].astype(float), round(16000 / 120)
        return float(np.corrcoef(part[lag:], part[:-lag])[0, 1])

    assert (
        share_above(conditions.apply("telephone", clean, 16000), 4100)
        < 0.01
        < share_above(clean, 4100) + 0.01
    )
    assert periodicity(clean) > 0.9 > 0.5 > periodicity(conditions.apply("whisper", clean, 16000))
    added = conditions.noise(clean, 16000) - clean
    assert 10 * np.log10((clean**2).mean() / (added**2).mean()) == pytest.approx(8, abs=0.1)
    assert np.abs(conditions.apply("soft", clean, 16000)).max() < 0.05 * np.abs(clean).max()


def test_builds_freezes_and_refuses(load: Load, tmp_path: Path, face: Bytes) -> None:
    build, manifest = load("build"), load("manifest")
    sfhq = tmp_path / "sfhq"
    sfhq.mkdir()
    cv2.imwrite(str(sfhq / "a.png"), face)
    blank = dict.fromkeys(
        ("age", "sex", "skin", "glasses", "beard", "head", "ita", "source_sha256", "sha256"), ""
    )
    rows = [
        manifest.PortraitRow("a", "photo", "sfhq", "a.png", "", "MIT", **blank),
        manifest.PortraitRow("a-pencil", "stylised", "testset", "a", "pencil", "MIT", **blank),
        manifest.PortraitRow("b", "photo", "sfhq", "b.png", "", "MIT", **blank),
    ]
    shelf, log = load("packages").Shelf(tmp_path / "cache"), load("log").Log()
    made = build.build_portraits(rows, tmp_path / "out", shelf, sfhq, log, True)
    assert [row.name for row in made] == ["a", "a-pencil"]
    assert log.left_out == ["b"]
    assert all(len(row.sha256) == 64 for row in made)

    log = load("log").Log()
    again = build.build_portraits(made, tmp_path / "out", shelf, sfhq, log, False)
    assert again == made
    assert (log.left_out, log.wrong, log.differs) == ([], [], [])

    cv2.imwrite(str(sfhq / "a.png"), 255 - face)
    log = load("log").Log()
    assert not build.build_portraits(made[:1], tmp_path / "out", shelf, sfhq, log, False)
    assert log.wrong == ["a"]

    log = load("log").Log()
    assert not build.build_portraits(made[:1], tmp_path / "out", shelf, None, log, False)
    assert log.left_out == ["a"]


def test_builds_speech(load: Load, tmp_path: Path) -> None:
    manifest, speech = load("manifest"), load("speech")
    rows = [
        manifest.SpeechRow("talk", "en", "recording", "jfk", "", "", "And so", "public domain", ""),
        manifest.SpeechRow("talk-soft", "en", "testset", "talk", "soft", "", "And so", "public domain", ""),
    ]
    log = load("log").Log()
    made = speech.build_speech(rows, tmp_path, log, True)
    assert [row.seconds for row in made] == ["8.00", "8.00"]
    assert speech.build_speech(made, tmp_path, log, False) == made
    assert not log.differs
    loud, soft = (load("sound").read_wav(tmp_path / "speech" / f"{row.name}.wav") for row in made)
    assert np.abs(soft.samples).max() < 0.05 * np.abs(loud.samples).max()


def test_joins_stress_and_length_marks(load: Load) -> None:
    phone = load("sound").Phone
    spoken = [phone("ˈ", 0, 1), phone("a", 1, 2), phone("ː", 2, 3), phone(",", 3, 4), phone("b", 4, 5)]
    assert load("speech")._without_marks(spoken) == (phone("aː", 0, 3), phone("b", 4, 5))


def test_phonemes_lie_beside_the_sound(load: Load, tmp_path: Path) -> None:
    sound = load("sound")
    spoken = sound.Spoken(np.zeros(1600, np.float32), 16000, (sound.Phone("p", 0.01, 0.05),))
    sound.write_wav(tmp_path / "a.wav", spoken)
    assert sound.read_phones(tmp_path / "a.wav") == spoken.phones
    assert sound.fingerprint(sound.read_wav(tmp_path / "a.wav")) == sound.fingerprint(spoken)


def test_the_frozen_portraits(load: Load) -> None:
    rows = load("manifest").read_portraits()
    names = [row.name for row in rows]
    assert len(set(names)) == len(names) >= 84
    drawn = {"painting", "drawing", "statue", "character"}
    assert sum(row.style in drawn for row in rows) >= 40
    assert all(len(row.sha256) == len(row.source_sha256) == 64 for row in rows)
    assert all(row.licence for row in rows)
    for row in rows:
        assert bool(row.skin) == (row.style in ("photo", "generated")), row.name
        if row.source == "testset":
            assert names.index(row.path) < names.index(row.name)
    tones = {skin: np.median([float(r.ita) for r in rows if r.ita and r.skin == skin]) for skin in SKINS}
    assert tones["light"] >= tones["medium"] > tones["dark"] + 20  # what the eye tells, beside a measure
    for attribute, least in {"age": 4, "sex": 2, "glasses": 3, "beard": 4, "head": 2}.items():
        assert len({getattr(row, attribute) for row in rows}) >= least


def test_held_portraits_are_those_kept_from_training(load: Load) -> None:
    rows = {row.path: row for row in load("manifest").read_portraits() if row.source == "sfhq"}
    with (ROOT / "train" / "splits" / "portraits_test.csv").open(newline="") as lines:
        held = {row["file"]: row for row in csv.DictReader(lines)}
    assert rows.keys() == held.keys()
    assert all(row.source_sha256 == held[path]["sha256"] for path, row in rows.items())


def test_the_frozen_speech(load: Load) -> None:
    rows = load("manifest").read_speech()
    names = [row.name for row in rows]
    assert len(set(names)) == len(names)
    assert len({row.language for row in rows}) >= 6
    assert {row.condition for row in rows if row.condition} == set(load("conditions").CONDITIONS)
    assert all(len(row.sha256) == 64 and 5 < float(row.seconds) < 10 for row in rows)
    assert all(names.index(row.voice) < names.index(row.name) for row in rows if row.engine == "testset")
