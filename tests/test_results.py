"""Films over a test set, and the page about them."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

import vasari
from vasari.errors import UsageError
from vasari.measure.people import standards
from vasari.measure.results import trial
from vasari.measure.results.__main__ import main
from vasari.measure.results.design import Item, design, read_bilabials
from vasari.measure.results.page import group_table, overall_table, page, speech_table
from vasari.measure.results.release import Release, history
from vasari.measure.results.tables import groups, spread, worst
from vasari.measure.results.trial import CHANCE, EXACT, Outcome

SAMPLE_RATE = 16000
DISTANCE = standards()["identity.mean"].name


def outcome(name: str, **changes: Any) -> Outcome:
    plain = Outcome(
        kind="portrait",
        name=name,
        attributes={"style": "photo", "age": "adult", "licence": "public domain"},
        failure="",
        measures={"identity.mean": 0.3, "sharpness.ratio": 1.0, "sync.lag": 20.0, EXACT: 0.9},
        off={},
        untold=["sync.lag"],
        seconds={"portrait": 1.0, "film": 3.0, "judging": 2.0, "wall": 7.0},
        frames=150,
    )
    return replace(plain, **changes)


def stranger(name: str, distance: float) -> Outcome:
    measures = {"identity.mean": distance, "sharpness.ratio": 1.0}
    return outcome(name, measures=measures, off={"identity.mean": "looks like someone else"})


FAILED = outcome("nobody", failure="portrait: NoFaceError: no face was found", measures={}, frames=0)


def test_spread_over_films() -> None:
    films = [outcome(str(k), measures={"identity.mean": 0.1 * k}) for k in range(11)]
    told = spread([*films, FAILED], "identity.mean")
    assert told is not None
    assert (told.count, told.off) == (11, 0)
    assert (told.low, told.median, told.high) == pytest.approx((0.1, 0.5, 0.9))
    assert spread(films, "head.change") is None


def test_worst_come_first_with_reasons() -> None:
    cases = worst([outcome("fine"), stranger("near", 0.55), stranger("far", 0.9), FAILED], 10)
    assert [case.outcome.name for case in cases] == ["nobody", "far", "near"]
    assert cases[0].badness == math.inf
    assert cases[1].reasons[0].startswith(f"looks like someone else ({DISTANCE} 0.90; people")
    assert len(worst([stranger(str(k), 0.6) for k in range(30)], 5)) == 5


def test_groups_keep_every_film_that_has_the_attribute() -> None:
    young = outcome("boy", attributes={"style": "painting", "age": "child"})
    found = {(a, v): [o.name for o in some] for a, v, some in groups([outcome("a"), young, FAILED])}
    assert found == {
        ("style", "photo"): ["a", "nobody"],
        ("style", "painting"): ["boy"],
        ("age", "child"): ["boy"],
        ("age", "adult"): ["a", "nobody"],
    }


def test_tables_show_what_is_off() -> None:
    films = [outcome("a"), stranger("b", 0.7), stranger("c", 0.8)]
    (row,) = [line for line in overall_table(films).splitlines() if line.startswith(f"| {DISTANCE} |")]
    assert "0.70 (0.38 to 0.78)" in row
    assert "2 of 3" in row
    assert "looks like someone else" in row
    table = group_table([*films, FAILED])
    assert "**0.70**" in table
    assert "| *adult* | 4 | 1 | 0.7 |" in table
    late = outcome("late", kind="speech", attributes={"language": "ja", "engine": "kokoro"})
    late = replace(late, measures={"sync.lag": 120.0}, off={"sync.lag": "the lips come too late"})
    assert "| late | ja | kokoro |  | **+120** |" in speech_table([late])


@pytest.fixture
def release() -> Release:
    speech = outcome("english-noise", kind="speech", attributes={"language": "en"})
    return Release(
        "0.1.0", "2026-01-02", "a machine", 384, (outcome("a"), stranger("b", 0.7), FAILED, speech)
    )


def test_release_survives_its_file(release: Release, tmp_path: Path) -> None:
    release.save(tmp_path / "0.1.0.json")
    assert Release.load(tmp_path / "0.1.0.json") == release
    release.save(tmp_path / "0.1.0.json")  # the same version again takes its place
    newer = replace(release, version="0.2.0", date="2026-03-01")
    newer.save(tmp_path / "0.2.0.json")
    assert [r.version for r in history(tmp_path)] == ["0.2.0", "0.1.0"]


@pytest.mark.parametrize(
    "text", ["", "{}", '{"format": "vasari-results 9"}', '{"format": "vasari-results 1"}']
)
def test_refuses_other_files(tmp_path: Path, text: str) -> None:
    (tmp_path / "x.json").write_text(text)
    with pytest.raises(UsageError, match=r"x\.json holds no vasari-results 1"):
        history(tmp_path)


def test_page_names_the_bad_beside_the_good(release: Release) -> None:
    text = page([replace(release, version="0.2.0"), release], "results/faces.jpg")
    assert text.index("## 0.2.0") < text.index("## 0.1.0")
    assert text.count("results/faces.jpg") == 1
    assert "1 failed: nobody" in text
    assert "- **nobody** (photo, adult): failed: portrait: NoFaceError" in text
    assert "- **b** (photo, adult): looks like someone else" in text
    assert "1 of 3 films are off in nothing" in text
    assert "1.0 s to prepare a portrait, 20 ms a picture of the film" in text


@pytest.fixture
def testset(tmp_path: Path, photo: Path, speech: np.ndarray, write_wav: Any) -> Path:
    """Two portraits, one of them no face, and two speeches of two seconds."""
    for folder in ("portraits", "speech"):
        (tmp_path / folder).mkdir()
    picture = cv2.imread(str(photo))
    assert picture is not None
    cv2.imwrite(str(tmp_path / "portraits" / "one.png"), picture)
    cv2.imwrite(str(tmp_path / "portraits" / "wall.png"), np.full((256, 256, 3), 90, np.uint8))
    (tmp_path / "portraits.csv").write_text(
        "name,style,age,ita,licence\none,painting,adult,,public domain\nwall,photo,,,MIT\n"
    )
    write_wav(tmp_path / "speech" / "talk.wav", speech[: 2 * SAMPLE_RATE])
    write_wav(tmp_path / "speech" / "more.wav", speech[2 * SAMPLE_RATE : 4 * SAMPLE_RATE])
    (tmp_path / "speech" / "talk.phones.csv").write_text(
        "phone,start_s,end_s\nb,0.5,0.6\nə,0.6,0.7\nmː,1.0,1.1\n"
    )
    (tmp_path / "speech.csv").write_text(
        "name,language,engine,condition\ntalk,en,recording,\nmore,en,recording,soft\n"
    )
    return tmp_path


def test_design_pairs_everything_once(testset: Path) -> None:
    items = design(testset)
    assert [(item.kind, item.name, item.photo.stem, item.speech.stem) for item in items] == [
        ("portrait", "one", "one", "talk"),
        ("portrait", "wall", "wall", "talk"),
        ("speech", "more", "one", "more"),
    ]
    assert items[0].attributes == {"style": "painting", "age": "adult", "licence": "public domain"}
    assert items[0].bilabials == ((0.5, 0.6), (1.0, 1.1))
    assert items[2].bilabials is read_bilabials(testset / "speech" / "more.wav") is None


def test_design_refuses_what_is_no_test_set(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"is no test set \(portraits\.csv is missing\)"):
        design(tmp_path)
    (tmp_path / "portraits.csv").write_text("name\n")
    with pytest.raises(UsageError, match="is empty"):
        design(tmp_path)


def test_whole_run(
    testset: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out = testset / "results.md"
    command = ["--testset", str(testset), "-o", str(out), "--size", "256"]
    assert main(command) == 0
    text = out.read_text()
    assert "1 failed: wall" in text
    assert (testset / "results" / "faces.jpg").stat().st_size > 1000
    kept = Release.load(testset / "results" / f"{vasari.__version__}.json")
    one, wall, more = kept.outcomes
    assert wall.failure.startswith("portrait: NoFaceError")
    assert str(testset) not in json.dumps(vars(wall))
    assert one.frames == more.frames == 50
    assert one.measures["timing.fps"] == 25
    assert EXACT in one.untold  # two of p, b and m are too few for a verdict
    assert 0 <= one.measures[CHANCE] <= 1
    assert EXACT not in more.measures
    assert {"portrait", "film", "judging", "wall"} == one.seconds.keys()

    # again: everything is remembered, nothing is made
    monkeypatch.setattr(trial, "_made", lambda *_: pytest.fail("made again"))
    capsys.readouterr()
    for item, before in zip(design(testset), kept.outcomes, strict=True):
        assert trial.run(item, trial.shelf(testset / "runs"), 256) == before


def test_another_input_is_another_film(testset: Path) -> None:
    one, wall, more = design(testset)
    films = {trial.film_of(item, testset, size) for item in (one, wall, more) for size in (256, 512)}
    assert len(films) == 6
    other = Item(one.kind, one.name, wall.photo, one.speech)
    assert trial.film_of(other, testset, 256) != trial.film_of(one, testset, 256)


def test_says_what_is_wrong(testset: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--testset", str(testset), "--only", "two"]) == UsageError.exit_code
    assert "no portrait or speech is called two" in capsys.readouterr().err
