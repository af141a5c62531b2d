"""Pictures of counterexamples: functions as they are, iterates as a compiled solver makes them."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

import optgen
from optgen.cli.counterexamples import near, second
from optgen.cli.questions import draw_map
from optgen.cli.verify_command import command
from optgen.proof.examples import Interpolant, PiecewiseLinearGradient, QuadraticFunction
from optgen.proof.pictures import graph, picture, values_of
from optgen.proof.questions import Cell
from optgen.verification import pictures

METHOD = """algorithm ball(f)
  param lr in (0, inf), beta in [0, 1)
  state x : space(f)
  state v : space(f) = 0
  step
    v' = beta*v - lr*grad f(x)
    x' = x + v'
  claim "comes back"
    given f in smooth_strongly_convex(mu, L)
    at mu = 1, L = 25, lr = 1/9, beta = 4/9
    refute rate(norm(x - argmin f)) <= 0.99
  claim "rises"
    given f in smooth(L), lr = 3/L, beta = 0
    refute f(x') <= f(x)
"""
small = st.integers(-8, 8).map(lambda n: Fraction(n, 4))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(small, small, small, small, small), min_size=1, max_size=3), small, small, st.booleans())
def test_values_on_a_grid_are_the_exact_values_of_an_interpolating_function(points, a, b, bounded):
    x, g = tuple((p[0], p[1]) for p in points), tuple((p[2], p[3]) for p in points)
    function = Interpolant(Fraction(-1, 2), Fraction(3) if bounded else None, x, g, tuple(p[4] for p in points))
    found = values_of(function)(np.array([[float(a), float(b)]]))
    assert found[0] == pytest.approx(float(function.value((a, b))), abs=1e-9)


@pytest.mark.parametrize(
    "function",
    [
        QuadraticFunction(Fraction(3)),
        PiecewiseLinearGradient(((Fraction(0), Fraction(-1)), (Fraction(1), Fraction(2))), Fraction(1)),
    ],
)
def test_slopes_on_a_grid_are_the_derivatives(function):
    made = graph("f", function, 1)
    places = np.linspace(-2, 3, 7)[:, None]
    exact = [(Fraction(float(x)),) for x in places[:, 0]]
    assert made.slope(places)[:, 0] == pytest.approx([float(function.gradient(x)[0]) for x in exact])
    assert made.value(places) == pytest.approx([float(function.value(x)) for x in exact])


def test_a_cycle_is_drawn_once_round_and_comes_back():
    spec = optgen.parse(METHOD)
    (_, found), (_, other) = pictures(spec, optgen.verify(spec))
    assert other.period == 0 and len(other.iterates) == 2 and second(other).__name__ == "slope"
    assert found.period == 3 and len(near(found)) == 4
    assert np.allclose(found.iterates[0], found.iterates[3], atol=1e-6)
    assert not np.allclose(found.iterates[0], found.iterates[1], atol=0.1)
    assert second(found).__name__ == "course"


def test_three_dimensions_are_no_picture():
    assert picture("", "", "x", np.zeros((2, 3)), 0, {"f": QuadraticFunction(Fraction(1))}) is None


def test_plot_writes_the_counterexamples_of_a_file(tmp_path):
    file, target = tmp_path / "ball.opt", tmp_path / "refuted.svg"
    file.write_text(METHOD)
    made = CliRunner().invoke(command, [str(file), "--plot", str(target)])
    assert made.exit_code == 0 and f"plot: {target}" in made.output
    drawn = target.read_text()
    assert drawn.startswith("<?xml") and drawn.count('id="axes_') == 4


def test_without_a_counterexample_there_is_no_file(tmp_path):
    file = tmp_path / "a.opt"
    file.write_text('claim "c"\n  for all x\n  prove x^2 >= 0\n')
    made = CliRunner().invoke(command, [str(file), "--plot", str(tmp_path / "a.png")])
    assert "no plot" in made.output and not (tmp_path / "a.png").exists()


def test_a_map_is_drawn_with_its_counts(tmp_path):
    target = tmp_path / "map.svg"
    words = ("proved", "refuted", "unknown", "proved")
    cells = [Cell(Fraction(k % 2), Fraction(k // 2), word) for k, word in enumerate(words)]
    draw_map(cells, ("lr", "beta"), "ball", str(target))
    assert target.read_text().startswith("<?xml")


def test_a_page_has_the_claims_their_proofs_and_pictures(tmp_path):
    file, page = tmp_path / "ball.opt", tmp_path / "page.html"
    file.write_text(METHOD + "  claim \"velocity\"\n    prove x' - v' = x\n")
    CliRunner().invoke(command, [str(file), "--html", str(page)])
    text = page.read_text(encoding="utf-8")
    assert text.count("<svg") == 2 and text.count("<h2 id=") == 3 and text.count('href="#claim') == 3
    assert "prove x&#x27; - v&#x27; = x" in text and "both sides expand to" in text
