#!/usr/bin/env python3
"""Writes src/base/number_powers.inc: the powers of ten to 128 bits that number parsing and printing share.

    scripts/number_powers.py            writes the file
    scripts/number_powers.py --check    exits with 1 where the file differs from what would be written
"""
import os
import sys

FIRST, LAST = -342, 341  # parsing needs -342 .. 308, shortest printing -292 .. 324, printing 17 digits -292 .. 340


def floor_log2(k):
    """The largest b with 2**b <= 10**k."""
    if k >= 0:
        return (10**k).bit_length() - 1
    return -((10**-k - 1).bit_length())


def power(k):
    """10**k / 2**(b - 127), rounded down: 128 bits, the first of them set."""
    shift = 127 - floor_log2(k)
    if k >= 0:
        return 10**k << shift if shift >= 0 else 10**k >> -shift
    return (1 << shift) // 10**-k


def log10_floor(numerator, exponent):
    """floor(log10(numerator / 4 * 2**exponent)), exactly."""
    numerator, denominator = (numerator << exponent, 4) if exponent >= 0 else (numerator, 4 << -exponent)
    k = len(str(numerator)) - len(str(denominator))
    below = numerator < denominator * 10**k if k >= 0 else numerator * 10**-k < denominator
    return k - below


def verify():
    """The constants that number_int.h computes with, over the ranges in which they are used."""
    for k in range(FIRST, LAST + 1):
        assert k * 1741647 >> 19 == floor_log2(k), k
        t = power(k)
        assert t >> 127 == 1
        exact = 0 <= k <= 55
        assert exact == (k >= 0 and t << max(floor_log2(k) - 127, 0) == 10**k << max(127 - floor_log2(k), 0)), k
        assert exact or t & (2**64 - 1) != 2**64 - 1, k  # one more never carries into the high half
    for e in range(-1100, 1100):
        assert e * 1262611 >> 22 == log10_floor(4, e), e
        assert (e * 1262611 - 524031) >> 22 == log10_floor(3, e), e


def text():
    lines = [
        "/* base/number_powers.inc: 10^k, k = %d .. %d, rounded down to 128 bits, the first of them set: {high, low}." % (FIRST, LAST),
        " * Written by scripts/number_powers.py; included by base/number_powers.c alone. */",
    ]
    for k in range(FIRST, LAST + 1):
        t = power(k)
        lines.append("{0x%016x, 0x%016x}, /* %d */" % (t >> 64, t & (2**64 - 1), k))
    return "\n".join(lines) + "\n"


def main():
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "src", "base", "number_powers.inc")
    verify()
    if sys.argv[1:] == ["--check"]:
        with open(path) as file:
            sys.exit(0 if file.read() == text() else "src/base/number_powers.inc is not what scripts/number_powers.py writes")
    with open(path, "w") as file:
        file.write(text())


main()
