"""What each code means: the entries of `codes.md`, which people read too.

An entry is one section there: `## E0201 title`, a paragraph, a wrong and a right example in fences.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

_SECTION = re.compile(r"^## ([EW]\d{4}) (.+)$", re.M)
_EXAMPLE = re.compile(r"^```(\w+) (wrong|right)\n(.*?)^```$", re.M | re.S)


@dataclass(frozen=True, slots=True)
class Entry:
    """`language` of the examples: `opt`, or `python` for the calls of a solver."""

    code: str
    title: str
    text: str
    language: str
    wrong: str
    right: str

    @property
    def explanation(self) -> str:
        """The text, and the examples indented under what they are."""
        parts = [self.text, "", "Wrong:", "", _indented(self.wrong), "", "Right:", "", _indented(self.right)]
        return "\n".join(parts)


def read_entries(text: str) -> dict[str, Entry]:
    """The entries of a text such as `codes.md`; raises ValueError for a section without both examples."""
    entries: dict[str, Entry] = {}
    heads = list(_SECTION.finditer(text))
    for head, following in zip(heads, [*heads[1:], None], strict=True):
        section = text[head.end() : following.start() if following else len(text)]
        examples = {kind: (language, body.rstrip()) for language, kind, body in _EXAMPLE.findall(section)}
        if examples.keys() != {"wrong", "right"} or head[1] in entries:
            raise ValueError(f"{head[1]} needs one section with one wrong and one right example")
        paragraph = section.split("```", 1)[0].strip()
        language, wrong = examples["wrong"]
        entries[head[1]] = Entry(head[1], head[2], paragraph, language, wrong, examples["right"][1])
    return entries


def _indented(text: str) -> str:
    return "\n".join(f"    {line}".rstrip() for line in text.split("\n"))


ENTRIES = read_entries(Path(__file__).with_name("codes.md").read_text(encoding="utf-8"))

#: Code to (title, explanation).
CODES: dict[str, tuple[str, str]] = {code: (entry.title, entry.explanation) for code, entry in ENTRIES.items()}
