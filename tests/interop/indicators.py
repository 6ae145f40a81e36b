"""Indicators are what Python's decimals (60 digits) give by their definitions, and what pandas gives.

INDICATORS_APPLY names the program that computes a table. pandas is asked where it is installed, or in the environment
of the benchmarks, PANDAS_PYTHON, once these have made one; else its cases are skipped, loudly.
"""
import array
import decimal
import math
import os
import random
import subprocess
import sys
import unittest

try:
    import numpy
    import pandas
except ImportError:
    pandas = None
    python = os.environ.get("PANDAS_PYTHON", "")
    if os.path.exists(python) and sys.executable != python:
        os.execv(python, [python, "-B", *sys.argv])
    print("SKIPPED: comparing indicators with pandas: python3-pandas is not installed")

PROGRAM = os.environ["INDICATORS_APPLY"]
SYMBOLS, MOMENTS = 11, 120
D = decimal.Decimal
decimal.getcontext().prec = 60
NAN = float("nan")


def prices(seed, offset=0.0, gaps=False):
    """A table of walks; sizes are whole, some 0."""
    drawn = random.Random(seed)
    x, last = [], [100.0 + s for s in range(SYMBOLS)]
    for _ in range(MOMENTS):
        last = [max(1.0, round(p + drawn.gauss(0, 1), 2)) for p in last]
        x.append([NAN if gaps and drawn.random() < 0.05 else p + offset for p in last])
    sizes = [[float(drawn.randrange(4) * drawn.randrange(100)) for _ in range(SYMBOLS)] for _ in range(MOMENTS)]
    return x, sizes


def quern(name, constants, x, sizes):
    """Columns of results."""
    given = array.array("d")
    for row, row_sizes in zip(x, sizes):
        given.extend(row)
        given.extend(row_sizes)
    words = [PROGRAM, name, str(SYMBOLS), *(repr(c) for c in constants)]
    done = subprocess.run(words, input=given.tobytes(), capture_output=True, timeout=60)
    if done.returncode != 0:
        raise AssertionError(done.stderr.decode())
    out = array.array("d", done.stdout)
    return [list(out[s::SYMBOLS]) for s in range(SYMBOLS)]


def ema(x, n):
    out = []
    for value in x:
        out.append(out[-1] + (value - out[-1]) * 2 / (D(n) + 1) if out else value)
    return out


def windows(x, n):
    return [x[i + 1 - n : i + 1] if i + 1 >= n else None for i in range(len(x))]


def spread(x, divisor):
    mean = sum(x) / len(x)
    return (sum((value - mean) ** 2 for value in x) / divisor).sqrt()


def weighted(x, sizes):
    return sum(a * b for a, b in zip(x, sizes)) / sum(sizes) if sum(sizes) else None


def rsi(x, n):
    changes = [b - a for a, b in zip(x, x[1:])]
    out = [None] * len(x)
    for i in range(n, len(x)):
        if i == n:
            gain = sum(max(c, D(0)) for c in changes[:n]) / n
            loss = sum(max(-c, D(0)) for c in changes[:n]) / n
        else:
            gain = (gain * (n - 1) + max(changes[i - 1], D(0))) / n
            loss = (loss * (n - 1) + max(-changes[i - 1], D(0))) / n
        out[i] = 100 - 100 / (1 + gain / loss) if loss else D(100 if gain else 50)
    return out


def definition(name, c, x, sizes):
    """A column in decimals; None where nothing is known."""
    n = int(c[0]) if c else 1
    if name == "ema":
        return ema(x, c[0])
    if name == "sma":
        return [w and sum(w) / n for w in windows(x, n)]
    if name == "sd":
        return [w and spread(w, n - 1) for w in windows(x, n)]
    if name == "bollinger":
        return [w and sum(w) / n + D(c[1]) * spread(w, n) for w in windows(x, n)]
    if name == "vwap" and not c:
        return [weighted(x[: i + 1], sizes[: i + 1]) for i in range(len(x))]
    if name == "vwap":
        return [w and weighted(w, v) for w, v in zip(windows(x, n), windows(sizes, n))]
    if name == "rsi":
        return rsi(x, n)
    if name == "macd":
        line = [a - b for a, b in zip(ema(x, c[0]), ema(x, c[1]))]
        return line if len(c) == 2 else ema(line, c[2])
    if name == "realized_vol":
        squares = [(b / a).ln() ** 2 for a, b in zip(x, x[1:])]
        return [None] + [w and sum(w).sqrt() for w in windows(squares, n)]
    before = ([None] * n + x)[: len(x)]
    return before if name == "lag" else [None if a is None else b - a for a, b in zip(before, x)]


