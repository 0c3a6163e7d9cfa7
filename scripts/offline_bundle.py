"""Pack what a machine without network needs beside the repository: wheels of what it lacks, and data sets.

python scripts/offline_bundle.py --out bundle --has has.txt --python 3.12
python scripts/offline_bundle.py --out bundle --has has.txt --data mnist binarized_mnist

has.txt names what is installed there already, a package a line, as `pip list --format=freeze` prints it there. A
package of a version that the project does not take counts as absent; a name without a version is believed.
Data sets must have been prepared here (scripts/prepare_data.py). scripts/on_gpu.sh unpacks the bundle and runs a block.
"""

import argparse
import json
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import tomllib
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from gpu.block import sources_hash
from packaging.requirements import Requirement

from jaxvae.cli.flags import run_script
from jaxvae.data import load
from jaxvae.data.cache import cache_folder, data_folder
from jaxvae.errors import UserError
from jaxvae.evaluation.provenance import commit_of_the_code

ROOT = Path(__file__).resolve().parent.parent
MOST_MEGABYTES = 45
NOT_NEEDED = {"tensorflow-datasets", "importlib-resources"}  # the bundle has the arrays that these would make
PLATFORMS = [f"manylinux{version}_x86_64" for version in ("_2_28", "_2_27", "_2_24", "_2_17", "2014", "1")]


def canonical(requirement: str) -> str:
    """The name of a package as indexes write it.

    >>> canonical("jsonargparse[signatures]>=4.49"), canonical("tensorboardX==2.6")
    ('jsonargparse', 'tensorboardx')
    """
    name = re.split(r"[\[<>=!~; @]", requirement.strip(), maxsplit=1)[0]
    return re.sub(r"[-_.]+", "-", name).lower()


def requirements() -> list[str]:
    """What the project asks for, but for what prepares data."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return [one for one in project["dependencies"] if canonical(one) not in NOT_NEEDED]


def pip(*arguments: str) -> str:
    """The output of a pip command.

    Raises:
        UserError: with pip's last line if it fails.
    """
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", *arguments]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        lines = done.stderr.strip().splitlines() or ["no reason"]
        last = lines[-1].removeprefix("ERROR: ")
        raise UserError(f"pip {arguments[0]} must find wheels for that Python, got: {last}")
    return done.stdout


def for_python(version: str) -> list[str]:
    """pip's options for the wheels of another machine: Linux on x86-64, with that Python."""
    platforms = [option for name in PLATFORMS for option in ("--platform", name)]
    return ["--only-binary=:all:", "--python-version", version, "--implementation", "cp", *platforms]


def installed(text: str) -> set[str]:
    """The packages of has.txt, without those of a version that the project does not take, which are printed."""
    pairs = (line.strip().partition("==") for line in text.splitlines() if line.strip())
    has = {canonical(name): version for name, _, version in pairs}
    for one in map(Requirement, requirements()):
        version = has.get(canonical(one.name))
        if version and not one.specifier.contains(version, prereleases=True):
            print(f"{one.name} {version} is there, and the project takes {one.specifier}: the bundle brings another")
            del has[canonical(one.name)]
    return set(has)


def missing(has: set[str], python: str) -> list[str]:
    """`name==version` of every package that is needed there and is not there, dependencies included."""
    with tempfile.TemporaryDirectory() as nowhere:
        options = ["--dry-run", "--ignore-installed", "--quiet", "--report", "-", "--target", nowhere]
        report: dict[str, Any] = json.loads(pip("install", *options, *for_python(python), *requirements()))
    found = {one["metadata"]["name"]: one["metadata"]["version"] for one in report["install"]}
    return [f"{name}=={version}" for name, version in sorted(found.items()) if canonical(name) not in has]


def sources(scratch: Path) -> Path:
    """A copy of the package, so that building leaves nothing here. The wheel gives the version; the checkout is run."""
    shutil.copytree(ROOT / "jaxvae", scratch / "sources" / "jaxvae")
    for name in ("pyproject.toml", "README.md"):
        shutil.copy(ROOT / name, scratch / "sources" / name)
    return scratch / "sources"


def pack(name: str, data_dir: Path, out: Path) -> None:
    """The arrays of one prepared set, compressed.

    Raises:
        UserError: if it was not prepared here.
    """
    load(name, data_dir)  # writes the arrays where only the records are there
    folder = cache_folder(name, data_dir)
    if not folder.is_dir():
        return  # digits come with scikit-learn
    with tarfile.open(out / f"{folder.name}.tar.xz", "w:xz") as archive:
        archive.add(folder, arcname=folder.name)


def main() -> None:
    """Write the folder, or nothing."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="folder to write")
    parser.add_argument("--has", type=Path, required=True, help="file that names the packages there, one a line")
    parser.add_argument("--python", default="3.12", help="version of the Python there")
    parser.add_argument("--data", nargs="*", default=["mnist", "binarized_mnist"], help="data sets, prepared here")
    parser.add_argument("--data_dir", type=Path, help="where they are (default: $JAXVAE_DATA_DIR or ~/.cache/jaxvae)")
    flags = parser.parse_args()
    if flags.out.exists():
        raise UserError(f"--out must be a folder that does not exist yet, got {flags.out}: remove it, or name another")
    if not flags.has.is_file():
        raise UserError(f"--has must be a file that names packages, got {flags.has}: write it by pip list there")
    if not re.fullmatch(r"3\.(1[1-9]|[2-9]\d)", flags.python):
        raise UserError(f"--python must be a version of Python from 3.11 on, such as 3.12, got {flags.python}")
    has = installed(flags.has.read_text())
    data_dir = data_folder(flags.data_dir)
    with tempfile.TemporaryDirectory() as scratch:
        bundle = Path(scratch) / "bundle"
        (bundle / "wheels").mkdir(parents=True)
        (bundle / "data").mkdir()
        lacking = missing(has, flags.python)
        if lacking:
            pip("download", "--no-deps", *for_python(flags.python), "--dest", str(bundle / "wheels"), *lacking)
        pip("wheel", "--no-deps", "--wheel-dir", str(bundle / "wheels"), str(sources(Path(scratch))))
        for name in flags.data:
            pack(name, data_dir, bundle / "data")
        manifest = {
            "python": flags.python, "wheels": lacking, "data": flags.data, "commit": commit_of_the_code(),
            "sources": sources_hash(),
        }  # fmt: skip
        (bundle / "manifest.json").write_text(json.dumps(manifest, indent=1) + "\n")
        megabytes = sum(path.stat().st_size for path in bundle.rglob("*") if path.is_file()) / 1e6
        if megabytes > MOST_MEGABYTES:
            files = sorted((path for path in bundle.rglob("*") if path.is_file()), key=lambda path: path.stat().st_size)
            largest = ", ".join(f"{path.name} with {path.stat().st_size / 1e6:.0f} MB" for path in files[:-4:-1])
            raise UserError(
                f"a bundle must have at most {MOST_MEGABYTES} MB, got {megabytes:.0f} MB, the largest {largest}: name "
                f"more packages in --has, or fewer sets in --data"
            )
        shutil.move(bundle, flags.out)
    print(f"{flags.out}: {megabytes:.1f} MB, {len(lacking)} wheels, data {', '.join(flags.data) or 'none'}")


if __name__ == "__main__":
    run_script(main)
