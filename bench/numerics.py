"""bench/numerics.py: what quern/numerics.h does, in NumPy, for bench/numerics.c.

A conversation on standard input and output:
    first line out              "ready VERSION", or "missing NumPy"
    CASE COUNT COLUMNS CALLS    seconds that so many calls took
Arrays are made beforehand, and every result goes into its place (out=) where NumPy can do that.
"""
import sys
import time

try:
    import numpy as np
except ImportError:
    print("missing NumPy", flush=True)
    sys.exit(0)


def call_of(case, count, columns):
    x = np.linspace(-6, 6, count)
    to, scratch = np.empty(count), np.empty(count)
    rows = np.linspace(-1, 1, count * columns).reshape(count, columns)
    by_columns = np.asfortranarray(rows)
    weights = np.linspace(0.1, 1, columns)

    def moments():
        return x.mean(), x.var(ddof=1)

    def zscore():
        np.subtract(x, x.mean(), out=to)
        np.divide(to, x.std(ddof=1), out=to)

    def tanh():
        np.tanh(x, out=to)

    def sigmoid():
        np.negative(x, out=scratch)
        np.exp(scratch, out=scratch)
        np.add(scratch, 1, out=scratch)
        np.divide(1, scratch, out=to)

    def clip():
        np.clip(x, -1, 1, out=to)

    def score_columns():
        np.dot(by_columns, weights, out=to)
        np.add(to, 0.5, out=to)

    def score_rows():
        np.dot(rows, weights, out=to)
        np.add(to, 0.5, out=to)

    return locals()[case]


def main():
    print("ready", np.__version__, flush=True)
    for line in sys.stdin:
        case, count, columns, calls = line.split()
        call = call_of(case, int(count), int(columns))
        call()
        start = time.perf_counter()
        for _ in range(int(calls)):
            call()
        print(repr(time.perf_counter() - start), flush=True)


main()
