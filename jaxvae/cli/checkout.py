"""A script of a checkout must run the package of that checkout, and not another version that is installed."""

import re
import sys
from pathlib import Path

import jaxvae
from jaxvae.errors import UserError


def check_checkout() -> None:
    """Check that the package is of the version that lies beside the script that was started.

    Raises:
        UserError: with both versions and where the package came from.
    """
    script = getattr(sys.modules["__main__"], "__file__", None)
    beside = Path(script).resolve().parent.parent / "jaxvae" / "version.py" if script else None
    if beside is None or not beside.is_file():
        return
    found = re.search(r"__version__ = \"(.+)\"", beside.read_text(encoding="utf-8"))
    if found is not None and found[1] != jaxvae.__version__:
        raise UserError(
            f"{script} is of jaxvae {found[1]} and needs that version, got {jaxvae.__version__} from "
            f"{Path(jaxvae.__file__).parent}: run pip install -e . in {beside.parent.parent}"
        )
