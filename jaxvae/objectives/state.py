"""What an objective keeps from step to step, and what it lets the optimiser move."""

from jaxvae.model import Model
from jaxvae.typing import Array, Key, Params


class WithState:
    """Parameters of an objective's own, in `params["objective"]`, and how they and the others move.

    By default there are none, and the optimiser moves everything.
    """

    def init(self, key: Key, model: Model, examples: Array | None) -> Params:
        """Draw parameters of its own, which stand in `params["objective"]`; by default there are none.

        What is kept from step to step but not learned by gradient (a multiplier, a moving average) goes under `fixed`,
        and `update` moves it.
        """
        del key, model, examples
        return {}

    def update(self, model: Model, params: Params, keys: Key, x: Array, mask: Array, step: Array) -> Params:
        """The parameters with what stands under `fixed` moved on; by default as they are.

        The arguments are those of `loss`, before the gradient step: what the two share is computed once.
        """
        del model, keys, x, mask, step
        return params

    def moves(self, params: Params, component: str, step: Array) -> Array | bool:
        """Whether the optimiser moves `params[component]` in this step; by default it moves all."""
        del params, step, component
        return True
