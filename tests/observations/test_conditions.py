"""Conditions: log p(x|c) against closed forms, what the networks are told, and every objective over such a model."""

import itertools
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import special, stats

import jaxvae as jv
from jaxvae import networks, posteriors, priors
from jaxvae.conditions import KnownCondition
from jaxvae.data import Preprocessing
from jaxvae.evaluation import class_log_probs, importance_estimate
from jaxvae.objectives import Objective
from jaxvae.observation import Observation, rows_of
from jaxvae.posteriors.diagonal_normal import MIN_SCALE
from jaxvae.training import Optimizer, Training, create_state, train_epoch, validate
from tests.components import ITS_POSTERIOR, OBJECTIVES
from tests.helpers import assert_finite, keys, partner
from tests.linear_gaussian import LATENT_DIM, NUM_PIXELS, LinearGaussian, as_example

normal: Any = stats.multivariate_normal
CLASSES = 3


class Conditional:
    """A linear-Gaussian model given c: z|c ~ N(U c, I), x|z, c ~ N(W z + V c + b, s² I), c a class and a number."""

    def __init__(self, rng: np.random.Generator, *, moves_prior: bool) -> None:
        self.base = LinearGaussian.random(rng)
        self.of_x = rng.normal(size=(NUM_PIXELS, CLASSES + 1))  # V
        self.of_z = rng.normal(size=(LATENT_DIM, CLASSES + 1)) * moves_prior  # U
        self.moves_prior = moves_prior

    def description(self) -> jv.VAE:
        """The model, told one class and one number."""
        base = self.base.vae()
        prior = priors.Conditional(network=networks.MLP(())) if self.moves_prior else priors.StandardNormal()
        return jv.VAE(
            base.data_shape,
            base.latent_dim,
            base.encoder,
            base.decoder,
            base.posterior,
            prior,
            base.likelihood,
            condition=jv.Condition((f"categorical:{CLASSES}", "real")),
        )

    def params(self) -> Any:
        """Of the exact posterior N(A (x − b − V c) + (I − A W) U c, diag(σ²)), and in units of c that are 1."""
        base: Any = self.base.params()
        matrix, _ = self.base.posterior_matrix()
        of_c = -matrix @ self.of_x + (np.eye(LATENT_DIM) - matrix @ self.base.weights) @ self.of_z
        encoder, decoder = base["encoder"]["params"]["Dense_0"], base["decoder"]["params"]["Dense_0"]
        told = np.concatenate([of_c.T, np.zeros((CLASSES + 1, LATENT_DIM))], axis=1)
        encoder["kernel"] = jnp.concatenate([encoder["kernel"], jnp.asarray(told, jnp.float32)])
        decoder["kernel"] = jnp.concatenate([decoder["kernel"], jnp.asarray(self.of_x.T, jnp.float32)])
        base["condition"] = {"fixed": {"center": jnp.zeros(2), "spread": jnp.ones(2)}}
        if self.moves_prior:
            raw = float(np.log(np.expm1(1.0 - MIN_SCALE)) - np.log(np.expm1(1.0)))  # a scale of exactly 1
            change = np.concatenate([self.of_z.T, np.zeros((CLASSES + 1, LATENT_DIM))], axis=1)
            base["prior"] = {
                "own": {"loc": jnp.zeros(LATENT_DIM), "raw_scale": jnp.full(LATENT_DIM, raw)},
                "network": {
                    "params": {
                        "Dense_0": {"kernel": jnp.asarray(change, jnp.float32), "bias": jnp.zeros(2 * LATENT_DIM)}
                    }
                },
            }
        return base

    def log_marginal(self, x: np.ndarray, c: np.ndarray) -> float:
        """log p(x|c) = log N(x; W U c + V c + b, W Wᵀ + s² I)."""
        mean = (self.base.weights @ self.of_z + self.of_x) @ c + self.base.bias
        return float(normal(mean, self.base.covariance).logpdf(x))


def row_and_vector(kind: int, number: float) -> tuple[np.ndarray, np.ndarray]:
    """c as it is given, and as the networks see it."""
    return np.array([kind, number], np.float32), np.append(np.eye(CLASSES)[kind], number)


