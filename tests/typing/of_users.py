"""Code as users write it: pyright must accept it, and know the types that `assert_type` states."""

import math
from typing import assert_type

import flax.linen as nn
import jax
import jax.numpy as jnp
import optax

import jaxvae as jv
from jaxvae.data import Preprocessing
from jaxvae.training import Optimizer, Training


class MyLinen(nn.Module):
    """A plain module of Linen that takes the output shape."""

    width: int = 8

    @nn.compact
    def __call__(self, x: jax.Array, output_shape: tuple[int, ...]) -> jax.Array:
        """Flatten, one hidden layer, reshape."""
        h = nn.tanh(nn.Dense(self.width)(x.reshape(-1)))
        return nn.Dense(math.prod(output_shape))(h).reshape(output_shape)


model = jv.VAE((8, 8, 1), latent_dim=2, encoder=MyLinen(), decoder=MyLinen(width=16))
inner = jv.networks.Bfloat16(MyLinen())
params = jv.init(model, jax.random.key(0))
x = jnp.zeros((8, 8, 1))

q = jv.encode(model, params, x)
assert_type(q.mean, jax.Array)
assert_type(q.sample(jax.random.key(1)), jax.Array)
assert_type(q.log_prob(q.mean), jax.Array)
assert_type(jv.decode(model, params, q.mean).mean, jax.Array)
assert_type(model.encode(params, x).mean, jax.Array)

of_optax = Training(model, Preprocessing(), optimizer=optax.adamw(1e-3))
by_name = Training(model, Preprocessing(), optimizer=Optimizer("lion"))
averaged = Training(model, Preprocessing(), optimizer=Optimizer(optax.sgd(0.1), ema_decay=0.99))
