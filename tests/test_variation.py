"""Several performances of one speech."""

from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from conftest import WriteWav
from vasari import OutputError, Portrait, UsageError, variations

QUICK: dict[str, Any] = {"size": 256, "fps": 25}


def last_picture(path: Path) -> NDArray[np.float32]:
    with av.open(str(path)) as film:
        return [frame.to_ndarray(format="gray") for frame in film.decode(video=0)][-1].astype(np.float32)


def test_each_is_another_performance(
    portrait: Portrait, speech: NDArray[np.float32], write_wav: WriteWav, tmp_path: Path
) -> None:
    spoken = write_wav(tmp_path / "a.wav", speech[40000:64000])
    made = variations(portrait, spoken, tmp_path / "talk.mp4", count=2, seed=3, **QUICK)
    assert [film.path for film in made] == [tmp_path / "talk-1.mp4", tmp_path / "talk-2.mp4"]
    one, other = (last_picture(tmp_path / f"talk-{number}.mp4") for number in (1, 2))
    assert np.abs(one - other).mean() > 1.0


def test_nothing_is_begun_unless_all_can_be_written(portrait: Portrait, tmp_path: Path) -> None:
    (tmp_path / "talk-2.mp4").write_bytes(b"mine")
    with pytest.raises(OutputError, match=r"talk-2\.mp4 exists"):
        variations(portrait, tmp_path / "a.wav", tmp_path / "talk.mp4", count=2, **QUICK)
    assert [path.name for path in tmp_path.iterdir()] == ["talk-2.mp4"]


@pytest.mark.parametrize(("count", "out"), [(0, "talk.mp4"), (17, "talk.mp4"), (2, "-")])
def test_impossible_counts_and_places(portrait: Portrait, count: int, out: str) -> None:
    with pytest.raises(UsageError):
        variations(portrait, "a.wav", out, count=count, **QUICK)
