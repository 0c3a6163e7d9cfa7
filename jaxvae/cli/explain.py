"""Messages for the shell: what the flag parser says in one line, and options of the library as flags."""

import ast
import inspect
import re
import shlex
from collections.abc import Iterator
from typing import Any

from jsonargparse import ArgumentParser

from jaxvae.calls import incomplete
from jaxvae.cli.linen_fields import linen_fields
from jaxvae.errors import did_you_mean, nearest
from jaxvae.import_path import imported
from jaxvae.networks import Network
from jaxvae.runs.components import FAMILIES, choices, options


def explain(message: str, parser: ArgumentParser) -> str:
    """Turn a message of jsonargparse into one line."""
    text = " ".join(message.split())
    if match := re.search(r"unrecognized arguments: (\S+)", text):
        name = match[1].split("=")[0]
        if not name.startswith("--"):
            return f"flags look like --name value, got {name!r}: see --help"
        known = known_flags(parser)
        namesakes = sorted(flag for flag in known if flag.rsplit(".", 1)[-1] == name.removeprefix("--"))
        hint = f" (did you mean {' or '.join(namesakes[:2])}?)" if namesakes else nearest(name, known)
        return f"unknown flag {name}{hint}: see --help"
    if match := re.search(r"argument (--\S+): expected (?:one|at least one) argument", text):
        return f"{match[1]} needs a value, got none: write {match[1]} VALUE, see --help"
    # of "a component or nothing" the component's own error counts, which must be the last
    none = "<class 'NoneType'>"
    nothing = rf"Subtypes: \[(.*<class 'jaxvae.*), {none}\] Errors: (- .*) (- Expected a {none})"
    text = re.sub(nothing, rf"Subtypes: [{none}, \1] Errors: \3 \2", text)
    # of "a number or a component" (a temperature or its schedule) the component's own complaint is the one that counts
    union = r"Does not validate against any of the Union subtypes Subtypes: \[.*<class 'jaxvae.*?\] Errors: - .*? - "
    takes_number = re.search(union, text) is not None and "NoneType" not in text
    if match := re.search(union + r"Expected an instantiatable class.*NestedArg\(key='(\w+)'", text):
        flag = ".".join(re.findall(r'Parser key "([\w.]+)"(?: element \d+)?:', text))
        kind = "" if takes_number else f", since no {flag} is named"
        return f"--{flag} has no option {match[1]!r} yet{kind}: {_owners(flag, FAMILIES[flag], match[1])}"
    text = re.sub(union + r"(.*) Given value type: .*$", r"\1", text)
    flag = ".".join(re.findall(r'Parser key "([\w.]+)"(?: element \d+)?:', text))
    family = FAMILIES.get(flag)
    if match := re.search(r"Expected a dot import path string: (.+)$", text):
        known = did_you_mean(match[1], choices(family)) if family else "see --help"
        wanted = "a number, a component's name" if takes_number else "a component's name"
        return f"--{flag} takes {wanted} or the import path of a class of yours, got {match[1]!r}: {known}"
    if match := re.search(r"Expected an instantiatable class, but (\S+) is abstract", text):
        return incomplete(imported(match[1], f"--{flag}"), f"--{flag} {match[1]}")
    if match := re.search(r"No module named (.+)$", text):
        known = f" ({', '.join(choices(family))})" if family else ""
        return f"--{flag} found no module {match[1]}: start in its folder, or take one of the library's{known}"
    if match := re.search(r"Option '([\w.]+)' is not accepted", text):
        owner = re.findall(r"class_path '([\w.]+)'", text)
        if family is None or not owner:
            return f"unknown option {match[1]!r} in the configuration{nearest(match[1], _keys(parser))}: see --help"
        name = owner[-1].rsplit(".", 1)[-1]
        if name not in choices(family):
            own = _own_options(owner[-1])
            has = f"its options are {', '.join(own)}" if own else "it has none"
            return f"--{flag} {name} has no option {match[1]!r}{nearest(match[1], own)}: {has}"
        return f"--{flag} {name} has no option {match[1]!r}: {_owners(flag, family, match[1], name)}"
    if match := re.search(r"Import path (\S+) does not correspond to a subclass of (\w+)", text):
        base = f"{family.__module__.rsplit('.', 1)[0]}.{family.__name__}" if family else match[2]
        linen = " or a Linen module" if family is Network else ""
        return f"--{flag} takes a class derived from {base}{linen}, got {match[1]}, which is not: derive it"
    if flag and (match := re.search(r"the following arguments are required: (\w+)", text)):
        return f"--{flag} needs an option: add --{flag}.{match[1]}, see --help"
    if match := re.search(r"Unexpected config: *(.*)$", text):
        return f"--config must be a YAML file of lines 'flag: value', got {match[1] or 'an empty one'!r}: see --help"
    # of several types the whole list counts, not the error of the first one
    for pattern in (r"Subtypes: \[(.+)\] Errors: .* Given value: (.*)$", r"Expected an? (.+?)\. Got value: (.*)$"):
        if match := re.search(pattern, text):
            wanted = _readable(match[1], is_finite=match[2].strip("+-").lower() in ("nan", "inf"))
            return f"--{flag} must be {wanted}; got {match[2]!r}{_nearest_choice(match[2], match[1])}"
    text = re.sub(r'Parser key "[\w.]+": ', "", text)
    text = re.sub(r"Problem with given class_path '[\w.]+': ", "", text)
    return f"--{flag}: {text}: see --help" if flag else f"{text}: see --help"


