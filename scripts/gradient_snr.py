"""Print the signal-to-noise ratio of gradients for each objective, estimator and number of draws, and write it as JSON.

python scripts/gradient_snr.py                                                    # a linear-Gaussian model
python scripts/gradient_snr.py --model digits --objectives ELBO IWAE CIWAE --num_samples 1 5 50

The ELBO is the mean of K draws, with a sampled KL.

Ratios are |mean| / standard deviation of the gradient of one parameter over --repeats draws, averaged over the
parameters of the encoder, and of the decoder (Rainforth et al. 2018, section 3).
"""

import dataclasses
import itertools
import json
import math
import os
import sys
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, get_args, get_type_hints

import jax
import jax.numpy as jnp
from rich.console import Console
from rich.table import Table

from jaxvae.cli.flags import make_parser, parse, run_script
from jaxvae.data import Preprocessing, load
from jaxvae.errors import UserError, nearest
from jaxvae.evaluation import gradient_signal_to_noise
from jaxvae.evaluation.gradient_snr import noise_floor
from jaxvae.hardware import compiled
from jaxvae.likelihoods import Normal
from jaxvae.networks import MLP
from jaxvae.objectives import Objective
from jaxvae.objectives.estimators import ESTIMATORS
from jaxvae.runs.components import choices
from jaxvae.training import Training, create_state, fit
from jaxvae.training.memory import check_memory
from jaxvae.typing import Array, Params
from jaxvae.vae import VAE

_DIM = 20  # of z and of x
_POSTERIOR_VARIANCE = 2.0 / 3.0  # where ½ would be exact
_PERTURBATION = 0.01  # standard deviation: at the optimum the gradients have no signal
_EPOCHS = 20  # of the digits


class Problem(NamedTuple):
    """Where gradients are taken."""

    model: VAE
    params: Params
    x: Array


def linear_gaussian(examples: int, seed: int) -> Problem:
    """z ~ N(0, I), x|z ~ N(z, I), q(z|x) = N(x / 2, 2/3 I), networks slightly off: Rainforth et al. 2018, section 4."""
    model = VAE((_DIM,), _DIM, MLP(()), MLP(()), likelihood=Normal(scale=1.0))
    init_key, data_key, noise_key = jax.random.split(jax.random.key(seed), 3)
    params = jax.tree.map(jnp.zeros_like, model.init(init_key))
    encoder, decoder = (params[name]["params"]["Dense_0"] for name in ("encoder", "decoder"))
    encoder["kernel"] = encoder["kernel"].at[:, :_DIM].set(0.5 * jnp.eye(_DIM))
    # softplus(raw + c) with softplus(c) = 1
    encoder["bias"] = (
        encoder["bias"].at[_DIM:].set(math.log(math.expm1(math.sqrt(_POSTERIOR_VARIANCE))) - math.log(math.expm1(1.0)))
    )
    decoder["kernel"] = jnp.eye(_DIM)
    leaves, structure = jax.tree.flatten(params)
    keys = jax.random.split(noise_key, len(leaves))
    leaves = [leaf + _PERTURBATION * jax.random.normal(key, leaf.shape) for leaf, key in zip(leaves, keys, strict=True)]
    x = math.sqrt(2.0) * jax.random.normal(data_key, (examples, _DIM))
    return Problem(model, jax.tree.unflatten(structure, leaves), x)


def digits(examples: int, seed: int) -> Problem:
    """A small VAE of thresholded digits after 20 epochs of the ELBO."""
    dataset = load("digits")
    model = VAE(dataset.data_shape, 8, MLP((32,)), MLP((32,)))
    preprocessing = Preprocessing(maximum=dataset.maximum, binarize="threshold")
    training, images = Training(model, preprocessing, epochs=_EPOCHS, patience="never"), dataset.train.values
    state = jax.jit(create_state, static_argnums=(2, 3))(training, jax.random.key(seed), None, len(images))
    validation = preprocessing.for_evaluation(dataset.validation.values, "validation")
    for epoch in fit(training, state, jnp.asarray(images), validation):
        state = epoch.state
    x = preprocessing.for_evaluation(dataset.test.values, "test")
    if examples > len(x):
        raise UserError(f"--examples must be <= {len(x)}, the test digits, got {examples}")
    return Problem(model, state.params, x[:examples])


MODELS = {"linear_gaussian": linear_gaussian, "digits": digits}


def with_estimator() -> dict[str, type]:
    """The objectives whose gradient has several estimators, by name."""
    return {name: cls for name, cls in choices(Objective).items() if estimators_of(cls)}


