"""Which lines may stand in which block: the table of language.md section 2, read by the parser and by its messages."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class BlockKind:
    """`start` is the grammar's symbol for a line of the block, `words` open lines, `others` are lines without one."""

    start: str
    words: tuple[str, ...]
    others: str = ""


_STEP = BlockKind(
    "step", ("draw", "record", "when", "otherwise", "until", "fail", "algorithm"), "equations such as x' = x - lr*g"
)
_FLOW = BlockKind(
    "body",
    ("source", "dim", "data", "param", "state", "oracle", "draw", "let", "record", "stop", "claim"),
    "flows such as dX = a dt + b dW",
)

BLOCKS: dict[str, BlockKind] = {
    "file": BlockKind(
        "top",
        ("algorithm", "problem", "function", "network", "sde", "ode", "experiment", "search", "claim", "let", "use"),
        "specialisations such as lion = lion_k(K = norm1)",
    ),
    "algorithm": BlockKind(
        "body",
        (
            "source",
            "dim",
            "param",
            "data",
            "oracle",
            "state",
            "draw",
            "let",
            "phase",
            "step",
            "record",
            "stop",
            "fail",
            "diverged",
            "claim",
            "algorithm",
            "function",
        ),
    ),
    "problem": BlockKind(
        "body",
        (
            "source",
            "dim",
            "data",
            "param",
            "var",
            "let",
            "draw",
            "minimize",
            "maximize",
            "find",
            "subject",
            "where",
            "record",
            "claim",
            "function",
        ),
    ),
    "function": BlockKind(
        "body", ("source", "dim", "param", "let", "draw", "value", "where", "accuracy", "claim", "program")
    ),
    "network": BlockKind("body", ("source", "dim", "input", "weight", "let", "value")),
    "sde": _FLOW,
    "ode": _FLOW,
    "phase": BlockKind("body", ("let", "draw", "step", "stop", "fail", "diverged", "record")),
    "step": _STEP,
    "when": _STEP,
    "otherwise": _STEP,
    "program": BlockKind("step", (), "equations such as y = x*x + c"),
    "claim": BlockKind("claim", ("given", "for", "let", "lyapunov", "at", "prove", "refute")),
    "experiment": BlockKind(
        "experiment",
        ("dim", "data", "draw", "let", "problem", "run", "seeds", "quick", "expect", "table", "plot"),
    ),
    "search": BlockKind("search", ("target", "domain", "operations", "objective", "budget")),
}

#: Every word that opens a line somewhere, and the blocks in which it does.
HOMES: dict[str, tuple[str, ...]] = {
    word: tuple(kind for kind, block in BLOCKS.items() if word in block.words)
    for word in sorted({word for block in BLOCKS.values() for word in block.words})
}
