"""The LALR automaton: the tokens of one line and a start symbol to whatever the grammar's rules make of them.

The tables are data (`tables.json`, made by `build.py` from `grammar.lark`).  A word is a keyword where the state of the
automaton can read it as one, and a name elsewhere, so that `data` or `step` may name things.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from optgen.diagnostics import Source, Span
from optgen.language.lexer import RESERVED, WORD, Token

Maker = Callable[[Any, list[Any]], Any]
END = "$END"


@dataclass(frozen=True, slots=True)
class Tables:
    """What `build.tables` describes."""

    starts: Mapping[str, list[int]]
    words: Mapping[str, str]
    rules: Sequence[tuple[str, int, str, list[int], list[int]]]
    rows: Sequence[Mapping[str, int]]


class Stuck(Exception):
    """A token that no rule can read: its place, the terminal it was taken for, the terminals that could stand there."""

    def __init__(self, place: int, terminal: str, accepted: frozenset[str]) -> None:
        super().__init__(place, terminal, accepted)
        self.place, self.terminal, self.accepted = place, terminal, accepted


@cache
def tables() -> Tables:
    """The tables of the grammar, read once."""
    data = json.loads(Path(__file__).with_name("tables.json").read_text(encoding="utf-8"))
    return Tables(data["starts"], data["words"], [tuple(rule) for rule in data["rules"]], data["rows"])


def run(
    symbol: str, tokens: list[Token], source: Source, nodes: Mapping[str, Maker], parts: Mapping[str, Maker]
) -> Any:
    """What the start symbol makes of the tokens; raises Stuck.

    A rule in `nodes` is called with its span and its children, one in `parts` with None and its children.
    """
    table = tables()
    rows, rules = table.rows, table.rules
    first, last = table.starts[symbol]
    states, values, begins, ends = [first], [None], [tokens[0].start], [tokens[0].start]
    end = tokens[-1].end
    for place, token in enumerate((*tokens, Token(END, "", end, end))):
        terminal = token.kind
        if terminal == WORD:
            terminal = _terminal(token.text, rows[states[-1]], table.words)
            if place == 0 and _is_name(terminal, tokens, rows[first]):
                terminal = "NAME"
        entered = states[:]  # reductions before an error may leave states in which less could be read
        while True:
            action = rows[states[-1]].get(terminal)
            if action is None:
                raise Stuck(place, terminal, _accepted(entered))
            if action >= 0:
                states.append(action)
                values.append(token.text)  # type: ignore[arg-type]
                begins.append(token.start)
                ends.append(token.end)
                break
            origin, size, maker, kept, spliced = rules[~action]
            if size:
                children = values[-size:]
                begin, finish = begins[-size], ends[-1]
                del states[-size:], values[-size:], begins[-size:], ends[-size:]
            else:
                children, begin, finish = [], ends[-1], ends[-1]
            value: Any
            if maker == "":
                value = children[kept[0]]
            elif maker == "*":
                value = _listed(children, kept, spliced)
            else:
                content = _listed(children, kept, spliced) if spliced else [children[k] for k in kept]
                make = nodes.get(maker)
                value = parts[maker](None, content) if make is None else make(Span(source, begin, finish), content)
            states.append(rows[states[-1]][origin])
            values.append(value)
            begins.append(begin)
            ends.append(finish)
            if terminal == END and states[-1] == last:
                return value
    raise AssertionError("the end of a line is either read or refused")


def _listed(children: list[Any], kept: list[int], spliced: list[int]) -> list[Any]:
    """The children kept; lists made by repetition (`x*`) are put in the place where they stand."""
    if spliced and spliced[0] == 0 == kept[0]:
        result: list[Any] = children[0]  # a longer repetition extends the shorter one, which nothing else holds
        kept = kept[1:]
    else:
        result = []
    for place in kept:
        if place in spliced:
            result.extend(children[place])
        else:
            result.append(children[place])
    return result


def _terminal(word: str, row: Mapping[str, int], words: Mapping[str, str]) -> str:
    terminal = words.get(word)
    if terminal is not None and (word in RESERVED or terminal in row):
        return terminal
    return "DW" if "DW" in row and word.startswith("dW") else "NAME"


def _is_name(terminal: str, tokens: list[Token], row: Mapping[str, int]) -> bool:
    """At the start of a line: `record = e` defines a name where names may be defined."""
    return terminal != "NAME" and "NAME" in row and len(tokens) > 1 and tokens[1].kind == "EQUAL"


def _accepted(states: list[int]) -> frozenset[str]:
    """The terminals that can be read in this state, after the reductions they ask for."""
    return frozenset(
        name for name in tables().rows[states[-1]] if name.isupper() or name == END if _reads(list(states), name)
    )


def _reads(states: list[int], terminal: str) -> bool:
    table = tables()
    while True:
        action = table.rows[states[-1]].get(terminal)
        if action is None:
            return False
        if action >= 0:
            return True
        origin, size, *_ = table.rules[~action]
        del states[len(states) - size :]
        goto = table.rows[states[-1]][origin]
        states.append(goto)
        if terminal == END and any(goto == last for _, last in table.starts.values()):
            return True