def with_flags(message: str, values: dict[str, Any]) -> str:
    """Name the flag instead of the class and its field: `MLP.hidden_gain must be …` becomes `--encoder.hidden_gain …`.

    Args:
        message: the error of a component.
        values: the flags as dictionaries; components have `class_path` and `init_args`.

    >>> normal = {"class_path": "jaxvae.likelihoods.Normal", "init_args": {"scale": -1.0}}
    >>> with_flags("Normal.scale must be > 0, got -1.0", {"likelihood": normal})
    '--likelihood.scale must be > 0, got -1.0'
    """
    match = re.match(r"(\w+)\.(\w+)(?= (?:must|needs|is) )", message)
    if match is None:
        return message
    found = list(_of_class(values, match[1], match[2]))
    culprits = [flag for flag, value in found if f"got {_as_said(value)}" in message] or [flag for flag, _ in found]
    return " or ".join(culprits) + message[match.end() :] if culprits else message


_flags: dict[str, bool] = {}  # of the parsers that this process has used, and whether each is a switch, on by itself
_values: dict[str, Any] = {}  # of those flags, as dictionaries, once the components are built
_NOT_COMPONENTS = ("VAE", "Training", "Optimizer", "Preprocessing")  # their fields are flags themselves
_ALTERNATIVES = re.compile(r"(--[\w.]+) (\S+(?: or (?!--)\S+)*) or \1 (?=\S)")  # `--prior A or --prior B`
_OTHER_NAMES = {"source": "from"}  # argument → flag, where a flag's name is a word of Python's


def remember_flags(parser: ArgumentParser) -> None:
    """Let `as_flags` know the flags of a parser."""
    _flags.update({action.dest: getattr(action, "_typehint", None) is bool for action in parser._actions})


def remember_values(values: dict[str, Any]) -> None:
    """Let `as_flags` know the values of all flags; components have `class_path` and `init_args`."""
    _values.clear()
    _values.update(values)


def as_flags(message: str) -> str:
    """A message of the library as the shell says it: each option in backquotes becomes the flag that the user types.

    An option is a name whose first part is a flag of this process, alone or with a value in Python. Any other
    text in backquotes stays.

    Args:
        message: "take `prior=Vamp(num_components=9)`, or lower `batch_size`".

    Returns:
        "take --prior Vamp --prior.num_components 9, or lower --batch_size".
    """
    message = with_flags(message, _values)
    match = re.match(rf"({'|'.join(_NOT_COMPONENTS)})\.(\w+)(?= (?:must|needs|is) )", message)
    if match and match[2] in _flags:
        message = f"--{match[2]}{message[match.end() :]}"
    message = re.sub("`([^`]+)`", lambda found: _as_flag(found[1]) or found[0], message)
    while message != (shorter := _ALTERNATIVES.sub(r"\1 \2 or ", message)):
        message = shorter
    return message


def _as_flag(code: str) -> str | None:
    """`name`, `a.b='x'` or `name=Value(option=1)` as flags; None for code that is no option of this process."""
    try:
        statement = ast.parse(code).body[0]
    except SyntaxError:
        return None
    if isinstance(statement, ast.Assign):
        target, value = statement.targets[0], statement.value
    elif isinstance(statement, ast.Expr):
        target, value = statement.value, None
    else:
        return None
    name = ast.unparse(target)
    name = _OTHER_NAMES.get(name, name)
    if not re.fullmatch(r"[a-z_]\w*(\.\w+)*", name) or name.split(".")[0] not in _flags:
        return None
    if value is None or (isinstance(value, ast.Constant) and value.value is True and _flags.get(name)):
        return f"--{name}"
    return " ".join(_words(name, value))


