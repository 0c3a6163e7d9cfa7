"""Observations, sets of them, parameters and options that do not fit: one line for each."""

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxvae as jv
from jaxvae.observation import Observation

BERNOULLI = jv.VAE((4,), 2)
SEEN = np.array([True, True, False, True])


@pytest.mark.parametrize(
    ("model", "example", "words"),
    [
        (BERNOULLI, Observation(np.ones(4, np.float32), SEEN[:3]), r"the shape of one example, \(4,\), got bool"),
        (BERNOULLI, Observation(np.ones(4, np.float32), np.ones(4)), "got float32 of shape"),
        (BERNOULLI, Observation(np.ones(4, np.float32), "abcd"), "an array of True and False, got 'abcd'"),
        (BERNOULLI, Observation("hello", SEEN), "x must be an array of real numbers, got 'hello'"),
        (BERNOULLI, Observation(None, SEEN), "x must be an array of real numbers, got None"),
        (BERNOULLI, Observation(np.ones(3, np.float32), SEEN), r"x must have shape \(4,\)"),
        (
            BERNOULLI,
            Observation(np.array([1.0, np.nan, 0.0, np.nan], np.float32), SEEN),
            r"got 2 NaN, the first at \[1\]: mark them as hidden in Observation.observed \(in a run `missing='nan'`\)",
        ),
        (
            jv.VAE((4,), 2, likelihood=jv.likelihoods.AutoregressiveBernoulli()),
            Observation(np.ones(4, np.float32), SEEN),
            "AutoregressiveBernoulli can leave out hidden entries only if all hidden entries come last",
        ),
        (
            jv.VAE((2, 2, 3), 2, likelihood=jv.likelihoods.DiscretizedLogisticMixture(num_levels=4)),
            Observation(np.ones((2, 2, 3), np.float32), np.arange(12).reshape(2, 2, 3) != 1),
            "the hidden channels of a pixel come last",
        ),
        (BERNOULLI, Observation(np.ones(4, np.float32), SEEN, condition=np.float32(1)), "the model has no condition"),
        (BERNOULLI, Observation(np.ones(4, np.float32), label=np.int32(1)), "no discrete latent"),
    ],
)  # fmt: skip
def test_a_wrong_observation_is_one_line(model: jv.VAE, example: Observation, words: str) -> None:
    params = jax.eval_shape(model.init, jax.random.key(0))
    with pytest.raises(jv.UserError, match=words) as error:
        jax.eval_shape(lambda params: jv.elbo(model, params, jax.random.key(1), example).value, params)
    assert "\n" not in str(error.value)


def test_what_of_x_is_wrong_is_said_of_its_observed_entries() -> None:
    """A filler that stands for hidden entries is in no message, nor is the class that hides them."""
    model = jv.VAE((4,), 2, likelihood=jv.likelihoods.Poisson())
    params = model.init(jax.random.key(0))
    for values, mask, words in (
        ([5.0, 7.5, 9.0, np.nan], [True, True, True, False], "under Poisson, got 5 to 9: "),
        ([5.0, 7.0, np.inf, np.nan], [True, True, True, False], "under Poisson, got 1 infinite numbers: "),
        (
            [5.0, np.nan, 1.0, np.nan],
            None,
            r"got 2 NaN: mend them, or mark them as hidden in jaxvae.Observation\(x, ob",
        ),
    ):
        example = Observation(jnp.array(values), None if mask is None else jnp.array(mask))
        with pytest.raises(jv.UserError, match=words):
            jv.elbo(model, params, jax.random.key(1), example)


