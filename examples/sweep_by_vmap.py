"""A sweep as one program: five weights of the KL, trained side by side by jax.vmap over descriptions.

python examples/sweep_by_vmap.py
"""

import jax
import jax.numpy as jnp
import optax

import jaxvae as jv
from jaxvae.data import load

train = jnp.asarray(load("digits").train.values > 8, jnp.float32)
model, optimizer = jv.VAE((8, 8, 1), latent_dim=8), optax.adam(1e-3)
betas = (0.25, 0.5, 1.0, 2.0, 4.0)
objectives = jv.stack([jv.objectives.ELBO(beta=beta) for beta in betas])  # one description, beta has an axis [5]


def train_one(objective, key):
    """Distortion and rate after 500 steps: an ordinary function of ONE objective."""
    init_key, loop_key = jax.random.split(key)
    params = jv.init(model, init_key, train)

    def batch_terms(params, key):
        choice_key, draw_key = jax.random.split(key)
        batch = jax.random.choice(choice_key, train, (100,))
        return jax.vmap(lambda key, x: jv.elbo(model, params, key, x))(jax.random.split(draw_key, 100), batch)

    def loss(params, key):
        terms = batch_terms(params, key)
        return jnp.mean(objective.beta * terms.kl - terms.log_likelihood)

    def step(carry, key):
        params, state = carry
        updates, state = optimizer.update(jax.grad(loss)(params, key), state, params)
        return (optax.apply_updates(params, updates), state), None

    keys = jax.random.split(loop_key, 501)
    (params, _), _ = jax.lax.scan(step, (params, optimizer.init(params)), keys[:-1])
    terms = batch_terms(params, keys[-1])
    return -jnp.mean(terms.log_likelihood), jnp.mean(terms.kl)


distortions, rates = jax.jit(jax.vmap(train_one, in_axes=(0, None)))(objectives, jax.random.key(0))
for beta, distortion, rate in zip(betas, distortions, rates, strict=True):
    print(f"beta {beta:4.2f}: distortion {distortion:6.2f}, rate {rate:5.2f} nats")
