"""What the figures of a score are made of."""

from typing import Literal, NamedTuple


class Scoring(NamedTuple):
    """What the ELBO, the rate and the distortion of a `score` are made of."""

    num_draws: int | None = 1
    """How many draws of z an example they average; None if every z is enumerated."""
    kl: Literal["closed_form", "sampled"] = "closed_form"
    """`closed_form`: the closed form if the pair has one. `sampled`: always log q(z|x) − log p(z) of the draws."""
    is_refined: bool = False
    """Whether q(z|x) is refined for each example."""

    def describe(self, has_closed_form: bool) -> dict[str, str]:
        """How `elbo`, `distortion` and `rate` were estimated.

        Args:
            has_closed_form: whether KL(q(z|x) ‖ p(z)) of the model has a closed form.
        """
        draws = {None: "every z enumerated", 1: "one draw of z an example"}.get(
            self.num_draws, f"the mean of {self.num_draws} draws of z an example"
        )
        if self.is_refined:
            draws += " from q(z|x) refined for it"
        closed = self.kl == "closed_form" and has_closed_form
        return {
            "elbo": f"{draws}; KL {'in closed form' if closed else 'log q(z|x) − log p(z) of the same z'}",
            "distortion": f"minus log p(x|z), {draws}",
            "rate": f"KL(q(z|x) ‖ p(z)), {'in closed form' if closed else draws}",
        }
