"""Write size and sha256 of every asset into its card: ``python train/stamp_cards.py``.

An asset is a file ``name.ext`` or a folder ``name`` in ``src/vasari/assets``; its card is
``name.card.md``. The section ``## Files`` of the card is replaced, or added at its end.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

ASSETS = Path(__file__).resolve().parents[1] / "src" / "vasari" / "assets"


def main() -> None:
    """Stamp all cards."""
    for card in sorted(ASSETS.glob("*.card.md")):
        files = files_of(card)
        if not files:
            raise SystemExit(f"{card.name} has no file beside it")
        text = card.read_text(encoding="utf-8")
        stamped = re.sub(r"\n## Files\n.*?(?=\n## |\Z)", "", text, flags=re.DOTALL).rstrip() + "\n\n"
        stamped += section(files)
        if stamped != text:
            card.write_text(stamped, encoding="utf-8")
            print(f"{card.name}: {', '.join(file.name for file in files)}")


def files_of(card: Path) -> list[Path]:
    """The files that a card describes."""
    name = card.name.removesuffix(".card.md")
    folder = card.parent / name
    inside = sorted(folder.iterdir()) if folder.is_dir() else []
    beside = [path for path in card.parent.glob(f"{name}.*") if path != card]
    return [path for path in (*beside, *inside) if path.is_file() and path.suffix != ".py"]


def section(files: list[Path]) -> str:
    """The section ``## Files``."""
    rows = [
        f"| `{file.name}` | {file.stat().st_size} | `{hashlib.sha256(file.read_bytes()).hexdigest()}` |\n"
        for file in files
    ]
    return "## Files\n\n| file | bytes | sha256 |\n|---|---|---|\n" + "".join(rows)


if __name__ == "__main__":
    main()
