"""The exemplar prior: the mean of the posteriors of training examples."""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jax.scipy.special import logsumexp

from jaxvae.checks import check_range
from jaxvae.distributions import Distribution, Mixture
from jaxvae.errors import UserError
from jaxvae.likelihoods.support import BINARY
from jaxvae.model import ModelParts
from jaxvae.priors.prior import Prior
from jaxvae.priors.vamp import random_examples
from jaxvae.pytrees import dataclass
from jaxvae.typing import Array, Key, Params


@dataclass
class Exemplar(Prior):
    """A mixture of the posteriors of N training examples: p(z) = 1/N Σ_n q(z|x_n).

    The exemplars are a random subset of the training examples that `init` is given; they are data and stay as they are.
    Norouzi, Fleet and Norouzi 2020, equation 4 (there with one variance shared by all exemplars).

    The terms of an example x leave out the exemplars that are x itself (their section 3.1), so that the model cannot
    put all of its prior on what it has seen, and share the weight among the others. Exemplar n is left out if in every
    dimension x_d is x_nd up to `tolerance`, or x_d is 0 or 1 where x_nd is a grey level between: x may then be a
    binarisation of it. If that leaves none (a single exemplar) all stay. For an example that was not in training, as a
    rule nothing is left out.

    With `nearest` = k the sum runs over the k exemplars alone whose posterior means are nearest to z, with the weights
    1/N as they are: a lower bound of log p(z) (their equation 7) which does not integrate to 1, so that log p(x) is
    bounded from below once more. Without it the density is exact.

    Args:
        num_exemplars: N at most [examples]; less where there are fewer training examples.
        nearest: k of the nearest exemplars that the density sums over; all by default.
        tolerance: largest difference between an example and itself in storage [data units]; by default half the
            smallest difference between two values of the exemplars, which is half the width of a grey level.

    Raises:
        UserError: for a number out of range; once the model is used, for `nearest` with a posterior without a mean.
    """

    num_exemplars: int = 500
    nearest: int | None = None
    tolerance: float | None = None

    def __post_init__(self) -> None:
        check_range(self, at_least=1, num_exemplars=self.num_exemplars, nearest=self.nearest)
        check_range(self, at_least=0.0, tolerance=self.tolerance)

    @property
    def space(self) -> None:
        """None: it is where the posterior is."""
        return None

    def init(self, key: Key, model: ModelParts, examples: Array | None) -> Params:
        """The exemplars, `[N, *data_shape]`; standard normal noise where there are no examples."""
        if examples is None:
            exemplars = jax.random.normal(key, (self.num_exemplars, *model.data_shape))
        else:
            exemplars = random_examples(key, examples, min(self.num_exemplars, examples.shape[0]))
        tolerance = _half_a_level(exemplars) if self.tolerance is None else self.tolerance
        return {"fixed": {"exemplars": exemplars, "tolerance": jnp.asarray(tolerance, exemplars.dtype)}}

    def distribution(self, model: ModelParts, params: Params) -> Distribution:
        """p(z) over `[latent_dim]`, with all exemplars."""
        exemplars = params["prior"]["fixed"]["exemplars"]
        return self._mixture(model, params, jnp.zeros(exemplars.shape[0], exemplars.dtype))

    def given(self, model: ModelParts, params: Params, x: Array) -> Distribution:
        """p(z) without the exemplars that are `x`: the weights alone depend on x, a batch encodes exemplars once."""
        exemplars, tolerance = (params["prior"]["fixed"][name] for name in ("exemplars", "tolerance"))
        is_x = jnp.abs(x[None] - exemplars) <= tolerance
        if model.likelihood.support == BINARY:  # else a 0 or 1 is a value like others, and no draw from a grey one
            is_grey = (exemplars > tolerance) & (exemplars < 1.0 - tolerance)
            is_x |= is_grey & ((x == 0.0) | (x == 1.0))[None]
        left_out = jnp.all(is_x, axis=tuple(range(1, exemplars.ndim)))
        left_out &= ~jnp.all(left_out)
        return self._mixture(model, params, jnp.where(left_out, -jnp.inf, jnp.zeros(left_out.shape, exemplars.dtype)))

    def _mixture(self, model: ModelParts, params: Params, logits: Array) -> Distribution:
        exemplars = jax.lax.stop_gradient(params["prior"]["fixed"]["exemplars"])
        components: Any = jax.vmap(partial(model.encode, params))(exemplars)
        if self.nearest is None:
            return Mixture(logits, components)
        try:
            means = components.mean
        except NotImplementedError as error:
            raise UserError(
                f"Exemplar.nearest needs a posterior with a mean, got {type(model.posterior).__name__}: leave it out"
            ) from error
        return _NearestMixture(Mixture(logits, components), means, min(self.nearest, logits.shape[0]))


def _half_a_level(exemplars: Array) -> Array:
    """Half the smallest difference between two values of the data, and a rounding more, `[]`."""
    gaps = jnp.diff(jnp.sort(jnp.ravel(exemplars)))
    smallest = jnp.min(jnp.where(gaps > 0.0, gaps, jnp.inf))
    return jnp.where(jnp.isfinite(smallest), 0.5 * smallest * (1.0 + 1e-3), 0.0)


@dataclass
class _NearestMixture(Distribution):
    """A mixture whose log-density, of ONE value, is bounded from below by the components nearest to the value."""

    mixture: Mixture
    means: Array
    count: int
    event_ndim: int = 1

    @property
    def is_reparameterized(self) -> bool:
        return False

    def log_prob(self, value: Array) -> Array:
        """log Σ_k π_k p_k(value) over the `count` components in the mixture whose means are nearest, `[]`."""
        logits, components = self.mixture.logits, self.mixture.components
        distances = jnp.sum((self.means - value[None]) ** 2, axis=-1)
        distances = jnp.where(logits > -jnp.inf, distances, jnp.inf)
        _, chosen = jax.lax.top_k(-jax.lax.stop_gradient(distances), self.count)
        each = jax.vmap(lambda one: one.log_prob(value))(jax.tree.map(lambda leaf: leaf[chosen], components))
        return logsumexp(jax.nn.log_softmax(logits)[chosen] + each)

    def sample(self, key: Key) -> Array:
        """A draw from the whole mixture."""
        return self.mixture.sample(key)

    @property
    def mean(self) -> Array:
        """The mean of the whole mixture."""
        return self.mixture.mean
