"""Run configurations as a user would, and write what came out into their headers, docs/results/ and docs/results.md.

python scripts/run_configs.py                                        # every configuration: hours
python scripts/run_configs.py experiments/configs/leaky_128.yaml     # one
python scripts/run_configs.py --rebuild                              # only tables and headers, from docs/results/

docs/results.md lists the starting points (experiments/configs/) and the rows of tables (experiments/reproduce/). A row
says in comment lines of its own `table:` (its heading), `published:` (value and source), `seeds:` (how many; 1 by
default), `hardware:` (what it waits for) and `note:`. With `each: FLAG VALUE` the runs of a row differ in that flag,
too: SEED in the value is the number of the run. With `after: NAME FLAG VALUE` each run follows one of
experiments/reproduce/first/NAME.yaml of the same seed, whose folder is RUN in the value of the flag; the configuration
itself expects it in runs/NAME.
"""

import argparse
import json
import math
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "docs" / "results"
FIRST = ROOT / "experiments" / "reproduce" / "first"
BLOCKS = ROOT / "docs" / "gpu_blocks"
MAIN = "digits"  # the main command, without a configuration
STARTING_POINTS = """## Starting points

The main command and the configurations in `experiments/configs/`, seed 0. MNIST is dynamic. The configuration states
the number of importance samples for log p(x). Densities of dequantised grey images are positive log-densities: compare
their bits/dim."""
RESULTS_INTRODUCTION = """# Results

Every row is the main command or a configuration in `experiments/`. `python scripts/run_configs.py FILE` runs it, writes
`docs/results/NAME.json` and this page: nothing here is typed by hand. A row of a [block for a GPU](gpu_blocks.md) comes
from `docs/gpu_blocks/NAME.json`. To repeat a row, run its command; [data.md](data.md#data-sets-by-name) says how MNIST
is prepared without a network. All figures are of test sets.

- **±** is the standard error over test examples of one model, or over seeds where it says so.
- **published** values are negative log-likelihoods unless they say otherwise: compare 82.43 with a log p(x) of -82.43.
  *Second-hand* is a value that another paper quotes, *unverified* one that was not checked against the paper.
- **log p(x)** is importance-weighted with the stated number of samples.
- **rate** is KL(q(z|x) ‖ p(z)), and **I(x; z)** is the part of it that tells 1,000 test examples apart (at most 6.91
  nats).
- **k̂** is the share of test examples whose importance weights have too heavy a tail for so few samples. For these
  log p(x) is a lower bound that more samples would raise, as it is for the published values.
- **commit** is that of the code. The hardware is in the JSON files. – marks what was not measured or recorded.

Dynamic binarisation draws test images once, with a fixed key; static is the published binarised set."""


def configs(folder: str) -> list[Path]:
    """The configuration files of a folder of experiments/, in order."""
    return sorted((ROOT / "experiments" / folder).glob("*.yaml"))


