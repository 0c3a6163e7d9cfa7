"""Evaluate the best checkpoint of a run on its test set.

jaxvae evaluate runs/digits-1
jaxvae evaluate runs/digits-1 --num_samples 20000 --num_repeats 3 --target_error 0.01
jaxvae evaluate runs/photographs-1 --data new_place/photographs
jaxvae evaluate runs/digits-1 --metrics likelihood gaps annealed --markdown
"""

import sys
from pathlib import Path

from jaxvae.cli.console import FlagConsole
from jaxvae.cli.experiment import experiment_parser
from jaxvae.cli.explain import as_flags
from jaxvae.cli.flags import construct, make_parser, parse, pick
from jaxvae.report.table import evaluation_markdown
from jaxvae.runs.data import changed_splits, check_same_data, describe_data
from jaxvae.runs.directory import EVALUATION, RunFlags, config_of
from jaxvae.runs.draws import draws_by_size
from jaxvae.runs.evaluate import GROUPS, chosen_groups, evaluate_run
from jaxvae.runs.setup import first_state, set_up
from jaxvae.runs.subject import EvaluationFlags, warn
from jaxvae.training.checkpoint import restore_checkpoint


def main() -> None:
    """Restore the best checkpoint, score the test set, write `evaluation.json` into the run directory."""
    parser = make_parser("Evaluate the best checkpoint of a run on its test set; writes evaluation.json there.")
    parser.add_argument("run_dir", type=str, help="folder of a run, as training leaves it")
    parser.add_argument(
        "--metrics",
        type=str,
        nargs="+",
        default=list(EvaluationFlags.metrics),
        help=f"groups of metrics, of {', '.join(GROUPS)}, or all",
    )
    parser.add_class_arguments(EvaluationFlags, skip={"metrics", "num_samples", "code_density"})
    parser.add_argument("--num_samples", type=int, help="importance samples an example [samples] (default: the run's)")
    parser.add_argument(
        "--data", type=str, help="where the run's data are now, or other data to score (default: the run's)"
    )
    parser.add_argument("--data_dir", type=str, help="where prepared data sets are kept (default: the run's)")
    parser.add_argument("--markdown", type=bool, default=False, help="print the table as Markdown")
    flags = parse(parser, sys.argv[1:])
    run_dir = Path(flags.run_dir)
    overrides = [f"--{name}={flags[name]}" for name in ("num_samples", "data", "data_dir") if flags[name] is not None]

    console = FlagConsole(stderr=flags.markdown)
    run_parser = experiment_parser("")
    values = construct(run_parser, parse(run_parser, ["--config", str(config_of(run_dir)), *overrides]))
    run = pick(RunFlags, values)
    setup = set_up(values)
    num_samples = draws_by_size(setup) if run.num_samples is None else run.num_samples
    of_run = {"num_samples": num_samples, "code_density": run.code_density}
    wanted = pick(EvaluationFlags, flags.as_dict() | of_run | {"metrics": chosen_groups(flags.metrics)})
    file, data = EVALUATION, describe_data(setup.dataset)
    if flags.data is None:
        check_same_data(run_dir, data, "give --data with the old ones, or with these to score them all the same")
    elif changed := changed_splits(run_dir, data):
        file = f"evaluation-{data['sha256']['test'][:8]}.json"
        what = f"other {', '.join(changed)} examples than the run's"
        warn(console, f"{what}: the model may have been trained on some; the figures are written to {file}")
    best = restore_checkpoint(run_dir, "best", first_state(setup, run.seed))
    document = evaluate_run(run_dir, setup, best, run.seed, wanted, console, file)
    if flags.markdown:
        print(as_flags(evaluation_markdown(document)))
