"""Groups of metrics of a model with a density: likelihood, latents, gaps of inference, annealing."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxvae.distributions import closed_form_kl
from jaxvae.errors import UserError
from jaxvae.evaluation import (
    Annealing,
    ImportanceReport,
    InferenceGaps,
    annealed_document,
    annealed_log_marginal,
    diagnose,
    diagnostics_document,
    effective_chains,
    evaluate,
    family_baseline,
    gaps_document,
    has_free_baseline,
    importance_estimate,
    independent_baseline,
    inference_gaps,
    likelihood_document,
    reverse_annealed_log_marginal,
)
from jaxvae.evaluation.document import FEWEST_DRAWS
from jaxvae.evaluation.figures import spread
from jaxvae.report.terminal import ExampleBar
from jaxvae.runs.setup import EXAMPLES_FOR_INIT, Stream
from jaxvae.runs.subject import Subject, warn
from jaxvae.typing import Array, Key, Params

_EXAMPLES_FOR_BASELINE = 50_000
_GAP_STEPS, _GAP_EXAMPLES_AT_ONCE = 500, 50
_FEWEST_CHAINS = 0.25  # share of the chains that must be effective: below it, the spread misses most chains
_ANNEALED_AT_ONCE = 4  # examples that are computed together


def likelihood(subject: Subject) -> dict[str, Any]:
    """ELBO, log p(x), rate, distortion, baseline."""
    training, flags = subject.setup.training, subject.flags
    is_point_mass = subject.model.posterior.space.is_of_points
    num_samples = 1 if is_point_mass else flags.num_samples  # all draws of a point are equal
    total = len(subject.x) * (flags.num_repeats if subject.has_density else 1)
    with ExampleBar(subject.console, "log p(x)" if num_samples else "ELBO", total) as bar:
        scores = evaluate(
            subject.model,
            training.objective,
            subject.params,
            subject.key(Stream.EVALUATION),
            subject.x,
            num_samples=num_samples,
            num_repeats=flags.num_repeats,
            progress=bar.advance,
        )
    if scores.importance is not None and not is_point_mass:
        for line in _doubts(scores.importance, flags.target_error):
            warn(subject.console, line)
    fit_on = jax.jit(training.preprocessing)(
        subject.key(Stream.EXAMPLES), spread(subject.setup.dataset.train.images, _EXAMPLES_FOR_BASELINE)
    )
    own = jax.jit(family_baseline)(training.model, spread(fit_on, EXAMPLES_FOR_INIT))
    is_free = has_free_baseline(training.model.likelihood.support)  # else the fit would be compiled a second time
    return likelihood_document(
        scores,
        jax.jit(independent_baseline)(training.model, fit_on) if is_free else own,
        own,
        training.model.likelihood,
        training.preprocessing,
        subject.x,
        training.objective.scoring.describe(_has_closed_form_kl(subject)),
        is_point_mass=is_point_mass,
        prior=subject.model.prior.report(subject.model, subject.params),
    )


def _has_closed_form_kl(subject: Subject) -> bool:
    model = subject.model

    def kl(params: Params, x: Array) -> Array | None:
        return closed_form_kl(model.encode(params, x), model.prior.given(model, params, x))

    return jax.eval_shape(kl, subject.params, subject.x[0]) is not None


def _doubts(report: ImportanceReport, target_error: float | None) -> list[str]:
    """The doubts about an estimate of log p(x)."""
    lines = []
    if report.share_above is None:
        lines.append(
            f"whether log p(x) can be trusted is not known: {report.num_samples} weights have too short a tail for k̂; "
            "raise `num_samples`"
        )
    elif not report.is_reliable:
        lines.append(
            f"log p(x) is a lower bound that more draws may raise: of {report.share_above:.0%} of the examples the "
            f"weights have a tail with k̂ > {report.threshold:.2f}; raise `num_samples`, or run evaluate.py with "
            f"--metrics annealed"
        )
    if target_error is not None and report.error is None:
        lines.append(
            f"the error of log p(x) by its draws is not known, wanted {target_error:g} nats: give `num_samples=2` at "
            "least"
        )
    elif target_error is not None and report.error is not None and report.error > target_error:
        lines.append(
            f"the error of log p(x) by its draws is {report.error:.2g} nats, wanted {target_error:g}: give "
            f"`num_samples={report.samples_for(target_error)}`"
        )
    return lines


def latents(subject: Subject) -> dict[str, Any]:
    """The information in the latents."""
    if not subject.has_density:
        return {"diagnostics": diagnostics_document(None)}
    found = diagnose(subject.model, subject.params, subject.key(Stream.DIAGNOSTICS), subject.x)
    return {"diagnostics": diagnostics_document(found)}


def gaps(subject: Subject) -> dict[str, Any]:
    """The approximation and the amortisation gap."""
    subject.require_density()
    if subject.model.posterior.space.is_of_points:
        raise UserError("q(z|x) is one point, and log p(x) is its ELBO: there is nothing to compare")
    num_samples = subject.flags.num_samples

    def one(key: Key, x: Array) -> dict[str, Array]:
        return inference_gaps(
            subject.model, subject.params, key, x, num_samples=num_samples, steps=_GAP_STEPS
        )._asdict()

    x = subject.spread(subject.flags.gap_examples)
    found = subject.per_example(one, subject.key(Stream.GAPS), x, _GAP_EXAMPLES_AT_ONCE, "gaps")
    effective = float(np.mean(found["effective_sample_size"]))
    if effective < FEWEST_DRAWS:
        warn(
            subject.console,
            f"the approximation gap has only {effective:.1f} effective draws of {num_samples}, and so is too small: "
            f"raise `num_samples`",
        )
    return {"gaps": gaps_document(InferenceGaps(**found), steps=_GAP_STEPS, num_samples=num_samples)}


def annealed(subject: Subject) -> dict[str, Any]:
    """log p(x) of test examples by annealing, and its bracket on examples drawn from the model."""
    subject.require_density()
    model, params, flags = subject.model, subject.params, subject.flags
    annealing = Annealing(num_temperatures=flags.num_temperatures, num_chains=flags.num_chains)

    def test(key: Key, x: Array) -> dict[str, Array]:
        annealed_key, infer_key, importance_key = jax.random.split(key, 3)
        estimate = annealed_log_marginal(model, params, annealed_key, x, annealing)
        posterior = subject.setup.training.objective.infer(model, params, infer_key, x)
        importance = importance_estimate(model, params, importance_key, x, flags.num_samples, posterior).log_marginal
        return {"annealed": estimate.log_marginal, "chain_error": estimate.chain_error, "importance": importance}

    def simulated(key: Key, index: Array) -> dict[str, Array]:
        del index
        prior_key, likelihood_key, lower_key, upper_key = jax.random.split(key, 4)
        z = model.sample_prior(params, prior_key)
        x = model.decode(params, z).sample(likelihood_key)
        lower = annealed_log_marginal(model, params, lower_key, x, annealing)
        upper = reverse_annealed_log_marginal(model, params, upper_key, x, z, annealing)
        return {"lower": lower.log_marginal, "upper": upper.log_marginal, "acceptance": lower.acceptance}

    test_key, simulated_key = jax.random.split(subject.key(Stream.ANNEALING))
    x = subject.spread(flags.annealed_examples)
    found = subject.per_example(test, test_key, x, _ANNEALED_AT_ONCE, "annealing, test")
    indices = jnp.arange(flags.annealed_examples)
    bracket = subject.per_example(simulated, simulated_key, indices, _ANNEALED_AT_ONCE, "annealing, simulated")
    if flags.num_chains > 1:
        effective = float(np.mean(effective_chains(found["chain_error"], flags.num_chains)))
        if effective < _FEWEST_CHAINS * flags.num_chains:
            warn(
                subject.console,
                f"annealing has only {effective:.1f} effective chains of {flags.num_chains}, and so its error bars are "
                f"too short: raise `num_temperatures`",
            )
    acceptance = float(np.mean(bracket.pop("acceptance")))
    document = annealed_document(
        **found, **bracket, acceptance=acceptance, annealing=annealing, num_samples=flags.num_samples
    )
    return {"annealed": document}
