"""Every asset has a card: what it is, where it comes from, what it cannot do; and is the file described."""

import hashlib
import re
from pathlib import Path

import pytest

import vasari

ASSETS = Path(vasari.__file__).parent / "assets"
CARDS = sorted(ASSETS.glob("*.card.md"))
HEADINGS = ("Data", "Scores", "Intended use", "Limits", "Who is missing", "Files")
LICENCES = ("Apache-2.0", "MIT", "CC0", "public domain")


def files() -> list[Path]:
    found = [path for path in ASSETS.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    return [path for path in found if path not in CARDS and path.suffix != ".py"]


def card_of(file: Path) -> Path:
    inside = file.relative_to(ASSETS).parts
    return ASSETS / f"{inside[0] if len(inside) > 1 else file.stem}.card.md"


def sections(card: Path) -> dict[str, str]:
    parts = re.split(r"^## (.+)$", card.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


@pytest.mark.parametrize("file", files(), ids=lambda path: path.name)
def test_an_asset_is_the_one_its_card_describes(file: Path) -> None:
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    row = f"| `{file.name}` | {file.stat().st_size} | `{digest}` |"
    assert row in sections(card_of(file))["Files"], "run python train/stamp_cards.py"


@pytest.mark.parametrize("card", CARDS, ids=lambda path: path.name)
def test_a_card_is_full(card: Path) -> None:
    found = sections(card)
    assert [name for name in HEADINGS if not found.get(name, "").strip()] == []
    text = card.read_text(encoding="utf-8")
    assert any(licence in text for licence in LICENCES)
    assert re.search(r"licence|Licence", text)
    assert re.search(r"recipe|Recipe", text)


@pytest.mark.parametrize("card", CARDS, ids=lambda path: path.name)
def test_the_scripts_and_modules_a_card_names_exist(card: Path) -> None:
    root = Path(__file__).resolve().parents[1]
    for script in re.findall(r"`(?:python )?((?:train|tests)/[\w/]+\.py)", card.read_text(encoding="utf-8")):
        assert (root / script).exists(), script
    for name in re.findall(r"`(vasari\.[a-z_.]+)", card.read_text(encoding="utf-8")):
        place = root / "src" / name.rstrip(".").replace(".", "/")
        assert place.is_dir() or place.with_suffix(".py").exists(), name


def test_every_card_describes_something() -> None:
    assert {card_of(file) for file in files()} == set(CARDS)
