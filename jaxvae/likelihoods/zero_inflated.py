"""Any likelihood of counts with extra zeros."""

import dataclasses
from functools import partial
from typing import Self

import jax
import jax.numpy as jnp
import numpy as np

from jaxvae import distributions
from jaxvae.checks import check_component
from jaxvae.distributions.bernoulli import smoothed_log_odds
from jaxvae.errors import UserError
from jaxvae.likelihoods.beta_binomial import BetaBinomial
from jaxvae.likelihoods.likelihood import Likelihood
from jaxvae.likelihoods.maximum_likelihood import a_few, maximum_likelihood, silent_member
from jaxvae.likelihoods.negative_binomial import NegativeBinomial
from jaxvae.likelihoods.support import COUNTS, Support
from jaxvae.model import ModelParts
from jaxvae.pytrees import dataclass, stack
from jaxvae.typing import Array, Key, Params, Shape

_FIRST_LOGIT = -2.0  # one extra zero in eight: near the likelihood alone, and where the sigmoid is not flat
_LARGEST_LOGIT = 6.0  # in size, at the start: beyond it the sigmoid is flat, and the decoder would get no gradient
_FARTHEST = 6.0  # from the moments, for logarithms among the parameters: for zeros alone the best one is −∞


@dataclass
class ZeroInflated(Likelihood):
    """Independent counts with extra zeros: p(x|z) = Π_d [ π_d 1(x_d = 0) + (1 − π_d) p_d(x_d|z) ].

    π = sigmoid(decoder(z)₁ + offset) with a learned offset; the decoder's other outputs are those of the likelihood of
    counts p_d. All start at the maximum likelihood of the training examples. Lambert 1992; with `NegativeBinomial` the
    likelihood of scVI (Lopez et al. 2018, methods).

    Args:
        likelihood: of the counts without the extra zeros: Poisson, NegativeBinomial or BetaBinomial.

    Raises:
        UserError: for a likelihood that is not one of counts.
    """

    likelihood: Likelihood = NegativeBinomial()

    def __post_init__(self) -> None:
        check_component(self, Likelihood, likelihood=self.likelihood)
        if not isinstance(self.likelihood, BetaBinomial) and self.likelihood.support != COUNTS:
            raise UserError(
                f"ZeroInflated.likelihood must be one of counts, got {type(self.likelihood).__name__}: take Poisson, "
                f"NegativeBinomial or BetaBinomial"
            )

    def for_data(self, largest_level: int | None) -> Self:
        """With the likelihood of counts for the data."""
        likelihood = self.likelihood.for_data(largest_level)
        return self if likelihood is self.likelihood else dataclasses.replace(self, likelihood=likelihood)

    def check_model(self, model: ModelParts) -> None:
        """As the likelihood of counts does."""
        self.likelihood.check_model(model)

    @property
    def support(self) -> Support:
        """That of the likelihood of counts."""
        return self.likelihood.support

    def parameter_shape(self, model: ModelParts) -> Shape:
        """A logit for each data dimension, and the numbers for the likelihood of counts: `(1 + …, *data_shape)`."""
        its_own = self.likelihood.parameter_shape(model)
        return (2 if its_own == model.data_shape else 1 + its_own[0], *model.data_shape)

    def init(self, key: Key, model: ModelParts, examples: Array | None) -> Params:
        """The offset, `data_shape`, and the parameters of the likelihood of counts."""
        offset = jnp.full(model.data_shape, _FIRST_LOGIT, dtype=float)
        hardly_any = {"offset": offset, "likelihood": self.likelihood.init(key, model, examples)}
        if examples is None:
            return hardly_any
        is_zero = examples == 0.0
        count_of_others = jnp.sum(~is_zero, axis=0).astype(examples.dtype)
        others = jnp.where(is_zero, jnp.sum(examples, axis=0) / jnp.maximum(count_of_others, 1.0), examples)
        all_of_them = {
            "offset": smoothed_log_odds(is_zero.astype(examples.dtype)),
            "likelihood": self.likelihood.init(key, model, others),
        }
        # zeros are extra ones or come from a large spread: of the two optima the better one counts
        starts = stack([hardly_any, all_of_them])
        both = jax.lax.map(
            lambda own: maximum_likelihood(partial(silent_member, self, model), own, a_few(examples)), starts
        )
        both = jax.tree.map(lambda start, own: jnp.clip(own, start - _FARTHEST, start + _FARTHEST), starts, both)
        is_first = (
            jnp.argmax(jax.lax.map(lambda own: self._mean_log_probs(model, own, a_few(examples)), both), axis=0) == 0
        )
        own = jax.tree.map(lambda leaf: jnp.where(is_first, leaf[0], leaf[1]), both)
        return {**own, "offset": jnp.clip(own["offset"], -_LARGEST_LOGIT, _LARGEST_LOGIT)}

    def _mean_log_probs(self, model: ModelParts, own: Params, examples: Array) -> Array:
        """The log-likelihood of each dimension, `data_shape`, nats."""
        p = dataclasses.replace(silent_member(self, model, own), event_ndim=0)  # type: ignore[type-var]
        return jnp.mean(p.log_prob(examples), axis=0)

    def distribution(self, model: ModelParts, params: Params, outputs: Array) -> distributions.ZeroInflated:
        """p(x|z) over `data_shape`."""
        counts = outputs[1:].reshape(self.likelihood.parameter_shape(model))
        base = self.likelihood.distribution(model, _inner(params), counts)
        return distributions.ZeroInflated(outputs[0] + params["likelihood"]["offset"], base)  # type: ignore[arg-type]

    def check_observed(self, model: ModelParts, observed: np.ndarray) -> None:
        """As the other likelihood does."""
        self.likelihood.check_observed(model, observed)

    def encoder_observed(self, model: ModelParts, observed: Array) -> Array:
        """That of the other likelihood."""
        return self.likelihood.encoder_observed(model, observed)

    def encoder_input(self, model: ModelParts, params: Params, x: Array) -> Array:
        """That of the likelihood of counts."""
        return self.likelihood.encoder_input(model, _inner(params), x)


def _inner(params: Params) -> Params:
    return {**params, "likelihood": params["likelihood"]["likelihood"]}
