"""What a trained model leaves: `evaluation.json`, pictures, a table."""

import json
from functools import partial
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from rich.console import Console

from jaxvae.cli.run_directory import EVALUATION, CodeDensity
from jaxvae.cli.setup import Setup, Stream, stream_key
from jaxvae.distributions import SupportsSampleAndLogProb
from jaxvae.evaluation import (
    collapse_warning,
    diagnose,
    evaluate,
    evaluation_document,
    fit_code_density,
    in_batches,
    independent_baseline,
)
from jaxvae.objectives import WithoutDensity
from jaxvae.report import is_image, save_grid
from jaxvae.report.terminal import evaluation_table, example_bar
from jaxvae.training import TrainState
from jaxvae.typing import Array, Key
from jaxvae.vae import mean_of

_NUM_SAMPLES_SHOWN, _NUM_RECONSTRUCTIONS = 60, 10
_EXAMPLES_FOR_BASELINE = 50_000
_EXAMPLES_FOR_CODES, _CODES_AT_ONCE = 10_000, 500


def evaluate_run(
    run_dir: Path, setup: Setup, state: TrainState, *, seed: int, num_samples: int, console: Console
) -> dict[str, Any]:
    """Score the test set, write `evaluation.json`, show the table, and warn where the decoder ignores z.

    Returns:
        The document that was written.
    """
    training, dataset = setup.training, setup.dataset
    model = training.model.at_step(state.step)
    is_point_mass = model.posterior.space.is_of_points
    num_samples = 1 if is_point_mass else num_samples  # all draws are alike
    x = training.preprocessing.for_evaluation(dataset.test.images, "test")
    with example_bar(console) as progress:
        task = progress.add_task("evaluating", total=len(x))
        scores = evaluate(
            model,
            training.objective,
            state.evaluation_params,
            stream_key(seed, Stream.EVALUATION),
            x,
            num_samples=num_samples,
            progress=lambda count: progress.advance(task, count),
        )
    diagnostics = None
    if "elbo" in scores:
        diagnostics = diagnose(model, state.evaluation_params, stream_key(seed, Stream.DIAGNOSTICS), x)
    fit_on = jax.jit(training.preprocessing)(
        stream_key(seed, Stream.EXAMPLES), dataset.train.images[:_EXAMPLES_FOR_BASELINE]
    )
    document = evaluation_document(
        scores,
        jax.jit(independent_baseline)(training.model.likelihood, fit_on),
        training.model.likelihood,
        training.preprocessing,
        x,
        num_samples=num_samples,
        is_point_mass=is_point_mass,
        prior=model.prior.report(model, state.evaluation_params),
        diagnostics=diagnostics,
        data=dataset.name,
        split="test",
        binarize=training.preprocessing.binarize,
        dequantize=training.preprocessing.dequantize,
        symmetric=training.preprocessing.symmetric,
        parameters="current" if state.average is None else "moving average",
        checkpoint="best",
        epoch=int(state.epoch),
        step=int(state.step),
        seed=seed,
    )
    unfinished = run_dir / f"{EVALUATION}.unfinished"
    unfinished.write_text(json.dumps(document, indent=2) + "\n")
    unfinished.replace(run_dir / EVALUATION)
    console.print()
    console.print(evaluation_table(document))
    if diagnostics is not None and (warning := collapse_warning(diagnostics)) is not None:
        console.print(f"warning: {warning}", highlight=False, soft_wrap=True)
    return document


def save_pictures(
    run_dir: Path,
    setup: Setup,
    state: TrainState,
    seed: int,
    code_density: CodeDensity | None = None,
) -> list[Path]:
    """Write `samples.png` and `reconstructions.png`, where the data are images.

    Latents of the samples are drawn from the prior, for an objective without a density from `code_density`.

    Returns:
        The files written.
    """
    training, params = setup.training, state.evaluation_params
    model = training.model.at_step(state.step)
    if not is_image(setup.dataset.data_shape):
        return []

    x = training.preprocessing.for_evaluation(setup.dataset.test.images, "test")
    white = float(jnp.max(x)) if model.likelihood.support.is_raw else 1.0  # counts have no largest level of their own
    x = x[:_NUM_RECONSTRUCTIONS]

    def shown(x: Array) -> np.ndarray:
        return np.asarray((x + 1.0) / 2.0 if training.preprocessing.symmetric else x / max(white, 1.0))

    def reconstruction(key: Key, x: Array) -> Array:
        code_key, data_key = jax.random.split(key)
        return _mean_or_draw(model.decode(params, _mean_or_draw(model.encode(params, x), code_key)), data_key)

    reconstructions = jax.jit(jax.vmap(reconstruction))(jax.random.split(stream_key(seed, Stream.PICTURES), len(x)), x)
    path = run_dir / "reconstructions.png"
    title = "test data and E[x | z = E q(z|x)] (draws where there is no mean)"
    save_grid(path, shown(jnp.concatenate([x, reconstructions])), title, columns=len(x), rows=("test", "model"))
    draw, drawn_from = partial(model.sample_prior, params), "p(z)"
    code_density = code_density or "normal"
    if isinstance(training.objective, WithoutDensity) and code_density != "prior":
        codes = _codes_of_training_examples(training.objective, setup, state, seed)
        draw, drawn_from = fit_code_density(codes, code_density, seed=seed).sample, f"{code_density} fitted to codes"

    def sampled(key: Key) -> Array:
        code_key, data_key = jax.random.split(key)
        return _mean_or_draw(model.decode(params, draw(code_key)), data_key)

    keys = jax.random.split(stream_key(seed, Stream.SAMPLES), _NUM_SAMPLES_SHOWN)
    title = f"samples: E[x | z], z ~ {drawn_from} (draws where there is no mean)"
    save_grid(run_dir / "samples.png", shown(jax.jit(jax.vmap(sampled))(keys)), title)
    return [path, run_dir / "samples.png"]


def _codes_of_training_examples(objective: WithoutDensity, setup: Setup, state: TrainState, seed: int) -> np.ndarray:
    """The codes of 10,000 training examples at most, `[n, latent_dim]`."""
    training, images = setup.training, setup.dataset.train.images
    model, params = training.model.at_step(state.step), state.evaluation_params
    chosen = np.random.default_rng(seed).permutation(len(images))[:_EXAMPLES_FOR_CODES]
    data_key, code_key = jax.random.split(stream_key(seed, Stream.CODES))
    x = jax.jit(training.preprocessing)(data_key, images[np.sort(chosen)])

    def code(key: Key, one: Array) -> dict[str, Array]:
        return {"code": objective.code(model, params, key, one)}

    return np.concatenate([batch["code"] for batch in in_batches(code, code_key, x, _CODES_AT_ONCE)])


def _mean_or_draw(distribution: SupportsSampleAndLogProb, key: Key) -> Array:
    """The mean, or a draw of a distribution that has none."""
    try:
        return mean_of(distribution)
    except NotImplementedError:
        return distribution.sample(key)


def show_summary(run_dir: Path, console: Console) -> None:
    """Say where the files are and what to try next."""
    files = ", ".join(path.name for path in sorted(run_dir.iterdir()) if not path.name.startswith("events."))
    console.print(f"files  {run_dir}/: {files}, TensorBoard events", highlight=False, soft_wrap=True)
    console.print(f"next   tensorboard --logdir {run_dir.parent}", highlight=False, soft_wrap=True)
    console.print("       python experiments/train.py --objective.beta 4", highlight=False, soft_wrap=True)