@pytest.mark.parametrize("moves_prior", [False, True])
def test_a_conditional_linear_gaussian_model(moves_prior: bool) -> None:
    """With the exact posterior log w is log p(x|c) for every key, here with the prior told c, too."""
    rng = np.random.default_rng(11)
    model = Conditional(rng, moves_prior=moves_prior)
    description, params = model.description(), model.params()
    xs = [model.base.sample(rng) for _ in range(6)]
    cs = [row_and_vector(index % CLASSES, 0.3 * index - 0.7) for index in range(6)]
    expected = [model.log_marginal(x, vector) for x, (_, vector) in zip(xs, cs, strict=True)]
    examples = Observation(
        jnp.stack([as_example(x) for x in xs]), condition=jnp.asarray(np.stack([row for row, _ in cs]))
    )

    def estimates(key: jax.Array, example: Observation) -> tuple[jax.Array, jax.Array]:
        draw = description.draw(params, key, example)
        return draw.log_weight, importance_estimate(
            description, params, jax.random.fold_in(key, 1), example, 5
        ).log_marginal

    for found in jax.jit(jax.vmap(estimates))(keys(0, 6), examples):
        np.testing.assert_allclose(found, expected, atol=2e-4)


def test_classes_by_bayes_rule() -> None:
    """p(c|x) ∝ p(x|c) p(c) of a model with one column of classes, in closed form."""
    rng = np.random.default_rng(2)
    model = Conditional(rng, moves_prior=False)
    description = model.description()
    description = jv.VAE(
        *(getattr(description, name) for name in ("data_shape", "latent_dim", "encoder", "decoder", "posterior")),
        likelihood=description.likelihood,
        condition=jv.Condition((f"categorical:{CLASSES}",)),
    )
    params: Any = model.params()
    for part in ("encoder", "decoder"):
        dense = params[part]["params"]["Dense_0"]
        dense["kernel"] = dense["kernel"][:-1]  # no number
    params["condition"] = {"fixed": {"center": jnp.zeros(1), "spread": jnp.ones(1)}}
    x, log_prior = model.base.sample(rng), np.log([0.2, 0.5, 0.3])
    joint = [model.log_marginal(x, np.append(np.eye(CLASSES)[k], 0.0)) + log_prior[k] for k in range(CLASSES)]
    found = class_log_probs(
        description, params, jax.random.key(0), as_example(x), jnp.asarray(log_prior, jnp.float32), 3
    )
    np.testing.assert_allclose(found, joint - special.logsumexp(joint), atol=2e-4)


@pytest.mark.parametrize(
    ("columns", "count"), [(("categorical:3",), 5), (("real",), 3), (("real", "categorical:3"), 3)]
)
def test_classes_need_a_prior_of_each(columns: tuple[str, ...], count: int) -> None:
    model = jv.VAE((4,), 2, condition=jv.Condition(columns))
    params = model.init(jax.random.key(0))
    with pytest.raises(jv.UserError, match=rf"got shape \({count},\) for {', '.join(columns)}: give log p\(c\)"):
        class_log_probs(model, params, jax.random.key(1), jnp.ones(4), jnp.zeros(count), 5)


def test_real_columns_are_told_in_units_of_the_training_conditions() -> None:
    condition = jv.Condition(("real", "categorical:2"))
    model = jv.VAE((3,), 2, condition=condition)
    rows = np.array([[10.0, 0.0], [14.0, 1.0], [12.0, 1.0]], np.float32)
    params = model.init(jax.random.key(0), Observation(jnp.ones((3, 3)), condition=jnp.asarray(rows)))
    vector = jv.given(model, [16.0, 1.0]).condition.vector(params)  # type: ignore[attr-defined]
    np.testing.assert_allclose(vector, [(16.0 - 12.0) / np.std(rows[:, 0]), 0.0, 1.0], rtol=1e-6)


