"""Teach the mouth refiner; resumable, with curves for TensorBoard, and written as ONNX.

python train/train_mouth.py mouth_pairs.npz --out runs/mouth
"""

from __future__ import annotations

import argparse
import math
import time
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional
from torch.utils.tensorboard import SummaryWriter

from mouth_net import Critic, MouthRefiner, inside_of
from vasari.render.mouth_view import (
    DEPTH,
    FLESH,
    HEIGHT,
    N_LAYERS,
    TEETH_LOWER,
    TEETH_UPPER,
    TONGUE,
    WIDTH,
)

BATCH = 16
LEARNING_RATE = 1e-3
#: One pair in so many only measures.
HELD_OUT_EVERY = 10
#: Weight of what is drawn as a tooth and looks like none in the photo.
STRAY_TEETH = 0.35
#: Weights of the losses: colours, colours after blurring (pixels), edges, the critic's.
COLOUR, TONE, TONE_BLUR, EDGES, CRITIC = 1.0, 2.0, 5, 0.5, 0.02


def load(path: Path) -> tuple[Tensor, Tensor, Tensor]:
    """Layers (N, N_LAYERS, H, W), real colours (N, 3, H, W), how far both show the same (N, 1, H, W)."""
    data = np.load(path)
    drawn = torch.from_numpy(data["drawn"]).float() / 255
    drawn[:, DEPTH] *= 1.5
    real = torch.from_numpy(data["real"]).float() / 255
    return drawn, real, agree(drawn, real)


def agree(drawn: Tensor, real: Tensor) -> Tensor:
    """Make the layers tell what the photos show, in place; returns the trust (N, 1, H, W) in each pixel.

    How far a jaw is open under parted lips cannot be seen on the lips: where the tongue is drawn there may be
    teeth in the photo. Those become lower teeth in the drawing too. Drawn teeth that are none count little.
    """
    teeth = drawn[:, TEETH_UPPER : TEETH_LOWER + 1].sum(1, keepdim=True)
    inside = inside_of(drawn)
    white = like_teeth(real, inside)
    tint = (drawn[:, :3] * teeth).sum((2, 3), keepdim=True) / teeth.sum((2, 3), keepdim=True).clamp_min(1)
    tint = torch.where(teeth.sum((2, 3), keepdim=True) > 8, tint, real.amax((2, 3), keepdim=True) * 0.8)
    soft = inside - teeth
    turned = soft * (white > 0.5)
    drawn[:, :3] += turned * (tint - drawn[:, :3])
    drawn[:, TONGUE : FLESH + 1] *= 1 - turned
    drawn[:, TEETH_LOWER : TEETH_LOWER + 1] += turned
    depth = (drawn[:, DEPTH : DEPTH + 1] * teeth).sum((2, 3), keepdim=True)
    drawn[:, DEPTH : DEPTH + 1] += turned * (
        depth / teeth.sum((2, 3), keepdim=True).clamp_min(1) - drawn[:, DEPTH : DEPTH + 1]
    )
    return 1 - teeth * (1 - white) * (1 - STRAY_TEETH)


def like_teeth(real: Tensor, inside: Tensor) -> Tensor:
    """How much (N, 1, H, W) each pixel inside looks like a tooth: bright and pale beside the skin."""
    luma = (real * torch.tensor([0.299, 0.587, 0.114]).view(1, 3, 1, 1)).sum(1, keepdim=True)
    red = (real[:, :1] - real[:, 1:2]) / (real[:, :1] + real[:, 1:2] + 0.1)
    around = (inside == 0).float()
    around = around / around.sum((2, 3), keepdim=True)
    bright = (luma / (luma * around).sum((2, 3), keepdim=True) - 0.62) / 0.06
    pale = ((red * around).sum((2, 3), keepdim=True) - red) / 0.03
    return torch.sigmoid(bright) * torch.sigmoid(pale) * (inside > 0)


def augmented(
    drawn: Tensor, real: Tensor, trust: Tensor, rng: torch.Generator
) -> tuple[Tensor, Tensor, Tensor]:
    """The pairs seen in other lights: mirrored, shifted, scaled, tinted, in grey."""
    n = len(drawn)

    def random(*shape: int) -> Tensor:
        return torch.rand(*shape, generator=rng) * 2 - 1

    both = torch.cat([drawn, real, trust], 1)
    turn = torch.zeros(n, 2, 3)
    scale = torch.exp(0.2 * random(n))
    turn[:, 0, 0] = scale * torch.sign(random(n))
    turn[:, 1, 1] = scale
    turn[:, :, 2] = 0.08 * random(n, 2)
    turn[:, 0, 1], turn[:, 1, 0] = 0.06 * random(n), 0.06 * random(n)
    both = functional.grid_sample(
        both,
        functional.affine_grid(turn, list(both.shape), align_corners=False),
        padding_mode="border",
        align_corners=False,
    )
    drawn, real, trust = both[:, :N_LAYERS].clone(), both[:, N_LAYERS : N_LAYERS + 3], both[:, N_LAYERS + 3 :]
    # the colour of teeth that a photo does not show is only a guess
    teeth = drawn[:, TEETH_UPPER : TEETH_LOWER + 1].sum(1, keepdim=True)
    colour = drawn[:, :3] * (1 + teeth * 0.12 * random(n, 1, 1, 1))
    gain = torch.exp(0.25 * random(n, 1, 1, 1) + 0.07 * random(n, 3, 1, 1))
    gamma = torch.exp(0.15 * random(n, 1, 1, 1))
    grey = (torch.rand(n, 1, 1, 1, generator=rng) < 0.15).float()
    luma = torch.tensor([0.299, 0.587, 0.114]).view(1, 3, 1, 1)

    def light(c: Tensor) -> Tensor:
        c = (c.clamp(1e-4, 1) ** gamma * gain).clamp(0, 1)
        return c + grey * ((c * luma).sum(1, keepdim=True) - c)

    drawn[:, :3] = light(colour)
    return drawn, light(real), trust


