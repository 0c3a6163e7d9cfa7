"""Run configurations as a user would, and write what came out into their headers, docs/results/ and the README.

python scripts/run_configs.py                                        # every configuration, a quarter of an hour
python scripts/run_configs.py experiments/configs/leaky_128.yaml     # one
python scripts/run_configs.py --rebuild                              # only README and headers, from docs/results/
"""

import argparse
import json
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "docs" / "results"
MAIN = "digits"  # the main command, without a configuration


def configs() -> list[Path]:
    """Every configuration file, in order."""
    folders = (ROOT / "experiments" / "configs", ROOT / "experiments" / "reproduce")
    return [path for folder in folders for path in sorted(folder.glob("*.yaml"))]


def run(config: Path | None) -> dict[str, Any]:
    """Run one configuration in a fresh folder and return its evaluation with the command and the seconds it took."""
    arguments = [] if config is None else ["--config", str(config.relative_to(ROOT))]
    name = MAIN if config is None else config.stem
    with tempfile.TemporaryDirectory() as folder:
        run_dir = Path(folder) / name
        command = [sys.executable, "experiments/train.py", *arguments]
        start = time.perf_counter()
        subprocess.run([*command, "--run_dir", str(run_dir)], cwd=ROOT, check=True)
        seconds = time.perf_counter() - start
        evaluation = json.loads((run_dir / "evaluation.json").read_text())
        if config is None:
            for picture in ("samples.png", "reconstructions.png"):
                shutil.copy(run_dir / picture, ROOT / "docs" / "images" / picture)
    command_line = " ".join(["python", *command[1:]])
    return {"name": name, "command": command_line, "seconds": round(seconds), **evaluation}


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
    )


def write_header(config: Path, result: dict[str, Any]) -> None:
    """Put command, time and score on top of a configuration file."""
    body = re.sub(r"^# (command|time|score): .*\n", "", config.read_text(), flags=re.MULTILINE)
    lines = body.splitlines(keepends=True)
    first = next(index for index, line in enumerate(lines) if not line.startswith("#"))
    config.write_text("".join([*lines[:first], header(result), *lines[first:]]))


def readme_table() -> str:
    """The table of results, from docs/results/."""
    results = {path.stem: json.loads(path.read_text()) for path in sorted(RESULTS.glob("*.json"))}
    order = [MAIN, *(path.stem for path in configs())]
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


def write_readme() -> None:
    """Replace the table between the markers of the README."""
    readme = ROOT / "README.md"
    start, end = "<!-- results -->\n", "<!-- /results -->"
    text = re.sub(f"{start}.*?{end}", lambda _: f"{start}{readme_table()}\n{end}", readme.read_text(), flags=re.DOTALL)
    readme.write_text(text)


def main() -> None:
    """Run what was asked for, one after the other."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "configs", nargs="*", type=Path, help="configuration files; by default all, and the main command"
    )
    parser.add_argument("--rebuild", action="store_true", help="run nothing, rebuild README and headers")
    flags = parser.parse_args()
    for path in flags.configs:
        if not path.is_file():
            parser.error(f"a configuration file is expected, found no {path}")
    chosen: list[Path | None] = [path.resolve() for path in flags.configs] or [None, *configs()]
    for config in [] if flags.rebuild else chosen:
        result = run(config)
        (RESULTS / f"{result['name']}.json").write_text(json.dumps(result, indent=2) + "\n")
    for config in configs():
        if (path := RESULTS / f"{config.stem}.json").is_file():
            write_header(config, json.loads(path.read_text()))
    write_readme()


if __name__ == "__main__":
    main()
