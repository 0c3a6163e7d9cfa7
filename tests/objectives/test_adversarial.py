"""Two players: permuted latents, both losses by hand, and gradients that stay with their player."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxvae as jv
from jaxvae.keys import Purpose, keys_for
from jaxvae.networks import MLP
from jaxvae.objectives import VAEGAN, AdversarialAutoencoder, FactorVAE, Objective
from jaxvae.objectives.factor_vae import permute_dimensions
from jaxvae.objectives.vae_gan import _mean_and_shown
from jaxvae.pytrees import dataclass
from tests.helpers import BATCH, assert_trees_close, binary_batch, init, keys, tiny_vae

MASK = np.array([True, True, False, True, True])
DISCRIMINATOR = MLP((4,), "tanh")


def test_permuting_keeps_the_marginals_and_breaks_the_joint() -> None:
    """Sorted columns are equal to the bit; a correlation of 0.9 becomes 0 within 6 / √n."""
    count = 900
    rng = np.random.default_rng(0)
    z = rng.multivariate_normal(np.zeros(3), 0.1 * np.eye(3) + 0.9, count).astype(np.float32)
    mask = rng.uniform(size=count) < 0.8
    z[~mask] = np.nan  # padding never enters
    shuffled = np.asarray(jax.jit(permute_dimensions)(keys(1, count), jnp.asarray(z), jnp.asarray(mask)))[mask]
    np.testing.assert_array_equal(np.sort(shuffled, axis=0), np.sort(z[mask], axis=0))
    before, after = np.corrcoef(z[mask], rowvar=False), np.corrcoef(shuffled, rowvar=False)
    off = ~np.eye(3, dtype=bool)
    assert np.all(before[off] > 0.85)
    assert np.all(np.abs(after[off]) < 6 / np.sqrt(mask.sum()))
    with_itself = [np.corrcoef(z[mask][:, d], shuffled[:, d])[0, 1] for d in range(3)]
    assert np.all(np.abs(with_itself) < 6 / np.sqrt(mask.sum()))


@pytest.mark.slow
def test_permutations_are_uniform_and_do_not_depend_on_padding() -> None:
    """Of 3 members all 6 orders appear, each in 1/6 of the cases (binomial, 6 standard errors)."""
    z = jnp.arange(3.0)[:, None]
    orders = jax.jit(jax.vmap(lambda key: permute_dimensions(jax.random.split(key, 3), z, jnp.ones(3, bool))[:, 0]))(
        keys(2, 6000)
    )
    _, counts = np.unique(np.asarray(orders), axis=0, return_counts=True)
    assert len(counts) == 6
    assert np.all(np.abs(counts - 1000) < 6 * np.sqrt(6000 * 1 / 6 * 5 / 6))
    padded = permute_dimensions(
        keys(5, 3)[np.array([0, 0, 1, 0, 2])], jnp.array([0.0, 99, 1, 98, 2])[:, None], np.array([1, 0, 1, 0, 1], bool)
    )
    np.testing.assert_array_equal(padded[np.array([0, 2, 4])], permute_dimensions(keys(5, 3), z, jnp.ones(3, bool)))


@dataclass
class Constant(jv.networks.Network):
    """A discriminator without parameters to speak of: the logit is `scale` times the sum of what it is shown."""

    def init(self, key: Any, x: Any, output_shape: Any) -> Any:
        """One number."""
        del key, x, output_shape
        return {"scale": jnp.ones(())}

    def apply(self, params: Any, x: Any, output_shape: Any) -> Any:
        """scale · Σ x."""
        return jnp.broadcast_to(params["scale"] * jnp.sum(x), output_shape)


def gradients(objective: Objective, changes: dict[str, Any] | None = None) -> tuple[Any, Any, Any]:
    """The gradient of the loss, its metrics and the parameters, `changes` of the discriminator's made before."""
    model, xs = tiny_vae(), binary_batch()
    params = {**init(model, jax.random.key(0)), "objective": objective.init(jax.random.key(2), model, None)}
    if changes is not None:
        params["objective"] = changes

    def loss(params: Any, objective: Objective) -> Any:
        return objective.loss(model, params, keys(1, BATCH), xs, MASK, jnp.asarray(0))

    gradient, metrics = jax.jit(jax.grad(loss, has_aux=True))(params, objective)  # one program whatever its weights
    return gradient, metrics, params


def decoder_bias(gradient: Any) -> np.ndarray:
    return np.asarray(gradient["decoder"]["params"]["Dense_0"]["bias"])


def model_part(gradient: Any) -> Any:
    return {name: part for name, part in gradient.items() if name != "objective"}


