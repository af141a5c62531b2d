"""Every inequality of the table holds at points of members of its class."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest

from optgen.proof.interpolation import CLASSES, ClassError, conditions, exact, joint
from optgen.proof.polynomial import symbol
from optgen.proof.problem import ONE, ZERO, Form, Membership, Oracle, Point, Quadratic, value, vector
from optgen.proof.rounding import rational

N = 4  # dimension
RNG = np.random.default_rng(3)
H = Fraction(1, 2)
Answer = tuple[np.ndarray, float]


def spectrum(*eigenvalues: float) -> np.ndarray:
    basis, _ = np.linalg.qr(RNG.normal(size=(N, N)))
    return basis @ np.diag(eigenvalues) @ basis.T


CURVED = spectrum(0.5, 0.7, 1.5, 2.0)
SADDLE = spectrum(-2.0, -0.3, 1.0, 2.0)
ROTATION = np.array([[0, 1, 0, 0], [-1, 0, 0, 0], [0, 0, 0, 2], [0, 0, -2, 0]], dtype=float)


def of_matrix(matrix: np.ndarray) -> Callable[[np.ndarray], Answer]:
    return lambda x: (matrix @ x, float(x @ matrix @ x) / 2)


def softplus_sum(x: np.ndarray) -> Answer:
    return 1 / (1 + np.exp(-x)) - 0.5, float(np.logaddexp(0, x).sum() - x.sum() / 2)


def norm(x: np.ndarray) -> Answer:
    size = float(np.linalg.norm(x))
    return (x / size if size else 0 * x), size


def waves(x: np.ndarray) -> Answer:
    return np.sin(x), float((1 - np.cos(x)).sum())


def pl_waves(x: np.ndarray) -> Answer:
    """x^2 + 3 sin(x)^2 in each entry, PL though it is not convex."""
    return 2 * x + 3 * np.sin(2 * x), float((x**2 + 3 * np.sin(x) ** 2).sum())


def ball_normal(x: np.ndarray) -> Answer:
    """A normal of the unit ball at its boundary points."""
    return (2.0 * x if np.linalg.norm(x) > 0.999 else 0 * x), 0.0


def top_entry(x: np.ndarray) -> Answer:
    kept = np.where(np.abs(x) == np.abs(x).max(), x, 0)
    return kept, 0.0


MEMBERS: list[tuple[str, tuple[Fraction | None, ...], Callable[[np.ndarray], Answer]]] = [
    ("convex", (), softplus_sum),
    ("convex", (), norm),
    ("concave", (), lambda x: (-softplus_sum(x)[0], -softplus_sum(x)[1])),
    ("strongly_convex", (H,), of_matrix(CURVED)),
    ("weakly_convex", (Fraction(2),), of_matrix(SADDLE)),
    ("smooth_strongly_convex", (H, Fraction(2)), of_matrix(CURVED)),
    ("smooth_strongly_convex", (Fraction(0), Fraction(1, 4)), softplus_sum),
    ("curved", (Fraction(-2), Fraction(2)), of_matrix(SADDLE)),
    ("linear_gradient", (Fraction(3),), of_matrix(3 * np.eye(N))),
    ("smooth", (Fraction(1),), waves),
    ("lipschitz", (Fraction(1),), norm),
    ("indicator", (), ball_normal),
    ("support", (Fraction(1),), norm),
    ("homogeneous", (Fraction(1),), norm),
    ("homogeneous", (Fraction(2),), of_matrix(CURVED)),
    ("quadratic", (H, Fraction(2)), of_matrix(CURVED)),
    ("pl", (Fraction(1, 6),), pl_waves),
    ("rsi", (H,), of_matrix(CURVED)),
    ("error_bound", (Fraction(2),), of_matrix(CURVED)),
    ("upper_growth", (Fraction(2),), of_matrix(CURVED)),
    ("monotone", (), of_matrix(ROTATION + CURVED)),
    ("strongly_monotone", (H,), of_matrix(ROTATION + CURVED)),
    ("cocoercive", (H,), of_matrix(CURVED)),
    ("comonotone", (Fraction(1),), of_matrix(np.linalg.inv(ROTATION - 0.9 * np.eye(N)))),
    ("lipschitz_operator", (Fraction(2),), of_matrix(ROTATION)),
    ("nonexpansive", (), of_matrix(ROTATION / 2)),
    ("averaged", (H,), of_matrix((np.eye(N) + ROTATION / 2) / 2)),
    ("weak_minty", (Fraction(-1),), of_matrix(np.linalg.inv(ROTATION - 0.9 * np.eye(N)))),
    ("linear", (Fraction(2),), of_matrix(ROTATION)),
    ("skew", (), of_matrix(ROTATION)),
    ("contractive", (Fraction(1, 4),), top_entry),
    ("unbiased", (Fraction(4),), lambda x: (1.5 * x, 0.0)),
]


def number(form: Form, vectors: dict[str, np.ndarray]) -> np.ndarray:
    return sum((float(rational(c)) * vectors[name] for name, c in form.terms.items()), start=np.zeros(N))


def evaluated(q: Quadratic, vectors: dict[str, np.ndarray], values: dict[str, float]) -> float:
    total = sum(float(rational(c)) * float(vectors[a] @ vectors[b]) for (a, b), c in q.products.items())
    return total + sum(float(rational(c)) * values[name] for name, c in q.values.items())


@pytest.mark.parametrize(("name", "arguments", "member"), MEMBERS, ids=[f"{m[0]}-{i}" for i, m in enumerate(MEMBERS)])
def test_the_conditions_hold_at_points_of_a_member(name, arguments, member):
    star = Point("*", Form({}), Form({}), value("f*"), minimiser=True)
    minimal = np.allclose(member(np.zeros(N))[0], 0) and name not in ("concave", "weakly_convex", "curved")
    vectors: dict[str, np.ndarray] = {}
    values = {ONE: 1.0, "f*": member(np.zeros(N))[1]}
    points = [star] if minimal else []
    for k in range(6):
        x = RNG.normal(size=N)
        if name == "indicator":
            x = x / max(1.0, float(np.linalg.norm(x)))
        adjoint = name == "linear" and k % 2 == 1
        g, f = of_matrix(ROTATION.T)(x) if adjoint else member(x)
        vectors |= {f"x{k}": x, f"g{k}": g}
        values[f"f{k}"] = f
        points.append(Point(f"{k}", vector(f"x{k}"), vector(f"g{k}"), value(f"f{k}"), adjoint=adjoint))
    found = conditions(Oracle("f", (Membership(name, arguments),), tuple(points)))
    assert found.inequalities or found.equalities or found.matrices
    for label, q in found.inequalities.items():
        assert evaluated(q, vectors, values) >= -1e-9, label
    for label, q in found.equalities.items():
        assert abs(evaluated(q, vectors, values)) < 1e-9, label
    for label, matrix in found.matrices.items():
        numbers = np.array([[evaluated(q, vectors, values) for q in row] for row in matrix])
        assert np.linalg.eigvalsh(numbers).min() > -1e-9, label


def test_every_class_has_a_member_in_these_tests():
    assert {name for name, _, _ in MEMBERS} | {"bounded"} == set(CLASSES)


def test_a_bounded_set_has_its_diameter_and_its_ball():
    points = tuple(Point(n, vector(n), vector(f"g{n}"), ZERO) for n in "ab")
    found = conditions(Oracle("i", (Membership("bounded", (Fraction(2), Fraction(1))),), points))
    assert found.inequalities["i bounded both 0 a b"].values == {ONE: Fraction(4)}
    assert found.inequalities["i bounded point 0 a"].values == {ONE: Fraction(1)}


def test_classes_of_one_function_become_the_joint_class():
    mu, L = symbol("mu"), symbol("L")
    convex, smooth = Membership("convex"), Membership("smooth", (L,))
    assert joint((convex, smooth))[0] == Membership("curved", (Fraction(0), L))
    assert joint((Membership("strongly_convex", (mu,)), smooth))[0] == Membership("curved", (mu, L))
    assert joint((Membership("smooth_strongly_convex", (H, H)),))[0] == Membership("linear_gradient", (H,))
    assert joint((Membership("smooth", (H,)), Membership("concave")))[0] == Membership("curved", (-H, Fraction(0)))
    assert joint((convex, Membership("lipschitz", (L,)))) == (convex, Membership("lipschitz", (L,)))


def test_refutations_need_conditions_that_suffice():
    assert exact((Membership("convex"), Membership("smooth", (H,))))
    assert exact((Membership("convex"), Membership("lipschitz", (H,))))
    assert not exact((Membership("pl", (H,)), Membership("smooth", (H,))))
    assert not exact((Membership("strongly_monotone", (H,)), Membership("lipschitz_operator", (H,))))


def test_a_class_without_inequalities_is_an_error():
    point = Point("x", vector("x"), vector("g"), value("f"))
    with pytest.raises(ClassError, match="nothing is known"):
        conditions(Oracle("f", (Membership("separable"),), (point,)))
    with pytest.raises(ClassError, match="minimiser"):
        conditions(Oracle("f", (Membership("pl", (H,)),), (point,)))
    with pytest.raises(ClassError, match="takes mu, L"):
        conditions(Oracle("f", (Membership("quadratic", (H,)),), (point,)))
