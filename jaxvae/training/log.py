"""The record of a run: one line of JSON an epoch, and TensorBoard events."""

import json
from pathlib import Path
from types import TracebackType
from typing import Self

from jaxvae.training.fit import Epoch


class MetricsLog:
    """Appends epochs to `metrics.jsonl` and TensorBoard event files; on resume, later epochs are cut off first."""

    def __init__(self, run_dir: Path, resume_at_epoch: int = 0) -> None:
        from tensorboardX import SummaryWriter

        path = run_dir / "metrics.jsonl"
        kept = read_metrics(run_dir)[:resume_at_epoch] if resume_at_epoch else []
        path.write_text("".join(json.dumps(record) + "\n" for record in kept), encoding="utf-8")
        self._lines = path.open("a", encoding="utf-8")
        next_step = kept[-1]["step"] + 1 if kept else None
        self._events = SummaryWriter(str(run_dir), purge_step=next_step)

    def write(self, epoch: Epoch, steps: int) -> None:
        """Append one epoch of `steps` steps."""
        step = int(epoch.state.step)
        record = {
            "epoch": int(epoch.state.epoch),
            "step": step,
            "train": epoch.train,
            "validation": epoch.validation,
            "seconds": round(epoch.seconds, 4),
            "steps_per_second": round(steps / epoch.seconds, 1),
        }
        self._lines.write(json.dumps(record) + "\n")
        self._lines.flush()
        for split, metrics in (("train", epoch.train), ("validation", epoch.validation)):
            for name, value in metrics.items():
                self._events.add_scalar(f"{split}/{name}", value, step)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._lines.close()
        self._events.close()


def read_metrics(run_dir: Path) -> list[dict]:
    """The epochs of `metrics.jsonl`, in order; a half-written last line is left out."""
    path = run_dir / "metrics.jsonl"
    if not path.is_file():
        return []
    return [
        json.loads(line) for line in path.read_text(encoding="utf-8").splitlines(keepends=True) if line.endswith("\n")
    ]
