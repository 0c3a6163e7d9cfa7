"""`evaluation.json`: every figure with its unit, error, estimator and the data it was measured on."""

import math
from collections.abc import Mapping
from functools import partial
from typing import Any

import jax
import numpy as np

from jaxvae.data.preprocessing import Preprocessing
from jaxvae.distributions import Columns, Levels, SupportsSampleAndLogProb, marginal_log_prob
from jaxvae.evaluation.annealed import Annealing
from jaxvae.evaluation.bits import bits_per_dimension
from jaxvae.evaluation.evaluate import ImportanceReport, Scores
from jaxvae.evaluation.figures import NO_DENSITY, Estimate, figure, missing
from jaxvae.evaluation.gaps import ELBO_DRAWS, InferenceGaps
from jaxvae.likelihoods import Likelihood
from jaxvae.likelihoods.support import BINARY
from jaxvae.observation import Example, Observation, number_of, value_of
from jaxvae.priors import Figure
from jaxvae.typing import Array

_ESTIMATORS = {
    "log_marginal": "importance-weighted, log-mean-exp over draws from q(z|x): a lower bound in expectation",
    "reconstruction_distortion": "minus log p(x|z) at the posterior mean",
}
FEWEST_DRAWS = 10.0
"""Effective draws behind an estimate of log p(x): with fewer, larger weights are mostly not among the draws."""
_ALIKE = 0.01  # nats: two baselines that differ by less are one
_WITH_MASK = "; of the seen entries and of which were seen: log p(x, s)"
_NO_DRAWS = "left out by num_samples = 0"
_OF_POINTS = "the ELBO, a lower bound: q(z|x) is one point, and more draws of it change nothing"


def likelihood_document(
    scores: Scores,
    baseline: SupportsSampleAndLogProb,
    family_baseline: SupportsSampleAndLogProb,
    likelihood: Likelihood,
    preprocessing: Preprocessing,
    x: Example,
    estimators: Mapping[str, str],
    is_point_mass: bool = False,
    prior: Mapping[str, Figure] | None = None,
    mask: SupportsSampleAndLogProb | None = None,
) -> dict[str, Any]:
    """ELBO, log p(x), rate, distortion and the baselines of a test set.

    The baseline of the likelihood's own family is left out if it equals the other one.

    Args:
        scores: from `evaluate`.
        baseline: independent dimensions, fitted to training data.
        family_baseline: the best member of the likelihood's own family that ignores z.
        likelihood: decides whether log-probabilities are masses.
        preprocessing: decides the width of a grey level.
        x: preprocessed test data, `[n, *data_shape]`, or an `Observation` of them.
        estimators: how `elbo`, `distortion` and `rate` were estimated, see `Scoring.describe`.
        is_point_mass: whether q(z|x) is one point, so that log p(x) is known by its ELBO alone.
        prior: figures that the prior reports.
        mask: where the model also explains which entries were seen, the baseline of that, fitted to training data.
    """
    bin_width = 1.0 if likelihood.support.is_discrete else preprocessing.bin_width
    seen, figures, how = _dimensions_seen(x), scores.figures, {**_ESTIMATORS, **estimators}
    num_dimensions = float(np.mean(seen))
    if mask is not None:
        how |= {name: text + _WITH_MASK for name, text in how.items() if name != "rate"}

    def bits(estimate: Estimate, values: np.ndarray | None) -> dict[str, float | None]:
        if bin_width is None or mask is not None:
            return {"bits_per_dimension": None, "bits_per_dimension_error": None}
        error = estimate.standard_error
        if values is not None and np.ndim(seen):  # of a ratio of means
            error = Estimate.of(values - estimate.value / num_dimensions * seen).standard_error
        return {
            "bits_per_dimension": float(bits_per_dimension(estimate.value, num_dimensions, bin_width)),
            "bits_per_dimension_error": None if error is None else error / num_dimensions / math.log(2.0),
        }

    def entry(name: str, estimate: Estimate | None, **more: Any) -> dict[str, Any]:
        if estimate is None:
            return missing(_NO_DRAWS if "elbo" in figures else NO_DENSITY)
        if is_point_mass and name == "log_marginal":
            return figure(estimate, "nats", _OF_POINTS, note="the ELBO, as q(z|x) is one point", **more)
        return figure(estimate, "nats", how[name], **more)

    def density(name: str, **more: Any) -> dict[str, Any]:
        estimate = figures.get(name)
        return entry(name, estimate, **(bits(estimate, scores.values.get(name)) if estimate else {}), **more)

    def trivial(model: SupportsSampleAndLogProb) -> dict[str, Any]:
        family = type(model.base if isinstance(model, Levels) else model).__name__
        name = "columns" if isinstance(model, Columns) else f"{family} per dimension"
        values = np.asarray(jax.jit(jax.vmap(partial(_log_prob_seen, model, mask)))(x))
        estimate = Estimate.of(values)
        shown = figure(estimate, "nats", "log p(x) in closed form", **bits(estimate, values))
        return {"model": f"independent {name}{'' if mask is None else ' and mask'}", **shown}

    baselines = {"baseline": trivial(baseline), "family_baseline": trivial(family_baseline)}
    difference = baselines["baseline"]["value"] - baselines["family_baseline"]["value"]
    if likelihood.support == BINARY or abs(difference) < _ALIKE:  # binary: all independent models are Bernoulli's
        del baselines["family_baseline"]
    rate, log_likelihood = figures.get("kl"), figures["log_likelihood"]
    distortion = Estimate(-log_likelihood.value, log_likelihood.standard_error)
    distortion_name = "distortion" if "elbo" in figures else "reconstruction_distortion"
    return {
        "elbo": density("elbo"),
        "log_marginal": density("log_marginal", **_importance_entries(scores.importance, is_point_mass)),
        "rate": entry("rate", rate, **({} if rate is None else {"bits": rate.value / math.log(2.0)})),
        distortion_name: entry(distortion_name, distortion),
        **baselines,
        **({"prior": {name: _prior_figure(value) for name, value in prior.items()}} if prior else {}),
    }


