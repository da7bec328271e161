"""The results as a page: what is bad as visible as what is good."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from vasari.measure.people import GROUPS
from vasari.measure.results.release import Release
from vasari.measure.results.tables import Spread, groups, label, measured, spread, standard, worst
from vasari.measure.results.trial import CHANCE, EXACT, Outcome

#: Measures of the table of subgroups: those that depend on the face, not on the speech alone.
GROUP_MEASURES = (
    "identity.mean",
    "identity.worst",
    "sharpness.ratio",
    "mouth.opening",
    EXACT,
    "sync.agreement",
)
#: Measures of the table of speeches.
SPEECH_MEASURES = (
    "sync.belonging",
    "sync.agreement",
    "sync.lag",
    "closures.rate",
    EXACT,
    CHANCE,
    "mouth.opening",
    "mouth.silence",
)
#: Films named among the worst, and as reasons of each.
WORST, REASONS = 15, 4
#: A group of fewer films tells little, and is marked.
FEW = 5


def page(releases: Sequence[Release], picture: str | None = None) -> str:
    """The page, newest release first.

    Args:
        releases: those to tell of.
        picture: path of the contact sheet of the newest, relative to the page.
    """
    parts = [_HEAD]
    for k, release in enumerate(releases):
        parts.append(_section(release, picture if k == 0 else None))
    return "\n".join(parts)


_HEAD = """# Results

What Vasari makes of a frozen test set that anybody can rebuild (`testset/README.md` in the
repository), judged by [`vasari evaluate`](measure.md) from the films alone. Every portrait says the
same two sentences, full of p, b and m; every other speech is said by one portrait. Nothing is
picked: all portraits and speeches of the set are in the figures, and the worst are named.

This page is written by

```sh
python testset/build.py TESTSET --sfhq PORTRAITS
python -m vasari.measure.results --testset TESTSET -o docs/results.md
```

