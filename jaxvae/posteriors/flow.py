"""Posteriors that carry another posterior through a stack of bijectors."""

import dataclasses
import math
from typing import Self

import jax

from jaxvae.bijectors import IAF, Bijector, Repeat
from jaxvae.checks import check_component, check_range
from jaxvae.distributions.transformed import Transformed
from jaxvae.errors import UserError
from jaxvae.model import ModelParts
from jaxvae.posteriors.diagonal_normal import DiagonalNormal
from jaxvae.posteriors.posterior import Posterior
from jaxvae.pytrees import dataclass
from jaxvae.spaces import REAL
from jaxvae.typing import Array, Key, Params, Shape


@dataclass
class Flow(Posterior):
    """A normalising flow: z = f_L(… f_1(z₀)), z₀ ~ base(z₀|x), with bijectors that depend on x.

    log q(z|x) = log base(z₀|x) − Σ_l log |det ∂f_l/∂z_{l−1}|

    The encoder gives the base's parameters and the bijectors' contexts. A context holds all parameters of planar,
    Householder and Sylvester maps; the networks of IAF, MAF and couplings have learned weights and see the context as
    an input. A sample needs no inverse; a density at a given z (sticking the landing, mixtures over encoded points)
    needs the bijector's inverse. Rezende and Mohamed 2015; Kingma et al. 2016; van den Berg et al. 2018.

    Args:
        bijector: the map of one layer; every second layer sees the dimensions in reverse order.
        num_layers: L [layers].
        base: the posterior to start from.
        context_dim: length of the context that the networks of one layer see; maps without networks do not use it.

    Raises:
        UserError: for a number out of range, or a base that is not a posterior over real vectors.
    """

    bijector: Bijector = IAF()
    num_layers: int = 2
    base: Posterior = DiagonalNormal()
    context_dim: int = 16

    def __post_init__(self) -> None:
        check_component(self, Bijector, bijector=self.bijector)
        check_component(self, Posterior, base=self.base)
        check_range(self, at_least=1, num_layers=self.num_layers)
        check_range(self, at_least=0, context_dim=self.context_dim)
        if not self.base.space.fits(REAL):
            raise UserError(
                f"Flow.base must be a posterior over {REAL}, got {type(self.base).__name__} over {self.base.space}: "
                f"take `posterior.base=DiagonalNormal()`"
            )

    def at_step(self, step: Array) -> Self:
        """This flow with its base at a training step."""
        return dataclasses.replace(self, base=self.base.at_step(step))

    def for_run(self, num_steps: int) -> Self:
        """This flow with its base for a run."""
        base = self.base.for_run(num_steps)
        return self if base is self.base else dataclasses.replace(self, base=base)

    @property
    def _layers(self) -> Repeat:
        return Repeat(self.bijector, self.num_layers)

    def parameter_shape(self, model: ModelParts) -> Shape:
        """The base's parameters and the contexts in one row: `(n,)`."""
        base = math.prod(self.base.parameter_shape(model))
        return (base + self._layers.context_size(model.latent_dim, self.context_dim),)

    def init(self, key: Key, model: ModelParts) -> Params:
        """The base's own parameters, and the weights of the bijectors."""
        base_key, flow_key = jax.random.split(key)
        weights = self._layers.init(flow_key, model.latent_dim, self.context_dim)
        return {"base": self.base.init(base_key, model), "weights": weights}

    def distribution(self, model: ModelParts, params: Params, outputs: Array) -> Transformed:
        """q(z|x) over `[latent_dim]`."""
        shape, own = self.base.parameter_shape(model), params["posterior"]
        size = math.prod(shape)
        base = self.base.distribution(model, {**params, "posterior": own["base"]}, outputs[:size].reshape(shape))
        return Transformed(base, self._layers, {"weights": own["weights"], "context": outputs[size:]})
