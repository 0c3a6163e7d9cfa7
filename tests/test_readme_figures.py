"""The figures of the README are those of the JSON files, and of the pages that these files make."""

import re
from types import ModuleType

import pytest

from tests.conftest import ROOT, module_of_script

README = (ROOT / "README.md").read_text()
LINES = README.split("<!-- figures -->\n")[1].split("<!-- /figures -->")[0].strip().splitlines()


@pytest.fixture(scope="module")
def write_readme() -> ModuleType:
    return module_of_script("scripts/write_readme.py")


def cells(page: str, start: str, section: str = "") -> list[str]:
    """The cells of the row of a page that starts so, in a section or anywhere."""
    text = (ROOT / "docs" / page).read_text()
    row = next(line for line in text[text.index(section) :].splitlines() if line.startswith(start))
    return [cell.strip() for cell in row.strip("|").split("|")]


def test_they_are_those_of_the_files(write_readme: ModuleType) -> None:
    assert write_readme.page() == README, "run python scripts/write_readme.py"
    assert len(LINES) == 3


def test_the_gain_of_a_prior_is_that_of_the_page_of_results() -> None:
    match = re.search(r"gains (.*) ± (.*) nats", LINES[0])
    assert match is not None
    rows = [
        cells("results.md", f"| Prior {name}, posterior DiagonalNormal") for name in ("Vamp(500)", "StandardNormal")
    ]
    (vamp, vamp_error), (normal, normal_error) = (map(float, row[2].split(" ± ")) for row in rows)
    assert float(match[1]) == pytest.approx(vamp - normal, abs=0.07)  # both are rounded
    assert float(match[2]) == pytest.approx((vamp_error**2 + normal_error**2) ** 0.5, abs=0.07)


def test_the_gain_of_a_sweep_is_that_of_the_page_of_benchmarks() -> None:
    match = re.search(r"On (.*) of a CPU 16 seeds take (.*) times as long", LINES[1])
    assert match is not None
    row = cells("benchmarks.md", "| 16 processes of train.py", section="## 16 models of the main command")
    assert float(match[2]) == pytest.approx(float(row[2]), abs=0.06)
    assert f"1 cpu, {match[1]} (" in (ROOT / "docs" / "benchmarks.md").read_text()


def test_the_ratio_to_pytorch_is_that_of_the_page_of_gpu_blocks() -> None:
    match = re.search(r"On (.*) an epoch of IWAE with 50 draws takes PyTorch (.*) times as long", LINES[2])
    assert match is not None
    assert float(match[2]) == pytest.approx(float(cells("gpu_blocks.md", "| IWAE(50), 784")[3]), abs=0.06)
    assert match[1] in cells("gpu_blocks.md", "| benchmark |")[5]
