"""An objective of your own: the ELBO with a number of nats that the code gets for free.

python examples/own_objective.py
jaxvae train --objective own_objective.FreeNats --objective.nats 5      # from this folder
"""

import jax
import jax.numpy as jnp

import jaxvae as jv


@jv.dataclass
class FreeNats(jv.objectives.Bound):
    """Maximise log p(x|z) − max(KL(q(z|x) ‖ p(z)), nats): no reward for a KL below that number.

    Args:
        nats: what a code may cost for free [nats].
    """

    nats: float = 3.0

    def bound(self, model, params, key, x, step):
        """The value to maximise for ONE example, and what is logged of it."""
        del step
        terms = jv.elbo(model, params, key, x)
        value = terms.log_likelihood - jnp.maximum(terms.kl, self.nats)
        return value, {"elbo": terms.value, "log_likelihood": terms.log_likelihood, "kl": terms.kl}

    def score(self, model, params, key, x):
        """What validation and the test report of ONE example: the true ELBO, for any training."""
        terms = jv.elbo(model, params, key, x)
        return {"elbo": terms.value, "log_likelihood": terms.log_likelihood, "kl": terms.kl}


if __name__ == "__main__":
    model = jv.VAE(data_shape=(8, 8, 1), latent_dim=4)
    params = jv.init(model, jax.random.key(0))
    keys, x = jax.random.split(jax.random.key(1), 7), jnp.ones((7, 8, 8, 1))
    step, mask = jnp.asarray(0), jnp.ones(7, bool)
    loss, metrics = FreeNats(nats=5.0).loss(model, params, keys, x, mask, step)
    print(f"loss {loss:.2f}, of an ELBO of {metrics['elbo']:.2f} nats")
