"""quern iv and quern price: tables of options, as a person and as a program meet them. The numbers are those of textbooks, or of
Black's formula as Python's math computes it; what the kernels can do besides is tested beside them."""
import csv
import gzip
import io
import json
import math
import os
import signal
import sqlite3
import subprocess
import unittest

from command import PROJECT, TIMEOUT, Command, has_part, main
from npy_data import npy

QUOTES = os.path.join(PROJECT, "examples", "quotes.csv")
STATUSES = ["ok", "below_intrinsic", "at_intrinsic", "above_maximum", "bad_price", "expired", "bad_input", "not_converged"]
MAIN = ["delta", "gamma", "vega", "theta", "rho"]


def normal(x):
    return math.erfc(-x / math.sqrt(2)) / 2


def price_of(spot, strike, years, rate, yield_, sigma, sign=1):
    """Black, Scholes and Merton (Merton 1973)."""
    forward, discount, deviation = spot * math.exp((rate - yield_) * years), math.exp(-rate * years), sigma * math.sqrt(years)
    d = math.log(forward / strike) / deviation + deviation / 2
    return discount * sign * (forward * normal(sign * d) - strike * normal(sign * (d - deviation)))


class Options(Command):
    def rows(self, text):
        return list(csv.DictReader(io.StringIO(text)))

    def iv(self, data, *words, name="iv"):
        return self.rows(self.succeeds(name, "-", *words, stdin=data))

    def price(self, data, *words):
        return self.iv(data, *words, name="price")


class Values(Options):
    def test_textbook_prices(self):
        # Haug 2007: 1.1.1, 1.1.2; and 1.1.3 (Black 1976)
        rows = self.price("spot,strike,years,rate,yield,sigma,type\n60,65,.25,.08,0,.3,call\n100,95,.5,.1,.05,.2,put\n")
        self.assertEqual([round(float(r["price"]), 4) for r in rows], [2.1334, 2.4648])
        rows = self.price("forward,strike,years,rate,sigma,type\n19,19,.75,.1,.28,call\n19,19,.75,.1,.28,put\n")
        self.assertEqual([round(float(r["price"]), 4) for r in rows], [1.7011, 1.7011])

    def test_textbook_greeks_are_for_one_and_for_a_year(self):
        # Haug 2007, chapter 2: delta 2.1, gamma 2.2, vega 2.3, theta 2.4, rho 2.5
        rows = self.price("forward,strike,years,rate,sigma,type\n105,100,.5,.1,.36,call\n105,100,.5,.1,.36,put\n")
        self.assertEqual([round(float(r["delta"]), 4) for r in rows], [0.5946, -0.3566])
        row, = self.price("spot,strike,years,rate,sigma,type\n55,60,.75,.1,.3,call\n")
        self.assertEqual((round(float(row["gamma"]), 4), round(float(row["vega"]), 4)), (0.0278, 18.9358))
        row, = self.price("spot,strike,years,rate,yield,sigma,type\n430,405,0.083333333333,.07,.05,.2,put\n")
        self.assertAlmostEqual(float(row["theta"]), -31.1924, places=3)
        row, = self.price("spot,strike,years,rate,sigma,type\n72,75,1,.09,.19,call\n")
        self.assertEqual(round(float(row["rho"]), 4), 38.7325)

    def test_implied_volatilities_lead_back_to_the_price(self):
        cases = [(s, k, t, r, q, v, sign) for s in (50.0, 100.0) for k in (40.0, 60.0, 105.0) for t in (0.1, 2.0)
                 for r, q, v in ((0.03, 0.01, 0.2), (-0.01, 0.0, 0.7)) for sign in (1, -1)]
        cases = [(s, k, t, r, q, v, sign) for s, k, t, r, q, v, sign in cases if min(price_of(s, k, t, r, q, v, 1), price_of(s, k, t, r, q, v, -1)) > 1e-3]
        text = "S,K,T,r,q,flag,mid\n" + "".join(
            f"{s!r},{k!r},{t!r},{r!r},{q!r},{'cp'[sign < 0]},{price_of(s, k, t, r, q, v, sign)!r}\n" for s, k, t, r, q, v, sign in cases)
        rows = self.iv(text)
        self.assertEqual(len(rows), len(cases))
        for row, case in zip(rows, cases, strict=True):
            s, k, t, r, q, v, sign = case
            self.assertEqual(row["status"], "ok", msg=case)
            self.assertAlmostEqual(price_of(s, k, t, r, q, float(row["iv"]), sign), price_of(*case), delta=1e-12 * s, msg=case)

    def test_american_calls_of_the_literature(self):
        # Broadie and Detemple 1996, table 1, binomial trees of 15000 steps: K 100, half a year
        table = ((.03, .07, .2, (0.2194, 1.3864, 4.7825, 11.0978, 20.0004)), (.03, .07, .4, (2.6889, 5.7223, 10.2385, 16.1812, 23.3598)),
                 (0, .07, .3, (1.0373, 3.1233, 7.0354, 12.9552, 20.7173)), (.07, .03, .3, (1.6644, 4.4947, 9.2504, 15.7977, 23.7062)))
        cases = [(r, q, v, s, price) for r, q, v, prices in table for s, price in zip((80, 90, 100, 110, 120), prices, strict=True)]
        words = ("--american", "--expiry", "0.5", "--type", "call")
        rows = self.price("rate,yield,sigma,spot,strike\n" + "".join(f"{r},{q},{v},{s},100\n" for r, q, v, s, _ in cases), *words)
        for row, (*_, expected) in zip(rows, cases, strict=True):
            self.assertAlmostEqual(float(row["price"]), expected, delta=3e-4, msg=row)
        quotes = "rate,yield,spot,strike,price\n" + "".join(f"{c['rate']},{c['yield']},{c['spot']},100,{c['price']}\n" for c in rows)
        for row, (_, _, v, _, price) in zip(self.iv(quotes, *words), cases, strict=True):
            self.assertAlmostEqual(float(row["iv"]), v, delta=1e-2 if price == 20.0004 else 1e-4, msg=row)

    def test_a_dividend_makes_a_call_cheaper_and_is_found_again(self):
        data = "strike,type\n40,call\n40,put\n"
        words = ("--spot", "40", "--rate", "0.09", "--expiry", "0.5", "--american")
        without = self.price(data, *words, "--sigma", "0.3")
        paid = self.price(data, *words, "--sigma", "0.3", "--dividend", "0.1=0.5,0.4=0.5")
        self.assertLess(float(paid[0]["price"]), float(without[0]["price"]) - 0.1)
        self.assertGreater(float(paid[1]["price"]), float(without[1]["price"]) + 0.1)
        quotes = "strike,type,price\n" + "".join(f"40,{r['type']},{r['price']}\n" for r in paid)
        for row in self.iv(quotes, *words, "--dividend", "0.4=0.5", "--dividend", "0.1=0.5"):
            self.assertAlmostEqual(float(row["iv"]), 0.3, delta=2e-3)


