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


class StreamingEncoder(nn.Module):
    """One block: (samples, state) -> (frames, state). The state is (power, age, keys, values)."""

    def __init__(self, weights: Arrays) -> None:
        super().__init__()
        for name, value in weights.items():
            if value.dtype == np.float32 and value.size > 10_000:  # convolutions: half precision on disk
                value = value.astype(np.float16)
            self.register_buffer(name.replace(".", "_"), torch.tensor(value))
        angle = np.outer(np.arange(CONTEXT + BLOCK + AHEAD), weights["frequency"]).repeat(2, 1)
        self.register_buffer("cos", torch.tensor(np.cos(angle), dtype=torch.float32)[:, None])
        self.register_buffer("sin", torch.tensor(np.sin(angle), dtype=torch.float32)[:, None])
        swap = np.zeros((ROTARY, ROTARY), np.float32)  # (x0, x1) -> (-x1, x0) for each pair
        swap[range(1, ROTARY, 2), range(0, ROTARY, 2)] = -1
        swap[range(0, ROTARY, 2), range(1, ROTARY, 2)] = 1
        self.register_buffer("swap", torch.tensor(swap))

    def weight(self, name: str) -> Tensor:
        """A tensor of the published file, as float."""
        name = name.replace(".", "_")
        if hasattr(self, f"{name}_q"):
            q, scale, zero = (getattr(self, f"{name}_{part}") for part in ("q", "scale", "zero"))
            return (q.float() - zero.float()) * scale
        tensor: Tensor = getattr(self, name)
        return tensor.float()

    def forward(
        self, samples: Tensor, power: Tensor, age: Tensor, keys: Tensor, values: Tensor
    ) -> tuple[Tensor, ...]:
        """Shapes: samples (1, 1, HOP (BLOCK + AHEAD - 1) + FIELD), power (1), age (1) blocks done,
        keys and values (LAYERS, CONTEXT, HEADS, WIDTH) -> frames (BLOCK + 1, 288), the last one
        provisional, and the next state."""  # noqa: D209
        y = torch.tanh(
            functional.conv1d(samples, self.weight("conv1.weight"), stride=STRIDES[0])
        )  # (1, 288, t)
        power = self.follow(power, age, y[:, :, -BLOCK * HOP // STRIDES[0] :].square().mean())
        y = y * torch.rsqrt(power + EPSILON) * self.weight("groupnorm.mul") + self.weight("groupnorm.add")
        y = functional.gelu(
            functional.conv1d(y, self.weight("conv2.weight"), self.weight("conv2.bias"), stride=STRIDES[1])
        )
        y = functional.gelu(
            functional.conv1d(y, self.weight("conv3.weight"), self.weight("conv3.bias"), stride=STRIDES[2])
        )
        x = y[0].T  # (BLOCK + AHEAD, 288)
        unseen = (torch.arange(CONTEXT) < CONTEXT - BLOCK * age).float() * -1e9
        unseen = torch.cat((unseen, torch.zeros(BLOCK + AHEAD)))
        next_keys, next_values = [], []
        for layer in range(LAYERS):
            x, k, v = self.layer(f"layers.{layer}", x, keys[layer], values[layer], unseen)
            next_keys.append(k)
            next_values.append(v)
        frames = self.norm(x[: BLOCK + 1], "layer_norm")
        return frames, power, (age + 1).clamp(max=1e6), torch.stack(next_keys), torch.stack(next_values)

    def follow(self, power: Tensor, age: Tensor, new: Tensor) -> Tensor:
        """The running power after one more block: quick to rise, slow to fall, quickest at the start."""
        seconds = BLOCK * HOP / 16_000
        tau = torch.where(new > power, ATTACK, RELEASE)
        tau = torch.minimum(tau, WARM_UP + seconds * age)
        return power + (1 - torch.exp(-seconds / tau)) * (new - power)

    def layer(self, name: str, x: Tensor, keys: Tensor, values: Tensor, unseen: Tensor) -> tuple[Tensor, ...]:
        """One transformer layer on (n, 288). Keys are kept unturned, and turned by their place."""
        norm = self.norm(x, f"{name}.input_layernorm")
        q, k, v = (
            (norm @ self.weight(f"{name}.self_attn.{part}_proj")).view(-1, HEADS, WIDTH) for part in "qkv"
        )
        k, v = torch.cat((keys, k)), torch.cat((values, v))  # (CONTEXT + n, HEADS, WIDTH)
        score = self.turn(q, CONTEXT).transpose(0, 1) @ self.turn(k, 0).permute(1, 2, 0) * WIDTH**-0.5
        mixed = (score + unseen).softmax(-1) @ v.transpose(0, 1)  # (HEADS, n, WIDTH)
        x = x + mixed.transpose(0, 1).reshape(-1, HEADS * WIDTH) @ self.weight(f"{name}.self_attn.o_proj")
        norm = self.norm(x, f"{name}.post_attention_layernorm")
        hidden = functional.gelu(norm @ self.weight(f"{name}.mlp.fc1") + self.weight(f"{name}.mlp.fc1.bias"))
        x = x + hidden @ self.weight(f"{name}.mlp.fc2") + self.weight(f"{name}.mlp.fc2.bias")
        return x, k[BLOCK : BLOCK + CONTEXT], v[BLOCK : BLOCK + CONTEXT]

    def norm(self, x: Tensor, name: str) -> Tensor:
        """Layer norm of (n, 288)."""
        return functional.layer_norm(x, (HEADS * WIDTH,), self.weight(f"{name}.weight"), None, EPSILON)

    def turn(self, x: Tensor, first: int) -> Tensor:
        """Rotary position embedding (Su et al., 2021) of (n, HEADS, WIDTH), the first row at ``first``."""
        cos, sin = (table[first : first + x.shape[0]] for table in (self.cos, self.sin))
        turned = x[..., :ROTARY] * cos + x[..., :ROTARY] @ self.swap * sin
        return torch.cat((turned, x[..., ROTARY:]), -1)


def first_state() -> tuple[Tensor, ...]:
    """The state before any sound."""
    cache = torch.zeros(LAYERS, CONTEXT, HEADS, WIDTH)
    return torch.tensor([FIRST_POWER]), torch.zeros(1), cache, cache.clone()


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
