"""The user's guides, docs/fit.md, docs/databases.md, docs/caching.md, docs/options.md, docs/smile.md, docs/scan.md and docs/replay.md, do what they print: their commands run, in order, and say what stands below them;
their pieces of C stand in the programs that they name.

    QUERN=build/NAME/quern python3 tests/cli/guide.py --write docs/NAME.md     prints anew what its commands say
"""
import json
import os
import re
import subprocess
import sys
import unittest

from command import Command, PROJECT, QUERN, TIMEOUT, has_part, main

GUIDE = os.path.join(PROJECT, "docs", "fit.md")
DATABASES = os.path.join(PROJECT, "docs", "databases.md")
CACHING = os.path.join(PROJECT, "docs", "caching.md")
OPTIONS = os.path.join(PROJECT, "docs", "options.md")
SMILE = os.path.join(PROJECT, "docs", "smile.md")
SCAN = os.path.join(PROJECT, "docs", "scan.md")
REPLAY = os.path.join(PROJECT, "docs", "replay.md")


def comparable(text):
    """How long it took and how many steps differ between machines and versions, and so do last digits where all are shown."""
    text = re.sub(r"stored\W+\d{4}-\d\d-\d\d \d\d:\d\d:\d\d|\d{4}-\d\d-\d\d \d\d:\d\d(:\d\d)?", "TIME", text)
    text = re.sub(r"\d+ iterations?, \d+ evaluations?, [\d.e-]+ m?s", "N iterations", text)
    text = re.sub(r"in [\d.]+ [num]?s: [\d.e+-]+ million a second|latency .* at most", "TIMES", text)
    return re.sub(r"-?\d+\.\d{9,}(e-?\d+)?", lambda number: f"{float(number.group()):.7g}", text)


def run(command, folder, environment):
    return subprocess.run(["bash", "-c", command], cwd=folder, env=environment, capture_output=True, text=True, timeout=TIMEOUT).stdout


def answered(block, folder, environment):
    """The block with what its commands print now."""
    lines = []
    for line in block.splitlines():
        if line.startswith("$ "):
            lines.append(line)
            lines.extend(run(line[2:], folder, environment).splitlines())
    return "\n".join(lines) + "\n"


def keys(value):
    """Of all objects in a value of JSON."""
    if isinstance(value, dict):
        return set(value) | keys(list(value.values()))
    return set().union(*map(keys, value)) if isinstance(value, list) else set()