def _dimensions_seen(x: Example) -> np.ndarray | int:
    """The number of entries of an example, or where some are hidden of the seen ones of each, `[n]`."""
    if isinstance(x, Observation) and x.observed is not None:
        return np.sum(np.asarray(x.observed).reshape(number_of(x), -1), axis=1)
    return int(np.prod(value_of(x).shape[1:]))


def _log_prob_seen(model: SupportsSampleAndLogProb, mask: SupportsSampleAndLogProb | None, x: Example) -> Array:
    """log p of the seen entries of ONE example, and of which were seen if that is modelled, nats, `[]`."""
    if not isinstance(x, Observation) or x.observed is None:
        return model.log_prob(value_of(x))
    log_prob = marginal_log_prob(model, x.value, x.observed)
    return log_prob if mask is None else log_prob + mask.log_prob(x.observed.astype(log_prob.dtype))


_NO_TAIL = "too few samples for a tail: raise num_samples"


def _importance_entries(report: ImportanceReport | None, is_point_mass: bool) -> dict[str, Any]:
    if report is None:
        return {}
    if is_point_mass:
        alike = missing("q(z|x) is one point, and all its draws are alike")
        return {"num_samples": 1, "num_repeats": 1} | dict.fromkeys(
            ("draw_error", "repeat_error", "effective_sample_size", "pareto_shape", "pareto_smoothed", "jackknife"),
            alike,
        )
    shape = {
        "median": report.pareto_shape,
        "threshold": report.threshold,
        "share_above": report.share_above,
        "estimator": "generalized Pareto shape of the largest weights of an example (Vehtari et al. 2024)",
    }
    return {
        "num_samples": report.num_samples,
        "num_repeats": report.num_repeats,
        "draw_error": _error_entry(
            report.draw_error,
            "√(1 / ESS − 1 / K) of each example, in the mean over examples and repeats",
            "one draw does not show its error: num_samples must be 2 or more",
        )
        | _lower_bound_of_error(report),
        "repeat_error": _error_entry(
            report.repeat_error,
            "standard deviation of the means of the repeats / √(number of repeats)",
            "one repeat does not show it: num_repeats must be 2 or more",
        ),
        "effective_sample_size": figure(report.effective_sample_size, "samples", "(Σ w)² / Σ w², mean over examples"),
        "pareto_shape": shape if report.pareto_shape is not None else missing(_NO_TAIL),
        "pareto_smoothed": missing(_NO_TAIL)
        if report.smoothed is None
        else figure(
            report.smoothed,
            "nats",
            "the largest weights replaced by quantiles of their Pareto distribution (Vehtari et al. 2024): no bound",
        ),
        "jackknife": missing(
            "one draw does not show its bias: num_samples must be 2 or more"
            if report.num_samples == 1
            else "one draw has all the weight of an example: raise num_samples"
        )
        if report.jackknife is None
        else figure(
            report.jackknife,
            "nats",
            "without the bias of order 1 / K, by leaving out each draw (Nowozin 2018): no bound",
        ),
    }


def _lower_bound_of_error(report: ImportanceReport) -> dict[str, str]:
    """With few effective draws, larger weights are mostly missing, and an error from the weights is too small."""
    count = report.effective_sample_size.value
    if report.draw_error is None or count >= FEWEST_DRAWS:
        return {}
    return {"note": f"at least: only {count:.1f} effective draws; num_repeats = 10 estimates it by repeats"}


