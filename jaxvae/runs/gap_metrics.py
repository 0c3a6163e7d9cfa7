"""Group of metrics of inference: the approximation and the amortisation gap."""

from typing import Any

import numpy as np

from jaxvae.errors import UserError
from jaxvae.evaluation import inference_gaps
from jaxvae.evaluation.document import FEWEST_DRAWS, gaps_document
from jaxvae.evaluation.gaps import InferenceGaps
from jaxvae.observation import Example
from jaxvae.runs.streams import Stream
from jaxvae.runs.subject import Subject
from jaxvae.typing import Array, Key

_GAP_STEPS, _GAP_EXAMPLES_AT_ONCE = 500, 50


def gaps(subject: Subject) -> dict[str, Any]:
    """The approximation and the amortisation gap."""
    subject.require_density()
    if subject.model.latent_space.is_of_points:
        raise UserError("q(z|x) is one point, and log p(x) is its ELBO: there is nothing to compare")
    num_samples = subject.flags.num_samples

    def one(key: Key, x: Example) -> dict[str, Array]:
        return inference_gaps(
            subject.model, subject.params, key, x, num_samples=num_samples, steps=_GAP_STEPS
        )._asdict()

    x = subject.spread(subject.flags.gap_examples)
    found = subject.per_example(one, subject.key(Stream.GAPS), x, _GAP_EXAMPLES_AT_ONCE, "gaps")
    effective = float(np.mean(found["effective_sample_size"]))
    if effective < FEWEST_DRAWS:
        subject.reporter.warning(
            f"the approximation gap has only {effective:.1f} effective draws of {num_samples}, and so is too small: "
            f"raise `num_samples`",
        )
    return {"gaps": gaps_document(InferenceGaps(**found), steps=_GAP_STEPS, num_samples=num_samples)}
