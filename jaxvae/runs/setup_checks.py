"""What is refused or said of a run before anything of it is compiled."""

import jax
import jax.numpy as jnp

from jaxvae.errors import UserError
from jaxvae.priors import Prior
from jaxvae.runs.first_state import shapes_of, state_shapes
from jaxvae.runs.setup import Setup
from jaxvae.training import Training, TrainState, train_epoch, validate
from jaxvae.training.memory import check_state_fits


def check_start(setup: Setup, *, has_codes: bool = False) -> None:
    """Check that a training has all that its parts learn from.

    Args:
        setup: the run.
        has_codes: whether it starts from another run, whose encoder gives codes.

    Raises:
        UserError: for a prior that starts at codes without any, an objective without any label that it needs, or a
            model of why entries are hidden where none are.
    """
    training, train = setup.training, setup.dataset.train
    prior = getattr(training.model, "prior", None)
    if isinstance(prior, Prior) and prior.starts_at_codes and not has_codes:
        raise UserError(
            f"{type(prior).__name__} starts at codes of a trained encoder, got a run from the beginning: give the "
            f"folder of a run as `init_from`, or start the prior at random"
        )
    if training.objective.needs_labels and (train.known_labels is None or not (train.known_labels >= 0).any()):
        raise UserError(
            f"{type(training.objective).__name__} needs labels of training examples, got none of "
            f"{setup.dataset.name}: no label at all is known: give `labels=100`"
        )
    is_complete = train.observed is None or bool(train.observed.all())
    if is_complete and getattr(training.model, "missingness", None) is not None:
        raise UserError(
            f"`missingness` learns from hidden entries, got none in the training examples of {setup.dataset.name}: "
            f"hide some with `hide=0.5`, take `missing='nan'` for a file with NaN, or leave it out"
        )


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
