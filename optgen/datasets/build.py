"""Write the shipped data sets from scikit-learn's copies: `python -m optgen.datasets.build` (needs scikit-learn)."""

from __future__ import annotations

from pathlib import Path

import numpy as np

SETS = ("breast_cancer", "digits", "iris", "wine", "diabetes")


def main() -> None:
    """Write every set to `data/`."""
    from sklearn import datasets

    for name in SETS:
        bunch = getattr(datasets, f"load_{name}")()
        features = bunch.data.astype(np.uint8) if name == "digits" else bunch.data
        labels = bunch.target if name == "diabetes" else bunch.target.astype(np.int64)
        np.savez_compressed(Path(__file__).parent / "data" / f"{name}.npz", features=features, labels=labels)


if __name__ == "__main__":
    main()
