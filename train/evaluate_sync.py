"""How well the sync net separates what belongs together: on clips and speakers that it has not learned from.

    python train/evaluate_sync.py --source ../shared/data --data ../motion-data

Prints Markdown tables, by the scorer of the package:
 - separation: real pairs against the same 80 and 200 ms off and against speech of another clip of the set (by
   the same speaker where there is one): how often the real one agrees better, the area under the curve of
   agreement and of confidence, and how far off the lag is when motion is moved by a random one; clips of one
   speaker are put together to get longer ones;
 - pretenders: what faces that do not speak, or do so otherwise, score with true speech, beside real ones;
 - sound: the same clips over bad lines.
"""

from __future__ import annotations

import argparse
import io
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import onnxruntime
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d
from scipy.signal import resample_poly

from disturbance import disturbed
from prepare_motion_data import hear, speech_of
from sync_calibration import MOST_SHIFT, crossed, embedded, groups_of, joined, shifted
from sync_data import SETS, Take, load_takes, split
from vasari.head.expressions import EXPRESSIONS
from vasari.measure.scorer import Embedded, SyncScore, SyncScorer
from vasari.motion import Controls
from vasari.motion.generator import MotionGenerator
from vasari.motion.motion import MOUTH, Motion

Floats = NDArray[np.float32]
Random = np.random.Generator
SECONDS = {"1.2": 1.2, "3": 3.0, "10": 10.0}


def separation(scorer: SyncScorer, takes: list[Take], seconds: float) -> str:
    """Cells of one row of the first table, or nothing where too few clips are long enough."""
    typical = float(np.median([len(t) for t in takes])) / 25
    together = max(1, round(seconds / typical))
    groups = groups_of(scorer, takes, together)
    if typical > 1.4 * seconds:  # cut long ones
        pieces = max(1, int(typical / seconds))
        groups = [[part] for group in groups for part in cut(group[0], pieces) if part.windows >= 15]
    if len(groups) < 4:
        return ""
    random, own, early, late, far, foreign = np.random.default_rng(0), *(list[SyncScore]() for _ in range(5))
    misses = []
    for k, group in enumerate(groups):
        other = groups[(k + 1) % len(groups)]
        own.append(scorer.judged(joined(group)))
        late.append(scorer.judged(joined([shifted(p, 2) for p in group])))
        early.append(scorer.judged(joined([shifted(p, -2) for p in group])))
        far.append(scorer.judged(joined([shifted(p, int(random.choice([-5, 5]))) for p in group])))
        foreign.append(scorer.judged(joined([crossed(a, b) for a, b in zip(group, other, strict=True)])))
        lag = int(random.integers(-MOST_SHIFT, MOST_SHIFT + 1))
        misses.append(scorer.judged(joined([shifted(p, lag) for p in group])).lag_ms - 40 * lag)
    real = np.array([s.agreement for s in own])
    better = [np.mean([real > [s.agreement for s in some]]) for some in (early, late, far, foreign)]
    sure = area([s.confidence for s in own], [s.confidence for s in foreign])
    wrong = np.abs(misses)
    return (
        f"{len(groups)} | {(better[0] + better[1]) / 2:.3f} | {better[2]:.3f} | {better[3]:.3f} | "
        f"{area(real, [s.agreement for s in foreign]):.3f} / {sure:.3f} | {np.median(misses):+.0f} ms | "
        f"{np.median(wrong):.0f} ms | {np.mean(wrong <= 60):.2f} | {np.median(real):.2f}"
    )


def cut(one: Embedded, pieces: int) -> list[Embedded]:
    """A clip in equal pieces."""
    columns = zip(*(np.array_split(x, pieces) for x in (one.heard, one.weight, one.seen)), strict=True)
    return [Embedded(h, w, s, int((w > 0).sum())) for h, w, s in columns]


def area(real: list[float] | NDArray[np.float64], false: list[float]) -> float:
    """Probability that a random real one scores above a random false one."""
    return float(np.mean(np.asarray(real)[:, None] > np.asarray(false)[None]))


def pretenders(random: Random) -> dict[str, Callable[[Floats], Floats]]:
    """Faces made from a real one (T, 52)."""
    mouth, jaw = list(MOUTH), EXPRESSIONS.index("jawOpen")

    def only_mouth(change: Callable[[Floats], Floats]) -> Callable[[Floats], Floats]:
        def changed(x: Floats) -> Floats:
            x = x.copy()
            x[:, mouth] = change(x[:, mouth])
            return np.clip(x, 0, 1.5).astype(np.float32)

        return changed

    def chewing(x: Floats) -> Floats:
        x = np.zeros_like(x)
        x[:, jaw] = 0.2 + 0.2 * np.sin(2 * np.pi * 4 * np.arange(len(x)) / 25)
        return x

    return {
        "as it is": only_mouth(lambda x: x),
        "half as wide": only_mouth(lambda x: 0.5 * x),
        "twice as wide": only_mouth(lambda x: 2 * x),
        "another rest face (smile .3)": lambda x: (
            x + 0.3 * np.isin(np.arange(52), [43, 44]).astype(np.float32)
        ),
        "smoothed (80 ms)": only_mouth(lambda x: gaussian_filter1d(x, 2, axis=0)),
        "trembling (std .05)": only_mouth(lambda x: x + 0.05 * random.standard_normal(x.shape)),
        "frozen": only_mouth(lambda x: np.repeat(x[:1], len(x), 0)),
        "frozen, trembling": only_mouth(lambda x: x[:1] + 0.05 * random.standard_normal(x.shape)),
        "trembling alone, wide": only_mouth(lambda x: x.mean(0) + x.std(0) * random.standard_normal(x.shape)),
        "chewing at 4 Hz": chewing,
        "backwards": only_mouth(lambda x: x[::-1]),
    }