class Columns(Options):
    ROW = "price,spot,strike,years,type\n2.5,100,105,0.5,call\n"

    def test_all_columns_are_kept_as_they_are_and_results_come_behind(self):
        out = self.succeeds("iv", "-", stdin='note,price,spot,strike,years,type,size\n"a, ""b""",2.5,100,105,0.5,C,007\nNA,2.5,100,105,0.5,c,1e3\n')
        rows = self.rows(out)
        self.assertEqual(list(rows[0]), ["note", "price", "spot", "strike", "years", "type", "size", "iv", *MAIN, "status"])
        self.assertEqual([list(r.values())[:7] for r in rows], [['a, "b"', "2.5", "100", "105", "0.5", "C", "007"],
                                                               ["", "2.5", "100", "105", "0.5", "c", "1e3"]])

    def test_names_differ_in_capitals_and_blanks(self):
        row, = self.iv("Option Price,UNDERLYING_PRICE,Strike-Price,TTE,optionType\n2.5,100,105,0.5,CALL\n")
        self.assertEqual(row["iv"], self.iv(self.ROW)[0]["iv"])

    def test_map_says_which_column_is_what(self):
        expected = self.iv(self.ROW)[0]["iv"]
        data = "a,b,c d,e,price,f\n2.5,100,105,0.5,9,call\n"
        self.assertEqual(self.iv(data, "--map", "price=a,spot=b,strike=c d", "--map", "expiry=e,type=f")[0]["iv"], expected)
        data = "mid,mark,spot,strike,years,type\n2.5,9,100,105,0.5,call\n"
        self.assertEqual(self.iv(data, "--map", "price=mid")[0]["iv"], expected)
        data = "price,forward,spot,strike,years,type\n2.5,17,100,105,0.5,call\n"
        self.assertEqual(self.iv(data, "--map", "forward=")[0]["iv"], expected)

    def test_what_is_the_same_for_all_rows_needs_no_column(self):
        expected = self.iv(self.ROW.replace("type", "type,rate,yield").replace("call", "call,0.03,0.01"))[0]
        row, = self.iv("price,strike\n2.5,105\n", "--spot", "100", "--expiry", "0.5", "--type", "call", "--rate", "0.03", "--yield", "0.01")
        self.assertEqual({name: row[name] for name in ("iv", *MAIN)}, {name: expected[name] for name in ("iv", *MAIN)})
        row, = self.price("strike\n105\n", "--sigma", "0.2", "--forward", "100", "--expiry", "0.5", "--type", "put")
        self.assertAlmostEqual(float(row["price"]), price_of(100, 105, 0.5, 0, 0, 0.2, -1), delta=1e-12)

    def test_a_result_does_not_hide_a_column(self):
        out = self.succeeds("iv", "-", "--greeks", "none", stdin="price,spot,strike,years,type,iv,status,status_1\n2.5,100,105,0.5,call,.3,x,y\n")
        self.assertEqual(out.splitlines()[0], "price,spot,strike,years,type,iv,status,status_1,iv_1,status_2")
        again = self.rows(self.succeeds("price", "-", "--map", "sigma=iv_1", stdin=out))
        self.assertAlmostEqual(float(again[0]["price_1"]), 2.5, delta=1e-12)

    def test_greeks(self):
        for words, names in ((("none",), []), (("main",), MAIN), (("all",), [*MAIN, "vanna", "volga", "charm"])):
            self.assertEqual(list(self.iv(self.ROW, "--greeks", *words)[0])[5:], ["iv", *names, "status"])
        row, = self.price("spot,strike,years,rate,yield,sigma,type\n100,95,.5,.05,.02,.3,put\n", "--greeks", "all")
        bump, sign = 1e-4, -1
        delta = lambda v, t: (price_of(100 + bump, 95, t, .05, .02, v, sign) - price_of(100 - bump, 95, t, .05, .02, v, sign)) / (2 * bump)
        vega = lambda v: (price_of(100, 95, .5, .05, .02, v + bump, sign) - price_of(100, 95, .5, .05, .02, v - bump, sign)) / (2 * bump)
        for name, expected in (("vanna", (delta(.31, .5) - delta(.29, .5)) / .02), ("volga", (vega(.31) - vega(.29)) / .02),
                               ("charm", (delta(.3, .49) - delta(.3, .51)) / .02)):
            self.assertAlmostEqual(float(row[name]), expected, delta=3e-3 * abs(expected), msg=name)

    def test_the_type_may_be_a_number_too(self):
        self.assertEqual([r["iv"] for r in self.iv("price,spot,strike,years,type\n9,100,105,0.5,1\n9,100,105,0.5,-1\n")],
                         [r["iv"] for r in self.iv("price,spot,strike,years,type\n9,100,105,0.5,c\n9,100,105,0.5,Put\n")])