def remark(config: Path, name: str) -> str | None:
    """What a configuration says about itself in a comment line `# name: …`."""
    match = re.search(rf"^# {name}: (.*)$", config.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return match[1] if match else None


def run(config: Path | None) -> dict[str, Any]:
    """Run one configuration, once a seed, and return its evaluation with the command and the seconds it took."""
    name = MAIN if config is None else config.stem
    arguments = [] if config is None else ["--config", str(config.relative_to(ROOT))]
    num_seeds = 1 if config is None else int(remark(config, "seeds") or 1)
    each, after = (None, None) if config is None else (remark(config, "each"), remark(config, "after"))
    runs = [run_once(name, [*arguments, *_of_seed(each, seed)], after, seed) for seed in range(num_seeds)]
    kept = ("seed", "elbo", "log_marginal", "rate", "seconds", *OBSERVED)
    repeats = [{key: one[key] for key in kept if key in one} for one in runs[1:]]
    return {"name": name, "command": command_of(config), **runs[0], "repeats": repeats}


def command_of(config: Path | None) -> str:
    """What a user types for the first run of a row, and for the run that it follows."""
    if config is None:
        return "python experiments/train.py"
    own = f"python experiments/train.py --config {config.relative_to(ROOT)}"
    if (after := remark(config, "after")) is None:
        return own
    name = after.split()[0]
    first = (FIRST / f"{name}.yaml").relative_to(ROOT)
    return f"python experiments/train.py --config {first} --run_dir runs/{name} && {own}"


def _of_seed(each: str | None, seed: int) -> list[str]:
    """The flags in which the runs of a row differ.

    >>> _of_seed("data my.load(mask=SEED)", 2)
    ['--seed', '2', '--data', 'my.load(mask=2)']
    """
    flags = ["--seed", str(seed)] if seed else []
    if each is None:
        return flags
    flag, _, value = each.partition(" ")
    return [*flags, f"--{flag}", value.replace("SEED", str(seed))]


def train(arguments: list[str], run_dir: Path) -> None:
    """Run the training script as a user would."""
    command = [sys.executable, "experiments/train.py", *arguments, "--run_dir", str(run_dir)]
    subprocess.run(command, cwd=ROOT, check=True)


def train_first(after: str, folder: Path, seed: int) -> list[str]:
    """Train the run that a row's run follows; returns the flag that tells it where that is."""
    name, flag, value = after.split(" ", 2)
    train(["--config", str((FIRST / f"{name}.yaml").relative_to(ROOT)), "--seed", str(seed)], folder / name)
    return [f"--{flag}", value.replace("RUN", str(folder / name))]


def run_once(name: str, arguments: list[str], after: str | None = None, seed: int = 0) -> dict[str, Any]:
    """Train and evaluate in a fresh folder; returns the evaluation and the seconds."""
    with tempfile.TemporaryDirectory() as folder:
        run_dir = Path(folder) / name
        start = time.perf_counter()
        found = [] if after is None else train_first(after, Path(folder), seed)
        train([*arguments, *found], run_dir)
        seconds = time.perf_counter() - start
        if name == MAIN:
            for picture in ("samples.png", "reconstructions.png"):
                shutil.copy(run_dir / picture, ROOT / "docs" / "images" / picture)
        return {"seconds": round(seconds), **json.loads((run_dir / "evaluation.json").read_text())}


OBSERVED = {
    "imputation": {
        "mean_squared_error": "MSE of hidden cells",
        "root_mean_squared_error": "RMSE",
        "coverage": "coverage of 90 % intervals",
    },
    "classification": {"accuracy": "accuracy"},
    "clusters": {"accuracy": "accuracy of clusters", "normalized_mutual_information": "NMI"},
}
"""Groups of metrics of hidden entries, classes and clusters, and what a page shows of them."""


def observed(result: dict[str, Any]) -> str | None:
    """The figures of hidden entries, classes and clusters in one line; None without such figures."""
    shown = []
    for group, names in OBSERVED.items():
        for name, title in names.items():
            entries = [one[group][name] for one in (result, *result["repeats"]) if name in one.get(group, {})]
            if not entries:
                continue
            values = [entry["value"] for entry in entries]
            if len(values) > 1:
                error = statistics.stdev(values) / math.sqrt(len(values))
                shown.append(f"{title} {statistics.mean(values):.4f} ± {error:.4f} ({len(values)} runs)")
            else:
                error = entries[0]["standard_error"]
                shown.append(f"{title} {values[0]:.4f}" + ("" if error is None else f" ± {error:.4f}"))
    return "; ".join(shown) or None


def figure(entry: dict[str, Any], digits: int = 2) -> str:
    """A value with its standard error."""
    return f"{entry['value']:,.{digits}f} ± {entry['standard_error']:.{digits}f}"


def header(result: dict[str, Any]) -> str:
    """The lines that a configuration file states about itself."""
    score = f"test ELBO {figure(result['elbo'])} nats, log p(x) {figure(result['log_marginal'])} nats"
    return (
        f"# command: {result['command']}\n"
        f"# time: {result['seconds']} s in all on {result['hardware']}\n"
        f"# score: {score}, {result['log_marginal']['num_samples']:,} samples; baseline {figure(result['baseline'])}\n"
    ) + (f"# figures: {found}\n" if (found := observed(result)) else "")


def write_header(config: Path, result: dict[str, Any]) -> None:
    """Put command, time and score on top of a configuration file."""
    body = re.sub(r"^# (command|time|score|figures): .*\n", "", config.read_text(encoding="utf-8"), flags=re.MULTILINE)
    lines = body.splitlines(keepends=True)
    first = next(index for index, line in enumerate(lines) if not line.startswith("#"))
    config.write_text("".join([*lines[:first], header(result), *lines[first:]]), encoding="utf-8")


def starting_points() -> str:
    """The table of the main command and of experiments/configs, from docs/results/."""
    results = {path.stem: json.loads(path.read_text()) for path in sorted(RESULTS.glob("*.json"))}
    order = [MAIN, *(path.stem for path in configs("configs"))]
    lines = [
        "| command | test ELBO [nats] | log p(x) [nats] | bits/dim | baseline [nats] | seconds |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for name in order:
        if name not in results:
            continue
        result = results[name]
        marginal, bits = result["log_marginal"], result["log_marginal"]["bits_per_dimension"]
        lines.append(
            f"| `{result['command']}` | {figure(result['elbo'])} | {figure(marginal)} | "
            f"{'–' if bits is None else f'{bits:.4f}'} | {figure(result['baseline'])} | {result['seconds']} |"
        )
    return "\n".join(lines)


def summary(result: dict[str, Any], name: str) -> str:
    """A figure with its error: over seeds where there are several, else over examples."""
    entries = [result[name], *(repeat[name] for repeat in result["repeats"])]
    if any(entry["value"] is None for entry in entries):
        return "–"
    if len(entries) == 1:
        return figure(entries[0])
    values = [entry["value"] for entry in entries]
    return f"{statistics.mean(values):,.2f} ± {statistics.stdev(values) / math.sqrt(len(values)):.2f} (seeds)"


def information(result: dict[str, Any]) -> str:
    """I(x; z) of the first run, where it was measured."""
    entry = result.get("diagnostics", {}).get("mutual_information")
    return "–" if entry is None else figure(entry)


def heavy_tails(result: dict[str, Any]) -> str:
    """The share of examples with importance weights of too heavy a tail, of the first run, where it was measured."""
    share = result["log_marginal"].get("pareto_shape", {}).get("share_above")
    return "–" if share is None else f"{share:.0%}"


def _rows_of_block(result: dict[str, Any], title: str, published: str) -> list[str]:
    """The row of a configuration that was trained on a GPU for as long as a block lasts, and what was shorter."""
    scores = [figure(result[name]) for name in ("log_marginal", "elbo", "rate")]
    ours = " | ".join([*scores, "–", str(result["num_samples"]), heavy_tails(result)])
    command = f"`sh scripts/on_gpu.sh bundle {result['block']} out`"
    commit = (result["commit"] or "–")[:7]
    log_p = -result["log_marginal"]["value"]
    numbers = [float(one) for one in re.findall(r"\d+\.\d+", published)]
    excess = log_p - min(numbers) if numbers else 0.0
    best = f"; {excess:.2f} nats worse than the best published" if excess > 0 else ""
    return [
        f"| {title} | {published} | {ours} | 1 | {result['seconds']:.0f} | {commit} | {command} |",
        f"| ↳ {result['epochs']:,} of {result['epochs_of_the_configuration']:,} epochs, on {result['hardware']}{best}: "
        f"[blocks for a GPU](gpu_blocks.md) | | | | | | | | | | | |",
    ]


def results_page() -> str:
    """docs/results.md: every row of every table, from the configurations and docs/results/."""
    tables: dict[str, list[str]] = {}
    for config in configs("reproduce"):
        rows = tables.setdefault(remark(config, "table") or "Other", [])
        title, path = config.read_text().splitlines()[0].removeprefix("# "), RESULTS / f"{config.stem}.json"
        published, note = remark(config, "published") or "–", remark(config, "note")
        command = f"`{command_of(config)}`"
        if path.is_file():
            result = json.loads(path.read_text())
            samples = result["log_marginal"].get("num_samples")
            scores = [summary(result, name) for name in ("log_marginal", "elbo", "rate")]
            ours = " | ".join([*scores, information(result), str(samples or "–"), heavy_tails(result)])
            seconds = sum([result["seconds"], *(repeat["seconds"] for repeat in result["repeats"])])
            commit = (result["code"].get("commit") or "–")[:7]
            seeds = len(result["repeats"]) + 1
            rows.append(f"| {title} | {published} | {ours} | {seeds} | {seconds} | {commit} | {command} |")
            if found := observed(result):
                rows.append(f"| ↳ {found} | | | | | | | | | | | |")
        elif (block := BLOCKS / f"{config.stem}.json").is_file():
            rows += _rows_of_block(json.loads(block.read_text()), title, published)
        else:
            waits_for = remark(config, "hardware") or "a run"
            rows.append(f"| {title} | {published} | not run: waits for {waits_for} |{' – |' * 8} {command} |")
        if note:
            rows.append(f"| ↳ {note} | | | | | | | | | | | |")
    head = (
        "| row | published [nats] | log p(x) [nats] | ELBO [nats] | rate [nats] | I(x; z) [nats] | samples | k̂ | seeds "
        "| seconds | commit | command |\n"
        "|---|---|---:|---:|---:|---:|---:|---:|---:|---:|---|---|"
    )
    sections = [f"## {title}\n\n{head}\n" + "\n".join(rows) for title, rows in sorted(tables.items())]
    contents = "\n".join(f"- [{title}](#{_anchor(title)})" for title in ("Starting points", *sorted(tables)))
    introduction = [RESULTS_INTRODUCTION, f"The tables:\n\n{contents}"]
    return "\n\n".join([*introduction, STARTING_POINTS, starting_points(), *sections]) + "\n"


def _anchor(heading: str) -> str:
    """Where a link to a heading leads.

    >>> _anchor("VampPrior, K = 500: gated")
    'vampprior-k--500-gated'
    """
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def main() -> None:
    """Run what was asked for, one after the other."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "configs", nargs="*", type=Path, help="configuration files; by default all, and the main command"
    )
    parser.add_argument("--rebuild", action="store_true", help="run nothing, rebuild docs/results.md and headers")
    flags = parser.parse_args()
    for path in flags.configs:
        if not path.is_file():
            parser.error(f"a configuration file is expected, found no {path}")
    everything = [*configs("configs"), *configs("reproduce")]
    waiting = [config for config in everything if remark(config, "hardware")]
    default = [None, *(config for config in everything if config not in waiting)]
    chosen: list[Path | None] = [path.resolve() for path in flags.configs] or default
    for config in [] if flags.rebuild else chosen:
        result = run(config)
        (RESULTS / f"{result['name']}.json").write_text(json.dumps(result, indent=2) + "\n")
        rebuild()
    rebuild()


def rebuild() -> None:
    """Write headers and docs/results.md again."""
    for config in [*configs("configs"), *configs("reproduce")]:
        if (path := RESULTS / f"{config.stem}.json").is_file():
            write_header(config, json.loads(path.read_text()))
    (ROOT / "docs" / "results.md").write_text(results_page())


if __name__ == "__main__":
    main()
