"""The table is complete: what the library exports has a row, and is therefore under the generic tests.

A class and normal latents need three dimensions, one more than the tables have: tests/observations/test_labels.py is
theirs.
"""

import inspect
from collections.abc import Iterable
from types import ModuleType
from typing import Any

import pytest

from jaxvae import bijectors, distributions, likelihoods, networks, objectives, posteriors, priors
from tests import components


def built(rows: Iterable[Any]) -> set[type]:
    return {type(row()) for row in rows}


@pytest.mark.parametrize(
    ("module", "base", "rows"),
    [
        (
            distributions,
            distributions.Distribution,
            {row.family for row in components.JOINT.values()}
            | {row.family for row in components.DISTRIBUTIONS.values()},
        ),
        (bijectors, bijectors.Bijector, built(components.BIJECTORS.values())),
        (networks, networks.Network, built(row.build for row in components.NETWORKS.values())),
        (posteriors, posteriors.Posterior, built(components.POSTERIORS.values()) | {posteriors.ClassAndNormal}),
        (posteriors, posteriors.TemperatureSchedule, built(components.TEMPERATURES.values())),
        (priors, priors.Prior, built(components.PRIORS.values()) | {priors.ClassAndNormal}),
        (likelihoods, likelihoods.Likelihood, built(row.build for row in components.LIKELIHOODS.values())),
        (objectives, objectives.Objective, built(components.OBJECTIVES.values())),
        (objectives, objectives.Schedule, built(components.SCHEDULES.values())),
    ],
    ids=lambda value: value.__name__ if isinstance(value, type) else "",
)
def test_every_exported_component_has_a_row(module: ModuleType, base: type, rows: set[type]) -> None:
    exported = {getattr(module, name) for name in module.__all__}
    families = {
        cls for cls in exported if isinstance(cls, type) and issubclass(cls, base) and not inspect.isabstract(cls)
    }
    assert families
    assert families == rows, f"add a row to tests/components/ for {families - rows}"
