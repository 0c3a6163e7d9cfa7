"""`Model` as a base: what it gives for free, and a model of the user's that trains from Python and from the shell."""

import inspect
import json
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

import jaxvae as jv
from jaxvae.model import Model
from jaxvae.observation import Observation
from tests.experiments.conftest import EVALUATE, TRAIN, Script, script  # noqa: F401 - a fixture
from tests.helpers import keys

OWN = '''
import jax
import jax.numpy as jnp
import jaxvae as jv
from jaxvae.spaces import REAL


@jv.dataclass
class Factors(jv.Model):
    """Factor analysis: x = W z + b + noise, and a posterior whose numbers are free linear functions of x."""

    data_shape: tuple[int, ...]
    likelihood: jv.likelihoods.Likelihood
    latent_dim: int = 3
    noise: float = 0.5

    @property
    def latent_space(self):
        return REAL

    def init(self, key, examples=None):
        size = self.data_shape[0]
        weights = 0.1 * jax.random.normal(key, (size, self.latent_dim))
        encoder = {"weights": jnp.zeros((size, 2 * self.latent_dim)), "bias": jnp.zeros(2 * self.latent_dim)}
        return {"decoder": {"weights": weights, "bias": jnp.zeros(size)}, "encoder": encoder}

    def posterior_features(self, params, x):
        return x @ params["encoder"]["weights"] + params["encoder"]["bias"]

    def posterior_from(self, params, features):
        loc, raw = jnp.split(features, 2)
        return jv.distributions.Normal(loc, jax.nn.softplus(raw))

    def prior_given(self, params, x):
        return jv.distributions.Normal(jnp.zeros(self.latent_dim), jnp.ones(self.latent_dim))

    def sample_prior(self, params, key):
        return jax.random.normal(key, (self.latent_dim,))

    def decode(self, params, z):
        loc = params["decoder"]["weights"] @ z + params["decoder"]["bias"]
        return jv.distributions.Normal(loc, self.noise * jnp.ones(self.data_shape))


@jv.dataclass
class Half(jv.Model):
    data_shape: tuple[int, ...]
    latent_dim: int = 3
    init = Factors.init
    decode = Factors.decode
    posterior_features = Factors.posterior_features
    posterior_from = Factors.posterior_from
    sample_prior = Factors.sample_prior


@jv.dataclass
class HalfPrior(jv.priors.Prior):
    pass


class Plain:
    def __init__(self, data_shape):
        pass
'''


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The module of the user's, in the current folder."""
    (tmp_path / "my_models.py").write_text(OWN)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    import importlib
    import sys

    sys.modules.pop("my_models", None)
    yield importlib.import_module("my_models")
    sys.modules.pop("my_models", None)


def test_the_vae_is_a_model_and_so_is_an_own_one(own: Any) -> None:
    assert isinstance(jv.VAE((4,), 2), Model)
    assert isinstance(own.Factors((4,), jv.likelihoods.Normal()), jv.Model)
    assert not isinstance(own.Plain((4,)), Model)
    assert inspect.isabstract(Model)


def test_the_defaults_make_draws_of_the_parts(own: Any) -> None:
    """log w of the exact posterior is log N(x; b, W Wᵀ + σ² I), by `draw`, by `log_joint` and by importance weights."""
    model = own.Factors((5,), jv.likelihoods.Normal(), latent_dim=2, noise=0.7)
    params = model.init(jax.random.key(0))
    weights = np.asarray(params["decoder"]["weights"], np.float64) * 9
    params["decoder"]["weights"] = jnp.asarray(weights, jnp.float32)
    x = np.random.default_rng(0).normal(size=5)
    covariance: Any = weights @ weights.T + 0.49 * np.eye(5)
    expected = stats.multivariate_normal(np.zeros(5), covariance).logpdf(x)
    spread = np.linalg.inv(np.eye(2) + weights.T @ weights / 0.49)
    q = jv.distributions.MultivariateNormal(
        jnp.asarray(spread @ weights.T @ x / 0.49, jnp.float32), jnp.asarray(np.linalg.cholesky(spread), jnp.float32)
    )
    example = jnp.asarray(x, jnp.float32)
    draw = model.draw(params, jax.random.key(1), example, posterior=q)
    assert float(draw.log_weight) == pytest.approx(expected, abs=1e-4)
    assert sum(map(float, model.log_joint(params, example, draw.latents))) == pytest.approx(
        float(draw.log_likelihood + draw.log_prior), abs=1e-4
    )
    found = jax.jit(lambda key: jv.log_marginal(model, params, key, example, 20_000))(jax.random.key(2))
    assert abs(float(found) - expected) < 0.1


