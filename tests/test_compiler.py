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
