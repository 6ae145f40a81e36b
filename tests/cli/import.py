"""quern import and quern data: files into the store, what the store then has, and what is said of those that cannot be kept."""
import datetime
import gzip
import hashlib
import json
import os
import random
import subprocess
import time
import unittest

from command import PROJECT, TIMEOUT, Command, has_part, main

CHAIN = os.path.join(PROJECT, "examples", "chain.csv")
DATA = os.path.join(os.path.dirname(PROJECT), "shared", "data")
PRICES = "date,ticker,open,high,low,close,volume\n2026-01-02,QRN,99,101,98,100,5000\n2026-01-05,QRN,100,102,99,101,6000\n"
REPORTS = "ticker,earnings_date,timing\nQRN,2025-10-21,amc\nQRN,2026-01-20,amc\n"
SECTORS = "ticker,sector\nQRN,Technology\n"


@unittest.skipUnless(has_part("sqlite"), "SQLite is not there")
class Store(Command):
    def setUp(self):
        super().setUp()
        self.environment["XDG_DATA_HOME"] = os.path.join(self.folder, "data")

    def keep(self, *words, code=0):
        got, out, err = self.run_quern("import", *words)
        self.assertEqual(got, code, msg=err)
        return out, err

    def kept(self, *words):
        return [json.loads(line) for line in self.keep(*words, "--format", "json")[0].splitlines()]

    def status(self, *words, key="tickers"):
        code, out, err = self.run_quern("data", "status", "--format", "json", *words)
        self.assertEqual((code, err), (0, ""))
        return json.loads(out)[key]


