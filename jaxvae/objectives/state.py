"""What an objective keeps from step to step, and what it lets the optimiser move."""

from jaxvae.model import Model
from jaxvae.observation import Example
from jaxvae.typing import Array, Key, Params


class WithState:
    """Parameters of an objective's own, in `params["objective"]`, and how they and the others move.

    By default there are none, and the optimiser moves everything.
    """

    def init(self, key: Key, model: Model, examples: Array | None) -> Params:
        """Draw the objective's own parameters, kept in `params["objective"]`; by default there are none.

        State that no gradient moves (a multiplier, a moving average) goes under `fixed`; `update` moves it.
        """
        del key, model, examples
        return {}

    def update(self, model: Model, params: Params, keys: Key, x: Example, mask: Array, step: Array) -> Params:
        """The parameters with the entries under `fixed` updated; by default unchanged.

        It gets the arguments that `loss` got, before the gradient step. XLA computes what the two share only once.
        """
        del model, keys, x, mask, step
        return params

    def moves(self, params: Params, component: str, step: Array) -> Array | bool:
        """Whether the optimiser changes `params[component]` in this step; by default it changes all of them."""
        del params, step, component
        return True
