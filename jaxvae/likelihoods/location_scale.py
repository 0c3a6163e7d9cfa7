"""What likelihoods with a location and a scale share: kinds of scale, ranges of the location, and where they start."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import jax
import jax.numpy as jnp

from jaxvae.checks import check_choice, check_range
from jaxvae.distributions.transforms import inverse_positive, positive
from jaxvae.typing import Array, Params, Shape

if TYPE_CHECKING:
    from jaxvae.vae import VAE

MIN_SCALE = 1e-3  # a quarter of a grey level of 8-bit data in [0, 1]: bounds the density where pixels never change
_EDGE = 0.01  # how near to the end of an open range a mean of the data is taken to be, to have a finite offset


class _Range(NamedTuple):
    """A map from any real onto the range of a location, and its inverse."""

    of: Callable[[Array], Array]
    inverse: Callable[[Array], Array]


_RANGES = {
    "identity": _Range(lambda x: x, lambda mean: mean),
    "sigmoid": _Range(jax.nn.sigmoid, lambda mean: jax.scipy.special.logit(jnp.clip(mean, _EDGE, 1.0 - _EDGE))),
    "tanh": _Range(jnp.tanh, lambda mean: jnp.arctanh(jnp.clip(mean, _EDGE - 1.0, 1.0 - _EDGE))),
}


def check(likelihood: Any, *more_kinds: str) -> None:
    """Check the fields `scale` and, where there is one, `mean`.

    Raises:
        UserError: for a scale that is not above 0, or an unknown name.
    """
    check_range(likelihood, above=0.0, scale=likelihood.scale)
    check_choice(likelihood, ("learned", "per_pixel", *more_kinds), scale=likelihood.scale)
    check_choice(likelihood, _RANGES, mean=getattr(likelihood, "mean", None))


def kind(likelihood: Any) -> str:
    """`fixed`, `learned`, … ; a number may be a tracer, which must never be compared."""
    return likelihood.scale if isinstance(likelihood.scale, str) else "fixed"


def parameter_shape(likelihood: Any, vae: "VAE") -> Shape:
    """A location for each data dimension, and with `per_pixel` a raw scale: `data_shape` or `(2, *data_shape)`."""
    return (2, *vae.data_shape) if kind(likelihood) == "per_pixel" else vae.data_shape


def start_at_data(
    likelihood: Any,
    vae: "VAE",
    examples: Array | None,
    scale_of: Callable[[Array], Array],
    minimum: float = MIN_SCALE,
) -> Params:
    """The parameters with which a decoder that puts out 0 predicts the mean of the training examples.

    Args:
        likelihood: with its fields `scale` and, where there is one, `mean`.
        vae: the model, for its `data_shape`.
        examples: `[n, *data_shape]`, or None: then the offset is 0 and the scale 1.
        scale_of: the scale, `[]`, that fits residuals `[n, *data_shape]`.
        minimum: the smallest scale [data units].

    Returns:
        `offset`, `data_shape`, added to the decoded location before its range; `raw_scale`, `[]`, where the scale is
        not fixed.
    """
    own: Params = {"offset": jnp.zeros(vae.data_shape)}
    raw_scale = jnp.zeros(())
    if examples is not None:
        location_range = _RANGES[getattr(likelihood, "mean", "identity")]
        own["offset"] = location_range.inverse(jnp.mean(examples, axis=0))
        scale = scale_of(examples - location_range.of(own["offset"])[None])
        raw_scale = inverse_positive(jnp.maximum(scale, 2.0 * minimum), minimum)
    return own if kind(likelihood) == "fixed" else own | {"raw_scale": raw_scale}


def location_and_scale(
    likelihood: Any, params: Params, outputs: Array, minimum: float = MIN_SCALE
) -> tuple[Array, Array]:
    """Location `data_shape` and scale (`[]` or `data_shape`) from the decoder's outputs."""
    own = params.get("likelihood", {})
    location, raw = outputs if kind(likelihood) == "per_pixel" else (outputs, 0.0)
    if kind(likelihood) == "fixed":
        scale = jnp.asarray(likelihood.scale)
    else:
        scale = positive(raw + own.get("raw_scale", 0.0), minimum)
    location_range = _RANGES[getattr(likelihood, "mean", "identity")]
    return location_range.of(location + own.get("offset", 0.0)), scale
