"""Import paths such as my_module.MyPrior: what lies there, and one line that says why nothing does."""

import importlib.util
import pkgutil
import sys
import traceback
from pathlib import Path
from types import ModuleType
from typing import Any

from jaxvae.errors import UserError, nearest

FROM_USERS_CODE = (Exception, SystemExit)  # a file that ends the process on import, as scripts do, is a mistake, too


def imported(path: str, who: str) -> Any:
    """The object at an import path.

    Args:
        path: names joined by dots; the first ones name a module.
        who: what takes the path, as the message names it (an option or a field).

    Raises:
        UserError: if there is no such module, if the module has no such name, or if its code raises an exception or
            ends the process.

    >>> imported("math.pi", "`number`")
    3.141592653589793
    >>> imported("math.sqr", "`number`")
    Traceback (most recent call last):
    jaxvae.errors.UserError: `number` looked for math.sqr, but the module math has no 'sqr' (did you mean sqrt or ...?)
    """
    first, *rest = path.split(".")
    found: Any = _module(first, path, who)
    if found is None:
        known = {module.name for module in pkgutil.iter_modules([str(Path.cwd())])}
        raise UserError(
            f"{who} found no module '{first}' for {path}{nearest(first, known)}: start in the folder of its file, or "
            f"install its package"
        )
    where = first
    for name in rest:
        if not _has(found, name, path, who) and isinstance(found, ModuleType) and hasattr(found, "__path__"):
            _module(f"{where}.{name}", path, who)  # a module within a package becomes an attribute of it
        if not _has(found, name, path, who):
            kind = "module" if isinstance(found, ModuleType) else "object"
            raise UserError(f"{who} looked for {path}, but the {kind} {where} has no {name!r}{_near(found, name)}")
        found, where = getattr(found, name), f"{where}.{name}"
    return found


def _has(owner: Any, name: str, path: str, who: str) -> bool:
    """Whether an object has an attribute.

    Raises:
        UserError: if the code that makes the attribute raises an exception, as a lazy module may.
    """
    try:
        return hasattr(owner, name)
    except FROM_USERS_CODE as error:
        raise UserError(f"{who} looked for {path}, but reading {name!r} raised {raised(error)}: mend it") from error


def exists(path: str) -> bool:
    """Whether there is a module of the first name of an import path; nothing is imported.

    >>> exists("math.pi"), exists("no_such_module.pi")
    (True, False)
    """
    first = path.partition(".")[0]
    return first in sys.modules or importlib.util.find_spec(first) is not None


def _module(name: str, path: str, who: str) -> ModuleType | None:
    """The module of that name, None where there is none.

    Raises:
        UserError: if the code of the module raises an exception, or ends the process.
    """
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name == name:
            return None
        raise UserError(f"{who} looked for {path}, but importing {name} raised {raised(error)}: mend it") from error
    except FROM_USERS_CODE as error:
        raise UserError(f"{who} looked for {path}, but importing {name} raised {raised(error)}: mend it") from error


def _near(owner: Any, name: str) -> str:
    """The names of an object that are near to one that it lacks, those of modules within a package included."""
    known = {known for known in dir(owner) if not known.startswith("_")}
    known |= {module.name for module in pkgutil.iter_modules(getattr(owner, "__path__", []))}
    return nearest(name, known)


def raised(error: BaseException) -> str:
    """An exception of a user's code in one line: its type, its message, and the file and line that raised it.

    The line is the last one outside of installed packages, as far as there is one.

    >>> try:
    ...     int("x")
    ... except ValueError as error:
    ...     raised(error).split(" (")[0]
    "ValueError: invalid literal for int() with base 10: 'x'"
    """
    text = f"{type(error).__name__}: {' '.join(str(error).split())}".removesuffix(": ")
    if isinstance(error, SyntaxError) and error.filename is not None:
        return f"{type(error).__name__}: {error.msg} ({_short(error.filename)}:{error.lineno})"
    others = ("<frozen", "<string>", str(Path(__file__).parent), str(Path(importlib.__file__).parent))
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if not frame.filename.startswith(others)]
    python = str(Path(traceback.__file__).parent)
    own = [frame for frame in frames if not frame.filename.startswith(python) and "site-packages" not in frame.filename]
    return next((f"{text} ({_short(frame.filename)}:{frame.lineno})" for frame in (own or frames)[-1:]), text)


def _short(file: str) -> str:
    """A path from the current folder where it lies within."""
    path, here = Path(file), Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)


def with_current_folder() -> None:
    """Make the modules of the current folder importable, for scripts and for the installed command."""
    if str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))
