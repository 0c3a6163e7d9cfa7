"""The multi-scale structural similarity of two images, and a VAE that reconstructs by it."""

import jax.numpy as jnp
import numpy as np

from jaxvae.checks import check_range
from jaxvae.distributions import mean_of
from jaxvae.errors import UserError
from jaxvae.model import Model
from jaxvae.objectives.elbo import elbo_terms
from jaxvae.objectives.objective import Bound
from jaxvae.objectives.schedules import Constant, Schedule
from jaxvae.objectives.score_function import with_score
from jaxvae.pytrees import dataclass
from jaxvae.typing import Array, Key, Metrics, Params

SCALE_WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)  # Wang, Simoncelli and Bovik 2003, section 3.2
WINDOW, WINDOW_SCALE = 11, 1.5  # pixels: Wang et al. 2004, section III.B
_K1, _K2 = 0.01, 0.03  # of the constants that keep the ratios finite: the same
MIN_SIDE = 4  # pixels: in a smaller image there is no structure to compare
_FLOOR = 1e-3  # a fractional power needs a positive similarity; this bounds its gradient by 1 / this


def scale_weights(height: int, width: int) -> np.ndarray:
    """The exponents of the scales of an image: as many of the five as leave a side of 4 pixels; their sum is 1.

    >>> scale_weights(28, 28).round(4).tolist()
    [0.0711, 0.453, 0.476]
    """
    sides = [min(height, width) // 2**scale for scale in range(len(SCALE_WEIGHTS))]
    count = max(1, sum(side >= MIN_SIDE for side in sides))
    return np.asarray(SCALE_WEIGHTS[:count]) / np.sum(SCALE_WEIGHTS[:count])


def _window(side: int) -> np.ndarray:
    """A Gaussian window over one axis as a matrix, `[places, side]`; narrower than 11 where the image is."""
    size = min(WINDOW, side)
    offsets = np.arange(size) - (size - 1) / 2
    window = np.exp(-0.5 * (offsets / WINDOW_SCALE) ** 2)
    places = side - size + 1
    matrix = np.zeros((places, side))
    for place in range(places):
        matrix[place, place : place + size] = window / window.sum()
    return matrix


def _halving(side: int) -> np.ndarray:
    """Means of pairs along one axis as a matrix, `[side // 2, side]`; an odd last pixel is dropped."""
    return np.kron(np.eye(side // 2, side - side // 2), [[0.5, 0.5]])[:, :side]


def _apply(rows: np.ndarray, columns: np.ndarray, x: Array) -> Array:
    """A separable linear map of each channel: `[H, W, C]`."""
    return jnp.einsum("ih,hwc,jw->ijc", jnp.asarray(rows, x.dtype), x, jnp.asarray(columns, x.dtype))


def _similarities(x: Array, y: Array, data_range: Array) -> tuple[Array, Array]:
    """SSIM and its contrast-and-structure factor at one scale, means over places, `[C]` each."""
    rows, columns = _window(x.shape[0]), _window(x.shape[1])
    c1, c2 = (_K1 * data_range) ** 2, (_K2 * data_range) ** 2
    mean_x, mean_y = _apply(rows, columns, x), _apply(rows, columns, y)
    variance_x = _apply(rows, columns, x**2) - mean_x**2
    variance_y = _apply(rows, columns, y**2) - mean_y**2
    covariance = _apply(rows, columns, x * y) - mean_x * mean_y
    contrast = (2.0 * covariance + c2) / (variance_x + variance_y + c2)
    luminance = (2.0 * mean_x * mean_y + c1) / (mean_x**2 + mean_y**2 + c1)
    return jnp.mean(luminance * contrast, axis=(0, 1)), jnp.mean(contrast, axis=(0, 1))


def ms_ssim(x: Array, y: Array, data_range: float | Array = 1.0) -> Array:
    """The multi-scale structural similarity of two images, at most 1 and 1 where they are equal, `[]`.

    MS-SSIM = SSIM_M^w_M Π_{s<M} CS_s^w_s,  SSIM = l · CS,
    l = (2 μ_x μ_y + C₁) / (μ_x² + μ_y² + C₁),  CS = (2 σ_xy + C₂) / (σ_x² + σ_y² + C₂)

    The moments are taken in Gaussian windows of 11 pixels (or as many as there are), and averaged over places and
    channels. Images are halved from one scale to the next. Of the five scales, those that leave a side of 4 pixels are
    used, with exponents scaled to the sum 1. A factor below 0.001 counts as 0.001. Wang, Simoncelli and Bovik 2003,
    equation 7.

    Args:
        x: `[height, width, channels]`.
        y: the same shape.
        data_range: largest minus smallest value that data can have.

    Example:
        >>> x = jnp.sin(jnp.arange(64.0)).reshape(8, 8, 1)
        >>> round(float(ms_ssim(x, x)), 4)
        1.0
    """
    weights = scale_weights(*x.shape[:2])
    data_range = jnp.asarray(data_range, x.dtype)
    product = jnp.ones(x.shape[-1:], x.dtype)
    for scale, weight in enumerate(weights):
        similarity, contrast = _similarities(x, y, data_range)
        is_last = scale == len(weights) - 1
        product *= jnp.maximum(similarity if is_last else contrast, _FLOOR) ** float(weight)
        if not is_last:
            rows, columns = _halving(x.shape[0]), _halving(x.shape[1])
            x, y = _apply(rows, columns, x), _apply(rows, columns, y)
    return jnp.mean(product)


@dataclass
class MSSSIM(Bound):
    """The VAE whose reconstruction is judged by structural similarity.

    loss = weight · (1 − MS-SSIM(x, x̂)) + β KL(q(z|x) ‖ p(z)),  x̂ = E[x|z]

    The reported ELBO uses the model's likelihood, which is not trained, so validation uses `bound`: minus the loss. For
    images. Snell et al. 2017, section 3.

    Args:
        weight: of the dissimilarity [nats].
        beta: β, weight of the KL [nats per nat].
        data_range: largest minus smallest value of the data [data units]: 1 for grey levels as shares of the largest,
            2 with `symmetric=True`; a run whose data have a wider one is refused.
        schedule: factor of β by step.

    Raises:
        UserError: for a number out of range, or data that are not images.
    """

    weight: float = 100.0
    beta: float = 1.0
    data_range: float = 1.0
    schedule: Schedule = Constant()
    monitor = "bound"

    def __post_init__(self) -> None:
        check_range(self, at_least=0.0, weight=self.weight, beta=self.beta)
        check_range(self, above=0.0, data_range=self.data_range)

    def check_run(self, num_steps: int, data_range: float) -> None:
        """Check that the range of the data is at most `data_range`."""
        del num_steps
        if isinstance(self.data_range, float) and data_range > self.data_range:
            raise UserError(
                f"MSSSIM.data_range must be the range of the data, {data_range:g}, got {self.data_range:g}: set "
                f"`objective.data_range={data_range:g}`"
            )

    def bound(self, model: Model, params: Params, key: Key, x: Array, step: Array) -> tuple[Array, Metrics]:
        """Minus the loss of ONE example, and its terms."""
        if x.ndim != 3:
            raise UserError(
                f"MSSSIM needs images of shape (height, width, channels), got data of shape {x.shape}: "
                f"use `objective=ELBO()`"
            )
        draw = model.draw(params, key, x)
        terms = elbo_terms(draw)
        reconstruction = mean_of(model.decode(params, draw.latents))
        similarity = ms_ssim(model.completed(x, reconstruction), reconstruction, self.data_range)
        value = -self.weight * (1.0 - similarity) - self.beta * self.schedule(step) * terms.kl
        elbo = {"elbo": terms.value, "log_likelihood": terms.log_likelihood, "kl": terms.kl}
        return with_score(value, draw.score), {**elbo, "bound": value, "ms_ssim": similarity}

    def score(self, model: Model, params: Params, key: Key, x: Array) -> Metrics:
        """Minus the loss of ONE example, and the true ELBO and its terms, nats."""
        return self.bound(model, params, key, x, jnp.asarray(self.warmup_steps))[1]