class Times(Options):
    DATED = "price,spot,strike,expiry,type\n9,100,105,{},call\n"

    def years(self, expected, data, *words):
        got, = self.iv(data, *words)
        wanted, = self.iv(self.DATED.format(repr(expected)))
        self.assertAlmostEqual(float(got["iv"]), float(wanted["iv"]), delta=1e-12)

    def test_a_date_ends_at_the_close_in_new_york(self):
        # 2026-03-20 16:00 EDT is 20:00Z, 2026-02-13 16:00 EST is 21:00Z: 34 days and 23 hours
        minutes = (34 * 24 + 23) * 60
        self.years(minutes / 525600, self.DATED.format("2026-03-20"), "--as-of", "2026-02-13")
        self.years((minutes + 390) / 525600, self.DATED.format("2026-03-20"), "--as-of", "2026-02-13T09:30")
        self.years((minutes + 390) / 525600, self.DATED.format("2026-03-20"), "--as-of", "2026-02-13T14:30Z")
        self.years((minutes + 390) / 525600, self.DATED.format("2026-03-20"), "--as-of", "2026-02-13 15:30+01:00")
        self.years((minutes - 390) / 525600, self.DATED.format("2026-03-20"), "--as-of", "2026-02-13", "--settlement", "am")
        self.years(1 / 525600, self.DATED.format("2026-02-13T21:01:00Z"), "--as-of", "2026-02-13")
        self.years(1 / 525600, self.DATED.format("2026-02-13 16:01"), "--as-of", "2026-02-13")
        self.years(minutes / 525600, self.DATED.format("20260320"), "--as-of", "2026-02-13")

    def test_the_command_line_has_dates_as_columns_have_them(self):
        for as_of, expiry in (("2026-02-13", "2026-03-20"), ("20260213", "20260320"), ("2026-02-13T16:00", "2026-03-20T16:00"),
                              ("2026-02-13 00:00:00", "2026-03-20T00:00"), ("2026-02-13T21:00Z", "2026-03-20T20:00Z")):
            row, = self.iv("price,spot,strike,type\n9,100,105,call\n", "--as-of", as_of, "--expiry", expiry)
            column, = self.iv(f"price,spot,strike,type,expiry,as_of\n9,100,105,call,{expiry},{as_of}\n")
            self.assertEqual(row["iv"], column["iv"])
            self.years((34 * 24 + 23) / 8760, self.DATED.format(expiry), "--as-of", as_of)

    @unittest.skipUnless(has_part("sqlite"), "SKIP: SQLite is not here")
    def test_midnight_is_how_programs_without_dates_write_them(self):
        db = sqlite3.connect(os.path.join(self.folder, "times.db"))
        db.execute("CREATE TABLE q (price REAL, spot REAL, strike REAL, type TEXT, expiry TIMESTAMP, as_of TIMESTAMP)")
        db.execute("INSERT INTO q VALUES (9, 100, 105, 'call', '2026-03-20 00:00:00', '2026-02-13 00:00:00')")
        db.commit()
        db.close()
        row, = self.rows(self.succeeds("iv", "--from", "sqlite:times.db", "--query", "SELECT * FROM q"))
        wanted, = self.iv(self.DATED.format(repr((34 * 24 + 23) / 8760)))
        self.assertAlmostEqual(float(row["iv"]), float(wanted["iv"]), delta=1e-12)

    def test_dates_times_and_years_may_stand_in_one_column(self):
        texts = ["2026-03-20", "", "0.25", "2026-03-20T16:00-04:00", "2026-03-20"]
        data = "price,spot,strike,expiry,type\n" + "".join(f"9,100,105,{text},call\n" for text in texts)
        code, out, _ = self.run_quern("iv", "-", "--as-of", "2026-02-13", stdin=data)
        rows = self.rows(out)
        self.assertEqual([r["expiry"] for r in rows], texts)
        self.assertEqual([r["status"] for r in rows], ["ok", "bad_input", "ok", "ok", "ok"])
        self.assertEqual(rows[0]["iv"], rows[3]["iv"])
        self.assertEqual(rows[0]["iv"], rows[4]["iv"])
        self.assertEqual(rows[2]["iv"], self.iv("price,spot,strike,years,type\n9,100,105,0.25,call\n")[0]["iv"])

    def test_the_day_may_stand_on_the_command_line_and_as_of_in_a_column(self):
        minutes = (34 * 24 + 23) * 60
        data = "price,spot,strike,type,as_of\n9,100,105,call,2026-02-13\n9,100,105,call,2026-02-12\n"
        rows = self.iv(data, "--expiry", "2026-03-20")
        wanted = self.iv(f"price,spot,strike,years,type\n9,100,105,{minutes / 525600!r},call\n9,100,105,{(minutes + 1440) / 525600!r},call\n")
        for row, expected in zip(rows, wanted, strict=True):
            self.assertAlmostEqual(float(row["iv"]), float(expected["iv"]), delta=1e-12)

    def test_trading_time_leaves_out_nights_and_holidays(self):
        # from Friday's close to the next: Monday 2026-02-16 is Presidents' Day, so four sessions
        self.years(4 / 252, self.DATED.format("2026-02-20"), "--as-of", "2026-02-13", "--clock", "trading")

    def test_days_are_calendar_days(self):
        self.years(73 / 365, "price,spot,strike,DTE,type\n9,100,105,73,call\n")

    def test_a_dividend_on_a_date(self):
        words = ("--spot", "40", "--rate", "0.09", "--expiry", "0.5", "--american", "--sigma", "0.3", "--type", "call")
        years = (28 * 24 - 1 - 6.5) / 8760  # from Friday's close to 09:30 of 2026-03-13, by when summer time has begun
        dated = self.price("strike\n40\n", *words, "--as-of", "2026-02-13", "--dividend", "2026-03-13=1,2026-02-02=5")
        counted = self.price("strike\n40\n", *words, "--dividend", f"{years!r}=1")
        self.assertEqual(self.price("strike\n40\n", *words, "--as-of", "2026-02-13", "--dividend", "20260313=1"), dated)
        self.assertAlmostEqual(float(dated[0]["price"]), float(counted[0]["price"]), delta=1e-6)


