"""What the default flags give: about 350 runs of 2,000 steps on 13 data sets, beside PyTorch and a trivial model.

python scripts/check_defaults.py --data_folder DATA          # all of it: hours; continues after a stop
python scripts/check_defaults.py --only "digits prior"       # the cases whose name contains the text
python scripts/check_defaults.py --only "mnist L64" --again  # once more, though there are figures already
python scripts/check_defaults.py --sample                    # ten quick ones; exit code 1 if one is not as it should be
python scripts/check_defaults.py --write                     # docs/defaults.md from docs/defaults/*.json

digits, MNIST, Fashion-MNIST, wine and cancer need no data folder. DATA holds the others: omniglot/, cifar10_subset/,
kodak_tiles64/, scrna/, hivae/ and binary_density/. A case without its data is skipped, and the table says so.
"""

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

import jax
from defaults.cases import Case, grid, sample
from defaults.data import AbsentError, Data, load_data
from defaults.document import Results
from defaults.explanations import explanation
from defaults.measure import describe, measure
from defaults.page import page
from defaults.peers import peer_of, train_peer
from defaults.verdict import FAILED, OK, SKIPPED, verdict

from jaxvae.cli.flags import run_script
from jaxvae.errors import UserError

ROOT = Path(__file__).resolve().parent.parent
FOLDER, PAGE = ROOT / "docs" / "defaults", ROOT / "docs" / "defaults.md"
_LONGEST_REASON = 300  # characters of an error in a row


class Loader:
    """Data sets of the grid, the last one kept: cases of one data set mostly follow each other."""

    def __init__(self, folder: Path | None, scratch: Path) -> None:
        self.folder, self.scratch = folder, scratch
        self.name, self.data = "", None

    def __call__(self, name: str) -> Data:
        """The data of that name.

        Raises:
            AbsentError: if they are missing.
        """
        if self.name != name or self.data is None:
            self.name, self.data = name, load_data(name, self.folder, self.scratch)
        return self.data


def run_case(case: Case, load: Loader, results: Results, with_peers: bool) -> dict[str, Any]:
    """The result of one case; a mistake is written down and ends this case alone."""
    row: dict[str, Any] = {"section": case.section, "flags": " ".join(case.flags), "steps_asked": case.steps}
    try:
        subject = describe(case, load(case.data))
        row |= measure(case, subject)
        peer = peer_of(subject.setup.training) if with_peers else None
        if peer is not None:
            row["peer"] = key = peer.key(case.data, case.seed, subject.epochs)
            if key not in results.peers:
                results.peers[key] = train_peer(peer, subject, case.seed)
    except AbsentError as reason:
        return {**row, SKIPPED: str(reason)}
    except Exception as error:  # after any error, the other cases are wanted
        lines = str(error).splitlines() or [""]
        reason = lines[0] if isinstance(error, UserError) else f"{type(error).__name__}: {lines[0]}"
        return {**row, FAILED: reason[:_LONGEST_REASON]}
    finally:
        jax.clear_caches()
    return row


def run(cases: list[Case], load: Loader, results: Results, with_peers: bool) -> list[str]:
    """Run cases one after the other, a line each; returns their verdicts."""
    start, verdicts = time.perf_counter(), []
    for number, case in enumerate(cases, start=1):
        results.add(case.name, run_case(case, load, results, with_peers))
        result = results.cases[case.name]
        peer = results.peers.get(result.get("peer"))
        verdicts.append(verdict(result, peer))
        left = (time.perf_counter() - start) / number * (len(cases) - number) / 60
        print(f"[{number}/{len(cases)}] {case.name}: {_line(result, peer)}; {left:.0f} minutes left", flush=True)
    return verdicts


def _line(result: dict[str, Any], peer: dict[str, Any] | None) -> str:
    said = verdict(result, peer)
    if "elbo" not in result:
        return f"{said}: {result[said]}"
    beside = "" if peer is None else f", peer {peer['elbo']:.1f} ({peer['active']} active)"
    figures = f"{result['elbo']:.1f} ± {result['error']:.1f}, {result['active']} active"
    figures += f", baseline {result['baseline']:.1f}{beside}"
    return f"{figures}: {said}, {result['seconds']:.0f} s"


def write() -> None:
    """Write the page from what there is."""
    empty = {"cases": {}, "peers": {}}
    documents = [FOLDER / f"{name}.json" for name in ("before", "after")]
    before, after = (json.loads(path.read_text()) if path.is_file() else empty for path in documents)
    PAGE.write_text(page(before, after, explanation, [case.name for case in grid()]))


def main() -> None:
    """Run what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data_folder", type=Path, help="where data are that the library cannot fetch")
    parser.add_argument("--output", type=Path, default=FOLDER / "after.json", help="JSON file of the results")
    parser.add_argument("--only", default="", help="text that the names of cases must contain")
    parser.add_argument("--again", action="store_true", help="run cases that have figures already, too")
    parser.add_argument("--steps", type=int, help="of every case, in place of its own")
    parser.add_argument("--no_peers", action="store_true", help="leave PyTorch out")
    parser.add_argument("--sample", action="store_true", help="a few quick cases, kept nowhere")
    parser.add_argument("--list", action="store_true", help="print the names of the cases")
    parser.add_argument("--write", action="store_true", help="write docs/defaults.md")
    flags = parser.parse_args()
    if flags.write:
        return write()
    cases = [case for case in (sample() if flags.sample else grid()) if flags.only in case.name]
    if flags.steps is not None:
        cases = [case._replace(steps=flags.steps) for case in cases]
    if not cases:
        raise UserError(f"--only must be part of a case's name, got {flags.only!r}: --list shows them")
    if flags.list:
        return print("\n".join(case.name for case in cases))
    with tempfile.TemporaryDirectory() as scratch:
        if jax.config.jax_compilation_cache_dir is None:  # so that a second seed compiles nothing
            jax.config.update("jax_compilation_cache_dir", f"{scratch}/jax")
        load = Loader(flags.data_folder, Path(scratch))
        if flags.sample:
            verdicts = run(cases, load, Results(Path(scratch) / "sample.json"), with_peers=False)
            sys.exit(any(said != OK for said in verdicts))
        results = Results(flags.output)
        todo = [case for case in cases if flags.again or not results.has(case.name)]
        print(f"{len(todo)} of {len(cases)} cases to run", flush=True)
        run(todo, load, results, with_peers=not flags.no_peers)
    return None


if __name__ == "__main__":
    run_script(main)
