"""From descriptions to a run in a folder: data, first state, training, evaluation, sweeps. No words of a shell.

A run from Python: describe, train into a folder, evaluate.

>>> import tempfile
>>> import jaxvae as jv
>>> data = prepare_data(DataFlags("digits"))
>>> model = jv.VAE(data.dataset.data_shape, latent_dim=2, likelihood=data.likelihood)
>>> setup = set_up(data, jv.training.Training(model, data.preprocessing, epochs=1))
>>> with tempfile.TemporaryDirectory() as folder:
...     run = train_run(setup, RunFlags(run_dir=folder, num_samples=5))
...     figures = evaluate_run(run)
>>> figures["elbo"]["value"] > figures["baseline"]["value"] - 5.0
True

`train_run(setup, RunFlags(run_dir=folder, resume=True))` goes on with a run, `load_trained` reads one back, and
`run_sweep` trains many. A `Reporter` is told what they do; by default nobody is.
"""

from jaxvae.runs.data_flags import DataFlags
from jaxvae.runs.evaluate import evaluate_run
from jaxvae.runs.evaluation_flags import EvaluationFlags
from jaxvae.runs.reporter import Reporter
from jaxvae.runs.results import save_pictures
from jaxvae.runs.run_data import RunData, prepare_data
from jaxvae.runs.run_flags import RunFlags
from jaxvae.runs.setup import Setup, set_up
from jaxvae.runs.sweep import Sweep, run_sweep
from jaxvae.runs.sweep_flags import SweepFlags
from jaxvae.runs.sweep_jobs import Job
from jaxvae.runs.train import train_run
from jaxvae.runs.trained import TrainedRun, load_trained

__all__ = [
    "DataFlags",
    "EvaluationFlags",
    "Job",
    "Reporter",
    "RunData",
    "RunFlags",
    "Setup",
    "Sweep",
    "SweepFlags",
    "TrainedRun",
    "evaluate_run",
    "load_trained",
    "prepare_data",
    "run_sweep",
    "save_pictures",
    "set_up",
    "train_run",
]
