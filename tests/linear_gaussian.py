"""A VAE whose log p(x), posterior and ELBO are known in closed form: z ~ N(0, I), x|z ~ N(W z + b, s² I).

W has orthogonal columns, so that the exact posterior has independent dimensions and an MLP without hidden layers can
put it out: everything that an estimate of the library should be is a line of numpy here.
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from scipy import stats

import jaxvae as jv
from jaxvae.posteriors.diagonal_normal import MIN_SCALE
from jaxvae.typing import Params

DATA_SHAPE = (3, 4)
NUM_PIXELS = 12
LATENT_DIM = 2


class LinearGaussian(NamedTuple):
    """The model in numpy, float64, with x as a flat vector."""

    weights: np.ndarray
    """W, `[pixels, latent]`, with orthogonal columns."""
    bias: np.ndarray
    """b, `[pixels]`."""
    noise: float
    """s, the standard deviation of x given z."""

    @staticmethod
    def random(rng: np.random.Generator) -> "LinearGaussian":
        """Random parameters."""
        orthonormal, _ = np.linalg.qr(rng.normal(size=(NUM_PIXELS, LATENT_DIM)))
        strengths = rng.uniform(0.4, 2.0, LATENT_DIM)
        return LinearGaussian(orthonormal * strengths, rng.normal(size=NUM_PIXELS), rng.uniform(0.4, 1.5))

    def sample(self, rng: np.random.Generator) -> np.ndarray:
        """One x, `[pixels]`."""
        z = rng.normal(size=LATENT_DIM)
        return self.weights @ z + self.bias + self.noise * rng.normal(size=NUM_PIXELS)

    @property
    def covariance(self) -> np.ndarray:
        """Cov[x] = W Wᵀ + s² I, `[pixels, pixels]`."""
        return self.weights @ self.weights.T + self.noise**2 * np.eye(NUM_PIXELS)

    def log_marginal(self, x: np.ndarray) -> float:
        """log p(x) = log N(x; b, W Wᵀ + s² I)."""
        return float(stats.multivariate_normal(self.bias, self.covariance).logpdf(x))

    def posterior_matrix(self) -> tuple[np.ndarray, np.ndarray]:
        """A with p(z|x) = N(A (x − b), diag(σ²)), and σ: `[latent, pixels]`, `[latent]`."""
        variance = 1.0 / (1.0 + np.sum(self.weights**2, axis=0) / self.noise**2)
        return variance[:, None] * self.weights.T / self.noise**2, np.sqrt(variance)

    def elbo(self, x: np.ndarray, loc: np.ndarray, scale: np.ndarray) -> float:
        """E_q[log p(x|z)] − KL(q ‖ p) for q = N(loc, diag(scale²))."""
        residual = x - self.bias - self.weights @ loc
        spread = np.sum(self.weights**2 * scale**2)
        log_likelihood = -0.5 * NUM_PIXELS * np.log(2 * np.pi * self.noise**2)
        log_likelihood -= 0.5 * (residual @ residual + spread) / self.noise**2
        return float(log_likelihood - np.sum(0.5 * (scale**2 + loc**2 - 1.0) - np.log(scale)))

    def vae(self) -> jv.VAE:
        """The model as a description: no hidden layers, and s a leaf."""
        return jv.VAE(
            data_shape=DATA_SHAPE,
            latent_dim=LATENT_DIM,
            encoder=jv.networks.MLP(()),
            decoder=jv.networks.MLP(()),
            posterior=jv.posteriors.DiagonalNormal(),
            likelihood=jv.likelihoods.Normal(scale=self.noise),
        )

    def params(self, shift: Any = 0.0, stretch: Any = 1.0, dtype: Any = jnp.float32) -> Params:
        """Parameters of the exact posterior, or of one whose mean is off by `shift` and scale by `stretch`."""
        matrix, scale = self.posterior_matrix()
        loc_bias = shift - matrix @ self.bias
        # scale = 1e-4 + softplus(raw + c), softplus(c) = 1, solved for raw
        raw = np.log(np.expm1(scale * stretch - MIN_SCALE)) - np.log(np.expm1(1.0))
        encoder = {
            "kernel": np.concatenate([matrix.T, np.zeros((NUM_PIXELS, LATENT_DIM))], axis=1),
            "bias": np.concatenate([loc_bias, raw]),
        }
        tree = {
            "encoder": {"params": {"Dense_0": encoder}},
            "decoder": {"params": {"Dense_0": {"kernel": self.weights.T, "bias": self.bias}}},
            "posterior": {},
            "prior": {},
            "likelihood": {},
        }
        return jax.tree.map(lambda leaf: jnp.asarray(leaf, dtype), tree)


def as_example(x: np.ndarray) -> jax.Array:
    """A flat x as the model takes it."""
    return jnp.asarray(x.reshape(DATA_SHAPE), jnp.float32)
