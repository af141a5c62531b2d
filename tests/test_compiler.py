"""What the composition of rooms refuses, in the author's terms."""

from __future__ import annotations

import pytest

import optgen
from optgen.diagnostics import SpecError


@pytest.mark.parametrize(("name", "open_arguments"), [("adam", "argument f of adam"), ("proximal_gradient", "f and h")])
def test_a_method_without_a_problem_is_told_which_functions_are_open(name, open_arguments):
    spec = getattr(optgen.specs, name)
    for call in (optgen.compile, optgen.source):
        with pytest.raises(SpecError, match=open_arguments) as caught:
            call(spec)
        assert caught.value.diagnostics[0].code == "E0410" and "problem=NAME" in caught.value.diagnostics[0].help


@pytest.mark.parametrize("backend", ["llvm", "numba"])
def test_a_function_for_which_a_backend_has_no_code_is_named(backend):
    text = "problem p\n  var x : R[n]\n  minimize sum(i: erfc(x[i]) + x[i]^2)\n"
    method = "algorithm descent(f)\n  state x : space(f)\n  step\n    x' = x - grad f(x)/4\n\n"
    with pytest.raises(optgen.SpecError, match="has no code for erfc"):
        optgen.compile(optgen.parse(method + text), problem="p", backend=backend)
