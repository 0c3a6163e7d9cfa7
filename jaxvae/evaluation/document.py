"""`evaluation.json`: every figure with its unit, error, estimator and the data it was measured on."""

import math
import os
import platform
from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

import jax
import numpy as np

from jaxvae.data.preprocessing import Preprocessing, content_hash
from jaxvae.distributions import Columns, Distribution, Levels
from jaxvae.evaluation.bits import bits_per_dimension
from jaxvae.evaluation.diagnose import Diagnostics, diagnostics_document
from jaxvae.evaluation.evaluate import Estimate
from jaxvae.likelihoods import Likelihood
from jaxvae.priors import Figure
from jaxvae.typing import Array

_ESTIMATORS = {
    "elbo": "one draw of z an example (every z where it is enumerated); KL in closed form where the pair has one",
    "log_marginal": "importance-weighted, log-mean-exp over draws from q(z|x): a lower bound in expectation",
    "distortion": "minus log p(x|z), one draw of z an example (every z where it is enumerated)",
    "rate": "KL(q(z|x) ‖ p(z)), closed form where the pair has one, else of one draw",
    "reconstruction_distortion": "minus log p(x|z) at the posterior mean",
}
_OF_POINTS = "the ELBO, a lower bound: q(z|x) is one point, and more draws of it change nothing"


def evaluation_document(
    scores: dict[str, Estimate],
    baseline: Distribution | None,
    likelihood: Likelihood,
    preprocessing: Preprocessing,
    x: Array,
    *,
    num_samples: int,
    is_point_mass: bool = False,
    prior: Mapping[str, Figure] | None = None,
    diagnostics: Diagnostics | None = None,
    **context: Any,
) -> dict[str, Any]:
    """All figures of a test set as JSON.

    Args:
        scores: from `evaluate`.
        baseline: the trivial model, fitted to training data; None where there is none.
        likelihood: tells whether log-probabilities are masses.
        preprocessing: tells the width of a grey level.
        x: preprocessed test data, `[n, *data_shape]`.
        num_samples: draws behind `log_marginal` [samples].
        is_point_mass: whether q(z|x) is one point, so that log p(x) is known by its ELBO alone.
        prior: what the prior reports of itself.
        diagnostics: from `diagnose`; None where the objective trains no density.
        context: further entries (data set, run, seed, epoch).
    """
    has_density = "elbo" in scores
    figures = {
        "elbo": scores.get("elbo"),
        "log_marginal": scores.get("log_marginal"),
        "rate": scores.get("kl"),
        "distortion" if has_density else "reconstruction_distortion": _negative(scores["log_likelihood"]),
    }
    bin_width = 1.0 if likelihood.support.is_discrete else preprocessing.bin_width
    num_dimensions = int(np.prod(x.shape[1:]))

    def entry(name: str, estimate: Estimate | None) -> dict[str, Any]:
        if estimate is None:
            return {"value": None, "reason": "the objective trains no density of x"}
        document: dict[str, Any] = {"value": estimate.value, "standard_error": estimate.standard_error, "unit": "nats"}
        if name in _ESTIMATORS:
            document["estimator"] = _OF_POINTS if is_point_mass and name == "log_marginal" else _ESTIMATORS[name]
        if name == "log_marginal":
            document["num_samples"] = num_samples
        if name == "rate":
            document["bits"] = estimate.value / math.log(2.0)
        if name in ("elbo", "log_marginal", "log_likelihood"):
            bits = None if bin_width is None else bits_per_dimension(estimate.value, num_dimensions, bin_width)
            document["bits_per_dimension"] = bits
        return document

    if baseline is None:
        reason = f"none is known for {type(likelihood).__name__}"
        baseline_entry: dict[str, Any] = {"model": "none", "value": None, "reason": reason}
    else:
        family = type(baseline.base if isinstance(baseline, Levels) else baseline).__name__
        model = "columns" if isinstance(baseline, Columns) else f"{family} per dimension"
        baseline_scores = Estimate.of(np.asarray(jax.jit(jax.vmap(baseline.log_prob))(x)))
        baseline_entry = {"model": f"independent {model}", **entry("log_likelihood", baseline_scores)}
    return {
        **context,
        "num_examples": int(x.shape[0]),
        "num_dimensions": num_dimensions,
        "test_set_sha256": content_hash(x),
        **{name: entry(name, estimate) for name, estimate in figures.items()},
        "baseline": baseline_entry,
        "diagnostics": diagnostics_document(diagnostics),
        **({"prior": {name: _figure(figure) for name, figure in prior.items()}} if prior else {}),
        "code": {"jaxvae": version("jaxvae"), "jax": version("jax"), "python": platform.python_version()},
        "hardware": f"{jax.device_count()} {jax.devices()[0].device_kind}, {os.cpu_count()} {platform.machine()} cores",
    }


def _figure(figure: Figure) -> dict[str, Any]:
    value, error, unit = figure
    return {"value": float(value), "standard_error": float(error), "unit": unit}


def _negative(estimate: Estimate) -> Estimate:
    return Estimate(-estimate.value, estimate.standard_error)
