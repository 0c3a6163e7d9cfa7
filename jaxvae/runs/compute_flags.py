"""How the networks of a run are computed."""

import dataclasses
from typing import Literal

from jaxvae.networks import Bfloat16, NetworkLike, Rematerialized


@dataclasses.dataclass(frozen=True)
class ComputeFlags:
    """How encoder and decoder are computed.

    Args:
        precision: float32, or bfloat16 for the networks alone: parameters, updates and log-densities stay in float32.
        remat: compute hidden values again in the backward pass in place of keeping them: less memory, more time.
    """

    precision: Literal["float32", "bfloat16"] = "float32"
    remat: bool = False

    def wrap(self, network: NetworkLike) -> NetworkLike:
        """The network as it is to be computed."""
        network = Bfloat16(network) if self.precision == "bfloat16" else network
        return Rematerialized(network) if self.remat else network
