"""quern replay: streams of ticks through formulas, the gate and files, and what ends them."""
import csv
import io
import json
import math
import os
import signal
import statistics
import subprocess
import time
import unittest

from command import PROJECT, SLOW, TIMEOUT, Command, has_part, main

DATA = os.path.join(os.path.dirname(PROJECT), "shared", "data", "earnings", "daily_prices.csv.gz")
HEAD = "time,symbol,price,size,bid,ask,side,kind\n"


def ticks(count=200, symbols=("AA", "BB", "CC")):
    """Prices that go up and down by rule; microseconds apart."""
    lines = [HEAD]
    for i in range(count):
        name = symbols[i % len(symbols)]
        price = 100 + 10 * (i % len(symbols)) + round(3 * math.sin(i / 7), 2)
        lines.append(f"2026-02-13T14:30:00.{i:06d}Z,{name},{price:.2f},{1 + i % 5},{price - 0.01:.2f},{price + 0.01:.2f},{'buy' if i % 2 else 'sell'},trade\n")
    return "".join(lines)


def rows_of(text):
    return list(csv.DictReader(io.StringIO(text)))


class Replay(Command):
    def replay(self, *words, code=0, **rest):
        got, out, err = self.run_quern("replay", *words, "--format", "json", **rest)
        self.assertEqual((got, err), (code, ""), msg=f"{words}: {err}")
        result = json.loads(out)
        self.assertEqual(result["schema"], "quern.replay/1")
        self.assertEqual(result["produced"], result["consumed"] + result["dropped"])
        return result

    def rows(self, *words, **rest):
        got, out, err = self.run_quern("replay", *words, "--output", "-", **rest)
        self.assertEqual(got, 0, msg=err)
        return rows_of(out)


