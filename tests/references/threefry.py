"""Threefry-2x32-20 in whole numbers.

Salmon, Moraes, Dror, Shaw, Parallel random numbers: as easy as 1, 2, 3, SC 2011.
"""

from __future__ import annotations

WORD = 1 << 32
ROTATIONS = (13, 15, 26, 6, 17, 29, 16, 24)
PARITY = 0x1BD11BDA


def rotate_left(word: int, places: int) -> int:
    return (word << places | word >> (32 - places)) % WORD


def threefry(key: tuple[int, int], counter: tuple[int, int]) -> tuple[int, int]:
    """Two random 32-bit words: `counter` encrypted under `key` in twenty rounds, a subkey after every fourth."""
    keys = (*key, PARITY ^ key[0] ^ key[1])
    x, y = (counter[0] + keys[0]) % WORD, (counter[1] + keys[1]) % WORD
    for number in range(20):
        x = (x + y) % WORD
        y = rotate_left(y, ROTATIONS[number % 8]) ^ x
        if number % 4 == 3:
            injection = number // 4 + 1
            x = (x + keys[injection % 3]) % WORD
            y = (y + keys[(injection + 1) % 3] + injection) % WORD
    return x, y


def threefry_word(key: int, counter: int) -> int:
    """The same on 64-bit words, the first of a pair in the high half."""
    high, low = threefry(divmod(key, WORD), divmod(counter, WORD))
    return high * WORD + low
