"""Checkpoints: a run on disk, written atomically, taken up again only with the same method and inputs."""

from __future__ import annotations

import hashlib
import json
import os
import time
import zipfile
from collections.abc import Callable
from typing import Any

import numpy as np

from optgen.diagnostics import Diagnostic, SpecError
from optgen.runtime.code import Code
from optgen.runtime.drive import Hook, Run
from optgen.runtime.inputs import Binding
from optgen.runtime.result import write_npz

FORMAT = 1


def fingerprint(code: Code, binding: Binding) -> str:
    """What a run is of: the program's key, and every input but the cap on steps."""
    digest = hashlib.sha256(f"{code.program.name} {code.key}".encode())
    for slot, array in zip(code.program.slots, binding.arrays, strict=False):
        if slot.name != "steps":
            digest.update(f"{slot.name} {array.dtype.str} {array.shape}".encode())
            digest.update(np.ascontiguousarray(array).data)
    digest.update(binding.arrays[-1].tobytes())
    return digest.hexdigest()


def save(run: Run, path: str | os.PathLike[str], identity: str) -> None:
    """Write the run as it stands."""
    arrays = {f"state.{k}": state for k, state in enumerate(run.states)}
    for name, parts in run.traces.items():
        run.traces[name] = parts = [np.concatenate(parts)] if len(parts) > 1 else parts
        arrays[f"trace.{name}"] = parts[0]
    meta = {"format": FORMAT, "of": identity, "phase": run.phase, "done": run.done, "total": run.total}
    write_npz(path, arrays, meta | {"seconds": run.seconds})


def regularly(save: Callable[[Run], None], every: float) -> Hook:
    """A hook that saves the run every so many seconds."""
    due = time.monotonic() + every

    def hook(run: Run) -> bool:
        nonlocal due
        if time.monotonic() >= due:
            save(run)
            due = time.monotonic() + every
        return False

    return hook


def load(path: str | os.PathLike[str], code: Code, binding: Binding) -> Run:
    """The run that was saved.  Raises SpecError if the file is no checkpoint, or one of something else."""
    try:
        with np.load(path, allow_pickle=False) as file:
            meta: dict[str, Any] = json.loads(str(file["meta"]))
            arrays = {name: file[name] for name in file.files if name != "meta"}
        known = meta["format"] == FORMAT
    except FileNotFoundError:
        raise SpecError([Diagnostic("E0611", f"there is no checkpoint {path}")]) from None
    except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile):
        raise SpecError([Diagnostic("E0611", f"{path} is not a checkpoint of optgen")]) from None
    if not known or meta["of"] != fingerprint(code, binding):
        message = f"{path} is a checkpoint of another method, other inputs or another version"
        raise SpecError(
            [Diagnostic("E0611", message, help="resume with the inputs of the first call; only steps may differ")]
        )
    states = [arrays[f"state.{k}"] for k in range(len(code.program.states))]
    traces = {name.removeprefix("trace."): [array] for name, array in arrays.items() if name.startswith("trace.")}
    return Run(code, binding, states, meta["phase"], meta["done"], meta["total"], traces, earlier=meta["seconds"])