class Results(Replay):
    def test_every_record_goes_through_and_is_counted(self):
        self.write("ticks.csv", ticks())
        result = self.replay("ticks.csv")
        self.assertEqual((result["records"], result["produced"], result["consumed"], result["dropped"]), (200, 200, 200, 0))
        self.assertEqual([s["symbol"] for s in result["symbols"]], ["AA", "BB", "CC"])
        self.assertEqual([s["records"] for s in result["symbols"]], [67, 67, 66])
        self.assertEqual(result["allocations_after_warmup"], 0)
        self.assertRegex(result["output_digest"], "^[0-9a-f]{32}$")
        self.assertEqual(result["rejections"], {})
        self.assertEqual(result["latency_ns"]["count"], 200)
        self.assertEqual(result["input"]["lines"], 201)

    def test_a_formula_looks_back_at_its_own_symbol(self):
        self.write("ticks.csv", ticks())
        got = self.rows("ticks.csv", "--formula", "z = (price - sma(price, 5)) / sd(price, 5)")
        past = {}
        for row in got:
            window = past.setdefault(row["symbol"], [])
            window.append(float(row["price"]))
            if len(window) < 5:
                self.assertEqual(row["z"], "")
                continue
            last = window[-5:]
            expected = (last[-1] - statistics.fmean(last)) / statistics.stdev(last)
            self.assertAlmostEqual(float(row["z"]), expected, delta=1e-9)

    def test_a_formula_sees_formulas_before_it_and_fields(self):
        self.write("ticks.csv", ticks(20))
        got = self.rows("ticks.csv", "-x", "spread = ask - bid", "-x", "twice = 2*spread; ", "-x", "s = side*size")
        for row in got:
            self.assertAlmostEqual(float(row["twice"]), 0.04, delta=1e-9)
            self.assertEqual(float(row["s"]), (1 if row["side"] == "buy" else -1) * float(row["size"]))

    def test_formulas_of_a_file_come_before_those_of_the_command_line(self):
        self.write("ticks.csv", ticks(20))
        self.write("stages.txt", "# what is made of a tick\nspread = ask - bid\n\nrelative = spread / mid # in parts\n")
        got = self.rows("ticks.csv", "--pipeline-file", "stages.txt", "-x", "basis = 1e4*relative")
        self.assertEqual(list(got[0])[-3:], ["spread", "relative", "basis"])
        self.assertAlmostEqual(float(got[0]["basis"]), 1e4 * 0.02 / float(got[0]["price"]), delta=1e-6)

    def test_the_digest_is_the_same_however_the_stream_is_run(self):
        self.write("ticks.csv", ticks(3000))
        words = ("-x", "z = ema(price, 9) - macd(price, 3, 6, 2)", "-x", "r = rsi(price, 14)")
        digests = {self.replay("ticks.csv", *words, *how)["output_digest"]
                   for how in ((), ("--threads", "2"), ("--threads", "4"), ("--capacity", "64"), ("--speed", "1000x"), ("--overload", "reject", "--capacity", "4096"))}
        self.assertEqual(len(digests), 1)
        for level in ("baseline", "avx2", "avx512"):
            got, out, _ = self.run_quern("replay", "ticks.csv", *words, "--format", "json", environment={"QUERN_CPU": level})
            if got != 78:  # this processor has no such level
                digests.add(json.loads(out)["output_digest"])
        self.assertEqual(len(digests), 1)
        self.assertNotIn(self.replay("ticks.csv", "-x", "z = ema(price, 8)")["output_digest"], digests)

    def test_made_up_records_follow_from_the_seed(self):
        first, same, other = (self.replay("generate:5000", "--seed", seed, "--symbols", "7")["output_digest"] for seed in ("1", "1", "2"))
        self.assertEqual(first, same)
        self.assertNotEqual(first, other)
        self.assertEqual(len(self.replay("generate:5000", "--symbols", "7")["symbols"]), 7)

    def test_a_range_has_both_its_ends(self):
        self.write("ticks.csv", ticks())
        self.assertEqual(self.replay("ticks.csv", "--from", "10", "--to", "30")["records"], 21)
        self.assertEqual(self.replay("generate:100", "--from", "10", "--to", "30")["records"], 21)
        self.assertEqual(self.replay("ticks.csv", "--from", "190")["records"], 10)
        by_time = self.replay("ticks.csv", "--from", "2026-02-13T14:30:00.000010Z", "--to", "2026-02-13T14:30:00.00003Z")
        self.assertEqual(by_time["records"], 21)

    def test_a_journal_is_replayed_by_number_and_by_time(self):
        self.write("ticks.csv", ticks())
        whole = self.replay("ticks.csv", "--journal", "kept")
        self.assertEqual(self.replay("kept")["output_digest"], whole["output_digest"])
        self.assertEqual(self.replay("kept", "--from", "10", "--to", "30")["records"], 21)
        self.assertEqual(self.replay("kept", "--from", "2026-02-13T14:30:00.000010Z", "--to", "2026-02-13T14:30:00.00003Z")["records"], 21)
        self.replay("ticks.csv", "--journal", "kept")  # appends
        self.assertEqual(self.replay("kept")["records"], 400)

    def test_a_range_without_a_record_is_empty(self):
        self.write("ticks.csv", ticks())
        self.replay("ticks.csv", "--journal", "kept")
        for words in (("--from", "200"), ("--from", "2031-01-01"), ("--to", "2001-01-01"), ("--from", "10", "--to", "2001-01-01")):
            self.assertEqual([self.replay(source, *words)["records"] for source in ("ticks.csv", "kept")], [0, 0], msg=words)

    def test_what_is_wrong_behind_a_range_is_not_met(self):
        self.write("ticks.csv", ticks(20) + "yesterday,AA,1,1,,,,\n")
        self.assertEqual(self.replay("ticks.csv", "--to", "19")["records"], 20)

    def test_what_is_written_is_read_again_as_the_same(self):
        self.write("ticks.csv", ticks())
        first = self.replay("ticks.csv", "--output", "again.csv")
        self.assertEqual(self.replay("again.csv")["output_digest"], first["output_digest"])
        with open(os.path.join(self.folder, "again.csv"), "rb") as file:
            piped = self.replay("-", stdin=file.read())
        self.assertEqual(piped["output_digest"], first["output_digest"])

    def test_bars_are_of_event_time(self):
        self.write("ticks.csv", "time,symbol,price,size\n"
                   "2026-02-13T14:30:10Z,A,10,1\n2026-02-13T14:30:20Z,A,12,2\n2026-02-13T14:30:59Z,A,11,1\n2026-02-13T14:31:00Z,A,9,4\n")
        self.succeeds("replay", "ticks.csv", "--bars", "1m:bars.csv")
        with open(os.path.join(self.folder, "bars.csv")) as file:
            got = rows_of(file.read())
        self.assertEqual([[float(row[name]) for name in ("open", "high", "low", "close", "volume")] for row in got],
                         [[10, 12, 10, 11, 4], [9, 9, 9, 9, 4]])

    def test_the_summary_goes_to_standard_error_where_records_go_to_standard_output(self):
        self.write("ticks.csv", ticks(3))
        got, out, err = self.run_quern("replay", "ticks.csv", "-o", "-")
        self.assertEqual((got, len(out.splitlines())), (0, 4))
        self.assertIn("3 records of 3 symbols", err)

    def test_real_daily_prices(self):
        if not os.path.exists(DATA) or not has_part("zlib"):
            self.skipTest("there is no ../shared/data/earnings/daily_prices.csv.gz, or nothing to read it with")
        result = self.replay(DATA, "--map", "price=Close,size=Volume", "-x", "r = log(price/lag(price))", "-x", "v = realized_vol(price, 21)")
        self.assertEqual(len(result["symbols"]), 15)
        self.assertGreater(result["records"], 20000)
        self.assertEqual(result["columns"]["r"]["nan"], 15)
        self.assertEqual(result["input"]["backwards"], 14)  # a ticker after the other


