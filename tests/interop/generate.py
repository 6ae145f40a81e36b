"""Made-up records are those that another program makes from the same seed: the generator once more, in whole numbers of Python's.

GENERATE_WRITE names the program that writes ours. `generate.py --digests` prints what tests/unit/generate.c holds: the BLAKE2b digests
of the first records of its cases, as they are made here.
"""
import hashlib
import os
import struct
import subprocess
import sys
import unittest

WORD = (1 << 64) - 1
GOLDEN = 0x9E3779B97F4A7C15
CENT = 1_000_000
# count, seed, symbols, gap_ns, start_ns, orders
CASES = [(20000, 0, 0, 0, 0, 0.0), (20000, 42, 16, 1000, 0, 0.125), (5000, 2**64 - 1, 1, 1, -5, 1.0), (5000, 7, 20000, 10**9, 10**18, 0.001)]


def mix(z):
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & WORD
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & WORD
    return z ^ (z >> 31)


def toward_zero(a, b):
    return -(-a // b) if a < 0 else a // b


def records(count, seed, symbols, gap, start, orders):
    symbols, gap, time = symbols or 16, gap or 1000, start or 1704205800 * 10**9
    key = mix((seed + GOLDEN) & WORD)
    levels = [(1000 + mix(key ^ mix(i + 1)) % 99000) * CENT for i in range(symbols)]
    prices = list(levels)
    order = 0
    for i in range(count):
        a, b, c = (mix((key + (3 * i + j) * GOLDEN) & WORD) for j in (1, 2, 3))
        k = (a >> 32) * symbols >> 32
        time += (a & 0xFFFFFFFF) * (2 * gap + 1) >> 32
        level, price = levels[k], prices[k]
        z = sum(b.to_bytes(8, "little")[:4]) - 510
        price += toward_zero(level - price, 2**21) + price // 2**20 * z
        price = prices[k] = min(max(price, level // 16), level * 16)
        shown = price // CENT * CENT
        bid, ask = shown - (1 + (b >> 32 & 1)) * CENT, shown + (1 + (b >> 33 & 1)) * CENT
        side = 1 if b >> 34 & 1 else -1
        size = (1 + (b >> 36 & 63) * (b >> 42 & 63)) * 10**8
        paid, kind, number = (ask if side > 0 else bid), 0, 0
        if orders > 0 and c >> 32 < int(orders * 2**32):
            order += 1
            kind, number = 1, order
            paid += side * ((c & 3) - 1) * CENT
        yield struct.pack("<6qiBbHII", 0, time, paid, size, bid, ask, k, kind, side, 3, number, 0)


class Generate(unittest.TestCase):
    def test_both_make_the_same_records(self):
        for case in CASES:
            with self.subTest(case=case):
                ours = subprocess.run([os.environ["GENERATE_WRITE"], *map(repr, case)], check=True, timeout=60, stdout=subprocess.PIPE).stdout
                self.assertEqual(len(ours), 64 * case[0])
                for i, record in enumerate(records(*case)):
                    if ours[64 * i:64 * i + 64] != record:
                        self.fail(f"record {i}: {struct.unpack('<6qiBbHII', ours[64 * i:64 * i + 64])}, "
                                  f"expected {struct.unpack('<6qiBbHII', record)}")


if __name__ == "__main__":
    if sys.argv[1:] == ["--digests"]:
        for made in CASES:
            print(made, hashlib.blake2b(b"".join(records(*made)), digest_size=32).hexdigest())
        sys.exit(0)
    unittest.main(verbosity=2)
