"""The modelled upper row of teeth, unrolled: length along the dental arch, height over the biting edge."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vasari.head.model import HeadModel

Floats = NDArray[np.float32]
Ints = NDArray[np.int32]

#: A crown is rings of vertices from root to edge, then the middle of its edge. A ring begins with its front,
#: whose middle has this number.
RINGS, SIDES, MIDDLE = 6, 10, 2
CROWN_VERTICES = RINGS * SIDES + 1


@dataclass(frozen=True)
class TeethRow:
    """The modelled upper row, unrolled. Crowns are sorted from the subject's right to the left."""

    order: Ints  # (14,) crowns as they come in the model
    middle: Floats  # (14,) length of their middles, cm
    height: Floats  # (14, RINGS) of the vertices in the middle of their fronts, cm
    front: Floats  # (14, RINGS, 3) these in camera space, cm
    up: Floats  # (3,) one cm of height, camera space

    @classmethod
    def of(cls, model: HeadModel, seated: Floats) -> TeethRow:
        """Unroll the upper teeth, which are ``seated`` (n, 3) in camera space."""
        shape = (-1, CROWN_VERTICES, 3)
        crowns, here = model.neutral[model.groups["teeth_upper"]].reshape(shape), seated.reshape(shape)
        order = np.argsort(crowns[:, :, 0].mean(1)).astype(np.int32)
        ids = np.arange(RINGS) * SIDES + MIDDLE
        front = crowns[order][:, ids]
        points = front[:, 3, [0, 2]]
        length = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))])
        length -= length.mean()
        edge = front[:, -1, 1].min()
        lower, upper = here[order[len(order) // 2], [ids[-1], ids[0]]]
        rise = np.ptp(front[len(order) // 2, [-1, 0], 1])
        return cls(
            order,
            length.astype(np.float32),
            (front[..., 1] - edge).astype(np.float32),
            here[order][:, ids],
            ((upper - lower) / rise).astype(np.float32),
        )

    def at(self, length: Floats, height: Floats) -> Floats:
        """Points (..., 3) on the front of the row at lengths and heights that broadcast to (...,)."""
        columns = np.stack(
            [
                np.stack([np.interp(height, h[::-1], p[::-1, c]) for c in range(3)], -1)
                + (height - np.clip(height, h[-1], h[0]))[..., None] * self.up
                for h, p in zip(self.height, self.front, strict=True)
            ]
        )
        k = np.clip(np.searchsorted(self.middle, length) - 1, 0, len(self.middle) - 2)
        t = ((length - self.middle[k]) / (self.middle[k + 1] - self.middle[k]))[..., None]
        shape = np.broadcast_shapes(length.shape, height.shape)
        columns = np.broadcast_to(columns, (len(columns), *shape, 3))
        place = np.indices(shape, sparse=True)
        return np.asarray((1 - t) * columns[(k, *place)] + t * columns[(k + 1, *place)], np.float32)
