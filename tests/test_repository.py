"""What may lie in the repository: nothing large, no media, nothing that unpickles."""

import subprocess
from pathlib import Path

import vasari

ROOT = Path(__file__).resolve().parents[1]
MIB = 1 << 20
LARGEST_FILE = 16 * MIB
ALL_ASSETS = 60 * MIB
FORBIDDEN = {".mp4", ".webm", ".mkv", ".avi", ".mov", ".pt", ".pth", ".ckpt", ".pkl", ".pickle"}


def tracked() -> list[Path]:
    """The files git holds or would take; in an unpacked source archive, all files."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT, capture_output=True
    )
    if listing.returncode == 0:
        paths = [ROOT / name for name in listing.stdout.decode().split("\0") if name]
    else:
        paths = list(ROOT.rglob("*"))
    return [path for path in paths if path.is_file()]


def assets() -> Path:
    return Path(vasari.__file__).parent / "assets"


def test_no_file_is_large() -> None:
    large = {str(path.relative_to(ROOT)): path.stat().st_size for path in tracked()}
    assert {name: size for name, size in large.items() if size > LARGEST_FILE} == {}


def test_no_generated_media_and_no_pickles() -> None:
    assert [path.name for path in tracked() if path.suffix.lower() in FORBIDDEN] == []


def test_assets_fit_in_a_wheel() -> None:
    assert sum(path.stat().st_size for path in assets().rglob("*") if path.is_file()) < ALL_ASSETS


def test_every_weight_file_has_a_card() -> None:
    formats = {".npz", ".onnx", ".ort", ".safetensors", ".tflite"}
    weights = [path for path in assets().iterdir() if path.suffix in formats]
    assert weights
    cards = [card.name.removesuffix(".card.md") for card in assets().glob("*.card.md")]
    assert [p.name for p in weights if not any(p.name.startswith(card) for card in cards)] == []


def test_notice_credits_every_card() -> None:
    notice = (ROOT / "NOTICE").read_text()
    assert [p.name for p in assets().glob("*.card.md") if p.name.removesuffix(".card.md") not in notice] == []
