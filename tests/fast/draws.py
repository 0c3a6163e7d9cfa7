"""A key and shapes of draws."""

import jax

from jaxvae.typing import Key, Shape


def new_key(impl: str = "threefry2x32") -> Key:
    """The same key each time, as one that nothing has used."""
    return jax.random.key(3, impl=impl)


SHAPES: list[Shape] = [(), (1,), (0, 4), (5, 3, 2), (1001,)]
