"""What to measure of a trained run, and how precisely."""

import dataclasses
from pathlib import Path

from jaxvae.errors import UserError
from jaxvae.runs.code_density import CodeDensity


@dataclasses.dataclass(frozen=True)
class EvaluationFlags:
    """What to measure, and how precisely.

    Args:
        metrics: the groups; by default likelihood, latents, and what the data allow of imputation (of hidden entries
            whose true values are known), classification (with known labels) and clusters (as many as classes).
        num_samples: importance samples an example for log p(x) [samples]; 0 leaves it out.
        num_repeats: number of independent estimates of log p(x), for its error over repeats.
        target_error: largest error of log p(x) by its draws that you accept [nats]; where the error is larger, a line
            says how many samples would reach it.
        gap_examples: test examples for the gaps [examples].
        annealed_examples: test examples for annealed importance sampling, and as many simulated ones [examples].
        num_temperatures: steps of annealed importance sampling from the prior to the posterior [steps].
        num_chains: chains of annealed importance sampling for each example [chains].
        num_generated: samples that are compared with the test set; by default one for each test example, at most
            10,000 [samples].
        code_density: for an objective without a density, the density of their codes.
        inception: path of the file weights-inception-2015-12-05-6726825d.pth, which torch-fidelity publishes. Samples
            are then compared by its features; by default by those of a classifier that is trained on the data's labels.
        autoencoder_epochs: length of training of the autoencoder whose codes are compared with the model's [epochs].

    Raises:
        UserError: for a number out of range.
    """

    metrics: tuple[str, ...] | None = None
    num_samples: int = 5000
    num_repeats: int = 1
    target_error: float | None = None
    gap_examples: int = 200
    annealed_examples: int = 20
    num_temperatures: int = 500
    num_chains: int = 16
    num_generated: int | None = None
    code_density: CodeDensity | None = None
    inception: str | None = None
    autoencoder_epochs: int = 10

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            least = 0 if field.name == "num_samples" else 1
            if isinstance(value, int) and value < least:
                raise UserError(f"--{field.name} must be >= {least}, got {value}")
        if self.inception is not None and not Path(self.inception).expanduser().is_file():
            raise UserError(
                f"`inception` must be the path of weights-inception-2015-12-05-6726825d.pth, got {self.inception}, "
                f"which is not a file"
            )
        if self.target_error is not None and not self.target_error > 0.0:
            raise UserError(f"`target_error` must be > 0, got {self.target_error}")