def test_images_get_a_condition_as_channels_and_dense_networks_once() -> None:
    condition = jv.Condition(("categorical:3",))
    dense = jv.VAE((4, 6, 1), 2, networks.MLP((5,)), networks.MLP((5,)), condition=condition)
    assert jax.eval_shape(dense.init, jax.random.key(0))["encoder"]["params"]["Dense_0"]["kernel"].shape == (27, 5)
    seen: list[tuple[int, ...]] = []

    class Looks(nn.Module):
        """Notes the shape of its input."""

        @nn.compact
        def __call__(self, x: jax.Array, output_shape: tuple[int, ...]) -> jax.Array:
            seen.append(x.shape)
            return nn.Dense(int(np.prod(output_shape)))(x.reshape(-1)).reshape(output_shape)

    jax.eval_shape(jv.VAE((4, 6, 1), 2, Looks(), Looks(), condition=condition).init, jax.random.key(0))
    assert seen == [(4, 6, 4), (5,)]
    half = networks.Bfloat16(networks.MLP((5,)))
    wrapped = jax.eval_shape(jv.VAE((4, 6, 1), 2, half, half, condition=condition).init, jax.random.key(0))
    assert wrapped["encoder"]["params"]["Dense_0"]["kernel"].shape == (27, 5)


def test_a_dropped_condition_is_one_vector_and_drops_at_its_rate() -> None:
    model = jv.VAE((3,), 2, condition=jv.Condition(("categorical:3",), drop=0.25))
    params: Any = model.init(jax.random.key(0))
    params["condition"]["dropped"] = jnp.array([0.1, 0.2, 0.3])
    x = jnp.array([1.0, 0.0, 1.0])

    def told(example: Any, key: jax.Array | None = None) -> jax.Array:
        return model.given(example, key)[0].condition.vector(params)  # type: ignore[union-attr]

    np.testing.assert_allclose(told(x), [0.1, 0.2, 0.3])  # no condition at all
    np.testing.assert_allclose(jv.given(model, None).condition.vector(params), [0.1, 0.2, 0.3])  # type: ignore[attr-defined]
    example, count = Observation(x, condition=jnp.array([2.0])), 4000
    np.testing.assert_array_equal(told(example), [0.0, 0.0, 1.0])  # in evaluation it is never dropped
    vectors = jax.jit(jax.vmap(lambda key: told(example, key)))(keys(3, count))
    share = float(jnp.mean((vectors[:, 2] < 0.5).astype(float)))
    assert abs(share - 0.25) < 5 * np.sqrt(0.25 * 0.75 / count)


def test_none_hides_a_condition_that_was_given_before() -> None:
    plain = jv.VAE((3,), 2)
    needed = jv.VAE((3,), 2, condition=jv.Condition(("categorical:3",)))
    dropped = jv.VAE((3,), 2, condition=jv.Condition(("categorical:3",), drop=0.25))
    for model in (dropped, jv.given(dropped, 1)):
        assert np.isnan(jv.given(model, None).condition.row).all()  # type: ignore[attr-defined]
    assert jv.given(jv.given(dropped, None), 2).condition.row.tolist() == [2.0]  # type: ignore[attr-defined]
    for model, words in (
        (plain, "the model has no condition that could be hidden, got None"),
        (needed, r"trained without it at times, got a Condition without `drop`"),
        (jv.given(needed, 1), r"trained without it at times, got a Condition without `drop`"),
    ):
        with pytest.raises(jv.UserError, match=words):
            jv.given(model, None)


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        ("cat", "a condition must be an array of real numbers, got 'cat'"),
        ([[1.0], [2.0, 3.0]], r"a condition must be an array of real numbers, got \[\[1.0\], \[2.0, 3.0\]\]"),
        ([1j, 0.5], "a condition must be an array of real numbers, got complex128"),
        ([1.0, np.inf], "a condition must hold finite numbers, got 1 infinite ones, the first in column 1"),
        (Observation(jnp.ones(3), condition=[0.0, 1.0]), r"jaxvae.given takes a condition, got an Observation: write"),
    ],
)
def test_a_condition_of_no_numbers_is_one_line(condition: Any, words: str) -> None:
    model = jv.VAE((3,), 2, condition=jv.Condition(("real", "real")))
    with pytest.raises(jv.UserError, match=words) as error:
        jv.given(model, condition)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("drop", [None, 0.25])
