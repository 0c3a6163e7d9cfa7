"""Check that texts are plain English: no archaic turns, no docstring that says nothing, no very long sentence.

python scripts/check_words.py                  # everything, as CI does: exit code 1 for any finding
python scripts/check_words.py jaxvae/priors    # some files or folders
"""

import ast
import re
import sys
import tokenize
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
CODE = ("jaxvae", "experiments", "scripts", "examples", "tests")
PAGES = ("docs/*.md", "README.md", "CONTRIBUTING.md", "CHANGELOG.md", ".github")
MOST_WORDS = 30  # in a sentence or clause; about 25 read well

# a turn as a regular expression, its first letter small or, as a sentence begins, capital -> what to write
TURNS = {
    r"anew": "again",
    r"whatever|however many": "any",
    r"(?:has|have) not (?:the|an?|as|one)": "does not have",
    r"at hand": "known, in memory, here",
    r"of whose": "whose",
    r"of ours": "of the library",
    r"tells? of": "shows",
    r"(?:can|cannot|could|may|might|must) (?:not )?be had": "is missing, is available, is known",
    r"to be had": "is available",
    r"stands? beside": "is next to, is compared with",
    r"stands? in (?:the|an?|every|each|its|their|`)": "is in",
    r"as (?:it|they) stands?": "as it is",
    r"stands? (?:still|alone|there)": "does not change, is alone, is there",
    r"such an? one": "one like it",
    r"of which none": "none of which",
    r"(?:what|which|that|it|who|this) (?:is|are) none": "is not one",
    r"something that is none": "something else",
    r"there (?:is|are) none of": "there is no",
    r"tells? (?:next to )?nothing of": "does not show",
    r"says? (?:next to )?nothing of": "does not depend on, does not describe",
    r"as yet": "so far",
    r"not as yet": "not yet",
    r"in silence": "silently",
    r"in effect": "effective",
    r"lest": "so that … not",
    r"whence": "from which",
    r"thereof": "of it",
    r"wherein": "in which",
    r"whereby": "by which",
    r"aught|naught|nought": "anything, nothing",
    r"save for": "except",
    r"nothing came of it": "it produced nothing",
    r"hence": "so",
    r"thus": "so",
    r"to wit": "namely",
    r"in the meantime": "meanwhile",
    r"nothing but": "only",
    r"none but": "only",
    r"of a user's(?! (?:own|\w+))": "of the user",
    r"of theirs": "of their own",
    r"is no (?:finite )?(?:number|array|member|output|bound|text|run|sweep|code|density|file|folder)": "is not a",
    r"are no (?:numbers|levels|members|grey)": "are not",
}
_EMPTY = re.compile(
    r"(?:true|false|none|yes|no|nothing|zeros?|ones?|see above|the (?:value|same|result))\W*", re.IGNORECASE
)


class Finding(NamedTuple):
    """One text to change."""

    path: Path
    line: int
    what: str
    fix: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.what} → {self.fix}"


class Text(NamedTuple):
    """A piece of prose and the line on which it starts."""

    line: int
    words: str


def docstrings(tree: ast.AST) -> Iterator[tuple[str, Text]]:
    """Each docstring of a module, with the name of what it explains; those of attributes, too."""
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if not isinstance(body, list):
            continue
        owner = getattr(node, "name", "module")
        for index, statement in enumerate(body):
            match statement:
                case ast.Expr(value=ast.Constant(value=str(words))):
                    before = ast.unparse(body[index - 1]) if index else owner
                    yield re.split(r":| =", before)[0], Text(statement.lineno, words)


def strings(tree: ast.AST) -> Iterator[Text]:
    """Messages: strings of several words that are no docstrings, with `…` for what is filled in."""
    known = {text.line for _, text in docstrings(tree)}
    parts = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in ast.walk(node)}
    for node in ast.walk(tree):
        match node:
            case ast.JoinedStr(values=values):
                pieces = (part.value if isinstance(part, ast.Constant) else "…" for part in values)
                yield Text(node.lineno, "".join(str(piece) for piece in pieces))
            case ast.Constant(value=str(words)) if " " in words and id(node) not in parts and node.lineno not in known:
                yield Text(node.lineno, words)


def comments(path: Path) -> Iterator[Text]:
    """Comments of a module, line by line."""
    with path.open("rb") as file:
        for token in tokenize.tokenize(file.readline):
            if token.type == tokenize.COMMENT:
                yield Text(token.start[0], token.string)


