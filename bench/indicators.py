#!/usr/bin/python3
"""bench/indicators.py ENVIRONMENT: NumPy's and pandas' side of bench/indicators.c.

Each line on standard input names a library and an indicator with its constants, such as "pandas sma 20". It is computed
once of a table of 500 moments and 1,000 symbols, and the sum of the last moment is printed. The table is made
beforehand.

numpy: as a stream would have it, a row of all symbols at a time, into arrays that are there (out=); windows are kept as
running sums, from which the oldest value is taken away: the fewest operations, though they drift.
windows: the same, but each window is aggregated anew by NumPy's own mean and std.
pandas: the whole table at once, with its own rolling, ewm and shift; columns lie in memory as pandas has them.

Where the system has no pandas it is installed beside the bench's build, into an environment of its own.
"""
import sys

import environment

pd = environment.pandas()
import numpy as np  # noqa: E402

SYMBOLS, MOMENTS = 1000, 500


def noise(k):
    return (k.astype(np.uint64) * np.uint64(2654435761) % np.uint64(1 << 32)).astype(np.float64) * 2.0**-32


PLACE = np.arange(SYMBOLS * MOMENTS).reshape(MOMENTS, SYMBOLS)
PRICES = 100 + noise(PLACE)
SIZES = np.floor(1000 * noise(PLACE + 7)) + 1
FRAME = pd.DataFrame(np.asfortranarray(PRICES))
SIZE_FRAME = pd.DataFrame(np.asfortranarray(SIZES))
OUT = np.empty(SYMBOLS)
SPARE = np.empty((4, SYMBOLS))


class Average:
    def __init__(self, n, alpha=None):
        self.alpha = 2 / (n + 1) if alpha is None else alpha
        self.value = None
        self.step = np.empty(SYMBOLS)

    def add(self, x):
        if self.value is None:
            self.value = x.copy()
        else:
            np.subtract(x, self.value, out=self.step)
            self.step *= self.alpha
            self.value += self.step
        return self.value


class Sum:
    """Of the last n rows."""

    def __init__(self, n):
        self.n, self.count = n, 0
        self.rows = np.zeros((n, SYMBOLS))
        self.total = np.zeros(SYMBOLS)

    def add(self, x):
        row = self.rows[self.count % self.n]
        self.total += x
        self.total -= row
        row[:] = x
        self.count += 1
        return self.total


def numpy_ema(n):
    average = Average(n)
    for x in PRICES:
        result = average.add(x)
    return result


def numpy_sma(n):
    window = Sum(n)
    for x in PRICES:
        np.multiply(window.add(x), 1 / n, out=OUT)
    return OUT


def numpy_deviation(n, divisor, k=None):
    """Shifted by the first row, without which sums of squares lose most digits."""
    values, squares, origin = Sum(n), Sum(n), PRICES[0].copy()
    apart, square, spread = SPARE[:3]
    for x in PRICES:
        np.subtract(x, origin, out=apart)
        np.multiply(apart, apart, out=square)
        total, spread[:] = values.add(apart), squares.add(square)
        np.multiply(total, total, out=square)
        square *= 1 / n
        spread -= square
        spread *= 1 / divisor
        np.sqrt(spread, out=OUT)
        if k is not None:
            np.multiply(OUT, k, out=OUT)
            np.multiply(total, 1 / n, out=square)
            square += origin
            np.add(OUT, square, out=OUT)
    return OUT


def numpy_vwap(n=None):
    worth, sizes = (np.zeros(SYMBOLS), np.zeros(SYMBOLS)) if n is None else (Sum(n), Sum(n))
    product = SPARE[0]
    for x, size in zip(PRICES, SIZES):
        np.multiply(x, size, out=product)
        if n is None:
            worth += product
            sizes += size
            np.divide(worth, sizes, out=OUT)
        else:
            np.divide(worth.add(product), sizes.add(size), out=OUT)
    return OUT


def numpy_rsi(n):
    gains, losses, last = Average(n, 1 / n), Average(n, 1 / n), PRICES[0]
    change, up, down = SPARE[:3]
    for x in PRICES[1:]:
        np.subtract(x, last, out=change)
        np.maximum(change, 0, out=up)
        np.subtract(up, change, out=down)
        gain, loss = gains.add(up), losses.add(down)
        np.add(gain, loss, out=change)
        np.divide(gain, change, out=OUT)
        np.multiply(OUT, 100, out=OUT)
        last = x
    return OUT