def test_a_condition_that_is_wrong_only_at_run_time_makes_all_nan(drop: float | None) -> None:
    """Under `jit` its numbers are not known; those of right ones do not change."""
    model = jv.VAE((3,), 2, condition=jv.Condition(("categorical:3", "real"), drop))
    params = model.init(jax.random.key(0))

    def value(row: Any) -> jax.Array:
        return jv.elbo(model, params, jax.random.key(1), Observation(jnp.ones(3), condition=row)).value

    wrong = jnp.array([[3.0, 0.0], [-1.0, 0.0], [0.5, 0.0], [jnp.nan, 0.0], [0.0, jnp.nan], [0.0, jnp.inf]])
    right = jnp.array([[0.0, 0.3], [2.0, -4.0]])
    found = np.asarray(jax.jit(jax.vmap(value))(jnp.concatenate([wrong, right])))
    assert np.isnan(found[: len(wrong)]).all()
    np.testing.assert_allclose(found[len(wrong) :], [value(row) for row in right], rtol=1e-6)


@pytest.mark.parametrize(
    ("columns", "example", "words"),
    [
        (("categorical:3",), jnp.ones(3), r"has a condition, got none: write Observation\(x, condition=c\)"),
        (("categorical:3",), Observation(jnp.ones(3), condition=3), r"must hold classes 0 to 2 in column 0, got 3"),
        (("categorical:3",), Observation(jnp.ones(3), condition=0.5), "got 0.5: give one of the training classes"),
        (("real",), Observation(jnp.ones(3), condition=np.nan), "must be known for every example, got NaN"),
        (
            ("real", "real"),
            Observation(jnp.ones(3), condition=1.0),
            r"shape \(2,\), one number for each of real",
        ),
    ],
)
def test_a_wrong_condition_is_one_line(columns: tuple[str, ...], example: Any, words: str) -> None:
    model = jv.VAE((3,), 2, condition=jv.Condition(columns))
    params = model.init(jax.random.key(0))
    for function in (jv.elbo, jax.jit(lambda *arguments: jv.elbo(model, params, arguments[2], example).value)):
        with pytest.raises(jv.UserError, match=words) as error:
            function(model, params, jax.random.key(1), example)
        assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("build", "words"),
    [
        (lambda: jv.Condition(()), "must be a tuple of kinds"),
        (lambda: jv.Condition(("categorical",)), "such as categorical:10; got 'categorical'"),
        (lambda: jv.Condition(("categorical:1",)), "got 'categorical:1'"),
        (lambda: jv.Condition(("real",), drop=1.0), r"\(`drop_condition` of a run\) must be > 0 and < 1, got 1.0"),
        (lambda: jv.Condition(("real",), drop=True), "Condition.drop must be a number, got True"),
        (lambda: jv.VAE((3,), 2, condition=["real"]), r"got \('real',\): write Condition\(\('real',\)\)"),  # type: ignore[arg-type]
        (lambda: jv.VAE((3,), 2, condition="real"), r"got 'real': write Condition\(\('real',\)\)"),  # type: ignore[arg-type]
        (lambda: jv.VAE((3,), 2, condition=jv.Condition), r"got Condition: write Condition\(\('categorical:10',\)\)"),  # type: ignore[arg-type]
        (lambda: jv.VAE((3,), 2, prior=priors.Conditional()), "Conditional needs a model with a condition"),
        (lambda: priors.Conditional(priors.Vamp()), "its encoder is told the condition"),
    ],
)
def test_a_wrong_description_is_one_line(build: Any, words: str) -> None:
    with pytest.raises(jv.UserError, match=words):
        build()


@pytest.mark.parametrize(
    ("posterior", "prior", "latent_dim", "words"),
    [
        (posteriors.DiagonalNormal(), priors.StandardNormal(), 2, r"take `prior.prior=LearnedNormal\(\)`"),
        (posteriors.ClassAndNormal(3), priors.ClassAndNormal(3), 5, "take `prior.prior.normal='learned'`"),
        (posteriors.PoincareNormal(), priors.PoincareNormal(), 3, "take `prior.prior.scale='learned'`"),
        (posteriors.VectorQuantized(), priors.UniformCodes(), 8, r"take `prior.prior=AutoregressiveCodes\(\)`"),
        (
            posteriors.VonMisesFisher(),
            priors.HypersphericalUniform(),
            4,
            "no prior of the library over unit sphere has",
        ),
        (posteriors.Bernoulli(), priors.UniformBernoulli(), 4, "has parameters, so take UniformBernoulli itself"),
    ],
)
def test_a_prior_with_nothing_to_learn_cannot_be_moved(posterior: Any, prior: Any, latent_dim: int, words: str) -> None:
    """The hint is at one over the same latents, if there is any."""
    moved = priors.Conditional(prior)
    model = jv.VAE((3,), latent_dim, posterior=posterior, prior=moved, condition=jv.Condition(("real",)))
    with pytest.raises(jv.UserError, match=f"something to learn, got {type(prior).__name__}: .*{words}"):
        model.init(jax.random.key(0))


