"""Build ``assets/speech_encoder.onnx``: the Moonshine tiny encoder, made to stream.

    python train/convert_speech.py encoder_model.ort

The published encoder (Jeffries et al., "Moonshine: Speech Recognition for Live Transcription and Voice
Commands", 2024) reads a whole utterance: its group norm and its attention see everything. Here the same
weights run on blocks of ``BLOCK`` encoder frames: a block attends to the ``CONTEXT`` frames before it,
whose keys and values are kept, and to ``AHEAD`` frames after it, which are computed again, as part of the
next block, once they are final. The group norm divides by a running power instead of that of the utterance.

``encoder_model.ort`` is the file ``moonshine_voice/assets/tiny-en/encoder_model.ort`` inside the wheel
``moonshine-voice==0.0.55`` (MIT).
"""

from __future__ import annotations

import re
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import torch
import typer
from onnx import numpy_helper
from torch import Tensor, nn
from torch.nn import functional

BLOCK = 2  # encoder frames made final by one call
AHEAD = 2  # encoder frames of look-ahead
CONTEXT = 48  # encoder frames remembered
LAYERS, HEADS, WIDTH, ROTARY = 6, 8, 36, 32  # of the published network
STRIDES = (64, 3, 2)
KERNELS = (127, 7, 3)
HOP = 64 * 3 * 2  # samples between encoder frames at 16 kHz: 24 ms
FIELD = 127 + 64 * (7 - 1) + 64 * 3 * (3 - 1)  # samples under one encoder frame: 895
ATTACK, RELEASE = 1.0, 10.0  # s, time constants of the running power
WARM_UP = 0.5  # s, how long the first guess of the power counts
FIRST_POWER = 0.01  # mean square of the first convolution's output on speech at usual level
EPSILON = 1e-5

PARTS = ("q", "zero", "scale")  # of a matrix in 8 bits

Arrays = dict[str, np.ndarray]


def published_weights(path: Path) -> Arrays:
    """The published file's tensors by name; a quantised one as ``<name>.q``, ``.scale``, ``.zero``."""
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.add_session_config_entry("session.save_model_format", "ONNX")
    options.log_severity_level = 3
    with tempfile.TemporaryDirectory() as folder:
        options.optimized_model_filepath = f"{folder}/encoder.onnx"
        onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        graph = onnx.load(options.optimized_model_filepath).graph
    tensors = {t.name: numpy_helper.to_array(t) for t in graph.initializer}
    weights: Arrays = {"frequency": tensors["onnx::Expand_202"].ravel()}
    for name, value in tensors.items():
        if re.match(r"layers\.\d\.|conv|layer_norm", name):
            weights[name.replace(".weight_add_tensor", ".weight")] = value
    for node in graph.node:
        if node.op_type in ("MatMulIntegerToFloat", "DynamicQuantizeMatMul"):
            weight, scale, zero = (
                tensors[node.input[i]]
                for i in ((1, 3, 5) if node.op_type == "MatMulIntegerToFloat" else (1, 2, 3))
            )
            name = re.sub(r"^/|/(MatMul|Add)_output_0$", "", node.output[0]).replace("/", ".")
            weights |= {f"{name}.q": weight, f"{name}.scale": scale, f"{name}.zero": zero}
        if node.op_type in ("Mul", "Add") and "groupnorm" in node.output[0]:
            weights[f"groupnorm.{node.op_type.lower()}"] = tensors[node.input[1]]
    return weights


def as_matrix(weight: np.ndarray) -> np.ndarray:
    """A convolution's weights (out, in, kernel) as a matrix (kernel * in, out)."""
    return weight.transpose(2, 1, 0).reshape(-1, len(weight))


def in_8_bits(name: str, matrix: np.ndarray) -> Arrays:
    """A matrix (k, m) in 8 bits with a scale for each column."""
    scale = np.abs(matrix).max(0) / 127
    q = np.round(matrix / scale + 128).astype(np.uint8)
    return {f"{name}.q": q, f"{name}.zero": np.full(len(scale), 128, np.uint8), f"{name}.scale": scale}