class Importing(Store):
    def test_each_kind_of_file_is_told_and_kept_in_the_default_place(self):
        self.write("p.csv", PRICES)
        self.write("e.csv", REPORTS)
        self.write("s.csv", SECTORS)
        out, err = self.keep(CHAIN, "p.csv", "e.csv", "s.csv")
        self.assertEqual(err, "")
        self.assertEqual(out.splitlines(), [f"{CHAIN}: chain of QRN, 2026-01-05 15:45, 138 quotes", "p.csv: prices of QRN, 2 days",
                                            "e.csv: earnings of QRN, 2 reports", "s.csv: sectors of QRN"])
        self.assertTrue(os.path.exists(os.path.join(self.folder, "data", "quern", "market.db")))
        self.assertEqual(self.status(), [{
            "ticker": "QRN", "chains": 1, "as_of": "2026-01-05T20:45:00Z", "quotes": 138, "prices_from": "2026-01-02",
            "prices_to": "2026-01-05", "days": 2, "reports": 1, "next_report": "2026-01-20", "sector": "Technology", "sources": 4}])

    def test_the_same_content_changes_nothing_whatever_its_name(self):
        with open(CHAIN, "rb") as file:
            self.write("other.csv.gz", gzip.compress(file.read()))
        first, = self.kept(CHAIN)
        self.assertEqual((first["known"], first["rows"], first["new_rows"]), (False, 138, 138))
        again, other = self.kept(CHAIN, "other.csv.gz" if has_part("zlib") else CHAIN)
        self.assertTrue(again["known"] and other["known"])
        self.assertEqual((other["kind"], other["rows"], other["new_rows"], other["as_of"]), ("chain", 138, 0, "2026-01-05T20:45:00Z"))
        self.assertIn("already there", self.keep(CHAIN)[0])
        self.assertEqual(len(self.status("--sources", key="sources")), 1)

    def test_sources_have_the_digest_that_b2sum_prints(self):
        self.keep(CHAIN)
        source, = self.status("--sources", key="sources")
        with open(CHAIN, "rb") as file:
            text = file.read()
        self.assertEqual(source["digest"], hashlib.blake2b(text, digest_size=32).hexdigest())
        self.assertEqual((source["file"], source["size"], source["in_use"]), (CHAIN, len(text), 138))

    def test_a_folder_gives_all_its_files_by_name(self):
        os.makedirs(os.path.join(self.folder, "in"))
        self.write("in/b.csv", PRICES)
        self.write("in/a.csv", REPORTS)
        self.write("in/notes.txt", "nothing")
        self.write("in/.hidden.csv", "nothing")
        self.assertEqual([r["file"] for r in self.kept("in")], ["in/a.csv", "in/b.csv"])
        os.makedirs(os.path.join(self.folder, "empty"))
        code, _, err = self.run_quern("import", "empty")
        self.assertEqual(code, 66)
        self.assertIn("empty: no .csv", err)

    def test_what_cannot_be_kept_is_said_and_the_others_are_kept(self):
        self.write("bad.csv", "date,ticker,close\n2026-01-02,QRN,100\n2026-01-05,QRN,1o1\n")
        self.write("odd.csv", "colour,weight\nred,3\n")
        out, err = self.keep("bad.csv", "odd.csv", "absent.csv", CHAIN, code=1)
        self.assertEqual(len(out.splitlines()), 1)
        self.assertIn("bad.csv:3:", err)
        self.assertIn("odd.csv: its header names neither", err)
        self.assertIn("absent.csv", err)
        self.assertEqual([t["ticker"] for t in self.status()], ["QRN"])
        self.assertEqual(self.status()[0]["days"], 0)

    def test_in_json_a_failure_is_an_object_too(self):
        self.write("odd.csv", "colour,weight\nred,3\n")
        out, _ = self.keep("odd.csv", CHAIN, "--format", "json", code=1)
        odd, good = [json.loads(line) for line in out.splitlines()]
        self.assertIn("header", odd["error"])
        self.assertEqual(good["ticker"], "QRN")

    def test_a_file_that_does_not_tell_gets_its_ticker_and_time_by_options(self):
        self.write("c.csv", "K,right,exp,bid,ask\n100,C,2026-01-16,2.1,2.3\n")
        result, = self.kept("c.csv", "--ticker", "XYZ", "--as-of", "2026-01-05T15:45", "--map", "strike=K,expiry=exp", "--spot", "101")
        self.assertEqual((result["kind"], result["ticker"], result["as_of"]), ("chain", "XYZ", "2026-01-05T20:45:00Z"))

    def test_a_kind_that_is_named_is_not_told_by_the_columns(self):
        self.write("e.csv", "ticker,date\nQRN,2026-01-20\n")
        self.assertIn("say which kind", self.keep("e.csv", code=1)[1])
        result, = self.kept("e.csv", "--kind", "earnings")
        self.assertEqual((result["kind"], result["rows"]), ("earnings", 1))

    def test_several_days_in_a_file_are_several_chains(self):
        self.write("c.csv", "ticker,date,expiry,type,strike,bid,ask\nXYZ,2026-01-05,2026-01-16,call,100,2.1,2.3\n"
                            "XYZ,2026-01-06,2026-01-16,call,100,2.2,2.4\n")
        self.assertEqual(self.keep("c.csv")[0], "c.csv: 2 chains of XYZ, until 2026-01-06 16:00, 2 quotes\n")
        self.assertEqual(self.status()[0]["chains"], 2)

    def test_standard_input_is_a_file(self):
        code, out, err = self.run_quern("import", "-", stdin=PRICES)
        self.assertEqual((code, out, err), (0, "-: prices of QRN, 2 days\n", ""))


def open_days(count):
    """So many days on which the exchange was open: Mondays to Thursdays of months without a holiday."""
    day, found = datetime.date(2024, 3, 4), []
    while len(found) < count:
        if day.weekday() < 4 and day.month in (3, 8, 10):
            found.append(day.isoformat())
        day += datetime.timedelta(days=1)
    return found