@pytest.mark.slow
def test_factor_vae_gradients_stay_with_their_player() -> None:
    """The model's gradient at γ = 0 is that of the ELBO, and the discriminator's does not depend on γ."""
    none, _, params = gradients(FactorVAE(gamma=0.0, discriminator=DISCRIMINATOR))
    some, metrics, _ = gradients(FactorVAE(gamma=5.0, discriminator=DISCRIMINATOR))
    model, xs = tiny_vae(), binary_batch()

    def elbo(params: Any) -> Any:
        return jv.objectives.ELBO().loss(model, params, keys(1, BATCH), xs, MASK, jnp.asarray(0))[0]

    assert_trees_close(model_part(none), model_part(jax.jit(jax.grad(elbo))(params)))
    assert_trees_close(none["objective"], some["objective"], rtol=0, atol=0)
    assert all(np.any(leaf != 0) for leaf in jax.tree.leaves(some["objective"]))
    bias = [part["encoder"]["params"]["Dense_0"]["bias"] for part in (none, some)]
    assert np.all(np.abs(bias[0] - bias[1])[:2] > 1e-4)
    np.testing.assert_allclose(
        metrics["loss"],
        -metrics["elbo"] + 5.0 * metrics["total_correlation"] + metrics["discriminator_loss"],
        rtol=1e-5,
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    "objective", [FactorVAE(2.0, Constant()), AdversarialAutoencoder(2.0, "stochastic", Constant())]
)
def test_the_two_losses_by_hand(objective: Any) -> None:
    """A discriminator that is one number: its loss, its gradient and the model's gradient in numpy."""
    gradient, metrics, params = gradients(objective)
    model, xs = tiny_vae(), binary_batch()[MASK]
    q = jax.vmap(lambda x: model.encode(params, x))(xs)
    own = keys(1, BATCH)[MASK]
    first = np.asarray(jax.vmap(lambda q, key: q.sample(key))(q, own), np.float64)
    fresh = keys_for(keys(1, BATCH)[MASK], Purpose.OTHER_DRAWS)
    if isinstance(objective, FactorVAE):
        second = jax.vmap(lambda q, key: q.sample(key))(q, fresh)
        permuting = keys_for(keys(1, BATCH)[MASK], Purpose.ORDER)
        fake = np.asarray(permute_dimensions(permuting, second, jnp.ones(4, bool)), np.float64).sum(-1)
        real, half = first.sum(-1), 0.5
        signal = np.full(4, 2.0)  # ∂ γ logit / ∂ z
        np.testing.assert_allclose(metrics["total_correlation"], real.mean(), rtol=1e-5)
    else:
        real = np.asarray(jax.vmap(lambda key: model.sample_prior(params, key))(fresh), np.float64).sum(-1)
        fake, half = first.sum(-1), 1.0
        signal = -2.0 / (1 + np.exp(fake))  # ∂ weight · softplus(−logit) / ∂ z

    def sigmoid(x: np.ndarray) -> np.ndarray:
        return 1 / (1 + np.exp(-x))

    loss = half * np.mean(-np.log(sigmoid(real)) - np.log(1 - sigmoid(fake)))
    np.testing.assert_allclose(metrics["discriminator_loss"], loss, rtol=1e-5)
    in_scale = half * np.mean(-(1 - sigmoid(real)) * real + sigmoid(fake) * fake)
    np.testing.assert_allclose(gradient["objective"]["discriminator"]["scale"], in_scale, rtol=1e-4)
    accuracy = 0.5 * (np.mean(real > 0) + np.mean(fake < 0))
    np.testing.assert_allclose(metrics["discriminator_accuracy"], accuracy, rtol=1e-6)
    # the encoder's bias of loc moves z one to one: the rest of its gradient does not depend on the discriminator
    without, _, _ = gradients(objective, {"discriminator": {"scale": jnp.zeros(())}})
    moved = (gradient["encoder"]["params"]["Dense_0"]["bias"] - without["encoder"]["params"]["Dense_0"]["bias"])[:2]
    np.testing.assert_allclose(moved, np.full(2, signal.mean()), rtol=1e-4)


def test_the_adversarial_autoencoder_claims_no_elbo() -> None:
    _, metrics, _ = gradients(AdversarialAutoencoder(discriminator=DISCRIMINATOR))
    assert "elbo" not in metrics
    assert AdversarialAutoencoder.monitor == "log_likelihood"


@pytest.mark.slow
def test_vae_gan_gradients_stay_with_their_player() -> None:
    """weight reaches the decoder only, the ELBO's KL the encoder only; a head of zeros leaves no adversary."""
    one, _, params = gradients(VAEGAN(1.0, 6, DISCRIMINATOR))
    two, metrics, _ = gradients(VAEGAN(2.0, 6, DISCRIMINATOR))
    assert_trees_close(one["encoder"], two["encoder"], rtol=0, atol=0)
    assert_trees_close(one["objective"], two["objective"], rtol=0, atol=0)
    assert np.all(decoder_bias(one) != decoder_bias(two))
    own = params["objective"]
    deaf = {**own, "head": jax.tree.map(jnp.zeros_like, own["head"])}
    without, _, _ = gradients(VAEGAN(1.0, 6, DISCRIMINATOR), deaf)
    assert_trees_close(without["encoder"], one["encoder"])  # the adversary does not reach the encoder
    assert np.all(decoder_bias(without) != decoder_bias(one))
    # and f is trained by the adversary alone: without it there is no gradient
    for leaf in jax.tree.leaves(without["objective"]["features"]):
        np.testing.assert_array_equal(leaf, np.zeros(leaf.shape))
    model, x = tiny_vae(), binary_batch()[0]
    score = VAEGAN(1.0, 6, DISCRIMINATOR).score(model, params, jax.random.key(3), x)
    np.testing.assert_allclose(score["reconstruction"], -np.sum((x - jv.reconstruct(model, params, x)) ** 2), rtol=1e-5)
    total = sum(float(metrics[name]) for name in ("encoder_loss", "decoder_loss", "discriminator_loss"))
    np.testing.assert_allclose(metrics["loss"], total, rtol=1e-5)


