"""The figures of `evaluation.json` as a table, for a terminal and as Markdown."""

import itertools
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from rich.markup import escape
from rich.table import Table


class Row(NamedTuple):
    """One line of the table of an evaluation: name, value, error, and further remarks."""

    name: str
    value: str
    error: str = ""
    more: str = ""


def evaluation_rows(document: dict[str, Any]) -> dict[str, list[Row]]:
    """The figures of `evaluation.json` as text, by section."""
    sections: dict[str, list[Row]] = {}
    for title, entries in _SECTIONS.items():
        rows = [row for path, name in entries.items() if (row := _row(name, _at(document, path))) is not None]
        if rows:
            sections[f"{title}{_settings(document, title)}"] = list(_merged(rows))
    if own := list(_own_rows(document)):
        sections["own metrics"] = own
    return sections


def _own_rows(document: dict[str, Any]) -> Iterator[Row]:
    """A line for each figure of a group of the user's, with its unit; of its other details nothing is known."""
    known = {path.partition(".")[0] for entries in _SECTIONS.values() for path in entries}
    for name, entry in document.items():
        if name in known or not isinstance(entry, dict) or "value" not in entry:
            continue
        value, error = entry["value"], entry.get("standard_error")
        if not isinstance(value, int | float | None) or not isinstance(error, int | float | None):
            continue
        wanted = ("value", "standard_error", "reason", "note")
        if (row := _row(name, {part: entry[part] for part in wanted if part in entry})) is not None:
            more = (entry.get("unit"), row.more)
            yield row._replace(more=", ".join(str(part) for part in more if part))


def _settings(document: dict[str, Any], title: str) -> str:
    """The number of examples and the settings of a section that does not use the whole test set."""
    name = title.split()[0]
    if name == "gaps" and (entry := document.get("gaps", {})).get("num_examples") is not None:
        return f", {entry['num_examples']:,} examples, {entry['num_samples']:,} samples"
    if name == "annealing" and (entry := document.get("annealed", {})).get("test") is not None:
        counts = f"{entry['test']['num_examples']:,} test and {entry['simulated']['num_examples']:,} simulated examples"
        return f", {counts}, {entry['num_temperatures']:,} temperatures, {entry['num_chains']} chains"
    return ""


def _merged(rows: list[Row]) -> Iterator[Row]:
    """The rows; those that are missing for one reason are joined."""
    for (value, more), alike in itertools.groupby(rows, lambda row: (row.value, row.more)):
        group = list(alike)
        if value != _NONE or len(group) == 1:
            yield from group
        else:
            yield Row(
                "all of it" if len(group) == len(rows) else ", ".join(row.name for row in group), _NONE, more=more
            )