PARTS = {"value": np.ones((5, 4), np.float32), "observed": np.ones((5, 4), bool), "condition": np.ones((5, 2))}
ONE_NAN = np.where(np.arange(20).reshape(5, 4) == 6, np.nan, PARTS["value"])
FIRST_HIDDEN = np.arange(20).reshape(5, 4) % 4 > 0


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ({"observed": np.ones((5, 3), bool)}, r"`observed` of the examples must have shape \(5, 4\), got \(5, 3\)"),
        ({"observed": np.ones((5, 4))}, "True where an entry was seen, got float64"),
        ({"condition": 1}, r"`condition` of the examples must have shape \(5, 2\), got \(\)"),
        ({"condition": np.ones((5, 3))}, r"must have shape \(5, 2\), got \(5, 3\)"),
        ({"condition": np.ones((3, 2))}, r"must have shape \(5, 2\), got \(3, 2\)"),
        ({"condition": np.full((5, 2), 7.0)}, "must hold classes 0 to 2 in column 0, got 7"),
        ({"label": np.zeros(3)}, r"`label` of the examples must have shape \(5,\), got \(3,\)"),
        ({"value": ONE_NAN}, r"examples must hold numbers where they are observed, got 1 NaN, the first at \[1, 2\]"),
        ({"value": ONE_NAN, "observed": None}, r"got 1 NaN, the first at \[1, 2\]"),
        ({"value": PARTS["value"] * np.inf}, "examples must hold finite numbers, got 20 infinite ones"),
        (
            {"value": np.where(FIRST_HIDDEN, 1.0, np.nan), "observed": FIRST_HIDDEN},
            "observed in some example, got 1 that never are",
        ),
        ({"value": "abc"}, "examples must be an array of real numbers, got 'abc'"),
    ],
)
def test_parameters_do_not_start_from_wrong_examples(parts: dict[str, Any], words: str) -> None:
    model = jv.VAE((4,), 2, likelihood=jv.likelihoods.Normal(), condition=jv.Condition(("categorical:3", "real")))
    with pytest.raises(jv.UserError, match=words) as error:
        jv.init(model, jax.random.key(0), Observation(**{**PARTS, **parts}))
    assert "\n" not in str(error.value)


def test_parameters_of_another_model_are_told_apart_by_the_option_that_reads_them() -> None:
    plain = jv.VAE((4,), 2, likelihood=jv.likelihoods.Normal())
    params = plain.init(jax.random.key(0))
    examples = {"condition": Observation(jnp.ones(4), condition=1.0)}
    for name, value, words in (
        ("fill", "learned", "its fill, 'learned'"),
        ("missingness", jv.SelfMasking(), "its missingness, a SelfMasking"),
        ("condition", jv.Condition(("real",)), "its condition, a Condition"),
        ("likelihood", jv.likelihoods.StudentT(), "its likelihood, a StudentT"),
    ):
        model = dataclasses.replace(plain, **{name: value})
        example = examples.get(name, Observation(jnp.ones(4), jnp.asarray(SEEN)))
        with pytest.raises(jv.UserError, match=f"params must be those of this model, got others for {words}: take"):
            jv.elbo(model, params, jax.random.key(1), example)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"fill": None}, "VAE.fill must be one of zero, mean, learned; got None"),
        ({"fill": 0.0}, "VAE.fill must be one of zero, mean, learned; got 0.0"),
        ({"show_mask": "no"}, "VAE.show_mask must be True or False, got 'no'"),
        ({"show_mask": 1}, "VAE.show_mask must be True or False, got 1"),
    ],
)
def test_an_option_of_another_kind_is_one_line(options: dict[str, Any], words: str) -> None:
    with pytest.raises(jv.UserError, match=words):
        jv.VAE((4,), 2, **options)


def test_a_density_without_marginals_is_refused_when_it_is_traced() -> None:
    @jv.dataclass
    class Whole:
        """A density that knows no parts."""

        loc: jax.Array

        def sample(self, key: jax.Array) -> jax.Array:
            return self.loc + jax.random.normal(key, self.loc.shape)

        def log_prob(self, value: jax.Array) -> jax.Array:
            return -0.5 * jnp.sum((value - self.loc) ** 2)

    @jv.dataclass
    class Likelihood(jv.likelihoods.Normal):
        """Of that density."""

        def distribution(self, model: Any, params: Any, outputs: jax.Array) -> Any:
            return Whole(outputs[0])

    model = jv.VAE((4,), 2, likelihood=Likelihood())
    params = model.init(jax.random.key(0))
    with pytest.raises(jv.UserError, match="Whole has no density of some entries alone"):
        jv.elbo(model, params, jax.random.key(1), Observation(jnp.ones(4), jnp.asarray(SEEN)))
