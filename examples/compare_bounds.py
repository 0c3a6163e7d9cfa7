"""How tight are the bounds? ELBO, IWAE and log p(x) of the same model and the same examples.

python examples/compare_bounds.py      # trains for 150 epochs of the embedded digits first
"""

import argparse

import jax
import jax.numpy as jnp

import jaxvae as jv
from jaxvae.data import Preprocessing, load
from jaxvae.training import Training, create_state, fit

parser = argparse.ArgumentParser()
parser.add_argument("--epochs", type=int, default=150)
epochs = parser.parse_args().epochs

data = load("digits")
preprocessing = Preprocessing(maximum=data.maximum, binarize="threshold")
training = Training(jv.VAE((8, 8, 1), latent_dim=8), preprocessing, batch_size=100, epochs=epochs)
images = jnp.asarray(data.train.values)
validation = preprocessing.for_evaluation(data.validation.values, "validation")
state = create_state(training, jax.random.key(0), preprocessing.expected(images), len(images))
for epoch in fit(training, state, images, validation):
    state = epoch.state

test = preprocessing.for_evaluation(data.test.values, "test")
keys = jax.random.split(jax.random.key(1), len(test))
model, params = training.model, state.params


def iwae(num_samples):
    """The mean over the test set of the importance-weighted bound with so many samples."""
    bound = jax.jit(jax.vmap(lambda key, x: jv.log_marginal(model, params, key, x, num_samples)))
    return float(jnp.mean(bound(keys, test)))


elbo = jax.jit(jax.vmap(lambda key, x: jv.elbo(model, params, key, x).value))
print(f"ELBO        {jnp.mean(elbo(keys, test)):8.3f} nats")
for num_samples in (1, 5, 50, 500, 5000):
    print(f"IWAE {num_samples:5,}  {iwae(num_samples):8.3f} nats")