_NONE = "none"
_KINDS = {"model": "model", "autoencoder": "autoencoder", "principal_components": "PCA", "pixels": "pixels"}
_PROBES = {
    "linear_probe": "linear probe",
    "nearest_neighbours": "k-NN",
    "clustering_accuracy": "clusters: accuracy",
    "normalized_mutual_information": "clusters: NMI",
    "adjusted_rand_index": "clusters: ARI",
}
# section: path of a figure in the document -> its name in the table
_SECTIONS = {
    "likelihood [nats]": {
        "elbo": "ELBO",
        "log_marginal": "log p(x)",
        "log_marginal.draw_error": "its error by draws",
        "rate": "rate (KL)",
        "distortion": "distortion",
        "reconstruction_distortion": "distortion of reconstructions",
        "baseline": "baseline",
        "family_baseline": "baseline, own family",
        "likelihood": "likelihood",
    },
    "weights of log p(x)": {
        "log_marginal.effective_sample_size": "effective samples",
        "log_marginal.pareto_shape": "Pareto k̂",
        "log_marginal.pareto_smoothed": "log p(x), smoothed",
        "log_marginal.jackknife": "log p(x), jackknifed",
    },
    "latents [nats]": {
        "diagnostics.mutual_information": "I(x; z)",
        "diagnostics.marginal_kl": "KL(q(z) ‖ p(z))",
        "diagnostics.active_units": "active units",
        "latents": "latents",
    },
    "gaps [nats]": {
        "gaps.approximation_gap": "approximation gap",
        "gaps.amortization_gap": "amortisation gap",
        "gaps": "gaps",
    },
    "annealing [nats]": {
        "annealed.test.log_marginal": "log p(x), test",
        "annealed.test.effective_chains": "effective chains",
        "annealed.test.above_importance_weighted": "by it above importance",
        "annealed.simulated.lower": "simulated, from below",
        "annealed.simulated.upper": "simulated, from above",
        "annealed.simulated.gap": "width of the bracket",
        "annealed": "annealed",
    },
    "hidden entries": {
        "imputation.mean_squared_error": "mean squared error",
        "imputation.root_mean_squared_error": "its root",
        "imputation.error_rate": "wrong classes",
        "imputation.coverage": "coverage of 90 % intervals",
        "imputation.effective_sample_size": "effective samples",
        "imputation": "imputation",
    },
    "clusters": {
        "clusters.accuracy": "accuracy",
        "clusters.normalized_mutual_information": "NMI",
        "clusters.adjusted_rand_index": "ARI",
        "clusters.used": "used",
        "clusters": "clusters",
    },
    "classes": {
        "classification.accuracy": "accuracy",
        "classification.log_prob": "log-probability of the true class [nats]",
        "classification": "classification",
    },
    "samples": {
        "samples.frechet_distance": "Fréchet distance",
        "samples.kernel_distance": "kernel distance",
        "samples.precision": "precision",
        "samples.recall": "recall",
        "samples.density": "density",
        "samples.coverage": "coverage",
        "samples.inception_score": "Inception score",
        "samples.nearest_neighbour_distance": "distance to train, over test's",
        "samples.nearest_neighbour_log_likelihood": "log p(x) of train, over test's",
        "samples": "samples",
    },
    "representation": {
        **{
            f"representation.{kind}.{probe}": f"{title}, {of}"
            for probe, title in _PROBES.items()
            for kind, of in _KINDS.items()
        },
        "representation": "representation",
    },
    "disentanglement": {
        "disentanglement.mutual_information_gap": "MIG",
        "disentanglement.separated_attribute_predictability": "SAP",
        "disentanglement.dci_disentanglement": "DCI disentanglement",
        "disentanglement.dci_completeness": "DCI completeness",
        "disentanglement.dci_informativeness": "DCI informativeness",
        "disentanglement.factor_vae_score": "FactorVAE score",
        "disentanglement.modularity": "modularity",
        "disentanglement.linear_separated_attribute_predictability": "SAP, linear, as published",
        "disentanglement.ridgeway_mozer_modularity": "modularity, as published",
    },
}


def _at(document: dict[str, Any], path: str) -> dict[str, Any] | None:
    entry: Any = document
    for name in path.split("."):
        entry = entry.get(name) if isinstance(entry, dict) else None
    return entry


def _row(name: str, entry: dict[str, Any] | None) -> Row | None:
    """The line of an entry; None for a missing entry, or one that holds others."""
    if entry is None:
        return None
    if "median" in entry:
        share = f"{entry['share_above']:.0%} of examples above {entry['threshold']:.2f}"
        return Row(f"{name}, median", f"{entry['median']:.2f}", more=share)
    if "value" not in entry:
        return None
    if entry["value"] is None:
        return Row(name, _NONE, more=str(entry.get("reason", "not finite")))
    if "of" in entry:
        return Row(name, f"{entry['value']} of {entry['of']}")
    more = []
    if "name" in entry:
        more.append(entry["name"].removesuffix(f" {name}"))  # the features that a distance is of
    elif "num_samples" in entry:
        more.append(f"{entry['num_samples']:,} sample{'s' if entry['num_samples'] > 1 else ''}")
    if entry.get("num_repeats", 1) > 1:
        more.append(f"{entry['num_repeats']} repeats ± {entry['repeat_error']['value']:.3f}")
    if "upper_bound" in entry:
        more.append(f"at most {entry['upper_bound']['value']:.2f}")
    more += [str(entry[name]) for name in ("model", "note") if name in entry]
    if entry.get("bits_per_dimension") is not None:
        more.insert(0, f"{entry['bits_per_dimension']:.4f} bits/dim")
    error = entry.get("standard_error")
    if error is not None and 0.0 < abs(entry["value"]) < 2.0 * error:
        more.append("no evidence: within 2 s.e. of 0")
    return Row(name, f"{entry['value']:,.3f}", "" if error is None else f"{error:.3f}", ", ".join(more))


