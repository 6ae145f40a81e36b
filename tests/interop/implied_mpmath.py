"""Implied volatilities beside mpmath with 80 digits: quotes of every region, and the prices of "Let's be rational", solved
anew by mpmath from the very numbers of the quote, without our answer.

IMPLIED names the program that answers. QUERN_TEST_EFFORT=long: 10,000 quotes. Skipped, loudly, where mpmath is not
installed.
"""
import json
import os
import random
import subprocess
import sys
import unittest

try:
    import mpmath
    from mpmath import mp, mpf
except ImportError:
    print("SKIPPED: implied volatilities beside mpmath: python3-mpmath is not installed")
    sys.exit(77)

EFFORT = {"short": 9, "long": 10000}.get(os.environ.get("QUERN_TEST_EFFORT"), 126)
ULP = 4.5
mp.dps = 80


def phi(z):
    return mpmath.erfc(-z / mpmath.sqrt(2)) / 2


def parts(k, s):
    """What an option out of the money is worth in units of the smaller of forward and strike, and what it lacks of 1."""
    d1 = -k / s + s / 2
    far = mpmath.exp(k) * phi(d1 - s)
    return phi(d1) - far, phi(-d1) + far


def solve(value, low, k, start):
    """s with value = low B(k, s): the secant's method on the logarithm, from anywhere near."""
    c = value / low
    side = 0 if c < mpf("0.5") else 1
    target = mpmath.log(c if side == 0 else 1 - c)
    return mpmath.findroot(lambda s: mpmath.log(parts(k, s)[side]) - target, (start, start * mpf("1.0001")), tol=mpf(10) ** -60)


REGIONS = [
    lambda r: (r.uniform(-0.3, 0.3), r.uniform(0.02, 0.5)),
    lambda r: (r.uniform(-2, 2), 10 ** r.uniform(-1.5, 0.2)),
    lambda r: (0.0, 10 ** r.uniform(-9, 1)),
    lambda r: (10 ** r.uniform(-12, 0), 10 ** r.uniform(-12, 0)),
    lambda r: (r.uniform(-3, 3), r.uniform(0.9, 2.2)),
    lambda r: (lambda k: (k, abs(k) / r.uniform(0.1, 34)))(r.uniform(0.7, 9)),
    lambda r: (10 ** r.uniform(-4, 2.7), 10 ** r.uniform(-4, 1.7)),
    lambda r: (r.uniform(-2, 2), r.uniform(4, 30)),
    lambda r: (lambda k: (k, abs(k) / r.uniform(2, 36)))(r.uniform(0.001, 1)),
]


def quote(r, region):
    """price, forward, strike, years, type, and the s that the price is about of; None where a double cannot say it."""
    k, s = REGIONS[region](r)
    forward = 10 ** r.uniform(-2, 5)
    strike = forward * float(mpmath.exp(k))
    years, kind = 10 ** r.uniform(-3, 1), r.choice((1, -1))
    low, high = min(forward, strike), max(forward, strike)
    value = low * parts(mpmath.log(mpf(high) / low), mpf(s))[0]
    inside = (forward > strike) == (kind > 0) and forward != strike
    price = float(value + (mpf(high) - low if inside else 0))
    least, most = (mpf(high) - low if inside else mpf(0)), (forward if kind > 0 else strike)
    if not least < price < most or float(high - low if inside else 0) >= price:
        return None
    return price, forward, strike, years, kind, mpf(s)


class Implied(unittest.TestCase):
    def test_volatilities_of_all_regions(self):
        r = random.Random(20260309)
        quotes = []
        while len(quotes) < EFFORT:
            q = quote(r, len(quotes) % len(REGIONS))
            if q is not None:
                quotes.append(q)
        self.check(quotes)

    def test_volatilities_of_the_prices_of_lets_be_rational(self):
        try:
            with open("../shared/data/options/lets_be_rational_cases.json", encoding="utf-8") as file:
                cases = json.load(file)
        except FileNotFoundError:
            self.skipTest("SKIPPED: the data folder ../shared/data is not here")
        quotes = [(o["black"], float(i["F"]), float(i["K"]), float(i["T"]), i["q"], mpf(i["sigma"]) * mpmath.sqrt(i["T"]))
                  for i, o in zip(cases["input"], cases["output"])
                  if i["T"] > 0 and o["black"] > max(0, i["q"] * (i["F"] - i["K"]))]
        self.assertEqual(len(quotes), 492)
        self.check(quotes[::1 if EFFORT == 10000 else 10])

    def check(self, quotes):
        text = "".join(f"{p.hex()} {f.hex()} {k.hex()} {t.hex()} {kind}\n" for p, f, k, t, kind, _ in quotes)
        answers = subprocess.run([os.environ["IMPLIED"]], input=text, text=True, check=True, capture_output=True, timeout=60).stdout
        worst = 0
        for (price, forward, strike, years, kind, start), answer in zip(quotes, answers.splitlines(), strict=True):
            sigma, status = answer.split()
            self.assertEqual(status, "ok", (price, forward, strike, years, kind))
            low, high = mpf(min(forward, strike)), mpf(max(forward, strike))
            value = mpf(price) - (high - low if (forward > strike) == (kind > 0) else 0)
            exact = solve(value, low, mpmath.log(high / low), start) / mpmath.sqrt(years)
            sigma = mpf(float.fromhex(sigma))
            error = float(abs(sigma - exact) / mpf(2) ** (mpmath.floor(mpmath.log(exact, 2)) - 52))
            self.assertLessEqual(error, ULP, (price, forward, strike, years, kind, float(sigma)))
            worst = max(worst, error)
        print(f"{len(quotes)} quotes: at most {worst:.2f} ULP")


if __name__ == "__main__":
    unittest.main(verbosity=2)
