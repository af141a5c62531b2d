"""Every code has its page, and the examples there do what they say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import optgen
from optgen.diagnostics import SpecError
from optgen.diagnostics.codes import CODES, ENTRIES, read_entries

SOURCES = Path(optgen.__file__).parent
IN_THE_LANGUAGE = [entry for entry in ENTRIES.values() if entry.language == "opt"]

#: Codes of later rooms for mistakes that the parser tells before them, when the spec is a text.
TOLD_EARLIER = {"E0211": "E0119", "E0308": "E0118"}
#: Codes for what shows only when an experiment runs.
TOLD_LATER = frozenset({"E0504"})


def errors(text: str) -> list[str]:
    try:
        found = optgen.check(optgen.parse(text))
    except SpecError as error:
        found = error.diagnostics
    return [diagnostic.code for diagnostic in found]


def test_every_code_that_is_used_has_an_entry_and_the_other_way_round():
    used = set()
    for path in SOURCES.rglob("*.py"):
        used |= set(re.findall(r"\"([EW]\d{4})\"", path.read_text(encoding="utf-8")))
    assert used == set(CODES)


def test_codes_are_in_their_ranges():
    assert all(re.fullmatch(r"E0[1-9]\d\d|W0\d{3}", code) for code in CODES)


@pytest.mark.parametrize("entry", IN_THE_LANGUAGE, ids=lambda entry: entry.code)
def test_the_wrong_example_is_told_with_this_code(entry):
    told = errors(entry.wrong)
    if entry.code in TOLD_LATER:
        assert told == []
    else:
        assert TOLD_EARLIER.get(entry.code, entry.code) in told


@pytest.mark.parametrize("entry", IN_THE_LANGUAGE, ids=lambda entry: entry.code)
def test_the_right_example_has_no_mistake_of_this_kind(entry):
    found = errors(entry.right)
    assert entry.code not in found
    assert {code for code in found if code.startswith("E")} <= {"E0411"}  # an algorithm may be a fragment


@pytest.mark.parametrize("entry", ENTRIES.values(), ids=lambda entry: entry.code)
def test_an_entry_says_something(entry):
    assert len(entry.text) > 40 and entry.wrong != entry.right
    assert entry.wrong.splitlines()[0] in entry.explanation


def test_an_entry_without_both_examples_is_refused():
    with pytest.raises(ValueError, match="E0999"):
        read_entries("## E0999 a title\n\nwords\n\n```opt wrong\nx\n```\n")
