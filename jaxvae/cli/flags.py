"""Flags straight from the dataclasses, and errors of one line."""

import dataclasses
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn, get_args, get_type_hints

from jsonargparse import ArgumentError, ArgumentParser, DefaultHelpFormatter, Namespace

from jaxvae.cli.components import FAMILIES, components_page
from jaxvae.cli.explain import explain
from jaxvae.errors import UserError

_DEEPEST = 5  # levels of components within components that flags can reach
USER_ERROR, INTERRUPTED = 2, 130  # exit codes


class _Formatter(DefaultHelpFormatter):
    """Keeps the lines of the page of components."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        return text if text.startswith("components") else super()._fill_text(text, width, indent)


def make_parser(description: str, *, with_components: bool = False) -> ArgumentParser:
    """A parser whose errors are one line each; `with_components` ends `--help` with the page of components."""
    asked_for_help = with_components and any(flag in sys.argv for flag in ("-h", "--help"))
    epilog = components_page() if asked_for_help else None
    return ArgumentParser(
        description=description, epilog=epilog, formatter_class=_Formatter, exit_on_error=False, allow_abbrev=False
    )


def parse(parser: ArgumentParser, argv: Sequence[str] | None = None) -> Namespace:
    """Parse and check flags and `--config` files.

    Raises:
        UserError: one line with what was expected, what came and the nearest names, or for a file that is no text.
    """
    if str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))  # --prior my_module.MyPrior finds the user's file where they stand
    try:
        words = _with_joined_numbers(_with_bare_switches(parser, sys.argv[1:] if argv is None else argv))
        return _parse(parser, words)
    except ArgumentError as error:
        raise UserError(explain(str(error), parser)) from error
    except (UnicodeDecodeError, OSError) as error:
        raise UserError(f"--config must be a YAML file, got one that cannot be read: {error}") from error


def _parse(parser: ArgumentParser, argv: Sequence[str]) -> Namespace:
    """Parse again and again: jsonargparse gives a component that is chosen the defaults of the one that it replaces.

    Where the two share the name of an option, `--encoder GatedMLP` would be as wide as an MLP is by default. So each
    pass finds which components are chosen, one level deeper than the last, and in the next they are the defaults
    themselves, until nothing changes. What is said in a flag or a configuration stays. The first pass leaves options
    out: `--objective.schedule.steps 9` must meet the schedule of the objective that is chosen.
    """
    flags = [flag for flag in FAMILIES if "." not in flag and any(action.dest == flag for action in parser._actions)]
    defaults = {flag: Namespace(parser.get_default(flag)).as_dict() for flag in flags}
    chosen: dict[str, Any] = {}
    try:
        for depth in range(_DEEPEST + 1):
            parsed = parser.parse_args(argv) if depth else _parse_choices(parser, argv)
            if depth and chosen == {flag: _choice(parsed[flag], _DEEPEST) for flag in flags}:
                return parsed
            chosen = {flag: _choice(parsed[flag], depth) for flag in flags}
            parser.set_defaults(chosen)
        return parser.parse_args(argv)
    finally:
        parser.set_defaults(defaults)


def _parse_choices(parser: ArgumentParser, argv: Sequence[str]) -> Namespace:
    try:
        return parser.parse_args(_without_options(argv))
    except ArgumentError:  # an option that has no default
        return parser.parse_args(argv)


def _choice(component: Namespace, depth: int) -> dict[str, Any]:
    """Which class a component is, and `depth` levels down those within it that are of another class than by default."""
    choice: dict[str, Any] = {"class_path": component.class_path}
    if depth > 0:
        chosen = _class(component)
        fields = dataclasses.fields(chosen) if dataclasses.is_dataclass(chosen) else ()  # if not, it is refused later
        defaults = {field.name: type(field.default) for field in fields}
        within = {}
        for name, part in vars(component.get("init_args", Namespace())).items():
            if isinstance(part, Namespace) and "class_path" in part:
                inner = _choice(part, depth - 1)
                if "init_args" in inner or _class(part) is not defaults.get(name):
                    within[name] = inner
        choice |= {"init_args": within} if within else {}
    return choice


def _class(component: Namespace) -> type:
    module, _, name = component.class_path.rpartition(".")
    return getattr(import_module(module), name)


def _with_bare_switches(parser: ArgumentParser, argv: Sequence[str]) -> list[str]:
    """`--resume` alone means `--resume true`."""
    switches = {flag for action in parser._actions if _is_switch(action) for flag in action.option_strings}
    arguments: list[str] = []
    for index, word in enumerate(argv):
        has_value = index + 1 < len(argv) and not argv[index + 1].startswith("--")
        arguments += [word, "true"] if word in switches and not has_value else [word]
    return arguments


def _with_joined_numbers(words: Sequence[str]) -> list[str]:
    """`--objective.alpha -1e30` as `--objective.alpha=-1e30`: by itself such a number is taken for a flag.

    >>> _with_joined_numbers(["--objective.alpha", "-1e30", "--epochs", "3"])
    ['--objective.alpha=-1e30', '--epochs', '3']
    """
    joined: list[str] = []
    for word in words:
        if joined and joined[-1].startswith("--") and "=" not in joined[-1] and is_negative_number(word):
            joined[-1] += f"={word}"
        else:
            joined.append(word)
    return joined


def is_negative_number(word: str) -> bool:
    """Whether a word is a value and not a flag, though it starts with a minus."""
    try:
        return word.startswith("-") and float(word) <= 0.0
    except ValueError:
        return False


def _without_options(words: Sequence[str]) -> list[str]:
    """The words without options of components and their values: `--prior Vamp` stays, `--prior.num_components 9` goes.

    >>> _without_options(["--prior", "Vamp", "--prior.num_components", "9", "--epochs", "3"])
    ['--prior', 'Vamp', '--epochs', '3']
    """
    kept: list[str] = []
    is_kept = True
    for word in words:
        if word.startswith("--"):
            is_kept = "." not in word.split("=")[0]
        kept += [word] if is_kept else []
    return kept


def _is_switch(action: Any) -> bool:
    return getattr(action, "_typehint", None) is bool


def construct(parser: ArgumentParser, flags: Namespace) -> dict[str, Any]:
    """The values of all flags, components built from their descriptions.

    Raises:
        UserError: if a component refuses a value.
    """
    try:
        return dict(vars(parser.instantiate(flags)))
    except UserError:
        raise
    except (ArgumentError, ValueError) as error:  # of a component within a union jsonargparse raises the bare error
        raise UserError(explain(str(error), parser)) from error


def pick(cls: type, values: dict[str, Any], **fixed: Any) -> Any:
    """Build a dataclass from those of `values` that are its fields, and `fixed`.

    Raises:
        UserError: for a null where a value is needed, or whatever the class refuses.
    """
    names = {field.name for field in dataclasses.fields(cls)}
    for name, annotation in get_type_hints(cls).items():
        if name in names and values.get(name, ...) is None and type(None) not in get_args(annotation):
            raise UserError(f"--{name} needs a value, got null: leave it out for its default")
    return cls(**{name: value for name, value in values.items() if name in names and name not in fixed}, **fixed)


def run_script(main: Callable[[], None]) -> NoReturn:
    """Run a script: a mistake of the user's is one line on stderr and exit code 2, without a traceback."""
    try:
        main()
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.unraisablehook = lambda unraisable: None  # a checkpoint half read complains on the way out
        sys.exit(USER_ERROR)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        sys.exit(INTERRUPTED)
    sys.exit(0)