class Gate(Replay):
    def test_orders_of_a_formula_meet_the_limits_of_a_file(self):
        self.write("ticks.csv", ticks(100, ("AA",)))
        self.write("risk.toml", "[limits]\nmax_position = 5\nmax_order_size = 3\n")
        result = self.replay("ticks.csv", "-x", "want = if(sequence < 3, 2, if(sequence == 50, 4, 0))", "--order", "want", "--risk", "risk.toml")
        self.assertEqual((result["gate"]["orders"], result["gate"]["accepted"]), (4, 2))
        self.assertEqual({rule: count for rule, count in result["rejections"].items() if count}, {"max_position": 1, "max_order_size": 1})
        self.assertEqual(result["symbols"][0]["position"], 4)

    def test_orders_of_the_file_are_decided_as_well(self):
        self.write("ticks.csv", HEAD + "2026-02-13T14:30:00Z,A,10,1,,,,trade\n2026-02-13T14:30:01Z,A,10,7,,,buy,order\n2026-02-13T14:30:02Z,A,10,2,,,sell,order\n")
        self.write("risk.toml", "[limits]\nmax_order_size = 3\n")
        got = self.rows("ticks.csv", "--risk", "risk.toml")
        self.assertEqual([float(row["gate"]) for row in got][0::2], [0, 1])
        self.assertLess(float(got[1]["gate"]), 0)
        self.assertEqual([float(row["position"]) for row in got], [0, 0, -2])

    def test_an_order_without_a_price_is_at_the_mark(self):
        self.write("ticks.csv", HEAD + "2026-02-13T14:30:00Z,A,10,1,,,,trade\n2026-02-13T14:30:01Z,A,,7,9,13,buy,order\n")
        result = self.replay("ticks.csv", "-x", "none = 0", "--order", "none")
        self.assertEqual((result["gate"]["accepted"], result["gate"]["cash"]), (1, -70))

    def test_a_signal_is_the_kill_switch(self):
        self.write("risk.toml", "[limits]\nmax_order_size = 3\n")
        process = self.popen("replay", "-", "--risk", "risk.toml", "--output", "-", "--format", "json", stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

        def decision():
            process.stdin.write(b"2026-02-13T14:30:00Z,A,10,1,,,buy,order\n")
            process.stdin.flush()
            return int(process.stdout.readline().decode().split(",")[-2])

        process.stdin.write(HEAD.encode())
        process.stdin.flush()
        self.addCleanup(process.kill)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.stderr.close)
        process.stdin.write(b"2026-02-13T14:30:00Z,A,10,1,,,buy,order\n")
        process.stdin.flush()
        names = process.stdout.readline().decode().strip().split(",")
        self.assertEqual(names[-2:], ["gate", "position"])
        self.assertEqual(process.stdout.readline().decode().split(",")[-2], "1")
        self.assertEqual(decision(), 1)
        process.send_signal(signal.SIGUSR1)
        deadline = time.monotonic() + TIMEOUT
        passed = 2
        while (got := decision()) == 1 and time.monotonic() < deadline:
            passed += 1
        self.assertEqual([got, decision(), decision()], [-1, -1, -1])
        process.stdin.close()
        result = json.loads(process.stderr.read())
        self.assertEqual(process.wait(TIMEOUT), 0)
        self.assertTrue(result["gate"]["killed"])
        self.assertEqual((result["rejections"]["kill"], result["gate"]["accepted"]), (3, passed))

    def test_a_bad_risk_file_is_named_with_its_place(self):
        self.write("ticks.csv", ticks(3))
        self.write("risk.toml", "[limits]\nmax_positon = 5\n")
        self.fails(78, "risk.toml:2:1:", "replay", "ticks.csv", "--risk", "risk.toml")