def test_what_a_plain_model_cannot_take_is_one_line(own: Any) -> None:
    model = own.Factors((4,), jv.likelihoods.Normal())
    params = model.init(jax.random.key(0))
    for name, value, words in (
        (
            "observed",
            jnp.ones(4, bool),
            r"hidden entries: leave out Observation.observed \(in a run `hide` and `missing`",
        ),
        ("condition", jnp.zeros(1), r"a condition: leave out Observation.condition \(in a run `condition`\)"),
        ("label", jnp.zeros((), int), r"a known label: leave out Observation.label \(in a run `labels`\), or define"),
    ):
        with pytest.raises(jv.UserError, match=f"Factors takes plain examples, got one with {words}"):
            jv.elbo(model, params, jax.random.key(0), Observation(jnp.ones(4), **{name: value}))
    with pytest.raises(jv.UserError, match="Factors takes plain examples, got one with a condition"):
        jv.given(model, 1)
    with pytest.raises(jv.UserError, match="Factors has no condition that could be hidden, got None"):
        jv.given(model, None)
    with pytest.raises(jv.UserError, match="to enumerate latents the posterior must be discrete, got Normal"):
        model.enumerate(params, jnp.ones(4))
    assert jv.elbo(model, params, jax.random.key(0), Observation(jnp.ones(4))).value.shape == ()


def test_objectives_train_it(own: Any) -> None:
    """Every hook has a default: IWAE, free bits by level, semi-amortised inference and lagging take their steps."""
    from jaxvae import objectives
    from jaxvae.data import Preprocessing
    from jaxvae.training import Optimizer, Training, create_state, train_epoch

    model = own.Factors((4,), jv.likelihoods.Normal(), latent_dim=2)
    x = jax.random.normal(jax.random.key(3), (12, 4))
    for objective in (objectives.IWAE(3), objectives.FreeBits(group="level"), objectives.SemiAmortized(2)):
        training = Training(model, Preprocessing(), Optimizer(), objective, batch_size=5, epochs=3)
        state = jax.jit(create_state, static_argnums=3)(training, jax.random.key(0), x, 12)
        state, metrics = jax.jit(train_epoch)(training, state, x)
        assert np.isfinite(float(metrics["loss"]))
        assert int(state.step) == 3
    assert keys(0, 2).shape == (2,)


@pytest.mark.slow
def test_from_the_shell(own: Any, script: Script, tmp_path: Path) -> None:  # noqa: F811
    """It trains, is evaluated again from its config.yaml, and takes its options and the flags that are its fields."""
    del own
    rng = np.random.default_rng(0)
    z = rng.normal(size=(300, 2))
    np.savez(tmp_path / "data.npz", x=z @ rng.normal(size=(2, 4)) + 0.3 * rng.normal(size=(300, 4)))
    flags = ["--data", "data.npz", "--model", "my_models.Factors", "--model.noise", "0.3", "--latent_dim", "2"]
    done = script(TRAIN, *flags, "--epochs", "30", "--num_samples", "50", "--run_dir", "mine")
    assert done.code == 0, done.err
    found = json.loads((tmp_path / "mine" / "evaluation.json").read_text())
    assert found["log_marginal"]["value"] > found["elbo"]["value"] - 0.1
    config = (tmp_path / "mine" / "config.yaml").read_text()
    assert "noise=0.3" in config
    assert "\nlatent_dim: 2" in config
    for unused in ("encoder", "decoder", "posterior", "prior", "fill", "show_mask", "missingness", "precision"):
        assert f"\n{unused}:" not in config
    again = script(EVALUATE, "mine", "--num_samples", "50")
    assert again.code == 0, again.err


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--model", "my_models.Half"], "--model my_models.Half must define latent_space, prior_given, got a class"),
        (["--prior", "my_models.HalfPrior"], "--prior my_models.HalfPrior must define distribution, got a class"),
        (
            ["--likelihood", "Normal", "--model", "my_models.Factors", "--hide", "0.5"],
            "hidden entries: leave out Observation.observed (in a run --hide and --missing), or define",
        ),
        (
            ["--likelihood", "Normal", "--model", "my_models.Factors", "--condition", "label"],
            "a condition: leave out Observation.condition (in a run --condition), or define given(example, key) in",
        ),
        (["--model", "my_models.Plain"], "must be a jaxvae.Model, got an object of Plain"),
        (["--model", "my_models.Factor"], "did you mean Factors?"),
        (["--model", "my_models.Factors", "--model.nose", "3"], "has no option 'nose' (did you mean noise?)"),
        (
            ["--model", "my_models.Factors", "--prior", "Vamp"],
            "--model my_models.Factors has no field for --prior, which would do nothing: leave it out",
        ),
        (["--model", "my_models.Factors", "--encoder.features", "9"], "has no field for --encoder"),
        (["--model", "my_models.Factors", "--fill", "learned"], "has no field for --fill"),
        (["--model", "my_models.Factors", "--remat"], "has no field for --remat"),
    ],
)
def test_a_wrong_model_is_one_line(own: Any, script: Script, flags: list[str], words: str) -> None:  # noqa: F811
    del own
    outcome = script(TRAIN, "--data", "digits", *flags)
    assert outcome.code == 2
    assert words in outcome.err
    assert outcome.err.count("\n") == 1
