"""One line out of what the flag parser says: what was expected, what came, and the nearest names."""

import re
from collections.abc import Iterator
from typing import Any

from jsonargparse import ArgumentParser

from jaxvae.errors import did_you_mean, nearest
from jaxvae.runs.components import FAMILIES, choices, options


def explain(message: str, parser: ArgumentParser) -> str:
    """Turn a message of jsonargparse into one line."""
    text = " ".join(message.split())
    if match := re.search(r"unrecognized arguments: (\S+)", text):
        name = match[1].split("=")[0]
        if not name.startswith("--"):
            return f"flags look like --name value, got {name!r}: see --help"
        known = _flags(parser)
        namesakes = sorted(flag for flag in known if flag.rsplit(".", 1)[-1] == name.removeprefix("--"))
        hint = f" (did you mean {' or '.join(namesakes[:2])}?)" if namesakes else nearest(name, known)
        return f"unknown flag {name}{hint}: see --help"
    if match := re.search(r"argument (--\S+): expected (?:one|at least one) argument", text):
        return f"{match[1]} needs a value, got none: write {match[1]} VALUE, see --help"
    # of "a component or nothing" the component's own complaint counts, which is to be the last
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
    if match := re.search(r"No module named (.+)$", text):
        known = f" ({', '.join(choices(family))})" if family else ""
        return f"--{flag} found no module {match[1]}: start where the file lies, or take one of the library's{known}"
    if match := re.search(r"Option '([\w.]+)' is not accepted", text):
        owner = re.findall(r"class_path '([\w.]+)'", text)
        if family is None or not owner:
            return f"unknown option {match[1]!r} in the configuration{nearest(match[1], _keys(parser))}: see --help"
        name = owner[-1].rsplit(".", 1)[-1]
        return f"--{flag} {name} has no option {match[1]!r}: {_owners(flag, family, match[1], name)}"
    if match := re.search(r"Import path (\S+) does not correspond to a subclass of (\w+)", text):
        base = f"{family.__module__.rsplit('.', 1)[0]}.{family.__name__}" if family else match[2]
        return f"--{flag} takes a class derived from {base}, got {match[1]}, which is not: derive it"
    if flag and (match := re.search(r"the following arguments are required: (\w+)", text)):
        return f"--{flag} needs an option: add --{flag}.{match[1]}, see --help"
    if match := re.search(r"Unexpected config: *(.*)$", text):
        return f"--config must be a YAML file of lines 'flag: value', got {match[1] or 'an empty one'!r}: see --help"
    # of several types the whole list counts, not the complaint of the first one
    for pattern in (r"Subtypes: \[(.+)\] Errors: .* Given value: (.*)$", r"Expected an? (.+?)\. Got value: (.*)$"):
        if match := re.search(pattern, text):
            wanted = _readable(match[1], is_finite=match[2].strip("+-").lower() in ("nan", "inf"))
            return f"--{flag} must be {wanted}; got {match[2]!r}{_nearest_choice(match[2], match[1])}"
    text = re.sub(r'Parser key "[\w.]+": ', "", text)
    text = re.sub(r"Problem with given class_path '[\w.]+': ", "", text)
    return f"--{flag}: {text}: see --help" if flag else f"{text}: see --help"


def with_flags(message: str, values: dict[str, Any]) -> str:
    """Name the flag in place of the class and its field: `MLP.hidden_gain must be …` is of `--encoder.hidden_gain`.

    Args:
        message: of an error of a component.
        values: the flags as dictionaries; components have `class_path` and `init_args`.

    >>> normal = {"class_path": "jaxvae.likelihoods.Normal", "init_args": {"scale": -1.0}}
    >>> with_flags("Normal.scale must be > 0, got -1.0", {"likelihood": normal})
    '--likelihood.scale must be > 0, got -1.0'
    """
    match = re.match(r"(\w+)\.(\w+)(?= must )", message)
    if match is None:
        return message
    found = list(_of_class(values, match[1], match[2]))
    culprits = [flag for flag, value in found if f"got {value!r}" in message] or [flag for flag, _ in found]
    return " or ".join(culprits) + message[match.end() :] if culprits else message


def _of_class(values: dict[str, Any], name: str, field: str, prefix: str = "--") -> Iterator[tuple[str, Any]]:
    """Flags of a field of components of the class `name`, and their values, at any depth."""
    for flag, value in values.items():
        if not isinstance(value, dict):
            continue
        options = value.get("init_args", {})
        if str(value.get("class_path")).rsplit(".", 1)[-1] == name:
            yield f"{prefix}{flag}.{field}", options.get(field)
        yield from _of_class(options, name, field, f"{prefix}{flag}.")


def _owners(flag: str, family: type, option: str, name: str | None = None) -> str:
    """Which components of the family have the option, or which options the one of that name has, or all of them."""
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
    return did_you_mean(option, known) if known else f"no --{flag} of the library's has options"


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
    return {flag.removeprefix("--") for flag in _flags(parser)}


def _flags(parser: ArgumentParser) -> set[str]:
    """Every flag that the parser knows, those of the library's components included."""
    own = {flag for action in parser._actions for flag in action.option_strings if flag.startswith("--")}
    nested = {
        f"--{flag}.{option}"
        for flag, family in FAMILIES.items()
        if f"--{flag.split('.')[0]}" in own
        for cls in choices(family).values()
        for option in options(cls)
    }
    return {flag for flag in own | nested if not flag.endswith(".help")}
