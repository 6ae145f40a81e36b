"""quern scan, quern explain: the shipped example, whose model is known; every kind of bad input; real chains where they are."""
import csv
import gzip
import io
import json
import math
import os
import re
import shutil
import signal
import subprocess
import unittest

from command import PROJECT, TIMEOUT, Command, has_part, main

EXAMPLE = os.path.join(PROJECT, "examples", "scan")
DATA = os.path.join(os.path.dirname(PROJECT), "shared", "data")
FILES = ("--earnings", "reports.csv", "--prices", "daily.csv")


def near(a, b, error):
    return abs(a - b) <= error


class Scan(Command):
    """Works in a copy of the example: chains/QRN.csv, STN.csv, OAT.csv, reports.csv, daily.csv, sectors.csv."""

    def setUp(self):
        super().setUp()
        shutil.copytree(EXAMPLE, self.folder, dirs_exist_ok=True)
        self.environment["XDG_DATA_HOME"] = os.path.join(self.folder, "none")

    def read(self, name):
        with open(os.path.join(self.folder, name)) as file:
            return file.read()

    def scan(self, *words, code=0, files=FILES, warns=False):
        got, out, err = self.run_quern("scan", *files, "--format", "json", *words)
        self.assertEqual(got, code, msg=err)
        if not warns:
            self.assertEqual(err, "")
        return json.loads(out)

    def reason(self, text, *words, name="made.csv", files=FILES):
        """Why the only chain, of this text, is rejected."""
        self.write(name, text)
        result = self.scan("--chains", name, *words, code=1, files=files)
        self.assertEqual((len(result["tickers"]), len(result["rejected"])), (0, 1))
        return result["rejected"][0]["reason"]

    def changed(self, change, name="chains/QRN.csv"):
        """The rows of a file, each changed."""
        head, *rows = self.read(name).splitlines()
        return "\n".join([head] + [",".join(change(row.split(","))) for row in rows]) + "\n"


def with_cell(index, text):
    return lambda cells: cells[:index] + [text] + cells[index + 1:]


BID, ASK, SPOT, STRIKE = 6, 7, 2, 5