def _title(document: dict[str, Any]) -> str:
    title = f"{document['data']}, {document['num_examples']:,} test examples"
    if "hidden_share" in document:
        title += f", {document['hidden_share']:.0%} of their entries hidden: log p(x) is of the others"
    if "condition" in document:
        title += f", given c ({', '.join(document['condition'])}): log p(x) is log p(x|c)"
    return title


def _origin(document: dict[str, Any]) -> str:
    """The origin of the figures, to quote with them."""
    code = document["code"]
    commit, _, changed = (code["commit"] or "no commit").partition("-")
    commit = f"{commit[:12]}, changed since" if changed else commit[:12]
    return (
        f"seed {document['seed']}, {document['checkpoint']} checkpoint of epoch {document['epoch']}, "
        f"test set {document['test_set_sha256'][:12]}, jaxvae {code['jaxvae']} ({commit}), "
        f"jax {code['jax']}, {document['hardware']}"
    )


def evaluation_table(document: dict[str, Any]) -> Table:
    """The figures of `evaluation.json`, aligned."""
    table = Table(title=_title(document), title_justify="left", caption=_origin(document), caption_justify="left")
    for heading in ("", "value", "± s.e.", "more"):
        table.add_column(heading, justify="right" if heading in ("value", "± s.e.") else "left", overflow="fold")
    for title, rows in evaluation_rows(document).items():
        table.add_section()
        table.add_row(f"[bold]{escape(title)}[/bold]")
        for row in rows:
            table.add_row(*(escape(cell) for cell in row))
    return table


def evaluation_markdown(document: dict[str, Any]) -> str:
    """The same table as Markdown."""
    lines = [f"**{_title(document)}**", "", "| | value | ± s.e. | more |", "|---|---:|---:|---|"]
    for title, rows in evaluation_rows(document).items():
        lines.append(f"| **{title}** | | | |")
        lines.extend(f"| {' | '.join(row).replace('p(x|', 'p(x&#124;')} |" for row in rows)
    return "\n".join([*lines, "", _origin(document)])


_SWEPT = {"elbo": "ELBO", "log_marginal": "log p(x)", "rate": "rate", "distortion": "distortion"}


def sweep_table(lines: Sequence[dict[str, Any]], axes: Sequence[str]) -> Table:
    """The summary of a sweep, aligned: a line a combination, mean ± standard error over its members [nats]."""
    names = [name for name in _SWEPT if name in lines[0]]
    table = Table(title="nats, mean ± standard error over members", title_justify="left")
    for heading in (*(axis.rsplit(".", 1)[-1].replace("_", " ") for axis in axes), "members"):
        table.add_column(heading, justify="right", overflow="fold")
    for name in names:
        table.add_column(_SWEPT[name], justify="right", no_wrap=True)
    for line in lines:
        table.add_row(
            *(escape(str(line[axis])) for axis in axes),
            str(line["members"]),
            *(_mean_and_error(line[name], line[f"{name}_error"]) for name in names),
        )
    return table


def _mean_and_error(value: float | None, error: float | None) -> str:
    if value is None:
        return _NONE
    return f"{value:,.2f}" if error is None else f"{value:,.2f} ± {error:.2f}"
