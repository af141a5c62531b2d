"""Compiled code on disk, by content.

An entry is one file: a line that names the format, a line of JSON (what the entry is, and the checksum of the rest),
then the bytes.  Nothing in it is executed on reading.  Files appear whole or not at all, so processes may share the
directory; an entry that cannot be read, written or trusted is as if it were not there.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MAGIC = b"optgen cache 1\n"
MOST_ENTRIES = 2048


def key(*parts: str | bytes) -> str:
    """The name of what is made from these parts: texts, options, versions, the processor's features."""
    digest = hashlib.sha256()
    for part in parts:
        content = part.encode() if isinstance(part, str) else part
        digest.update(len(content).to_bytes(8, "big") + content)
    return digest.hexdigest()


@dataclass(frozen=True, slots=True)
class Store:
    """A directory of entries; None as directory is a store that keeps nothing."""

    directory: Path | None

    def get(self, name: str) -> tuple[bytes, dict[str, Any]] | None:
        """The bytes and the description of an entry, or None."""
        if self.directory is None:
            return None
        try:
            content = self._path(name).read_bytes()
            header, line, body = _split(content)
            meta: dict[str, Any] = json.loads(line)
        except (OSError, ValueError):
            return None
        sound = header == MAGIC and meta.get("key") == name and meta.get("sha256") == hashlib.sha256(body).hexdigest()
        return (body, meta) if sound else None

    def put(self, name: str, body: bytes, meta: Mapping[str, Any]) -> None:
        """Keep an entry."""
        if self.directory is None:
            return
        line = json.dumps({**meta, "key": name, "sha256": hashlib.sha256(body).hexdigest()})
        target = self._path(name)
        with suppress(OSError):
            target.parent.mkdir(parents=True, exist_ok=True)
            handle, temporary = tempfile.mkstemp(dir=target.parent, suffix=".part")
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(MAGIC + line.encode() + b"\n" + body)
                os.replace(temporary, target)
            except OSError:
                os.unlink(temporary)
                raise
            self._prune()

    def _path(self, name: str) -> Path:
        assert self.directory is not None
        return self.directory / f"{name}.bin"

    def _prune(self) -> None:
        """Drop the older half when there are too many entries."""
        assert self.directory is not None
        entries = [entry for entry in os.scandir(self.directory) if entry.name.endswith(".bin")]
        if len(entries) > MOST_ENTRIES:
            for entry in sorted(entries, key=lambda entry: entry.stat().st_mtime)[: len(entries) // 2]:
                with suppress(FileNotFoundError):
                    os.unlink(entry.path)


def _split(content: bytes) -> tuple[bytes, bytes, bytes]:
    first = content.index(b"\n") + 1
    second = content.index(b"\n", first)
    return content[:first], content[first:second], content[second + 1 :]


def user_store() -> Store:
    """The store in the user's cache directory."""
    from platformdirs import user_cache_path

    try:
        return Store(user_cache_path("optgen", appauthor=False) / "code")
    except (OSError, RuntimeError):  # no home directory
        return Store(None)
