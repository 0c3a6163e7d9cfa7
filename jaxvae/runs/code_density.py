"""What samples of an objective without a density are drawn from."""

from typing import Literal

from jaxvae.errors import UserError
from jaxvae.model import Model
from jaxvae.objectives import Objective, WithoutDensity
from jaxvae.objectives.requirements import check_prior_stays
from jaxvae.runs.components import choices

CodeDensity = Literal["normal", "mixture", "flow", "prior"]


def check_code_density(code_density: CodeDensity | None, objective: Objective, model: Model) -> None:
    """Refuse `code_density` if samples come from a trained prior, and `prior` if no prior was trained.

    Raises:
        UserError: naming the objectives that need it, or the priors that are not learned.
    """
    if code_density == "prior" and isinstance(objective, WithoutDensity):
        check_prior_stays(objective, model)
    if code_density is not None and not isinstance(objective, WithoutDensity):
        names = [name for name, cls in choices(Objective).items() if issubclass(cls, WithoutDensity)]
        raise UserError(
            f"`code_density` is for objectives without a density ({', '.join(sorted(names))}), got "
            f"{type(objective).__name__}, whose samples are drawn from its prior: leave it out"
        )
