"""The Bernoulli likelihood for binary data."""

import jax.numpy as jnp

from jaxvae import distributions
from jaxvae.distributions.bernoulli import smoothed_log_odds
from jaxvae.fast import plus_bias
from jaxvae.likelihoods.likelihood import Likelihood
from jaxvae.likelihoods.support import BINARY, Support
from jaxvae.model import ModelParts
from jaxvae.pytrees import dataclass
from jaxvae.typing import Array, Key, Params, Shape


@dataclass
class Bernoulli(Likelihood):
    """Independent binary pixels: p(x|z) = Π_d Bernoulli(x_d; sigmoid(decoder(z)_d + offset_d)), x_d in {0, 1}.

    The offset is learned. It starts at the log-odds of the training mean (at 0 without examples), so training starts
    near the best model with independent pixels. Kingma and Welling 2014, appendix C.1; the start follows the code of
    Burda, Grosse and Salakhutdinov 2016.
    """

    @property
    def support(self) -> Support:
        """Zeros and ones."""
        return BINARY

    def parameter_shape(self, model: ModelParts) -> Shape:
        """One logit for each data dimension: `data_shape`."""
        return model.data_shape

    def init(self, key: Key, model: ModelParts, examples: Array | None) -> Params:
        """The offset, `data_shape`."""
        del key
        if examples is None:
            return {"offset": jnp.zeros(model.data_shape)}
        return {"offset": smoothed_log_odds(examples)}

    def distribution(self, model: ModelParts, params: Params, outputs: Array) -> distributions.Bernoulli:
        """p(x|z) over `data_shape`."""
        del model
        return distributions.Bernoulli(plus_bias(outputs, params["likelihood"]["offset"]))