class Answers(Options):
    """Prices that no volatility gives: an answer, not an error."""
    ROWS = [("9", "ok"), ("3.5", "below_intrinsic"), ("200", "above_maximum"), ("-1", "bad_price"), ("nan", "bad_price"), ("", "bad_price")]
    DATA = "price,spot,strike,years,type\n" + "".join(f"{price},100,95,0.5,call\n" for price, _ in ROWS)

    def test_rows_stay_and_say_why(self):
        code, out, err = self.run_quern("iv", "-", stdin=self.DATA)
        self.assertEqual(code, 0)
        self.assertEqual(err, "quern: warning: 5 of 6 rows have no implied volatility: 1 below_intrinsic, 1 above_maximum, 3 bad_price\n")
        rows = self.rows(out)
        self.assertEqual([r["status"] for r in rows], [status for _, status in self.ROWS])
        self.assertEqual([r["iv"] == "" for r in rows], [False] + [True] * 5)
        self.assertEqual([r["delta"] == "" for r in rows], [False] + [True] * 5)

    def test_nan_is_written_where_it_is_asked_for(self):
        code, out, _ = self.run_quern("iv", "-", "--on-error", "nan", stdin=self.DATA)
        rows = self.rows(out)
        self.assertEqual((code, [r["iv"] for r in rows][1:]), (0, ["nan"] * 5))
        self.assertEqual({r["vega"] for r in rows[1:]}, {"nan"})
        self.assertNotIn("status", rows[0])

    def test_bounds_are_the_nearest_volatilities(self):
        code, out, _ = self.run_quern("iv", "-", "--on-error", "bound", stdin=self.DATA)
        self.assertEqual([r["iv"] for r in self.rows(out)][1:], ["0", "inf", "", "", ""])

    def test_bad_numbers_are_statuses(self):
        code, out, err = self.run_quern("iv", "-", stdin="price,spot,strike,years,type\n9,100,95,-1,call\n9,100,95,0,call\n9,-5,95,1,call\n"
                                        "9,100,,1,call\n9,100,95,inf,call\n9,100,95,,call\n9,100,95,1,\n9,100,95,1,call\n")
        self.assertEqual(code, 0)
        self.assertEqual([r["status"] for r in self.rows(out)], ["expired", "expired"] + ["bad_input"] * 5 + ["ok"])

    def test_exit_code_1_means_that_no_row_has_an_answer(self):
        code, out, _ = self.run_quern("iv", "-", stdin="price,spot,strike,years,type\n1,100,95,1,call\n")
        self.assertEqual((code, self.rows(out)[0]["status"]), (1, "below_intrinsic"))
        code, out, _ = self.run_quern("price", "-", stdin="sigma,spot,strike,years,type\n-1,100,95,1,call\n")
        self.assertEqual((code, self.rows(out)[0]["status"]), (1, "bad_input"))

    def test_the_example_has_the_books_volatilities(self):
        code, out, err = self.run_quern("iv", QUOTES)
        self.assertEqual(code, 0)
        rows = self.rows(out)
        for row, expected in zip(rows, (0.3, 0.2, 0.2, 0.2)):
            self.assertAlmostEqual(float(row["iv"]), expected, delta=1e-3)  # the books print four digits
        self.assertEqual([r["status"] for r in rows[4:]], ["below_intrinsic", "above_maximum"])


