"""Flags straight from the dataclasses, and errors of one line."""

import dataclasses
import functools
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from types import UnionType
from typing import Any, NoReturn, Union, get_args, get_origin, get_type_hints

from jsonargparse import ArgumentError, ArgumentParser, DefaultHelpFormatter, Namespace

from jaxvae.cli.call_help import call_help
from jaxvae.cli.call_options import CALLED, add_call_options, without_call_options
from jaxvae.cli.check_paths import check_import_paths
from jaxvae.cli.checkout import check_checkout
from jaxvae.cli.described import own_defaults
from jaxvae.cli.explain import as_flags, explain, remember_flags, remember_values, with_flags
from jaxvae.cli.linen_fields import drop_linen_fields
from jaxvae.cli.short_help import short_help
from jaxvae.cli.surroundings import Terminated, explained, prepared
from jaxvae.cli.words import (
    check_configurations,
    configurations_first,
    with_bare_switches,
    with_joined_numbers,
    with_lists,
    without_options,
)
from jaxvae.errors import SurroundingsError, UserError
from jaxvae.exit_codes import INTERRUPTED, SURROUNDINGS, TERMINATED, USER_ERROR
from jaxvae.fast import is_fast
from jaxvae.import_path import with_current_folder
from jaxvae.runs.components import FAMILIES, choices, components_page

_PRINT = "--print_config"
_DEEPEST = 5  # levels of components within components that flags can reach


