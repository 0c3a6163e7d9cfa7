"""Write docs/benchmarks.md from the JSON files of docs/benchmarks, which scripts/benchmark.py leaves."""

import json
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDER, PAGE = ROOT / "docs" / "benchmarks", ROOT / "docs" / "benchmarks.md"
INTRODUCTION = """# Benchmarks

Written by `python scripts/write_benchmarks.py` from the JSON files of docs/benchmarks. Contenders take turns in one
process; seconds are medians over rounds, ratios medians of the ratios to the first contender within rounds; memory is
that of the whole process.
"""


def page() -> str:
    """The whole page."""
    return "\n".join([INTRODUCTION, *(_section(path) for path in sorted(FOLDER.glob("*.json")))])


def _section(path: Path) -> str:
    document = json.loads(path.read_text(encoding="utf-8"))
    versions = ", ".join(f"{name} {version}" for name, version in document["code"].items())
    lines = []
    for name, task in document["tasks"].items():
        flags = f"--examples {task['examples_timed']} --rounds {document['rounds']}"
        command = f"`python scripts/benchmark.py {name} {flags}`"
        lines += [f"## {task['title']}", "", f"{command}, {document['hardware']}; {versions}", ""]
        has_memory = all("peak_megabytes" in result for result in task["contenders"].values())
        memory = ("", "") if not has_memory else (" memory at most [MB] |", "---:|")
        lines += [f"| | seconds | over the first |{memory[0]}", f"|---|---:|---:|{memory[1]}"]
        for contender, result in task["contenders"].items():
            peak = f" {result['peak_megabytes']:,.0f} |" if has_memory else ""
            lines.append(f"| {contender} | {result['seconds']:.3g} | {result['over_first']:.2f} |{peak}")
        lines.append("")
    return "\n".join(lines)


if __name__ == "__main__":
    PAGE.write_text(page())
