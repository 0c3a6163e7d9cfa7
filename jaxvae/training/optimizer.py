"""The optimiser and its learning-rate schedule, from numbers that may be traced."""

import math
from typing import Any, Literal

import jax
import jax.numpy as jnp
import optax

from jaxvae.checks import check_choice, check_range
from jaxvae.errors import UserError
from jaxvae.pytrees import dataclass
from jaxvae.typing import Array, ArrayLike, PyTree

_OPTIMIZERS = ("adam", "adabelief", "adamax", "lion", "nadam", "radam", "rmsprop", "sgd")
_DECAYS = ("constant", "cosine", "step")
_EMA_RAMP = 10.0  # the average forgets its random start: decay_t = min(decay, (1 + t) / (10 + t))


def with_fixed_of(params: PyTree, other: PyTree) -> PyTree:
    """`params`, with the entries named `fixed` (data, moving averages: nothing learned) taken from `other`."""

    def choose(path: tuple[Any, ...], leaf: Array, other_leaf: Array) -> Array:
        return other_leaf if any(getattr(key, "key", None) == "fixed" for key in path) else leaf

    return jax.tree_util.tree_map_with_path(choose, params, other)


@dataclass
class Optimizer:
    """How gradients become updates.

    clip → optimiser → + weight_decay · parameters → × −learning_rate · warm-up · decay

    With `weight_decay` Adam is AdamW (Loshchilov and Hutter 2019). Parameters under the name `fixed` do not change, in
    the average either.

    Args:
        optimizer: adam, adabelief, adamax, lion, nadam, radam, rmsprop or sgd (as in Optax).
        learning_rate: learning rate after warm-up, before decay [1 per step].
        b1: decay of the average of gradients; the momentum of sgd.
        b2: decay of the average of squared gradients; by default Adam's for every optimiser.
        epsilon: added to the denominator [gradient units]; by default Adam's for every optimiser.
        warmup_steps: steps in which the learning rate rises linearly; the first step has 1 / warmup_steps of it
            [steps].
        decay: constant, cosine (to 0 at `decay_steps`) or step (× `decay_factor` every `decay_steps`).
        decay_steps: see `decay` [steps]; by default the whole training for cosine.
        decay_factor: see `decay`.
        gradient_clip: largest global norm of the gradient [gradient units]; none by default.
        weight_decay: pull of the parameters towards 0 [1 per step and learning rate]; none by default.
        ema_decay: decay of the average of parameters that evaluation uses [per step]; none by default.

    Raises:
        UserError: for a number out of range or an unknown name.
    """

    optimizer: Literal["adam", "adabelief", "adamax", "lion", "nadam", "radam", "rmsprop", "sgd"] = "adam"
    learning_rate: float = 1e-3
    b1: float = 0.9
    b2: float = 0.999
    epsilon: float = 1e-8
    warmup_steps: int = 0
    decay: Literal["constant", "cosine", "step"] = "constant"
    decay_steps: int | None = None
    decay_factor: float = 0.1
    gradient_clip: float | None = None
    weight_decay: float | None = None
    ema_decay: float | None = None

    def __post_init__(self) -> None:
        check_choice(self, _OPTIMIZERS, optimizer=self.optimizer)
        check_choice(self, _DECAYS, decay=self.decay)
        check_range(self, above=0.0, below=math.inf, learning_rate=self.learning_rate, gradient_clip=self.gradient_clip)
        check_range(self, at_least=0.0, below=1.0, b1=self.b1, b2=self.b2, ema_decay=self.ema_decay)
        check_range(self, above=0.0, epsilon=self.epsilon, decay_factor=self.decay_factor)
        check_range(self, at_least=0, warmup_steps=self.warmup_steps, weight_decay=self.weight_decay)
        check_range(self, at_least=1, decay_steps=self.decay_steps)
        if self.decay == "step" and self.decay_steps is None:
            raise UserError(
                "Optimizer.decay_steps is needed with decay step: give the number of steps, e.g. `decay_steps=10000`"
            )

    def learning_rate_at(self, step: ArrayLike, total_steps: int) -> Array:
        """The learning rate at a step from 0, `[]`."""
        time = jnp.asarray(step, float)
        rate = self.learning_rate * jnp.minimum(1.0, (time + 1.0) / max(self.warmup_steps, 1))
        if self.decay == "cosine":
            progress = jnp.minimum(1.0, time / (self.decay_steps or total_steps))
            return rate * 0.5 * (1.0 + jnp.cos(jnp.pi * progress))
        if self.decay == "step" and self.decay_steps is not None:
            return rate * self.decay_factor ** jnp.floor(time / self.decay_steps)
        return rate

    def transformation(self, total_steps: int) -> optax.GradientTransformation:
        """The Optax transformation; `total_steps` is the length of the training that a cosine spans."""
        b1, b2, eps = self.b1, self.b2, self.epsilon
        scale = {
            "adam": lambda: optax.scale_by_adam(b1, b2, eps),
            "adabelief": lambda: optax.scale_by_belief(b1, b2, eps),
            "adamax": lambda: optax.scale_by_adamax(b1, b2, eps),
            "lion": lambda: optax.scale_by_lion(b1, b2),
            "nadam": lambda: optax.scale_by_adam(b1, b2, eps, nesterov=True),
            "radam": lambda: optax.scale_by_radam(b1, b2, eps),
            "rmsprop": lambda: optax.scale_by_rms(b2, eps),
            "sgd": lambda: optax.trace(b1),
        }[self.optimizer]()
        clip, decay = self.gradient_clip, self.weight_decay
        chain = optax.chain(
            optax.identity() if clip is None else optax.clip_by_global_norm(clip),  # type: ignore[arg-type]
            scale,
            optax.identity() if decay is None else optax.add_decayed_weights(decay),
            optax.scale_by_learning_rate(lambda step: self.learning_rate_at(step, total_steps)),
        )

        def update(updates: PyTree, state: PyTree, params: PyTree = None) -> tuple[PyTree, PyTree]:
            with jax.numpy_dtype_promotion("standard"):  # Optax raises traced decays to integer counts
                zeros = jax.tree.map(jnp.zeros_like, updates)
                updates, state = chain.update(with_fixed_of(updates, zeros), state, params)
                return with_fixed_of(updates, zeros), state

        return optax.GradientTransformation(chain.init, update)

    def update_average(self, average: PyTree, params: PyTree, step: Array) -> PyTree:
        """The moving average of the parameters after step number `step` (from 0); None stays None."""
        if self.ema_decay is None:
            return None
        time = jnp.asarray(step, float)
        decay = jnp.minimum(self.ema_decay, (1.0 + time) / (_EMA_RAMP + time))
        new = optax.incremental_update(params, average, 1.0 - decay)  # type: ignore[arg-type]
        return with_fixed_of(new, params)  # rounding would change data a little
