"""What is refused or said of a run before anything of it is compiled."""

import jax
import jax.numpy as jnp

from jaxvae.errors import UserError
from jaxvae.runs.first_state import shapes_of, state_shapes
from jaxvae.runs.setup import Setup
from jaxvae.training import Training, TrainState, train_epoch, validate
from jaxvae.training.memory import check_state_fits


def check_traces(setup: Setup) -> None:
    """Trace the start, training and validation; nothing is compiled and nothing runs.

    Raises:
        UserError: for a model that is too large for the memory, or an objective whose score lacks what is evaluated.
        Exception: any error of a component.
    """
    training, dataset = setup.training, setup.dataset
    examples = shapes_of(dataset.train)
    validation = dataset.validation.examples(jax.ShapeDtypeStruct(dataset.validation.values.shape, jnp.float32))
    state = state_shapes(setup)
    check_state_fits(state)
    after, _ = jax.eval_shape(train_epoch, training, state, examples)
    _, scores = jax.eval_shape(validate, training, after, validation)
    if "log_likelihood" not in scores:
        raise UserError(
            f"{type(training.objective).__name__}.score must return log_likelihood, E[log p(x|z)], and with a density "
            f"elbo and kl, too; got {', '.join(scores)}: add them"
        )


def warm_up_warning(setup: Setup) -> str | None:
    """A line for a run that ends within the warm-up of its objective, else None."""
    last = setup.training.num_steps(len(setup.dataset.train.values))
    needed = setup.training.objective.warmup_steps
    if needed <= last:
        return None
    return (
        f"the objective's schedule ends at step {needed:,}, the run at {last:,}: no validation score counts, and the "
        f"last epoch counts as the best; shorten the schedule or raise `epochs`"
    )


def check_epochs(training: Training, state: TrainState, at_least: int = 0) -> None:
    """Check that a run has not passed its last epoch, and that enough epochs remain.

    Raises:
        UserError: if it has passed it, or if too few remain.
    """
    done, epochs = int(state.epoch), training.num_epochs
    if done > epochs:
        raise UserError(f"`epochs` must be >= {done}, the epochs of the run so far, got {epochs}")
    if epochs - done < at_least:
        raise UserError(
            f"`profile=True` records the second epoch from now on, got {epochs - done} to come: raise `epochs` to "
            f"{done + at_least}"
        )
