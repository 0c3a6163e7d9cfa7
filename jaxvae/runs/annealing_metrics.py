"""Group of metrics by annealed importance sampling."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxvae.evaluation import Annealing, annealed_log_marginal, importance_estimate, reverse_annealed_log_marginal
from jaxvae.evaluation.document import annealed_document, effective_chains
from jaxvae.observation import Example, context_of, number_of, rows_of
from jaxvae.runs.streams import Stream
from jaxvae.runs.subject import Subject
from jaxvae.typing import Array, Key

_FEWEST_CHAINS = 0.25  # share of the chains that must be effective: below it, the spread misses most chains
_ANNEALED_AT_ONCE = 4  # examples that are computed together


def annealed(subject: Subject) -> dict[str, Any]:
    """log p(x) of test examples by annealing, and its bracket on examples drawn from the model."""
    subject.require_density()
    params, flags = subject.params, subject.flags
    annealing = Annealing(num_temperatures=flags.num_temperatures, num_chains=flags.num_chains)

    def test(key: Key, example: Example) -> dict[str, Array]:
        model, x = subject.model.given(example)
        annealed_key, infer_key, importance_key = jax.random.split(key, 3)
        estimate = annealed_log_marginal(model, params, annealed_key, x, annealing)
        posterior = subject.setup.training.objective.infer(model, params, infer_key, x)
        importance = importance_estimate(model, params, importance_key, x, flags.num_samples, posterior).log_marginal
        return {"annealed": estimate.log_marginal, "chain_error": estimate.chain_error, "importance": importance}

    def simulated(key: Key, example: Example) -> dict[str, Array]:
        model, _ = subject.model.given(context_of(example))  # of the example only its condition counts
        prior_key, likelihood_key, lower_key, upper_key = jax.random.split(key, 4)
        z = model.sample_prior(params, prior_key)
        x = model.decode(params, z).sample(likelihood_key)
        lower = annealed_log_marginal(model, params, lower_key, x, annealing)
        upper = reverse_annealed_log_marginal(model, params, upper_key, x, z, annealing)
        return {"lower": lower.log_marginal, "upper": upper.log_marginal, "acceptance": lower.acceptance}

    test_key, simulated_key = jax.random.split(subject.key(Stream.ANNEALING))
    x = subject.spread(flags.annealed_examples)
    found = subject.per_example(test, test_key, x, _ANNEALED_AT_ONCE, "annealing, test")
    repeated = rows_of(subject.x, jnp.arange(flags.annealed_examples) % number_of(subject.x))
    bracket = subject.per_example(simulated, simulated_key, repeated, _ANNEALED_AT_ONCE, "annealing, simulated")
    if flags.num_chains > 1:
        effective = float(np.mean(effective_chains(found["chain_error"], flags.num_chains)))
        if effective < _FEWEST_CHAINS * flags.num_chains:
            subject.reporter.warning(
                f"annealing has only {effective:.1f} effective chains of {flags.num_chains}, and so its error bars are "
                f"too short: raise `num_temperatures`",
            )
    acceptance = float(np.mean(bracket.pop("acceptance")))
    document = annealed_document(
        **found, **bracket, acceptance=acceptance, annealing=annealing, num_samples=flags.num_samples
    )
    return {"annealed": document}
