"""The rate–distortion curve of a sweep."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from jaxvae.report.figure import new_figure

_LINES = 6  # of equal ELBO


def _labels(rate: np.ndarray, distortion: np.ndarray, names: Sequence[str]) -> dict[tuple[float, float], str]:
    """One label for each place: points that coincide (collapsed models) share one."""
    places: dict[tuple[float, float], str] = {}
    near = 0.02 * max(np.ptp(rate), np.ptp(distortion))
    for x, y, name in zip(rate.tolist(), distortion.tolist(), names, strict=True):
        at = next((place for place in places if abs(place[0] - x) + abs(place[1] - y) < near), None)
        places[at or (x, y)] = name if at is None else f"{places[at]}, {name}"
    return places


def save_rate_distortion(path: Path, lines: Sequence[dict[str, Any]], axes: Sequence[str]) -> bool:
    """Write distortion over rate as PNG: one point a combination, those along the last swept flag joined.

    Grey lines join points of equal ELBO = −(rate + distortion). Alemi et al. 2018, figure 1.

    Args:
        path: file to write.
        lines: of `jaxvae.runs.sweep_summary.summary`, with `rate`, `distortion` and their errors [nats].
        axes: the swept flags; the last one changes along a curve, and each combination of the others has its own curve.

    Returns:
        Whether it was drawn: it needs two combinations with both figures.
    """
    lines = [line for line in lines if line.get("rate") is not None and line.get("distortion") is not None]
    if len(lines) < 2 or not axes:
        return False
    *others, along = axes
    curves: dict[str, list[dict[str, Any]]] = {}
    for line in lines:
        curves.setdefault(", ".join(f"{axis} {line[axis]}" for axis in others), []).append(line)
    figure = new_figure(6.0, 4.2)
    plot = figure.add_subplot()
    for name, points in curves.items():
        rate, distortion = (np.array([point[figure] for point in points]) for figure in ("rate", "distortion"))
        errors = [[point[f"{figure}_error"] or 0.0 for point in points] for figure in ("rate", "distortion")]
        plot.errorbar(rate, distortion, yerr=errors[1], xerr=errors[0], marker="o", capsize=2, label=name or None)
        for (x, y), label in _labels(rate, distortion, [str(point[along]) for point in points]).items():
            plot.annotate(label, (x, y), textcoords="offset points", xytext=(6, 5), fontsize=8)
    plot.margins(0.08)
    bounds = plot.get_xlim(), plot.get_ylim()
    sums = np.linspace(bounds[0][0] + bounds[1][0], bounds[0][1] + bounds[1][1], _LINES)
    for total in sums:
        plot.plot(bounds[0], total - np.array(bounds[0]), color="0.85", linewidth=0.8, zorder=0)
    plot.set(xlim=bounds[0], ylim=bounds[1])
    plot.set_xlabel("rate KL(q(z|x) ‖ p(z)) [nats]")
    plot.set_ylabel("distortion −E[log p(x|z)] [nats]")
    plot.set_title(f"labels: {along}; grey: equal ELBO", fontsize=9)
    if others:
        plot.legend(fontsize=8)
    figure.savefig(path, dpi=150)
    return True