def numpy_macd(fast, slow, signal=None):
    averages = Average(fast), Average(slow), Average(signal or 1)
    for x in PRICES:
        np.subtract(averages[0].add(x), averages[1].add(x), out=OUT)
        result = OUT if signal is None else averages[2].add(OUT)
    return result


def numpy_realized_vol(n):
    window, last, change = Sum(n), PRICES[0], SPARE[0]
    for x in PRICES[1:]:
        np.divide(x, last, out=change)
        np.log(change, out=change)
        np.multiply(change, change, out=change)
        np.sqrt(window.add(change), out=OUT)
        last = x
    return OUT


def numpy_lag(n):
    rows, result = np.zeros((n, SYMBOLS)), OUT
    for i, x in enumerate(PRICES):
        result[:] = rows[i % n]
        rows[i % n] = x
    return result


def numpy_diff(n):
    rows = np.zeros((n, SYMBOLS))
    for i, x in enumerate(PRICES):
        np.subtract(x, rows[i % n], out=OUT)
        rows[i % n] = x
    return OUT


def numpy_windows(result):
    """result(window) of the last n rows, each time."""

    def run(n):
        window = np.zeros((n, SYMBOLS))
        for i, x in enumerate(PRICES):
            window[i % n] = x
            row = result(window)
        return row

    return run


def last(frame):
    return frame.to_numpy()[-1]


def wilder(frame, n):
    return frame.ewm(alpha=1 / n, adjust=False).mean()


def pandas_rsi(n):
    change = FRAME.diff()
    gain, loss = wilder(change.clip(lower=0), n), wilder((-change).clip(lower=0), n)
    return last(100 * gain / (gain + loss))


def pandas_macd(fast, slow, signal=None):
    line = FRAME.ewm(span=fast, adjust=False).mean() - FRAME.ewm(span=slow, adjust=False).mean()
    return last(line if signal is None else line.ewm(span=signal, adjust=False).mean())


def pandas_vwap(n=None):
    worth = FRAME * SIZE_FRAME
    if n is None:
        return last(worth.cumsum() / SIZE_FRAME.cumsum())
    return last(worth.rolling(n).sum() / SIZE_FRAME.rolling(n).sum())


KNOWN = {
    "numpy": {
        "ema": numpy_ema,
        "sma": numpy_sma,
        "sd": lambda n: numpy_deviation(n, n - 1),
        "vwap": numpy_vwap,
        "rsi": numpy_rsi,
        "bollinger": lambda n: numpy_deviation(n, n, 2),
        "macd": numpy_macd,
        "realized_vol": numpy_realized_vol,
        "lag": numpy_lag,
        "diff": numpy_diff,
    },
    "windows": {
        "sma": numpy_windows(lambda w: w.mean(axis=0)),
        "sd": numpy_windows(lambda w: w.std(axis=0, ddof=1)),
        "bollinger": numpy_windows(lambda w: w.mean(axis=0) + 2 * w.std(axis=0)),
    },
    "pandas": {
        "ema": lambda n: last(FRAME.ewm(span=n, adjust=False).mean()),
        "sma": lambda n: last(FRAME.rolling(n).mean()),
        "sd": lambda n: last(FRAME.rolling(n).std()),
        "vwap": pandas_vwap,
        "rsi": pandas_rsi,
        "bollinger": lambda n: last(FRAME.rolling(n).mean() + 2 * FRAME.rolling(n).std(ddof=0)),
        "macd": pandas_macd,
        "realized_vol": lambda n: last(np.sqrt((np.log(FRAME).diff() ** 2).rolling(n).sum())),
        "lag": lambda n: last(FRAME.shift(n)),
        "diff": lambda n: last(FRAME.diff(n)),
    },
}


def main():
    print("ready NumPy", np.__version__, "pandas", pd.__version__, flush=True)
    for line in sys.stdin:
        library, name, *constants = line.split()
        print(repr(float(KNOWN[library][name](*map(int, constants)).sum())), flush=True)


main()
