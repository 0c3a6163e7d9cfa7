"""One line out of what the flag parser says: what was expected, what came, and the nearest names."""

import re

from jsonargparse import ArgumentParser

from jaxvae.cli.components import FAMILIES, choices, options
from jaxvae.errors import did_you_mean, nearest


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
    # of "a number or a component" (a temperature or its schedule) the component's own complaint is the one that counts
    union = r"Does not validate against any of the Union subtypes Subtypes: \[.*<class 'jaxvae.*?\] Errors: - .*? - "
    is_union = re.search(union, text) is not None
    if match := re.search(union + r"Expected an instantiatable class.*NestedArg\(key='(\w+)'", text):
        flag = ".".join(re.findall(r'Parser key "([\w.]+)"(?: element \d+)?:', text))
        return f"--{flag} has no option {match[1]!r} yet: {_owners(flag, FAMILIES[flag], match[1])}"
    text = re.sub(union + r"(.*) Given value type: .*$", r"\1", text)
    flag = ".".join(re.findall(r'Parser key "([\w.]+)"(?: element \d+)?:', text))
    family = FAMILIES.get(flag)
    if match := re.search(r"Expected a dot import path string: (.+)$", text):
        known = did_you_mean(match[1], choices(family)) if family else "see --help"
        wanted = "a number, a component's name" if is_union else "a component's name"
        return f"--{flag} takes {wanted} or the import path of a class of yours, got {match[1]!r}: {known}"
    if match := re.search(r"No module named (.+)$", text):
        known = f" ({', '.join(choices(family))})" if family else ""
        return f"--{flag} found no module {match[1]}: start where the file lies, or take one of the library's{known}"
    if match := re.search(r"Option '([\w.]+)' is not accepted", text):
        owner = re.findall(r"class_path '([\w.]+)'", text)
        if family is None or not owner:
            return f"unknown option {match[1]!r} in the configuration{nearest(match[1], _keys(parser))}: see --help"
        return f"--{flag} {owner[-1].rsplit('.', 1)[-1]} has no option {match[1]!r}: {_owners(flag, family, match[1])}"
    if match := re.search(r"Import path (\S+) does not correspond to a subclass of (\w+)", text):
        base = f"{family.__module__.rsplit('.', 1)[0]}.{family.__name__}" if family else match[2]
        return f"--{flag} takes a class derived from {base}, got {match[1]}, which is not: derive it"
    if flag and (match := re.search(r"the following arguments are required: (\w+)", text)):
        return f"--{flag} needs an option: add --{flag}.{match[1]}, see --help"
    if match := re.search(r"Unexpected config: *(.*)$", text):
        return f"--config must be a YAML file of lines 'flag: value', got {match[1] or 'an empty one'!r}: see --help"
    if match := re.search(r"Expected an? (.+?)\. Got value: (.*)$", text):
        return f"--{flag} must be {_readable(match[1])}; got {match[2]!r}{_nearest_choice(match[2], match[1])}"
    if match := re.search(r"Subtypes: \[(.+)\] Errors: .* Given value: (.*)$", text):
        return f"--{flag} must be {_readable(match[1])}; got {match[2]!r}{_nearest_choice(match[2], match[1])}"
    text = re.sub(r'Parser key "[\w.]+": ', "", text)
    text = re.sub(r"Problem with given class_path '[\w.]+': ", "", text)
    return f"--{flag}: {text}: see --help" if flag else f"{text}: see --help"


def _owners(flag: str, family: type, option: str) -> str:
    """Which components of the family have the option, or which options there are."""
    owners = [name for name, cls in choices(family).items() if option in options(cls)]
    if owners:
        return f"it is one of {', '.join(owners)}, so say --{flag} {owners[0]} first"
    known = sorted({name for cls in choices(family).values() for name in options(cls)})
    return did_you_mean(option, known) if known else f"no --{flag} of the library's has options"


def _readable(expected: str) -> str:
    """`<class 'int'>` → int, `typing.Literal['a', 'b']` → a, b."""
    expected = re.sub(r"<class '(?:[\w.]*\.)?(\w+)'>", r"\1", expected)
    expected = re.sub(
        r"(?:typing\.)?Literal\[([^\]]*)\]", lambda match: "one of " + match[1].replace("'", ""), expected
    )
    expected = re.sub(r"\bfloat\b", "a number", re.sub(r"\bint\b", "a whole number", expected))
    expected = re.sub(r"\btuple\b", "a list such as '[200, 200]'", re.sub(r"\bbool\b", "true or false", expected))
    return expected.replace(", one of", " or one of").replace(", NoneType", " or null")


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