class Json(Options):
    def read(self, *words, name="iv", **rest):
        code, out, err = self.run_quern(name, *words, "--format", "json", **rest)
        self.assertEqual((code, err), (0, ""))
        return json.loads(out)

    def test_it_says_the_same_as_csv(self):
        result = self.read(QUOTES, "--greeks", "all")
        _, out, _ = self.run_quern("iv", QUOTES, "--greeks", "all")
        self.assertEqual((result["schema"], result["model"], result["clock"], result["n"], result["complete"]),
                         ("quern.iv/1", "black_scholes_merton", "calendar", 6, True))
        self.assertEqual(result["counts"], {**dict.fromkeys(STATUSES, 0), "ok": 4, "below_intrinsic": 1, "above_maximum": 1})
        for record, row in zip(result["rows"], self.rows(out), strict=True):
            inputs = record.pop("input")
            self.assertEqual(inputs.pop("source"), row.pop("source"))
            self.assertEqual(inputs.pop("type"), row.pop("type"))
            self.assertEqual(record.pop("status"), row.pop("status"))
            self.assertEqual({**inputs, **record}, {name: float(cell) if cell else None for name, cell in row.items()})

    def test_inputs_have_their_own_place_and_types(self):
        result = self.read("-", stdin="iv,price,forward,strike,expiry,type,n,seen\n.3,5,100,95,2026-12-18,call,12,true\n,6,100,95,2026-12-18,call,,\n",
                           *("--as-of", "2026-02-13"))
        self.assertEqual(result["model"], "black")
        self.assertEqual([r["input"] for r in result["rows"]],
                         [{"iv": .3, "price": 5, "forward": 100, "strike": 95, "expiry": "2026-12-18", "type": "call", "n": 12, "seen": True},
                          {"iv": None, "price": 6, "forward": 100, "strike": 95, "expiry": "2026-12-18", "type": "call", "n": None, "seen": None}])

    def test_years_are_numbers_however_they_are_written(self):
        result = self.read("-", stdin="price,spot,strike,years,type\n9,100,95,+.5,call\n9,100,95,05,call\n9,100,95,0.50,call\n")
        self.assertEqual([r["input"]["years"] for r in result["rows"]], [.5, 5, .5])

    def test_prices(self):
        result = self.read("-", "-a", name="price", stdin="spot,strike,years,sigma,type\n100,95,1,.2,call\n")
        self.assertEqual((result["schema"], result["model"], list(result["rows"][0])),
                         ("quern.price/1", "american", ["input", "price", *MAIN, "status"]))