def blurred(x: Tensor) -> Tensor:
    """Smoothed twice by a box: nearly a Gaussian."""
    return functional.avg_pool2d(
        functional.avg_pool2d(x, TONE_BLUR, 1, TONE_BLUR // 2), TONE_BLUR, 1, TONE_BLUR // 2
    )


def losses(refined: Tensor, real: Tensor, inside: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Errors inside the mouth: of colours, of tone (blurred colours), of the strength of edges."""
    area = inside.sum() + 1
    error = (refined - real) * inside
    tone = blurred(error) / blurred(inside).clamp_min(0.2)

    def strength(c: Tensor) -> Tensor:
        across, down = (c[..., 1:] - c[..., :-1])[..., :-1, :], (c[..., 1:, :] - c[..., :-1, :])[..., :-1]
        return blurred((across.abs() + down.abs()).mean(1, keepdim=True))

    edges = ((strength(refined) - strength(real)) * inside[..., :-1, :-1]).abs().sum() / area
    return error.abs().sum() / area, (tone * inside).abs().sum() / area, edges


def measure(net: MouthRefiner, drawn: Tensor, real: Tensor, trust: Tensor) -> dict[str, float]:
    """Errors on pairs not trained on, drawn and refined, in levels of 255."""
    with torch.no_grad():
        inside = inside_of(drawn)
        before = losses(drawn[:, :3], real, inside * trust)
        after = losses(drawn[:, :3] + net(drawn) * inside, real, inside * trust)
    names = ("colour", "tone", "edges")
    return {f"drawn/{n}": 85 * float(v) for n, v in zip(names, before, strict=True)} | {
        f"refined/{n}": 85 * float(v) for n, v in zip(names, after, strict=True)
    }


def export(net: MouthRefiner, path: Path) -> None:
    """Write the network for onnxruntime."""
    layers = torch.zeros(1, N_LAYERS, HEIGHT, WIDTH)
    torch.onnx.export(
        net.eval(), (layers,), str(path), input_names=["layers"], output_names=["residual"],
        opset_version=17, dynamo=False,
    )  # fmt: skip
    net.train()


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pairs", type=Path)
    parser.add_argument("--out", type=Path, default=Path("runs/mouth"))
    parser.add_argument("--minutes", type=float, default=40)
    parser.add_argument("--critic-from", type=int, default=2500, help="step at which the critic joins")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    torch.manual_seed(0)
    rng = torch.Generator().manual_seed(0)
    drawn, real, trust = load(arguments.pairs)
    held = torch.arange(len(drawn)) % HELD_OUT_EVERY == 0
    net, critic = MouthRefiner(), Critic()
    optimiser = torch.optim.AdamW(net.parameters(), LEARNING_RATE, betas=(0.9, 0.99))
    judge = torch.optim.AdamW(critic.parameters(), LEARNING_RATE / 2, betas=(0.5, 0.99))
    step, saved = 0, arguments.out / "state.pt"
    if saved.exists():
        state = torch.load(saved, weights_only=True)
        net.load_state_dict(state["net"])
        critic.load_state_dict(state["critic"])
        optimiser.load_state_dict(state["optimiser"])
        judge.load_state_dict(state["judge"])
        step = state["step"]
    log = SummaryWriter(str(arguments.out))
    started = time.monotonic()
    ours, theirs, sure = drawn[~held], real[~held], trust[~held]
    while (elapsed := (time.monotonic() - started) / 60) < arguments.minutes:
        rate = LEARNING_RATE * 0.5 * (1 + math.cos(math.pi * min(elapsed / arguments.minutes, 1)))
        optimiser.param_groups[0]["lr"], judge.param_groups[0]["lr"] = rate, rate / 2
        pick = torch.randint(len(ours), (BATCH,), generator=rng)
        x, y, w = augmented(ours[pick], theirs[pick], sure[pick], rng)
        inside = inside_of(x)
        refined = x[:, :3] + net(x) * inside
        colour, tone, edges = losses(refined, y, inside * w)
        loss = COLOUR * colour + TONE * tone + EDGES * edges
        if step >= arguments.critic_from:
            composed = refined * inside + y * (1 - inside)  # the critic looks at what differs only
            wrong = functional.relu(1 + critic(composed.detach(), inside)).mean()
            right = functional.relu(1 - critic(y, inside)).mean()
            judge.zero_grad()
            (wrong + right).backward()
            judge.step()
            loss = loss - CRITIC * critic(composed, inside).mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        step += 1
        if step % 200 == 0:
            scores = measure(net, drawn[held], real[held], trust[held])
            for name, value in scores.items():
                log.add_scalar(name, value, step)
            print(step, f"{elapsed:.1f} min", {k: round(v, 2) for k, v in scores.items()}, flush=True)
        if step % 500 == 0:
            torch.save({"net": net.state_dict(), "critic": critic.state_dict(), "step": step,
                        "optimiser": optimiser.state_dict(), "judge": judge.state_dict()}, saved)  # fmt: skip
            export(net, arguments.out / "mouth_refiner.onnx")
    export(net, arguments.out / "mouth_refiner.onnx")


if __name__ == "__main__":
    main()
