"""Make a trained acting net ready for use: ``acting.onnx`` from a checkpoint.

    python train/export_acting.py --data ../motion-data --checkpoint acting.ckpt --steps 4 --guidance 0,0

Steps of the flow and scales of guidance (of speech, of what is known) are those that evaluate_acting.py found
best. The rest position of the face is where the quietest tenth of the tracked clips had it.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from acting_data import CORNERS, FACE, Layout, split
from acting_net import Acting
from evaluate_acting import load
from lip_geometry import CHANNELS, LipGeometry
from onnx_header import write_header
from vasari.head.model import HeadModel
from vasari.motion.articulation import Articulation

Floats = NDArray[np.float32]
FORMAT, FORMAT_VERSION = "vasari-acting", 1
QUIETEST = 0.1  # share of moments whose face lies below what counts as rest


def rest(data: Path) -> list[float]:
    """Weights of face and corners at the mean of the clips, over their rest."""
    sets = split(data, LipGeometry(HeadModel.load()), Articulation(), ("",), test=False)
    lows = [
        np.quantile(c.state[:, : Layout.head.start], QUIETEST, axis=0)
        for clips in sets.values()
        for c in clips
        if c.free[: Layout.head.start].all()
    ]
    return [round(float(-v), 4) for v in np.median(lows, 0)]


def export(acting: Acting, path: Path, facts: dict[str, object]) -> None:
    """Write the net as ONNX; its metadata say how to feed it."""
    shape = acting.net.shape
    example = {
        "features": torch.zeros(1, 2 * shape.frames, shape.features),
        "past": torch.zeros(1, shape.past, Layout.state),
        "known": torch.zeros(1, shape.past + shape.new, Layout.known),
        "exists": torch.ones(1, shape.past + shape.new),
        "style": torch.zeros(1, len(Layout.style)),
        "noise": torch.zeros(1, shape.new, Layout.state),
    }
    torch.onnx.export(
        acting,
        tuple(example.values()),
        path,
        input_names=list(example),
        output_names=["state"],
        opset_version=17,
        dynamo=False,
    )
    header = {
        "format": FORMAT,
        "version": FORMAT_VERSION,
        "past": shape.past,
        "new": shape.new,
        "ahead": shape.ahead,
        "features": shape.features,
        "face": [*FACE, *CORNERS],
        "mouth": list(CHANNELS),
        "steps": acting.steps,
        "guidance": list(acting.scales),
        **facts,
    }
    write_header(path, header)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../motion-data"))
    parser.add_argument("--checkpoint", type=Path, default=Path("acting.ckpt"))
    parser.add_argument("--steps", type=int, default=4)
    parser.add_argument("--guidance", default="0,0")
    parser.add_argument("--out", type=Path, default=Path("src/vasari/assets/acting.onnx"))
    args = parser.parse_args()
    net, _ = load(args.checkpoint)
    acting = Acting(net, args.steps, *map(float, args.guidance.split(","))).eval()
    export(acting, args.out, {"rest": rest(args.data)})
    print(f"wrote {args.out}: {args.out.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