class Sources(Options):
    def test_gzip_arrays_and_databases(self):
        plain = "price,spot,strike,years,type\n9,100,95,0.5,1\n2.5,100,105,0.5,-1\n8,100,105,0.5,-1\n"
        code, out, _ = self.run_quern("iv", "-", stdin=plain)
        expected = [r["iv"] for r in self.rows(out)]
        self.write("quotes.csv.gz", gzip.compress(plain.encode()))
        values = [float(cell) for line in plain.splitlines()[1:] for cell in line.split(",")]
        self.write("quotes.npy", npy([values[i:i + 5] for i in (0, 5, 10)]))
        sources = [("quotes.csv.gz",)] if has_part("zlib") else []
        for words in (*sources, ("quotes.npy", "--map", "price=c1,spot=c2,strike=c3,expiry=c4,type=c5")):
            code, out, _ = self.run_quern("iv", *words)
            self.assertEqual((code, [r["iv"] for r in self.rows(out)]), (0, expected))
        if has_part("sqlite"):
            db = sqlite3.connect(os.path.join(self.folder, "quotes.db"))
            db.execute("CREATE TABLE q (price REAL, spot REAL, strike REAL, years REAL, type TEXT)")
            db.executemany("INSERT INTO q VALUES (?, ?, ?, ?, ?)", [(*values[i:i + 4], "call" if values[i + 4] > 0 else "put") for i in (0, 5, 10)])
            db.commit()
            db.close()
            code, out, _ = self.run_quern("iv", "--from", "sqlite:quotes.db", "--query", "SELECT * FROM q")
            self.assertEqual((code, [r["iv"] for r in self.rows(out)]), (0, expected))

    def test_many_rows_are_the_same_as_few(self):
        lines = [f"{i % 7 + 9.5},100,{95 + i % 3},0.5,{'call' if i % 2 else 'put'},r{i}\n" for i in range(20000)]
        head = "price,spot,strike,years,type,id\n"
        out = self.succeeds("iv", "-", stdin=head + "".join(lines)).splitlines()
        self.assertEqual(len(out), 20001)
        strip = lambda line: line.split(",")[6:]
        for i in (0, 8191, 8192, 16384, 19999):
            alone = self.succeeds("iv", "-", stdin=head + lines[i]).splitlines()
            self.assertEqual(out[i + 1], alone[1])
        self.assertEqual([strip(line) for line in out[1:43]], [strip(line) for line in out[42 * 400 + 1:42 * 401 + 1]])


