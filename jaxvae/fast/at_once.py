"""How much of a data set is evaluated at once: sizes that change speed and memory, and no figure."""

import re

import jax

from jaxvae.fast.switch import is_fast
from jaxvae.hardware import available_cores

_DRAWS_AT_ONCE = 2**15  # over all examples of a batch: enough to keep an accelerator busy
_DRAWS_AT_ONCE_ON_CPU = 1000  # their decodings stay within a processor's cache
_MOST_BATCHES = 16  # each holds the memory of a batch


def draws_at_once() -> int:
    """Draws of z in one batch, over all of its examples: fewer on a CPU, so that they stay within its cache."""
    return _DRAWS_AT_ONCE_ON_CPU if is_fast() and jax.default_backend() == "cpu" else _DRAWS_AT_ONCE


def batches_at_once(program: jax.stages.Compiled) -> int:
    """Batches that are computed at the same time, each in a thread of its own; plainly one."""
    return fast_batches_at_once(program) if is_fast() else 1


def fast_batches_at_once(program: jax.stages.Compiled) -> int:
    """One a core on a CPU, of which XLA keeps several less busy with one batch; elsewhere one.

    One, too, where several devices take part, which would wait for each other, and where LAPACK is called: two of its
    calls at a time wait for each other for ever (jaxlib 0.10.1).
    """
    shardings = jax.tree.leaves(program.input_shardings)
    (device, *others) = set[jax.Device]().union(*(sharding.device_set for sharding in shardings))
    if others or device.platform != "cpu" or _calls_lapack(program):
        return 1
    return min(available_cores(), _MOST_BATCHES)


def _calls_lapack(program: jax.stages.Compiled) -> bool:
    return re.search('custom_call_target="(lapack|blas)', program.as_text() or "") is not None
