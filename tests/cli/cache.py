"""`quern cache` and `quern fit --cache`: what comes back, when it does not, and what becomes of a damaged, foreign or newer cache."""
import json
import os
import re
import sqlite3
import stat
import subprocess
import sys
import unittest
import zipfile
import io

from command import Command, MISRA1A, MISRA1A_FORMULA, MISRA1A_START, QUERN, has_part, main

FIT = ("fit", MISRA1A_FORMULA, "data.csv", "--start", MISRA1A_START, "--cache")


@unittest.skipUnless(has_part("sqlite") and has_part("zip"), "this build keeps no cache on disk: it needs SQLite and libzip")
class Cache(Command):
    def setUp(self):
        super().setUp()
        self.write("data.csv", MISRA1A)
        self.environment["XDG_CACHE_HOME"] = self.folder + "/xdg"
        self.place = self.folder + "/xdg/quern/cache"

    def good(self, *words, **rest):
        code, out, err = self.run_quern(*words, **rest)
        self.assertEqual((code, err), (0, ""), words)
        return out

    def fit_json(self, *words, fit=FIT, **rest):
        return json.loads(self.good(*fit, "--format", "json", *words, **rest))

    def stats(self):
        return json.loads(self.good("cache", "stats", "--format", "json"))

    def entries(self, *words):
        return [json.loads(line) for line in self.good("cache", "list", "--format", "json", *words).splitlines()]

    def index(self):
        return os.path.join(self.place, "index.db")


