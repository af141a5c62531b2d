"""Nodes as values: what a person at a prompt sees of them."""

from __future__ import annotations

from optgen.ir import nodes as ir
from optgen.ir.operations import apply


def test_a_node_shows_one_level_of_itself():
    index = ir.Index(ir.dim("n"), "i")
    assert repr(apply("add", ir.dim("n"), index)) == "Operation(name='add', arguments=(n, i), dtype='int')"


def test_a_node_with_shared_parts_is_short_to_print():
    value = ir.access(ir.Input("x", "real"))
    for _ in range(200):  # written as a tree: 2^200 leaves
        value = apply("mul", value, value)
    assert len(repr(value)) < 200
