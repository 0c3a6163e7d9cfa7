"""No key is used for two things: by the words of all keys of a step, of a run and of an evaluation."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxvae as jv
from jaxvae import posteriors, priors
from jaxvae.data import Preprocessing
from jaxvae.data.preprocessing import EVALUATION_SEED
from jaxvae.evaluation import evaluate, inference_gaps, latent_terms
from jaxvae.keys import Purpose, key_for
from jaxvae.objectives import ELBO, Objective
from jaxvae.runs.streams import Stream, stream_key
from jaxvae.training import Training
from jaxvae.training.epoch import train_epoch, validate
from jaxvae.training.state import create_state
from tests.components import ITS_POSTERIOR, OBJECTIVES, POSTERIORS, PRIORS
from tests.helpers import binary_batch, tiny_vae
from tests.key_words import recorded
from tests.sizes import BATCH

_SPLITS = posteriors.LowRankNormal  # its `sample` splits the key: one part for each of its two noises
_SPLITS_TOO = {  # with independent dimensions
    "posterior": posteriors.WithNoise(posteriors.BinaryConcrete()),
    "prior": priors.WithNoise(priors.UniformBinaryConcrete()),
}
_NEED_INDEPENDENT = ("FreeBits", "FreeBits-groups", "BetaTCVAE", "BetaTCVAE-weighted")
_NEED_NORMAL = ("DIPVAE-ii",)  # it needs a covariance
_LOOPS = ("VonMisesFisher", "HypersphericalUniform")


def _step(vae: jv.VAE, objective: Objective) -> None:
    """All that a training step and a validation do with keys of their own."""
    key, x, mask = jax.random.key(3), binary_batch(), np.ones(BATCH, bool)
    step = jnp.asarray(4)

    @jax.jit
    def everything(x: Any) -> None:
        init, shared, noise, scores = jax.random.split(key, 4)
        params = {**jv.init(vae, init, x), "objective": objective.init(key_for(init, Purpose.OBJECTIVE), vae, x)}
        keys, model = jax.random.split(noise, BATCH), vae.at_step(step).for_training(shared)
        jax.grad(lambda params: objective.loss(model, params, keys, x, mask, step)[0])(params)
        objective.update(model, params, jv.keys.same_draws(keys), x, mask, step)
        jax.vmap(lambda key, one: objective.score(model, params, key, one))(jax.random.split(scores, BATCH), x)

    everything(x)


_PAIRS = [(name, False) for name in OBJECTIVES] + [
    (n, True) for n in OBJECTIVES if n not in {*ITS_POSTERIOR, *_NEED_NORMAL}
]


@pytest.mark.fast_rows(1)
@pytest.mark.parametrize(("name", "splits"), _PAIRS)
def test_no_two_terms_of_an_objective_share_a_key(name: str, splits: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a posterior whose `sample` splits its key, and with one that does not."""
    plain = {"posterior": ITS_POSTERIOR.get(name, posteriors.DiagonalNormal)()}
    vae = tiny_vae(**(plain if not splits else _SPLITS_TOO if name in _NEED_INDEPENDENT else {"posterior": _SPLITS()}))
    with recorded(monkeypatch) as uses:
        _step(vae, OBJECTIVES[name]())
    assert len(uses.all) > 10
    assert uses.collisions() == []


@pytest.mark.fast_rows(2)
@pytest.mark.parametrize(
    ("family", "name"), [("posterior", name) for name in POSTERIORS] + [("prior", n) for n in PRIORS]
)
def test_no_two_terms_of_the_elbo_share_a_key(family: str, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    vae = tiny_vae(**{family: {"posterior": POSTERIORS, "prior": PRIORS}[family][name]()})
    with recorded(monkeypatch) as uses:
        _step(vae, ELBO())
    assert uses.collisions(loops=name in _LOOPS) == []


@pytest.mark.slow
def test_training_evaluation_and_the_fixed_test_draw_share_no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """A whole run of two epochs, with the seed that the fixed draws of the test set are made with."""
    seed = EVALUATION_SEED
    preprocessing = Preprocessing(maximum=255, binarize="dynamic")
    raw = np.random.default_rng(0).integers(0, 256, (5, 4, 3, 1)).astype(np.uint8)
    training = Training(tiny_vae(posterior=_SPLITS()), preprocessing, batch_size=3, epochs=2)
    with recorded(monkeypatch) as uses:
        x = preprocessing.for_evaluation(raw, "test")
        state = create_state(training, stream_key(seed, Stream.TRAINING), None, len(raw))
        for _ in range(2):
            state, _ = train_epoch(training, state, jnp.asarray(raw))
        validate(training, state, preprocessing.for_evaluation(raw, "validation"))
        model, params = training.model, state.params
        evaluate(model, ELBO(), params, stream_key(seed, Stream.EVALUATION), x, num_samples=20, num_repeats=2)
        latent_terms(model, params, stream_key(seed, Stream.DIAGNOSTICS), x)
        inference_gaps(model, params, stream_key(seed, Stream.GAPS), x[0], num_samples=20, num_draws=2, steps=4)
    assert len(uses.all) > 500
    assert uses.collisions() == []


def test_the_record_finds_what_it_is_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fold that a split reaches, a key that is drawn with twice, and one that is split twice."""

    def folds(key: jax.Array) -> None:
        jax.random.normal(jax.random.split(key)[1])
        jax.random.normal(jax.random.fold_in(jax.random.clone(key), 1))

    def draws(key: jax.Array) -> None:
        jax.random.uniform(key)
        jax.random.normal(jax.random.clone(key))

    def splits(key: jax.Array) -> None:
        jax.random.split(key, 2)
        jax.random.split(jax.random.clone(key), 3)

    def fine(key: jax.Array) -> None:
        first, second = jax.random.split(key)
        jax.random.normal(first)
        jax.random.normal(key_for(key, Purpose.SLEEP))
        jax.vmap(lambda index: jax.random.normal(jax.random.fold_in(second, index)))(jnp.arange(3))

    for function, count in ((folds, 2), (draws, 1), (splits, 1), (fine, 0)):
        with recorded(monkeypatch) as uses:
            jax.jit(function)(jax.random.key(0))
        assert len(uses.collisions()) == count, function.__name__
