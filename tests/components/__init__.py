"""THE table that drives the generic tests: a new component needs one row in its family's file and no other test.

`test_components.py` fails for a component that is exported without a row.
"""

from tests.components.distributions import CLOSED_FORM_KL, DISTRIBUTIONS, DistributionRow, Extreme, Parameters
from tests.components.joint import JOINT, JointRow
from tests.components.likelihoods import LIKELIHOODS, LikelihoodRow
from tests.components.networks import NETWORKS
from tests.components.objectives import OBJECTIVES, OVER_THE_BATCH, SCHEDULES
from tests.components.posteriors import POSTERIORS
from tests.components.priors import PRIORS

__all__ = [
    "CLOSED_FORM_KL",
    "DISTRIBUTIONS",
    "JOINT",
    "LIKELIHOODS",
    "NETWORKS",
    "OBJECTIVES",
    "OVER_THE_BATCH",
    "POSTERIORS",
    "PRIORS",
    "SCHEDULES",
    "DistributionRow",
    "Extreme",
    "JointRow",
    "LikelihoodRow",
    "Parameters",
]
