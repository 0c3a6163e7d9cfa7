"""The diagnostics of a trained model on a test set, and their entries of `evaluation.json`."""

import math
from typing import Any, NamedTuple

import jax
import numpy as np

from jaxvae.draw import Model
from jaxvae.evaluation.diagnostics import ACTIVE, ActiveUnits, LatentTerms, active_units, latent_terms
from jaxvae.evaluation.figures import NO_DENSITY, Estimate, figure, missing, spread
from jaxvae.typing import Array, Key, Params

MOST_EXAMPLES = 1000  # the work grows with the square (a flow inverts N² latents), log N hardly
NO_INFORMATION = 0.1  # nats: below it z says nothing of x that a decoder could use
LITTLE_INFORMATION = 1.0  # nats: from here on, no active unit tells of the scale of z rather than of what is in it
_RULE = (
    f"I(x; z) < {NO_INFORMATION:g} nats, or no active unit and I(x; z) < {LITTLE_INFORMATION:g} nat, "
    f"with two examples or more"
)


class Diagnostics(NamedTuple):
    """What the latents of N examples carry."""

    mutual_information: Estimate
    """I(x; z) ≤ log N, nats."""
    marginal_kl: Estimate
    """KL(q(z) ‖ p(z)), nats."""
    average_kl: Estimate
    """E_x[KL(q(z|x) ‖ p(z))], nats."""
    kl_per_dimension: np.ndarray | None
    """nats, `[latent_dim]`."""
    units: ActiveUnits
    num_examples: int

    @property
    def num_active(self) -> int:
        """Number of active units."""
        return int(np.sum(self.units.is_active))

    @property
    def ignores_latents(self) -> bool:
        """Whether z says next to nothing of x, so that the decoder must do without it (posterior collapse).

        I(x; z) < 0.1 nats, or no active unit and I(x; z) < 1 nat; never of a single example.
        """
        limit = NO_INFORMATION if self.num_active else LITTLE_INFORMATION
        return self.num_examples > 1 and self.mutual_information.value < limit


def diagnose(model: Model, params: Params, key: Key, x: Array) -> Diagnostics:
    """The diagnostics of a test set, or of 1,000 examples spread evenly over it.

    Args:
        model: the model description.
        params: all parameters.
        key: for one draw of z an example.
        x: preprocessed test data, `[n, *data_shape]`.
    """
    count = min(len(x), MOST_EXAMPLES)
    x = spread(x, count)

    def figures(x: Array) -> tuple[LatentTerms, ActiveUnits]:
        terms_key, units_key = jax.random.split(key)
        return latent_terms(model, params, terms_key, x), active_units(model, params, units_key, x)

    terms, units = jax.tree.map(np.asarray, jax.jit(figures)(x))
    return Diagnostics(
        mutual_information=Estimate.of(terms.information),
        marginal_kl=Estimate.of(terms.marginal_kl),
        average_kl=Estimate.of(terms.kl),
        kl_per_dimension=None if terms.kl_dimensions is None else np.mean(terms.kl_dimensions, axis=0),
        units=units,
        num_examples=count,
    )


def diagnostics_document(diagnostics: Diagnostics | None) -> dict[str, Any]:
    """The entry of `evaluation.json`; None stands for an objective that trains no density."""
    if diagnostics is None:
        return missing(NO_DENSITY)

    dimensions, units = diagnostics.kl_per_dimension, diagnostics.units
    per_dimension: dict[str, Any] = {"values": None, "reason": "the dimensions of q or p depend on each other"}
    if dimensions is not None:
        estimator = "in closed form where the pair has one, else one draw of z an example"
        per_dimension = {"values": dimensions.tolist(), "unit": "nats", "estimator": estimator}
    means = "of two independent means of draws, their covariance" if units.by_draws else "of the posterior's mean"
    return {
        "num_examples": diagnostics.num_examples,
        "mutual_information": figure(
            diagnostics.mutual_information,
            "nats",
            "log q(z|x) − log q(z), one draw of z an example; q(z) the mixture of the examples' posteriors",
            upper_bound=math.log(diagnostics.num_examples),
        ),
        "marginal_kl": figure(diagnostics.marginal_kl, "nats", "log q(z) − log p(z), of the same draws"),
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
