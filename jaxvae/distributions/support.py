"""Discrete distributions whose support can be listed."""

from typing import Protocol, runtime_checkable

from jaxvae.errors import UserError
from jaxvae.typing import Array

MAX_STATES = 65_536  # 16 binary latents: every state is decoded, and held in memory, for each example


@runtime_checkable
class SupportsEnumeration(Protocol):
    """A distribution that can list its values."""

    def enumerate_support(self) -> Array:
        """Every value, `[states, *event]`."""
        ...


def check_states(owner: object, states: int) -> None:
    """Check that a support is small enough to be listed.

    Raises:
        UserError: if it has more than 65,536 values.
    """
    if states > MAX_STATES:
        raise UserError(
            f"{type(owner).__name__} must have at most {MAX_STATES} values to be enumerated, got {states}: lower "
            f"`latent_dim`, or take expectations by draws: `objective.expectation='sampled'`"
        )
