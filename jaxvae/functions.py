"""Pure functions of a model and ONE example; `jax.vmap` makes batches of them."""

import jax

from jaxvae.distributions import SupportsMean, SupportsSampleAndLogProb, mean_of
from jaxvae.errors import UserError
from jaxvae.model import Model
from jaxvae.observation import Example, Observation
from jaxvae.typing import Array, ArrayLike, Key, Params, PyTree


def init(model: Model, key: Key, examples: Example | None = None) -> Params:
    """Draw all parameters: a nested dict of arrays with one entry a component.

    Args:
        model: the model description.
        key: for the draw.
        examples: training examples, `[n, *data_shape]`, for components that start from data; an `Observation` of them
            where entries are hidden or there is a condition; None where there are none.

    Raises:
        ValueError: for examples of another shape, or of integers (stored levels).
    """
    return model.init(key, examples)


def encode(model: Model, params: Params, x: Example) -> SupportsMean:
    """q(z|x) for ONE example: a distribution over z, for its `.mean`, `.sample(key)` or `.log_prob(z)`.

    Raises:
        ValueError: if `x` does not have the shape of one example, or is not a float array.
        NoMeanError: where `.mean` is read of a family that has none (a flow).
    """
    return model.encode(params, x)


def reparameterize(key: Key, q: SupportsSampleAndLogProb) -> PyTree:
    """Draw z ~ q with gradients through the sample where the family is reparameterizable.

    For a normal z = loc + scale · ε, ε ~ N(0, 1). Kingma and Welling 2014, section 2.4.
    """
    return q.sample(key)


def decode(model: Model, params: Params, z: PyTree) -> SupportsMean:
    """p(x|z) for ONE latent: a distribution over x, for its `.mean`, `.sample(key)` or `.log_prob(x)`.

    Raises:
        ValueError: if `z` does not have the shape of one latent.
        NoMeanError: where `.mean` is read of a family that has none.
    """
    return model.decode(params, z)


def given(model: Model, condition: ArrayLike | None) -> Model:
    """The model given a condition c, to decode and to sample: p(z|c) and p(x|z, c).

    Args:
        model: a model with a condition.
        condition: c, a row `[columns]`, or a number if there is one column; None hides it, if the model may drop it.
            What else belongs to an example goes to `model.given(example)`.

    Raises:
        UserError: if the model has no condition, c is not one of its, or is hidden although the model needs it.

    Example:
        >>> import jaxvae as jv
        >>> model = jv.VAE((4,), 2, condition=jv.Condition(("categorical:3",)))
        >>> params = init(model, jax.random.key(0))
        >>> sample(given(model, 2), params, jax.random.key(1)).shape
        (4,)
    """
    if isinstance(condition, Observation):
        raise UserError(
            "jaxvae.given takes a condition, got an Observation: write jaxvae.given(model, example.condition), or "
            "model.given(example) for the model and x"
        )
    return model.given_condition(condition)


def sample(model: Model, params: Params, key: Key) -> Array:
    """One draw of x: z ~ p(z), then x ~ p(x|z); of a conditional model take `given(model, condition)`."""
    prior_key, likelihood_key = jax.random.split(key)
    return model.decode(params, model.sample_prior(params, prior_key)).sample(likelihood_key)


def reconstruct(model: Model, params: Params, x: Example, key: Key | None = None) -> Array:
    """E[x'|z] for ONE example, with z the posterior mean, or a draw from the posterior if a key is given."""
    model, x = model.given(x)
    q = model.encode(params, x)
    return mean_of(model.decode(params, mean_of(q) if key is None else q.sample(key)))
