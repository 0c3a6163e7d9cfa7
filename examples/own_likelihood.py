"""A likelihood of your own: real pixels with one noise level for each row of the image.

python examples/own_likelihood.py
jaxvae train --likelihood own_likelihood.RowNoise           # from this folder
"""

import jax
import jax.numpy as jnp

import jaxvae as jv
from jaxvae.likelihoods.support import REAL


@jv.dataclass
class RowNoise(jv.likelihoods.Likelihood):
    """p(x|z) = Π N(x; f(z), s_row²): the decoder puts out the means, the noise of each row is a parameter.

    Args:
        start: noise of all rows before training [data units].
    """

    start: float = 0.3

    @property
    def support(self):
        """The values that x may take."""
        return REAL

    def parameter_shape(self, model):
        """What the decoder puts out: a mean for each pixel."""
        return model.data_shape

    def init(self, key, model, examples):
        """The learned parameters of the likelihood."""
        del key, examples
        return {"log_noise": jnp.full(model.data_shape[0], jnp.log(self.start))}

    def distribution(self, model, params, outputs):
        """p(x|z) of the decoder's outputs; all axes of x are one event."""
        noise = jnp.exp(params["likelihood"]["log_noise"])
        return jv.distributions.Normal(outputs, noise[:, None, None])


if __name__ == "__main__":
    model = jv.VAE(data_shape=(8, 6, 1), latent_dim=4, likelihood=RowNoise(start=0.5))
    params = jv.init(model, jax.random.key(0))
    x = jax.random.uniform(jax.random.key(1), (8, 6, 1))
    print(f"ELBO {jv.elbo(model, params, jax.random.key(2), x).value:.2f} nats")
    print("a draw of x has shape", jv.sample(model, params, jax.random.key(3)).shape)
