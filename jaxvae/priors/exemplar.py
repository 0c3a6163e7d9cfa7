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
from jaxvae.observation import Example, Observation, value_of
from jaxvae.priors.prior import Prior
from jaxvae.priors.vamp import random_examples
from jaxvae.pytrees import dataclass
from jaxvae.typing import Array, Key, Params


@dataclass
class Exemplar(Prior):
    """A mixture of the posteriors of N training examples: p(z) = 1/N Σ_n q(z|x_n).

    The exemplars are a random subset of the training examples given to `init`. They are data and do not change.
    Norouzi, Fleet and Norouzi 2020, equation 4 (there with one variance shared by all exemplars).

    The terms of an example x leave out the exemplars that equal x (their section 3.1) and share the weight among the
    others. Otherwise the model could put all of its prior on the training examples. Exemplar n is left out if every x_d
    equals x_nd up to `tolerance`, or is 0 or 1 while x_nd is a grey level between them: x may then be a binarisation of
    it. If all would be left out (a single exemplar), all stay. For a new example usually nothing is left out.

    With `nearest` = k the sum runs only over the k exemplars whose posterior means are nearest to z, still with weights
    1/N. This is a lower bound of log p(z) (their equation 7) which does not integrate to 1, and so lowers the bound of
    log p(x) further. Without it the density is exact.

    Args:
        num_exemplars: largest N [examples]; N is smaller if there are fewer training examples.
        nearest: k, the number of nearest exemplars in the density; by default all.
        tolerance: largest difference between an example and its stored copy [data units]; by default half the smallest
            difference between two values of the exemplars, which is half the width of a grey level.

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
        """None: it takes over the space of the posterior."""
        return None

    def init(self, key: Key, model: ModelParts, examples: Array | None) -> Params:
        """The exemplars, `[N, *data_shape]`; standard normal noise without examples."""
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

    def given(self, model: ModelParts, params: Params, x: Example) -> Distribution:
        """p(z) without the exemplars equal to `x`.

        Only the weights depend on x, so a batch encodes the exemplars once.
        """
        observed = x.observed if isinstance(x, Observation) else None
        value: Array = value_of(x)
        exemplars, tolerance = (params["prior"]["fixed"][name] for name in ("exemplars", "tolerance"))
        is_x = jnp.abs(value[None] - exemplars) <= tolerance
        if model.likelihood.support == BINARY:  # else 0 and 1 are ordinary values, and not draws from a grey level
            is_grey = (exemplars > tolerance) & (exemplars < 1.0 - tolerance)
            is_x |= is_grey & ((value == 0.0) | (value == 1.0))[None]
        if observed is not None:
            is_x |= ~observed[None]  # of x only the observed entries are known
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
    """Half the smallest difference between two values of the data, plus a rounding error, `[]`."""
    gaps = jnp.diff(jnp.sort(jnp.ravel(exemplars)))
    smallest = jnp.min(jnp.where(gaps > 0.0, gaps, jnp.inf))
    return jnp.where(jnp.isfinite(smallest), 0.5 * smallest * (1.0 + 1e-3), 0.0)


@dataclass
class _NearestMixture(Distribution):
    """A mixture whose log-density of ONE value is bounded from below by the nearest components."""

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
