"""Past reactions of fifteen companies (../shared/data/earnings) as they are counted again here with Python's statistics.

SCAN_HISTORY names the program that prints ours. All fifteen report after the close, which the calendar does not tell: their reactions are
those of the day after. Skipped, loudly, with exit status 77 where the data are not there.
"""
import csv
import datetime
import gzip
import math
import os
import random
import statistics
import subprocess
import sys
import unittest

PROGRAM = os.environ["SCAN_HISTORY"]
FOLDER = os.path.join("..", "shared", "data", "earnings")
EPOCH = datetime.date(1970, 1, 1)
DECAY = 0.85

if not os.path.isdir(FOLDER):
    print(f"SKIPPED: past reactions of real companies: there is no {FOLDER}", file=sys.stderr)
    sys.exit(77)


def day_of(text):
    return (datetime.date.fromisoformat(text[:10]) - EPOCH).days


def read():
    prices, reports = {}, {}
    with gzip.open(os.path.join(FOLDER, "daily_prices.csv.gz"), "rt") as file:
        for row in csv.DictReader(file):
            numbers = [float(row[name]) for name in ("Open", "High", "Low", "Close", "Volume")]
            prices.setdefault(row["ticker"], []).append((day_of(row["date"]), *numbers))
    with open(os.path.join(FOLDER, "earnings_dates.csv")) as file:
        for row in csv.DictReader(file):
            reports.setdefault(row["ticker"], []).append(day_of(row["earnings_date"]))
    return prices, {ticker: sorted(days) for ticker, days in reports.items()}


PRICES, REPORTS = read()
ROW = {ticker: {row[0]: i for i, row in enumerate(rows)} for ticker, rows in PRICES.items()}


def run(prices, reports):
    """By ticker: what it is rejected for, its numbers by name, its moves, newest first, and its splits."""
    lines = []
    for ticker, rows in prices.items():
        lines.append(f"ticker {ticker} -")
        lines += ["price %d %r %r %r %r %r" % row for row in rows]
        lines += [f"report {day} unknown" for day in reports[ticker]]
    text = "\n".join(lines) + "\nrun 0\n"
    done = subprocess.run([PROGRAM], input=text, capture_output=True, text=True, timeout=60, check=True)
    found = {}
    for words in map(str.split, done.stdout.splitlines()):
        if words[0] == "ticker":
            of = found[words[1]] = {"reject": " ".join(words[2:]), "moves": [], "splits": {}}
        elif words[0] == "move":
            of["moves"].append(words[1:])
        elif words[0] == "split":
            of["splits"][int(words[1])] = float(words[2])
        else:
            of[words[1]] = float(words[2])
    return found


def moves(ticker, shift):
    """Newest first, |close to close| so many days after the report's own move."""
    rows = PRICES[ticker]
    at = [ROW[ticker][day] + shift for day in reversed(REPORTS[ticker])]
    return [abs(rows[i][4] / rows[i - 1][4] - 1) for i in at]


def recent(x):
    weights = [DECAY**i for i in range(len(x))]
    return [w / sum(weights) for w in weights]


def not_adjusted(rows, day, ratio):
    """The same prices before a split on that day."""
    return [(d, *(ratio * p for p in row), v / ratio) if d < day else (d, *row, v) for d, *row, v in rows]