class Guide(Command):
    maxDiff = None

    def prepare(self):
        os.mkdir(os.path.join(self.folder, "bin"))
        os.symlink(QUERN, os.path.join(self.folder, "bin", "quern"))
        os.symlink(os.path.join(PROJECT, "examples"), os.path.join(self.folder, "examples"))
        path = os.path.join(self.folder, "bin") + ":" + self.environment["PATH"]
        return self.folder, {**self.environment, "PATH": path}

    def check(self, guide, least):
        folder, environment = self.prepare()
        with open(guide) as file:
            blocks = re.findall(r"(?ms)^```\n(\$ .*?)^```$", file.read())
        self.assertGreaterEqual(len(blocks), least)
        for block in blocks:
            self.assertEqual(comparable(answered(block, folder, environment)), comparable(block))

    def test_commands_print_what_stands_below_them(self):
        self.check(GUIDE, 11)

    @unittest.skipUnless(has_part("sqlite"), "SKIP: SQLite is not here")
    def test_so_do_those_about_databases(self):
        self.check(DATABASES, 5)

    @unittest.skipUnless(has_part("sqlite") and has_part("zip"), "SKIP: SQLite or libzip is not here")
    def test_so_do_those_about_caches(self):
        self.environment["XDG_CACHE_HOME"] = self.folder
        self.check(CACHING, 1)

    def test_so_do_those_about_options(self):
        self.check(OPTIONS, 8)

    def test_so_do_those_about_smiles(self):
        self.check(SMILE, 2)

    @unittest.skipUnless(has_part("sqlite"), "SKIP: SQLite is not here")
    def test_so_do_those_about_scans(self):
        self.environment["XDG_DATA_HOME"] = self.folder
        self.check(SCAN, 4)

    def test_so_do_those_about_replays(self):
        self.check(REPLAY, 2)

    def test_every_key_of_the_json_of_a_replay_is_listed(self):
        out = self.succeeds("replay", os.path.join(PROJECT, "examples", "ticks.csv"), "-x", "z = ema(price, 5)", "--order", "z", "--format", "json")
        with open(REPLAY) as file:
            listed = set(re.findall(r'"(\w+)"', file.read().split("\n## JSON\n")[1]))
        found = {key for key in keys(json.loads(out)) if not key.startswith("max_")}
        self.assertEqual(found - listed - {"z", "p99.9"} - set(json.loads(out)["rejections"]), set())

    def test_every_key_of_the_json_of_a_scan_is_listed(self):
        folder = os.path.join(PROJECT, "examples", "scan")
        result = json.loads(self.succeeds("scan", "--chains", os.path.join(folder, "chains"), "--earnings", os.path.join(folder, "reports.csv"), "--prices",
                                          os.path.join(folder, "daily.csv"), "--format", "json"))
        for part in ("settings",):  # names of options
            del result[part]
        for ticker in result["tickers"]:  # names of classes of quotes, and of the parts of a score, which have a table each
            del ticker["quotes"], ticker["score_parts"]
        with open(SCAN) as file:
            listed = set(re.findall(r"`(\w+)`", file.read()))
        self.assertEqual(keys(result) - listed - {"quotes", "score_parts"}, set())

    def test_every_key_of_the_json_of_a_smile_is_listed(self):
        out = self.succeeds("smile", os.path.join(PROJECT, "examples", "chain.csv"), "--format", "json")
        with open(SMILE) as file:
            listed = set(re.findall(r"`(\w+)`", file.read().split("\n## JSON\n")[1]))
        self.assertEqual(keys(json.loads(out)) - listed, set())

    def test_every_name_of_a_column_is_listed(self):
        with open(os.path.join(PROJECT, "src", "options", "chain_int.h")) as file:
            columns = re.findall(r'X\(\w+, "(\w+)",[^"]*((?:"[^"]*"[ \\\n]*)+)\)', file.read())
        self.assertEqual(len(columns), 17)
        with open(SMILE) as file:
            rows = [row for row in file.read().split("\n## Columns\n")[1].split("\n## ")[0].splitlines() if row.startswith("| `")]
        table = {}
        for row in rows:
            cells = [cell.strip() for cell in row.strip("|").split("|")]
            table.update(zip(re.findall(r"\w+", cells[0]), cells[-1].lower().split(";")))
        for name, known in columns:
            self.assertEqual(table[name].replace(" ", "").split(","), "".join(re.findall(r'"([^"]*)"', known)).split(), msg=name)

    def test_pieces_of_c_stand_in_a_program_that_is_compiled_and_run(self):
        programs = ""
        for name in sorted(os.listdir(os.path.join(PROJECT, "examples"))):
            if name.endswith(".c"):
                with open(os.path.join(PROJECT, "examples", name)) as file:
                    programs += re.sub(r" +/\*.*?\*/", "", file.read())
        pieces = []
        for guide in GUIDE, DATABASES, CACHING, OPTIONS, SMILE, SCAN, REPLAY:
            with open(guide) as file:
                pieces += re.findall(r"(?ms)^```c\n(.*?)^```$", file.read())
        self.assertGreater(len(pieces), 2)
        for piece in pieces:
            self.assertIn(piece, programs)

    def test_every_key_of_the_json_is_listed(self):
        with open(GUIDE) as file:
            listed = set(re.findall(r"`(\w+)`", file.read().split("\n## JSON\n")[1].split("\n## ")[0]))
        words = ("rate = p*q*conc/(km + conc)", os.path.join(PROJECT, "examples", "enzyme.csv"), "-s", "p=10,km=0.1")
        found = keys(self.fit_json(*words)) | keys(self.fit_json(*words, "--fix", "q=20", "--profile"))
        self.assertLessEqual({"singular", "low_open", "tie"}, found)
        self.assertLessEqual(found - {"name", "value"}, listed)

    def test_links_to_sections_lead_somewhere(self):
        for guide in GUIDE, DATABASES, CACHING, OPTIONS, SMILE, SCAN, REPLAY:
            with open(guide) as file:
                text = file.read()
            sections = {re.sub(r"[^a-z ]", "", heading.lower()).replace(" ", "-") for heading in re.findall(r"(?m)^## (.*)$", text)}
            self.assertLessEqual(set(re.findall(r"\(#([^)]*)\)", text)), sections)


def write(path):
    guide = Guide()
    guide.setUp()
    folder, environment = guide.prepare()
    environment["XDG_CACHE_HOME"] = environment["XDG_DATA_HOME"] = folder
    with open(path) as file:
        text = file.read()
    text = re.sub(r"(?ms)^```\n(\$ .*?)^```$", lambda m: "```\n" + answered(m.group(1), folder, environment) + "```", text)
    with open(path, "w") as file:
        file.write(text)
    guide.doCleanups()


if __name__ == "__main__":
    if "--write" in sys.argv:
        for guide in sys.argv[sys.argv.index("--write") + 1:]:
            write(guide)
    else:
        main()
