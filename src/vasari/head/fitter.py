"""Bounded nonlinear least squares of pose, expression and (shared) identity to landmarks.

Levenberg-Marquardt with iteratively reweighted rows (Cauchy loss) and box constraints on the
expression: each step minimises the quadratic model of the cost within the box.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from vasari.head.camera import Camera
from vasari.head.expressions import EXPRESSIONS
from vasari.head.face_rows import FITTED, FaceRows

Reals = NDArray[np.float64]

_POSE = 6  # rotation vector, translation
_NOISE = 0.1  # cm: a landmark off by this much costs its weight
_OUTLIER = 0.57  # cm: 8 px where a face fills a 512 px portrait; the Cauchy loss bends here
_FIRST_DAMPING = 1e-3
_PIVOTS = 20


@dataclass(frozen=True, eq=False)
class FaceState:
    """Pose and expression of a face in one picture.

    Attributes:
        rotation: (3, 3) head to camera.
        translation: (3,) cm, camera space.
        expression: (E,) weights of the fitted expressions.
    """

    rotation: Reals
    translation: Reals
    expression: Reals

    def moved(self, step: Reals) -> FaceState:
        """The state after a step (6 + E,): rotation vector (radians), translation, expression."""
        expression = np.clip(self.expression + step[_POSE:], 0, 1)
        return FaceState(_rotation(step[:3]) @ self.rotation, self.translation + step[3:_POSE], expression)


@dataclass(frozen=True)
class Prior:
    """What a face is like before it is seen, in units of the cost.

    Attributes:
        identity: cost of one squared standard deviation of identity.
        expression: cost of a squared expression weight, times its entry in :data:`_STIFFNESS`.
        sparse: cost of an expression weight, likewise (pulls small ones to exactly zero).
        symmetry: cost of a squared difference between left and right.
    """

    identity: float = 3.0
    expression: float = 40.0
    sparse: float = 50.0
    symmetry: float = 40.0


#: How unwillingly an expression explains what is seen; others have 1. Lids and jaw hardly need persuading;
#: what landmarks show badly (puffed cheeks), or what shifts the mouth like a wrong pose, needs a lot.
_STIFFNESS = {
    "eyeBlink": 0.15,
    "jawOpen": 0.2,
    "mouthSmile": 0.4,
    "brow": 0.6,
    "mouthFunnel": 0.7,
    "mouthLowerDown": 0.6,
    "mouthUpperUp": 0.6,
    "mouthRoll": 1.5,
    "mouthShrug": 2.0,
    "cheekPuff": 8.0,
    "jawForward": 5.0,
    "jawLeft": 4.0,
    "jawRight": 4.0,
    "mouthLeft": 4.0,
    "mouthRight": 4.0,
    "noseSneer": 3.0,
    "mouthClose": 2.0,
    "cheekSquint": 2.0,
    "mouthDimple": 2.0,
}


class FaceFitter:
    """Fits faces seen by one camera; see :meth:`solve`."""

    def __init__(self, rows: FaceRows, camera: Camera, prior: Prior | None = None) -> None:
        self.rows = rows
        self.camera = camera
        self.prior = prior or Prior()
        basis = np.concatenate([rows.expression, rows.identity], -1)
        self._axes = [np.ascontiguousarray(basis[:, axis]) for axis in range(3)]  # (468, E + K) each
        self._expression_hessian, self._expression_slope = _expression_prior(self.prior)

    def first_state(self, points: Reals) -> FaceState:
        """A neutral face posed on landmarks (468, 3): the best similarity (Umeyama, PAMI 1991)."""
        seen = points * (1.0, -1.0, -1.0)
        weight = self.rows.weight[:468, None]
        centre, model_centre = ((weight * x).sum(0) / weight.sum() for x in (seen, self.rows.neutral))
        model = self.rows.neutral - model_centre
        u, s, vt = np.linalg.svd((weight * (seen - centre)).T @ model)
        sign = np.array([1.0, 1.0, np.sign(np.linalg.det(u @ vt))])
        rotation = (u * sign) @ vt
        scale = (s * sign).sum() / (weight * model * model).sum()  # pixels per cm
        depth = self.camera.focal / scale
        middle = self.camera.ray(centre[:2] * (1, -1))
        translation = middle * depth / -middle[2] - rotation @ model_centre
        return FaceState(rotation, translation, np.zeros(len(FITTED)))

    def solve(
        self,
        pictures: Sequence[Reals],
        states: Sequence[FaceState],
        identity: Reals,
        *,
        iterations: int = 20,
        tolerance: float = 1e-4,
    ) -> tuple[list[FaceState], Reals]:
        """States of one face in several pictures (landmarks (468, 2) each) and its identity (K,).

        Stops when a step is expected to lower the cost by less than ``tolerance`` of it.
        """
        now = _Guess(tuple(states), identity)
        scales = [-self.camera.focal / s.translation[2] for s in states]
        damping = _FIRST_DAMPING
        cost, hessian, slope = self._quadratic(now, pictures, scales)
        for _ in range(iterations):
            lower, upper = self._box(now)
            damped = hessian + damping * np.diag(hessian.diagonal())
            step = box_minimum(damped, slope, lower, upper)
            moved = now.moved(step)
            if -float(slope @ step + 0.5 * step @ hessian @ step) < tolerance * cost:
                now = moved
                break
            new_cost, new_hessian, new_slope = self._quadratic(moved, pictures, scales)
            if new_cost > cost:
                damping *= 10
                continue
            now, damping = moved, damping * 0.3
            cost, hessian, slope = new_cost, new_hessian, new_slope
        return list(now.states), now.identity

    def follow(self, pictures: Iterable[Reals]) -> list[FaceState]:
        """States of a known person (K = 0) in frames (468, 3), each fitted from the one before."""
        states: list[FaceState] = []
        for picture in pictures:
            start = states[-1] if states else None
            if start is None or self._is_far(picture, start):
                start = self.first_state(picture)
            (state,), _ = self.solve([picture], [start], np.zeros(0), iterations=12, tolerance=1e-3)
            states.append(state)
        return states

    def residual(self, picture: Reals, state: FaceState, identity: Reals | None = None) -> Reals:
        """Fitted minus seen landmarks (468, 2), pixels."""
        shape = self.rows.shape(np.zeros(0) if identity is None else identity, state.expression)
        return self.camera.project(shape @ state.rotation.T + state.translation) - picture[:, :2]

    def _is_far(self, picture: Reals, state: FaceState) -> bool:
        """Whether a state is no good start for a picture: landmarks are off by more than outliers."""
        apart = np.linalg.norm(self.residual(picture, state), axis=1)
        return bool(np.median(apart) > _OUTLIER * self.camera.focal / -state.translation[2])

    def _quadratic(
        self, guess: _Guess, pictures: Sequence[Reals], scales: Sequence[float]
    ) -> tuple[float, Reals, Reals]:
        """Cost, Gauss-Newton Hessian and gradient over all unknowns: each picture's block, then identity."""
        width, k = _POSE + len(FITTED), len(guess.identity)
        size = width * len(pictures) + k
        hessian, slope = np.zeros((size, size)), np.zeros(size)
        shared = np.arange(size - k, size)
        hessian[shared, shared] = self.prior.identity
        slope[shared] = self.prior.identity * guess.identity
        cost = 0.5 * self.prior.identity * float(guess.identity @ guess.identity)
        for i, (picture, state, scale) in enumerate(zip(pictures, guess.states, scales, strict=True)):
            c, h, g = self._picture_quadratic(picture, state, guess.identity, scale)
            cost += c
            parts = (
                (slice(i * width, (i + 1) * width), slice(0, width)),
                (slice(size - k, size), slice(width, None)),
            )
            for rows, own_rows in parts:
                slope[rows] += g[own_rows]
                for columns, own_columns in parts:
                    hessian[rows, columns] += h[own_rows, own_columns]
        return cost, hessian, slope

    def _picture_quadratic(
        self, picture: Reals, state: FaceState, identity: Reals, scale: float
    ) -> tuple[float, Reals, Reals]:
        rows = self.rows
        turned = rows.shape(identity, state.expression) @ state.rotation.T
        point = turned + state.translation
        residual = rows.with_rows((self.camera.project(point) - picture[:, :2]) / scale)  # (M, 2) cm
        weight = rows.weight * self._visible(state.rotation, point) / _NOISE**2
        bend = 1 + (residual**2).sum(1) / _OUTLIER**2
        cost = 0.5 * _OUTLIER**2 * float(weight @ np.log(bend))
        weight = weight / bend

        root = np.sqrt(weight)
        jacobian = np.concatenate(
            [self._gradient_rows(g / scale, turned, state.rotation) for g in self.picture_gradient(point)]
        )  # (2 M, 6 + E + K)
        jacobian *= np.tile(root, 2)[:, None]
        hessian = jacobian.T @ jacobian
        slope = (residual * root[:, None]).T.ravel() @ jacobian

        w, e = state.expression, slice(_POSE, _POSE + len(FITTED))
        pull = self._expression_hessian @ w
        hessian[e, e] += self._expression_hessian
        slope[e] += pull + self._expression_slope
        return cost + float(w @ (0.5 * pull + self._expression_slope)), hessian, slope

    def picture_gradient(self, point: Reals) -> tuple[Reals, Reals]:
        """Derivatives (468, 3) of u and of v by the camera-space point."""
        x, y, z = point.T
        slope, zero = self.camera.focal / z, np.zeros(len(z))
        return np.stack([-slope, zero, slope * x / z], 1), np.stack([zero, slope, -slope * y / z], 1)

    def _gradient_rows(self, gradient: Reals, turned: Reals, rotation: Reals) -> Reals:
        """Derivatives (M, 6 + E + K) by all unknowns, given those (468, 3) by the camera-space point."""
        gx, gy, gz = gradient.T
        x, y, z = turned.T
        out = np.empty((len(gradient), _POSE + self._axes[0].shape[1]))
        out[:, 0], out[:, 1], out[:, 2] = y * gz - z * gy, z * gx - x * gz, x * gy - y * gx
        out[:, 3:_POSE] = gradient
        in_head = gradient @ rotation
        shape = out[:, _POSE:]
        np.multiply(self._axes[0], in_head[:, :1], out=shape)
        shape += self._axes[1] * in_head[:, 1:2]
        shape += self._axes[2] * in_head[:, 2:]
        return self.rows.with_rows(out)

    def _visible(self, rotation: Reals, point: Reals) -> Reals:
        """Trust (M,) in landmarks and pairs: less where the skin turns away from the camera."""
        facing = -((self.rows.normals @ rotation.T) * point).sum(1) / np.sqrt((point * point).sum(1))
        trust = 0.2 + 0.8 * np.clip(facing / 0.5, 0, 1)
        return np.concatenate([trust, trust[self.rows.pairs].min(1)])

    def _box(self, guess: _Guess) -> tuple[Reals, Reals]:
        lower, upper = [], []
        for state in guess.states:
            lower += [np.full(_POSE, -np.inf), -state.expression]
            upper += [np.full(_POSE, np.inf), 1 - state.expression]
        free = np.full(len(guess.identity), np.inf)
        return np.concatenate([*lower, -free]), np.concatenate([*upper, free])


