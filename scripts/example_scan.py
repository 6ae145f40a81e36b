#!/usr/bin/env python3
"""scripts/example_scan.py: writes examples/scan, three made companies whose chains, past prices and reports are known.

Usage: scripts/example_scan.py FOLDER
Writes FOLDER/chains/QRN.csv, STN.csv, OAT.csv, FOLDER/daily.csv, FOLDER/reports.csv and FOLDER/sectors.csv.

The quotes hold on Monday 2026-01-05 at 15:45 in New York. QRN and OAT report on Wednesday 2026-01-14 after the close, STN on Thursday 2026-01-15
before the open. Total variance at the money is d^2 T + e^2 [after the report], d the ordinary volatility a year and e the standard deviation of the
logarithm of the report's move; T is calendar time to 16:00 on the day of expiry over 365 days. Off the money it is the surface SVI of
scripts/example_chain.py with theta the variance at the money and rho = -0.3, free of arbitrage. Spot and forward are the same: interest and dividends
are 0, so American options are worth what European ones are. Bid and ask lie a part of the price and some cents around the price of Black (1976), rounded
outwards to cents.

Past prices are a random walk (normal, volatility d) from a fixed seed, with a jump after each report of 2023 to 2025: normal with standard deviation h,
the past's own. The last close is the spot. Volume is twice the usual one on the day of the reaction.

    company  d     e      h      quotes
    QRN      0.28  0.095  0.055  narrow: options ask more than the past has moved
    STN      0.22  0.045  0.060  narrow: options ask less
    OAT      0.35  0.080  0.060  wide, with little open interest
"""
import datetime
import math
import os
import sys

AS_OF = datetime.date(2026, 1, 5)
EXPIRIES = ("2026-01-09", "2026-01-16", "2026-01-23", "2026-02-20")
HOLIDAYS = set(
    "2023-01-02 2023-01-16 2023-02-20 2023-04-07 2023-05-29 2023-06-19 2023-07-04 2023-09-04 2023-11-23 2023-12-25 2024-01-01 2024-01-15 2024-02-19 "
    "2024-03-29 2024-05-27 2024-06-19 2024-07-04 2024-09-02 2024-11-28 2024-12-25 2025-01-01 2025-01-09 2025-01-20 2025-02-17 2025-04-18 2025-05-26 "
    "2025-06-19 2025-07-04 2025-09-01 2025-11-27 2025-12-25 2026-01-01".split())
COMPANIES = (
    # ticker, sector, spot, d, e, h, day of the month of its reports, timing, part of the price, cents, open interest at the money, seed
    ("QRN", "Milling", 120.0, 0.28, 0.095, 0.055, 14, "amc", 0.01, 0.01, 5200, 11),
    ("STN", "Milling", 64.0, 0.22, 0.045, 0.060, 15, "bmo", 0.01, 0.01, 3100, 23),
    ("OAT", "Farming", 38.0, 0.35, 0.080, 0.060, 14, "amc", 0.15, 0.08, 60, 37),
)


class Numbers:
    """Uniform numbers (Park and Miller's generator), and normal ones by their sums."""

    def __init__(self, seed):
        self.state = seed

    def uniform(self):
        self.state = self.state * 48271 % 2147483647
        return self.state / 2147483647

    def normal(self):
        return sum(self.uniform() for _ in range(12)) - 6


def is_open(day):
    return day.weekday() < 5 and day.isoformat() not in HOLIDAYS


def sessions():
    day = datetime.date(2023, 1, 3)
    while day < AS_OF:
        if is_open(day):
            yield day
        day += datetime.timedelta(1)


def report_days(of_month):
    """The first open day from that of the month on, of January, April, July and October; the coming one last."""
    for year in (2023, 2024, 2025, 2026):
        for month in (1, 4, 7, 10):
            if year < 2026 or month == 1:
                day = datetime.date(year, month, of_month)
                while not is_open(day):
                    day += datetime.timedelta(1)
                yield day


