"""The exemplar prior: what an example leaves out, the nearest exemplars, and that exemplars are data."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxvae as jv
from jaxvae.data import Preprocessing
from jaxvae.priors import Exemplar
from tests.helpers import init, keys, tiny_vae
from tests.sizes import DATA_SHAPE

COUNT = 7
RAW = np.random.default_rng(0).integers(0, 256, (30, *DATA_SHAPE)).astype(np.uint8)
NUMBERS = np.arange(30)[:, None] >> np.arange(6) & 1
RAW[:, :2] = 255 * NUMBERS.reshape(30, 2, 3, 1)  # pixels that are never grey, so that no two may be one binarised
Z = jnp.array([0.4, -0.7])


def model(examples: Any, **options: Any) -> tuple[jv.VAE, jv.typing.Params, np.ndarray]:
    """A model, its parameters, and log q(Z|x_n) of each exemplar."""
    vae = tiny_vae(prior=Exemplar(**{"num_exemplars": COUNT, **options}))
    params = init(vae, jax.random.key(0), examples)
    exemplars = params["prior"]["fixed"]["exemplars"]
    each = jax.vmap(lambda x: vae.encode(params, x).log_prob(Z))(exemplars)
    return vae, params, np.asarray(each, np.float64)


def log_mean(each: np.ndarray) -> float:
    return float(np.log(np.mean(np.exp(each))))


@pytest.mark.slow
@pytest.mark.parametrize(
    "preprocessing",
    [
        Preprocessing(255),
        Preprocessing(255, "threshold"),
        Preprocessing(255, "dynamic"),
        Preprocessing(255, dequantize=True),
        Preprocessing(255, dequantize=True, symmetric=True),
        Preprocessing(16, dequantize=True),
    ],
    ids=["grey", "static", "dynamic", "dequantised", "symmetric", "digits"],
)
def test_an_example_leaves_itself_out_and_no_other(preprocessing: Preprocessing) -> None:
    """Each exemplar as training shows it, in five draws; what is no exemplar leaves none out."""
    raw = jnp.asarray(np.round(RAW / 255 * preprocessing.maximum).astype(np.uint8))
    examples = np.asarray(preprocessing.expected(raw))
    vae, params, each = model(examples)
    exemplars = np.asarray(params["prior"]["fixed"]["exemplars"])
    chosen = [int(np.argmin(np.abs(examples - one).sum((1, 2, 3)))) for one in exemplars]
    assert len(set(chosen)) == COUNT
    log_prob = jax.jit(jax.vmap(lambda x: vae.prior.given(vae, params, x).log_prob(Z)))
    for key in keys(1, 5):
        seen = preprocessing(key, raw)
        expected = [log_mean(np.delete(each, chosen.index(i)) if i in chosen else each) for i in range(len(RAW))]
        np.testing.assert_allclose(log_prob(seen), expected, rtol=1e-5)
    np.testing.assert_allclose(vae.prior.distribution(vae, params).log_prob(Z), log_mean(each), rtol=1e-5)


def test_a_binary_example_leaves_out_every_grey_exemplar_that_it_may_come_from() -> None:
    """Grey levels of 0 and 1 are certain: x must agree with them."""
    examples = np.zeros((4, *DATA_SHAPE), np.float32)
    examples[:, 0] = np.array([0.5, 0.5, 1.0, 0.0])[:, None, None]
    vae, params, each = model(examples, num_exemplars=4, tolerance=0.5 / 256)
    first = np.asarray(params["prior"]["fixed"]["exemplars"])[:, 0, 0, 0]
    for top, expected in ((1.0, each[first == 0.0]), (0.0, each[first == 1.0])):
        x = jnp.zeros(DATA_SHAPE).at[0].set(top)
        np.testing.assert_allclose(vae.prior.given(vae, params, x).log_prob(Z), log_mean(expected), rtol=1e-5)
    x = jnp.zeros(DATA_SHAPE).at[0].set(0.3)  # a grey value is no binarisation
    np.testing.assert_allclose(vae.prior.given(vae, params, x).log_prob(Z), log_mean(each), rtol=1e-5)


def test_a_0_or_a_1_of_real_data_leaves_out_no_other_exemplar() -> None:
    """Only under a binary likelihood may x be drawn from a grey exemplar."""
    examples = np.random.default_rng(0).uniform(0.1, 0.9, (4, *DATA_SHAPE)).astype(np.float32)
    vae = tiny_vae(prior=Exemplar(num_exemplars=4), likelihood=jv.likelihoods.Normal())
    params = init(vae, jax.random.key(0), examples)
    everything = vae.prior.distribution(vae, params).log_prob(Z)
    for value in (0.0, 1.0):
        given = vae.prior.given(vae, params, jnp.full(DATA_SHAPE, value))
        np.testing.assert_allclose(given.log_prob(Z), everything, rtol=1e-6)
    itself = vae.prior.given(vae, params, params["prior"]["fixed"]["exemplars"][2])
    assert not np.allclose(itself.log_prob(Z), everything)


@pytest.mark.slow
def test_an_only_exemplar_stays_and_everything_is_finite() -> None:
    vae, params, each = model(RAW[:1] / np.float32(255), num_exemplars=3)
    assert each.shape == (1,)
    x = jnp.asarray(RAW[0] / np.float32(255))
    elbo = jax.jit(jax.value_and_grad(lambda params: jv.elbo(vae, params, jax.random.key(1), x).value))
    value, gradient = elbo(params)
    assert np.isfinite(value)
    assert all(np.all(np.isfinite(leaf)) for leaf in jax.tree.leaves(gradient))
    np.testing.assert_allclose(vae.prior.given(vae, params, x).log_prob(Z), each[0], rtol=1e-5)


def test_exemplars_are_different_random_examples() -> None:
    examples = RAW / np.float32(255)
    known = [one.tobytes() for one in examples]
    drawn = []
    for seed in (0, 1):
        exemplars = init(tiny_vae(prior=Exemplar(COUNT)), jax.random.key(seed), examples)["prior"]["fixed"]["exemplars"]
        drawn.append([known.index(np.asarray(one).tobytes()) for one in exemplars])
        assert len(set(drawn[-1])) == COUNT
        assert drawn[-1] != list(range(COUNT))
    assert drawn[0] != drawn[1]
    fewer = init(tiny_vae(prior=Exemplar(99)), jax.random.key(0), examples)["prior"]["fixed"]["exemplars"]
    assert sorted(known.index(np.asarray(one).tobytes()) for one in fewer) == list(range(len(RAW)))


@pytest.mark.slow
@pytest.mark.parametrize("left_out", [False, True])
@pytest.mark.parametrize("nearest", [1, 3, COUNT - 1, 99])
def test_the_nearest_exemplars_bound_the_density_from_below(nearest: int, left_out: bool) -> None:
    """The sum by hand over the exemplars in the mixture with the nearest means; equal to the whole where k is all."""
    examples = 3 * RAW / np.float32(255)
    vae, params, each = model(examples, nearest=nearest)
    exemplars = params["prior"]["fixed"]["exemplars"]
    means = jax.vmap(lambda x: vae.encode(params, x).mean)(exemplars)  # type: ignore[attr-defined]
    kept = np.arange(COUNT) != 2 if left_out else np.ones(COUNT, bool)
    distances = np.where(kept, np.sum((np.asarray(means) - np.asarray(Z)) ** 2, axis=1), np.inf)
    chosen = np.argsort(distances)[: min(nearest, kept.sum())]
    expected = np.log(np.sum(np.exp(each[chosen])) / kept.sum())
    x = exemplars[2] if left_out else jnp.full(DATA_SHAPE, 9.0)
    prior = vae.prior.given(vae, params, x)
    np.testing.assert_allclose(prior.log_prob(Z), expected, rtol=1e-5)
    whole = log_mean(each[kept])
    if nearest >= kept.sum():
        np.testing.assert_allclose(expected, whole, rtol=1e-6)
    else:
        assert expected < whole - 1e-3
    exact = tiny_vae(prior=Exemplar(COUNT)).prior
    draw = exact.given(vae, params, x).sample(jax.random.key(3))
    np.testing.assert_allclose(prior.sample(jax.random.key(3)), draw, rtol=1e-6)


def test_the_nearest_need_a_mean() -> None:
    @jv.dataclass
    class Meanless(jv.distributions.Normal):
        @property
        def mean(self) -> jax.Array:
            raise NotImplementedError("Meanless has no mean")

    @jv.dataclass
    class Posterior(jv.posteriors.DiagonalNormal):
        def distribution(self, vae: Any, params: Any, outputs: jax.Array) -> Meanless:
            return Meanless(outputs[0], jnp.ones(2))

    vae = tiny_vae(prior=Exemplar(COUNT, nearest=2), posterior=Posterior())
    params = init(vae, jax.random.key(0), RAW / np.float32(255))
    with pytest.raises(jv.UserError, match=r"^Exemplar\.nearest needs a posterior with a mean, got Posterior"):
        vae.prior.distribution(vae, params)


@pytest.mark.parametrize("fields", [{"num_exemplars": 0}, {"nearest": 0}, {"tolerance": -0.1}], ids=str)
def test_a_bad_field_is_named(fields: dict[str, Any]) -> None:
    with pytest.raises(jv.UserError, match=rf"^Exemplar\.{next(iter(fields))} must be"):
        Exemplar(**fields)
