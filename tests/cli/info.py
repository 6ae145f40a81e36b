"""What the command says of itself: `quern info`, and --memory."""
import ctypes.util
import json
import os
import platform
import re
import subprocess
import unittest

from command import Command, MISRA1A, MISRA1A_FORMULA, MISRA1A_START, QUERN, SLOW, main

WORDS = ("fit", MISRA1A_FORMULA, "data.csv", "--start", MISRA1A_START)


def processor_flags():
    with open("/proc/cpuinfo") as file:
        found = re.search(r"(?m)^flags\s*: (.*)$", file.read())
    return set(found.group(1).split()) if found else None


class Info(Command):
    def test_json_has_its_schema_and_all_of_its_keys(self):
        out = self.succeeds("info", "--format", "json")
        self.assertEqual(out.count("\n"), 1)
        info = json.loads(out)
        self.assertEqual(info["schema"], "quern.info/1")
        self.assertEqual(f"quern {info['version']}\n", self.succeeds("--version"))
        self.assertEqual(set(info["build"]), {"type", "compiler", "flags", "assertions", "sanitizer"})
        self.assertRegex(info["build"]["compiler"], r"^(gcc|clang) \d+\.\d+")
        self.assertNotIn("/", info["build"]["flags"])
        self.assertEqual(set(info["processor"]), {"name", "architecture", "level", "best_level", "built_for"})
        self.assertEqual(info["files"], [])

    def test_it_says_where_the_configuration_stands(self):
        for present in (False, True):
            environment = {"HOME": self.folder}
            path = os.path.join(self.folder, ".config", "quern", "quern.conf")
            info = json.loads(self.succeeds("info", "--format", "json", environment=environment))
            self.assertEqual(info["files"], [{"kind": "configuration", "path": path, "present": present}])
            line = f"Files       configuration {path}{'' if present else ' (not there)'}\n"
            self.assertTrue(self.succeeds("info", environment=environment).endswith(line))
            os.makedirs(os.path.dirname(path), exist_ok=True)
            self.write(path, "")
        self.assertTrue(self.succeeds("info").endswith("Files       configuration none\n"))

    @unittest.skipUnless(platform.machine() == "x86_64" and os.path.exists("/proc/cpuinfo"), "needs Linux on x86-64")
    def test_the_level_is_what_the_system_says_of_the_processor(self):
        flags = processor_flags()
        expected = "baseline"
        if {"avx2", "fma"} <= flags:
            expected = "avx2"
        if {"avx2", "fma", "avx512f", "avx512dq", "avx512vl"} <= flags:
            expected = "avx512"
        info = json.loads(self.succeeds("info", "--format", "json"))
        self.assertEqual(info["processor"]["level"], expected)
        self.assertEqual(info["processor"]["best_level"], expected)
        self.assertEqual(info["processor"]["architecture"], "x86-64")

    def test_a_lower_level_can_be_asked_for_and_no_other(self):
        environment = {"QUERN_CPU": "baseline"}
        info = json.loads(self.succeeds("info", "--format", "json", environment=environment))
        self.assertEqual(info["processor"]["level"], "baseline")
        if info["processor"]["best_level"] != "baseline":
            self.assertIn("QUERN_CPU asks for that level, it has", self.succeeds("info", environment=environment))
        self.write("data.csv", MISRA1A)
        for words in (["info"], WORDS):
            self.fails(78, "QUERN_CPU=avx3: the levels are baseline, avx2 and avx512", *words, environment={"QUERN_CPU": "avx3"})

    def test_a_part_is_present_where_it_works(self):
        self.write("data.csv", MISRA1A)
        info = json.loads(self.succeeds("info", "--format", "json"))
        present = {part["name"]: part["present"] for part in info["parts"]}
        code, _, _ = self.run_quern(*WORDS, "--plot", "figure.svg")
        self.assertEqual(present["cairo"], code == 0)
        self.assertIn("zlib", present)
        if ctypes.util.find_library("cairo") is None:
            self.assertFalse(present["cairo"])

    def test_text_says_the_same(self):
        info = json.loads(self.succeeds("info", "--format", "json"))
        text = self.succeeds("info")
        self.assertTrue(text.startswith(f"quern {info['version']}\n"))
        for said in (info["build"]["compiler"], info["build"]["type"], f"level {info['processor']['level']}", "cairo: "):
            self.assertIn(said, text)
        self.assertTrue(text.isascii())

    def test_it_takes_no_argument(self):
        self.fails(2, "one argument too many", "info", "more")

    @unittest.skipIf(SLOW > 1, "sanitizers bring libraries along")
    def test_a_fit_loads_only_the_systems_own_libraries_jansson_and_libsodium(self):
        listed = subprocess.run(["ldd", QUERN], capture_output=True, text=True).stdout
        names = set(re.findall(r"(?m)^\s+(?:\S*/)?([\w+-]+)\.so", listed))
        # jansson reads saved fits, libsodium makes the checksums of migrations
        self.assertLessEqual(names, {"linux-vdso", "libm", "libc", "ld-linux-x86-64", "ld-linux-aarch64", "libjansson", "libsodium"})


