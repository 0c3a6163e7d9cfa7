"""Evaluate the best checkpoint of a run on its test set.

jaxvae evaluate runs/digits-1
jaxvae evaluate runs/digits-1 --num_samples 20000 --num_repeats 3 --target_error 0.01
jaxvae evaluate runs/photographs-1 --data new_place/photographs
jaxvae evaluate runs/digits-1 --metrics likelihood gaps annealed --markdown
"""

import sys
from pathlib import Path

from jsonargparse import ArgumentParser

from jaxvae.cli.console import FlagConsole
from jaxvae.cli.experiment import experiment_parser
from jaxvae.cli.explain import as_flags
from jaxvae.cli.flags import construct, make_parser, parse, pick
from jaxvae.cli.output import TerminalReporter, show_evaluation
from jaxvae.cli.setup import set_up_from
from jaxvae.report.table import evaluation_markdown
from jaxvae.runs.evaluate import evaluate_run
from jaxvae.runs.evaluated_data import file_for_data
from jaxvae.runs.evaluation_flags import EvaluationFlags
from jaxvae.runs.folder import config_of
from jaxvae.runs.metric_groups import GROUPS, chosen_groups
from jaxvae.runs.run_flags import RunFlags
from jaxvae.runs.trained import load_trained, num_samples_of


def make() -> ArgumentParser:
    """The parser of the command."""
    parser = make_parser(
        "Evaluate the best checkpoint of a run on its test set, and write evaluation.json into its folder."
    )
    parser.add_argument("run_dir", type=str, help="folder of a run, as training leaves it")
    parser.add_argument(
        "--metrics",
        type=str,
        nargs="+",
        help=f"groups of figures: {', '.join(GROUPS)}, or all; and import paths of your own functions (default: "
        f"likelihood, latents and what the data allow of imputation, classification and clusters)",
    )
    parser.add_class_arguments(EvaluationFlags, skip={"metrics", "num_samples", "code_density"})
    parser.add_argument("--num_samples", type=int, help="importance samples an example [samples] (default: the run's)")
    parser.add_argument(
        "--data", type=str, help="where the run's data are now, or other data to score (default: the run's)"
    )
    parser.add_argument("--data_dir", type=str, help="where prepared data sets are kept (default: the run's)")
    parser.add_argument("--markdown", type=bool, default=False, help="print the table as Markdown")
    return parser


def main() -> None:
    """Restore the best checkpoint, score the test set, write `evaluation.json` into the run directory."""
    parser = make()
    flags = parse(parser, sys.argv[1:])
    run_dir = Path(flags.run_dir)
    overrides = [f"--{name}={flags[name]}" for name in ("num_samples", "data", "data_dir") if flags[name] is not None]

    console = FlagConsole(stderr=flags.markdown)
    reporter = TerminalReporter(console)
    run_parser = experiment_parser("")
    values = construct(run_parser, parse(run_parser, ["--config", str(config_of(run_dir)), *overrides]))
    run: RunFlags = pick(RunFlags, values)
    setup = set_up_from(values)
    of_run = {"num_samples": num_samples_of(run, setup), "code_density": run.code_density}
    file = file_for_data(run_dir, setup.dataset, may_differ=flags.data is not None, reporter=reporter)
    trained = load_trained(run_dir, setup, run)
    groups = chosen_groups(flags.metrics, trained)
    wanted = pick(EvaluationFlags, flags.as_dict() | of_run)
    document = evaluate_run(trained, wanted, reporter=reporter, file=file)
    show_evaluation(trained, document, groups, console)
    if flags.markdown:
        print(as_flags(evaluation_markdown(document)))