class People(Options):
    def test_text_is_aligned_and_counted(self):
        code, out, err = self.run_quern("iv", QUOTES, "--format", "text", "--greeks", "none")
        self.assertEqual((code, err), (0, ""))
        lines = out.splitlines()
        self.assertRegex(lines[0], r"^source +price +spot +strike +years +rate +yield +type +iv +status$")
        self.assertRegex(lines[2], r"^Haug 1\.1\.1 +2\.1334 +60 +65 +0\.25 +0\.08 +0 +call +0\.\d{5,6} +ok$")
        self.assertRegex(lines[6], r"^an old quote .* - +below_intrinsic$")
        self.assertEqual(lines[-1], "6 rows: 4 ok, 1 below_intrinsic, 1 above_maximum")

    def test_per_cent_that_is_meant_as_such_is_warned_of(self):
        code, out, err = self.run_quern("price", "-", "--rate", "5", "--sigma", "20", stdin="spot,strike,years,type\n100,95,1,call\n")
        self.assertEqual(code, 0)
        self.assertIn("warning: --rate is more than 100 % a year: 0.05 is five per cent\n", err)
        self.assertIn("warning: --sigma is more than 500 % a year", err)
        data = "spot,strike,years,type,vol,r,q\n100,95,1,call,{},{},{}\n100,95,1,put,{},{},{}\n100,95,1,put,{},{},{}\n"
        code, out, err = self.run_quern("price", "-", stdin=data.format(20, 3, 2, 25, 3, 2, 30, .01, .01))
        self.assertEqual((code, err), (0, 'quern: warning: most numbers of the column "r" are more than 100 % a year: 0.05 is five per cent\n'
                                          'quern: warning: most numbers of the column "q" are more than 100 % a year: 0.05 is five per cent\n'
                                          'quern: warning: most numbers of the column "vol" are more than 500 % a year: 0.2 is twenty per cent\n'))
        self.succeeds("price", "-", stdin=data.format(20, .03, .02, .25, .03, .02, .3, .03, .02))  # one alone is odd, and no more
        self.succeeds("price", "-", stdin=data.replace("spot", "forward").format(.2, .03, 2, .25, .03, 2, .3, .03, 2))  # a yield that does not count

    def test_an_interrupt_keeps_what_is_done(self):
        self.write("many.csv", "price,spot,strike,years,type\n" + "9,100,95,0.5,call\n" * 200000)
        process = self.popen("iv", "many.csv", bufsize=0, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        with process:
            head, first = process.stdout.readline(), process.stdout.readline()  # it goes on as far as the pipe has room
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=TIMEOUT)
        self.assertEqual((process.returncode, err), (130, b""))
        self.assertTrue(first.endswith(b",ok\n"))
        self.assertLess(out.count(b"\n"), 199999)
        self.assertEqual(set(out.splitlines()), {first.rstrip()})
        self.assertTrue(out.endswith(b"\n"))


