"""The mouth refiner: a small U-Net from the layers of the drawn mouth to a residual of its colours.

After Ronneberger et al., "U-Net" (MICCAI 2015), on pixels folded into channels (Shi et al., "sub-pixel
convolution", CVPR 2016) so that all convolutions run at half the view's size or less.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from vasari.render.mouth_view import FLESH, N_LAYERS, TEETH_UPPER

#: Largest change of a colour, 1 is from black to white.
REACH = 0.5


class MouthRefiner(nn.Module):
    """Layers (B, N_LAYERS, H, W) to a residual (B, 3, H, W); zero before training and outside the mouth."""

    def __init__(self, width: int = 16) -> None:
        super().__init__()
        self.enter = nn.Conv2d(4 * N_LAYERS, width, 3, padding=1)
        self.down = nn.Conv2d(width, 2 * width, 3, stride=2, padding=1)
        self.deep = nn.ModuleList([nn.Conv2d(2 * width, 2 * width, 3, padding=1) for _ in range(4)])
        self.up = nn.Conv2d(2 * width, 4 * width, 1)
        self.join = nn.Conv2d(2 * width, width, 3, padding=1)
        self.leave = nn.Conv2d(width, 12, 3, padding=1)
        nn.init.zeros_(self.leave.weight)
        nn.init.zeros_(self.leave.bias)

    def forward(self, layers: Tensor) -> Tensor:
        """Residual of layers; see the class."""
        near = functional.relu(self.enter(functional.pixel_unshuffle(layers, 2)))  # (B, C, H/2, W/2)
        far = functional.relu(self.down(near))  # (B, 2C, H/4, W/4)
        for first, second in zip(self.deep[::2], self.deep[1::2], strict=True):
            far = far + second(functional.relu(first(far)))
        up = functional.relu(functional.pixel_shuffle(self.up(far), 2))
        joined = functional.relu(self.join(torch.cat([near, up], 1)))
        return REACH * torch.tanh(functional.pixel_shuffle(self.leave(joined), 2))


class Critic(nn.Module):
    """Tells real mouths from refined ones, patch by patch (Isola et al., CVPR 2017)."""

    def __init__(self, width: int = 24) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(4 * 4, width, 3, padding=1),
            nn.LeakyReLU(0.2),
            nn.utils.spectral_norm(nn.Conv2d(width, 2 * width, 3, stride=2, padding=1)),
            nn.LeakyReLU(0.2),
            nn.utils.spectral_norm(nn.Conv2d(2 * width, 2 * width, 3, padding=1)),
            nn.LeakyReLU(0.2),
            nn.Conv2d(2 * width, 1, 3, padding=1),
        )

    def forward(self, colours: Tensor, inside: Tensor) -> Tensor:
        """Scores (B, 1, H/4, W/4) of colours (B, 3, H, W) with the share of the mouth (B, 1, H, W)."""
        return self.layers(functional.pixel_unshuffle(torch.cat([colours - 0.5, inside], 1), 2))


def inside_of(layers: Tensor) -> Tensor:
    """Share (B, 1, H, W) of the inside of the mouth in each pixel."""
    return layers[:, TEETH_UPPER : FLESH + 1].sum(1, keepdim=True).clamp(0, 1)
