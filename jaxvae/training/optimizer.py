"""The optimiser and its learning-rate schedule, from numbers that may be traced."""

import dataclasses
import math
from typing import Any, Literal, get_args

import jax
import jax.numpy as jnp
import optax

from jaxvae.calls import is_call
from jaxvae.checks import check_choice, check_range
from jaxvae.errors import UserError
from jaxvae.pytrees import dataclass
from jaxvae.training.own_transformation import check_transformation, own_transformation
from jaxvae.typing import Array, ArrayLike, PyTree

Name = Literal["adam", "adabelief", "adamax", "lion", "nadam", "radam", "rmsprop", "sgd"]
NAMES: tuple[str, ...] = get_args(Name)
OF_THE_CHAIN = (
    *("learning_rate", "b1", "b2", "epsilon", "warmup_steps", "decay", "decay_steps", "decay_factor"),
    *("gradient_clip", "weight_decay"),
)
"""Fields that say how the chain of one of `NAMES` is made; a chain of your own has its own options instead."""
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

    A chain of your own takes the place of the whole formula: any `optax.GradientTransformation`, or the import path of
    a function that returns one. It says its own learning rate, clipping and decay, so the fields below for these must
    stay as they are; `ema_decay` is for every chain. A function with a parameter `num_steps` gets the steps of the run.

    Args:
        optimizer: adam, adabelief, adamax, lion, nadam, radam, rmsprop or sgd (as in Optax), a transformation of Optax,
            or the import path of a function of yours with its options: my_module.chain(peak=0.001).
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
        UserError: for a number out of range, an unknown name, a path where no such function is, or a field of the
            library's chains beside a chain of your own.

    Example:
        >>> own = Optimizer(optax.chain(optax.clip(1.0), optax.sgd(0.1)), ema_decay=0.99)
        >>> chain = own.transformation(total_steps=100)
        >>> updates, _ = chain.update({"w": jnp.asarray(5.0)}, chain.init({"w": jnp.asarray(0.0)}))
        >>> round(float(updates["w"]), 6)
        -0.1
    """

    optimizer: Name | str | optax.GradientTransformation = "adam"
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
        if self.is_own:
            check_transformation(self.optimizer)
            self._check_own_alone()
        check_choice(self, NAMES, optimizer=None if self.is_own else self.optimizer)
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

    @property
    def is_own(self) -> bool:
        """Whether the chain is one of the user's, in place of one of the library's names."""
        return not isinstance(self.optimizer, str) or is_call(self.optimizer)

    def _check_own_alone(self) -> None:
        """Check that nothing is said of a library's chain where there is one of the user's.

        Raises:
            UserError: naming the field.
        """
        own = self.optimizer if isinstance(self.optimizer, str) else "your chain"
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            is_known = value is None or isinstance(value, (int, float, str))  # no tracer, as in a sweep
            if field.name in OF_THE_CHAIN and is_known and value != field.default:
                raise UserError(
                    f"Optimizer.{field.name} must be left out beside an optimizer of your own, got {value!r}: give it "
                    f"to {own} itself"
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
        chain = own_transformation(self.optimizer, total_steps) if self.is_own else self._chain(total_steps)

        def update(updates: PyTree, state: PyTree, params: PyTree = None) -> tuple[PyTree, PyTree]:
            with jax.numpy_dtype_promotion("standard"):  # Optax raises traced decays to integer counts
                zeros = jax.tree.map(jnp.zeros_like, updates)
                updates, state = chain.update(with_fixed_of(updates, zeros), state, params)
                return with_fixed_of(updates, zeros), state

        return optax.GradientTransformation(chain.init, update)

    def _chain(self, total_steps: int) -> optax.GradientTransformation:
        """The chain of one of the library's names."""
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
        }[str(self.optimizer)]()
        clip, decay = self.gradient_clip, self.weight_decay
        return optax.chain(
            optax.identity() if clip is None else optax.clip_by_global_norm(clip),  # type: ignore[arg-type]
            scale,
            optax.identity() if decay is None else optax.add_decayed_weights(decay),
            optax.scale_by_learning_rate(lambda step: self.learning_rate_at(step, total_steps)),
        )

    def update_average(self, average: PyTree, params: PyTree, step: Array) -> PyTree:
        """The moving average of the parameters after step number `step` (from 0); None stays None."""
        if self.ema_decay is None:
            return None
        time = jnp.asarray(step, float)
        decay = jnp.minimum(self.ema_decay, (1.0 + time) / (_EMA_RAMP + time))
        new = optax.incremental_update(params, average, 1.0 - decay)  # type: ignore[arg-type]
        return with_fixed_of(new, params)  # rounding would change data a little