class Fits(Cache):
    def test_a_second_run_finds_the_first_ones_result_to_the_last_bit(self):
        first, second = self.fit_json(), self.fit_json()
        self.assertEqual((first.pop("cached"), second.pop("cached")), (False, True))
        self.assertEqual(first, second)

    def test_without_the_option_nothing_is_kept_or_taken(self):
        self.assertFalse(self.fit_json(fit=FIT[:-1])["cached"])
        self.assertFalse(os.path.exists(self.folder + "/xdg"))
        self.fit_json()
        self.assertFalse(self.fit_json(fit=FIT[:-1])["cached"])

    def test_text_says_where_it_comes_from_and_is_the_same_otherwise(self):
        first, second = self.good(*FIT), self.good(*FIT)
        self.assertIn("from the cache", second)
        self.assertEqual(re.sub(r"evaluations?, .*", "", first), re.sub(r"evaluations?, .*", "", second))

    def test_files_of_a_known_fit_are_those_of_a_new_one(self):
        files = ("--residuals", "r.csv", "--save", "fit.json", "--profile")
        found = []
        for cached in (False, True):
            result = self.fit_json(*files)
            self.assertEqual(result["cached"], cached)
            with open(self.folder + "/r.csv") as rows, open(self.folder + "/fit.json") as saved:
                found.append((rows.read(), saved.read().replace('"cached":true', '"cached":false')))
        self.assertEqual(found[0], found[1])

    def test_every_other_question_is_another_fit(self):
        self.fit_json()
        for words in (["--loss", "huber"], ["--loss", "huber", "--loss-scale", "2"], ["--method", "lm"], ["--confidence", "0.9"],
                      ["--bounds", "a=0:1000"], ["--fix", "a=239"], ["--tie", "a=430000*b"], ["--max-evals", "5000"], ["--ftol", "1e-9"],
                      ["--xtol", "1e-9"], ["--gtol", "1e-9"], ["--starts", "3"], ["--starts", "3", "--seed", "7"], ["--x-scale", "a=100,b=1e-4"],
                      ["--where", "pressure > 100"], ["--where", "pressure > 100 && volume > 15"], ["--profile"]):
            start = [] if words[0] in ("--fix", "--tie") else ["--start", MISRA1A_START]
            fit = ("fit", MISRA1A_FORMULA, "data.csv", *(start or ["--start", "b=5e-4"]), "--cache")
            self.assertFalse(self.fit_json(*words, fit=fit)["cached"], words)
            self.assertTrue(self.fit_json(*words, fit=fit)["cached"], words)

    def test_another_number_in_the_data_is_another_fit_and_a_formula_spelled_otherwise_is_not(self):
        self.fit_json()
        spelled = ("fit", "volume = a * (1 - exp(-b * pressure))", *FIT[2:])
        self.assertTrue(self.fit_json(fit=spelled)["cached"])
        self.assertFalse(self.fit_json(fit=("fit", "volume = a*(1 - exp(-pressure*b/2))", *FIT[2:]))["cached"])
        self.write("data.csv", MISRA1A.replace("81.78", "81.79"))
        self.assertFalse(self.fit_json()["cached"])

    def test_a_fit_that_does_not_converge_is_kept_as_that(self):
        for cached in (False, True):
            code, out, _ = self.run_quern(*FIT, "--max-evals", "2", "--format", "json")
            result = json.loads(out)
            self.assertEqual((code, result["status"], result["cached"]), (1, "max_evals", cached))

    def test_numbers_that_are_not_finite_come_back(self):
        self.write("line.csv", "x,y\n1,2\n2,4\n3,6\n4,8\n")
        texts = [self.good("fit", "y = a*x", "line.csv", "--start", "a=2", "--cache") for _ in range(2)]
        self.assertIn("from the cache", texts[1])
        self.assertEqual(*(re.sub(r"evaluations?, .*", "", text) for text in texts))

    def test_warnings_come_back_once_and_name_the_line_where_their_row_stands_now(self):
        rows = [f"{x},{60 if x == 15 else 2 * x + x % 3 / 10},1\n" for x in range(30)]
        fit = ("fit", "y = amp + b*x", "data.csv", "--cache")
        for note, line, cached in ((5, 18, False), (5, 18, True), (25, 17, False)):
            self.write("data.csv", "x,y,Amp\n" + "".join(rows[:note]) + "# a note\n" + "".join(rows[note:]))
            result = self.fit_json(fit=fit)
            self.assertEqual(result["cached"], cached)
            warnings = result["warnings"]
            self.assertEqual(len(warnings), len(set(warnings)), warnings)
            self.assertTrue([text for text in warnings if "\"Amp\"" in text], warnings)
            self.assertTrue([text for text in warnings if f"row 16 (data.csv:{line})" in text], warnings)

    def test_a_zero_keeps_its_sign(self):
        self.write("data.csv", "x,y\n1,0\n2,0\n3,0\n4,0\n5,0\n")
        fit = ("fit", "y = a + b*x", "data.csv", "--start", "a=-0,b=-0", "--cache", "--format", "csv")
        first, second = self.good(*fit), self.good(*fit)
        self.assertIn("a,-0,-0,", first)
        self.assertEqual(first, second)

    def test_what_names_a_file_in_no_text_is_not_kept(self):
        rows = "".join(f"{x},{60 if x == 15 else 2 * x + x % 3 / 10}\n" for x in range(30))
        with open(os.fsencode(self.folder) + b"/\xff.csv", "w") as file:
            file.write("x,y\n" + rows)
        for _ in range(2):
            code, out, err = self.run_quern("fit", "y = a + b*x", b"\xff.csv", "--cache", "--format", "json")
            self.assertEqual((code, json.loads(out)["cached"]), (0, False))
            self.assertRegex(err, "the result is not kept: .*UTF-8")

    def test_data_from_standard_input_are_known_again(self):
        fit = ("fit", MISRA1A_FORMULA, "-", "--start", MISRA1A_START, "--cache")
        self.assertFalse(self.fit_json(fit=fit, stdin=MISRA1A)["cached"])
        self.assertTrue(self.fit_json(fit=fit, stdin=MISRA1A)["cached"])

    def test_a_cache_that_cannot_be_used_is_a_warning_and_the_fit_is_made(self):
        self.write("xdg", "a file")
        code, out, err = self.run_quern(*FIT, "--format", "json")
        self.assertEqual((code, json.loads(out)["cached"]), (0, False))
        self.assertRegex(err, r"^quern: warning: the cache is not used: .*xdg/quern/cache")
        os.symlink("nowhere", self.folder + "/link")
        code, out, err = self.run_quern(*FIT, "--format", "json", environment={"XDG_CACHE_HOME": self.folder + "/link"})
        self.assertEqual((code, json.loads(out)["cached"]), (0, False))
        self.assertRegex(err, r"link/quern/cache\": a file is in the way")

    def test_a_shared_part_that_does_not_answer_is_said_and_the_folder_keeps_the_result(self):
        if not has_part("redis"):
            self.skipTest("this build has no Redis")
        for cached in (False, True):
            code, out, err = self.run_quern(*FIT, "--format", "json", environment={"QUERN_CACHE_REDIS": f"unix:{self.folder}/none"})
            self.assertEqual((code, json.loads(out)["cached"]), (0, cached))
            self.assertIn("none", err)
            self.assertNotIn("not kept", err)

    def test_a_damaged_value_is_computed_again(self):
        self.fit_json()
        db = sqlite3.connect(self.index())
        self.assertEqual(db.execute("SELECT count(*) FROM entries").fetchone(), (1,))
        db.execute("UPDATE entries SET record = zeroblob(length(record))")
        db.commit()
        db.close()
        self.assertFalse(self.fit_json()["cached"])
        self.assertTrue(self.fit_json()["cached"])

    def test_a_damaged_index_is_set_aside_and_built_again(self):
        self.fit_json()
        for name in os.listdir(self.place):
            if name.endswith(("-wal", "-shm")):
                os.unlink(os.path.join(self.place, name))
        with open(self.index(), "r+b") as file:
            file.write(b"\xff" * 4096)
        code, out, err = self.run_quern(*FIT, "--format", "json")
        self.assertEqual((code, json.loads(out)["cached"]), (0, False))
        self.assertTrue(self.fit_json()["cached"])
        self.assertTrue([name for name in os.listdir(self.place) if name.startswith("index.db.damaged")])

    def test_a_cache_of_a_newer_version_is_left_alone(self):
        self.fit_json()
        db = sqlite3.connect(self.index())
        version = db.execute("PRAGMA user_version").fetchone()[0]
        db.execute(f"PRAGMA user_version = {version + 1}")
        db.commit()
        db.close()
        code, out, err = self.run_quern(*FIT, "--format", "json")
        self.assertEqual((code, json.loads(out)["cached"]), (0, False))
        self.assertRegex(err, r"the cache is not used: .*newer")
        code, _, err = self.run_quern("cache", "stats")
        self.assertEqual(code, 65)
        self.assertIn(self.place, err)
        db = sqlite3.connect(self.index())
        self.assertEqual(db.execute("PRAGMA user_version").fetchone()[0], version + 1)
        db.close()

    def test_two_processes_at_once_leave_one_result(self):
        processes = [self.popen(*FIT, "--format", "json", stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(4)]
        for process in processes:
            out, err = process.communicate()
            self.assertEqual((process.returncode, err), (0, b""))
        self.assertEqual(self.stats()["entries"], 1)


class Sealed(Cache):
    def setUp(self):
        super().setUp()
        for name in ("a.key", "b.key"):
            os.chmod(self.write(name, os.urandom(32)), 0o600)
        self.environment["QUERN_CONFIG"] = self.write("quern.conf", f'[cache]\nkey = "file:{self.folder}/a.key"\n')

    def test_values_are_read_by_their_key_alone(self):
        self.fit_json()
        self.assertTrue(self.fit_json()["cached"])
        stored = b""
        for folder, _, names in os.walk(self.place):
            for name in names:
                with open(os.path.join(folder, name), "rb") as file:
                    stored += file.read()
        self.assertNotIn(b"quern.fit/1", stored)
        other = {"QUERN_CACHE_KEY": f"file:{self.folder}/b.key"}
        self.assertFalse(self.fit_json(environment=other)["cached"])
        self.assertFalse(self.fit_json(environment={"QUERN_CONFIG": ""})["cached"])

    def test_a_key_that_others_can_read_is_refused(self):
        os.chmod(self.folder + "/a.key", 0o640)
        code, out, err = self.run_quern("cache", "stats")
        self.fit_without(self.run_quern(*FIT, "--format", "json"))
        os.makedirs(self.place)
        code, out, err = self.run_quern("cache", "stats")
        self.assertEqual(code, 77)
        self.assertRegex(err, "a.key.*chmod 600")

    def fit_without(self, done):
        code, out, err = done
        self.assertEqual((code, json.loads(out)["cached"]), (0, False))
        self.assertRegex(err, "the cache is not used: .*a.key")

    def test_the_configuration_shows_where_the_key_is_and_not_the_key(self):
        shown = self.good("config", "show")
        self.assertIn(f"file:{self.folder}/a.key", shown)

    def test_the_configuration_shows_no_password_of_a_url(self):
        for url, shown in (("redis://ada:s3cr/et@host:1/0", "redis://ada:***@host:1/0"), ("redis://:s3cr/et@host", "redis://:***@host"),
                           ("redis://host:1/0", "redis://host:1/0"), ("redis://ada@host:1", "redis://ada@host:1")):
            for words in ((), ("--format", "json")):
                out = self.good("config", "show", *words, environment={"QUERN_CACHE_REDIS": url})
                self.assertIn(f'"{shown}"', out)
                self.assertNotIn("s3cr", out)


class Looking(Cache):
    def test_where_there_is_none_yet_nothing_is_made(self):
        self.assertEqual(self.good("cache", "path"), self.place + "\n")
        self.assertEqual((self.stats()["entries"], self.entries()), (0, []))
        self.assertIn("0 entries removed", self.good("cache", "clear"))
        self.good("cache", "verify")
        code, out, err = self.run_quern("cache", "get", "fit/x")
        self.assertEqual((code, out), (1, ""))
        self.assertFalse(os.path.exists(self.folder + "/xdg"))

    def test_an_entry_is_listed_counted_taken_out_and_forgotten(self):
        self.fit_json()
        [entry] = self.entries()
        self.assertEqual((entry["schema"], entry["kind"], entry["ttl_left_s"], entry["sealed"]), ("quern.cache.entry/1", "arrays", None, False))
        self.assertRegex(entry["key"], "^fit/[0-9a-f]{64}$")
        self.assertRegex(entry["stored_at"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
        stats = self.stats()
        self.assertEqual((stats["entries"], stats["bytes"], stats["limit"]), (1, entry["bytes"], 1 << 30))
        self.good("cache", "get", entry["key"], "--output", "value.npz")
        with zipfile.ZipFile(self.folder + "/value.npz") as file:
            self.assertIsNone(file.testzip())
            self.assertEqual(sorted(file.namelist()), ["fitted.npy", "leverage.npy", "residual.npy", "result.npy", "row.npy", "standardized.npy"])
            self.assertIn(b'"schema":"quern.fit/1"', file.read("result.npy"))
        self.assertIn(entry["key"], self.good("cache", "list"))
        self.assertEqual(self.entries("--prefix", "fat/"), [])
        self.assertIn("0 entries", self.good("cache", "clear", "--prefix", "fat/"))
        self.assertIn("1 entry removed", self.good("cache", "clear", "--prefix", "fit/"))
        self.assertEqual(self.stats()["entries"], 0)
        self.assertFalse(self.fit_json()["cached"])

    def test_verify_finds_what_was_changed_and_repairs_it(self):
        self.fit_json()
        self.assertIn("1 entry", self.good("cache", "verify"))
        db = sqlite3.connect(self.index())
        record = bytearray(db.execute("SELECT record FROM entries").fetchone()[0])
        record[len(record) // 2] ^= 1
        db.execute("UPDATE entries SET record = ?", (bytes(record),))
        db.commit()
        db.close()
        code, out, err = self.run_quern("cache", "verify")
        self.assertEqual((code, err), (1, ""))
        self.assertIn("1 damaged", out)
        code, out, _ = self.run_quern("cache", "verify", "--repair", "--format", "json")
        report = json.loads(out)
        self.assertEqual((code, report["damaged"], report["repaired"], len(report["findings"])), (1, 1, True, 1))
        self.assertIn("0 entries", self.good("cache", "verify"))

    def test_a_folder_that_is_something_else_is_refused(self):
        self.write("notes.txt", "mine")
        code, out, err = self.run_quern("cache", "clear", "--folder", self.folder)
        self.assertEqual(code, 65)
        self.assertIn(self.folder, err)
        self.assertTrue(os.path.exists(self.folder + "/notes.txt"))

    def test_a_bound_holds(self):
        for i in range(6):
            self.good(*FIT, "--max-evals", str(5000 + i), environment={"QUERN_CACHE_DISK_BYTES": "8K"})
        stats = self.stats()
        self.assertGreater(stats["entries"], 0)
        self.assertLessEqual(stats["bytes"], 8192)

    def test_what_is_kept_is_for_this_user_alone(self):
        self.fit_json()
        for folder, _, names in os.walk(self.place):
            for path in (folder, *(os.path.join(folder, name) for name in names)):
                self.assertEqual(stat.S_IMODE(os.stat(path).st_mode) & 0o077, 0, path)

    def test_a_terminal_is_not_given_bytes_that_would_steer_it(self):
        self.fit_json()
        [entry] = self.entries()
        ours, theirs = os.openpty()
        code, _, err = self.run_quern("cache", "get", entry["key"], stdout=theirs)
        os.close(theirs)
        os.close(ours)
        self.assertEqual(code, 2)
        self.assertIn("--output FILE", err)

    def test_a_folder_that_cannot_be_looked_into_is_not_called_missing(self):
        os.mkdir(self.folder + "/xdg", 0o000)
        other = {"user": 65534, "cwd": "/"} if os.getuid() == 0 else {}
        try:
            subprocess.run([QUERN, "--version"], capture_output=True, check=True, **other)
        except (OSError, subprocess.CalledProcessError):
            self.skipTest("no other user can run the command here")
        for words in (("stats",), ("list",), ("clear",), ("verify",), ("get", "k")):
            code, out, err = self.run_quern("cache", *words, **other)
            self.assertEqual((code, out), (77, ""), words)
            self.assertRegex(err, "xdg/quern/cache.*Permission denied")
        os.chmod(self.folder + "/xdg", 0o700)

    def test_a_folder_without_a_name_is_a_mistake(self):
        self.assertEqual(self.run_quern("cache", "stats", "--folder", "")[0], 2)

    def test_the_folder_s_path_is_given_byte_for_byte_to_a_program(self):
        place = os.fsencode(self.folder) + b"/a\xff\n"
        done = subprocess.run([QUERN, "cache", "path"], env={**self.environment, "XDG_CACHE_HOME": place}, capture_output=True)
        self.assertEqual(done.stdout, place + b"/quern/cache\n")

    def test_an_option_of_another_task_is_a_mistake(self):
        for words in (("stats", "--prefix", "x"), ("get", "k", "--repair"), ("verify", "--output", "f")):
            code, _, err = self.run_quern("cache", *words)
            self.assertEqual(code, 2, words)
            self.assertIn("does not go with", err)
        code, _, err = self.run_quern("cache", "stats", "--disk-bytes", "lots")
        self.assertEqual(code, 2)


if __name__ == "__main__":
    main()
