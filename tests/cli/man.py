"""Manual pages: they say what --help says, no more and no less, and what they show works."""
import json
import os
import re
import shutil
import subprocess
import unittest

from command import Command, PROJECT, main

PAGES = os.path.join(os.environ["QUERN_PAGES"], "man1")
CONFIGURATION = os.path.join(os.environ["QUERN_PAGES"], "man5", "quern.conf.5")
OVERVIEW = os.path.join(PROJECT, "man", "quern.7")


def words(text):
    return re.sub(r"\s+", " ", text).strip()


class Page:
    """A page as mandoc shows it on a very wide terminal, cut into its sections."""

    def __init__(self, path):
        shown = subprocess.run(["mandoc", "-T", "ascii", "-O", "width=400", path], capture_output=True, text=True, check=True).stdout
        self.text = re.sub(r".\x08", "", shown)
        parts = re.split(r"(?m)^([A-Z][A-Z ]+)\n", self.text)
        self.sections = dict(zip(parts[1::2], parts[2::2]))

    def entries(self, section, short=True):
        """Tagged paragraphs: what stands out to the left, and the text beside (where a tag may be short) or below it."""
        found = {}
        body = None
        for line in self.sections[section].splitlines():
            if re.match(r" {7}\S", line):
                beside = short and line[13:14] == " " and not re.fullmatch(r" {7}--\S+ \S+", line)  # that is a tag alone
                body = found.setdefault((line[:14] if beside else line).strip(), [])
                body.extend([line[14:]] if beside else [])
            elif body is not None and re.match(r" {14}", line):
                body.append(line)
        return {term: words(" ".join(lines)) for term, lines in found.items()}

    def examples(self):
        return re.findall(r"(?m)^ {11}(\S.*)$", self.sections["EXAMPLES"])


def help_options(text):
    """Options of a help text: the term, and its sentences."""
    found = {}
    for term, same_line, below in re.findall(r"(?m)^  ((?:-\w, |    )--\S+(?: \S+)?)(?: {2,}(.*))?\n((?: {28}.*\n)*)", text):
        found[term.strip()] = words(same_line + " " + below)
    return found


