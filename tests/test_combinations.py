"""Anything goes with anything: what the table of spaces allows traces, some combinations train, the rest refuse."""

import itertools
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxvae as jv
from jaxvae.compatibility import members
from jaxvae.data import Preprocessing, load
from jaxvae.training import Optimizer, Training, create_state, train_epoch
from tests.components import ITS_POSTERIOR, LIKELIHOODS, NETWORKS, OBJECTIVES, POSTERIORS, PRIORS, condition_for
from tests.helpers import assert_finite, keys
from tests.sizes import BATCH, DATA_SHAPE

LATENT_DIM = 4
IMAGE_SHAPE = (8, 8, 1)
NUM_TRAIN, BATCH_SIZE = 30, 12  # three steps, the last one padded
GENERAL_OBJECTIVES = (
    "ELBO", "IWAE", "IWAE-score", "MIWAE", "PIWAE", "CIWAE", "Renyi", "VRMax", "TVO", "ChiUpperBound",
    "ReweightedWakeSleep", "MinimumRate", "Capacity", "GECO",
)  # fmt: skip
"""Rows of objectives that ask nothing of the posterior; the others refuse what they cannot do."""
ONLY_OBJECTIVE = {type(posterior()): name for name, posterior in ITS_POSTERIOR.items()}
"""Of posteriors that no other objective trains."""
GENERAL_NETWORKS = tuple(name for name in NETWORKS if name != "Conv-all")  # which has its image axis elsewhere


def pairs(*, fit: bool) -> list[tuple[str, str]]:
    """All rows (posterior, prior) that share a space, or all that do not."""
    spaces = {name: build().space for name, build in POSTERIORS.items()}
    prior_spaces = {name: build().space for name, build in PRIORS.items()}
    return [(q, p) for q, p in itertools.product(POSTERIORS, PRIORS) if spaces[q].fits(prior_spaces[p]) == fit]


def model(posterior: str, prior: str, likelihood: str, network: str = "MLP-linear", shape: Any = None) -> jv.VAE:
    """The model of rows of that name."""
    row, its_prior = LIKELIHOODS[likelihood], PRIORS[prior]()
    return jv.VAE(
        data_shape=row.data_shape if shape is None else shape,
        latent_dim=LATENT_DIM,
        encoder=NETWORKS[network].build(),
        decoder=NETWORKS[network].build(),
        posterior=POSTERIORS[posterior](),
        prior=its_prior,
        likelihood=row.build(),
        condition=condition_for(its_prior),
    )


def check_traces(vae: jv.VAE, num_examples: int = 0) -> None:
    """Parameters, fitted to so many examples if any, one draw and one x have the shapes they should."""

    def everything(key: jax.Array, x: jax.Array) -> tuple[jv.Draw, jax.Array]:
        params = vae.init(key, jnp.broadcast_to(x, (num_examples, *x.shape)) if num_examples else None)
        return vae.draw(params, jax.random.fold_in(key, 1), x), jv.sample(vae, params, jax.random.fold_in(key, 2))

    draw, x = jax.eval_shape(everything, jax.random.key(0), jnp.zeros(vae.data_shape))
    assert draw.latents.shape == (LATENT_DIM,)
    assert {draw.log_likelihood.shape, draw.log_prior.shape, draw.log_posterior.shape} == {()}
    assert x.shape == vae.data_shape


def triples() -> dict[tuple[str, str], list[str]]:
    """Each pair that fits with every fifth likelihood: each posterior and each prior meets every likelihood."""
    fitting = pairs(fit=True)
    likelihoods = {pair: set(list(LIKELIHOODS)[sum(map(len, pair)) % 5 :: 5]) for pair in fitting}
    for side, rows in enumerate((POSTERIORS, PRIORS)):
        for name in rows:
            its_pairs = [pair for pair in fitting if pair[side] == name]
            missing = sorted(set(LIKELIHOODS) - set().union(*(likelihoods[pair] for pair in its_pairs)))
            for pair, likelihood in zip(itertools.cycle(its_pairs), missing, strict=False):
                likelihoods[pair].add(likelihood)
    return {pair: sorted(names) for pair, names in likelihoods.items()}


@pytest.mark.slow
@pytest.mark.parametrize(("pair", "likelihoods"), triples().items(), ids=lambda value: "-".join(value)[:60])
def test_combinations_trace(pair: tuple[str, str], likelihoods: list[str]) -> None:
    """More than a thousand: each two of a posterior, a prior and a likelihood that fit meet at least once."""
    for likelihood in likelihoods:
        check_traces(model(*pair, likelihood))


@pytest.mark.fast_rows(1)
@pytest.mark.parametrize("posterior", POSTERIORS)
def test_every_pair_that_fits_traces(posterior: str) -> None:
    priors = [prior for its_posterior, prior in pairs(fit=True) if its_posterior == posterior]
    assert priors
    for prior in priors:
        check_traces(model(posterior, prior, "Bernoulli"), num_examples=9)


