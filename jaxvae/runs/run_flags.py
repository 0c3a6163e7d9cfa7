"""A run and where it is kept, as flags say it."""

from dataclasses import dataclass

from jaxvae.errors import UserError
from jaxvae.runs.code_density import CodeDensity


@dataclass(frozen=True)
class RunFlags:
    """The run and its folder.

    Args:
        seed: number from which everything random in the run follows, the first parameters included.
        num_samples: importance samples an example for the final log p(x) [samples]; by default 100 to 5,000, chosen so
            that they cost less than the training; 0 leaves it out.
        code_density: for an objective without a density (Autoencoder, WAE, RAE, …), the density of samples.png: a
            `normal`, a `mixture` of 10 normals or a `flow`, fitted to codes of training examples, or the `prior`; by
            default a `normal`.
        run_dir: folder to write; by default runs/<data>-<number>, with the next free number.
        overwrite: replace the run in `run_dir`.
        resume: continue the run in `run_dir` from its last checkpoint.
        init_from: folder of another run; its best parameters are used if their names and shapes agree.
        profile: record the second epoch of this training in `run_dir`/profile, for TensorBoard or Perfetto.
    """

    seed: int = 0
    num_samples: int | None = None
    code_density: CodeDensity | None = None
    run_dir: str | None = None
    overwrite: bool = False
    resume: bool = False
    init_from: str | None = None
    profile: bool = False

    def __post_init__(self) -> None:
        if self.num_samples is not None and self.num_samples < 0:
            raise UserError(f"`num_samples` must be >= 0, got {self.num_samples}")
        if not 0 <= self.seed < 2**32:
            raise UserError(f"`seed` must lie between 0 and 2**32 - 1, got {self.seed}")
        if self.overwrite and self.resume:
            raise UserError("`overwrite=True` starts again and `resume=True` continues, got both: leave one out")
        if self.overwrite and self.run_dir is not None and self.run_dir == self.init_from:
            raise UserError(
                f"`overwrite=True` would delete {self.init_from}, which `init_from` names: take another `run_dir`"
            )
