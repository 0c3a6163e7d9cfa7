"""THE table that drives the generic tests: a new component needs one row in its family's file and no other test.

`test_components.py` fails for a component that is exported without a row.
"""

from tests.components.bijectors import BIJECTORS
from tests.components.counts import COUNTS
from tests.components.discrete import DISCRETE
from tests.components.distributions import CLOSED_FORM_KL, DISTRIBUTIONS, DistributionRow, Extreme, Parameters
from tests.components.flows import FLOWS
from tests.components.joint import JOINT as _JOINT
from tests.components.joint import JointRow
from tests.components.likelihoods import LIKELIHOODS, LikelihoodRow
from tests.components.manifolds import MANIFOLDS
from tests.components.networks import NETWORKS, NetworkRow
from tests.components.objectives import ITS_POSTERIOR, OBJECTIVES, OVER_THE_BATCH, SCHEDULES
from tests.components.posteriors import POSTERIORS, TEMPERATURES
from tests.components.priors import PRIORS, condition_for
from tests.components.spaces import SPACES

JOINT = _JOINT | COUNTS | DISCRETE | FLOWS | MANIFOLDS

__all__ = [
    "BIJECTORS",
    "CLOSED_FORM_KL",
    "DISTRIBUTIONS",
    "ITS_POSTERIOR",
    "JOINT",
    "LIKELIHOODS",
    "NETWORKS",
    "OBJECTIVES",
    "OVER_THE_BATCH",
    "POSTERIORS",
    "PRIORS",
    "SCHEDULES",
    "SPACES",
    "TEMPERATURES",
    "DistributionRow",
    "Extreme",
    "JointRow",
    "LikelihoodRow",
    "NetworkRow",
    "Parameters",
    "condition_for",
]
