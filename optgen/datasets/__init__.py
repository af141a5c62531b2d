"""Small data sets that ship, for experiments: features and labels by name, with the usual preparations.

In: a name and options, as in `dataset breast_cancer (standardized, labels -1 1)`.  Out: arrays.
Must not know: specs, solvers.

The files in `data/` are written by `python -m optgen.datasets.build`; README.md there says where they come from.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from optgen.diagnostics import Diagnostic, Span, SpecError, suggestion

if TYPE_CHECKING:
    import numpy as np

OPTIONS = {
    "standardized": "each feature has mean 0 and deviation 1; constant features become 0",
    "scaled": "all features divided by the largest absolute value",
    "labels": "two numbers that stand for the first and the second class",
    "intercept": "a last feature that is 1",
}


def names() -> list[str]:
    """The data sets there are."""
    return sorted(path.stem for path in (Path(__file__).parent / "data").glob("*.npz"))


def load(
    name: str, options: Mapping[str, tuple[str, ...]] | None = None, span: Span | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Features (float64, one row an example) and labels (classes are int64 from 0) of a data set.

    Options are those of `OPTIONS`.  Raises SpecError, placed at `span`, for an unknown name or option.
    """
    import numpy as np

    options = options or {}
    wrong = _unknown(name, options, span)
    if wrong:
        raise SpecError(wrong)
    with np.load(Path(__file__).parent / "data" / f"{name}.npz", allow_pickle=False) as archive:
        features, labels = archive["features"].astype(np.float64), archive["labels"]
    if "standardized" in options:
        deviation = features.std(axis=0)
        features = (features - features.mean(axis=0)) / np.where(deviation > 0, deviation, 1)
    if "scaled" in options:
        features = features / np.abs(features).max()
    if "intercept" in options:
        features = np.column_stack([features, np.ones(len(features))])
    if "labels" in options:
        labels = _two_labels(labels, options["labels"], name, span)
    return features, labels


def _unknown(name: str, options: Mapping[str, tuple[str, ...]], span: Span | None) -> list[Diagnostic]:
    wrong = []
    if name not in names():
        hint = suggestion(name, names()) or f"there are {', '.join(names())}"
        wrong.append(Diagnostic("E0504", f"there is no data set {name}", span, help=hint))
    for option in options:
        if option not in OPTIONS:
            hint = suggestion(option, OPTIONS) or f"options are {', '.join(OPTIONS)}"
            wrong.append(Diagnostic("E0504", f"a data set has no option {option}", span, help=hint))
    return wrong


def _two_labels(labels: np.ndarray, values: tuple[str, ...], name: str, span: Span | None) -> np.ndarray:
    import numpy as np

    classes = np.unique(labels)
    try:
        first, second = (float(value) for value in values)
    except ValueError:
        raise SpecError([Diagnostic("E0504", "labels takes two numbers", span, help="labels -1 1")]) from None
    if len(classes) != 2:
        raise SpecError([Diagnostic("E0504", f"{name} has {len(classes)} classes, labels is for two", span)])
    return np.where(labels == classes[0], first, second)