ASKED = [
    ("ema", [10]), ("ema", [2.5]), ("sma", [1]), ("sma", [7]), ("sd", [2]), ("sd", [20]), ("bollinger", [20, 2]),
    ("bollinger", [5, -1.5]), ("vwap", []), ("vwap", [6]), ("rsi", [14]), ("rsi", [1]), ("macd", [12, 26]),
    ("macd", [12, 26, 9]), ("realized_vol", [1]), ("realized_vol", [10]), ("lag", []), ("lag", [4]), ("diff", [3]),
]  # fmt: skip


class Decimals(unittest.TestCase):
    def check(self, x, sizes, relative):
        for name, constants in ASKED:
            got = quern(name, constants, x, sizes)
            for s in range(SYMBOLS):
                column, column_sizes = [D(row[s]) for row in x], [D(row[s]) for row in sizes]
                expected = definition(name, constants, column, column_sizes)
                scale = max(abs(v) for v in column) if name in ("ema", "sma", "bollinger", "vwap", "macd") else D(0)
                for i, (value, exact) in enumerate(zip(got[s], expected)):
                    with self.subTest(name=name, constants=constants, symbol=s, moment=i):
                        self.assertEqual(math.isnan(value), exact is None)
                        if exact is not None:
                            bound = D(relative) * (abs(exact) + scale + (100 if name == "rsi" else 0))
                            self.assertLessEqual(abs(D(value) - exact), bound)

    def test_prices_of_every_day(self):
        self.check(*prices(1), 1e-14)

    def test_prices_far_from_zero(self):
        self.check(*prices(2, offset=1e9), 1e-14)


@unittest.skipIf(pandas is None, "pandas is not installed")
class Pandas(unittest.TestCase):
    def frames(self, gaps=False):
        x, sizes = prices(3, gaps=gaps)
        return x, sizes, pandas.DataFrame(x), pandas.DataFrame(sizes)

    def check(self, name, constants, x, sizes, expected, from_moment=0):
        got = numpy.array(quern(name, constants, x, sizes)).T[from_moment:]
        expected = expected.to_numpy()[from_moment:]
        what = f"{name} {constants}"
        numpy.testing.assert_allclose(got, expected, rtol=1e-9, atol=1e-9, equal_nan=True, err_msg=what)

    def test_averages(self):
        x, sizes, f, _ = self.frames()
        self.check("ema", [10], x, sizes, f.ewm(span=10, adjust=False).mean())
        line = f.ewm(span=12, adjust=False).mean() - f.ewm(span=26, adjust=False).mean()
        self.check("macd", [12, 26], x, sizes, line)
        self.check("macd", [12, 26, 9], x, sizes, line.ewm(span=9, adjust=False).mean())

    def test_an_average_passes_over_what_is_missing(self):
        x, sizes, f, _ = self.frames(gaps=True)
        expected = f.ewm(span=10, adjust=False, ignore_na=True).mean()
        self.check("ema", [10], x, sizes, expected.where(f.notna()))

    def test_windows(self):
        for gaps in (False, True):
            x, sizes, f, v = self.frames(gaps)
            for n in (2, 20):
                rolling = f.rolling(n)
                self.check("sma", [n], x, sizes, rolling.mean())
                self.check("sd", [n], x, sizes, rolling.std())
                self.check("bollinger", [n, 2], x, sizes, rolling.mean() + 2 * rolling.std(ddof=0))
                self.check("vwap", [n], x, sizes, (f * v).rolling(n).sum() / v.rolling(n).sum())
                self.check("realized_vol", [n], x, sizes, (numpy.log(f).diff() ** 2).rolling(n).sum() ** 0.5)
                self.check("lag", [n], x, sizes, f.shift(n))
                self.check("diff", [n], x, sizes, f.diff(n))

    def test_since_the_start(self):
        x, sizes, f, v = self.frames()
        self.check("vwap", [], x, sizes, (f * v).cumsum() / v.cumsum())

    def test_wilders_average_is_one_of_pandas_once_its_beginning_has_faded(self):
        x, sizes, f, _ = self.frames()
        change = f.diff()
        gain, loss = (c.ewm(alpha=1 / 3, adjust=False).mean() for c in (change.clip(lower=0), (-change).clip(lower=0)))
        self.check("rsi", [3], x, sizes, 100 * gain / (gain + loss), from_moment=90)


if __name__ == "__main__":
    unittest.main(verbosity=2)
