"""Shared parts of likelihoods with a location and a scale: kinds of scale, ranges of the location, and starts."""

from collections.abc import Callable
from typing import Any, Literal, NamedTuple

import jax
import jax.numpy as jnp

from jaxvae.checks import check_choice, check_range
from jaxvae.distributions.transforms import inverse_positive, positive
from jaxvae.likelihoods.maximum_likelihood import a_few, maximum_likelihood, silent_member
from jaxvae.likelihoods.units import in_units, read, units_of
from jaxvae.model import ModelParts
from jaxvae.typing import Array, Params, Shape

MIN_SCALE = 1e-3  # a quarter of a grey level of 8-bit data in [0, 1]: bounds the density of pixels that never change
MIN_SCALE_IN_SPREADS = 3e-3  # where there are units: pictures in [0, 1] have a spread of about a third
MOST_SORTED = 4_000_000  # numbers, for medians: more would tell little more
_EDGE = 0.01  # smallest distance of a mean from the end of an open range, for a finite offset

ScaleKind = Literal["shared", "per_dimension", "decoded"]
Start = Literal["data", "unit"]
_KINDS, _STARTS = ("shared", "per_dimension", "decoded"), ("data", "unit")


class _Range(NamedTuple):
    """A map from any real onto the range of a location, and its inverse."""

    of: Callable[[Array], Array]
    inverse: Callable[[Array], Array]


_RANGES = {
    "identity": _Range(lambda x: x, lambda mean: mean),
    "sigmoid": _Range(jax.nn.sigmoid, lambda mean: jax.scipy.special.logit(jnp.clip(mean, _EDGE, 1.0 - _EDGE))),
    "tanh": _Range(jnp.tanh, lambda mean: jnp.arctanh(jnp.clip(mean, _EDGE - 1.0, 1.0 - _EDGE))),
}


def mean_of(examples: Array) -> Array:
    """The mean over the examples, `data_shape`."""
    return jnp.mean(examples, axis=0)


def median_of(examples: Array) -> Array:
    """The median over the examples, `data_shape`."""
    return jnp.median(a_few(examples, MOST_SORTED), axis=0)


def root_mean_square(residuals: Array, axis: int | None) -> Array:
    """The standard deviation of residuals."""
    return jnp.sqrt(jnp.mean(residuals**2, axis))


def check(likelihood: Any) -> None:
    """Check the fields `scale`, `start` and, if there is one, `mean`.

    Raises:
        UserError: for a scale that is not above 0, or an unknown name.
    """
    check_range(likelihood, above=0.0, scale=likelihood.scale)
    check_choice(likelihood, _KINDS, scale=likelihood.scale)
    check_choice(likelihood, _STARTS, start=likelihood.start)
    check_choice(likelihood, _RANGES, mean=getattr(likelihood, "mean", None))


def kind(likelihood: Any) -> str:
    """`fixed`, `shared`, … ; a number may be a tracer, which must never be compared."""
    return likelihood.scale if isinstance(likelihood.scale, str) else "fixed"


def parameter_shape(likelihood: Any, model: ModelParts) -> Shape:
    """A location for each data dimension, and with `decoded` a raw scale: `data_shape` or `(2, *data_shape)`."""
    return (2, *model.data_shape) if kind(likelihood) == "decoded" else model.data_shape


def _has_units(likelihood: Any) -> bool:
    """Whether locations may be any real: then the decoder and the encoder work in units of the training examples."""
    return likelihood.start == "data" and getattr(likelihood, "mean", None) == "identity"


def _least_scale(likelihood: Any) -> float:
    """The smallest learned scale, in the units of the likelihood."""
    return MIN_SCALE_IN_SPREADS if _has_units(likelihood) else MIN_SCALE


def encoder_input(params: Params, x: Array) -> Array:
    """(x − center) / spread, `data_shape`; x itself if the likelihood has no units."""
    return in_units(params.get("likelihood", {}), x)


def with_two_more(model: ModelParts, examples: Array) -> Array:
    """The examples and two more, one standard deviation of all values above their mean and below it.

    This is Laplace's rule for reals: a pixel that has never changed may still change. Columns of a table have their own
    units, so nothing is added there.
    """
    if len(model.data_shape) < 2:
        return examples
    mean, spread = jnp.mean(examples), jnp.std(examples)
    more = jnp.stack([jnp.full(model.data_shape, value) for value in (mean - spread, mean + spread)])
    return jnp.concatenate([examples, more.astype(examples.dtype)])