class Memory(Command):
    def setUp(self):
        super().setUp()
        self.write("data.csv", MISRA1A)

    def rows(self, err):
        lines = err.splitlines()
        self.assertRegex(lines[0], r"^quern: memory in bytes +live +peak$")
        return {name: (int(live or 0), int(peak)) for name, live, peak in re.findall(r"(?m)^  (\w[\w ()]*?) {2,}(\d+)? +(\d+)$", err)}

    def test_holders_and_their_peaks_are_said_at_the_end(self):
        quiet = self.succeeds(*WORDS, "--format", "csv")
        code, out, err = self.run_quern(*WORDS, "--format", "csv", "--memory")
        self.assertEqual((code, out), (0, quiet))
        rows = self.rows(err)
        self.assertEqual(set(rows), {"default", "command", "table", "model", "fit", "together", "process (resident)"})
        for name, (live, peak) in rows.items():
            self.assertEqual(live, rows["default"][0] if name in ("default", "together") else 0, msg=name)
            self.assertGreater(peak, 0, msg=name)
        peaks = [rows[name][1] for name in ("default", "command", "table", "model", "fit")]
        self.assertLessEqual(max(peaks), rows["together"][1])
        self.assertLessEqual(rows["together"][1], sum(peaks))

    def test_the_columns_of_a_large_table_are_counted(self):
        count = 100_000
        self.write("large.csv", "pressure,volume\n" + "1,2.5\n2,4.5\n1,1.5\n2,3.5\n" * (count // 4))
        code, _, err = self.run_quern("fit", "volume = a*pressure", "large.csv", "-s", "a=1", "--format", "csv", "--memory")
        self.assertEqual(code, 0)
        self.assertGreaterEqual(self.rows(err)["table"][1], 2 * 8 * count)

    def test_a_failing_verb_holds_nothing_either(self):
        for words, expected in ((("fit", "y = (", "data.csv"), 65), (("fit", "y = a*x", "none.csv"), 66), (("info",), 0)):
            code, _, err = self.run_quern("--memory", *words)
            self.assertEqual(code, expected)
            table = err[err.index("quern: memory"):]
            self.assertEqual({live for name, (live, _) in self.rows(table).items() if name not in ("default", "together")}, {0})

    def test_what_needs_more_than_the_limit_ends_and_says_who_holds_the_rest(self):
        count = 100_000
        self.write("large.csv", "pressure,volume\n" + "1,2.5\n2,4.5\n1,1.5\n2,3.5\n" * (count // 4))
        words = ("fit", "volume = a*pressure", "large.csv", "-s", "a=1", "--format", "csv")
        err = self.fails(71, "budget \"command\" has ", *words, "--memory-limit", "1M")
        self.assertRegex(err, r"^quern: no memory for .*: [\d.]+ [KM]iB asked, budget \"command\" has [\d.]+ KiB left of 1 MiB: "
                              r"\"table\" holds [\d.]+ KiB, .*\"command\" \d+ bytes\n$")
        self.assertEqual(err.count("asked"), 1)
        self.assertEqual(self.succeeds(*words, "--memory-limit", "64M"), self.succeeds(*words))

    def test_at_every_limit_a_fit_works_or_says_what_it_lacks(self):
        quiet = self.succeeds(*WORDS, "--format", "csv")
        ends = set()
        for limit in [1, *(2 ** k for k in range(8, 21)), *range(262_144, 400_000, 4_000)]:
            code, out, err = self.run_quern(*WORDS, "--format", "csv", "--memory-limit", str(limit))
            ends.add(code)
            if code == 0:
                self.assertEqual((out, err), (quiet, ""))
                continue
            self.assertEqual((code, out), (71, ""), msg=limit)
            self.assertRegex(err, r"^quern: .* asked, budget \"command\" has [^\n]*\n$")
        self.assertEqual(ends, {0, 71})

    def test_peaks_stay_below_the_limit(self):
        code, _, err = self.run_quern(*WORDS, "--memory", "--memory-limit", "400000")
        self.assertEqual(code, 0)
        rows = self.rows(err)
        self.assertLessEqual(rows["together"][1] - rows["default"][1], 400_000)

    def test_a_limit_is_a_size(self):
        for text in ("12X", "-1", "1.5G", "", "99999999999T"):
            self.fails(2, f"option \"--memory-limit\": \"{text}\" is no size: bytes, or a whole number with K, M, G or T",
                       *WORDS, f"--memory-limit={text}")


if __name__ == "__main__":
    main()
