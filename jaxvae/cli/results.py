"""What a trained model leaves: `evaluation.json`, pictures, a table."""

import json
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from rich.console import Console

from jaxvae.cli.run_directory import EVALUATION
from jaxvae.cli.setup import Setup, Stream, stream_key
from jaxvae.distributions import SupportsSampleAndLogProb
from jaxvae.evaluation import evaluate, evaluation_document, independent_baseline
from jaxvae.report import is_image, save_grid
from jaxvae.report.terminal import evaluation_table, example_bar
from jaxvae.training import TrainState
from jaxvae.typing import Array, Key
from jaxvae.vae import mean_of

_NUM_SAMPLES_SHOWN, _NUM_RECONSTRUCTIONS = 60, 10
_EXAMPLES_FOR_BASELINE = 50_000


def evaluate_run(
    run_dir: Path, setup: Setup, state: TrainState, *, seed: int, num_samples: int, console: Console
) -> dict[str, Any]:
    """Score the test set, write `evaluation.json` and show the table.

    Returns:
        The document that was written.
    """
    training, dataset = setup.training, setup.dataset
    model = training.model.at_step(state.step)
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
        prior=model.prior.report(model, state.evaluation_params),
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
    return document


def save_pictures(run_dir: Path, setup: Setup, state: TrainState, seed: int) -> list[Path]:
    """Write `samples.png` and `reconstructions.png`, where the data are images.

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
    written = [path]
    if training.objective.monitor != "log_likelihood":  # else there is no density to sample from
        keys = jax.random.split(stream_key(seed, Stream.SAMPLES), _NUM_SAMPLES_SHOWN)

        def sampled(key: Key) -> Array:
            prior_key, data_key = jax.random.split(key)
            return _mean_or_draw(model.decode(params, model.sample_prior(params, prior_key)), data_key)

        written.append(run_dir / "samples.png")
        title = "samples: E[x | z], z ~ p(z) (draws where there is no mean)"
        save_grid(written[-1], shown(jax.jit(jax.vmap(sampled))(keys)), title)
    return written


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
