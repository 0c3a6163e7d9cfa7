"""What a bijector is: an invertible map between vectors of one size, with its change of volume."""

import abc

from jaxvae.errors import UserError
from jaxvae.typing import Array, Key, Params


class Bijector(abc.ABC):
    """An invertible, differentiable map z → y between real vectors of one size D, for ONE vector.

    It has two kinds of parameters, so that one formula works for posteriors and priors:

    - `weights`: of its own networks, learned, the same for all examples (`init`).
    - `context`: a vector of `context_size(dim, context_dim)` numbers for one example. In a posterior the encoder puts
      it out; in a prior it is learned. It holds all parameters of the map (planar, Householder, Sylvester), or is a
      further input of its networks (coupling, autoregressive), or is empty.

    With a context of zeros and new weights the map is nearly the identity, or else keeps volumes.
    """

    @abc.abstractmethod
    def context_size(self, dim: int, context_dim: int) -> int:
        """Length of the context; a map with networks may use `context_dim` numbers as a further input."""

    def init(self, key: Key, dim: int, context_dim: int) -> Params:
        """Draw the weights; by default there are none."""
        del key, dim, context_dim
        return {}

    @abc.abstractmethod
    def forward_and_log_det(self, weights: Params, context: Array, z: Array) -> tuple[Array, Array]:
        """y `[dim]`, and log |det ∂y/∂z| in nats `[]`: the direction of a sample."""

    def inverse_and_log_det(self, weights: Params, context: Array, y: Array) -> tuple[Array, Array]:
        """z `[dim]`, and log |det ∂z/∂y| in nats `[]`: the direction of a density at a given value.

        Raises:
            UserError: if the map has no inverse.
        """
        raise UserError(
            f"{type(self).__name__} has no inverse, which the density of a given value needs (a prior's, a mixture's, "
            f"sticking the landing): give it inverse_and_log_det, or use it in a posterior with the plain ELBO"
        )
