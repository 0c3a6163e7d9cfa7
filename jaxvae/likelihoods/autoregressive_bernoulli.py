"""The autoregressive likelihood for binary data."""

import math

import numpy as np

from jaxvae import distributions
from jaxvae.checks import check_range
from jaxvae.fast import plus_bias
from jaxvae.likelihoods.bernoulli import Bernoulli
from jaxvae.likelihoods.likelihood import Likelihood
from jaxvae.likelihoods.masked import check_hidden_last
from jaxvae.likelihoods.support import BINARY, Support
from jaxvae.model import ModelParts
from jaxvae.networks import MADE
from jaxvae.pytrees import dataclass
from jaxvae.typing import Array, Key, Params, Shape


@dataclass
class AutoregressiveBernoulli(Likelihood):
    """Binary pixels that each depend on the pixels before: p(x|z) = Π_d Bernoulli(x_d; sigmoid(logits_d)).

    logits_d = decoder(z)_d + offset_d + made(x_1 … x_{d−1})_d, in raster order

    A masked network reads the earlier pixels and adds its output to the logits of `Bernoulli`. It can describe the data
    without z, so plain training may leave z unused; see the objectives against collapse. A density takes one pass, a
    sample one pass for each pixel. There is no mean: pictures show samples. Germain, Gregor, Murray and Larochelle
    2015; with latents: Chen et al. 2017, section 2.

    Args:
        features: widths of the hidden layers of the masked network [units]. Every pixel sees all earlier ones if no
            width is below the number of pixels.
        activation: after each hidden layer, as in `MLP`.

    Raises:
        UserError: for a width below 1 or an unknown activation.
    """

    features: tuple[int, ...] = (256,)
    activation: str = "relu"

    def __post_init__(self) -> None:
        for size in self.features:
            check_range(self, at_least=1, features=size)
        self._made(1)  # its checks

    def _made(self, dim: int) -> MADE:
        return MADE(dim, 1, 0, self.features, self.activation)

    @property
    def support(self) -> Support:
        """Zeros and ones."""
        return BINARY

    def parameter_shape(self, model: ModelParts) -> Shape:
        """One logit for each data dimension: `data_shape`."""
        return model.data_shape

    def init(self, key: Key, model: ModelParts, examples: Array | None) -> Params:
        """The offset as for `Bernoulli`, and the weights of the masked network."""
        made = self._made(math.prod(model.data_shape))
        return {**Bernoulli().init(key, model, examples), "made": made.init(key)}

    def distribution(self, model: ModelParts, params: Params, outputs: Array) -> distributions.AutoregressiveBernoulli:
        """p(x|z) over `data_shape`."""
        own = params["likelihood"]
        made = self._made(math.prod(model.data_shape))
        return distributions.AutoregressiveBernoulli(made, own["made"], plus_bias(outputs, own["offset"]))

    def check_observed(self, model: ModelParts, observed: np.ndarray) -> None:
        """Check that all hidden entries come last, as padding does: others would have to be summed over."""
        del model
        check_hidden_last(self, observed.reshape(len(observed), -1), "all hidden entries come last")
