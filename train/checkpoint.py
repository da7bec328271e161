"""A training that can be stopped and gone on with: its parts in one file, its curves beside it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.utils.tensorboard import SummaryWriter

Part = nn.Module | torch.optim.Optimizer | torch.optim.lr_scheduler.LRScheduler


class Checkpoint:
    """The file of one training.

    Args:
        path: where it lies; TensorBoard's curves go into the folder of the same name without suffix.
        parts: what must be kept, by name: nets, the optimizer, its schedule.
    """

    def __init__(self, path: Path, **parts: Part) -> None:
        self._path, self._parts = path, parts

    def resume(self) -> int:
        """Take up where the file left off; returns how many steps were made, 0 without a file."""
        if not self._path.exists():
            return 0
        saved = torch.load(self._path, weights_only=True)
        for name, part in self._parts.items():
            part.load_state_dict(saved[name])
        return int(saved["step"])

    def save(self, step: int, **facts: Any) -> None:
        """Keep the parts and some facts after a number of steps; the file is always whole."""
        new = self._path.with_suffix(".part")
        torch.save({"step": step, **facts} | {k: p.state_dict() for k, p in self._parts.items()}, new)
        new.replace(self._path)

    def curves(self, first: int) -> SummaryWriter:
        """TensorBoard's curves; what was drawn after the first step to come is forgotten."""
        return SummaryWriter(str(self._path.with_suffix("")), purge_step=first)
