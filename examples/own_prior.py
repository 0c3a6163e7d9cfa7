"""A prior of your own: a normal distribution with heavier tails, whose width is learned.

python examples/own_prior.py
jaxvae train --prior own_prior.HeavyTails --prior.df 5      # from this folder
"""

import jax
import jax.numpy as jnp

import jaxvae as jv


@jv.dataclass
class HeavyTails(jv.priors.Prior):
    """p(z) = Π_d t(z_d; df, 0, scale_d) with learned scales.

    Args:
        df: degrees of freedom; a number, so another one does not compile again.
    """

    df: float = 5.0

    def init(self, key, model, examples):
        """The learned parameters of the prior, `{"log_scale": [latent_dim]}`."""
        del key, examples
        return {"log_scale": jnp.zeros(model.latent_dim)}

    def distribution(self, model, params):
        """p(z), from all parameters of the model; ours are under `prior`."""
        scale = jnp.exp(params["prior"]["log_scale"])
        return jv.distributions.StudentT(jnp.full(model.latent_dim, self.df), jnp.zeros(()), scale)


if __name__ == "__main__":
    model = jv.VAE(data_shape=(8, 8, 1), latent_dim=4, prior=HeavyTails(df=3.0))
    params = jv.init(model, jax.random.key(0))
    terms = jv.elbo(model, params, jax.random.key(1), jnp.ones((8, 8, 1)))  # the KL has no closed form: it is sampled
    print(f"ELBO {terms.value:.2f} nats, KL {terms.kl:.2f} nats")
    print("a draw of z:", model.sample_prior(params, jax.random.key(2)))