def _words(flag: str, value: ast.expr) -> Iterator[str]:
    """A flag and its value, and then those of the options of a component."""
    if isinstance(value, ast.Call):
        yield f"--{flag} {ast.unparse(value.func)}"
        for option in value.keywords:
            yield from _words(f"{flag}.{option.arg}", option.value)
    else:
        yield f"--{flag} {_typed(value)}"


def _typed(value: ast.expr) -> str:
    """A value of Python as it is typed in a shell."""
    if isinstance(value, ast.List | ast.Tuple):
        parts = [str(part.value) if isinstance(part, ast.Constant) else ast.unparse(part) for part in value.elts]
        return shlex.quote(f"[{','.join(parts)}]")
    if not isinstance(value, ast.Constant):
        return ast.unparse(value)
    if value.value is None:
        return "null"
    return str(value.value).lower() if isinstance(value.value, bool) else shlex.quote(str(value.value))


def _as_said(value: Any) -> str:
    """A value as a message says it: a component by the name of its class."""
    return value["class_path"].rsplit(".", 1)[-1] if isinstance(value, dict) and "class_path" in value else repr(value)


def _of_class(values: dict[str, Any], name: str, field: str, prefix: str = "--") -> Iterator[tuple[str, Any]]:
    """Flags of a field of components of the class `name`, and their values, at any depth."""
    for flag, value in values.items():
        if not isinstance(value, dict):
            continue
        options = value.get("init_args", {})
        if str(value.get("class_path")).rsplit(".", 1)[-1] == name and field in options:
            yield f"{prefix}{flag}.{field}", options[field]
        yield from _of_class(options, name, field, f"{prefix}{flag}.")


def _owners(flag: str, family: type, option: str, name: str | None = None) -> str:
    """The components of the family that have the option, else the options of the named one, else all options."""
    chosen = choices(family).get(name or "")
    own = sorted(options(chosen)) if chosen else []
    if hint := nearest(option, own):
        return f"its options are {', '.join(own)}{hint}"
    owners = [name for name, cls in choices(family).items() if option in options(cls)]
    if owners:
        return f"it is one of {', '.join(owners)}, so say --{flag} {owners[0]} first"
    if chosen:
        return f"its options are {', '.join(own)}" if own else "it has none"
    known = sorted({name for cls in choices(family).values() for name in options(cls)})
    return did_you_mean(option, known) if known else f"no --{flag} of the library has options"


def _own_options(path: str) -> list[str]:
    """The options of a user's class; `parent` and `name` of a module of Linen are none."""
    cls = imported(path, "--")
    return [name for name in inspect.signature(cls).parameters if name not in linen_fields(cls)]


_IN_WORDS = {
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "tuple": "a list such as '[200, 200]'",
}


def _readable(expected: str, *, is_finite: bool = False) -> str:
    """Types as a reader says them.

    >>> _readable("<class 'float'>, typing.Literal['a', 'b'], <class 'NoneType'>")
    'a number or one of a, b'
    """
    words = []
    for name, literals in re.findall(r"(?:<class ')?([\w.]+)(?:'>)?(?:\[([^\]]*)\])?", expected):
        name = name.rsplit(".", 1)[-1]
        if name == "Literal":
            words.append(("one of " if "," in literals else "") + literals.replace("'", ""))
        elif name != "NoneType":
            words.append(_IN_WORDS.get(name, name))
    return " or ".join(words).replace("a number", "a finite number" if is_finite else "a number")


def _nearest_choice(value: str, expected: str) -> str:
    return nearest(value, re.findall(r"'(\w+)'", expected)) if "Literal" in expected else ""


def _keys(parser: ArgumentParser) -> set[str]:
    return {flag.removeprefix("--") for flag in known_flags(parser)}


def known_flags(parser: ArgumentParser) -> set[str]:
    """Every flag that the parser knows, including those of the library's components."""
    own = {flag for action in parser._actions for flag in action.option_strings if flag.startswith("--")}
    nested = {
        f"--{flag}.{option}"
        for flag, family in FAMILIES.items()
        if f"--{flag.split('.')[0]}" in own
        for cls in choices(family).values()
        for option in options(cls)
    }
    return {flag for flag in own | nested if not flag.endswith(".help")}
