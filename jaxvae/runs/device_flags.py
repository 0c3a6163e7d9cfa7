"""The devices that train, as flags say them."""

import dataclasses

from jaxvae.errors import UserError
from jaxvae.training.mesh import DATA, MODEL


@dataclasses.dataclass(frozen=True)
class DeviceFlags:
    """The devices that train: their number changes results by rounding alone, and may differ with --resume.

    Args:
        mesh: data=N spreads each batch over N groups of devices; data=N,model=M cuts wide parameters into M parts, one
            on each device of a group. By default one device.
        coordinator: address:port of the first process, if several train together; `auto` if the cluster states it
            (Slurm, TPU pods).
        num_processes: how many processes train together; needed with an address.
        process_id: number of this process, from 0; needed with an address.
    """

    mesh: str | None = None
    coordinator: str | None = None
    num_processes: int | None = None
    process_id: int | None = None

    def __post_init__(self) -> None:
        self.sizes()
        if self.coordinator is not None and self.mesh is None:
            raise UserError("--coordinator needs --mesh, the devices of all processes: add --mesh data=N")
        has_address = self.coordinator not in (None, "auto")
        for name in ("num_processes", "process_id"):
            if has_address and getattr(self, name) is None:
                raise UserError(
                    f"--coordinator {self.coordinator} needs --num_processes and --process_id, got no --{name}"
                )
            if not has_address and getattr(self, name) is not None:
                raise UserError(f"--{name} is for --coordinator address:port, got --coordinator {self.coordinator}")
        if has_address and self.process_id not in range(self.num_processes or 0):
            raise UserError(
                f"--process_id must be one of the --num_processes {self.num_processes}, counted from 0, got "
                f"{self.process_id}"
            )

    def sizes(self) -> dict[str, int]:
        """The sizes of the mesh by axis, empty for one device.

        Raises:
            UserError: unless it reads like data=4 or data=4,model=2.
        """
        sizes: dict[str, int] = {}
        for part in [] if self.mesh is None else self.mesh.split(","):
            name, _, size = part.strip().partition("=")
            if name not in (DATA, MODEL) or name in sizes or not size.isdecimal() or int(size) < 1:
                raise UserError(f"--mesh must read like data=4 or data=4,model=2, got {self.mesh!r}")
            sizes[name] = int(size)
        return sizes