@unittest.skipUnless(shutil.which("mandoc"), "needs mandoc")
class Pages(Command):
    maxDiff = None

    def verbs(self):
        listed = self.succeeds("--help").split("\nVerbs:\n")[1].split("\n\n")[0]
        return set(re.findall(r"(?m)^  (\w+)", listed)) - {"help"}

    def pairs(self):
        """Each page of section 1, with the help that it must agree with."""
        yield Page(os.path.join(PAGES, "quern.1")), self.succeeds("--help")
        for verb in sorted(self.verbs()):
            yield Page(os.path.join(PAGES, f"quern-{verb}.1")), self.succeeds("help", verb)

    def keys(self):
        """(table, key) -> what quern config says of it."""
        listed = json.loads(self.succeeds("config", "--format", "json"))["keys"]
        return {(key["table"], key["key"]): key for key in listed}

    def test_each_verb_has_a_page_and_no_other_has(self):
        expected = {"quern.1"} | {f"quern-{verb}.1" for verb in self.verbs()}
        self.assertEqual(set(os.listdir(PAGES)), expected)
        self.assertGreaterEqual(len(expected), 3)

    def test_lint_finds_nothing(self):
        for path in [os.path.join(PAGES, name) for name in os.listdir(PAGES)] + [CONFIGURATION, OVERVIEW]:
            lint = subprocess.run(["mandoc", "-T", "lint", "-W", "style", path], capture_output=True, text=True)
            self.assertEqual(lint.stdout + lint.stderr, "")

    @unittest.skipUnless(shutil.which("groff"), "needs groff")
    def test_groff_warns_of_nothing(self):
        for path in [os.path.join(PAGES, name) for name in os.listdir(PAGES)] + [CONFIGURATION, OVERVIEW]:
            shown = subprocess.run(["groff", "-man", "-ww", "-z", "-T", "utf8", path], capture_output=True, text=True)
            self.assertEqual((shown.returncode, shown.stdout + shown.stderr), (0, ""))

    def test_options_and_their_sentences_are_those_of_help(self):
        for page, text in self.pairs():
            expected = help_options(text)
            self.assertGreaterEqual(len(expected), 3)
            self.assertEqual(page.entries("OPTIONS"), expected)

    def test_groups_of_options_are_those_of_help(self):
        for page, text in self.pairs():
            groups = [g for g in re.findall(r"(?m)^(\S.*):$", text) if g not in ("Arguments", "Examples", "Verbs")]
            self.assertEqual(re.findall(r"(?m)^ {3}(\S.*)$", page.sections["OPTIONS"]), groups)

    def test_synopsis_and_arguments_are_those_of_help(self):
        for page, text in self.pairs():
            usage = re.findall(r"(?m)^(?:Usage:|      ) (quern .*)$", text)
            shown = [line.strip() for line in page.sections["SYNOPSIS"].splitlines() if line.strip()]
            self.assertEqual(shown[:len(usage)], usage)
            if "\nArguments:\n" in text:
                listed = text.split("\nArguments:\n")[1].split("\n\n")[0] + "\n"
                expected = {t: words(a + " " + b) for t, a, b in re.findall(r"(?m)^  (\S+(?: [A-Z]+)?) {2,}(.*)\n((?: {28}.*\n)*)", listed)}
                self.assertEqual(page.entries("ARGUMENTS") if expected else {}, expected)
            self.assertIn(words(page.sections["DESCRIPTION"]), words(text))

    def test_every_example_is_that_of_help_and_works_as_printed(self):
        pages = [(page, re.findall(r"(?m)^    (\S.*)$", text.split("\nExamples:\n")[1])) for page, text in self.pairs()]
        overview = Page(OVERVIEW)
        pages.append((overview, overview.examples()))
        for page, expected in pages:
            self.assertGreaterEqual(len(expected), 2)
            self.assertEqual(page.examples(), expected)
            for line in expected:
                self.example_works(line)

    def test_every_exit_code_has_its_line(self):
        with open(os.path.join(PROJECT, "include", "quern", "base.h")) as header:
            codes = set(re.findall(r"(?m)^ *X\(\w+, \d+, (\d+),", header.read()))
        self.assertIn("65", codes)
        for page, _ in self.pairs():
            shown = {code for term in page.entries("EXIT STATUS") for code in term.split(", ")}
            self.assertLessEqual(codes, shown)
        self.assertIn("did not converge", Page(os.path.join(PAGES, "quern-fit.1")).entries("EXIT STATUS")["1"])
        self.assertNotIn("1", Page(os.path.join(PAGES, "quern-info.1")).entries("EXIT STATUS"))

    def test_the_environment_is_what_the_sources_ask_for(self):
        asked = set()
        for folder, _, names in os.walk(os.path.join(PROJECT, "src")):
            for name in names:
                if name.endswith(".c"):
                    with open(os.path.join(folder, name)) as source:
                        text = source.read()
                    asked |= set(re.findall(r'\b(?:getenv|is_set|\w*variable)\((?:environment, )?"(\w+)"\)', text))
                    asked |= set(re.findall(r'"(QUERN_\w+_LIB)"\}', text))  # of base/library.c's table
        self.assertLessEqual({"QUERN_CONFIG", "HOME", "QUERN_THREADS"}, asked)
        keys = self.keys()
        self.assertEqual(keys[None, "log-level"]["variable"], "QUERN_LOG")
        for page, _ in self.pairs():
            verb = page.text.split("(")[0].lower().removeprefix("quern").removeprefix("-")
            own = {key["variable"] for (table, _), key in keys.items() if table in (None, verb)}
            shown = {name for term in page.entries("ENVIRONMENT") for name in term.split(", ")}
            self.assertEqual(shown, asked | own)

    def test_pages_name_the_version_and_each_other(self):
        version = self.succeeds("--version").strip().replace("quern", "Quern")
        names = {f"quern-{verb}(1)" for verb in self.verbs()} | {"quern(1)", "quern.conf(5)", "quern(7)"}
        for page, _ in self.pairs():
            self.assertIn(version, page.text)
            own = re.match(r"\S+\(1\)", page.text).group().lower()
            self.assertEqual(set(re.findall(r"[a-z.-]+\(\d\)", page.sections["SEE ALSO"])), names - {own})

    def test_the_page_of_the_configuration_has_every_key_with_the_sentences_of_help(self):
        page = Page(CONFIGURATION)
        found = {}
        for part in re.split(r"(?m)^(?= {3}\S)", page.sections["KEYS"]):
            if not part.strip():
                continue
            heading = part.split("\n")[0].strip()
            table = None if heading == "Above all tables" else heading.strip("[]")
            page.sections["PART"] = part.split("\n", 1)[1]
            for term, text in page.entries("PART", short=False).items():
                name, _, kind = term.partition(" = ")
                found[table, name] = (kind, text)
        keys = self.keys()
        self.assertEqual(set(found), set(keys))
        self.assertIn(("fit", "max-evals"), keys)
        kinds = {"boolean": "true or false", "choice": '"', "integer": "whole number", "number": "number",
                 "string": "string", "secret": "string"}
        for (table, name), (kind, text) in found.items():
            key = keys[table, name]
            sentences = {re.search(r"--(\S+)", term).group(1): said
                         for term, said in help_options(self.succeeds("help", table or "info")).items()}
            default = " Default: false." if key["type"] == "boolean" else ""
            self.assertEqual(text, f"{sentences[name]}{default} Variable: {key['variable']}.")
            self.assertTrue(kind.startswith(kinds[key["type"]]), msg=kind)
        self.assertEqual(found["fit", "format"][0], '"text", "json" or "csv"')

    def test_the_example_of_the_configuration_is_one(self):
        shown = re.search(r"(?m)^ {11}log-level[^K]*", Page(CONFIGURATION).sections["FORMAT"]).group()
        path = self.write("quern.conf", re.sub(r"(?m)^ +", "", shown))
        keys = json.loads(self.succeeds("config", "-f", "json", environment={"QUERN_CONFIG": path}))["keys"]
        self.assertEqual({key["key"] for key in keys if key["origin"] == "file"}, {"log-level", "loss"})

    def test_the_overview_names_every_function_of_the_formula_language(self):
        with open(os.path.join(PROJECT, "docs", "formulas.md")) as text:
            grammar = re.search(r"(?ms)^function *= (.*?) ;$", text.read()).group(1)
        functions = re.findall(r'"(\w+)"', grammar)
        self.assertIn("sqrt", functions)
        shown = Page(OVERVIEW).sections["FORMULAS"].split("Functions\n")[1]
        for name in functions:
            self.assertRegex(shown, rf"\b{name}\b")


