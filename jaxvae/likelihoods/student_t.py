"""Student's t likelihood for real-valued data with outliers."""

from typing import TYPE_CHECKING, Literal

import jax.numpy as jnp

from jaxvae import distributions
from jaxvae.checks import check_choice, check_range
from jaxvae.distributions.transforms import inverse_positive, positive
from jaxvae.likelihoods import location_scale
from jaxvae.likelihoods.likelihood import Likelihood
from jaxvae.likelihoods.support import REAL, Support
from jaxvae.pytrees import dataclass
from jaxvae.typing import Array, Key, Params, Shape

if TYPE_CHECKING:
    from jaxvae.vae import VAE

MIN_DF = 1.01  # a t distribution has a mean above 1
START_DF = 5.0  # learned degrees of freedom start with heavy tails and a finite variance and kurtosis


@dataclass
class StudentT(Likelihood):
    """Independent data dimensions of Student's t distribution: p(x|z) = Π_d t(x_d; df, loc_d, scale_d).

    A residual far out pulls with its reciprocal, where the normal likelihood's pull grows with it: robust to outliers.
    loc = mean(decoder(z) + offset). The offset is learned and starts at the mean of the training examples; a scale that
    is not fixed starts at the one with their standard deviation at 5 degrees of freedom. Takahashi et al. 2018.

    Args:
        scale: scale of the deviation [data units]: a number > 0, `learned` (one number) or `per_pixel` (decoded).
        mean: range of the decoded mean: `identity` for any real, `sigmoid` for (0, 1), `tanh` for (−1, 1).
        df: degrees of freedom: a number > 1, or `learned` (one number, which starts at 5).

    Raises:
        UserError: for a scale that is not above 0, a df that is not above 1, or an unknown name.
    """

    scale: float | Literal["learned", "per_pixel"] = "learned"
    mean: Literal["identity", "sigmoid", "tanh"] = "identity"
    df: float | Literal["learned"] = "learned"

    def __post_init__(self) -> None:
        location_scale.check(self)
        check_range(self, above=1.0, df=self.df)
        check_choice(self, ("learned",), df=self.df)

    @property
    def support(self) -> Support:
        """All finite reals."""
        return REAL

    def parameter_shape(self, vae: "VAE") -> Shape:
        """A mean for each data dimension, and with `per_pixel` a raw scale: `data_shape` or `(2, *data_shape)`."""
        return location_scale.parameter_shape(self, vae)

    def init(self, key: Key, vae: "VAE", examples: Array | None) -> Params:
        """The offset, `data_shape`, and, if they are not fixed, the raw scale and the raw degrees of freedom, `[]`."""
        del key
        to_scale = ((START_DF - 2.0) / START_DF) ** 0.5
        own = location_scale.start_at_data(self, vae, examples, lambda r: to_scale * jnp.sqrt(jnp.mean(r**2)))
        return (
            {**own, "raw_df": inverse_positive(jnp.asarray(START_DF, float), MIN_DF)} if self.df == "learned" else own
        )

    def distribution(self, vae: "VAE", params: Params, outputs: Array) -> distributions.StudentT:
        """p(x|z) over `data_shape`."""
        del vae
        df = positive(params["likelihood"]["raw_df"], MIN_DF) if isinstance(self.df, str) else jnp.asarray(self.df)
        return distributions.StudentT(df, *location_scale.location_and_scale(self, params, outputs))
