"""Threefry-2x32-20 in whole numbers: published vectors, and JAX's generator."""

from __future__ import annotations

import numpy as np
import pytest

from tests.references.threefry import threefry, threefry_word

KNOWN = [  # key, counter, output: the known-answer vectors published with Random123
    ((0, 0), (0, 0), (0x6B200159, 0x99BA4EFE)),
    ((0xFFFFFFFF, 0xFFFFFFFF), (0xFFFFFFFF, 0xFFFFFFFF), (0x1CB996FC, 0xBB002BE7)),
    ((0x13198A2E, 0x03707344), (0x243F6A88, 0x85A308D3), (0xC4923A9C, 0x483DF7A0)),
]


@pytest.mark.parametrize(("key", "counter", "expected"), KNOWN)
def test_known_answers(key, counter, expected):
    assert threefry(key, counter) == expected


def test_jax_encrypts_the_same():
    peer = pytest.importorskip("jax.extend.random")
    rng = np.random.default_rng(0)
    for _ in range(10):
        words = [int(word) for word in rng.integers(0, 1 << 32, 4)]
        key, counter = np.array(words[:2], np.uint32), np.array(words[2:], np.uint32)
        expected = tuple(int(word) for word in np.asarray(peer.threefry_2x32(key, counter)))
        assert threefry((words[0], words[1]), (words[2], words[3])) == expected


def test_words_of_64_bits_are_pairs_with_the_high_half_first():
    assert threefry_word(0x13198A2E03707344, 0x243F6A8885A308D3) == 0xC4923A9C483DF7A0