@dataclass(frozen=True, eq=False)
class _Guess:
    states: tuple[FaceState, ...]
    identity: Reals

    def moved(self, step: Reals) -> _Guess:
        k = len(self.identity)
        blocks = step[: len(step) - k].reshape(len(self.states), -1)
        states = tuple(s.moved(b) for s, b in zip(self.states, blocks, strict=True))
        return replace(self, states=states, identity=self.identity + step[len(step) - k :])


def box_minimum(hessian: Reals, slope: Reals, lower: Reals, upper: Reals) -> Reals:
    """The step d (n,) within [lower, upper] that minimises ``slope d + d hessian d / 2``.

    Active sets: solve for the free unknowns and fix those that leave the box at their bound, until none does;
    then free those whose bound the slope points away from, and again (after Lawson and Hanson, "Solving Least
    Squares Problems", 1974, many unknowns at a time).
    """
    step = np.zeros_like(slope)
    free = ~((lower >= 0) & (slope > 0) | (upper <= 0) & (slope < 0))
    for _ in range(_PIVOTS):
        rest = slope[free] + hessian[np.ix_(free, ~free)] @ step[~free]
        step[free] = -np.linalg.solve(hessian[np.ix_(free, free)], rest)
        out = (step < lower) | (step > upper)
        if out.any():
            step = np.clip(step, lower, upper)
            free &= ~out
            continue
        pull = slope + hessian @ step
        inwards = ~free & ((step <= lower) & (pull < 0) | (step >= upper) & (pull > 0))
        if not inwards.any():
            break
        free |= inwards
    return np.clip(step, lower, upper)


def _expression_prior(prior: Prior) -> tuple[Reals, Reals]:
    """Hessian (E, E) and slope at zero (E,) of the cost of expression weights."""
    names = [EXPRESSIONS[j] for j in FITTED]
    stiffness = np.array(
        [next((s for n, s in _STIFFNESS.items() if name.startswith(n)), 1.0) for name in names]
    )
    hessian = np.diag(prior.expression * stiffness)
    for i, name in enumerate(names):
        other = name[:-4] + "Right"
        if name.endswith("Left") and name not in ("jawLeft", "mouthLeft"):
            j = names.index(other)
            hessian[[i, j], [i, j]] += prior.symmetry
            hessian[[i, j], [j, i]] -= prior.symmetry
    return hessian, prior.sparse * stiffness


def _rotation(vector: Reals) -> Reals:
    """Rotation matrix (3, 3) of a rotation vector (3,) in radians (Rodrigues)."""
    angle = float(np.linalg.norm(vector))
    if angle < 1e-12:
        return np.eye(3)
    x, y, z = vector / angle
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    rotation: Reals = np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross
    return rotation
