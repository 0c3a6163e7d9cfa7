"""The installed command: jaxvae train, evaluate, sweep and prepare."""

import importlib
import sys
from pathlib import Path

from jaxvae.cli.completion import SHELLS, completion_script
from jaxvae.cli.flags import run_script
from jaxvae.errors import UserError, nearest
from jaxvae.version import __version__

COMMANDS = {
    "train": "train a VAE, evaluate it and leave a run directory",
    "evaluate": "score the best checkpoint of a run on its test set",
    "sweep": "train every combination of the values of flags as one program",
    "prepare": "prepare a named data set once, from local files or from the network",
}

_PRINT_COMPLETION = "--print_completion"


def usage() -> str:
    """The commands, a line each."""
    lines = [f"  jaxvae {name:9} {about}" for name, about in COMMANDS.items()]
    ends = ["", f"completion in a shell: jaxvae {_PRINT_COMPLETION} {'|'.join(SHELLS)}"]
    return "\n".join(["usage: jaxvae COMMAND [flags]; jaxvae COMMAND --help says more", "", *lines, *ends])


def main() -> None:
    """Run the command that the first word names."""
    run_script(_run)


def _run() -> None:
    words = sys.argv[1:]
    if not words or words[0] in ("", "-h", "--help", "help"):
        print(usage())
        return
    if words[0] in ("-V", "--version"):
        print(f"jaxvae {__version__}")
        return
    if words[0].partition("=")[0] == _PRINT_COMPLETION:
        shell = words[0].partition("=")[2] or "".join(words[1:2])
        parsers = {name: importlib.import_module(f"jaxvae.commands.{name}").make() for name in COMMANDS}
        print(completion_script("jaxvae", shell, parsers))
        return
    if words[0] not in COMMANDS:
        hint = nearest(words[0], COMMANDS)
        raise UserError(f"the command must be one of {', '.join(COMMANDS)}; got {words[0]!r}{hint}")
    called = "python -m jaxvae.commands" if Path(sys.argv[0]).name == "__main__.py" else "jaxvae"
    sys.argv = [f"{called} {words[0]}", *words[1:]]
    importlib.import_module(f"jaxvae.commands.{words[0]}").main()
