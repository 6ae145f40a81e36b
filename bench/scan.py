#!/usr/bin/python3
"""bench/scan.py ENVIRONMENT: what a scan has at its core, as it is usually written, for bench/scan.c.

Each line on standard input names a folder with a chain a ticker (Z??.csv, yfinance's columns), daily.csv and
reports.csv, and says how many processes there may be. All tickers are scanned once, shared by these, and a line with a
figure of the result is printed. Of every ticker:
past reactions by the closes around each report, with mean and median; from the chain the straddle at the money of the
first expiry after the coming report, implied volatilities near the money of the expiries before and after it by Brent's
method, the move isolated from them; the ratio; and the median spread and open interest. No smile, no distribution, no
strategies, no sizes: less than what it is compared with.

Where the system has no pandas it is installed beside the bench's build, into an environment of its own.
"""
import glob
import multiprocessing
import os
import sys

import environment

pd = environment.pandas()
import numpy as np  # noqa: E402
import scipy  # noqa: E402
from scipy.optimize import brentq  # noqa: E402
from scipy.special import ndtr  # noqa: E402

AS_OF = pd.Timestamp("2026-02-13")


def black(forward, strike, years, sigma, sign):
    root = sigma * np.sqrt(years)
    d = np.log(forward / strike) / root + root / 2
    return sign * (forward * ndtr(sign * d) - strike * ndtr(sign * (d - root)))


def implied(price, forward, strike, years, sign):
    try:
        return brentq(lambda sigma: black(forward, strike, years, sigma, sign) - price, 1e-4, 10)
    except ValueError:
        return np.nan


def near_money(quotes, spot, years):
    """Forward, straddle and volatility of an expiry by its options nearest to the money."""
    calls = quotes[quotes.optionType == "call"].set_index("strike")
    puts = quotes[quotes.optionType == "put"].set_index("strike")
    both = calls.join(puts, lsuffix="_call", rsuffix="_put", how="inner")
    both = both.iloc[np.argsort(np.abs(both.index - spot))[:6]]
    call = (both.bid_call + both.ask_call) / 2
    put = (both.bid_put + both.ask_put) / 2
    forward = float(np.median(both.index + call - put))
    straddle = float(call.iloc[0] + put.iloc[0])
    sigmas = [implied(c if k >= forward else p, forward, k, years, 1 if k >= forward else -1)
              for k, c, p in zip(both.index, call, put)]
    return forward, straddle, float(np.nanmedian(sigmas))


def scan_ticker(task):
    path, daily, reports = task
    chain = pd.read_csv(path, parse_dates=["expirationDate"])
    spot = float(chain.underlyingPrice.iloc[0])
    past = reports[reports < AS_OF]
    after = np.searchsorted(daily.index.values, past.values, side="right")
    after = after[(after > 0) & (after < len(daily))]
    close = daily.Close.values
    moves = np.abs(close[after] / close[after - 1] - 1)
    report = reports[reports >= AS_OF].iloc[0]
    good = chain[(chain.bid > 0) & (chain.ask > chain.bid)]
    expiries = np.sort(good.expirationDate.unique())
    before, first = expiries[expiries <= report.to_datetime64()], expiries[expiries > report.to_datetime64()]
    found = []
    for expiry in (before[-1], first[0], first[1]):
        years = (pd.Timestamp(expiry) - AS_OF).days / 365 + 1e-4
        found.append((years, *near_money(good[good.expirationDate == expiry], spot, years)))
    (t0, _, _, s0), (t1, forward, straddle, s1), _ = found
    event = s1 * s1 * t1 - s0 * s0 * t1
    move = np.sqrt(2 / np.pi * max(event, 0))
    near = good[(good.expirationDate == first[0]) & (np.abs(good.strike / spot - 1) < 0.05)]
    spread = float((100 * (near.ask - near.bid) / ((near.ask + near.bid) / 2)).median())
    return {"ticker": os.path.basename(path)[:-4], "straddle": straddle / forward, "move": move,
            "history": float(moves.mean()), "median": float(np.median(moves)), "vrp": move / float(moves.mean()),
            "spread": spread, "interest": float(near.openInterest.median())}


def tasks(folder):
    daily = pd.read_csv(os.path.join(folder, "daily.csv"), parse_dates=["date"])
    reports = pd.read_csv(os.path.join(folder, "reports.csv"), parse_dates=["earnings_date"])
    of = {name: rows.set_index("date").sort_index() for name, rows in daily.groupby("ticker")}
    when = {name: rows.earnings_date.sort_values() for name, rows in reports.groupby("ticker")}
    for path in sorted(glob.glob(os.path.join(folder, "Z??.csv"))):
        name = os.path.basename(path)[:-4]
        yield path, of[name][["Close"]], when[name]


def main():
    print("ready pandas", pd.__version__, "SciPy", scipy.__version__, flush=True)
    pool = None
    for line in sys.stdin:
        folder, processes = line.split()
        pool = pool or multiprocessing.Pool(int(processes))
        results = pool.map(scan_ticker, tasks(folder), chunksize=4)
        results.sort(key=lambda r: -r["vrp"])
        print(len(results), results[0]["ticker"], results[0]["vrp"], flush=True)
    if pool is not None:
        pool.terminate()


main()
