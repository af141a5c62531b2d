"""Methods from many papers, said in the language: every one of them parses."""

from __future__ import annotations

import pytest

from optgen.diagnostics import Source
from optgen.language.parser import parse
from tests.language.samples import SHIPPED, SKETCHES, nodes


@pytest.mark.parametrize("path", [*SKETCHES, *SHIPPED], ids=lambda path: path.stem)
def test_it_parses(path):
    assert parse(path.read_text(encoding="utf-8"), path.name).body


def test_there_are_sketches_and_shipped_specs():
    assert len(SKETCHES) >= 35
    assert SHIPPED


@pytest.mark.parametrize("path", SKETCHES, ids=lambda path: path.stem)
def test_every_node_has_a_place_in_the_text(path):
    source = Source(path.name, path.read_text(encoding="utf-8"))
    for node in nodes(parse(source).body):
        assert node.span.source is source
        assert 0 <= node.span.start <= node.span.end <= len(source.text)
        assert node.span.text == node.span.text.strip()
