"""Run Vasari over a test set and write the results page.

python -m vasari.measure.results --testset FOLDER [-o docs/results.md] [--size 384] [--jobs 1] [--work FOLDER]

Beside the page, its figures: ``docs/results/VERSION.json``; the page tells of every version whose figures lie
there. A run that was stopped goes on where it was; outcomes are kept until the program changes.
"""

from __future__ import annotations

import argparse
import datetime
import sys
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path

import vasari
from vasari.errors import UsageError, VasariError
from vasari.measure.machine import Machine
from vasari.measure.report import write_text
from vasari.measure.results.design import Item, design
from vasari.measure.results.page import page
from vasari.measure.results.release import Release, history
from vasari.measure.results.sheet import contact_sheet
from vasari.measure.results.trial import Outcome, run, shelf

#: Side of the pictures: the whole test set takes 20 minutes of one core.
SIZE = 384


def main(arguments: list[str] | None = None) -> int:
    """Command line; the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--testset", type=Path, required=True, help="as testset/build.py makes it")
    parser.add_argument("-o", "--out", type=Path, default=Path("docs/results.md"), help="the page")
    parser.add_argument("--size", type=int, default=SIZE, help="side of the pictures")
    parser.add_argument("--jobs", type=int, default=1, help="films made at once")
    parser.add_argument(
        "--work", type=Path, help="where outcomes and films are kept; TESTSET/runs if not given"
    )
    parser.add_argument(
        "--only", action="append", metavar="NAME", help="only this portrait or speech; no page is written"
    )
    given = parser.parse_args(arguments)
    try:
        items = design(given.testset)
        folder = shelf(given.work or given.testset / "runs")
        if given.only:
            items = _named(items, given.only)
        outcomes = run_all(items, folder, given.size, given.jobs)
        if not given.only:
            publish(items, outcomes, given.out, folder, given.size)
    except VasariError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    return 0


def run_all(items: list[Item], folder: Path, size: int, jobs: int) -> list[Outcome]:
    """The outcomes of all items, in their order; each is told as it comes."""
    outcomes: dict[int, Outcome] = {}
    with ProcessPoolExecutor(jobs, get_context("spawn")) as pool:
        futures = {pool.submit(run, item, folder, size): k for k, item in enumerate(items)}
        for done in as_completed(futures):
            outcome = outcomes[futures[done]] = done.result()
            text = outcome.failure or ", ".join(outcome.off) or "nothing off"
            print(f"{len(outcomes)}/{len(items)} {outcome.kind} {outcome.name}: {text}", flush=True)
    return [outcomes[k] for k in range(len(items))]


def publish(items: list[Item], outcomes: list[Outcome], out: Path, folder: Path, size: int) -> None:
    """Write this version's figures, its contact sheet, and the page over all versions."""
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    release = Release(vasari.__version__, today, str(Machine.this()), size, tuple(outcomes))
    beside = out.with_suffix("")
    beside.mkdir(parents=True, exist_ok=True)
    release.save(beside / f"{release.version}.json")
    picture = beside / "faces.jpg"
    drawn = contact_sheet(items, folder, size, picture)
    releases = history(beside)
    write_text(out, page(releases, f"{beside.name}/{picture.name}" if drawn else None), force=True)
    print(f"{out}: {len(outcomes)} films of version {release.version}, {len(releases)} versions")


def _named(items: list[Item], names: list[str]) -> list[Item]:
    chosen = [item for item in items if item.name in names]
    if unknown := set(names) - {item.name for item in chosen}:
        raise UsageError(f"no portrait or speech is called {', '.join(sorted(unknown))}")
    return chosen


if __name__ == "__main__":
    sys.exit(main())
