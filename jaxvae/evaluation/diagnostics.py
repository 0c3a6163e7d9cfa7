"""The information in a model's latents: KL of each dimension, active units, mutual information, marginal KL."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from jaxvae.distributions import mean_of
from jaxvae.evaluation.figures import spread
from jaxvae.model import Model
from jaxvae.objectives.aggregate import own_and_aggregate
from jaxvae.observation import Example, number_of, rows_of
from jaxvae.typing import Array, Key, Params

ACTIVE = 0.01  # variance of the posterior mean above which a unit is active: Burda et al. 2016, section 5
ENCODED_AT_ONCE = 500  # examples in one vmap: enough to keep a processor busy
_PAIRS_AT_ONCE = 100_000  # densities q(z_i|x_j) in memory at once
_DRAWS_FOR_MEAN = 64  # in each of the two halves: their noise falls far below the threshold in 100 examples


class LatentTerms(NamedTuple):
    """Terms of one draw z ~ q(z|x) for each of n examples, `[n]` each; figures are their means."""

    information: Array
    """log q(z|x) − log q(z), nats, at most log N; q(z) is the mixture of N posteriors, including its own."""
    information_above: Array
    """The same with the mixture of the N − 1 others, nats: from above in expectation; infinite for N = 1."""
    marginal_kl: Array
    """log q(z) − log p(z), nats."""
    kl: Array
    """KL(q(z|x) ‖ p(z)), nats: in closed form if the pair has one, else log q(z|x) − log p(z)."""
    kl_dimensions: Array | None
    """The share of each dimension in `kl`, `[n, latent_dim]`; None if q or p has dependent dimensions."""


def latent_terms(model: Model, params: Params, key: Key, x: Example, num_drawn: int | None = None) -> LatentTerms:
    """The terms of examples under the aggregated posterior of N of them, q(z) = (1/N) Σ_n q(z|x_n).

    KL(q(z|x) ‖ p(z)) = I(x; z) + KL(q(z) ‖ p(z)),  both sides averaged over x

    Hoffman and Johnson 2016, section 2; the bound from above: Poole et al. 2019, equation 13. It works for any q with a
    density or a mass; memory does not grow with N².

    Args:
        model: the model description.
        params: all parameters.
        key: for one draw of z an example.
        x: examples, `[N, *data_shape]`, or an `Observation` of them.
        num_drawn: n, the number of evenly spread examples for which z is drawn; by default all.

    Example:
        >>> from jaxvae import VAE, init
        >>> model = VAE(data_shape=(4,), latent_dim=2)
        >>> terms = latent_terms(model, init(model, jax.random.key(0)), jax.random.key(1), jnp.eye(4))
        >>> bool(jnp.mean(terms.information) <= jnp.log(4.0))
        True
    """
    count = number_of(x)
    posteriors = _encode(model, params, x)

    def terms(index: Array) -> LatentTerms:
        q = jax.tree.map(lambda leaf: leaf[index], posteriors)
        draw = model.draw(params, jax.random.fold_in(key, index), rows_of(x, index), posterior=q)
        own, aggregate = own_and_aggregate(posteriors, index, draw.latents, everyone)
        _, others = own_and_aggregate(posteriors, index, draw.latents, jnp.arange(count) != index)
        return LatentTerms(
            own - aggregate, own - others, aggregate - draw.log_prior, jnp.sum(draw.kl), draw.kl_dimensions
        )

    everyone = jnp.ones(count, bool)
    drawn = spread(np.arange(count), count if num_drawn is None else num_drawn)
    return jax.lax.map(terms, jnp.asarray(drawn), batch_size=min(len(drawn), max(1, _PAIRS_AT_ONCE // count)))


def mutual_information(model: Model, params: Params, key: Key, x: Example) -> Array:
    """The information in z about which of N examples it comes from, nats, `[]`.

    I(x; z) = E_i E_q(z|x_i)[log q(z|x_i) − log (1/N) Σ_j q(z|x_j)] ≤ log N

    One draw an example. A model that tells its N examples apart comes near log N, even if z contains more. For all
    possible x this is a lower bound; the mean of `LatentTerms.information_above` is an upper one. Hoffman and Johnson
    2016, section 2; the arguments are those of `latent_terms`.
    """
    return jnp.mean(latent_terms(model, params, key, x).information)


def marginal_kl(model: Model, params: Params, key: Key, x: Example) -> Array:
    """How far the aggregated posterior of N examples is from the prior, nats, `[]`.

    KL(q(z) ‖ p(z)) = E_q(z)[log q(z) − log p(z)] = E_x[KL(q(z|x) ‖ p(z))] − I(x; z),  q(z) = (1/N) Σ_n q(z|x_n)

    It uses the first form with one draw an example: its noise vanishes as q(z) approaches p(z), unlike that of the
    second. With few examples q(z) is rough, and the figure is too large by what I(x; z) lacks. Hoffman and Johnson
    2016, section 2; the arguments are those of `latent_terms`.
    """
    return jnp.mean(latent_terms(model, params, key, x).marginal_kl)


def kl_per_dimension(model: Model, params: Params, key: Key, x: Example) -> Array | None:
    """E_x[KL(q(z_d|x) ‖ p(z_d))], nats, `[latent_dim]`, or None if q or p has dependent dimensions.

    In closed form if the pair has one, else by one draw an example. The arguments are those of `latent_terms`.
    """
    dimensions = latent_terms(model, params, key, x).kl_dimensions
    return None if dimensions is None else jnp.mean(dimensions, axis=0)


class ActiveUnits(NamedTuple):
    """How much the mean of q(z|x) changes with x."""

    variances: Array
    """A_d = Var_x(E_q(z|x)[z_d]), in squared units of z, `[latent_dim]`."""
    by_draws: bool
    """Whether the means were estimated, because the posterior has none in closed form."""

    @property
    def is_active(self) -> Array:
        """A_d > 0.01, `[latent_dim]`: meant for latents with a scale of about 1."""
        return self.variances > ACTIVE


def active_units(model: Model, params: Params, key: Key, x: Example) -> ActiveUnits:
    """The variance over N examples of each dimension's posterior mean.

    A_d = Var_x(E_q(z|x)[z_d]). Burda, Grosse and Salakhutdinov 2016, section 5. For discrete latents the mean is the
    probability. For a posterior without a mean (a flow), it is the covariance of two independent means of 64 draws
    each, so that their noise adds nothing on average. The arguments are those of `latent_terms`; `key` is not used if
    there is a mean.

    Example:
        >>> from jaxvae import VAE, init
        >>> model = VAE(data_shape=(4,), latent_dim=2)
        >>> active_units(model, init(model, jax.random.key(0)), jax.random.key(1), jnp.eye(4)).is_active.shape
        (2,)
    """
    try:
        means = jax.lax.map(lambda one: mean_of(model.encode(params, one)), x, batch_size=_batch(x))
        return ActiveUnits(jnp.var(means, axis=0), by_draws=False)
    except NotImplementedError:
        pass

    def halves(index: Array) -> Array:
        keys = jax.random.split(jax.random.fold_in(key, index), (2, _DRAWS_FOR_MEAN))
        return jnp.mean(
            jax.vmap(jax.vmap(model.encode(params, rows_of(x, index)).sample))(keys), axis=1
        )  # [2, latent_dim]

    means = jax.lax.map(halves, jnp.arange(number_of(x)), batch_size=_batch(x))
    first, second = jnp.moveaxis(means - jnp.mean(means, axis=0, keepdims=True), 1, 0)
    return ActiveUnits(jnp.mean(first * second, axis=0), by_draws=True)


def _batch(x: Example) -> int:
    return min(number_of(x), ENCODED_AT_ONCE)


def _encode(model: Model, params: Params, x: Example) -> Any:
    """q(z|x) of each example, a distribution batched over `[N]`."""
    return jax.lax.map(lambda one: model.encode(params, one), x, batch_size=_batch(x))