class Dotenv(Command):
    """.env.example, made with the pages; the committed one is the same."""

    def setUp(self):
        super().setUp()
        with open(os.path.join(os.path.dirname(PAGES), ".env.example")) as file:
            self.text = file.read()

    def assigned(self):
        return re.findall(r"(?m)^#(\w+=.*)$", self.text)

    def test_the_committed_one_is_the_one_that_the_option_tables_give(self):
        with open(os.path.join(PROJECT, ".env.example")) as file:
            self.assertEqual(file.read(), self.text, msg="cmake --build build/dev --target pages && cp build/dev/pages/.env.example .env.example")

    def test_every_key_has_its_variable_type_and_default(self):
        kinds = {"boolean": "true or false", "integer": "a whole number, at least ", "number": "a number", "string": "text", "list": "text",
                 "secret": "file:PATH, credential:NAME or command:PROGRAM"}
        keys = json.loads(self.succeeds("config", "-f", "json"))["keys"]
        for key in keys:
            value = key["value"] if key["type"] != "boolean" else "false"
            kind, default, assigned = re.search(rf"(?m)^# Value: (.*)\. Default: (.*)\.\n#{key['variable']}=(.*)$", self.text).groups()
            self.assertTrue(kind.startswith(kinds.get(key["type"], "")), msg=key)
            self.assertEqual(assigned.strip("'"), "" if value is None else str(value))
            if value is not None and key["type"] not in ("integer", "number"):
                self.assertEqual(default, value)
        help_text = words(re.sub("\n# ", " ", self.text))
        for verb in ("fit", "sql"):
            for term, said in help_options(self.succeeds("help", verb)).items():
                if any(key["key"] == re.search(r"--(\S+)", term).group(1) and key["table"] == verb for key in keys):
                    self.assertIn(re.sub(r" Default: .*$", "", said), help_text)
        shown = {line.split("=")[0] for line in self.assigned()}
        self.assertEqual(len(shown), len(self.assigned()))
        self.assertLessEqual({key["variable"] for key in keys} | {"QUERN_CONFIG", "QUERN_CPU", "HOME", "TERM"}, shown)

    def test_a_shell_can_read_it_and_what_it_sets_is_the_default(self):
        self.assertFalse([line for line in self.text.splitlines() if line and not line.startswith("#")])
        path = self.write(".env", re.sub(r"(?m)^#(?=(?!QUERN_CONFIG)QUERN_\w+=)", "", self.text))
        command = f". ./.env; exec {os.environ['QUERN']} config show"
        done = subprocess.run(["/bin/sh", "-a", "-c", command], cwd=self.folder, env=self.environment, capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stderr), (0, ""), msg=path)
        values = {line.split("#")[0].strip() for line in done.stdout.splitlines()[1:] if not line.startswith("#")}
        expected = {line.split("#")[0].strip() for line in self.succeeds("config").splitlines()[1:] if not line.startswith("#")}
        self.assertEqual(values, expected)


if __name__ == "__main__":
    main()
