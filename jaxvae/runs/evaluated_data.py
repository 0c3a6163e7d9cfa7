"""Whether a run is scored on its own data or on others, and which file the figures go to."""

from pathlib import Path

from jaxvae.data import Dataset
from jaxvae.runs.data import changed_splits, check_same_data, describe_data
from jaxvae.runs.folder import EVALUATION
from jaxvae.runs.reporter import SILENT, Reporter


def file_for_data(run_dir: Path, dataset: Dataset, *, may_differ: bool = False, reporter: Reporter = SILENT) -> str:
    """`evaluation.json` for the data of the run; for others a name with the start of their test set's hash.

    Args:
        run_dir: of the run.
        dataset: what is to be scored.
        may_differ: whether other data than the run's are meant.
        reporter: is warned of other data.

    Raises:
        UserError: if data differ and must not, or have examples of another shape.
    """
    data = describe_data(dataset)
    if not may_differ:
        check_same_data(run_dir, data, "give `data` with the old ones, or with these to score them all the same")
        return EVALUATION
    changed = changed_splits(run_dir, data)
    if not changed:
        return EVALUATION
    file = f"evaluation-{data['sha256']['test'][:8]}.json"
    what = f"other {', '.join(changed)} examples than the run's"
    reporter.warning(f"{what}: the model may have been trained on some; the figures are written to {file}")
    return file
