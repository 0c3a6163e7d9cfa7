"""Write the figures of README.md, between its markers, from the JSON files of docs/.

python scripts/write_readme.py
"""

import json
import re
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
START, END = "<!-- figures -->\n", "<!-- /figures -->"


def _read(path: str) -> dict[str, Any]:
    return json.loads((ROOT / "docs" / path).read_text(encoding="utf-8"))


def learned_prior() -> str:
    """What a learned prior gains over the standard normal, the rest being equal."""
    names = ("swap_vamp", "swap_standard_normal")
    vamp, normal = (_read(f"results/{name}.json")["log_marginal"] for name in names)
    error = (vamp["standard_error"] ** 2 + normal["standard_error"] ** 2) ** 0.5
    return (
        f"- **A swap can pay.** On MNIST the prior `Vamp` with 500 components gains "
        f"{vamp['value'] - normal['value']:.1f} ± {error:.1f} nats of log p(x) over the standard normal "
        f"([results](docs/results.md))."
    )


def many_models() -> str:
    """How much faster one sweep is than as many processes."""
    document = _read("benchmarks/many_models.json")
    contenders = document["tasks"]["many_models"]["contenders"]
    cores = document["hardware"].split(", ")[1].split(" (")[0]
    ratio = contenders["16 processes of train.py, 2 at once"]["over_first"]
    return (
        f"- **Sweeps are one program.** On {cores} of a CPU 16 seeds take {ratio:.1f} times as long in 16 processes "
        f"as in one sweep ([benchmarks](docs/benchmarks.md))."
    )


def against_pytorch() -> str:
    """How much faster an epoch of IWAE is than in PyTorch, on a GPU."""
    document = _read("gpu_blocks/benchmark.json")
    contenders = document["tasks"]["gpu_iwae"]["contenders"]
    gpu = document["hardware"].split(",")[0]
    peer = min(result["seconds"] for name, result in contenders.items() if name.startswith("PyTorch"))
    return (
        f"- **An epoch is one program.** On {gpu} an epoch of IWAE with 50 draws takes PyTorch "
        f"{peer / contenders['jaxvae']['seconds']:.1f} times as long as jaxvae "
        f"([blocks for a GPU](docs/gpu_blocks.md))."
    )


def figures() -> str:
    """The three lines with a figure."""
    return "\n".join([learned_prior(), many_models(), against_pytorch()])


def page() -> str:
    """The README with its figures."""
    text = README.read_text(encoding="utf-8")
    return re.sub(f"{START}.*?{END}", lambda _: f"{START}{figures()}\n{END}", text, flags=re.DOTALL)


if __name__ == "__main__":
    README.write_text(page(), encoding="utf-8")
