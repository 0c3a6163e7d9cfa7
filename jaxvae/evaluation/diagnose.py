"""The diagnostics of a trained model on a test set, and their entries of `evaluation.json`."""

import math
from typing import Any, NamedTuple

import jax
import numpy as np

from jaxvae.evaluation.diagnostics import ACTIVE, ActiveUnits, LatentTerms, active_units, latent_terms
from jaxvae.evaluation.figures import NO_DENSITY, Estimate, figure, missing, spread
from jaxvae.model import Model
from jaxvae.observation import Example, number_of, rows_of
from jaxvae.operations import count_operations
from jaxvae.typing import Array, Key, Params

MOST_DRAWN = 1000  # examples for which z is drawn
MOST_EXAMPLES = 10_000  # examples whose posteriors make the mixture q(z)
_MOST_OPERATIONS = 1e10  # for encoding them and their densities: seconds on one core; a flow inverts each pair
NEAR_THE_CEILING = 1.0  # nats below log N: there the estimate says "at least"
NO_INFORMATION = 0.1  # nats: below it z has no information on x that a decoder could use
LITTLE_INFORMATION = 1.0  # nats: above it, zero active units only mean that z has a small scale
_RULE = (
    f"I(x; z) < {NO_INFORMATION:g} nats, or no active unit and I(x; z) < {LITTLE_INFORMATION:g} nat, "
    f"with two examples or more"
)


class Diagnostics(NamedTuple):
    """What the latents of N examples carry."""

    mutual_information: Estimate
    """I(x; z) from below, at most log N, nats."""
    mutual_information_above: Estimate
    """I(x; z) from above in expectation, nats: the average KL, or the estimate by the other posteriors if that is
    smaller by more than two of its standard errors. Never below the lower figure, or 0."""
    marginal_kl: Estimate
    """KL(q(z) ‖ p(z)) from above, nats."""
    average_kl: Estimate
    """E_x[KL(q(z|x) ‖ p(z))], nats."""
    kl_per_dimension: np.ndarray | None
    """KL of each dimension, nats, `[latent_dim]`."""
    units: ActiveUnits
    num_examples: int
    """N, the number of posteriors in the mixture q(z)."""

    @property
    def is_at_ceiling(self) -> bool:
        """Whether I(x; z) is within 1 nat of log N, so that more examples may show more of it."""
        return self.mutual_information.value > math.log(self.num_examples) - NEAR_THE_CEILING

    @property
    def num_active(self) -> int:
        """Number of active units."""
        return int(np.sum(self.units.is_active))

    @property
    def ignores_latents(self) -> bool:
        """Whether z has almost no information on x, so that the decoder ignores it (posterior collapse).

        True if I(x; z) < 0.1 nats, or if no unit is active and I(x; z) < 1 nat; never for a single example.
        """
        limit = NO_INFORMATION if self.num_active else LITTLE_INFORMATION
        return self.num_examples > 1 and self.mutual_information.value < limit


def diagnose(model: Model, params: Params, key: Key, x: Example) -> Diagnostics:
    """The diagnostics of a test set.

    It draws one z for each of at most 1,000 evenly spread examples. q(z) is the mixture of at most 10,000 posteriors:
    fewer, down to 1,000, if an encoding or a density takes many operations.

    Args:
        model: the model description.
        params: all parameters.
        key: for one draw of z an example.
        x: preprocessed test data, `[n, *data_shape]`, or an `Observation` of them.
    """
    total = number_of(x)
    drawn = min(total, MOST_DRAWN)
    count = min(total, max(drawn, min(MOST_EXAMPLES, _affordable(model, params, rows_of(x, 0), drawn))))
    x = spread(x, count)

    def figures(x: Example) -> tuple[LatentTerms, ActiveUnits]:
        terms_key, units_key = jax.random.split(key)
        units = active_units(model, params, units_key, spread(x, drawn))
        return latent_terms(model, params, terms_key, x, drawn), units

    terms, units = jax.tree.map(np.asarray, jax.jit(figures)(x))
    information, average_kl = Estimate.of(terms.information), Estimate.of(terms.kl)
    return Diagnostics(
        mutual_information=information,
        mutual_information_above=_above(information, average_kl, terms.information_above),
        marginal_kl=Estimate.of(terms.marginal_kl),
        average_kl=average_kl,
        kl_per_dimension=None if terms.kl_dimensions is None else np.mean(terms.kl_dimensions, axis=0),
        units=units,
        num_examples=count,
    )


def _above(below: Estimate, average_kl: Estimate, information_above: np.ndarray) -> Estimate:
    """The smaller of the two bounds, if the noise of the one from draws leaves no doubt."""
    others = Estimate.of(information_above) if np.all(np.isfinite(information_above)) else average_kl
    is_smaller = others.value + 2.0 * (others.standard_error or math.inf) < average_kl.value
    value, error = others if is_smaller else average_kl
    return Estimate(max(value, below.value, 0.0), error)


def _affordable(model: Model, params: Params, example: Example, drawn: int) -> int:
    """The N for which the work stays within its limit."""

    def draw_and_score(params: Params, key: Key, x: Example) -> Array:
        posterior = model.encode(params, x)
        return posterior.log_prob(posterior.sample(key))

    encoding = count_operations(jax.make_jaxpr(model.encode)(params, example))
    both = count_operations(jax.make_jaxpr(draw_and_score)(params, jax.random.key(0), example))
    return int(_MOST_OPERATIONS / max(encoding + drawn * (both - encoding), 1))


def diagnostics_document(diagnostics: Diagnostics | None) -> dict[str, Any]:
    """The entry of `evaluation.json`; None means an objective that trains no density."""
    if diagnostics is None:
        return missing(NO_DENSITY)

    dimensions, units = diagnostics.kl_per_dimension, diagnostics.units
    per_dimension: dict[str, Any] = {"values": None, "reason": "the dimensions of q or p depend on each other"}
    if dimensions is not None:
        estimator = "in closed form where the pair has one, else one draw of z an example"
        per_dimension = {"values": dimensions.tolist(), "unit": "nats", "estimator": estimator}
    at_least = f"at least: its ceiling is log {diagnostics.num_examples:,} = {math.log(diagnostics.num_examples):.2f}"
    means = "of two independent means of draws, their covariance" if units.by_draws else "of the posterior's mean"
    return {
        "num_examples": diagnostics.num_examples,
        "mutual_information": figure(
            diagnostics.mutual_information,
            "nats",
            "log q(z|x) − log q(z), one draw of z an example; q(z) the mixture of the examples' posteriors: from below",
            ceiling=math.log(diagnostics.num_examples),
            upper_bound=figure(
                diagnostics.mutual_information_above,
                "nats",
                "the average KL, or log q(z|x) − log q(z) with q(z) of the other examples: from above in expectation",
            ),
            **({"note": at_least} if diagnostics.is_at_ceiling else {}),
        ),
        "marginal_kl": figure(
            diagnostics.marginal_kl,
            "nats",
            "log q(z) − log p(z), of the same draws: from above",
            **({"note": "at most: what I(x; z) lacks is counted here"} if diagnostics.is_at_ceiling else {}),
        ),
        "average_kl": figure(diagnostics.average_kl, "nats", "in closed form where the pair has one, else of draws"),
        "active_units": {
            "value": diagnostics.num_active,
            "of": int(units.variances.size),
            "threshold": ACTIVE,
            "variances": units.variances.tolist(),
            "estimator": f"variance over examples {means}",
        },
        "kl_per_dimension": per_dimension,
        "ignores_latents": {"value": diagnostics.ignores_latents, "rule": _RULE},
    }
