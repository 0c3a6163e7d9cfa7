"""What a sweep repeats and where it is kept, as flags say it."""

from dataclasses import dataclass

from jaxvae.errors import UserError

_MOST_SEEDS = 100_000  # each member is described before the first is trained


@dataclass(frozen=True)
class SweepFlags:
    """The repetitions of each combination of values, and the folder of the figures.

    Args:
        seed: seed of the first member of each combination.
        seeds: number of members of each combination, with seeds seed, seed + 1, … [members].
        folds: cross-validation with so many folds of the training and validation examples; each example is scored once
            by a model that neither trained on it nor chose its epoch by it [folds].
        num_samples: importance samples an example for log p(x), the same for all members, whose bounds then compare
            [samples]; 0 leaves it out.
        run_dir: folder to write; by default runs/sweep-<number>, with the next free number.
        overwrite: replace the sweep in `run_dir`.
    """

    seed: int = 0
    seeds: int = 1
    folds: int | None = None
    num_samples: int = 500
    run_dir: str | None = None
    overwrite: bool = False

    def __post_init__(self) -> None:
        for name, least in {"seeds": 1, "num_samples": 0}.items():
            if getattr(self, name) < least:
                raise UserError(f"`{name}` must be >= {least}, got {getattr(self, name)}")
        if self.seeds > _MOST_SEEDS:
            raise UserError(f"`seeds` must be at most {_MOST_SEEDS:,}, got {self.seeds:,}: split the sweep by `seed`")
        if not 0 <= self.seed <= 2**32 - self.seeds:
            raise UserError(f"`seed` must lie between 0 and 2**32 - seeds, got {self.seed}")
