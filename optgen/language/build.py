"""`python -m optgen.language.build`: grammar.lark to tables.json, the LALR tables that `automaton.py` runs.

Lark reads the grammar and builds the tables here, once, when the grammar changes; a user's process loads the tables
as data and never imports Lark.  A test holds the tables to the grammar.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from optgen.language.blocks import BLOCKS

GRAMMAR = Path(__file__).with_name("grammar.lark")
TABLES = Path(__file__).with_name("tables.json")


def tables() -> dict[str, Any]:
    """Tables of the grammar.

    `rows`: per state a map from terminal to action (state to go to, or the complement of a rule to reduce by) and from
    nonterminal to state.  `rules`: nonterminal, number of symbols, what to make, which symbols it keeps.
    `starts`: per start symbol the first state and the last.  `words`, `signs`: spelling to terminal.
    """
    from lark import Lark
    from lark.parsers.lalr_analysis import Shift

    starts = sorted({block.start for block in BLOCKS.values()})
    grammar = Lark(
        GRAMMAR.read_text(encoding="utf-8"), start=starts, parser="lalr", lexer="basic", maybe_placeholders=False
    )
    parsed: Any = grammar.parser
    table = parsed.parser._parse_table
    number = {rule: place for place, rule in enumerate(grammar.rules)}
    actions = {
        state: {name: (action is Shift, target) for name, (action, target) in sorted(row.items())}
        for state, row in table.states.items()
    }
    place = _order(actions, [table.start_states[name] for name in starts])
    rows = [
        {name: place[target] if shift else ~number[target] for name, (shift, target) in actions[state].items()}
        for state in place
    ]
    words, signs = _spellings(grammar)
    return {
        "starts": {name: [place[table.start_states[name]], place[table.end_states[name]]] for name in starts},
        "words": words,
        "signs": signs,
        "rules": [_rule(rule) for rule in grammar.rules],
        "rows": rows,
    }


def _order(actions: dict[int, dict[str, tuple[bool, Any]]], starts: list[int]) -> dict[int, int]:
    """States numbered as they are reached, so that the same grammar gives the same file."""
    place: dict[int, int] = {}
    waiting = list(reversed(starts))
    while waiting:
        state = waiting.pop()
        if state not in place:
            place[state] = len(place)
            waiting.extend(target for shift, target in reversed(actions[state].values()) if shift)
    return place


def _rule(rule: Any) -> list[Any]:
    """Nonterminal, size, maker (`` hands on its only part, `*` lists its parts), kept places, places to splice in."""
    name = rule.origin.name
    kept = [place for place, symbol in enumerate(rule.expansion) if not (symbol.is_term and symbol.filter_out)]
    spliced = [place for place in kept if rule.expansion[place].name.startswith("__")]
    if name.startswith("__"):
        maker = "*"
    elif rule.alias is None and rule.options.expand1 and len(kept) == 1:
        maker = ""
    else:
        maker = rule.alias or name
    return [name, len(rule.expansion), maker, kept, spliced]


def _spellings(grammar: Any) -> tuple[dict[str, str], dict[str, str]]:
    words: dict[str, str] = {}
    signs: dict[str, str] = {}
    for terminal in grammar.terminals:
        pattern = terminal.pattern
        choices = [pattern.value] if pattern.type == "str" else re.sub(r"\(\?:|[()]", "", pattern.value).split("|")
        if all(choice.isalpha() for choice in choices):
            words.update(dict.fromkeys(choices, terminal.name))
        elif pattern.type == "str":
            signs[pattern.value] = terminal.name
    return dict(sorted(words.items())), dict(sorted(signs.items()))


def text(built: dict[str, Any]) -> str:
    """The tables as JSON, a rule and a state a line."""
    compact = {"separators": (",", ":")}
    parts = [f'"{key}":{json.dumps(built[key], **compact)}' for key in ("starts", "words", "signs")]  # type: ignore[arg-type]
    for key in ("rules", "rows"):
        lines = ",\n".join(json.dumps(entry, **compact) for entry in built[key])  # type: ignore[arg-type]
        parts.append(f'"{key}":[\n{lines}\n]')
    return "{" + ",\n".join(parts) + "}\n"


if __name__ == "__main__":
    TABLES.write_text(text(tables()), encoding="utf-8")