class _Formatter(DefaultHelpFormatter):
    """Keeps the lines of the page of components."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        return text if text.startswith("components") else super()._fill_text(text, width, indent)


def make_parser(description: str, *, with_components: bool = False) -> ArgumentParser:
    """A parser whose errors are one line each; `with_components` has a short `--help`, and a long one `--help all`."""
    epilog = components_page() if with_components and _help_of(sys.argv) == "all" else None
    return ArgumentParser(
        description=description, epilog=epilog, formatter_class=_Formatter, exit_on_error=False, allow_abbrev=False
    )


def _help_of(words: Sequence[str]) -> str | None:
    """`all` for `--help all`, `short` for `--help` alone, None if no help is requested."""
    found = [index for index, word in enumerate(words) if word in ("-h", "--help")]
    if not found:
        return None
    return "all" if list(words[found[0] + 1 : found[0] + 2]) == ["all"] else "short"


def parse(parser: ArgumentParser, argv: Sequence[str] | None = None) -> Namespace:
    """Parse and check flags and `--config` files; a flag overrides a file at any place.

    With `--print_config` the whole configuration of the run is printed, and nothing is trained.

    Raises:
        UserError: one line with what was expected, what came and the nearest names, or for a file that is not text.
    """
    words = sys.argv[1:] if argv is None else list(argv)
    remember_flags(parser)
    if (wanted := _help_of(words)) is not None:
        print(short_help(parser) if _has(parser, "prior") and wanted == "short" else parser.format_help())
        sys.exit(0)
    with_current_folder()  # --prior my_module.MyPrior finds the user's file where they stand
    try:
        words = with_bare_switches(words, _switches(parser))
        words = configurations_first(with_joined_numbers(words))
        check_configurations(words)
        called = [flag for flag in CALLED if _has(parser, flag)]
        if (text := call_help(words, called)) is not None:
            print(text)
            sys.exit(0)
        words, options = without_call_options(words, called)
        _check_no_options(parser, words)
        check_import_paths(words)
        is_printed = any(word.split("=")[0] == _PRINT for word in words)
        flags = _parse(parser, [word for word in words if word.split("=")[0] != _PRINT])
    except ArgumentError as error:
        raise UserError(explain(str(error), parser)) from error
    except (UnicodeDecodeError, OSError) as error:
        raise UserError(f"--config must be a YAML file, got one that cannot be read: {error}") from error
    add_call_options(flags, options)
    drop_linen_fields(flags)
    if is_printed:
        construct(parser, flags)  # a value that a component refuses is not printed
        flags.pop("config", None)
        print(parser.dump(flags, skip_unset=False), end="")
        sys.exit(0)
    return flags


def _check_no_options(parser: ArgumentParser, words: Sequence[str]) -> None:
    """Check that no option is given to a flag that takes a plain value.

    Raises:
        UserError: naming both.
    """
    for word in words:
        name = word.split("=")[0]
        flag = name.removeprefix("--").split(".")[0]
        if name.startswith("--") and "." in name and flag not in FAMILIES and _has(parser, flag):
            fix = "write them as 'my_module.my_group(option=3)'" if flag == "metrics" else f"take --{flag} alone"
            raise UserError(f"--{flag} takes no options as flags, got {name}: {fix}")


def _has(parser: ArgumentParser, flag: str) -> bool:
    return any(action.dest == flag for action in parser._actions)


def _parse(parser: ArgumentParser, argv: Sequence[str]) -> Namespace:
    """Parse again and again: jsonargparse gives a component that is chosen the defaults of the one that it replaces.

    Where the two share the name of an option, `--encoder GatedMLP` would be as wide as an MLP is by default. So each
    pass finds which components are chosen, one level deeper than the last, and in the next they are the defaults
    themselves, until nothing changes. Values of flags and configurations stay. The first pass leaves options
    out: `--objective.schedule.steps 9` must meet the schedule of the objective that is chosen.
    """
    lists = {action.dest for action in parser._actions if _is_list(getattr(action, "_typehint", None))}
    flags = [flag for flag in FAMILIES if "." not in flag and _has(parser, flag)]
    defaults = {flag: _as_dict(parser.get_default(flag)) for flag in flags}
    argv = with_lists(argv, lambda flag: flag in lists)
    chosen: dict[str, Any] = {}
    try:
        for depth in range(_DEEPEST + 1):
            parsed = parser.parse_args(argv) if depth else _parse_choices(parser, argv)
            if depth == 0:
                named = [parsed[flag] for flag in flags if parsed[flag] is not None]
                argv = with_lists(argv, _takes_list(tuple(_class(component) for component in named)))
            if depth and chosen == {flag: _choice(parsed[flag], _DEEPEST) for flag in flags}:
                return parsed
            chosen = {flag: _choice(parsed[flag], depth) for flag in flags}
            parser.set_defaults(chosen)
        return parser.parse_args(argv)
    finally:
        parser.set_defaults(defaults)


def _parse_choices(parser: ArgumentParser, argv: Sequence[str]) -> Namespace:
    try:
        return parser.parse_args(without_options(argv))
    except ArgumentError:  # an option that has no default
        return parser.parse_args(argv)


def _as_dict(default: Any) -> dict[str, Any] | None:
    return None if default is None else Namespace(default).as_dict()


def _choice(component: Namespace | None, depth: int) -> dict[str, Any] | None:
    """The class of a component, and to a depth of `depth` the classes within it that are not the default ones.

    None for a component that is left to the data.
    """
    if component is None:
        return None
    choice: dict[str, Any] = {"class_path": component.class_path}
    if depth > 0:
        chosen = _class(component)
        fields = dataclasses.fields(chosen) if dataclasses.is_dataclass(chosen) else ()  # if not, it is refused later
        defaults = {field.name: type(field.default) for field in fields}
        within = {}
        for name, part in vars(component.get("init_args", Namespace())).items():
            if isinstance(part, Namespace) and "class_path" in part:
                inner = _choice(part, depth - 1) or {}
                is_another = _class(part) is not defaults.get(name)
                if "init_args" in inner or is_another:
                    own = own_defaults(_class(part)) if is_another else {}  # else it keeps those of what it replaces
                    within[name] = inner | {"init_args": own | inner.get("init_args", {})}
        choice |= {"init_args": within} if within else {}
    return choice


def _class(component: Namespace) -> type:
    module, _, name = component.class_path.rpartition(".")
    return getattr(import_module(module), name)


@functools.cache  # a sweep parses once for each of its members
def _takes_list(own: tuple[type, ...]) -> Callable[[str], bool]:
    """Whether an option of a component is a list, by its name, in the library's components and in `own`."""
    classes = {*own, *(cls for family in set(FAMILIES.values()) for cls in choices(family).values())}
    kinds: dict[str, set[bool]] = {}
    for cls in classes:
        try:
            hints = get_type_hints(cls)
        except NameError:  # of a user's class, whose types only a type checker knows: its lists are typed as [1, 2]
            continue
        for name, annotation in hints.items():
            kinds.setdefault(name, set()).add(_is_list(annotation))
    return lambda flag: "." in flag and kinds.get(flag.rsplit(".", 1)[-1]) == {True}