class Wrong(Options):
    """What cannot be meant, or not be read, is an error that says where."""
    HEAD = "price,spot,strike,years,type\n"

    def test_a_missing_column_names_the_nearest(self):
        self.fails(65, "there is no column for the strike: --map strike=COLUMN says which one it is (did you mean \"stirke\"?)", "iv", "-",
                   stdin="price,spot,stirke,years,type\n1,1,1,1,call\n")
        self.fails(65, "there is no column for the type, call or put: --map type=COLUMN says which one it is, or --type is that of all rows (there are",
                   "iv", "-", stdin="price,spot,strike,years,side\n1,1,1,1,call\n")
        self.fails(65, "no column for the volatility", "price", "-", stdin=self.HEAD + "1,1,1,1,call\n")
        self.fails(65, "no column for the option's price", "iv", "-", stdin="spot,strike,years,type\n1,1,1,call\n")
        self.fails(65, "American options need it", "iv", "-", "-a", stdin="price,forward,strike,years,type\n1,1,1,1,call\n")

    def test_a_column_that_was_left_out_is_not_suggested(self):
        self.fails(65, "there is no column for the strike: --map strike=COLUMN says which one it is (there are price", "iv", "-",
                   "--map", "strike=", stdin=self.HEAD + "1,1,1,1,call\n")

    def test_two_columns_that_could_be_meant(self):
        self.fails(65, 'the columns "mid" and "mark" could both be the option\'s price: --map price=COLUMN', "iv", "-",
                   stdin="mid,mark,spot,strike,years,type\n1,1,1,1,1,call\n")
        self.fails(65, "there is the forward and the spot, and only one of them counts: --map spot= leaves one out", "iv", "-",
                   stdin="price,spot,forward,strike,years,type\n1,1,1,1,1,call\n")
        self.fails(65, '--rate is for all rows, but the column "rate" says the interest rate of each: --map rate= leaves it out', "iv", "-",
                   "--rate", "0.1", stdin="price,spot,strike,years,type,rate\n1,1,1,1,call,.1\n")

    def test_cells_that_cannot_be_read_name_their_line(self):
        self.fails(65, ':3: column "type": "calll" is neither call nor put', "iv", "-", stdin=self.HEAD + "9,100,95,1,call\n9,100,95,1,calll\n")
        self.fails(65, ':3:', "iv", "-", stdin=self.HEAD + "9,100,95,1,call\nnine,100,95,1,call\n")
        self.fails(65, ':2: column "years": "18.12.2026" is neither a date, as 2026-12-18, nor a number of years', "iv", "-",
                   stdin=self.HEAD + "9,100,95,18.12.2026,call\n")
        self.fails(65, ':2: column "years": "20261332" is neither a date', "iv", "-", stdin=self.HEAD + "9,100,95,20261332,call\n")
        self.fails(65, ':3: column "as_of": "Friday" is no date or time, as 2026-02-13 or 2026-02-13T15:30', "iv", "-", "--expiry", "2026-12-18",
                   stdin="price,spot,strike,type,as_of\n9,100,95,call,2026-02-13\n9,100,95,call,Friday\n")
        self.fails(65, "there is a header but no row of data", "iv", "-", stdin=self.HEAD)

    def test_a_bad_row_far_down_is_found_by_its_line(self):
        data = self.HEAD + "9,100,95,1,call\n" * 9000 + "9,100,95,1,straddle\n"
        code, out, err = self.run_quern("iv", "-", stdin=data)
        self.assertEqual(code, 65)
        self.assertIn(':9002: column "type": "straddle" is neither call nor put', err)
        self.assertEqual(len(out.splitlines()), 8193)

    def test_dates_need_to_know_when(self):
        self.fails(65, "--as-of DATE or a column as_of", "iv", "-", stdin=self.HEAD + "9,100,95,2026-12-18,call\n")
        self.fails(2, "a date needs to know --as-of", "price", "-", "-a", "--dividend", "2026-03-01=1", stdin=self.HEAD)
        self.fails(2, '"tomorrow" is no date and time', "iv", "-", "--as-of", "tomorrow", stdin=self.HEAD)

    def test_options_that_contradict_each_other(self):
        for words, sentence in (((), ""), (("--forward", "1", "--spot", "1"), "one of them says where the underlying is"),
                                (("--forward", "1", "--yield", "0.1"), "--yield goes with a spot"),
                                (("--forward", "1", "-a"), "--american needs a spot"),
                                (("--dividend", "0.1=1"), "--dividend goes with --american"),
                                (("-a", "--dividend", "soon=1"), '"soon=1": a dividend is DATE=AMOUNT or YEARS=AMOUNT'),
                                (("-a", "--dividend", "0.1=-1"), "not negative"),
                                (("-a", "--dividend", "-1=1"), "not negative"),
                                (("-a", "--dividend", "20261332=1"), "nor a date"),
                                (("--expiry", "20261332"), "neither a number of years nor a date"),
                                (("--map", "price=price,price=spot"), "--map says twice which column is the option's price (price)"),
                                (("--map", "sigma=price"), "the words are price, forward, spot, strike, expiry, days, rate, yield, type, as_of"),
                                (("--expiry", "soon"), "neither a number of years nor a date"),
                                (("--map", "strik=K"), 'unknown word in --map "strik": did you mean "strike"?'),
                                (("--map", "strike"), "is no WHAT=COLUMN"),
                                (("--on-error", "bond"), "bound")):
            if words:
                self.fails(2, sentence, "iv", "-", *words, stdin=self.HEAD + "9,100,95,1,call\n")
        self.fails(65, '--map: the data has no column "mit": did you mean "mid"?', "iv", "-", "--map", "price=mit",
                   stdin="mid,spot,strike,years,type\n1,1,1,1,call\n")


if __name__ == "__main__":
    main()
