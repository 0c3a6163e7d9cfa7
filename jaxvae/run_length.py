"""Numbers of steps that depend on the length of a run, if none are given."""

from jaxvae.errors import UserError

SHARE_OF_RUN = 0.2  # of schedules and temperatures by default [fraction of the run's steps]


def share_of_run(num_steps: int, share: float = SHARE_OF_RUN) -> int:
    """A share of a run as a number of steps, at least 1 [steps].

    >>> share_of_run(900), share_of_run(2)
    (180, 1)
    """
    return max(1, round(share * num_steps))


def known_in_run(owner: object, name: str) -> int:
    """A number of steps that was given, or that `for_run` has set instead of None.

    Raises:
        UserError: if it is None, which only a run replaces by a number.
    """
    value = getattr(owner, name)
    if value is None:
        kind = type(owner).__name__
        raise UserError(
            f"{kind}.{name} must be a number outside of a run, got None, which follows the run's length: give {kind} "
            f"its {name}, or take training.for_examples(num_examples)"
        )
    return value
