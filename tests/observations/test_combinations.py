"""Anything goes with anything over examples of which a part is hidden, told a condition and maybe a label."""

import dataclasses
import itertools
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxvae as jv
from jaxvae import networks, posteriors, priors
from jaxvae.data import Preprocessing
from jaxvae.observation import Observation
from jaxvae.training import Optimizer, Training, create_state, train_epoch, validate
from tests.components import LIKELIHOODS, NETWORKS, OBJECTIVES, POSTERIORS, PRIORS
from tests.helpers import assert_finite
from tests.observations.test_masks import last_hidden
from tests.test_combinations import GENERAL_OBJECTIVES, LATENT_DIM, ONLY_OBJECTIVE, pairs

CONDITION = jv.Condition(("categorical:3", "real"))
NUM_TRAIN, BATCH_SIZE = 9, 4  # three steps, the last one padded
FILLS = ("zero", "mean", "learned")
CLASSES: dict[str, tuple[Any, Any]] = {
    "ClassAndNormal": (
        posteriors.ClassAndNormal(2, 3, networks.MLP((4,))),
        priors.ClassAndNormal(2, "learned", "learned"),
    ),
    "GMVAE": (
        posteriors.ClassAndNormal(3, 3, networks.MLP((4,)), decoder_sees_class=False),
        priors.ClassAndNormal(3, "learned"),
    ),
    "Categorical": (posteriors.Categorical(4), priors.UniformCategorical(4)),
}
"""Posteriors with a class that a label may tell, each with its prior, for four latent dimensions."""


def model(posterior: Any, prior: Any, likelihood: str, fill: str, network: str = "MLP-linear") -> jv.VAE:
    """A VAE that takes masks and conditions."""
    row = LIKELIHOODS[likelihood]
    nets = (NETWORKS[network].build(), NETWORKS[network].build())
    return jv.VAE(
        row.data_shape,
        LATENT_DIM,
        *nets,
        posterior,
        prior,
        row.build(),
        condition=CONDITION,
        fill=fill,  # type: ignore[arg-type]
        show_mask=len(likelihood) % 2 == 0,
    )


def observed_example(vae: jv.VAE, label: int | None) -> Observation:
    """One example of zeros, of which the last entries are hidden."""
    seen = last_hidden(vae.data_shape, np.random.default_rng(0))
    return Observation(jnp.zeros(vae.data_shape), jnp.asarray(seen), jnp.array([1.0, 0.3]), label)


def check_traces(vae: jv.VAE, label: int | None = None, *, from_data: bool = False) -> None:
    """Parameters, from data or not, a draw and its terms have the shapes they should."""
    example = observed_example(vae, label)
    batch = jax.tree.map(lambda leaf: jnp.broadcast_to(leaf, (6, *jnp.shape(leaf))), example)

    def drawn(key: jax.Array) -> jv.Draw:
        params = vae.init(key, dataclasses.replace(batch, label=None) if from_data else None)
        return vae.draw(params, jax.random.fold_in(key, 1), example)

    draw = jax.eval_shape(drawn, jax.random.key(0))
    assert draw.latents.shape == (LATENT_DIM,)
    assert {draw.log_likelihood.shape, draw.log_prior.shape, draw.log_posterior.shape} == {()}


@pytest.mark.slow
@pytest.mark.parametrize("posterior", POSTERIORS)
def test_every_pair_traces_over_observations(posterior: str) -> None:
    """Each pair of a posterior and a prior that fits, with likelihoods and fills in turn."""
    beside = itertools.cycle(zip(itertools.cycle(LIKELIHOODS), itertools.cycle(FILLS), strict=False))
    priors_that_fit = [prior for its_posterior, prior in pairs(fit=True) if its_posterior == posterior]
    assert priors_that_fit
    for prior, (likelihood, fill) in zip(priors_that_fit, itertools.islice(beside, len(posterior), None), strict=False):
        vae = model(POSTERIORS[posterior](), PRIORS[prior](), likelihood, fill)
        check_traces(vae, from_data=prior == priors_that_fit[0])


@pytest.mark.slow
@pytest.mark.parametrize("name", CLASSES)
def test_every_likelihood_traces_with_a_label(name: str) -> None:
    """Each with one of the posteriors that have a class."""
    for turn, likelihood in enumerate(LIKELIHOODS):
        if turn % len(CLASSES) == list(CLASSES).index(name):  # the three share them
            check_traces(model(*CLASSES[name], likelihood, FILLS[len(likelihood) % 3]), label=1)


COMPILED = [name for name in LIKELIHOODS if name != "ZeroInflated-BetaBinomial"]
"""The likelihoods that are trained here; the other one takes 40 s to compile, and is traced above."""


class Combination(NamedTuple):
    """Names of rows."""

    posterior: str
    prior: str
    likelihood: str
    objective: str
    fill: str


def drawn() -> list[Combination]:
    """Forty combinations by a fixed rule: every row of every family, where it has so few."""
    fitting = pairs(fit=True)
    step = max(len(fitting) // 37, 1)
    chosen = fitting[::step][:37]
    beside = zip(itertools.cycle(COMPILED), itertools.cycle(GENERAL_OBJECTIVES), itertools.cycle(FILLS), strict=False)
    found = [Combination(*pair, *next(beside)) for pair in chosen]
    only = [ONLY_OBJECTIVE.get(type(POSTERIORS[one.posterior]()), one.objective) for one in found]
    found = [one._replace(objective=objective) for one, objective in zip(found, only, strict=True)]
    labels = [Combination(name, "", *next(beside))._replace(objective="SemiSupervised") for name in CLASSES]
    return [*found, *labels]


def test_there_are_forty() -> None:
    assert len(drawn()) == 40
    assert len(set(drawn())) == 40


@pytest.mark.slow
@pytest.mark.parametrize("combination", drawn(), ids=lambda one: "-".join(one))
def test_forty_combinations_train(combination: Combination) -> None:
    """Three steps: every parameter and every figure is finite; a validation is traced."""
    has_class = combination.posterior in CLASSES
    posterior, prior = (
        CLASSES[combination.posterior]
        if has_class
        else (POSTERIORS[combination.posterior](), PRIORS[combination.prior]())
    )
    vae = model(posterior, prior, combination.likelihood, combination.fill)
    rng = np.random.default_rng(1)
    shape = (NUM_TRAIN, *vae.data_shape)
    values = np.broadcast_to(np.asarray(vae.likelihood.support.some_value(vae.data_shape)), shape).astype(np.float32)
    seen = np.stack([last_hidden(vae.data_shape, rng) for _ in range(NUM_TRAIN)])
    seen[0] = True
    rows = np.stack([rng.integers(0, 3, NUM_TRAIN), rng.normal(size=NUM_TRAIN)], axis=1).astype(np.float32)
    labels = jnp.asarray(rng.integers(-1, 2, NUM_TRAIN)) if has_class else None
    examples = Observation(jnp.asarray(np.where(seen, values, np.nan)), jnp.asarray(seen), jnp.asarray(rows), labels)
    objective = OBJECTIVES[combination.objective]()
    training = Training(vae, Preprocessing(), Optimizer(gradient_clip=10.0), objective, BATCH_SIZE)

    def trained(key: jax.Array, examples: Observation) -> tuple[Any, Any]:
        state = create_state(training, key, dataclasses.replace(examples, value=jnp.asarray(values)), NUM_TRAIN)
        return train_epoch(training, state, examples)

    state, metrics = jax.jit(trained)(jax.random.key(0), examples)
    assert_finite((state.params, metrics))
    jax.eval_shape(partial(validate, training), state, examples)