class Example(Scan):
    def test_the_moves_that_made_the_chains_are_found(self):
        result = self.scan("--chains", "chains")
        self.assertEqual(result["schema"], "quern.scan/1")
        self.assertEqual([t["ticker"] for t in result["tickers"]], ["QRN", "STN"])
        # scripts/example_scan.py: standard deviations of the reports' moves are 0.095 and 0.045, ordinary volatilities 0.28 and 0.22.
        for ticker, sigma, vol in zip(result["tickers"], (0.095, 0.045), (0.28, 0.22)):
            self.assertTrue(near(ticker["event_sigma"], sigma, 2 * ticker["event_sigma_error"]), ticker["event_sigma"])
            self.assertTrue(near(ticker["diffusive_iv"], vol, 2 * ticker["diffusive_iv_error"]))
            # E|exp(x) - 1| of x ~ N(-v/2, v) is 2 erf(sqrt(v / 8)); from close to close there is a calendar day of ordinary variance besides.
            reaction = ticker["event_sigma"] ** 2 + ticker["diffusive_iv"] ** 2 / 365
            self.assertTrue(near(ticker["implied_move"], 2 * math.erf(math.sqrt(reaction / 8)), 1e-12))
        dear, cheap = result["tickers"]
        self.assertGreater(dear["vrp_low"], 1)
        self.assertLess(cheap["vrp_high"], 1)
        self.assertEqual([r["ticker"] for r in result["rejected"]], ["OAT"])
        self.assertIn("not liquid", result["rejected"][0]["reason"])

    def test_history_is_that_of_the_right_days(self):
        dear, cheap = self.scan("--chains", "chains")["tickers"]
        closes = {}
        for row in csv.DictReader(io.StringIO(self.read("daily.csv"))):
            closes.setdefault(row["ticker"], []).append((row["date"], float(row["close"])))
        for ticker, shift in ((dear, 1), (cheap, 0)):  # after the close: to the next day; before the open: to that day
            days = [d for d, _ in closes[ticker["ticker"]]]
            moves = [m for m in ticker["historical"]["moves"] if m["status"] == "ok"]
            self.assertEqual(len(moves), 12)
            for move in moves:
                at = days.index(move["date"]) + shift
                (_, before), (_, after) = closes[ticker["ticker"]][at - 1:at + 1]
                self.assertTrue(near(move["close"], after / before - 1, 1e-12))
            mean = sum(abs(m["close"]) for m in moves) / 12
            self.assertTrue(near(ticker["historical"]["mean"], mean, 1e-12))

    def test_all_that_is_promised_of_a_ticker_is_there(self):
        ticker = self.scan("--chains", "chains")["tickers"][0]
        for key in ("ticker spot earnings_date timing timing_inferred implied_move implied_move_error straddle_move historical vrp vrp_low vrp_high tier "
                    "liquidity skew score score_parts strategies reasons").split():
            self.assertIn(key, ticker)
        self.assertLessEqual({"n", "mean", "median", "sd", "max"}, set(ticker["historical"]))
        self.assertLessEqual({"tier", "open_interest", "spread_pct"}, set(ticker["liquidity"]))
        self.assertTrue(near(sum(ticker["score_parts"].values()), ticker["score"], 1e-9))
        for trade in ticker["strategies"]:
            self.assertLessEqual({"name", "legs", "credit", "max_profit", "max_loss", "breakevens", "pop", "expected_value", "kelly_fraction", "contracts"},
                                 set(trade))
            for leg in trade["legs"]:
                self.assertLessEqual({"side", "type", "strike", "expiry", "price"}, set(leg))

    def test_losses_are_those_of_the_payoff(self):
        for ticker in self.scan("--chains", "chains")["tickers"]:
            for trade in ticker["strategies"]:
                if not trade["built"] or trade["undefined_risk"] or trade["name"] == "calendar":
                    continue

                def profit(price, trade=trade):
                    total = trade["credit"] - trade["commission"]
                    for leg in trade["legs"]:
                        sign = leg["quantity"] * (1 if leg["side"] == "buy" else -1)
                        total += sign * max(0.0, price - leg["strike"] if leg["type"] == "call" else leg["strike"] - price)
                    return total

                strikes = [0.0] + [leg["strike"] for leg in trade["legs"]] + [1e6]
                self.assertTrue(near(-min(map(profit, strikes)), trade["max_loss"], 1e-9), trade)
                for even in trade["breakevens"]:
                    self.assertTrue(near(profit(even), 0, 1e-9))

    def test_text_has_a_line_a_ticker_and_the_best_trade(self):
        out = self.succeeds("scan", *FILES, "--chains", "chains")
        self.assertIn("2 tickers judged, 1 rejected", out)
        self.assertIn("QRN     2026-01-14 amc", out)
        self.assertIn("QRN: ", out)
        self.assertIn("rejected:\n  OAT: it is not liquid", out)

    def test_csv_has_the_numbers_of_json(self):
        words = ("--chains", "chains")
        rows = list(csv.DictReader(io.StringIO(self.succeeds("scan", *FILES, *words, "--format", "csv"))))
        tickers = self.scan(*words)["tickers"]
        self.assertEqual([r["ticker"] for r in rows], [t["ticker"] for t in tickers])
        for row, ticker in zip(rows, tickers):
            for key in ("vrp", "vrp_low", "implied_move", "score"):
                self.assertEqual(float(row[key]), ticker[key])

    def test_results_do_not_depend_on_threads(self):
        results = []
        for threads in ("1", "2", "7"):
            self.environment["QUERN_THREADS"] = threads
            result = self.scan("--chains", "chains", "--sectors", "sectors.csv")
            del result["timing_ms"]
            results.append(result)
        self.assertEqual(results[0], results[1])
        self.assertEqual(results[0], results[2])

    def test_a_small_expected_loss_is_told_as_what_it_is(self):
        found = 0
        for fill in ("0.27", "0.3", "0.35"):  # the bear call spread is just below an expected profit
            for trade in self.scan("--chains", "chains", "--fill", fill)["tickers"][0]["strategies"]:
                told = re.match("its expected profit is not above 0: (.*) a share$", trade["reason"])
                found += told is not None
                if told:
                    self.assertTrue(near(float(told[1]), trade["expected_value"], 0.005 * abs(trade["expected_value"])))
        self.assertGreater(found, 0)

    def test_explain_shows_every_strategy_and_why(self):
        out = self.succeeds("explain", "QRN", *FILES, "--chains", "chains")
        for words in ("The move that options imply", "isolated by", "Past reactions", "Premium and liquidity", "iron condor", "iron butterfly",
                      "calendar spread", "undefined risk", "the best one"):
            self.assertIn(words, out)
        both = self.succeeds("explain", "QRN", "STN", *FILES, "--chains", "chains")
        self.assertIn("\nSTN, 2026-01-05", both)

    def test_explain_of_a_rejected_ticker_says_why_and_answers_no(self):
        code, out, _ = self.run_quern("explain", "OAT", *FILES, "--chains", "chains")
        self.assertEqual(code, 1)
        self.assertIn("OAT: it is not liquid", out)
        code, _, err = self.run_quern("explain", "XYZ", *FILES, "--chains", "chains")
        self.assertEqual(code, 66)
        self.assertIn("no option chain of XYZ", err)

    def test_tickers_choose(self):
        result = self.scan("--chains", "chains", "--tickers", "stn,GONE")
        self.assertEqual([t["ticker"] for t in result["tickers"]], ["STN"])
        self.assertEqual(result["rejected"][0]["ticker"], "GONE")
        self.assertIn("no option chain", result["rejected"][0]["reason"])

    def test_one_ticker_alone_is_what_it_is_among_others(self):
        alone, = self.scan("--chains", "chains", "--tickers", "QRN")["tickers"]
        among = self.scan("--chains", "chains")["tickers"][0]
        self.assertEqual(alone["historical"]["peers"], 2)
        self.assertEqual(alone, among)
        gone = self.scan("--chains", "chains", "--tickers", "GONE", code=1)
        self.assertEqual(gone["rejected"], [{"ticker": "GONE", "reason": "there is no option chain of it"}])

    def test_a_file_that_does_not_say_whose_it_is_is_of_the_only_ticker(self):
        head, *rows = [line.split(",") for line in self.read("daily.csv").splitlines()]
        self.write("daily.csv", "\n".join(",".join(row[:1] + row[2:]) for row in [head] + rows if row[1] in ("ticker", "QRN")) + "\n")
        head, *rows = [line.split(",") for line in self.read("reports.csv").splitlines()]
        self.write("reports.csv", "\n".join(",".join(row[1:]) for row in [head] + rows if row[0] in ("ticker", "QRN")) + "\n")
        head, *rows = [line.split(",") for line in self.read("chains/QRN.csv").splitlines()]
        self.write("nameless.csv", "\n".join(",".join(row[1:]) for row in [head] + rows) + "\n")
        for chain in ("chains/QRN.csv", "nameless.csv"):
            ticker, = self.scan("--chains", chain, "--tickers", "QRN")["tickers"]
            self.assertEqual((ticker["ticker"], ticker["historical"]["n"]), ("QRN", 12))

    def test_of_several_chains_of_a_ticker_the_newest_counts_and_the_others_are_named(self):
        self.write("older.csv", self.read("chains/QRN.csv").replace("2026-01-05 15:45", "2026-01-05 10:00"))
        for chains in ("older.csv,chains/QRN.csv", "chains/QRN.csv,older.csv"):
            code, out, err = self.run_quern("scan", *FILES, "--chains", chains, "--format", "json")
            self.assertEqual((code, err), (0, "quern: warning: older.csv is left out: there is another chain of QRN, as new or newer\n"))
            self.assertEqual([t["source"] for t in json.loads(out)["tickers"]], ["chains/QRN.csv"])

    def test_what_several_files_tell_of_one_ticker_is_one(self):
        def part(name, among):
            head, *rows = self.read(name).splitlines()
            return "\n".join([head] + [row for row in rows if among(row)]) + "\n"
        whole = self.scan("--chains", "chains")
        self.write("old.csv", part("daily.csv", lambda row: row < "2024-06"))
        self.write("new.csv", part("daily.csv", lambda row: row > "2024-05"))  # both have May 2024
        self.write("past.csv", part("reports.csv", lambda row: ",2026-" not in row))
        self.write("coming.csv", part("reports.csv", lambda row: ",2026-" in row))
        self.write("dates.csv", self.changed(with_cell(2, ""), "reports.csv"))  # tells no timing: takes none away
        for reports in (("past.csv", "coming.csv"), ("coming.csv", "dates.csv", "past.csv")):
            for prices in (("old.csv", "new.csv"), ("new.csv", "old.csv")):
                result = self.scan("--chains", "chains", "--earnings", ",".join(reports), "--prices", ",".join(prices), files=())
                self.assertEqual(result["tickers"], whole["tickers"])

    def test_a_coming_report_can_be_given(self):
        reports = "\n".join(line for line in self.read("reports.csv").splitlines() if ",2026-" not in line)
        self.write("past.csv", reports + "\n")
        files = ("--earnings", "past.csv", "--prices", "daily.csv")
        result = self.scan("--chains", "chains/QRN.csv", files=files, code=1)
        self.assertIn("give --event QRN=DATE:bmo or :amc", result["rejected"][0]["reason"])
        result = self.scan("--chains", "chains/QRN.csv", "--event", "QRN=2026-01-14", files=files)
        self.assertEqual(result["tickers"][0]["timing"], "amc")
        self.assertTrue(result["tickers"][0]["timing_inferred"])
        told = self.scan("--chains", "chains/QRN.csv", "--event", "QRN=2026-01-14:amc", files=files)
        self.assertFalse(told["tickers"][0]["timing_inferred"])
        self.assertEqual(told["tickers"][0]["vrp"], result["tickers"][0]["vrp"])

    def test_a_report_of_what_is_not_scanned_is_told_and_one_that_is_none_is_refused(self):
        code, _, err = self.run_quern("scan", *FILES, "--chains", "chains", "--event", "QNR=2026-01-14:amc")
        self.assertEqual((code, err), (0, "quern: warning: --event: there is no option chain of QNR in what is scanned\n"))
        for event, why in (("QRN=2026-02-30", "its date is not YYYY-MM-DD"), ("QRN=2026-01-14:x", "what follows the date is not bmo")):
            code, _, err = self.run_quern("scan", "--event", event)
            self.assertEqual(code, 2)
            self.assertIn(f'"{event}" is no report: {why}', err)

    def test_timing_that_the_calendar_does_not_tell_is_inferred_and_marked(self):
        self.write("untold.csv", "\n".join(line.rsplit(",", 1)[0] for line in self.read("reports.csv").splitlines()) + "\n")
        result = self.scan("--chains", "chains", files=("--earnings", "untold.csv", "--prices", "daily.csv"))
        self.assertEqual([(t["ticker"], t["timing"], t["timing_inferred"]) for t in result["tickers"]], [("QRN", "amc", True), ("STN", "bmo", True)])
        for ticker in result["tickers"]:
            self.assertEqual(ticker["historical"]["inferred"], 12)
            self.assertIsNotNone(ticker["historical"]["other_timing_mean"])


