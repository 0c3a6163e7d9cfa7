"""What an objective says of its scores is what they are: the figures are computed again as the words say."""

import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxvae.objectives.elbo import elbo_terms
from jaxvae.objectives.estimators import sample_keys
from jaxvae.objectives.scoring import Scoring
from tests.components import ITS_POSTERIOR, OBJECTIVES
from tests.helpers import binary_batch, init, tiny_vae

_WITHOUT_ELBO = ("Autoencoder", "AdversarialAutoencoder", "AdversarialAutoencoder-stochastic", "WAE", "WAE-stochastic")
_NAMES = [name for name, build in OBJECTIVES.items() if not build().scoring.is_refined]


@pytest.mark.fast_rows(2)
@pytest.mark.parametrize("name", _NAMES)
def test_the_scores_are_made_of_what_is_said(name: str) -> None:
    objective = OBJECTIVES[name]()
    model = tiny_vae(posterior=ITS_POSTERIOR[name]()) if name in ITS_POSTERIOR else tiny_vae()
    params, x = init(model, jax.random.key(0)), binary_batch()[0]
    params = {
        **params,
        "objective": jax.jit(functools.partial(objective.init, model=model, examples=None))(jax.random.key(1)),
    }
    scoring, key = objective.scoring, jax.random.key(2)

    @jax.jit
    def both(params: Any) -> Any:
        scores = objective.score(model, params, key, x)
        keys = sample_keys(jax.random.clone(key), scoring.num_draws or 1)
        draws = jax.vmap(lambda key: model.draw(params, key, x))(keys)
        terms = jax.vmap(lambda draw: elbo_terms(draw, scoring.kl))(draws)
        return scores, jax.tree.map(jnp.mean, terms)

    scores, expected = both(params)
    assert ("elbo" in scores) == (name not in _WITHOUT_ELBO and "RAE" not in name)
    if "elbo" in scores:
        actual = [scores[name] for name in ("elbo", "log_likelihood", "kl")]
        np.testing.assert_allclose(actual, list(expected), rtol=1e-4, atol=1e-5)


def test_the_words() -> None:
    one = Scoring().describe(has_closed_form=True)
    assert one["elbo"] == "one draw of z an example; KL in closed form"
    assert one["rate"] == "KL(q(z|x) ‖ p(z)), in closed form"
    assert Scoring().describe(has_closed_form=False)["rate"] == "KL(q(z|x) ‖ p(z)), one draw of z an example"
    many = Scoring(64, "sampled").describe(has_closed_form=True)
    assert many["elbo"] == "the mean of 64 draws of z an example; KL log q(z|x) − log p(z) of the same z"
    assert many["distortion"] == "minus log p(x|z), the mean of 64 draws of z an example"
    assert Scoring(None).describe(has_closed_form=True)["elbo"].startswith("every z enumerated")
    assert "refined" in Scoring(is_refined=True).describe(has_closed_form=True)["distortion"]
