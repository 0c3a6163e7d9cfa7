"""Hidden entries of examples: which values replace them before anything is computed, and what the encoder sees."""

from typing import Any, Literal

import jax
import jax.numpy as jnp
import numpy as np

from jaxvae.beside import beside
from jaxvae.errors import UserError
from jaxvae.observation import Example, Observation
from jaxvae.typing import Array, Params

Fill = Literal["zero", "mean", "learned"]
FILLS = ("zero", "mean", "learned")
_GOLDEN = 2654435769  # 2³² / golden ratio: its multiples spread evenly (Knuth 1973, section 6.4)


def complete_columns(examples: Example | None) -> Array | None:
    """Examples whose hidden entries hold observed values of the same entry in other examples.

    These are quantiles at the multiples of the golden ratio: evenly spread, in no order. So what starts from data
    sees the observed values of each entry as often as they occur, and no hidden one. An entry that no example shows
    keeps its value.

    Args:
        examples: `[n, *data_shape]`, an array or an `Observation`.

    >>> complete_columns(Observation(jnp.array([5.0, 9.0, 7.0, 9.0]), jnp.array([True, False, True, False]))).tolist()
    [5.0, 7.0, 7.0, 5.0]
    """
    if not isinstance(examples, Observation):
        return examples
    values, observed = examples.value, examples.observed
    if observed is None:
        return values
    xp: Any = np if isinstance(values, np.ndarray) else jnp  # data that are being loaded keep their float64
    is_float = xp.issubdtype(values.dtype, np.floating)
    last = np.inf if is_float else np.iinfo(values.dtype).max
    ordered = xp.sort(xp.where(observed, values, xp.asarray(last, values.dtype)), axis=0)  # the observed ones first
    seen = xp.sum(observed, axis=0, keepdims=True)
    turn = xp.cumsum(~observed, axis=0, dtype=np.uint32) * np.uint32(_GOLDEN)  # modulo 2³², as integers overflow
    rank = (turn.astype(np.float32) / 2.0**32 * seen.astype(np.float32)).astype(np.int32)
    others = xp.take_along_axis(ordered, xp.minimum(rank, xp.maximum(seen - 1, 0)), axis=0)
    return xp.where(observed | (seen == 0), values, others)


def check_mask(observed: Array, shape: tuple[int, ...]) -> Array:
    """Check the mask of ONE example.

    Raises:
        UserError: for another shape or no mask of True and False.
    """
    observed = jnp.asarray(observed)
    if observed.shape != shape or observed.dtype != bool:
        raise UserError(
            f"`observed` must be bool of the shape of one example, {shape}, got {observed.dtype} of shape "
            f"{observed.shape}: True where an entry was seen"
        )
    return observed


def fill_values(fill: Fill, shown: Array, shown_examples: Array | None) -> Params:
    """The parameters that `filled` reads; for `zero` there are none.

    Args:
        fill: `zero`; `mean`: the mean of the training examples; `learned`: learned, started at the mean.
        shown: what the encoder sees of one example, for its shape.
        shown_examples: the same of training examples, `[n, …]`, or None.
    """
    if fill == "zero":
        return {}
    mean = jnp.zeros_like(shown) if shown_examples is None else jnp.mean(shown_examples, axis=0)
    return {"fixed": {"fill": mean}} if fill == "mean" else {"fill": mean}


def filled(fill: Fill, params: Params, shown: Array, observed: Array) -> Array:
    """What the encoder sees, with 0, the training mean or learned numbers for what comes from hidden entries."""
    if fill == "zero":
        return jnp.where(observed, shown, 0.0)
    own = params["hidden"]
    other = jax.lax.stop_gradient(own["fixed"]["fill"]) if fill == "mean" else own["fill"]
    return jnp.where(observed, shown, other)


def with_mask(shown: Array, observed: Array | None) -> Array:
    """What the encoder sees, and beside it 1 for what was observed and 0 for the rest."""
    mask = jnp.ones_like(shown) if observed is None else observed.astype(shown.dtype)
    return beside(shown, mask)


def check_seen(values: np.ndarray, observed: np.ndarray, where: str) -> None:
    """Check that observed entries are numbers.

    Raises:
        UserError: with how many are not, and where the first one is.
    """
    wrong = np.isnan(values) & observed
    if wrong.any():
        first = ", ".join(str(int(index)) for index in np.argwhere(wrong)[0])
        raise UserError(
            f"{where} must hold numbers where they are observed, got {int(wrong.sum()):,} NaN, the first at [{first}]: "
            f"mark them as hidden in Observation.observed (in a run `missing='nan'`)"
        )
