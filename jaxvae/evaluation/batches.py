"""A function of one example, over a data set."""

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Any

import jax
import numpy as np

from jaxvae.errors import UserError
from jaxvae.fast import batches_at_once
from jaxvae.hardware import compiled
from jaxvae.observation import number_of, rows_of
from jaxvae.typing import Array, Key, Metrics

Batches = Callable[[Key, Any, int], Iterator[dict[str, np.ndarray]]]


def in_batches(function: Callable[[Key, Any], Metrics]) -> Batches:
    """Turn a function of one example into a function of a data set; the last batch is padded and the padding dropped.

    It computes several batches at once if that is faster (`batches_at_once`). A `jax.tree_util.Partial` of one function
    is compiled once for all arguments of one structure: one program scores all models of a sweep.

    Returns:
        A function of a key, the data set `[n, …]`, an array or an `Observation`, and the batch size. It is compiled
        once and yields the results of each batch in order, `[examples]` each; they do not depend on the batch size. It
        raises a UserError without examples.

    Example:
        >>> batches = in_batches(lambda key, x: {"sum": jax.numpy.sum(x)})
        >>> [batch["sum"].tolist() for batch in batches(jax.random.key(0), np.ones((3, 2), np.float32), 2)]
        [[2.0, 2.0], [2.0]]
    """
    is_pytree = isinstance(function, jax.tree_util.Partial)
    scored = _one_batch_of_a_partial if is_pytree else jax.jit(partial(_one_batch, function))

    def batches(key: Key, x: Any, batch_size: int) -> Iterator[dict[str, np.ndarray]]:
        count = number_of(x)
        if not count:
            raise UserError("at least one example is needed, got none: give a data set that is not empty")
        x = jax.tree.map(jax.numpy.asarray, x)
        arguments = (function, key, x) if is_pytree else (key, x)
        program = compiled(scored, *arguments, _indices(0, batch_size, count))

        def one(start: int) -> dict[str, np.ndarray]:
            results = program(*arguments, _indices(start, batch_size, count))
            return {name: np.asarray(values)[: count - start] for name, values in results.items()}

        workers = batches_at_once(program)
        waiting: deque[Future[dict[str, np.ndarray]]] = deque()
        pool = ThreadPoolExecutor(workers)
        try:
            for start in range(0, count, batch_size):
                waiting.append(pool.submit(one, start))
                if len(waiting) > workers:  # no more, so that few results wait
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            pool.shutdown(cancel_futures=True)

    return batches


def _one_batch(function: Callable[[Key, Any], Metrics], key: Key, x: Any, indices: Array) -> Metrics:
    # x is an argument: closed over, the whole data set would be a constant of the program
    return jax.vmap(lambda index: function(jax.random.fold_in(key, index), rows_of(x, index)))(indices)


_one_batch_of_a_partial = jax.jit(_one_batch)  # a jax.tree_util.Partial is a pytree: its arguments are traced


def _indices(start: int, batch_size: int, count: int) -> np.ndarray:
    return np.minimum(np.arange(start, start + batch_size, dtype=np.int32), count - 1)
