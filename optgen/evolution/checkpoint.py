"""A search on disk: its islands after an epoch, written so that a kill at any moment loses no find.

What came after the last checkpoint is found again when the search is taken up, for its epochs are fixed.  Data only:
arrays and JSON in one file, replaced as a whole.
"""

from __future__ import annotations

import json
import os
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from optgen.diagnostics import Diagnostic, SpecError
from optgen.evolution.epochs import Population

FORMAT = 1


def write(path: Path, population: Population, identity: dict[str, Any]) -> None:
    """Replace the checkpoint: at every moment the file is a whole one, of before or of now."""
    arrays = {
        f"{number}.{name}": array
        for number, island in enumerate(population.islands)
        for name, array in island._asdict().items()
    }
    about = json.dumps({"format": FORMAT, "epoch": population.epoch, "search": identity})
    beside = path.with_name(path.name + ".part")
    with open(beside, "wb") as file:
        np.savez(file, about=np.frombuffer(about.encode(), np.uint8), **arrays)
        file.flush()
        os.fsync(file.fileno())
    os.replace(beside, path)


def read(path: Path, identity: dict[str, Any], island: Any) -> Population:
    """The population of a checkpoint, of islands of this named tuple.

    Raises SpecError if it is none, or of another search.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            about = json.loads(bytes(file["about"]))
            count = 1 + max(int(name.split(".")[0]) for name in file.files if name[0].isdigit())
            islands = [island(*(file[f"{k}.{name}"] for name in island._fields)) for k in range(count)]
    except FileNotFoundError:
        raise SpecError([Diagnostic("E0902", f"there is no checkpoint {path}")]) from None
    except (OSError, ValueError, KeyError, zipfile.BadZipFile, EOFError):
        raise SpecError([Diagnostic("E0902", f"{path} is not a checkpoint of a search")]) from None
    if about.get("format") != FORMAT or about.get("search") != identity:
        other = about.get("search", {})
        changed = [name for name, value in identity.items() if other.get(name) != value]
        raise SpecError(
            [
                Diagnostic(
                    "E0902",
                    f"{path} is the checkpoint of another search: it differs in {', '.join(changed) or 'format'}",
                    help="resume with the same target, domain, operations, size and seed, or begin a new file",
                )
            ]
        )
    return Population(islands, about["epoch"])