def _is_list(annotation: Any) -> bool:
    types = get_args(annotation) if get_origin(annotation) in (Union, UnionType) else (annotation,)
    return any(get_origin(one) in (tuple, list) for one in types)


def _switches(parser: ArgumentParser) -> set[str]:
    return {flag for action in parser._actions if _is_switch(action) for flag in action.option_strings}


def _is_switch(action: Any) -> bool:
    return getattr(action, "_typehint", None) is bool


def construct(parser: ArgumentParser, flags: Namespace) -> dict[str, Any]:
    """The values of all flags, components built from their descriptions.

    Raises:
        UserError: if a component refuses a value.
    """
    remember_values(flags.as_dict())
    try:
        return dict(vars(parser.instantiate(flags)))
    except UserError as error:
        raise UserError(with_flags(str(error), flags.as_dict())) from error
    except (ArgumentError, ValueError) as error:  # of a component within a union jsonargparse raises the bare error
        raise UserError(with_flags(explain(str(error), parser), flags.as_dict())) from error


def pick(cls: type, values: dict[str, Any], **fixed: Any) -> Any:
    """Build a dataclass from those of `values` that are its fields, and `fixed`.

    Raises:
        UserError: for a null where a value is needed, or a value that the class refuses.
    """
    names = {field.name for field in dataclasses.fields(cls)}
    for name, annotation in get_type_hints(cls).items():
        if name in names - set(fixed) and values.get(name, ...) is None and type(None) not in get_args(annotation):
            raise UserError(f"--{name} needs a value, got null: leave it out for its default")
    try:
        return cls(**{name: value for name, value in values.items() if name in names and name not in fixed}, **fixed)
    except UserError as error:
        message = str(error)
        owner = f"{cls.__name__}."
        raise UserError(f"--{message.removeprefix(owner)}" if message.startswith(owner) else message) from error


def run_script(main: Callable[[], None]) -> NoReturn:
    """Run a script; an error of the user or of the machine is one line on stderr, without a traceback.

    Exit codes: 0; 2 for a mistake of the user; 3 for a failure of the surroundings (disk, memory, device, network);
    128 + n after signal n (130: Ctrl-C, 143: SIGTERM); 1 for a defect of the library, with its traceback.
    """
    with prepared():
        sys.exit(_code_of(main))


def _code_of(main: Callable[[], None]) -> int:
    try:
        is_fast()  # of a wrong value every command says so at its start
        check_checkout()
        main()
    except UserError as error:
        return _fail(error)
    except KeyboardInterrupt as error:
        is_terminated = isinstance(error, Terminated)
        print("terminated" if is_terminated else "interrupted", file=sys.stderr)
        return TERMINATED if is_terminated else INTERRUPTED
    except Exception as error:
        if (known := explained(error)) is None:
            raise
        return _fail(known)
    return 0


def _fail(error: UserError) -> int:
    print(f"error: {as_flags(str(error))}", file=sys.stderr)
    sys.unraisablehook = lambda unraisable: None  # a half-read checkpoint prints errors at exit
    return SURROUNDINGS if isinstance(error, SurroundingsError) else USER_ERROR