class History(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.found = run(PRICES, REPORTS)

    def near(self, got, expected, relative=1e-11):
        self.assertTrue(math.isclose(got, expected, rel_tol=relative, abs_tol=1e-300), (got, expected))

    def test_moves_are_those_of_the_day_after(self):
        self.assertEqual(len(self.found), 15)
        for ticker, found in self.found.items():
            x, same_day = moves(ticker, 1), moves(ticker, 0)
            self.assertEqual((found["reject"], found["used"], found["inferred"]), ("", 28, 28))
            self.assertEqual({(move[1], move[2]) for move in found["moves"]}, {("amc", "1")})
            for move, expected in zip(found["moves"], x):
                self.assertTrue(math.isclose(abs(float(move[4])), expected, rel_tol=1e-9))
            self.near(found["mean"], statistics.mean(x))
            self.near(found["median"], statistics.median(x))
            self.near(found["sd"], statistics.stdev(x))
            self.near(found["max"], max(x))
            self.near(found["tail_ratio"], max(x) / statistics.mean(x))
            self.near(found["other_mean"], statistics.mean(same_day))
            self.assertLess(found["other_mean"], 0.6 * found["mean"])

    def test_recent_moves_count_more(self):
        for ticker, found in self.found.items():
            x = moves(ticker, 1)
            w = recent(x)
            mean = sum(a * b for a, b in zip(w, x))
            deviation = math.sqrt(sum(a * (b - mean) ** 2 for a, b in zip(w, x)))
            middle = statistics.mean(x)
            slope = 100 * sum((13.5 - i) * (b - middle) for i, b in enumerate(x)) / sum((13.5 - i) ** 2 for i in range(28))
            score = min(max(100 * (1 - deviation / mean), 0), 100)
            self.near(found["recent_mean"], mean)
            self.near(found["rms"], math.sqrt(sum(a * b * b for a, b in zip(w, x))))
            self.assertAlmostEqual(found["consistency"], score, delta=1e-9)
            self.assertAlmostEqual(found["trend"], slope, delta=1e-12)
            self.assertAlmostEqual(found["trust"], score / 100 * 28 / 32 * (0.7 if slope > 0.5 else 1), delta=1e-11)

    def test_means_are_shrunk_toward_the_others(self):
        count = 1 / sum(w * w for w in recent(range(28)))
        for ticker, found in self.found.items():
            peers = statistics.mean(other["recent_mean"] for name, other in self.found.items() if name != ticker)
            self.near(found["peer_mean"], peers)
            self.near(found["expected"], (count * found["recent_mean"] + 4 * peers) / (count + 4))
            self.assertEqual(found["peers"], 14)

    def test_the_error_is_that_of_a_bootstrap(self):
        """Exponential weights and a random peer, 4000 times, which scatter by some 1 %; n of them by sqrt((n + 1) / (n - 1)) too little."""
        chance = random.Random(1)
        x = moves("NVDA", 1)
        w = recent(x)
        peers = [found["recent_mean"] for name, found in self.found.items() if name != "NVDA"]
        count = 1 / sum(a * a for a in w)
        samples = []
        for _ in range(4000):
            g = [a * chance.expovariate(1) for a in w]
            own = sum(a * b for a, b in zip(g, x)) / sum(g)
            samples.append((count * own + 4 * chance.choice(peers)) / (count + 4))
        expected = statistics.pstdev(samples) * math.sqrt((count + 1) / (count - 1))
        found = self.found["NVDA"]
        self.near(found["error"], expected, 0.06)
        self.assertLess(found["low"], found["expected"] - 1.3 * expected)
        self.assertGreater(found["high"], found["expected"] + 1.3 * expected)

    def test_reports_before_the_open_are_inferred_as_well(self):
        """Dated on the day of the reaction, the same reports came before its open. (Some dates of GOOG are a day early.)"""
        names = [ticker for ticker in PRICES if ticker != "GOOG"]
        later = {t: [PRICES[t][ROW[t][day] + 1][0] for day in REPORTS[t]] for t in names}
        for ticker, found in run({t: PRICES[t] for t in names}, later).items():
            self.assertEqual({(move[1], move[2]) for move in found["moves"]}, {("bmo", "1")})
            self.near(found["mean"], self.found[ticker]["mean"])

    def test_days_without_reports_tell_no_timing(self):
        chance = random.Random(2)
        days = {t: sorted(chance.sample([row[0] for row in PRICES[t][40:-5]], 20)) for t in PRICES}
        for found in run(PRICES, days).values():
            self.assertIn("neither the calendar nor the prices tell", found["reject"])

    def test_adjusted_prices_have_no_splits(self):
        for found in self.found.values():
            self.assertEqual(found["splits"], {})

    def test_splits_are_found_where_prices_are_not_adjusted(self):
        splits = {"NVDA": [("2021-07-20", 4), ("2024-06-10", 10)], "AAPL": [("2020-08-31", 4)], "GOOG": [("2022-07-18", 20)],
                  "GOOGL": [("2022-07-18", 20)], "AVGO": [("2024-07-15", 10)]}
        rows = {ticker: PRICES[ticker] for ticker in splits}
        for ticker, all_of_it in splits.items():
            for day, ratio in all_of_it:
                rows[ticker] = not_adjusted(rows[ticker], day_of(day), ratio)
        for ticker, found in run(rows, REPORTS).items():
            self.assertEqual(found["splits"], {day_of(day): ratio for day, ratio in splits[ticker]})
            self.near(found["mean"], self.found[ticker]["mean"], 1e-9)


if __name__ == "__main__":
    unittest.main(verbosity=2)