class Settings(Scan):
    def test_every_threshold_has_a_key_in_the_configuration_and_is_kept_in_the_result(self):
        defaults = self.scan("--chains", "chains")["settings"]
        self.assertGreater(len(defaults), 30)
        others = {key: value for key, value in zip(defaults, self.nudged(defaults))}
        self.write("quern.conf", "[scan]\n" + "\n".join(f"{key} = {value!r}" for key, value in others.items()) + "\n")
        self.environment["QUERN_CONFIG"] = os.path.join(self.folder, "quern.conf")
        code, out, err = self.run_quern("scan", *FILES, "--chains", "chains", "--format", "json")
        self.assertIn(code, (0, 1), msg=err)
        self.assertEqual(json.loads(out)["settings"], others)

    @staticmethod
    def nudged(settings):
        for key, value in settings.items():
            if key in ("resamples", "seed", "min-events", "max-events", "window"):
                yield value + 1
            else:
                yield round(value * 0.99 if value > 0 else 0.01, 6)

    def test_an_impossible_threshold_is_named(self):
        for words, text in ((("--short-delta", "0.9"), "short-delta: 0.9 is not between 0.01 and 0.5"), (("--tier-good", "0.95"), "do not descend"),
                            (("--event", "QRN"), "TICKER=DATE"), (("--event", "QRN=2026-02-30:amc"), "not YYYY-MM-DD"),
                            (("--event", "QRN=2026-02-13:noon"), "bmo"), (("--kelly", "2"), "kelly: 2 is not between 0 and 1"),
                            (("--report", "x.pdf"), ".html")):
            code, out, err = self.run_quern("scan", *FILES, "--chains", "chains", *words)
            self.assertEqual((code, out), (2, ""), msg=err)
            self.assertIn(text, err)

    def test_tiers_of_all_kinds(self):
        seen = {t: self.scan("--chains", "chains/QRN.csv", "--tiers", t)["tickers"][0]["tier"]
                for t in ("percentile", "balanced", "conservative", "aggressive", "legacy")}
        # The ratio is about 1.57: 1.8/1.4/1.2, 2/1.5/1.2, 1.5/1.3/1.1, 7/4/1.5; excellent from 1.64 on in the reference distribution.
        self.assertEqual([seen[t] for t in ("percentile", "balanced", "conservative", "aggressive", "legacy")],
                         ["good", "good", "good", "excellent", "marginal"])

    def test_a_least_ratio_forbids_trades(self):
        ticker = self.scan("--chains", "chains/QRN.csv", "--min-vrp", "1.9")["tickers"][0]
        self.assertEqual(ticker["tier"], "reject")
        self.assertFalse(any(t["best"] for t in ticker["strategies"]))

    def test_a_reference_of_ones_own(self):
        self.write("ratios.csv", "ratio\n" + "\n".join(str(0.5 + 0.1 * i) for i in range(40)) + "\n")
        result = self.scan("--chains", "chains/QRN.csv", "--reference", "ratios.csv")
        self.assertEqual(result["reference"]["name"], "ratios.csv")
        self.assertTrue(near(result["tickers"][0]["vrp_percentile"], 0.28, 0.02))  # 1.57 is between the eleventh and the twelfth of forty
        code, _, err = self.run_quern("scan", *FILES, "--chains", "chains", "--reference", "reports.csv")
        self.assertEqual(code, 65)
        self.assertIn("no column \"ratio\"", err)

    def test_an_account_of_nothing_buys_nothing(self):
        for ticker in self.scan("--chains", "chains", "--account", "0")["tickers"]:
            self.assertEqual([t["contracts"] for t in ticker["strategies"]], [0] * len(ticker["strategies"]))

    def test_clocks(self):
        for clock in ("calendar", "trading", "business"):
            ticker = self.scan("--chains", "chains/QRN.csv", "--clock", clock)["tickers"][0]
            self.assertTrue(near(ticker["event_sigma"], 0.095, 0.006), clock)


