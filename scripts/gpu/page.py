"""docs/gpu_blocks.md: which blocks have run, on what, and which come next."""

import json
from typing import Any

from gpu.block import FOLDER, Block
from gpu.blocks import BLOCKS
from gpu.configurations import config_of
from jaxvae.errors import UserError

_INTRODUCTION = """# Blocks for a GPU

Written by `python scripts/gpu_block.py --write` from the JSON files of docs/gpu_blocks. A block is work for one GPU. It
ends by itself within nine minutes. On a machine without network:

    pip list --format=freeze > has.txt                                            # there, once
    python scripts/prepare_data.py mnist                                          # here, once; binarized_mnist, too
    python scripts/offline_bundle.py --out bundle --has has.txt --python 3.12     # here, with the version there
    sh scripts/on_gpu.sh bundle BLOCK out                                         # there; --help says more

out/ then holds result.json and log.txt. To keep a result, copy it to docs/gpu_blocks/BLOCK.json. A block that was cut
off leaves out/run.tar.gz.aa and maybe more parts: put them into the bundle as BLOCK.tar.gz.aa and so on, and the next
call goes on from there. The length of a training, its draws for log p(x) and the rise of the weight of the KL are
chosen to fit. Blocks that have not run are listed in order of value.
"""


def results() -> dict[str, dict[str, Any]]:
    """Of the blocks that have run, by name."""
    paths = {name: FOLDER / f"{name}.json" for name in BLOCKS}
    found = {name: json.loads(path.read_text()) for name, path in paths.items() if path.is_file()}
    for name, result in found.items():
        if result["small"] or result["block"] != name:
            raise UserError(f"{paths[name]} must be a result of {name} in full, got {result['block']}: remove it")
    return found


def page() -> str:
    """The whole page."""
    found = results()
    ran = [_row_of_result(BLOCKS[name], result) for name, result in found.items()]
    waiting = [f"| {block.name} | {block.about} | {_aim(block)} | {_published(block)} |" for block in BLOCKS.values()
               if block.name not in found]  # fmt: skip
    parts = [_INTRODUCTION, "## Have run", ""]
    if ran:
        parts += ["| block | figures | aim | published | epochs here, of the configuration | hardware | commit |",
                  "|---|---|---|---|---|---|---|", *ran]  # fmt: skip
    else:
        parts.append("None yet.")
    if "benchmark" in found:
        parts += ["", *_speed(found["benchmark"])]
    parts += ["", "## Next", ""]
    parts += ["| block | what it shows | aim | published |", "|---|---|---|---|", *waiting] if waiting else ["None."]
    return "\n".join(parts) + "\n"


def _row_of_result(block: Block, result: dict[str, Any]) -> str:
    epochs = f"{result['epochs']:,}, {result['epochs_of_the_configuration']:,}" if "epochs" in result else "–"
    if "warmup_steps_of_the_KL" in result:
        steps = (result["warmup_steps_of_the_KL"], result["warmup_steps_of_the_configuration"])
        epochs += "; warm-up of the KL {:,}, {:,} steps".format(*steps)
    cells = (
        block.name,
        _figures(result),
        _aim(block, result),
        _published(block),
        epochs,
        result["hardware"],
        (result["commit"] or "–")[:7],
    )
    return f"| {' | '.join(cells)} |"


def _aim(block: Block, result: dict[str, Any] | None = None) -> str:
    """−log p(x) to reach, and by how much it was missed."""
    if block.aim is None:
        return "–"
    if result is None or "log_marginal" not in result:
        return f"{block.aim}"
    excess = -result["log_marginal"]["value"] - block.aim
    return f"{block.aim}: {f'missed by {excess:.2f}' if excess > 0 else 'met'}"


def _figures(result: dict[str, Any]) -> str:
    if not result["done"]:
        return "cut off, goes on"
    if "log_marginal" in result:
        log_p = result["log_marginal"]
        draws = f"{result['num_samples']:,} draws"
        return f"−log p(x) {-log_p['value']:.2f} ± {log_p['standard_error']:.2f} nats by {draws}"
    if "checks" in result:
        close = [check["ok"] for check in result["checks"]["highest"].values()]
        off = ", ".join(result["off_at_default_precision"]) or "none"
        test_set = "the same" if result["same_dynamic_test_set"] else "ANOTHER"
        return (
            f"{sum(close)} of {len(close)} figures as on a CPU, {test_set} dynamic test set; figures that differ at "
            f"the default precision of products: {off}"
        )
    return f"{len(result['tasks'])} tasks, below"


def _speed(result: dict[str, Any]) -> list[str]:
    """A table of all tasks, with the fastest of the PyTorch contenders."""
    rows = []
    for task in result["tasks"].values():
        seconds = {name: contender["seconds"] for name, contender in task["contenders"].items()}
        theirs = [value for name, value in seconds.items() if name.startswith("PyTorch")]
        for name, ours in seconds.items():
            if not name.startswith("jaxvae"):
                continue
            peer = (f"{min(theirs):.3g}", f"{min(theirs) / ours:.2f}") if theirs else ("–", "–")
            shares = ("share_of_peak", "share_of_bandwidth") if name == "jaxvae" else ()
            limits = [f"{task[share]:.0%}" if share in task else "–" for share in shares] or ["–", "–"]
            title = task["title"] + name.removeprefix("jaxvae")
            rows.append(f"| {' | '.join((title, f'{ours:.3g}', *peer, *limits))} |")
    return [
        "Of the benchmark, with shares of the products and of the copies per second that the same GPU reached.",
        "An epoch of jaxvae is one program; PyTorch launches each operation, also where torch.compile joins some.",
        "`step by step` calls the program of one step as often.",
        "",
        "| task | jaxvae [s] | PyTorch [s] | PyTorch / jaxvae | of peak | of bandwidth |",
        "|---|---|---|---|---|---|",
        *rows,
    ]


def _published(block: Block) -> str:
    """What the configuration says was published."""
    path = config_of(block.name)
    lines = path.read_text().splitlines() if path.is_file() else []
    return next((line.removeprefix("# published: ") for line in lines if line.startswith("# published: ")), "–")