"""


def _section(release: Release, picture: str | None) -> str:
    portraits, speeches = release.portraits, release.speeches
    good = [outcome for outcome in portraits if not outcome.failure]
    parts = [
        f"## {release.version} ({release.date})\n",
        f"{len(portraits)} portraits, {len(speeches)} other pieces of speech, "
        f"{release.size} x {release.size} pixels. {_failures(release)} {_speed(release)}\n\n"
        f"Machine: {release.machine}.\n",
    ]
    if picture:
        parts.append(f"![Three moments of each painting and statue]({picture})\n")
    parts += ["### Beside people: every portrait, one speech\n", _commonest(good), overall_table(good)]
    parts += ["### For whom: subgroups of the portraits\n", _GROUPS_TEXT, group_table(portraits)]
    parts += ["### Worst portraits\n", worst_list(portraits)]
    if speeches:
        parts += [
            "### By speech: one portrait\n",
            speech_table(speeches),
            "### Worst speech\n",
            worst_list(speeches),
        ]
    return "\n".join(parts)


_GROUPS_TEXT = f"""Median, and in brackets the tenth to ninetieth percentile; **bold** where the median is
off; groups of fewer than {FEW} films (*in italics*) tell little. Attributes are as they
look to one observer; skin is told of photos only, real and generated.
"""


def overall_table(outcomes: Sequence[Outcome]) -> str:
    """Every measure beside people."""
    lines = ["| | median (10-90 %) | people | off, of those told | |", "|---|---:|---:|---:|---|"]
    keys = measured(outcomes)
    for prefixes, title in GROUPS.items():
        some = [key for key in keys if key.split(".")[0] in prefixes]
        if some:
            lines.append(f"| **{title}** | | | | |")
        for key in some:
            told = spread(outcomes, key)
            if told is not None:
                lines.append(_overall_row(outcomes, key, told))
    return "\n".join(lines) + "\n"


def _overall_row(outcomes: Sequence[Outcome], key: str, told: Spread) -> str:
    it = standard(key)
    unit = f" {it.unit}" if it.unit else ""
    whys = [outcome.off[key] for outcome in outcomes if key in outcome.off]
    words = max(set(whys), key=whys.count) if whys else it.within if told.count else ""
    off = f"{told.off} of {told.count}" if told.count else "-"
    return (
        f"| {label(key)} | {told.median:{it.form}}{unit} ({told.low:{it.form}} to {told.high:{it.form}}) "
        f"| {_people(key)} | {off} | {words} |"
    )


def _people(key: str) -> str:
    return "" if key == CHANCE else standard(key).people


def _commonest(outcomes: Sequence[Outcome]) -> str:
    """Which measures are off most often, in a sentence."""
    counts = {key: sum(key in outcome.off for outcome in outcomes) for key in measured(outcomes)}
    ranked = sorted((key for key in counts if counts[key]), key=lambda key: -counts[key])[:REASONS]
    if not ranked:
        return "No measure is off in any film.\n"
    return "Off most often: " + ", ".join(f"{label(key)} ({counts[key]})" for key in ranked) + ".\n"


def group_table(outcomes: Sequence[Outcome]) -> str:
    """The measures that depend on the face, for each subgroup."""
    keys = [key for key in GROUP_MEASURES if spread(outcomes, key)]
    head = ["", "films", "failed", "measures off a film", *(label(key) for key in keys)]
    lines = [_row(head), _row(["---"] + ["---:"] * (len(head) - 1))]
    lines.append(_row(_group_row("all", outcomes, keys)))
    before = ""
    for attribute, value, some in groups(outcomes):
        if attribute != before:
            lines.append(_row([f"**{attribute}**"] + [""] * (len(head) - 1)))
            before = attribute
        name = f"*{value}*" if len(some) < FEW else value
        lines.append(_row(_group_row(name, some, keys)))
    return "\n".join(lines) + "\n"


def _group_row(name: str, outcomes: Sequence[Outcome], keys: Sequence[str]) -> list[str]:
    good = [outcome for outcome in outcomes if not outcome.failure]
    off = f"{np.mean([len(outcome.off) for outcome in good]):.1f}" if good else "-"
    return [
        name,
        str(len(outcomes)),
        str(len(outcomes) - len(good)),
        off,
        *(_cell(good, key) for key in keys),
    ]


def _cell(outcomes: Sequence[Outcome], key: str) -> str:
    told = spread(outcomes, key)
    if told is None:
        return "-"
    it = standard(key)
    wrong = (it.low is not None and told.median < it.low) or (it.high is not None and told.median > it.high)
    median = f"{told.median:{it.form}}"
    return f"{f'**{median}**' if wrong else median} ({told.low:{it.form}} to {told.high:{it.form}})"


def worst_list(outcomes: Sequence[Outcome]) -> str:
    """The worst films by name, with the reasons."""
    cases = worst(outcomes, WORST)
    if not cases:
        return "None: no measure of any film is off.\n"
    lines = []
    for case in cases:
        more = len(case.reasons) - REASONS
        reasons = "; ".join(case.reasons[:REASONS]) + (f"; and {more} more" if more > 0 else "")
        traits = ", ".join(_traits(case.outcome))
        lines.append(
            f"- **{case.outcome.name}** ({traits}): {'failed: ' if case.outcome.failure else ''}{reasons}"
        )
    fine = sum(not outcome.failure and not outcome.off for outcome in outcomes)
    lines.append(f"\n{fine} of {len(outcomes)} films are off in nothing.")
    return "\n".join(lines) + "\n"


def _traits(outcome: Outcome) -> list[str]:
    plain = {"none", "bare"}
    skip = {"licence", "engine"}
    return [value for key, value in outcome.attributes.items() if key not in skip and value not in plain]


def speech_table(outcomes: Sequence[Outcome]) -> str:
    """What depends on the speech, for each."""
    keys = [key for key in SPEECH_MEASURES if spread(outcomes, key)]
    head = ["speech", "language", "voice", "condition", *(label(key) for key in keys)]
    lines = [_row(head), _row(["---"] * 4 + ["---:"] * len(keys))]
    for outcome in outcomes:
        traits = [outcome.attributes.get(key, "") for key in ("language", "engine", "condition")]
        cells = [outcome.failure] if outcome.failure else [_figure(outcome, key) for key in keys]
        lines.append(_row([outcome.name, *traits, *cells]))
    people = ["*people*", "", "", "", *(_people(key) for key in keys)]
    return "\n".join([*lines, _row(people)]) + "\n"


def _figure(outcome: Outcome, key: str) -> str:
    if key not in outcome.measures:
        return "-"
    text = f"{outcome.measures[key]:{standard(key).form}}"
    return f"**{text}**" if key in outcome.off else text


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _failures(release: Release) -> str:
    failed = [outcome.name for outcome in release.outcomes if outcome.failure]
    return f"{len(failed)} failed: {', '.join(failed)}." if failed else "None failed."


def _speed(release: Release) -> str:
    done = [outcome for outcome in release.outcomes if outcome.frames]
    if not done:
        return ""
    portrait = float(np.median([outcome.seconds["portrait"] for outcome in done]))
    frame = float(np.median([1000 * outcome.seconds["film"] / outcome.frames for outcome in done]))
    judging = float(np.median([outcome.seconds.get("judging", 0.0) for outcome in done]))
    total = sum(sum(v for k, v in outcome.seconds.items() if k != "wall") for outcome in release.outcomes)
    return (
        f"Processor time, median: {portrait:.1f} s to prepare a portrait, {frame:.0f} ms a picture of the "
        f"film (voice, motion, drawing, encoding), {judging:.1f} s to judge it; "
        f"{total / 60:.0f} minutes of one core in all."
    )