@pytest.mark.slow
def test_the_features_of_vae_gan_are_measured_by_their_deviations() -> None:
    """½ Σ_j (Δ_j / σ_j)² in numpy, and features of a hundred times the size leave the encoder's loss as it is."""
    objective = VAEGAN(1.0, 6, MLP((), output_gain=1.0))
    _, metrics, params = gradients(objective)
    model, xs = tiny_vae(), binary_batch()
    network = params["objective"]["features"]
    louder = {**params["objective"], "features": jax.tree.map(lambda leaf: 100.0 * leaf, network)}
    _, of_louder, _ = gradients(objective, louder)
    np.testing.assert_allclose(metrics["encoder_loss"], of_louder["encoder_loss"], rtol=1e-3)

    draws = jax.vmap(lambda key, x: model.draw(params, key, x))(keys(1, BATCH), xs)
    means = jax.vmap(lambda z: model.decode(params, z).mean)(draws.latents)  # type: ignore[attr-defined]
    f = [np.asarray(objective._features(params["objective"], one), np.float64)[MASK] for one in (xs, means)]
    variance = f[0].var(0) + f[0].mean(0) ** 2 / (len(f[0]) + 1)
    distance = 0.5 * np.mean(np.sum((f[0] - f[1]) ** 2 / variance, axis=1))
    expected = np.asarray(draws.kl, np.float64).sum(1)[MASK].mean() + distance
    np.testing.assert_allclose(metrics["encoder_loss"], expected, rtol=1e-3)


def test_vae_gan_measures_a_last_batch_of_one_example_by_its_own_features() -> None:
    """One example has no deviation: σ² = f² / 2, and the encoder's distance is Σ_j (f_j(x̃) − f_j(x))² / f_j(x)²."""
    model, xs = tiny_vae(), binary_batch()
    objective = VAEGAN(1.0, 6, MLP((), output_gain=1.0))
    params = {**init(model, jax.random.key(0)), "objective": objective.init(jax.random.key(2), model, None)}
    loss, metrics = objective.loss(model, params, keys(1, BATCH), xs, np.arange(BATCH) == 1, jnp.asarray(0))
    assert np.isfinite(loss)
    draws = jax.vmap(lambda key, x: model.draw(params, key, x))(keys(1, BATCH), xs)
    means = jax.vmap(lambda z: model.decode(params, z).mean)(draws.latents)  # type: ignore[attr-defined]
    own, other = (np.asarray(objective._features(params["objective"], one), np.float64)[1] for one in (xs, means))
    expected = np.asarray(draws.kl, np.float64).sum(1)[1] + np.sum((other - own) ** 2 / own**2)
    np.testing.assert_allclose(metrics["encoder_loss"], expected, rtol=1e-3)


@pytest.mark.parametrize("likelihood", [jv.likelihoods.Bernoulli(), jv.likelihoods.Normal()])
def test_the_judge_of_vae_gan_is_shown_values_that_data_can_have(likelihood: Any) -> None:
    """Zeros and ones of binary data, with the gradient of their mean; the mean itself of real data."""
    model = tiny_vae(likelihood=likelihood)
    params = init(model, jax.random.key(0))

    def shown(z: jax.Array) -> Any:
        return _mean_and_shown(jax.random.key(1), model.decode(params, z))

    (mean, value), pulled = jax.jvp(shown, (jnp.ones(model.latent_dim),), (jnp.ones(model.latent_dim),))
    if isinstance(likelihood, jv.likelihoods.Bernoulli):
        assert set(np.unique(value)) <= {0.0, 1.0}
        assert np.all((mean > 0.0) & (mean < 1.0))
    else:
        np.testing.assert_array_equal(value, mean)
    np.testing.assert_allclose(*pulled)


def test_bad_input() -> None:
    with pytest.raises(jv.UserError, match=r"FactorVAE.gamma must be >= 0, got -1.0"):
        FactorVAE(gamma=-1)
    with pytest.raises(jv.UserError, match=r"AdversarialAutoencoder.encoder must be one of deterministic, stochastic"):
        AdversarialAutoencoder(encoder="x")  # type: ignore[arg-type]
    with pytest.raises(jv.UserError, match=r"VAEGAN.num_features must be >= 1, got 0"):
        VAEGAN(num_features=0)
