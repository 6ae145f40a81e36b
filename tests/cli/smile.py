"""quern smile: a chain that a documented formula made, and what the command finds in it."""
import json
import math
import os
import unittest

from command import PROJECT, Command, has_part, main

DATA = os.path.join(os.path.dirname(PROJECT), "shared", "data", "options")
AS_OF = "2026-02-13T16:00"
EXPIRIES = (("2026-03-20", 35), ("2026-06-18", 125))  # days of 24 hours, close to close, less the hour of summer time
SPOT, RATE, YIELD = 100.0, 0.03, 0.01


def phi(x):
    return 0.5 * math.erfc(-x / math.sqrt(2))


def black(forward, strike, years, sigma, sign):
    deviation = sigma * math.sqrt(years)
    d1 = math.log(forward / strike) / deviation + deviation / 2
    return sign * (forward * phi(sign * d1) - strike * phi(sign * (d1 - deviation)))


def years_of(days):
    return (days * 24 - 1) / (365 * 24)  # New York goes over to summer time on 2026-03-08


def total_variance(years, k):  # Gatheral's raw SVI, growing with time
    return years * (0.04 + 0.1 * (-0.4 * (k - 0.02) + math.sqrt((k - 0.02) ** 2 + 0.05)))


def chain(strikes=range(70, 135, 5), half_spread=0.02, ticker="MADE", expiries=EXPIRIES, as_of=AS_OF):
    lines = ["ticker,as_of,expiry,strike,type,bid,ask"]
    for day, days in expiries:
        years = years_of(days)
        forward = SPOT * math.exp((RATE - YIELD) * years)
        for strike in strikes:
            sigma = math.sqrt(total_variance(years, math.log(strike / forward)) / years)
            for name, sign in (("call", 1), ("put", -1)):
                price = math.exp(-RATE * years) * black(forward, strike, years, sigma, sign)
                half = min(half_spread, price / 2)
                lines.append(f"{ticker},{as_of},{day},{strike},{name},{price - half!r},{price + half!r}")
    return "\n".join(lines) + "\n"


class Smile(Command):
    def smile(self, text, *words, code=0):
        self.write("chain.csv", text)
        got, out, err = self.run_quern("smile", "chain.csv", "--exercise", "european", "--format", "json", *words)
        self.assertEqual((got, err), (code, ""), msg=err)
        return json.loads(out)


class Results(Smile):
    def test_forward_rate_and_volatilities_are_those_that_made_the_chain(self):
        result = self.smile(chain())
        self.assertEqual((result["schema"], result["ticker"], result["exercise"]), ("quern.smile/1", "MADE", "european"))
        self.assertEqual([e["expiry"] for e in result["expiries"]], [day for day, _ in EXPIRIES])
        for expiry, (_, days) in zip(result["expiries"], EXPIRIES):
            years = years_of(days)
            forward = SPOT * math.exp((RATE - YIELD) * years)
            self.assert_close(expiry["years"], years, 1e-12)
            self.assert_close(expiry["forward"], forward, 1e-5)
            self.assertLess(abs(expiry["rate"] - RATE), 2e-3)
            self.assertEqual(expiry["smile"], "svi")
            self.assert_close(expiry["atm_iv"], math.sqrt(total_variance(years, 0) / years), 2e-3)
            for point in expiry["points"]:
                if point["weight"] > 0:
                    k = math.log(point["strike"] / forward)
                    self.assert_close(point["fitted_iv"], math.sqrt(total_variance(years, k) / years), 5e-3, point)
            self.assertGreaterEqual(expiry["least_density"], 0)
        self.assertGreaterEqual(result["least_calendar"], 0)

    def test_text_has_a_line_an_expiry_and_says_that_there_is_no_arbitrage(self):
        self.write("chain.csv", chain())
        out = self.succeeds("smile", "chain.csv", "--exercise", "european")
        self.assertIn("MADE, 2026-02-13 16:00 in New York", out)
        self.assertIn("52 quotes: 52 good", out)
        for day, _ in EXPIRIES:
            self.assertTrue(any(line.startswith(day) and line.rstrip().endswith("svi") for line in out.splitlines()), msg=out)
        self.assertIn("butterfly arbitrage: free (2 smiles", out)
        self.assertIn("calendar arbitrage:  free (1 pair", out)

    def test_one_expiry_shows_its_strikes(self):
        self.write("chain.csv", chain())
        out = self.succeeds("smile", "chain.csv", "--exercise", "european", "--expiry", "2026-06-18")
        self.assertNotIn("2026-03-20", out)
        self.assertIn("sigma = ", out)
        self.assertEqual(sum(" put " in line or " call " in line for line in out.splitlines()), 13)

    def test_a_day_of_two_settlements_shows_the_strikes_of_both(self):
        quotes = "".join(f"SPX,{root},2026-02-13 15:45,{strike},call,2026-02-20,{bid},{bid + 1}\n"
                         f"SPX,{root},2026-02-13 15:45,{strike},put,2026-02-20,{bid + strike - 100},{bid + strike - 99}\n"
                         for root in ("SPX", "SPXW") for strike, bid in ((95, 7), (100, 4), (105, 2)))
        self.write("chain.csv", "ticker,root,as_of,strike,type,expiry,bid,ask\n" + quotes)
        out = self.succeeds("smile", "chain.csv", "--expiry", "2026-02-20", "--rate", "0")
        self.assertIn("12 quotes: 12 good", out)
        self.assertEqual(out.splitlines().count("2026-02-20 am"), 1)
        self.assertEqual(sum(" put " in line or " call " in line for line in out.splitlines()), 6)

    def test_flat_smiles_are_not_among_the_pairs_that_are_compared(self):
        rows = chain().splitlines()
        few = [line for line in rows if EXPIRIES[0][0] not in line or line.split(",")[3] in ("100", "105")]
        self.write("chain.csv", "\n".join(few) + "\n")
        self.assertNotIn("calendar", self.succeeds("smile", "chain.csv", "--exercise", "european").split("butterfly")[1])
        more = chain(expiries=EXPIRIES + (("2026-09-18", 217),)).splitlines()
        few = [line for line in more if EXPIRIES[0][0] not in line or line.split(",")[3] in ("100", "105")]
        self.write("chain.csv", "\n".join(few) + "\n")
        out = self.succeeds("smile", "chain.csv", "--exercise", "european")
        self.assertIn("butterfly arbitrage: free (3 smiles", out)
        self.assertIn("calendar arbitrage:  free (1 pair,", out)

    def test_a_figure_is_drawn(self):
        if not has_part("cairo"):
            self.skipTest("without cairo")
        self.write("chain.csv", chain())
        for words in ((), ("--expiry", "2026-06-18")):
            self.succeeds("smile", "chain.csv", "--exercise", "european", "--plot", "smile.svg", *words)
            with open(os.path.join(self.folder, "smile.svg"), encoding="utf-8") as file:
                svg = file.read()
            self.assertTrue(svg.startswith("<?xml") and svg.rstrip().endswith("</svg>"))

    def test_quotes_that_say_nothing_are_counted_by_kind(self):
        rows = chain().splitlines()
        rows[3] = rows[3].rsplit(",", 2)[0] + ",0,0"
        rows[5] = rows[5].rsplit(",", 2)[0] + ",9,8"
        rows[7] = rows[7].rsplit(",", 2)[0] + ",0,9"
        quotes = self.smile("\n".join(rows) + "\n" + rows[9] + "\n")["quotes"]
        self.assertEqual({name: quotes[name] for name in ("count", "good", "zero", "crossed", "one_sided", "duplicate")},
                         {"count": 53, "good": 49, "zero": 1, "crossed": 1, "one_sided": 1, "duplicate": 1})