def _never_change(likelihood: Any, model: ModelParts, examples: Array) -> Array:
    """Dimensions whose examples have one value, and so no scale: they start at scale 1.

    At the smallest scale, the decoder's first outputs would be hundreds of scales off. For images it is all pixels or
    none, since two more examples are added. Values are compared without units, which would bring rounding.
    """
    if len(model.data_shape) < 2:
        return jnp.all(examples == examples[:1], None if kind(likelihood) == "shared" else 0)
    return jnp.all(examples == examples.reshape(-1)[0])


def start(
    likelihood: Any,
    model: ModelParts,
    examples: Array | None,
    center_of: Callable[[Array], Array],
    scale_of: Callable[..., Array],
    minimum: float | None = None,
) -> Params:
    """The parameters for which a decoder that puts out 0 gives the center and the spread of the training examples.

    Args:
        likelihood: with its fields `scale`, `start` and, if there is one, `mean`.
        model: the model, for its `data_shape`.
        examples: `[n, *data_shape]`, extended by `with_two_more`. With None the offset is 0 and the scale 1.
        center_of: the location, `data_shape`, of examples.
        scale_of: the scale of residuals `[n, *data_shape]`, over the axes that it is given as `axis`.
        minimum: the smallest scale, if the likelihood has its own; dimensions that never change start at 1.

    Returns:
        `fixed`, the center and the spread of the examples, if locations may be any real: then the decoder's outputs and
        the rest are in these units; `offset`, `data_shape`, which is added to the decoded location before its range,
        but not for the start `unit`; `raw_scale`, if one is learned: `[]` for `shared`, else `data_shape`; not for
        `decoded` with the start `unit`.
    """
    scale_kind = kind(likelihood)
    scale_shape = () if scale_kind == "shared" else model.data_shape
    if likelihood.start == "unit":
        return {"raw_scale": jnp.zeros(scale_shape)} if scale_kind in ("shared", "per_dimension") else {}
    offset, raw_scale = jnp.zeros(model.data_shape), jnp.zeros(scale_shape)
    units = units_of(examples, model.data_shape) if _has_units(likelihood) else {}
    if examples is not None:
        never_change = _never_change(likelihood, model, examples)
        examples = with_two_more(model, jax.vmap(lambda x: in_units(units, x))(examples))
        location_range = _RANGES[getattr(likelihood, "mean", "identity")]
        offset = location_range.inverse(center_of(examples))
        axis = None if scale_kind == "shared" else 0
        scale = scale_of(examples - location_range.of(offset)[None], axis=axis)
        scale = jnp.where(never_change, 1.0, scale)
        least = minimum or _least_scale(likelihood)
        raw_scale = inverse_positive(jnp.maximum(scale, 2.0 * least), least)
    own = {"offset": offset} if scale_kind == "fixed" else {"offset": offset, "raw_scale": raw_scale}
    return {**own, **units}


def fit(
    likelihood: Any, model: ModelParts, own: Params, examples: Array | None, minimum: float | None = None
) -> Params:
    """The parameters of maximum likelihood, starting from those of `start`. The scale stays above its minimum."""
    if examples is None or likelihood.start == "unit":
        return own
    units = {name: leaf for name, leaf in own.items() if name == "fixed"}
    learned = {name: leaf for name, leaf in own.items() if name != "fixed"}
    fitted = maximum_likelihood(
        lambda own: silent_member(likelihood, model, {**own, **units}), learned, with_two_more(model, a_few(examples))
    )
    fitted = {**fitted, **units}
    if "raw_scale" not in fitted:
        return fitted
    least = minimum or _least_scale(likelihood)
    at_least = inverse_positive(jnp.asarray(2.0 * least, float), least)  # where softplus has a gradient left
    raw_scale = jnp.maximum(fitted["raw_scale"], at_least)
    never_change = _never_change(likelihood, model, examples)
    return {**fitted, "raw_scale": jnp.where(never_change, own["raw_scale"], raw_scale)}


def location_and_scale(
    likelihood: Any, params: Params, outputs: Array, minimum: float | None = None
) -> tuple[Array, Array]:
    """Location `data_shape` and scale (`[]` or `data_shape`) from the decoder's outputs [data units]."""
    own = params.get("likelihood", {})
    center, spread = read(own)
    location, raw = outputs if kind(likelihood) == "decoded" else (outputs, 0.0)
    if kind(likelihood) == "fixed":
        scale = jnp.asarray(likelihood.scale)
    else:
        scale = spread * positive(raw + own.get("raw_scale", 0.0), minimum or _least_scale(likelihood))
    location_range = _RANGES[getattr(likelihood, "mean", "identity")]
    return center + spread * location_range.of(location + own.get("offset", 0.0)), scale