def paragraphs(text: str) -> Iterator[Text]:
    """Prose of a Markdown page: no code, no tables; a list's items one by one."""
    is_code, start, lines = False, 1, []
    for number, line in enumerate([*text.splitlines(), ""], 1):
        is_fence = line.lstrip().startswith("```")
        is_new = not line.strip() or is_fence or is_code or re.match(r"\s*([-*|#>]|\d+\.) ?", line)
        if is_new and lines:
            yield Text(start, "\n".join(lines))
            lines = []
        is_code ^= is_fence
        if line.strip() and not is_code and not is_fence:
            if not lines:
                start = number
            lines.append(line)


def turns(path: Path, text: Text) -> Iterator[Finding]:
    """Banned turns of a text; code in backquotes does not count."""
    words = re.sub(r"`[^`]*`", lambda found: re.sub(r"[^\n]", "·", found[0]), text.words)
    for turn, fix in TURNS.items():
        pattern = turn.replace(" ", r"\s+")
        for found in re.finditer(rf"\b(?:{pattern})(?!\w)", words, flags=re.IGNORECASE):
            if found[0][1:] != found[0][1:].lower():  # None, of Python
                continue
            yield Finding(path, text.line + words.count("\n", 0, found.start()), " ".join(found[0].split()), fix)


def says_nothing(name: str, text: str) -> bool:
    """Whether a docstring is empty, one word such as `True.`, or the name again.

    >>> says_nothing("has_density", "True."), says_nothing("num_steps", "Num steps."), says_nothing("f", "x squared.")
    (True, True, False)
    """
    plain = re.sub(r"[\W_]+", " ", text).strip().lower()
    return (
        not plain or _EMPTY.fullmatch(text.strip()) is not None or plain == re.sub(r"[\W_]+", " ", name).strip().lower()
    )


def long_sentences(path: Path, text: Text) -> Iterator[Finding]:
    """Sentences of more than `MOST_WORDS` words. Examples, formulas and list items end a sentence."""
    prose = re.sub(r"(?m)^\s*(>>>|\.\.\.|python |jaxvae ).*$", "", text.words)  # examples and command lines
    for part in re.split(r"\n\s*\n|\n(?=\s*[\w*]+(?: \([^)]*\))?: )|\n(?=\s*[-*|] )", prose):
        start = text.line + text.words.count("\n", 0, max(text.words.find(part), 0))
        for sentence in re.split(r"(?<=[.:;!?])\s", part):
            count = len([word for word in sentence.split() if re.search(r"[a-zA-Z]{2}", word)])
            if count > MOST_WORDS:
                yield Finding(
                    path, start, f"a sentence of {count} words: {' '.join(sentence.split())[:60]} …", "split it"
                )


def findings(path: Path, shown: Path) -> Iterator[Finding]:
    """All texts to change in a file."""
    source = path.read_text(encoding="utf-8")
    if path.suffix == ".md":
        for text in paragraphs(source):
            yield from turns(shown, text)
            yield from long_sentences(shown, text)
        return
    tree = ast.parse(source)
    for name, text in docstrings(tree):
        if says_nothing(name, text.words):
            yield Finding(shown, text.line, f'"""{text.words.strip()}""" says nothing', "say what it is, or means")
        yield from turns(shown, text)
        yield from long_sentences(shown, text)
    if shown.parts[0] != "tests":
        for text in (*strings(tree), *comments(path)):
            yield from turns(shown, text)


def files(places: Sequence[str]) -> Iterator[Path]:
    """Python files and pages of some places; this file, which lists the turns, is left out."""
    for place in places:
        if not any(ROOT.glob(place)):
            sys.exit(f"nothing to check in {place}: no such file or folder in {ROOT}")
        for file in (file for path in sorted(ROOT.glob(place)) for file in (sorted(path.rglob("*")) or [path])):
            if file.suffix in (".py", ".md") and file != Path(__file__).resolve():
                yield file


def main() -> None:
    """Print the texts to change, a line each."""
    found = [
        finding for path in files(sys.argv[1:] or (*CODE, *PAGES)) for finding in findings(path, path.relative_to(ROOT))
    ]
    for finding in found:
        print(finding)
    if found:
        sys.exit(f"{len(found)} texts to change")


if __name__ == "__main__":
    main()
