"""How the networks of a run are computed."""

import dataclasses
from typing import Literal

from jaxvae.networks import Bfloat16, NetworkLike, Rematerialized


@dataclasses.dataclass(frozen=True)
class ComputeFlags:
    """How encoder and decoder are computed.

    Args:
        precision: float32, or bfloat16 for the networks only: parameters, updates and log-densities stay in float32.
        remat: compute hidden values again in the backward pass instead of keeping them: less memory, more time.
    """

    precision: Literal["float32", "bfloat16"] = "float32"
    remat: bool = False

    def wrap(self, network: NetworkLike) -> NetworkLike:
        """The network in the chosen precision."""
        network = Bfloat16(network) if self.precision == "bfloat16" else network
        return Rematerialized(network) if self.remat else network
