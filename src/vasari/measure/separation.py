"""Does the yardstick tell real clips from controls? The table of docs/measure.md.

    python -m vasari.measure.separation clips/*.mp4
    python -m vasari.measure.separation --join 3 clips/*.mp4   # short clips, three at a time

Every clip is watched once and judged as it is, and again as four controls made of it: its pictures standing
still, its sound moved by 200 ms either way, and the speech of the next clip in place of its own. Printed as a
Markdown table: of how many clips of each kind the report says that lips and speech belong together, that they
do not, and that it cannot be told.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from vasari.errors import VasariError
from vasari.head.landmarks import FaceLandmarker
from vasari.head.track import Track
from vasari.measure.clip import Clip
from vasari.measure.hearing import Hearing
from vasari.measure.mouth import measure_mouth
from vasari.measure.scorer import SyncScorer
from vasari.measure.sync import judged, measure_sync
from vasari.measure.verdict import Verdict, judge
from vasari.motion.motion import Motion

#: How far the sound is moved, seconds.
MOVED_S = 0.2
#: Kinds of clips, and what the report should say of them.
KINDS = {
    "as recorded": Verdict.good,
    "still picture": Verdict.off,
    "lips 200 ms late": Verdict.off,
    "lips 200 ms early": Verdict.off,
    "foreign speech": Verdict.off,
}
#: The measures that tell whether lips and speech belong together.
DECISIVE = ("sync.belonging", "sync.lag", "mouth.opening")


def controls(clip: Clip, foreign: Clip) -> Iterator[tuple[str, Clip]]:
    """The clip and what is made of it, by kind."""
    yield "as recorded", clip
    yield "still picture", replace(clip, track=stilled(clip.track))
    yield "lips 200 ms late", clip.with_speech(clip.hearing.delayed(-MOVED_S))
    yield "lips 200 ms early", clip.with_speech(clip.hearing.delayed(MOVED_S))
    yield "foreign speech", clip.with_speech(foreign.hearing)


def stilled(track: Track) -> Track:
    """A track that stands still where it is in its middle."""
    middle = len(track.motion) // 2
    motion = Motion.of([track.motion[middle]] * len(track.motion))
    held = {
        name: np.full_like(getattr(track, name), getattr(track, name)[middle])
        for name in ("lip_gap", "model_lip_gap", "mouth_width", "rms")
    }
    return replace(track, motion=motion, **held)


def together(clip: Clip, scorer: SyncScorer) -> Verdict:
    """Whether a report on the clip says that its lips and its speech belong together."""
    readings = measure_sync(clip, judged(clip, scorer)) | measure_mouth(clip, ())
    verdicts = {m.key: m.verdict for m in judge(readings) if m.key in DECISIVE}
    if Verdict.off in verdicts.values():
        return Verdict.off
    return verdicts["sync.belonging"]


def joined(clips: Sequence[Clip]) -> Clip:
    """One clip of several of the same speaker, as far as lips and speech go: laid end to end."""
    tracks = [clip.track for clip in clips]
    columns = {
        name: np.concatenate([getattr(track, name) for track in tracks])
        for name in ("lip_gap", "model_lip_gap", "mouth_width", "rms")
    }
    track = replace(tracks[0], motion=Motion.concat(track.motion for track in tracks), **columns)
    hearing = Hearing(
        np.concatenate([clip.hearing.features for clip in clips]),
        np.concatenate([clip.hearing.voice for clip in clips]),
    )
    return replace(clips[0], track=track, hearing=hearing)


def separation(clips: Iterable[Clip]) -> dict[str, Counter[Verdict]]:
    """Verdicts on the clips and their controls, counted by kind; the first clip is heard last once more."""
    scorer, counts = SyncScorer(), {kind: Counter[Verdict]() for kind in KINDS}
    first = before = None
    for clip in clips:
        if before is not None:
            _count(counts, before, clip, scorer)
        first, before = first or clip, clip
    if first is not None and before is not None and first is not before:
        _count(counts, before, first, scorer)
    return counts


def table(counts: dict[str, Counter[Verdict]]) -> str:
    """The counts as a Markdown table."""
    lines = ["| | clips | good | off | cannot be told | wrong |", "|---|---|---|---|---|---|"]
    for kind, count in counts.items():
        wrong = count[Verdict.off if KINDS[kind] == Verdict.good else Verdict.good]
        numbers = [count.total(), count[Verdict.good], count[Verdict.off], count[Verdict.untold], wrong]
        lines.append(f"| {kind} | " + " | ".join(map(str, numbers)) + " |")
    return "\n".join(lines)


def _count(counts: dict[str, Counter[Verdict]], clip: Clip, foreign: Clip, scorer: SyncScorer) -> None:
    for kind, made in controls(clip, foreign):
        counts[kind][together(made, scorer)] += 1


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("clips", type=Path, nargs="+", help="videos of one talking face each")
    parser.add_argument("--seconds", type=float, default=60.0, help="of each to look at")
    parser.add_argument("--join", type=int, default=1, help="this many clips in a row are laid end to end")
    args = parser.parse_args()
    clips = _observed(args.clips, args.seconds)
    if args.join > 1:
        clips = map(joined, zip(*[clips] * args.join, strict=False))
    print(table(separation(clips)))


def _observed(videos: list[Path], seconds: float) -> Iterator[Clip]:
    landmarker = FaceLandmarker()
    for video in videos:
        try:
            yield Clip.observe(video, seconds=seconds, landmarker=landmarker)
        except VasariError as error:
            print(f"left out: {error}", file=sys.stderr)


if __name__ == "__main__":
    main()