def _error_entry(value: float | None, estimator: str, reason: str) -> dict[str, Any]:
    return missing(reason) if value is None else {"value": value, "unit": "nats", "estimator": estimator}


def _prior_figure(value: Figure) -> dict[str, Any]:
    number, error, unit = value
    return {"value": float(number), "standard_error": float(error), "unit": unit}


def gaps_document(gaps: InferenceGaps, *, steps: int, num_samples: int) -> dict[str, Any]:
    """The entries of the inference gaps of `[n]` examples."""
    estimators = {
        "elbo": f"of the encoder's q(z|x), by {ELBO_DRAWS} draws",
        "refined_elbo": f"of q* after {steps} gradient steps on each example, by {ELBO_DRAWS} draws",
        "log_marginal": f"importance-weighted by {num_samples} draws of q*: a lower bound in expectation",
        "effective_sample_size": "(Σ w)² / Σ w² of these draws, mean over examples",
        "amortization_gap": "ELBO(q*) − ELBO(q)",
        "approximation_gap": "log p(x) − ELBO(q*): too large by what the steps left undone, too small by its bias",
    }
    values = {name: Estimate.of(np.asarray(of_examples)) for name, of_examples in gaps._asdict().items()}
    units = dict.fromkeys(values, "nats") | {"effective_sample_size": "samples"}
    figures = {name: figure(value, units[name], estimators[name]) for name, value in values.items()}
    return {"num_examples": len(gaps.elbo), "num_samples": num_samples, **figures}


def effective_chains(chain_error: np.ndarray, num_chains: int) -> np.ndarray:
    """The effective number of chains behind each estimate, `[n]`, from the relative error e of M chains.

    (Σ w)² / Σ w² = M / (1 + (M − 1) e²), as e² = var(w) / (M mean²) with the unbiased variance

    >>> effective_chains(np.array([0.0, 1.0]), 16).tolist()
    [16.0, 1.0]
    """
    return num_chains / (1.0 + (num_chains - 1.0) * chain_error.astype(np.float64) ** 2)


def annealed_document(
    annealed: np.ndarray,
    chain_error: np.ndarray,
    importance: np.ndarray,
    lower: np.ndarray,
    upper: np.ndarray,
    *,
    acceptance: float,
    annealing: Annealing,
    num_samples: int,
) -> dict[str, Any]:
    """The entries of annealed importance sampling.

    Args:
        annealed: the forward estimates of test examples, nats, `[n]`.
        chain_error: their errors by the chains, nats, `[n]`.
        importance: the importance-weighted estimates of the same examples, nats, `[n]`.
        lower: the forward estimates of simulated examples, nats, `[m]`.
        upper: the backward estimates of the same, nats, `[m]`.
        acceptance: the mean share of accepted moves.
        annealing: the settings.
        num_samples: draws behind `importance`.
    """
    effective = Estimate.of(effective_chains(chain_error, annealing.num_chains))
    few = {"note": f"at least: only {effective.value:.1f} effective chains; raise num_chains"}
    forwards, backwards = "annealing from p₀ to p(z|x)", "annealing from the true z back to p₀"
    return {
        "num_temperatures": annealing.num_temperatures,
        "num_chains": annealing.num_chains,
        "num_leapfrog_steps": annealing.num_leapfrog_steps,
        "start": annealing.start,
        "acceptance": acceptance,
        "test": {
            "num_examples": len(annealed),
            "log_marginal": figure(Estimate.of(annealed), "nats", f"{forwards}: a lower bound in expectation"),
            "chain_error": missing("one chain does not show its error: num_chains must be 2 or more")
            if annealing.num_chains == 1
            else {
                "value": float(np.sqrt(np.sum(chain_error.astype(np.float64) ** 2)) / len(chain_error)),
                "unit": "nats",
                "estimator": "the chains' part of the error: spread of the weights over their mean, / √M",
                **(few if effective.value < min(FEWEST_DRAWS, 0.5 * annealing.num_chains) else {}),
            },
            "effective_chains": missing("one chain")
            if annealing.num_chains == 1
            else figure(effective, "chains", "(Σ w)² / Σ w² of the chains' weights, mean over examples"),
            "above_importance_weighted": figure(
                Estimate.of(annealed - importance), "nats", f"of the same examples, by {num_samples} draws"
            ),
        },
        "simulated": {
            "num_examples": len(lower),
            "lower": figure(Estimate.of(lower), "nats", f"{forwards}: a lower bound in expectation"),
            "upper": figure(Estimate.of(upper), "nats", f"{backwards}: an upper bound in expectation"),
            "gap": figure(Estimate.of(upper - lower), "nats", "upper − lower, paired"),
        },
    }