class Complaints(Replay):
    def test_a_formula_is_shown_with_a_caret(self):
        self.write("ticks.csv", ticks(3))
        err = self.fails(65, "prise", "replay", "ticks.csv", "-x", "z = 2*prise")
        self.assertIn("did you mean \"price\"?", err)
        self.assertIn("^", err)
        self.fails(65, "there is", "replay", "ticks.csv", "-x", "price = 2")
        self.fails(65, "stages.txt:2:", "replay", "ticks.csv", "--pipeline-file", self.write("stages.txt", "a = 1\nb = (\n"))

    def test_options_that_cannot_be(self):
        self.write("ticks.csv", ticks(3))
        for words, sentence in ((("--speed", "fast"), "neither max nor a speed"), (("--from", "x"), "neither the number"), (("--from", "5", "--to", "4"), "behind"),
                                (("--bars", "1m"), "INTERVAL:FILE"), (("--symbols", "0"), "between 1"), (("--threads", "0"), "--threads"), (("--order", "price2"), "")):
            code, out, err = self.run_quern("replay", "ticks.csv", *words)
            self.assertIn(code, (2, 65), msg=words)
            self.assertIn(sentence, err)
            self.assertEqual(out, "")
        self.fails(2, "generate:N", "replay", "generate:x")
        for words, sentence in ((("ticks.csv", "--seed", "2"), "--seed"), (("ticks.csv", "--orders", "0.5"), "--orders"), (("generate:5", "--map", "price=x"), "--map")):
            self.assertIn("alone", self.fails(2, sentence, "replay", *words))
        self.fails(66, "nowhere.csv", "replay", "nowhere.csv")

    def test_a_bad_line_ends_the_replay_behind_all_before_it(self):
        lines = ticks(50).splitlines(keepends=True)
        lines[41] = lines[41].replace("2026-02-13", "yesterday")
        self.write("ticks.csv", "".join(lines))
        code, out, err = self.run_quern("replay", "ticks.csv", "--format", "json", "--output", "good.csv")
        self.assertEqual(code, 65)
        self.assertIn("ticks.csv:42:1:", err)
        self.assertEqual(json.loads(out)["records"], 40)
        with open(os.path.join(self.folder, "good.csv")) as file:
            self.assertEqual(len(file.readlines()), 41)
        result = self.replay("ticks.csv", "--skip-bad")
        self.assertEqual((result["records"], result["input"]["bad"]), (49, 1))

    def test_prices_that_are_too_large_and_symbols_that_are_not_known(self):
        self.write("ticks.csv", "time,symbol,price\n2026-02-13T14:30:00Z,A,1\n2026-02-13T14:30:00Z,A,99999999999999\n")
        code, out, err = self.run_quern("replay", "ticks.csv", "--format", "json")
        self.assertEqual((code, json.loads(out)["records"]), (65, 1))
        self.assertIn("ticks.csv:3:24:", err)
        self.write("ticks.csv", ticks(9))
        code, out, err = self.run_quern("replay", "ticks.csv", "--symbols", "AA,BB", "--format", "json")
        self.assertEqual((code, json.loads(out)["records"]), (65, 2))
        self.assertIn("CC", err)
        self.assertEqual(self.replay("ticks.csv", "--symbols", "AA,BB", "--skip-bad")["records"], 6)

    def test_clocks_that_go_back_and_gaps_are_counted_or_refused(self):
        self.write("ticks.csv", "sequence,time,symbol,price\n1,2026-02-13T14:30:02Z,A,1\n2,2026-02-13T14:30:01Z,A,1\n5,2026-02-13T14:30:03Z,A,1\n")
        found = self.replay("ticks.csv")["input"]
        self.assertEqual((found["backwards"], found["gaps"], found["missing"]), (1, 1, 2))
        got, out, err = self.run_quern("replay", "ticks.csv", "--strict", "--format", "json")
        self.assertEqual((got, json.loads(out)["records"]), (65, 1))
        self.assertIn("ticks.csv:3", err)

    def test_a_file_is_written_once_and_never_the_one_that_is_read(self):
        self.write("ticks.csv", ticks(9))
        for words in (("-o", "ticks.csv"), ("-o", "./ticks.csv"), ("--bars", "1s:ticks.csv")):
            self.fails(2, "is what is replayed", "replay", "ticks.csv", *words)
        self.write("old.csv", "old\n")
        for words in (("-o", "new.csv", "-o", "new.csv"), ("-o", "new.csv", "--bars", "1s:new.csv"), ("-o", "old.csv", "--bars", "1s:./old.csv")):
            self.fails(2, "is to be written twice", "replay", "ticks.csv", *words)
        self.assertFalse(os.path.exists(os.path.join(self.folder, "new.csv")))
        with open(os.path.join(self.folder, "old.csv")) as file:
            self.assertEqual(file.read(), "old\n")
        self.replay("ticks.csv", "-o", "/dev/null", "-o", "/dev/null", "--bars", "1s:/dev/null")

    def test_a_full_disk_is_said(self):
        if not os.path.exists("/dev/full"):
            self.skipTest("there is no /dev/full")
        self.write("ticks.csv", ticks(5000))
        code, _, err = self.run_quern("replay", "ticks.csv", "-o", "/dev/full")
        self.assertEqual(code, 74)
        self.assertIn("/dev/full", err)

    def test_a_memory_limit_below_the_ring_is_said(self):
        code, out, err = self.run_quern("replay", "generate:10", "--capacity", "1048576", "--memory-limit", "4M")
        self.assertEqual((code, out), (71, ""))
        self.assertIn("4", err)


