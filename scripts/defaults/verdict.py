"""The rule that says whether a row is as it should be."""

from typing import Any

COLLAPSED, BELOW_BASELINE, BELOW_PEER, OK = "collapsed", "below baseline", "below peer", "ok"
FAILED, SKIPPED = "failed", "skipped"
TOLERANCE = 0.01  # of the distance between baseline and peer
ERRORS = 2.0  # standard errors of the ELBO


def verdict(result: dict[str, Any], peer: dict[str, Any] | None = None) -> str:
    """What is wrong with a result, the worst first.

    `collapsed`: z has almost no information on x (`Diagnostics.ignores_latents`). `below baseline`: the ELBO is below
    that of the best model that ignores z. `below peer`: it is below the peer's by more than two standard errors, and by
    more than 1 % of the distance between baseline and peer. Else `ok`.

    Args:
        result: with `elbo`, `error`, `baseline` and `ignores_latents`, or with `failed` or `skipped`.
        peer: with `elbo`, or None.

    >>> verdict({"elbo": -23.5, "error": 0.3, "baseline": -27.2, "ignores_latents": False}, {"elbo": -23.0})
    'ok'
    """
    for name in (FAILED, SKIPPED):
        if name in result:
            return name
    if result["ignores_latents"]:
        return COLLAPSED
    elbo, baseline = result["elbo"], result["baseline"]
    if elbo < baseline:
        return BELOW_BASELINE
    if peer is None:
        return OK
    tolerance = max(TOLERANCE * abs(baseline - peer["elbo"]), ERRORS * result["error"])
    return OK if elbo >= peer["elbo"] - tolerance else BELOW_PEER
