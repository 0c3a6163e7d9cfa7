"""A whole VAE and its training loop in plain JAX and Optax: jv.elbo is all that the library does here.

python examples/vae.py --epochs 20      # seconds on a CPU; pixels are cut at half: easier than the draws of train.py
"""

import argparse

import jax
import jax.numpy as jnp
import optax

import jaxvae as jv
from jaxvae.data import load

parser = argparse.ArgumentParser()
parser.add_argument("--epochs", type=int, default=20)
epochs, batch_size = parser.parse_args().epochs, 50
data = load("digits")
train, test = (jnp.asarray(part.values > 8, jnp.float32) for part in (data.train, data.test))  # pixels on or off
model = jv.VAE(data_shape=(8, 8, 1), latent_dim=8)
params = jv.init(model, jax.random.key(0), train)
optimizer = optax.adam(1e-3)


def loss(params, key, batch):
    """Minus the mean ELBO of a batch, in nats: one example and one key at a time, vmap for the batch."""
    keys = jax.random.split(key, len(batch))
    return -jnp.mean(jax.vmap(lambda key, x: jv.elbo(model, params, key, x).value)(keys, batch))


@jax.jit
def step(params, state, key, batch):
    """One update of Adam."""
    gradient = jax.grad(loss)(params, key, batch)
    updates, state = optimizer.update(gradient, state, params)
    return optax.apply_updates(params, updates), state


state = optimizer.init(params)
for epoch in range(epochs):
    shuffle_key, *keys = jax.random.split(jax.random.fold_in(jax.random.key(1), epoch), 1 + len(train) // batch_size)
    order = jax.random.permutation(shuffle_key, len(train))
    for index, key in enumerate(keys):
        batch = train[order[index * batch_size : (index + 1) * batch_size]]
        params, state = step(params, state, key, batch)
    print(f"epoch {epoch + 1}: test ELBO {-jax.jit(loss)(params, jax.random.key(2), test):.2f} nats")

x_new = jax.vmap(lambda key: jv.sample(model, params, key))(jax.random.split(jax.random.key(3), 5))
for rows in x_new[..., 0].swapaxes(0, 1):
    print("  ".join("".join(".#"[int(pixel)] for pixel in row) for row in rows))
