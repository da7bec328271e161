"""Convert MediaPipe's selfie segmentation from TFLite to ONNX: which pixels show a person.

    pip install ai-edge-litert onnx onnxruntime
    pip download --no-deps mediapipe==0.10.21 && unzip mediapipe-0.10.21-*.whl -d WHEEL
    python train/convert_segmentation.py --modules WHEEL/mediapipe/modules --out src/vasari/assets

Translated operator by operator, with the machinery of ``convert_landmarks.py``; weights keep their
half-precision storage. Output: ``person_mask.onnx``, checked against LiteRT on noise and on smooth pictures.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from ai_edge_litert.interpreter import Interpreter

from convert_landmarks import Converter

SIDE = 256


class SegmentationConverter(Converter):
    """The operators of the segmentation net that the landmark nets lack."""

    def _op_hard_swish(self, inputs: list[int], outputs: list[int], options: Any) -> str:
        return self.node("HardSwish", self.names[inputs[0]])

    def _op_logistic(self, inputs: list[int], outputs: list[int], options: Any) -> str:
        return self.node("Sigmoid", self.names[inputs[0]])

    def _op_average_pool_2d(self, inputs: list[int], outputs: list[int], options: Any) -> str:
        assert self._shape(outputs[0])[1:3] == [1, 1]  # over the whole map, in this graph
        return self.node("GlobalAveragePool", self.names[inputs[0]])

    def _op_mul(self, inputs: list[int], outputs: list[int], options: Any) -> str:
        return self.node("Mul", *(self.names[i] for i in inputs))

    def _op_resize_bilinear(self, inputs: list[int], outputs: list[int], options: Any) -> str:
        assert options.halfPixelCenters
        _, height, width, channels = self._shape(outputs[0])
        return self.node(
            "Resize",
            self.names[inputs[0]],
            "",
            "",
            self.ints(1, channels, height, width),
            mode="linear",
            coordinate_transformation_mode="half_pixel",
        )

    def _op_convolution2dtransposebias(self, inputs: list[int], outputs: list[int], options: Any) -> str:
        weights = self._weights(inputs[1], 3, 0, 1, 2)  # (out, h, w, in) -> (in, out, h, w)
        return self.node("ConvTranspose", self.names[inputs[0]], weights, self._weights(inputs[2]),
                         kernel_shape=[2, 2], strides=[2, 2])  # fmt: skip


def convert(source: Path, target: Path) -> None:
    """Probability (256, 256) that a pixel of a ``uint8`` picture (256, 256, 3) shows a person."""
    converter = SegmentationConverter(source)
    converter.read_constants()
    picture = converter.picture_input(scale=1 / 255, offset=0.0)
    converter.convert_operators()
    mask = converter.output("activation_10")[1]
    doc = "Selfie segmentation, MediaPipe 0.10.21, Apache-2.0"
    converter.save(target, [picture], {"person": (mask, [SIDE, SIDE])}, doc)


def check(source: Path, target: Path) -> float:
    """Largest difference between LiteRT and ONNX Runtime on noise of several scales."""
    interpreter = Interpreter(str(source))
    interpreter.allocate_tensors()
    session = onnxruntime.InferenceSession(str(target), providers=["CPUExecutionProvider"])
    rng = np.random.default_rng(0)
    worst = 0.0
    for cell in (1, 4, 16, 64):
        coarse = rng.integers(0, 256, (SIDE // cell, SIDE // cell, 3), np.uint8)
        picture = np.ascontiguousarray(coarse.repeat(cell, 0).repeat(cell, 1))
        interpreter.set_tensor(
            interpreter.get_input_details()[0]["index"], (picture / np.float32(255))[None].astype(np.float32)
        )
        interpreter.invoke()
        theirs = interpreter.get_tensor(interpreter.get_output_details()[0]["index"]).reshape(SIDE, SIDE)
        ours = session.run(["person"], {"picture": picture})[0]
        worst = max(worst, float(np.abs(theirs - ours).max()))
    return worst


def main() -> None:
    """Convert and check."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--modules", type=Path, required=True, help="mediapipe/modules of the unpacked wheel")
    parser.add_argument("--out", type=Path, default=Path("src/vasari/assets"))
    args = parser.parse_args()
    source = args.modules / "selfie_segmentation/selfie_segmentation.tflite"
    target = args.out / "person_mask.onnx"
    convert(source, target)
    print(f"against LiteRT, largest difference: {check(source, target):.2g}")


if __name__ == "__main__":
    main()