def played(scorer: SyncScorer, takes: list[Take], change: Callable[[Take], Floats]) -> str:
    """Cells: median agreement at lag 0, share above the real one's, confidence, lag."""
    scores = [
        (scorer.judged(embedded(scorer, t, change(t))), scorer.judged(embedded(scorer, t))) for t in takes
    ]
    above = np.mean([a.agreement > b.agreement + 1e-6 for a, b in scores])
    names = ("agreement", "confidence", "lag_ms")
    middle, sure, lag = (float(np.median([getattr(a, n) for a, _ in scores])) for n in names)
    return f"{middle:.2f} | {above:.2f} | {sure:.2f} | " + (f"{lag:+.0f} ms" if sure > 0.5 else "-")


def loudness_driven(take: Take) -> Floats:
    """A jaw that opens as the voice is loud: the cheapest talking face."""
    from vasari.voice.features import MEL

    loud = take.features[::2, MEL].astype(np.float32).mean(1)
    jaw = np.clip((loud - np.quantile(loud, 0.1)) / (np.ptp(loud) + 1e-3), 0, 1)
    made = np.zeros_like(take.expression)
    made[:, EXPRESSIONS.index("jawOpen")] = 0.4 * jaw
    return made


def generated(take: Take) -> Floats:
    """What the package's own generator makes of the speech."""
    generator = MotionGenerator(Controls(seed=1))
    frames = generator.push(take.features.astype(np.float32), take.voice) + generator.finish()
    expression = Motion.of(frames).expression
    return np.pad(expression, ((0, max(0, len(take) - len(expression))), (0, 0)), "edge")[: len(take)]


def over(line: Callable[[Floats, Random], Floats], take: Take, clip: Path) -> Take:
    """A take with its sound heard over a bad line."""
    sound = line(speech_of(clip), np.random.default_rng(len(take)))
    heard = {k: v[: 2 * len(take)] for k, v in hear(sound.astype(np.float32)).items()}
    return replace(take, features=heard["features"], voice=heard["voice"].astype(np.float32))


def coded(sound: Floats, random: Random) -> Floats:
    """Through Opus at 12 kbit/s and back."""
    file = io.BytesIO()
    with av.open(file, "w", "ogg") as box:
        stream = box.add_stream("libopus", rate=48000, layout="mono", bit_rate=12000)
        wide = (resample_poly(sound, 3, 1).clip(-1, 1) * 32767).astype(np.int16)
        frame = av.AudioFrame.from_ndarray(wide[None], "s16", "mono")
        frame.sample_rate = 48000
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            box.mux(packet)
    with tempfile.NamedTemporaryFile(suffix=".ogg") as copy:
        copy.write(file.getvalue())
        copy.flush()
        back = speech_of(Path(copy.name))
    return np.pad(back, (0, max(0, len(sound) - len(back))))[: len(sound)]


def lines(babble: Floats) -> dict[str, Callable[[Floats, Random], Floats]]:
    """What is done to the sound."""
    return {
        "as it is": lambda s, r: s,
        "20 dB softer": lambda s, r: 0.1 * s,
        "Opus, 12 kbit/s": coded,
        "room, noise, telephone, colour at random": lambda s, r: disturbed(s, r, babble),
    }


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--source", type=Path, default=Path("../shared/data"))
    parser.add_argument("--data", type=Path, default=Path("../motion-data"))
    parser.add_argument("--net", type=Path, default=Path("src/vasari/assets/sync.onnx"))
    parser.add_argument(
        "--chosen", action="store_true", help="on the clips to choose by, not on those to test on"
    )
    args = parser.parse_args()
    scorer = SyncScorer(onnxruntime.InferenceSession(args.net, providers=["CPUExecutionProvider"]))
    sets = {f: split(load_takes(args.data, f, variants=False), f)[1 if args.chosen else 2] for f in SETS}
    sets = {name: [t for t in takes if t.near.sum() >= 15] for name, takes in sets.items() if takes}
    print(
        "| held out | seconds | clips | > 80 ms off | > 200 ms off | > foreign speech | "
        "area: agreement / confidence | lag, median | lag error, median | within 60 ms | agreement |"
    )
    print("|---|---|---|---|---|---|---|---|---|---|---|")
    for name, takes in sets.items():
        for label, seconds in SECONDS.items():
            if cells := separation(scorer, takes, seconds):
                print(f"| {name} | {label} | {cells} |", flush=True)
    print("\n| motion with its true speech | set | agreement | above the real one | confidence | lag |")
    print("|---|---|---|---|---|---|")
    for name, takes in sets.items():
        for label, change in pretenders(np.random.default_rng(0)).items():
            print(f"| {label} | {name} | {played(scorer, takes, lambda t, c=change: c(t.expression))} |")
        print(f"| jaw by loudness | {name} | {played(scorer, takes, loudness_driven)} |")
        print(f"| Vasari's own | {name} | {played(scorer, takes[:40], generated)} |", flush=True)
    print(
        "\n| sound | set | clips | > 80 ms off | > 200 ms off | > foreign speech | areas | lag | lag error | "
        "within 60 ms | agreement |"
    )
    print("|---|---|---|---|---|---|---|---|---|---|---|")
    babble = np.concatenate(
        [speech_of(c) for c in sorted((args.source / "talking/grid_s1").glob("*.mp4"))[:3]]
    )
    for label, line in lines(babble).items():
        for name, takes in sets.items():
            heard = [over(line, t, args.source / "talking" / name / f"{t.clip}.mp4") for t in takes[:40]]
            if cells := separation(scorer, heard, 1.2 if name == "lrc_ar" else 3.0):
                print(f"| {label} | {name} | {cells} |", flush=True)


if __name__ == "__main__":
    main()
