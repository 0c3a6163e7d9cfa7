"""docs/defaults.md, from the results before and after the defaults were chosen by them."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from defaults.verdict import BELOW_BASELINE, BELOW_PEER, COLLAPSED, FAILED, OK, SKIPPED, verdict

Document = Mapping[str, Any]
VERDICTS = (OK, COLLAPSED, BELOW_BASELINE, BELOW_PEER, FAILED, SKIPPED)
_INTRODUCTION = """# What the default flags give

Written by `python scripts/check_defaults.py --write` from the JSON files of docs/defaults; no figure here is typed by
hand. Every row is one training run with default flags but for those that it names. A run has about 2,000 steps, unless
its row says another number. The state that was best on validation data is measured on at most 2,000 test examples.

- **ELBO** (columns "before" and "after"): one draw of z an example, nats, with its standard error over test examples.
  Objectives that train no density have none: there it is log p(x|z) at the code, marked ∅.
- **baseline**: log p(x) of the best member of the likelihood's own family that ignores z, nats.
- **peer**: the same network, likelihood, batches of 100 and number of steps in plain PyTorch, with its own start and
  Adam at 1e-3: its ELBO, and its active units in brackets. Other objectives, priors and posteriors than the usual ones
  have none, nor have ResNet and likelihoods that PyTorch users do not write in a few lines.
- **active**: latents whose posterior mean has a variance above 0.01 over test examples.
- **I(x; z)**: what z says of which of 1,000 test examples it comes from, nats.
- **verdict**: *collapsed* if I(x; z) is below 0.1 nats (or below 1 nat without an active unit); else *below baseline*;
  else *below peer* if the ELBO is lower than the peer's by more than 1 % of |baseline − peer| and by more than two
  standard errors; else *ok*.

The columns "before" are of the code before this grid chose the defaults. Its peers have its own activation. Adult and
credit are without rows that lack a value, and with the logarithm of 1 + x in columns of positive numbers. Wine and
cancer are in units of the training split. OMNIGLOT is grey ink, drawn as binary at each use.
"""


def page(before: Document, after: Document, explain: Callable[[str], str], all_names: Sequence[str]) -> str:
    """The whole page.

    Args:
        before: results of the code before, or an empty document.
        after: results of the code as it is.
        explain: what is said of a row that is not ok, from its name.
        all_names: of the cases of the grid; those that have not run are named.
    """
    names = list(dict.fromkeys([*after["cases"], *before["cases"]]))
    sections: dict[str, list[str]] = {}
    for name in names:
        section = (after["cases"].get(name) or before["cases"][name])["section"]
        sections.setdefault(section, []).append(name)
    parts = [_INTRODUCTION, *(_made_by(title, one) for title, one in (("Before", before), ("After", after))), ""]
    parts.append(_summary(before, after, all_names))
    for section, rows in sections.items():
        parts += [f"## {section}", "", *_HEAD, *(_row(name, before, after, explain) for name in rows), ""]
    return "\n".join(parts)


def _made_by(title: str, document: Document) -> str:
    commits = sorted({str(result.get("commit"))[:7] for result in document["cases"].values()})
    if not commits:
        return f"{title}: not run."
    versions = ", ".join(f"{name} {document['code'][name]}" for name in ("jax", "torch", "python"))
    code = f"commit {commits[0]}" if len(commits) == 1 else f"jaxvae {document['code']['jaxvae']}"
    return f"{title}: {code}; {versions}; {document['hardware']}.  "


def _summary(before: Document, after: Document, all_names: Sequence[str]) -> str:
    lines = ["## Summary", "", f"| | rows | {' | '.join(VERDICTS)} |", f"|---|{'---:|' * (1 + len(VERDICTS))}"]
    for title, document in (("before", before), ("after", after)):
        counts = Counter(_verdict(document, name, after) for name in document["cases"])
        figures = " | ".join(str(counts[word]) for word in VERDICTS)
        lines.append(f"| {title} | {sum(counts.values())} | {figures} |")
    waiting = [name for name in all_names if name not in after["cases"]]
    if waiting:
        lines += ["", f"Not run after, {len(waiting)} of {len(all_names)}: {', '.join(waiting)}."]
    missing = sum(name not in before["cases"] for name in all_names)
    if missing and before["cases"]:
        lines += ["", f"Not run before, {missing} of {len(all_names)}: an empty cell, or no flags for it then."]
    return "\n".join([*lines, ""])


_COLUMNS = ("row", "baseline", "before", "active", "peer", "verdict", "after", "active", "I(x; z)", "peer", "seconds")
_HEAD = [f"| {' | '.join(_COLUMNS)} | verdict | why |", f"|---|{'---:|' * 4}---|{'---:|' * 5}---|---|"]


def _row(name: str, before: Document, after: Document, explain: Callable[[str], str]) -> str:
    old, new = before["cases"].get(name), after["cases"].get(name)
    known = [result for result in (new, old) if result is not None and "elbo" in result]
    steps = known[0]["steps_asked"] if known else None
    title = name if steps in (None, 2_000) else f"{name}, {steps:,} steps"
    baseline = _number(known[0]["baseline"] if known else None)
    cells = [title, baseline, *_cells(before, name, after), *_cells(after, name, after, in_full=True)]
    why = "" if new is None else _reason(new)
    if new is not None and "elbo" in new and _verdict(after, name, after) != OK:
        why = explain(name)
    return f"| {' | '.join(cells)} | {why} |"


def _cells(document: Document, name: str, after: Document, in_full: bool = False) -> list[str]:
    """ELBO, active units, peer and verdict; in full with the error, I(x; z) and the seconds."""
    result = document["cases"].get(name)
    if result is None:
        return ["–"] * (6 if in_full else 4)
    said = _verdict(document, name, after)
    if "elbo" not in result:
        return [*["–"] * (5 if in_full else 3), said]
    peer = _peer(document, result)
    elbo = _number(result["elbo"]) + (f" ± {_number(result['error'])}" if in_full else "")
    elbo = f"{elbo}{'' if result['has_density'] else ' ∅'}"
    if said != OK:
        elbo, said = f"**{elbo}**", f"**{said}**"
    beside = "–" if peer is None else f"{_number(peer['elbo'])} ({peer['active']})"
    more = [_number(result["information"])] if in_full else []
    seconds = [f"{result['seconds']:.0f}"] if in_full else []
    return [elbo, str(result["active"]), *more, beside, *seconds, said]


def _verdict(document: Document, name: str, after: Document) -> str:
    """By one baseline for both states of the code: the earlier one had not every family's."""
    result, now = document["cases"][name], after["cases"].get(name, {})
    baseline = {"baseline": now["baseline"]} if "baseline" in now else {}
    return verdict({**result, **baseline}, _peer(document, result))


def _peer(document: Document, result: Mapping[str, Any]) -> dict[str, Any] | None:
    return document["peers"].get(result.get("peer"))


def _reason(result: Mapping[str, Any]) -> str:
    return str(result.get(FAILED) or result.get(SKIPPED) or "").replace("|", "\\|")


def _number(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:,.1f}" if abs(value) >= 1 else f"{value:.2f}"
