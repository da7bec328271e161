"""Build the documentation into site/: ``python docs/build_site.py`` (needs ``pip install '.[docs]'``).

The cards of the assets become pages first (docs/cards/, not kept in git). A warning, such as a link that
leads nowhere, fails the build.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

DOCS = Path(__file__).resolve().parent
ASSETS = DOCS.parent / "src" / "vasari" / "assets"
CARDS = DOCS / "cards"

INTRODUCTION = """# Cards

What each file in `src/vasari/assets` is, where it comes from, how it was made, how well it does, what it
should and should not be used for, and whom its data leaves out. The data sets themselves are described in
[Data](../data.md).

| asset | what |
|---|---|
"""


def main() -> int:
    """Write the cards, build the site; returns the builder's exit code."""
    write_cards()
    return subprocess.run(
        [sys.executable, "-m", "zensical", "build", "--strict", "--clean"], cwd=DOCS.parent
    ).returncode


def write_cards() -> None:
    """One page a card, and a table of them."""
    CARDS.mkdir(exist_ok=True)
    for old in CARDS.glob("*.md"):
        old.unlink()
    rows = ""
    for card in sorted(ASSETS.glob("*.card.md")):
        text = card.read_text(encoding="utf-8")
        page = card.name.replace(".card.md", ".md")
        (CARDS / page).write_text(text, encoding="utf-8")
        title = text.partition("\n")[0].removeprefix("# ")
        rows += f"| [{title}]({page}) | {summary(text)} |\n"
    (CARDS / "index.md").write_text(INTRODUCTION + rows, encoding="utf-8")


def summary(card: str) -> str:
    """The row ``what`` of a card's table, or the first sentence under its title."""
    row = re.search(r"^\| what \| (.+?) \|$", card, flags=re.MULTILINE)
    if row:
        return row[1]
    first = re.search(r"\n\n([A-Z].+?)(?:\.\s|:|\n\n)", card, flags=re.DOTALL)
    return first[1].replace("\n", " ") if first else ""


if __name__ == "__main__":
    raise SystemExit(main())