def estimators_of(cls: type) -> tuple[str, ...]:
    """The gradient estimators of an objective; none where it has no choice, or an `estimator` of something else."""
    names = get_args(get_type_hints(cls).get("estimator"))
    return names if set(names) <= set(ESTIMATORS) else ()


def build(flags: Any) -> list[tuple[dict[str, Any], Objective]]:
    """Every objective that was asked for, with its name, estimator and K.

    Raises:
        UserError: for a name, a number, or an estimator that an objective does not have.
    """
    known = with_estimator()
    for flag, names in {"model": MODELS, "objectives": known, "estimators": ESTIMATORS}.items():
        for name in [flags.model] if flag == "model" else flags[flag] or ():
            if name not in names:
                raise UserError(f"--{flag} must be of {', '.join(names)}; got {name!r}{nearest(name, names)}")
    for flag, least in {"num_samples": 1, "repeats": 2, "examples": 1, "seed": 0}.items():
        smallest = min(flags.num_samples) if flag == "num_samples" else flags[flag]
        if smallest < least:
            raise UserError(f"--{flag} must be >= {least}, got {smallest}")
    output = Path(flags.output)
    if output.is_dir() or not os.access(output.resolve().parent, os.W_OK):
        raise UserError(f"--output must be a file in a folder that can be written, got {flags.output}: take another")
    rows = []
    for name in flags.objectives:
        fields = {field.name for field in dataclasses.fields(known[name])}
        counts = flags.num_samples if "num_samples" in fields else [1]
        for estimator, count in itertools.product(flags.estimators or estimators_of(known[name]), counts):
            options: dict[str, Any] = {"num_samples": count, "kl": "sampled", "estimator": estimator}
            objective = known[name](**{option: value for option, value in options.items() if option in fields})
            rows.append(({"objective": name, "estimator": estimator, "num_samples": count}, objective))
    return rows


def main() -> None:
    """Measure, print, write."""
    parser = make_parser("Signal-to-noise ratios of the gradients of encoder and decoder; a table, and a JSON file.")
    parser.add_argument("--model", type=str, default="linear_gaussian", help="linear_gaussian or digits")
    parser.add_argument("--objectives", type=str, nargs="+", default=["IWAE"], help=f"of {', '.join(with_estimator())}")
    help_of_estimators = f"of {', '.join(ESTIMATORS)} (default: all that an objective has)"
    parser.add_argument("--estimators", type=str, nargs="+", help=help_of_estimators)
    parser.add_argument("--num_samples", type=int, nargs="+", default=[1, 5, 50], help="K [draws an example]")
    parser.add_argument("--repeats", type=int, default=1000, help="draws of each gradient")
    parser.add_argument("--examples", type=int, default=100, help="in the batch that a gradient is of [examples]")
    parser.add_argument("--seed", type=int, default=0, help="of everything random")
    parser.add_argument("--output", type=str, default="gradient_snr.json", help="the JSON file")
    flags = parse(parser, sys.argv[1:])
    objectives = build(flags)
    problem = MODELS[flags.model](flags.examples, flags.seed)
    measure = jax.jit(partial(gradient_signal_to_noise, repeats=flags.repeats))
    table = Table("objective", "estimator", title=f"{flags.model}: gradient signal-to-noise", title_justify="left")
    for heading in ("K", "encoder", "decoder"):
        table.add_column(heading, justify="right")
    results = []
    for row, objective in objectives:
        key = jax.random.key(flags.seed)
        program = compiled(measure, objective, problem.model, problem.params, key, problem.x)
        check_memory(program, f"{row['objective']} with {row['num_samples']} draws and {flags.repeats} --repeats")
        ratios = program(objective, problem.model, problem.params, key, problem.x)
        result = {**row, "encoder": float(ratios["encoder"]), "decoder": float(ratios["decoder"])}
        table.add_row(*map(str, row.values()), f"{result['encoder']:.3f}", f"{result['decoder']:.3f}")
        results.append(result)
    floor = noise_floor(flags.repeats)
    console = Console()
    console.print(table)
    console.print(f"a ratio of 0 would show as {floor:.3f}: more --repeats lower that", highlight=False)
    context = {"model": flags.model, "repeats": flags.repeats, "examples": flags.examples, "seed": flags.seed}
    document = {**context, "noise_floor": floor, "ratio": "mean over parameters of |mean| / std", "results": results}
    Path(flags.output).write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    run_script(main)