class WrongInput(Smile):
    def test_a_chain_of_one_strike_is_flat_or_refused_with_a_reason(self):
        result = self.smile(chain(strikes=(100,)))
        for expiry in result["expiries"]:
            self.assertEqual(expiry["smile"], "flat")
            self.assertNotIn(expiry["reason"], (None, ""))

    def test_nothing_that_can_be_fitted_is_the_answer_no(self):
        rows = [line.rsplit(",", 2)[0] + ",0,0" if i > 0 else line for i, line in enumerate(chain().splitlines())]
        result = self.smile("\n".join(rows) + "\n", code=1)
        for expiry in result["expiries"]:
            self.assertEqual(expiry["smile"], "none")
            self.assertNotIn(expiry["reason"], (None, ""))

    def test_two_underlyings_need_a_ticker(self):
        text = chain() + "".join(chain(ticker="OTHER").splitlines(keepends=True)[1:])
        self.write("chain.csv", text)
        err = self.fails(65, "OTHER", "smile", "chain.csv")
        self.assertIn("MADE", err)
        self.assertEqual(self.smile(text, "--ticker", "OTHER")["ticker"], "OTHER")

    def test_an_expiry_that_is_not_there_is_an_error(self):
        self.write("chain.csv", chain())
        self.fails(65, "2026-04-17", "smile", "chain.csv", "--expiry", "2026-04-17")

    def test_what_is_no_chain_names_the_file(self):
        self.write("chain.csv", "a,b\n1,2\n")
        self.fails(65, "chain.csv", "smile", "chain.csv")
        self.write("chain.csv", "")
        self.fails(65, "chain.csv", "smile", "chain.csv")
        self.fails(66, "none.csv", "smile", "none.csv")

    def test_dividends_of_european_options_are_said_to_change_nothing(self):
        self.write("chain.csv", chain())
        code, out, err = self.run_quern("smile", "chain.csv", "--exercise", "european", "--dividend", "0.05=1")
        self.assertEqual((code, err), (0, "quern: warning: dividends change nothing here: the forwards of European options tell them\n"))
        self.assertEqual(out, self.succeeds("smile", "chain.csv", "--exercise", "european"))

    def test_options_that_cannot_be_are_named(self):
        self.write("chain.csv", chain())
        self.fails(2, "--expiry", "smile", "chain.csv", "--expiry", "soon")
        self.fails(2, "--as-of", "smile", "chain.csv", "--as-of", "noon")
        self.fails(2, "--plot", "smile", "chain.csv", "--plot", "smile.pdf")
        self.fails(2, "--clock", "smile", "chain.csv", "--clock", "sundial")


@unittest.skipUnless(os.path.isdir(DATA), f"SKIPPED: no {DATA}: real chains are not looked at")
class RealChains(Smile):
    def test_every_expiry_of_real_chains_is_fitted_or_says_why_not(self):
        for name in ("yfinance_NVDA_2026-02-13.csv", "cboe_SPX_2022-07-12.csv"):
            code, out, _ = self.run_quern("smile", os.path.join(DATA, name), "--format", "json")
            self.assertEqual(code, 0)
            result = json.loads(out)
            self.assertGreaterEqual(result["least_calendar"], 0)
            for expiry in result["expiries"]:
                if expiry["smile"] == "svi":
                    self.assertGreaterEqual(expiry["least_density"], 0, msg=expiry["expiry"])
                else:
                    self.assertNotIn(expiry["reason"], (None, ""))


if __name__ == "__main__":
    main()
