"""What an objective needs from q(z|x), and the error that names the posteriors that have it."""

import dataclasses
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from jaxvae import posteriors, priors
from jaxvae.compatibility import members
from jaxvae.distributions import has_mean, is_reparameterized, mean_of, per_dimension
from jaxvae.errors import UserError, any_of
from jaxvae.model import Model
from jaxvae.priors import Prior
from jaxvae.pytrees import learned_leaves
from jaxvae.typing import Array
from jaxvae.vae import VAE

Condition = Callable[[Any], bool]
"""Whether q(z|x) has what is needed."""


def check_posterior(owner: str, need: str, condition: Condition, model: Model, q: Any, *, fix: str = "") -> None:
    """Check that q(z|x) has what is needed.

    Args:
        owner: who needs it; the message begins with this name.
        need: what is needed: "a reparameterized posterior".
        condition: whether a q(z|x) has it.
        model: whose q(z|x) it is.
        q: a posterior, of one example or of a batch.
        fix: another remedy, which is named first.

    Raises:
        UserError: naming the library's posteriors that have it; if possible, those that fit the model's prior.
    """
    if condition(q):
        return
    name = type(getattr(model, "posterior", q)).__name__
    ways = [fix, _posteriors_that(condition, model)]
    raise UserError(f"{owner} needs {need}, got {name}: use {', or '.join(way for way in ways if way)}")


def has_independent_dimensions(q: Any) -> bool:
    """Whether q(z|x) = Π_d q(z_d|x)."""
    return per_dimension(q) is not None


def mean_of_posterior(owner: object, model: Model, q: Any, *, fix: str = "") -> Array:
    """E[z] under q(z|x).

    Raises:
        UserError: if q has no mean, naming posteriors that have one.
    """
    check_posterior(type(owner).__name__, "a posterior with a mean", has_mean, model, q, fix=fix)
    return mean_of(q)


def check_reparameterized(owner: object, model: Model, q: Any) -> None:
    """Refuse a posterior whose draws pass no gradient."""
    needed = "a posterior whose draws pass a gradient"
    check_posterior(type(owner).__name__, needed, is_reparameterized, model, q)


def check_prior_stays(owner: object, model: Model) -> None:
    """Refuse a prior with learned parameters, and one made of the posterior, which moves with the encoder.

    Raises:
        UserError: naming the library's priors that fit the model's posterior and are not learned.
    """
    if not isinstance(model, VAE) or _stays(model):
        return
    found = [name for name, prior in members(priors) if _stays_with(model, prior)]
    raise UserError(
        f"{type(owner).__name__} needs a prior that is not learned, since it trains none, got "
        f"{type(model.prior).__name__}: use {any_of('prior', found)}"
    )


def _stays(model: VAE) -> bool:
    if model.prior.space is None:
        return False
    return not learned_leaves(jax.eval_shape(lambda key: model.prior.init(key, model, None), jax.random.key(0)))


def _stays_with(model: VAE, prior: Prior) -> bool:
    """Whether the model can have this prior, and it is not learned."""
    try:
        return _stays(dataclasses.replace(model, prior=prior))
    except UserError:  # a prior of another space, or one that asks for more than the model has, such as a condition
        return False


def _posteriors_that(condition: Condition, model: Model) -> str:
    """The library's posteriors whose q(z|x) meets a condition, as options."""
    if not isinstance(model, VAE):
        return "another posterior"
    found = [name for name, one in members(posteriors) if _meets(condition, model, posterior=one)]
    if found:
        return any_of("posterior", found)
    by_prior: dict[str, list[str]] = {}  # no posterior fits the model's prior
    for name, posterior in members(posteriors):
        fitting = [prior for _, prior in members(priors) if prior.space and posterior.space.fits(prior.space)]
        fitting.sort(key=lambda prior: not isinstance(prior, priors.StandardNormal))  # the plainest first
        if fitting and _meets(condition, model, posterior=posterior, prior=fitting[0]):
            by_prior.setdefault(type(fitting[0]).__name__, []).append(name)
    ways = [f"`prior={prior}()` with {any_of('posterior', names)}" for prior, names in by_prior.items()]
    return ", or ".join(ways) or any_of("posterior", [])


def _meets(condition: Condition, model: VAE, **components: Any) -> bool:
    """Whether a model with these components has such a q(z|x); it is traced, nothing is computed."""
    met = False

    def look(x: Array) -> None:
        nonlocal met
        met = condition(candidate.encode(candidate.init(jax.random.key(0)), x))

    try:
        candidate = dataclasses.replace(model, **components)
        jax.eval_shape(look, jnp.zeros(model.data_shape))
    except Exception:  # a candidate that lacks anything (a space, a size, an input) is not a remedy
        return False
    return met and getattr(candidate.posterior, "trained_by", None) is None