def masked_conditional(objective: Objective, name: str, shape: tuple[int, ...]) -> jv.VAE:
    """A VAE that takes masks and conditions, with a posterior that the objective can train."""
    posterior = ITS_POSTERIOR.get(name)
    parts: dict[str, Any] = {} if posterior is None else {"posterior": posterior(), "prior": partner(posterior())}
    return jv.VAE(
        shape,
        4,
        networks.MLP((7,)),
        networks.MLP((7,)),
        condition=jv.Condition(("categorical:3", "real"), drop=0.2),
        fill="learned",
        show_mask=True,
        **parts,
    )


@pytest.mark.slow
@pytest.mark.parametrize("name", OBJECTIVES)
def test_every_objective_over_a_masked_conditional_model(name: str) -> None:
    """Three steps and a validation are finite, and what is hidden changes nothing of them."""
    objective = OBJECTIVES[name]()
    shape = (8, 8, 1)
    model = masked_conditional(objective, name, shape)
    rng = np.random.default_rng(0)
    values = rng.integers(0, 2, (10, *shape)).astype(np.float32)
    seen = rng.random(values.shape) < 0.7
    rows = np.stack([rng.integers(0, 3, 10), rng.normal(size=10)], axis=1).astype(np.float32)
    training = Training(model, Preprocessing(), Optimizer(), objective, batch_size=4, epochs=3)

    def trained(other: float) -> tuple[Any, Any]:
        examples = Observation(
            jnp.asarray(np.where(seen, values, np.float32(other))), jnp.asarray(seen), jnp.asarray(rows)
        )
        state = jax.jit(create_state, static_argnums=3)(training, jax.random.key(1), examples, 10)
        state, metrics = jax.jit(train_epoch)(training, state, examples)
        _, scores = jax.jit(validate)(training, state, rows_of(examples, slice(5)))
        return state.params, (metrics, scores)

    params, figures = trained(0.0)
    assert_finite((params, figures))
    for one, other in zip(*map(jax.tree.leaves, ((params, figures), trained(1.0))), strict=True):
        np.testing.assert_array_equal(one, other)


def test_all_seen_and_told_is_the_objective_of_before() -> None:
    """A mask of ones changes no bound of a model without a mask."""
    model = jv.VAE((5,), 2, networks.MLP((7,)), networks.MLP((7,)))
    params = model.init(jax.random.key(0))
    x = jnp.asarray(np.random.default_rng(0).integers(0, 2, (6, 5)), jnp.float32)
    mask, step = jnp.ones(6, bool), jnp.zeros((), jnp.int32)
    for objective, known in itertools.product((jv.objectives.ELBO(), jv.objectives.IWAE(3)), (None, True)):
        example = x if known is None else Observation(x, jnp.ones(x.shape, bool))
        value = objective.loss(model, params, keys(2, 6), example, mask, step)[0]
        plain = objective.loss(model, params, keys(2, 6), x, mask, step)[0]
        assert float(value) == pytest.approx(float(plain), rel=1e-6)


def test_given_twice_changes_nothing() -> None:
    model = jv.VAE((5,), 2, condition=jv.Condition(("real",), drop=0.5))
    example = Observation(jnp.ones(5), jnp.array([True, False, True, True, False]), jnp.array([0.4]))
    given, x = model.given(example)
    again, same = given.given(x)
    assert isinstance(again.condition, KnownCondition)
    assert jax.tree.structure(again) == jax.tree.structure(given)
    jax.tree.map(np.testing.assert_array_equal, (again, same), (given, x))