def total_variance(k, theta):
    phi = 1 / math.sqrt(theta * (1 + theta))
    return theta / 2 * (1 - 0.3 * phi * k + math.sqrt((phi * k - 0.3) ** 2 + 1 - 0.3**2))


def normal_below(x):
    return math.erfc(-x / math.sqrt(2)) / 2


def black(kind, spot, strike, w):
    s = math.sqrt(w)
    d1 = math.log(spot / strike) / s + s / 2
    sign = 1 if kind == "call" else -1
    return sign * (spot * normal_below(sign * d1) - strike * normal_below(sign * (d1 - s)))


def strikes(spot):
    step = 2.5 if spot > 50 else 1.0
    first = math.ceil(0.7 * spot / step)
    return [step * i for i in range(first, int(1.3 * spot / step) + 1)]


def write_chain(folder, company):
    ticker, _, spot, d, e, _, _, timing, part, cents, interest, _ = company
    report = list(report_days(company[6]))[-1]
    with open(os.path.join(folder, "chains", ticker + ".csv"), "w") as out:
        out.write("ticker,as_of,spot,expiry,type,strike,bid,ask,volume,open_interest\n")
        for expiry in EXPIRIES:
            day = datetime.date.fromisoformat(expiry)
            years = ((day - AS_OF).days * 24 * 60 + 15) / (365 * 24 * 60)
            after = day > report or (day == report and timing == "bmo")
            theta = d * d * years + (e * e if after else 0)
            for strike in strikes(spot):
                for kind in ("call", "put"):
                    value = black(kind, spot, strike, total_variance(math.log(strike / spot), theta))
                    half = cents + part * value
                    bid = max(0, math.floor((value - half) * 100 + 1e-9))
                    ask = math.ceil((value + half) * 100 - 1e-9)
                    held = round(interest * math.exp(-abs(strike / spot - 1) / 0.15))
                    out.write(f"{ticker},2026-01-05 15:45,{spot:g},{expiry},{kind},{strike:g},{bid / 100:.2f},{ask / 100:.2f},{held // 9},{held}\n")


def daily(company):
    """Days, opens, highs, lows, closes, volumes."""
    _, _, spot, d, _, h, of_month, timing, *_, seed = company
    numbers = Numbers(seed)
    reports = set(report_days(of_month))
    rows, log, jump = [], 0.0, 0.0
    for day in sessions():
        if timing == "bmo" and day in reports:
            jump = h * numbers.normal()
        moved = jump != 0.0
        start = log + jump + 0.3 * d / math.sqrt(252) * numbers.normal()
        log = start + d / math.sqrt(252) * numbers.normal()
        low, high = min(start, log) - abs(numbers.normal()) * 0.004, max(start, log) + abs(numbers.normal()) * 0.004
        volume = round(1e6 * (2.0 if moved else 1.0) * math.exp(0.2 * numbers.normal()))
        rows.append((day, start, high, low, log, volume))
        jump = h * numbers.normal() if timing == "amc" and day in reports else 0.0
    last = rows[-1][4]
    return [(day, *(spot * math.exp(x - last) for x in prices), volume) for day, *prices, volume in rows]


def main(folder):
    os.makedirs(os.path.join(folder, "chains"), exist_ok=True)
    with open(os.path.join(folder, "daily.csv"), "w") as out:
        out.write("date,ticker,open,high,low,close,volume\n")
        for company in COMPANIES:
            for day, *prices, volume in daily(company):
                out.write(f"{day},{company[0]},{','.join(f'{p:.2f}' for p in prices)},{volume}\n")
    with open(os.path.join(folder, "reports.csv"), "w") as out:
        out.write("ticker,date,timing\n")
        for company in COMPANIES:
            for day in report_days(company[6]):
                out.write(f"{company[0]},{day},{company[7]}\n")
    with open(os.path.join(folder, "sectors.csv"), "w") as out:
        out.write("ticker,sector\n")
        for company in COMPANIES:
            out.write(f"{company[0]},{company[1]}\n")
    for company in COMPANIES:
        write_chain(folder, company)


main(sys.argv[1])