class EightBitProduct(torch.autograd.Function):
    """x @ (q - zero) * scale with x rounded to 8 bits as well, as in the published network.

    It reads a quarter of what float weights would: reading them is what a small block costs.
    """

    @staticmethod
    def forward(_context: object, x: Tensor, q: Tensor, zero: Tensor, scale: Tensor) -> Tensor:
        """The same in float32, for tracing."""
        return x @ (q.float() - zero.float()) * scale

    @staticmethod
    def symbolic(graph: Any, x: Any, q: Any, zero: Any, scale: Any) -> Any:
        """The ONNX operators, which the runtime fuses into one."""
        rounded, x_scale, x_zero = graph.op("DynamicQuantizeLinear", x, outputs=3)
        product = graph.op("MatMulInteger", rounded, q, x_zero, zero)
        return graph.op("Mul", graph.op("Cast", product, to_i=1), graph.op("Mul", x_scale, scale))


class StreamingEncoder(nn.Module):
    """One block: (samples, state) -> (frames, state). The state is (power, age, keys, values)."""

    def __init__(self, weights: Arrays) -> None:
        super().__init__()
        conv2, conv3 = (as_matrix(weights.pop(f"{name}.weight")) for name in ("conv2", "conv3"))
        weights |= in_8_bits("conv2", conv2)
        # Half precision for this one: what comes into it has outliers, 8 bits would lose the rest.
        weights["conv3"] = conv3.astype(np.float16)
        for name, value in weights.items():
            self.register_buffer(name.replace(".", "_"), torch.tensor(value))
        # Turning by position: the first ROTARY of WIDTH numbers in pairs, the others stay.
        frequency = np.zeros(WIDTH)
        frequency[:ROTARY] = weights["frequency"].repeat(2)
        self.register_buffer("turning", torch.tensor(frequency))
        swap = np.zeros((WIDTH, WIDTH), np.float32)  # (x0, x1) -> (-x1, x0) for each pair
        swap[range(1, ROTARY, 2), range(0, ROTARY, 2)] = -1
        swap[range(0, ROTARY, 2), range(1, ROTARY, 2)] = 1
        self.register_buffer("swap", torch.tensor(swap))

    def weight(self, name: str) -> Tensor:
        """A tensor of the published file, as float."""
        tensor: Tensor = getattr(self, name.replace(".", "_"))
        return tensor.float()

    def product(self, x: Tensor, *names: str) -> Tensor:
        """Product of x (n, k) and the named 8-bit matrices (k, m) side by side."""
        parts = [[getattr(self, f"{name}_{part}".replace(".", "_")) for name in names] for part in PARTS]
        if len(names) == 1:
            return EightBitProduct.apply(x, *(part[0] for part in parts))
        width = parts[0][0].shape[1]
        q, zero, scale = torch.cat(parts[0], 1), *(torch.stack(p).repeat_interleave(width) for p in parts[1:])
        return EightBitProduct.apply(x, q, zero, scale)

    def windows(self, y: Tensor, layer: int) -> Tensor:
        """What a convolution over time of (n, channels) sees at each step: (m, kernel * channels)."""
        kernel, stride = KERNELS[layer], STRIDES[layer]
        starts = torch.arange(0, y.shape[0] - kernel + 1, stride)
        return y[starts[:, None] + torch.arange(kernel)].flatten(1)

    def forward(
        self, samples: Tensor, power: Tensor, age: Tensor, keys: Tensor, values: Tensor
    ) -> tuple[Tensor, ...]:
        """Make one block.

        Shapes: samples (1, 1, HOP (BLOCK + AHEAD - 1) + FIELD), power (1), age (1) blocks done, keys and
        values (LAYERS, CONTEXT, HEADS, WIDTH) -> frames (BLOCK + 1, 288), the last one provisional, and the
        next state.
        """
        y = functional.conv1d(samples, self.weight("conv1.weight"), stride=STRIDES[0])[0].T.tanh()
        power = self.follow(power, age, y[-BLOCK * HOP // STRIDES[0] :].square().mean())
        y = y * torch.rsqrt(power + EPSILON) * self.weight("groupnorm.mul").T + self.weight("groupnorm.add").T
        y = functional.gelu(self.product(self.windows(y, 1), "conv2") + self.weight("conv2.bias"))
        x = functional.gelu(self.windows(y, 2) @ self.weight("conv3") + self.weight("conv3.bias"))
        place = BLOCK * age + torch.arange(BLOCK + AHEAD)  # frame numbers
        angle = place.double()[:, None] * self.turning
        turn = angle.cos().float()[:, None], angle.sin().float()[:, None]  # (BLOCK + AHEAD, 1, WIDTH)
        unseen = (torch.arange(CONTEXT) < CONTEXT - BLOCK * age).float() * -1e9
        unseen = torch.cat((unseen, torch.zeros(BLOCK + AHEAD)))
        next_keys, next_values = [], []
        for layer in range(LAYERS):
            x, k, v = self.layer(f"layers.{layer}", x, keys[layer], values[layer], turn, unseen)
            next_keys.append(k)
            next_values.append(v)
        frames = self.norm(x[: BLOCK + 1], "layer_norm")
        return frames, power, age + 1, torch.stack(next_keys), torch.stack(next_values)

    def follow(self, power: Tensor, age: Tensor, new: Tensor) -> Tensor:
        """The running power after one more block: quick to rise, slow to fall, quickest at the start."""
        seconds = BLOCK * HOP / 16_000
        tau = torch.where(new > power, ATTACK, RELEASE)
        tau = torch.minimum(tau, WARM_UP + seconds * age.float())
        return power + (1 - torch.exp(-seconds / tau)) * (new - power)

    def layer(
        self, name: str, x: Tensor, keys: Tensor, values: Tensor, turn: tuple[Tensor, Tensor], unseen: Tensor
    ) -> tuple[Tensor, ...]:
        """One transformer layer on (n, 288), and its keys and values to remember."""
        norm = self.norm(x, f"{name}.input_layernorm")
        qkv = self.product(norm, *(f"{name}.self_attn.{part}_proj" for part in "qkv"))
        qkv = qkv.view(-1, 3, HEADS, WIDTH)
        q, k = (y * turn[0] + y @ self.swap * turn[1] for y in (qkv[:, 0], qkv[:, 1]))
        k, v = torch.cat((keys, k)), torch.cat((values, qkv[:, 2]))  # (CONTEXT + n, HEADS, WIDTH)
        score = q.transpose(0, 1) @ k.permute(1, 2, 0) * WIDTH**-0.5
        mixed = (score + unseen).softmax(-1) @ v.transpose(0, 1)  # (HEADS, n, WIDTH)
        mixed = mixed.transpose(0, 1).reshape(-1, HEADS * WIDTH)
        x = x + self.product(mixed, f"{name}.self_attn.o_proj")
        norm = self.norm(x, f"{name}.post_attention_layernorm")
        hidden = self.product(norm, f"{name}.mlp.fc1") + self.weight(f"{name}.mlp.fc1.bias")
        x = x + self.product(functional.gelu(hidden), f"{name}.mlp.fc2") + self.weight(f"{name}.mlp.fc2.bias")
        return x, k[BLOCK : BLOCK + CONTEXT], v[BLOCK : BLOCK + CONTEXT]

    def norm(self, x: Tensor, name: str) -> Tensor:
        """Layer norm of (n, 288)."""
        return functional.layer_norm(x, (HEADS * WIDTH,), self.weight(f"{name}.weight"), None, EPSILON)


def first_state() -> tuple[Tensor, ...]:
    """The state before any sound."""
    cache = torch.zeros(LAYERS, CONTEXT, HEADS, WIDTH)
    return torch.tensor([FIRST_POWER]), torch.zeros(1, dtype=torch.int64), cache, cache.clone()


def main(source: Path, out: Path = Path("src/vasari/assets/speech_encoder.onnx")) -> None:
    """Read the published encoder and write the streaming one."""
    encoder = StreamingEncoder(published_weights(source)).eval()
    samples = torch.zeros(1, 1, HOP * (BLOCK + AHEAD - 1) + FIELD)
    state = ["power", "age", "keys", "values"]
    torch.onnx.export(
        encoder,
        (samples, *first_state()),
        str(out),
        dynamo=False,
        do_constant_folding=False,
        opset_version=17,
        input_names=["samples", *state],
        output_names=["frames", *(f"next_{name}" for name in state)],
    )


if __name__ == "__main__":
    typer.run(main)
