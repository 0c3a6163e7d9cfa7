"""Groups of metrics of a model with a density: its likelihood, and what its latents carry."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxvae.distributions import Bernoulli, closed_form_kl
from jaxvae.distributions.bernoulli import smoothed_log_odds
from jaxvae.evaluation import diagnose, evaluate, family_baseline, independent_baseline
from jaxvae.evaluation.baseline import has_free_baseline
from jaxvae.evaluation.diagnose import diagnostics_document
from jaxvae.evaluation.document import likelihood_document
from jaxvae.evaluation.evaluate import ImportanceReport
from jaxvae.evaluation.figures import spread
from jaxvae.hidden import complete_columns
from jaxvae.observation import Example, Observation, number_of, rows_of, value_of, with_value
from jaxvae.runs.first_state import EXAMPLES_FOR_INIT
from jaxvae.runs.streams import Stream
from jaxvae.runs.subject import Subject
from jaxvae.typing import Array, Params

_EXAMPLES_FOR_BASELINE = 50_000


def likelihood(subject: Subject) -> dict[str, Any]:
    """ELBO, log p(x), rate, distortion, baseline."""
    training, flags = subject.setup.training, subject.flags
    is_point_mass = subject.model.latent_space.is_of_points
    num_samples = 1 if is_point_mass else flags.num_samples  # all draws of a point are equal
    total = number_of(subject.x) * (flags.num_repeats if subject.has_density else 1)
    with subject.reporter.examples("log p(x)" if num_samples else "ELBO", total) as bar:
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
            subject.reporter.warning(line)
    train = subject.setup.dataset.train.distinct
    some = train.take(spread(np.arange(len(train)), _EXAMPLES_FOR_BASELINE)).examples()  # reads those of a stream
    drawn = jax.jit(training.preprocessing)(subject.key(Stream.EXAMPLES), value_of(some))
    fit_on = complete_columns(with_value(some, drawn))
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
        prior=subject.model.report(subject.params),
        mask=None if getattr(training.model, "missingness", None) is None else _independent_mask(some),
    )


def _independent_mask(examples: Example) -> Bernoulli | None:
    """Each entry seen with a probability of its own, by Laplace's rule; None if nothing is hidden."""
    observed = examples.observed if isinstance(examples, Observation) else None
    return None if observed is None else Bernoulli(smoothed_log_odds(jnp.asarray(observed, jnp.float32)))


def _has_closed_form_kl(subject: Subject) -> bool:
    model = subject.model

    def kl(params: Params, example: Example) -> Array | None:
        given, x = model.given(example)
        return closed_form_kl(given.encode(params, x), given.prior_given(params, x))

    return jax.eval_shape(kl, subject.params, rows_of(subject.x, 0)) is not None


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
            f"weights have a tail with k̂ > {report.threshold:.2f}; raise `num_samples`, or evaluate "
            f"with the metrics annealed"
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