class Ends(Replay):
    def test_a_request_to_end_drains_what_came_and_shows_it(self):
        process = self.popen("replay", "-", "--format", "json", "--output", "kept.csv", stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        process.stdin.write(ticks(100).encode())
        process.stdin.flush()
        deadline = time.monotonic() + TIMEOUT
        # The journal of the summary tells nothing while it runs: what was read is seen by the pipe being empty.
        while self.unread(process.stdin) > 0 and time.monotonic() < deadline:
            time.sleep(0.01)
        time.sleep(0.2 * SLOW)
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=TIMEOUT)
        self.assertEqual((process.returncode, err), (143, b""))
        result = json.loads(out)
        self.assertEqual((result["records"], result["dropped"]), (100, 0))
        with open(os.path.join(self.folder, "kept.csv")) as file:
            self.assertEqual(len(file.readlines()), 101)

    @staticmethod
    def unread(pipe):
        import fcntl
        import struct
        import termios
        return struct.unpack("i", fcntl.ioctl(pipe, termios.FIONREAD, b"\0\0\0\0"))[0]

    def test_an_endless_source_in_full_flight_ends_in_order(self):
        process = self.popen("replay", "generate:forever", "-x", "z = ema(price, 20)", "--threads", "2", "--format", "json", "--journal", "kept",
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        deadline = time.monotonic() + TIMEOUT
        folder = os.path.join(self.folder, "kept")
        while time.monotonic() < deadline and not (os.path.isdir(folder) and len(os.listdir(folder)) > 2):
            time.sleep(0.01)
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=TIMEOUT)
        self.assertEqual((process.returncode, err), (143, b""))
        result = json.loads(out)
        self.assertEqual(result["dropped"], 0)
        self.assertEqual(self.replay("kept")["records"], result["records"])

    def test_a_reader_that_goes_away_ends_the_replay(self):
        process = self.popen("replay", "generate:forever", "--output", "-", stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        process.stdout.readline()
        process.stdout.close()
        process.stderr.read()
        process.stderr.close()
        self.assertEqual(process.wait(TIMEOUT), 141)

    def test_overload_drops_what_it_says_and_counts_it(self):
        for how in ("reject", "drop-oldest", "conflate"):
            result = self.replay("generate:300000", "--overload", how, "--capacity", "64", "-x", "z = sd(price, 500)")
            self.assertEqual(result["produced"], 300000)


class Examples(Replay):
    def test_the_example_s_ticks_are_what_the_generator_makes(self):
        self.succeeds_quietly = self.run_quern("replay", "generate:2000", "--symbols", "5", "--seed", "11", "--orders", "0.02", "--output", "made.csv")
        self.assertEqual(self.succeeds_quietly[0], 0)
        with open(os.path.join(self.folder, "made.csv"), "rb") as made, open(os.path.join(PROJECT, "examples", "ticks.csv"), "rb") as kept:
            self.assertEqual(made.read(), kept.read())


if __name__ == "__main__":
    main()
