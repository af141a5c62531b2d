"""The automaton's tables are those of the grammar, and everything they ask for exists."""

from __future__ import annotations

import subprocess
import sys

from optgen.language.automaton import tables
from optgen.language.blocks import BLOCKS, HOMES
from optgen.language.build import TABLES, text
from optgen.language.build import tables as build
from optgen.language.lexer import NUMBER, PRIMED, RESERVED, SIGNS, STRING
from optgen.language.make import NODES, PARTS


def test_the_tables_are_current():
    assert TABLES.read_text(encoding="utf-8") == text(build()), "run python -m optgen.language.build"


def test_every_rule_has_a_maker_and_every_maker_a_rule():
    asked = {maker for _, _, maker, _, _ in tables().rules} - {"", "*"}
    assert asked == {*NODES, *PARTS}
    assert not set(NODES) & set(PARTS)


def test_every_sign_and_reserved_word_of_the_lexer_is_one_of_the_grammar():
    built = build()
    assert built["signs"] == dict(sorted(SIGNS.items()))
    assert set(built["words"]) >= RESERVED


def test_every_terminal_can_be_read():
    readable = {*tables().words.values(), *SIGNS.values(), "NAME", "DW", NUMBER, PRIMED, STRING, "$END"}
    terminals = {name for row in tables().rows for name in row if name.isupper() or name == "$END"}
    assert terminals <= readable


def test_every_word_that_opens_a_line_can_be_read_in_its_block():
    table = tables()
    for word, homes in HOMES.items():
        for home in homes:
            first, _ = table.starts[BLOCKS[home].start]
            assert table.words[word] in table.rows[first], f"{word} in {home}"


def test_parsing_does_not_load_the_parser_generator():
    code = "import sys; from optgen.language import parse; parse('problem p'); assert 'lark' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