class Killed(Store):
    def test_a_process_that_is_killed_leaves_the_store_as_it_was_or_with_the_file(self):
        days = open_days(60)
        self.keep(CHAIN)
        before = self.status()
        rounds, there, moment = (400 if os.environ.get("QUERN_TEST_EFFORT") == "long" else 11), 0, random.Random(1)
        for i in range(rounds):
            name = f"p{i}.csv"
            self.write(name, "date,ticker,close\n" + "".join(f"{d},T{t:02},{100 + i + t}\n" for t in range(40) for d in days))
            begun = time.monotonic()
            child = self.popen("import", name, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            try:  # every tenth one comes to its end
                child.wait(timeout=TIMEOUT if i % 10 == 0 else usual * moment.random())
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
            usual = time.monotonic() - begun if i % 10 == 0 else usual
            after = self.status()
            sources = len(self.status("--sources", key="sources"))
            if sources > there + 1:
                there += 1
                self.assertEqual(after[1:], [dict(after[1], ticker=f"T{t:02}", days=len(days)) for t in range(40)])
            else:
                self.assertEqual(after, before)
            before = after
        self.assertGreaterEqual(there, 1)


class Looking(Store):
    def test_a_store_that_is_not_there_is_empty_and_is_not_made(self):
        code, out, err = self.run_quern("data", "status")
        self.assertEqual((code, err), (1, ""))
        self.assertIn("There is nothing in", out)
        self.assertFalse(os.path.exists(os.path.join(self.folder, "data")))
        code, _, err = self.run_quern("data", "status", "--store", "other.db")
        self.assertEqual(code, 66)
        self.assertIn("other.db: there is no such store", err)
        self.assertFalse(os.path.exists(os.path.join(self.folder, "other.db")))

    def test_the_store_may_be_configured_and_named(self):
        self.keep(CHAIN, "--store", "a b%.db")
        self.assertEqual(len(self.status("--store", "a b%.db")), 1)
        self.environment["QUERN_DATA_STORE"] = os.path.join(self.folder, "a b%.db")
        self.assertEqual(len(self.status()), 1)

    def test_text_and_csv_have_a_line_a_ticker(self):
        self.write("p.csv", PRICES)
        self.keep(CHAIN, "p.csv")
        code, out, _ = self.run_quern("data", "status")
        self.assertEqual(code, 0)
        self.assertEqual(out.splitlines()[2].split(), ["QRN", "1", "2026-01-05", "15:45", "138", "2026-01-02", "2026-01-05", "2", "0",
                                                       "-", "-", "2"])
        code, out, _ = self.run_quern("data", "status", "--format", "csv")
        self.assertEqual(out, "ticker,chains,as_of,quotes,prices_from,prices_to,days,reports,next_report,sector,sources\n"
                              "QRN,1,2026-01-05T20:45:00Z,138,2026-01-02,2026-01-05,2,0,,,2\n")

    def test_a_file_that_is_no_store_is_refused(self):
        self.write("no.db", "this is text and no database, and it is long enough to be seen as such" * 20)
        code, _, err = self.run_quern("data", "status", "--store", "no.db")
        self.assertEqual(code, 65, msg=err)
        self.assertEqual(self.run_quern("data", "status", "--store", "postgres://localhost/x")[0], 66)
        self.assertEqual(self.run_quern("import", CHAIN, "--store", "postgres://localhost/x")[0], 2)


@unittest.skipUnless(os.path.isdir(DATA), "the real data beside the project is not there")
class Real(Store):
    def test_prices_and_reports_of_fifteen_tickers(self):
        if not has_part("zlib"):
            self.skipTest("zlib is not there")
        prices, reports = self.kept(os.path.join(DATA, "earnings", "daily_prices.csv.gz"),
                                    os.path.join(DATA, "earnings", "earnings_dates.csv"))
        self.assertEqual((prices["kind"], prices["tickers"], prices["rows"]), ("prices", 15, 30330))
        self.assertEqual((reports["kind"], reports["tickers"], reports["rows"]), ("earnings", 15, 15 * 28))
        self.assertEqual(len(self.status()), 15)

    def test_straddles_of_many_days(self):
        path = os.path.join(DATA, "options", "near_earnings_AAPL.csv")
        result, = self.kept(path)
        with open(path) as file:
            rows = [line.split(",") for line in file.read().splitlines()[1:]]
        self.assertEqual((result["rows"], result["snapshots"]), (len(rows), len({row[13] for row in rows})))


class Without(Command):
    def test_without_sqlite_it_says_so(self):
        if has_part("sqlite"):
            self.skipTest("SQLite is there")
        code, _, err = self.run_quern("import", CHAIN, "--store", "x.db")
        self.assertEqual(code, 69)
        self.assertIn("SQLite", err)


if __name__ == "__main__":
    main()