def test_every_pair_that_does_not_fit_is_refused_naming_both_and_what_fits() -> None:
    refused = pairs(fit=False)
    assert refused
    for posterior, prior in refused:
        with pytest.raises(jv.UserError) as error:
            model(posterior, prior, "Bernoulli")
        message = str(error.value)
        assert "\n" not in message
        assert f"{type(POSTERIORS[posterior]()).__name__} over" in message
        assert f"{type(PRIORS[prior]()).__name__} over" in message
        assert "`prior=" in message
        assert "`posterior=" in message


def test_what_the_message_says_fits_does_fit() -> None:
    """Each default posterior with each default prior: the message names exactly the ones that the table allows."""
    for (q, posterior), (p, prior) in itertools.product(members(jv.posteriors), members(jv.priors)):
        if posterior.space.fits(prior.space):
            continue
        with pytest.raises(jv.UserError) as error:
            jv.VAE(DATA_SHAPE, LATENT_DIM, posterior=posterior, prior=prior)
        named = str(error.value).split("this posterior use ")[1].split(", with this prior")[0].split(" or ")
        fits = [f"`prior={name}()`" for name, other in members(jv.priors) if posterior.space.fits(other.space)]
        assert named == (fits or ["a `prior` of your own"]), (q, p)


class Combination(NamedTuple):
    """Names of rows, one of each family."""

    posterior: str
    prior: str
    likelihood: str
    network: str
    objective: str


def drawn() -> list[Combination]:
    """As few as have every row of every family once or more, by a fixed rule.

    The pair of the least used posterior and prior in turn; the other families go round beside it.
    """
    allowed = pairs(fit=True)
    used = dict.fromkeys([("q", name) for name in POSTERIORS] + [("p", name) for name in PRIORS], 0)
    beside = [itertools.cycle(names) for names in (LIKELIHOODS, GENERAL_NETWORKS, GENERAL_OBJECTIVES)]
    chosen: list[Combination] = []
    while min(used.values()) < 1 or len(chosen) < len(LIKELIHOODS):
        q, p = min(allowed, key=lambda pair: (min(used["q", pair[0]], used["p", pair[1]]), used["q", pair[0]]
                                              + used["p", pair[1]], pair))  # fmt: skip
        used["q", q] += 1
        used["p", p] += 1
        combination = Combination(q, p, *map(next, beside))
        objective = ONLY_OBJECTIVE.get(type(POSTERIORS[q]()), combination.objective)
        chosen.append(combination._replace(objective=objective))
    return chosen


def data_for(vae: jv.VAE, params: Any) -> jax.Array:
    """Digits as the likelihood takes them, else draws from the fresh model."""
    levels = np.asarray(load("digits").train.values[:NUM_TRAIN], np.float32)
    ways = (levels > 8, np.round(levels / 16 * 5) / 5, np.round(levels / 16 * 255) / 255, levels / 16, levels)
    for x in ways:
        if x.shape[1:] == vae.data_shape and np.all(vae.likelihood.support.contains(np.float32(x))):
            return jnp.asarray(x, jnp.float32)
    return jax.jit(jax.vmap(lambda key: jv.sample(vae, params, key)))(keys(4, NUM_TRAIN))


def test_the_rule_draws_every_row() -> None:
    chosen = drawn()
    families = (POSTERIORS, PRIORS, LIKELIHOODS, GENERAL_NETWORKS, GENERAL_OBJECTIVES)
    for names, column in zip(families, zip(*chosen, strict=True), strict=True):
        assert set(names) <= set(column)


@pytest.mark.slow
@pytest.mark.parametrize("combination", drawn(), ids=lambda one: "-".join(one))
def test_combinations_train_and_log_p_is_above_the_elbo(combination: Combination) -> None:
    """Three steps on digits; then the means of log p̂(x) and of the ELBO, which may not cross by 6 standard errors."""
    posterior, prior, likelihood, network, objective = combination
    is_table = LIKELIHOODS[likelihood].data_shape != DATA_SHAPE
    vae = model(posterior, prior, likelihood, "MLP-relu" if is_table else network, None if is_table else IMAGE_SHAPE)
    fresh = jax.jit(vae.init)(jax.random.key(0), jnp.zeros((NUM_TRAIN, *vae.data_shape)))
    x = data_for(vae, fresh)
    training = Training(vae, Preprocessing(), Optimizer(gradient_clip=10.0), OBJECTIVES[objective](), BATCH_SIZE)
    state = jax.jit(create_state, static_argnums=3)(training, jax.random.key(1), x, NUM_TRAIN)
    state, metrics = jax.jit(train_epoch)(training, state, x)
    assert int(state.step) == 3
    assert_finite((state.params, metrics))

    def scores(key: jax.Array, x: jax.Array) -> tuple[jax.Array, jax.Array]:
        elbos = jax.vmap(lambda key: jv.elbo(vae, state.params, key, x).value)(jax.random.split(key, 100))
        return elbos, jv.log_marginal(vae, state.params, jax.random.fold_in(key, 1), x, num_samples=100)

    elbos, log_marginal = jax.jit(jax.vmap(scores))(keys(5, BATCH), x[:BATCH])
    assert_finite((elbos, log_marginal))
    error = np.std(elbos, axis=1, ddof=1) / np.sqrt(100)
    assert np.all(np.asarray(log_marginal) > np.mean(elbos, axis=1) - 6 * error - 1e-3)
