"""The code cache: content in, the same content out, and silence about everything else."""

from __future__ import annotations

import os

import pytest

from optgen.runtime import cache
from optgen.runtime.cache import Store, key


def test_what_was_put_is_got_back(tmp_path):
    store = Store(tmp_path / "new" / "directory")
    store.put("ab", b"code\n\x00bytes", {"symbol": "advance"})
    body, meta = store.get("ab")
    assert body == b"code\n\x00bytes" and meta["symbol"] == "advance"


def test_a_key_depends_on_every_part_and_on_where_parts_end():
    assert key("a", "b") == key(b"a", b"b")
    assert len({key("a", "b"), key("ab"), key("ab", ""), key("b", "a")}) == 4


@pytest.mark.parametrize(
    "spoil", [lambda b: b[:-1], lambda b: b"", lambda b: b.replace(b"code", b"cods"), lambda b: b[5:]]
)
def test_a_broken_entry_is_as_if_it_were_not_there(tmp_path, spoil):
    store = Store(tmp_path)
    store.put("ab", b"code", {})
    file = tmp_path / "ab.bin"
    file.write_bytes(spoil(file.read_bytes()))
    assert store.get("ab") is None


def test_an_entry_under_another_name_is_not_trusted(tmp_path):
    store = Store(tmp_path)
    store.put("ab", b"code", {})
    os.rename(tmp_path / "ab.bin", tmp_path / "cd.bin")
    assert store.get("cd") is None and store.get("ab") is None


def test_a_directory_that_cannot_be_written_is_no_error(tmp_path):
    occupied = tmp_path / "file"
    occupied.write_text("not a directory")
    store = Store(occupied)
    store.put("ab", b"code", {})
    assert store.get("ab") is None
    assert Store(None).get("ab") is None


def test_nothing_unfinished_stays_behind_and_old_entries_go(tmp_path, monkeypatch):
    monkeypatch.setattr(cache, "MOST_ENTRIES", 3)
    store = Store(tmp_path)
    for number in range(4):
        store.put(f"k{number}", b"code", {})
        os.utime(tmp_path / f"k{number}.bin", (number, number)) if number < 3 else None
    assert sorted(path.name for path in tmp_path.iterdir()) == ["k2.bin", "k3.bin"]
