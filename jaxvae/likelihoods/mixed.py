"""The likelihood of tables whose columns are of different kinds."""

import jax.numpy as jnp
import numpy as np

from jaxvae import distributions
from jaxvae.errors import UserError, nearest
from jaxvae.likelihoods.columns import Binary, Categorical, Column, Count, Ordinal, Positive, Real
from jaxvae.likelihoods.likelihood import Likelihood
from jaxvae.likelihoods.support import Support
from jaxvae.model import ModelParts
from jaxvae.pytrees import dataclass
from jaxvae.typing import Array, Key, Params, Shape

_PLAIN = {"real": Real, "positive": Positive, "count": Count, "binary": Binary}
_WITH_CODES = {"ordinal": Ordinal, "categorical": Categorical}


def _column(description: str) -> Column:
    """The column that `real`, `positive`, `count`, `binary`, `ordinal:K` or `categorical:K` describes."""
    kind, _, number = str(description).partition(":")
    if kind in _PLAIN and not number:
        return _PLAIN[kind]()
    if kind in _WITH_CODES and number.isdecimal() and int(number) >= 2:
        return _WITH_CODES[kind](int(number))
    kinds = (*_PLAIN, *_WITH_CODES)
    raise UserError(
        f"Mixed.columns must be real, positive, count, binary, ordinal:K or categorical:K with K >= 2 codes, such as "
        f"ordinal:4; got {description!r}{'' if kind in kinds else nearest(kind, kinds)}"
    )


@dataclass
class Mixed(Likelihood):
    """Rows of a table in which each column has its own kind of distribution: p(x|z) = Π_d p_d(x_d|z).

    | column | distribution | the encoder sees |
    |---|---|---|
    | `real` | Normal, decoded mean, learned scale, both in units of the column's own spread | (x − mean) / spread |
    | `positive` | LogNormal, the same of log x | (log x − mean) / spread |
    | `count` | NegativeBinomial, decoded rate, learned dispersion | arsinh x |
    | `binary` | Bernoulli over {0, 1} | x |
    | `ordinal:K` | cumulative logits over {0, …, K − 1}: decoded location, learned thresholds | x / (K − 1) |
    | `categorical:K` | softmax over {0, …, K − 1} | one-hot |

    Learned numbers that are not decoded start at the column's training values. With a real column log p(x) mixes a
    density, which has units, with masses: compare it only between models of the same table. Nazabal et al. 2020
    (HI-VAE).

    Args:
        columns: the kind of each column in order, K after a colon: `[real,count,binary,ordinal:4,categorical:3]`.

    Raises:
        UserError: for an unknown kind or a missing K.
    """

    columns: tuple[str, ...] = ("real", "count", "binary", "ordinal:4", "categorical:3")

    def __post_init__(self) -> None:
        if not self.columns:
            raise UserError("Mixed.columns must name the kind of each column, got none: write ('real', 'count')")
        for description in self.columns:
            _column(description)

    @property
    def _columns(self) -> dict[str, Column]:
        """The columns by the names of their parameters."""
        return {
            f"{d}_{description.partition(':')[0]}": _column(description) for d, description in enumerate(self.columns)
        }

    @property
    def support(self) -> Support:
        """The support of each column; discrete if every column is."""
        columns = tuple(column.support for column in self._columns.values())
        return Support(
            name="rows of " + ", ".join(self.columns),
            contains=lambda x: np.stack([one.contains(x[..., d]) for d, one in enumerate(columns)], axis=-1),
            is_discrete=all(column.is_discrete for column in columns),
            is_raw=True,
            columns=columns,
        )

    def check_model(self, model: ModelParts) -> None:
        """Check that there is a column for each number of a row."""
        if model.data_shape != (len(self.columns),):
            raise UserError(
                f"Mixed.columns describes rows of shape ({len(self.columns)},), got data of shape {model.data_shape}: "
                f"name the kind of every column, such as `likelihood.columns=('real', 'count', 'categorical:3')`"
            )

    def parameter_shape(self, model: ModelParts) -> Shape:
        """K numbers for a categorical column and one for each other column, side by side."""
        del model
        return (sum(column.num_outputs for column in self._columns.values()),)

    def init(self, key: Key, model: ModelParts, examples: Array | None) -> Params:
        """The parameters of each column, by its number and kind."""
        del key, model
        return {
            name: column.init(None if examples is None else examples[:, d])
            for d, (name, column) in enumerate(self._columns.items())
        }

    def distribution(self, model: ModelParts, params: Params, outputs: Array) -> distributions.Columns:
        """p(x|z) over rows."""
        del model
        ends = np.cumsum([column.num_outputs for column in self._columns.values()])[:-1]
        parts = zip(self._columns.items(), jnp.split(outputs, ends), strict=True)
        return distributions.Columns(
            tuple(column.distribution(params["likelihood"][name], part) for (name, column), part in parts)
        )

    def encoder_input(self, model: ModelParts, params: Params, x: Array) -> Array:
        """The columns as numbers that a network reads well, side by side; see the table above."""
        del model
        parts = zip(self._columns.items(), x, strict=True)
        return jnp.concatenate(
            [column.encoder_input(params["likelihood"][name], value) for (name, column), value in parts]
        )

    def encoder_observed(self, model: ModelParts, observed: Array) -> Array:
        """All numbers of an observed column."""
        del model
        widths = np.array([column.num_inputs for column in self._columns.values()])
        return jnp.repeat(observed, widths, total_repeat_length=int(widths.sum()))
