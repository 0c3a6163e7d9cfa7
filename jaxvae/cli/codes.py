"""The codes of a trained run as data of another model."""

from dataclasses import replace
from pathlib import Path

import jax.numpy as jnp
import numpy as np

from jaxvae.cli.experiment import experiment_parser
from jaxvae.cli.flags import construct, parse, pick
from jaxvae.cli.setup import set_up_from
from jaxvae.data import Dataset, Split
from jaxvae.runs.folder import config_of
from jaxvae.runs.pictures import codes_of
from jaxvae.runs.run_flags import RunFlags
from jaxvae.runs.streams import Stream, stream_key
from jaxvae.runs.trained import load_trained


def codes_of_run(run: str) -> Dataset:
    """The codes of the examples of a run, E_q(z|x)[z] at its best epoch (a draw if q has no mean), with their labels.

    `--data "jaxvae.cli.codes.codes_of_run(run='runs/mnist-1')"` trains a model of the latents of another: the second of
    M1 + M2 (Kingma et al. 2014, section 3), or a prior that is fitted after training. Training examples that are
    binarised dynamically are encoded as their grey levels.

    Args:
        run: folder of the run.

    Raises:
        UserError: if the folder is not a run, or its data are missing.
    """
    parser = experiment_parser("")
    values = construct(parser, parse(parser, ["--config", str(config_of(Path(run)))]))
    run_flags: RunFlags = pick(RunFlags, values)
    trained = load_trained(run, set_up_from(values), run_flags)
    training, dataset = trained.setup.training, trained.setup.dataset
    model, params = training.model.at_step(trained.state.step), trained.state.evaluation_params

    def of(name: str, part: Split) -> Split:
        part = part.distinct
        x = training.preprocessing.expected(jnp.asarray(part.values)) if name == "train" else None
        examples = part.examples(x) if name == "train" else training.preprocessing.examples(part, name)  # type: ignore[arg-type]
        codes = codes_of(model, params, stream_key(trained.seed, Stream.CODES), examples).astype(np.float32)
        return Split(codes, part.labels, part.factors)

    parts = {name: of(name, part) for name, part in dataset.splits.items()}
    return replace(dataset, name=f"codes of {run}", maximum=None, notes=(), offsets=(), columns=(), **parts)
