"""Run one block of work for a GPU, which ends by itself within nine minutes and leaves result.json.

python scripts/gpu_block.py --list                            # all blocks, in order of value
python scripts/gpu_block.py parity --out out                  # one; again with the same folder, it goes on
python scripts/gpu_block.py iwae_50 --out out --small         # a rehearsal: a few steps, on a CPU, too
python scripts/gpu_block.py parity --on_cpu                   # docs/gpu_blocks/parity_on_cpu.json, to compare with
python scripts/gpu_block.py --write                           # docs/gpu_blocks.md from docs/gpu_blocks/*.json

scripts/on_gpu.sh does so on a machine without network.
"""

import argparse
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")  # a training runs beside this process, and PyTorch

import jax
from gpu.block import FOLDER, ROOT, SECONDS, Block, Settings, sources_hash
from gpu.blocks import BLOCKS
from gpu.page import page
from gpu.parity import ON_CPU, figures

from jaxvae.cli.flags import run_script
from jaxvae.data.cache import cache_folder, data_folder
from jaxvae.errors import UserError, nearest
from jaxvae.evaluation.provenance import commit_of_the_code
from jaxvae.hardware import describe_hardware

PAGE = ROOT / "docs" / "gpu_blocks.md"
_GIB = 2**30


def check_device(block: Block) -> None:
    """Check that there is a GPU, and one that is large enough.

    Raises:
        UserError: if not, saying by how much.
    """
    device = jax.devices()[0]
    if device.platform != "gpu":
        raise UserError(
            f"{block.name} needs a GPU that JAX sees, got a {device.platform.upper()}: install jax[cuda13], or "
            f"rehearse with --small"
        )
    limit = (device.memory_stats() or {}).get("bytes_limit", 0) / _GIB
    if 0 < limit < block.gigabytes:
        raise UserError(
            f"{block.name} needs a GPU with {block.gigabytes:.0f} GiB of free memory, got {limit:.1f} GiB on "
            f"{device.device_kind}, {block.gigabytes - limit:.1f} GiB too few: take a larger one"
        )


def check_data(block: Block) -> None:
    """Check that the data sets of a block are prepared.

    Raises:
        UserError: if not.
    """
    for name in block.data:
        folder = cache_folder(name, data_folder(None))
        if not folder.is_dir():
            raise UserError(
                f"{block.name} needs the data set {name} as arrays, got no folder {folder}: name it in --data of "
                f"scripts/offline_bundle.py"
            )


def check_state(block: Block, settings: Settings) -> None:
    """Check that what the folder holds is of this block, and say so for the next call.

    Raises:
        UserError: if it is of another block, or of a rehearsal.
    """
    path = settings.state / "block.json"
    ours = {"block": block.name, "small": settings.small}
    if path.is_file() and (found := json.loads(path.read_text())) != ours:
        rehearsal = " in small" if found["small"] else ""
        raise UserError(
            f"--out must be new or of {block.name}, got {settings.out} with {found['block']}{rehearsal}: name another"
        )
    path.write_text(json.dumps(ours) + "\n")


def _commit() -> str | None:
    """Of the code, which the bundle says where no git is; whether it has been changed since."""
    commit = os.environ.get("JAXVAE_COMMIT")
    if commit is None:
        return commit_of_the_code()
    return commit if os.environ.get("JAXVAE_SOURCES") == sources_hash() else f"{commit} and changes"


def run(block: Block, settings: Settings) -> None:
    """Run it and write result.json."""
    check_state(block, settings)
    start = time.perf_counter()

    def write(result: dict[str, Any]) -> dict[str, Any]:
        document = {
            "block": block.name,
            "about": block.about,
            "small": settings.small,
            "seconds": time.perf_counter() - start,
            "hardware": describe_hardware(),
            "commit": _commit(),
            "jax": jax.__version__,
            **result,
        }
        (settings.out / "result.json").write_text(json.dumps(document, indent=1) + "\n")
        return document

    write({"done": False})  # stays where the machine goes away in the middle
    result = block.run(settings)
    document = write(result)
    if code := result.get("exit_code"):
        raise UserError(f"the training of {block.name} must end with 0, got {code}: see its lines above")
    print(f"{block.name}: {'done' if result['done'] else 'cut off'} after {document['seconds']:.0f} s", flush=True)


def main() -> None:
    """Run a block, or list them, or write what they are compared with, or the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("block", nargs="?", help="its name")
    parser.add_argument("--out", type=Path, help="folder of its result (default: gpu_blocks/BLOCK)")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="after which it must have ended")
    parser.add_argument("--small", action="store_true", help="a rehearsal: a few steps, also on a CPU")
    parser.add_argument("--list", action="store_true", help="name all blocks")
    parser.add_argument("--on_cpu", action="store_true", help="of parity: write the figures of this machine's CPU")
    parser.add_argument("--write", action="store_true", help="write docs/gpu_blocks.md")
    flags = parser.parse_args()
    if flags.list:
        print("\n".join(f"{block.name:20} {block.about}" for block in BLOCKS.values()))
        return
    if flags.write:
        PAGE.write_text(page())
        return
    if flags.block not in BLOCKS:
        got = f"{flags.block!r}{nearest(flags.block, BLOCKS)}" if flags.block else "none"
        raise UserError(f"the block must be one of {', '.join(BLOCKS)}; got {got}")
    if not 0 < flags.seconds <= SECONDS:
        raise UserError(f"--seconds must be > 0 and <= {SECONDS:g}, got {flags.seconds:g}")
    if flags.on_cpu:
        if flags.block != "parity" or jax.default_backend() != "cpu":
            raise UserError(f"--on_cpu is for parity on a CPU, got {flags.block} on a {jax.default_backend().upper()}")
        FOLDER.mkdir(exist_ok=True)
        made_by = {"hardware": describe_hardware(), "jax": jax.__version__}
        ON_CPU.write_text(json.dumps({**made_by, "figures": figures()}, indent=1) + "\n")
        return
    block = BLOCKS[flags.block]
    if not flags.small:
        check_device(block)
    check_data(block)
    out = flags.out or Path("gpu_blocks") / block.name
    run(block, Settings(out.resolve(), flags.seconds, flags.small))


if __name__ == "__main__":
    run_script(main)