class BadInput(Scan):
    def test_an_empty_chain(self):
        self.assertIn("made.csv:1: there is a header and no row", self.reason(self.read("chains/QRN.csv").splitlines()[0] + "\n"))
        self.assertIn("the file is empty", self.reason(""))

    def test_one_sided_zero_and_negative_quotes(self):
        for bid, ask in (("0", "1.50"), ("0", "0"), ("-1", "2"), ("", "1.5")):
            text = self.changed(lambda cells, bid=bid, ask=ask: cells[:BID] + [bid, ask] + cells[ASK + 1:])
            self.assertIn("no option has a bid", self.reason(text))

    def test_all_options_have_expired(self):
        text = self.read("chains/QRN.csv").replace("2026-01-05 15:45", "2026-03-02 15:45")
        self.assertRegex(self.reason(text), "no report after 2026-03-02|expire")

    def test_quotes_of_a_closed_day(self):
        for day, name in (("2026-01-03 12:00", "weekend|Saturday"), ("2026-01-01 12:00", "New Year")):
            reason = self.reason(self.read("chains/QRN.csv").replace("2026-01-05 15:45", day))
            self.assertRegex(reason, name)

    def test_a_missing_spot_is_taken_from_parity_and_said(self):
        self.write("made.csv", self.changed(with_cell(SPOT, "")))
        result = self.scan("--chains", "made.csv")
        ticker = result["tickers"][0]
        self.assertTrue(ticker["spot_from_parity"])
        self.assertTrue(near(ticker["spot"], 120, 0.1))
        self.assertTrue(any("parity" in r for r in ticker["reasons"]))

    def test_duplicates_count_once(self):
        text = self.read("chains/QRN.csv")
        self.write("made.csv", text + "\n".join(text.splitlines()[1:31]) + "\n")
        ticker = self.scan("--chains", "made.csv")["tickers"][0]
        self.assertEqual(ticker["quotes"]["duplicate"], 30)
        self.assertEqual(ticker["vrp"], self.scan("--chains", "chains/QRN.csv")["tickers"][0]["vrp"])

    def test_two_tickers_in_a_file(self):
        text = self.read("chains/QRN.csv") + "\n".join(self.read("chains/STN.csv").splitlines()[1:]) + "\n"
        self.assertIn("several underlyings, QRN (232), STN (128)", self.reason(text))
        result = self.scan("--chains", "made.csv", "--tickers", "QRN,STN")
        self.assertEqual([t["ticker"] for t in result["tickers"]], ["QRN", "STN"])

    def test_a_wrong_delimiter_is_found_or_said(self):
        self.write("made.csv", self.read("chains/QRN.csv").replace(",", ";"))
        self.assertEqual(len(self.scan("--chains", "made.csv")["tickers"]), 1)
        self.assertIn("made.csv", self.reason(self.read("chains/QRN.csv").replace(",", "/")))

    def test_half_a_download(self):
        text = self.read("chains/QRN.csv")
        self.assertIn("half.csv:140: this row has 2 fields", self.reason(text[:9000], name="half.csv"))
        self.write("daily.csv", self.read("daily.csv")[:50010])
        code, _, err = self.run_quern("scan", *FILES, "--chains", "chains")
        self.assertEqual(code, 65)
        self.assertIn("daily.csv:", err)

    def test_no_history_and_too_little_of_it(self):
        text = self.read("chains/QRN.csv")
        self.assertIn("no daily prices", self.reason(text, files=("--earnings", "reports.csv")))
        self.assertIn("no past reports", self.reason(text, files=("--prices", "daily.csv")))
        lines = self.read("reports.csv").splitlines()
        self.write("reports.csv", "\n".join(lines[:1] + [x for x in lines if x.startswith("QRN,2025-07") or x.startswith("QRN,2025-10") or ",2026-" in x]) + "\n")
        self.assertIn("2 past reactions, 4 are needed", self.reason(text))

    def test_a_split_between_history_and_chain_is_named_and_changes_nothing(self):
        def times_four(cells):
            return cells[:2] + [f"{4 * float(c):.2f}" for c in cells[2:6]] + cells[6:]

        before = self.scan("--chains", "chains/QRN.csv")["tickers"][0]
        self.write("daily.csv", self.changed(times_four, "daily.csv"))
        after = self.scan("--chains", "chains/QRN.csv")["tickers"][0]
        self.assertTrue(any("4 for 1" in r for r in after["reasons"]), after["reasons"])
        self.assertTrue(near(before["vrp"], after["vrp"], 1e-3))

    def test_prices_of_another_share_are_refused(self):
        def another(cells):
            return cells[:2] + [f"{0.62 * float(c):.2f}" for c in cells[2:6]] + cells[6:]

        self.write("daily.csv", self.changed(another, "daily.csv"))
        self.assertIn("prices", self.reason(self.read("chains/QRN.csv")))

    def test_a_chain_that_cannot_be_read_does_not_stop_the_others(self):
        self.write("chains/BAD.csv", "<html>not a chain</html>\n")
        result = self.scan("--chains", "chains")
        self.assertEqual(len(result["tickers"]), 2)
        self.assertIn("BAD.csv", [r["ticker"] for r in result["rejected"]])

    def test_chains_of_several_days_are_said(self):
        self.write("chains/STN.csv", self.read("chains/STN.csv").replace("2026-01-05 15:45", "2026-01-02 15:45"))
        result = self.scan("--chains", "chains", warns=True)
        self.assertIn("of several days, from 2026-01-02 to 2026-01-05", result["warnings"][0])

    def test_a_ticker_without_a_coming_report_still_counts_as_a_peer(self):
        before = {t["ticker"]: t for t in self.scan("--chains", "chains")["tickers"]}
        lines = [x for x in self.read("reports.csv").splitlines() if not x.startswith("QRN,2026")]
        self.write("reports.csv", "\n".join(lines) + "\n")
        result = self.scan("--chains", "chains")
        self.assertEqual([r["ticker"] for r in result["rejected"]], ["OAT", "QRN"])
        self.assertEqual(result["tickers"][0]["historical"], before["STN"]["historical"])

    def test_a_report_replaces_no_chain(self):
        self.write("chain.html", self.read("chains/QRN.csv"))
        code, _, err = self.run_quern("scan", *FILES, "--chains", "chain.html", "--report", "chain.html")
        self.assertEqual(code, 2)
        self.assertIn("is one of the chains", err)
        self.assertIn("QRN", self.read("chain.html"))

    def test_nothing_to_scan(self):
        code, out, err = self.run_quern("scan")
        self.assertEqual((code, out), (66, ""))
        self.assertIn("--chains", err)
        code, _, err = self.run_quern("scan", "--chains", "gone", *FILES)
        self.assertEqual(code, 1)

    def test_an_interrupt_keeps_what_is_done(self):
        count, text = 800, self.read("chains/QRN.csv")
        os.mkdir(os.path.join(self.folder, "many"))
        reports = [line for line in self.read("reports.csv").splitlines() if line.startswith("QRN")]
        prices = [line for line in self.read("daily.csv").splitlines() if ",QRN," in line]
        names = [f"Q{i}" for i in range(count)]
        for name in names:
            self.write(f"many/{name}.csv", text.replace("QRN", name))
        self.write("reports.csv", "ticker,date,timing\n" + "\n".join(line.replace("QRN", name) for name in names for line in reports) + "\n")
        self.write("daily.csv", "date,ticker,open,high,low,close,volume\n" + "\n".join(line.replace("QRN", name) for name in names for line in prices[-400:]) + "\n")
        self.environment["QUERN_THREADS"] = "1"
        process = self.popen("scan", "--chains", "many", *FILES, "--format", "json", "--log-level", "info", "--report", "r.html", stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE)
        with process:
            for line in process.stderr:
                if b"judging 800 tickers" in line:
                    break
            process.send_signal(signal.SIGINT)
            out, _ = process.communicate(timeout=TIMEOUT)
        result = json.loads(out)
        self.assertEqual((process.returncode, result["interrupted"]), (130, True))
        self.assertLess(len(result["tickers"]), count)
        self.assertTrue(all(t["score"] > 0 for t in result["tickers"]))
        with open(os.path.join(self.folder, "r.html")) as file:
            self.assertIn("</html>", file.read())

    def test_names_of_files_and_tickers_control_no_terminal(self):
        self.write("made.csv", self.read("chains/QRN.csv").replace("QRN", "A\x1b[31mB"))
        _, out, err = self.run_quern("scan", "--chains", "made.csv", *FILES)
        self.assertNotIn("\x1b", out + err)


