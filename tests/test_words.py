"""Texts are plain English, and the script that checks it finds what it is to find."""

import ast
from pathlib import Path

import pytest

from scripts.check_words import (
    CODE,
    MOST_WORDS,
    ROOT,
    Text,
    docstrings,
    files,
    findings,
    long_sentences,
    paragraphs,
    says_nothing,
    strings,
    turns,
)

HERE = Path("file.py")


@pytest.mark.slow
def test_the_code_has_plain_words() -> None:
    found = [str(finding) for path in files(CODE) for finding in findings(path, path.relative_to(ROOT))]
    assert not found


@pytest.mark.parametrize(
    ("words", "count"),
    [
        ("It is drawn anew at each use.", 1),
        ("A figure that cannot\n    be had becomes a reason.", 1),
        ("The codes stand beside the model's, as they stand.", 2),
        ("Hence it is known. Thus it ends.", 2),
        ("None but a few, though it is None.", 1),
        ("The name `anew` in code is no turn.", 0),
        ("It is drawn again, next to the codes.", 0),
        ("If the value is None else 0: thousands of them.", 0),
    ],
)
def test_turns_are_found_with_their_line(words: str, count: int) -> None:
    found = list(turns(HERE, Text(7, words)))
    assert len(found) == count
    assert all(finding.line == 7 for finding in found)
    assert all(str(finding).startswith("file.py:7: ") and " → " in str(finding) for finding in found)


def test_a_turn_in_a_later_line_has_that_line() -> None:
    assert [finding.line for finding in turns(HERE, Text(3, "One line.\n\nDrawn anew."))] == [5]


@pytest.mark.parametrize("text", ["", "True.", "None.", "Zeros.", "Num steps.", "num_steps"])
def test_docstrings_that_say_nothing(text: str) -> None:
    assert says_nothing("num_steps", text)


@pytest.mark.parametrize("text", ["The number of steps.", "True: gradients pass.", "log p(x).", "v: D."])
def test_docstrings_that_say_something(text: str) -> None:
    assert not says_nothing("num_steps", text)


def test_long_sentences() -> None:
    words = ["word"] * MOST_WORDS
    assert not list(long_sentences(HERE, Text(1, f"{' '.join(words)}. {' '.join(words)}.")))
    assert len(list(long_sentences(HERE, Text(1, f"{' '.join(words)} more.")))) == 1


def test_what_is_read_of_a_module() -> None:
    tree = ast.parse('"""A module."""\nx = 1\n"""An attribute."""\nraise ValueError(f"a {x} message")\ny = "key"\n')
    assert [(name, text.words) for name, text in docstrings(tree)] == [("module", "A module."), ("x", "An attribute.")]
    assert [text.words for text in strings(tree)] == ["a … message"]


def test_what_is_read_of_a_page() -> None:
    page = "# Title\n\nOne\nparagraph.\n\n```\ncode anew\n```\n- an item\n- another\n"
    assert [(text.line, text.words) for text in paragraphs(page)] == [
        (1, "# Title"),
        (3, "One\nparagraph."),
        (9, "- an item"),
        (10, "- another"),
    ]


def test_a_place_that_is_not_there_is_no_success() -> None:
    with pytest.raises(SystemExit, match="nothing to check in no_such_folder"):
        list(files(["no_such_folder"]))
