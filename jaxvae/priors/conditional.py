"""A prior whose parameters depend on the condition."""

import dataclasses
from collections.abc import Callable
from functools import partial
from typing import Any, Self, get_args, get_type_hints

import jax
import jax.numpy as jnp
import numpy as np

from jaxvae.checks import check_component
from jaxvae.distributions import SupportsSampleAndLogProb
from jaxvae.errors import UserError, any_of
from jaxvae.model import ModelParts
from jaxvae.networks import MLP, NetworkLike, check_networks
from jaxvae.observation import Example
from jaxvae.priors.learned_normal import LearnedNormal
from jaxvae.priors.prior import Prior
from jaxvae.pytrees import dataclass, is_learned
from jaxvae.spaces import Space
from jaxvae.typing import Array, Key, Params


@dataclass
class Conditional(Prior):
    """Another prior whose parameters are moved by a network of the condition: p(z|c) = p(z; θ + network(c)).

    θ are the learned parameters of the other prior, of any family. The network starts near 0, so that at first the
    prior is the same for every c. Sohn, Lee and Yan 2015, section 4.1, where it is a normal.

    Args:
        prior: the family; it must have learned parameters.
        network: from what the networks see of c to a change of every parameter.

    Raises:
        UserError: for a prior made of the posterior (which is told c by its encoder), or from a model: without a
            condition, or for a prior with nothing to learn.

    Example:
        >>> import jaxvae as jv
        >>> model = jv.VAE((4,), 2, prior=Conditional(), condition=jv.Condition(("categorical:3",)))
        >>> params = jv.init(model, jax.random.key(0))
        >>> jv.sample(jv.given(model, 1), params, jax.random.key(1)).shape
        (4,)
    """

    prior: Prior = LearnedNormal()
    network: NetworkLike = MLP((100,))

    def __post_init__(self) -> None:
        check_component(self, Prior, prior=self.prior)
        check_networks(self, network=self.network)
        if self.prior.space is None:
            raise UserError(
                f"Conditional.prior must have parameters of its own, got {type(self.prior).__name__}, which is made of "
                f"the posterior: use it directly, since its encoder is told the condition"
            )

    @property
    def space(self) -> Space | None:
        """That of the other prior."""
        return self.prior.space

    def check_model(self, model: ModelParts) -> None:
        """Check that there is a condition."""
        if model.condition is None:
            raise UserError(
                "Conditional needs a model with a condition, got none: take `condition='label'` in a run, and "
                "condition=Condition(('categorical:10',)) for a VAE in Python"
            )
        self.prior.check_model(model)

    def init(self, key: Key, model: ModelParts, examples: Array | None) -> Params:
        """The parameters of the other prior under `own`, and those of the network."""
        own_key, network_key = jax.random.split(key)
        own = self.prior.init(own_key, model, examples)
        count = _number_of_learned(own)
        if not count:
            raise UserError(
                f"Conditional.prior must have something to learn, got {type(self.prior).__name__}: "
                f"{_with_parameters(self.prior, model)}"
            )
        return {"own": own, "network": self.network.init(network_key, jnp.zeros(model.condition.size), (count,))}

    @property
    def starts_at_codes(self) -> bool:
        """Whether the other prior does."""
        return self.prior.starts_at_codes

    def started_at_codes(self, own: Params, codes: np.ndarray) -> Params:
        """With the other prior from the codes of all conditions; the network starts near 0 as always."""
        return {**own, "own": self.prior.started_at_codes(own["own"], codes)}

    def _moved(self, model: ModelParts, params: Params) -> Params:
        """All parameters, with those of the other prior in the place of its."""
        own = params["prior"]["own"]
        shape = (_number_of_learned(own),)
        change = self.network.apply(params["prior"]["network"], model.condition.vector(params), shape)
        start = 0

        def moved(path: object, leaf: Array) -> Array:
            nonlocal start
            if not is_learned(path):
                return leaf
            part = change[start : start + leaf.size].reshape(leaf.shape)
            start += leaf.size
            return leaf + part

        return {**params, "prior": jax.tree_util.tree_map_with_path(moved, own)}

    def distribution(self, model: ModelParts, params: Params) -> SupportsSampleAndLogProb:
        """p(z|c) over `[latent_dim]`."""
        return self.prior.distribution(model, self._moved(model, params))

    def given(self, model: ModelParts, params: Params, x: Example) -> SupportsSampleAndLogProb:
        """p(z|c) as the terms of example `x` use it."""
        return self.prior.given(model, self._moved(model, params), x)

    def at_step(self, step: Array) -> Self:
        """With the other prior at a training step."""
        return dataclasses.replace(self, prior=self.prior.at_step(step))

    def for_training(self, key: Key) -> Self:
        """With the noise of the other prior for one training step."""
        return dataclasses.replace(self, prior=self.prior.for_training(key))


def _with_parameters(prior: Prior, model: ModelParts) -> str:
    """What to take in the place of a prior that has nothing to learn."""

    def learns(build: Callable[[], Any]) -> bool:
        try:
            other = build()
            own = jax.eval_shape(lambda key: other.init(key, model, None), jax.random.key(0))
        except UserError:  # not for this model
            return False
        return other.space is not None and other.space.fits(prior.space) and _number_of_learned(own) > 0

    for name, annotation in get_type_hints(type(prior)).items():
        words = {word for part in (annotation, *get_args(annotation)) for word in get_args(part)}
        if "learned" in words and learns(partial(dataclasses.replace, prior, **{name: "learned"})):
            return f"take `prior.prior.{name}='learned'`"
    for cls in (LearnedNormal, *Prior.__subclasses__()):
        is_ours = cls.__module__.startswith("jaxvae.priors.") and not cls.__name__.startswith("_")
        if is_ours and cls is not Conditional and learns(cls):
            return f"take {any_of('prior.prior', [cls.__name__])}"
    return (
        f"no prior of the library over {prior.space} has parameters, so take {type(prior).__name__} itself, where the "
        f"decoder is told the condition"
    )


def _number_of_learned(own: Params) -> int:
    leaves = jax.tree_util.tree_leaves_with_path(own)
    return sum(leaf.size for path, leaf in leaves if is_learned(path))