@unittest.skipUnless(has_part("sqlite"), "without SQLite there is no store")
class Store(Scan):
    def test_the_store_gives_what_the_files_give(self):
        self.environment["XDG_DATA_HOME"] = os.path.join(self.folder, "data")
        self.succeeds("import", "chains", "reports.csv", "daily.csv", "sectors.csv")
        stored = json.loads(self.succeeds("scan", "--format", "json"))
        direct = self.scan("--chains", "chains", "--sectors", "sectors.csv")
        for result in (stored, direct):
            for ticker in result["tickers"]:
                del ticker["source"]
        self.assertEqual(stored["tickers"], direct["tickers"])
        self.assertEqual([r["ticker"] for r in stored["rejected"]], [r["ticker"] for r in direct["rejected"]])


@unittest.skipUnless(os.path.isdir(DATA), "the real data are not here")
class Real(Scan):
    def test_nvidia_before_its_report(self):
        chains = ",".join(os.path.join(DATA, "options", f"yfinance_{t}_2026-02-13.csv") for t in ("NVDA", "AAPL", "TSLA"))
        with gzip.open(os.path.join(DATA, "earnings", "daily_prices.csv.gz"), "rt") as prices:  # not every build reads what is compressed
            self.write("prices.csv", prices.read())
        files = ("--earnings", os.path.join(DATA, "earnings", "earnings_dates.csv"), "--prices", "prices.csv")
        result = self.scan("--chains", chains, "--event", "NVDA=2026-02-25:amc", files=files, warns=True)
        nvda = result["tickers"][0]
        self.assertTrue(near(nvda["straddle_move"], 0.0885, 0.0015), nvda["straddle_move"])
        self.assertTrue(0.062 <= nvda["event_sigma"] <= 0.076)
        self.assertEqual((nvda["historical"]["n"], nvda["historical"]["inferred"]), (28, 28))
        rejected = {r["ticker"]: r["reason"] for r in result["rejected"]}
        self.assertIn("no report after", rejected["AAPL"])
        self.assertIn("no daily prices", rejected["TSLA"])


if __name__ == "__main__":
    main()
