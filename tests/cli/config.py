"""The configuration: file, environment and command line, which of them wins, and what is refused. Python's tomllib is the second reader."""
import json
import os
import re
import shlex
import tomllib
import unittest

from command import Command, MISRA1A, MISRA1A_FORMULA, MISRA1A_START, has_part, main

FIT = ("fit", MISRA1A_FORMULA, "data.csv", "--start", MISRA1A_START)


class Configured(Command):
    def setUp(self):
        super().setUp()
        self.write("data.csv", MISRA1A)

    def configure(self, text, name="quern.conf"):
        """Writes a file; gives the environment that names it."""
        return {"QUERN_CONFIG": self.write(name, text)}

    def keys(self, environment, *words):
        out = self.succeeds("config", "show", "--format", "json", *words, environment=environment)
        shown = json.loads(out)
        self.assertEqual((out.count("\n"), shown["schema"]), (1, "quern.config/1"))
        return {(key["table"], key["key"]): key for key in shown["keys"]}

    def refuses(self, place, sentence, text):
        """The file is refused by every verb alike, at line and column."""
        environment = self.configure(text)
        expected = f"quern: {environment['QUERN_CONFIG']}:{place}: {sentence}"
        for words in (("config",), ("info",), FIT):
            err = self.fails(78, expected, *words, environment=environment)
            self.assertEqual(err.count("\n"), 1)


class Precedence(Configured):
    def fit_format(self, environment, *words):
        out = self.succeeds(*FIT, *words, environment=environment)
        return "json" if out.startswith("{") else "csv" if out.startswith("name,") else "text"

    def test_default_then_file_then_environment_then_flag(self):
        file = self.configure("[fit]\nformat = 'csv'\n")
        self.assertEqual(self.fit_format({}), "text")
        self.assertEqual(self.fit_format(file), "csv")
        self.assertEqual(self.fit_format({**file, "QUERN_FIT_FORMAT": "json"}), "json")
        self.assertEqual(self.fit_format({**file, "QUERN_FIT_FORMAT": "json"}, "--format", "text"), "text")
        self.assertEqual(self.fit_format({"QUERN_FIT_FORMAT": "json"}), "json")
        self.assertEqual(self.fit_format({**file, "QUERN_FIT_FORMAT": ""}), "csv")

    def test_show_says_the_origin_of_each(self):
        environment = {**self.configure("log-level = 'error'\n\n[fit]\nmax-evals = 10_000\nformat = 'csv'\n"), "QUERN_FIT_FORMAT": "json"}
        keys = self.keys(environment)
        path = environment["QUERN_CONFIG"]

        def said(table, name):
            key = keys[table, name]
            return tuple(key[part] for part in ("value", "origin", "file", "line"))

        self.assertEqual(said(None, "log-level"), ("error", "file", path, 1))
        self.assertEqual(said("fit", "max-evals"), (10000, "file", path, 4))
        self.assertEqual(said("fit", "format"), ("json", "environment", None, None))
        self.assertEqual(said("fit", "no-header"), (False, "default", None, None))
        self.assertEqual(said("fit", "delimiter"), (None, "default", None, None))
        self.assertEqual(said("info", "format"), ("text", "default", None, None))
        text = self.succeeds("config", environment=environment)
        self.assertTrue(text.startswith(f"# Configuration file: {path}\n"))
        self.assertIn(f"# {path}:4\n", text)
        self.assertIn("# environment QUERN_FIT_FORMAT\n", text)

    def test_max_evals_of_the_file_reaches_the_fit(self):
        words = ("fit", MISRA1A_FORMULA, "data.csv", "--start", MISRA1A_START, "--format", "json")
        code, out, _ = self.run_quern(*words, environment=self.configure("[fit]\nmax-evals = 2\n"))
        result = json.loads(out)
        self.assertEqual(code, 1)
        self.assertLessEqual(result["evaluations"], 2)
        self.assertEqual(self.run_quern(*words, "--max-evals=500", environment=self.configure("[fit]\nmax-evals = 2\n"))[0], 0)

    def test_a_configured_flag_can_be_taken_back(self):
        self.write("bare.csv", "1;2\n2;4\n3;6.5\n")
        words = ("fit", "c2 = a*c1", "bare.csv", "--format", "json")
        file = self.configure("[fit]\nno-header = true\ndelimiter = ';'\n")
        self.assertEqual(json.loads(self.succeeds(*words, environment=file))["n"], 3)
        self.fails(65, "", *words, "--no-header=false", environment=file)
        self.fails(65, "", *words, environment={**file, "QUERN_FIT_NO_HEADER": "0"})
        self.assertEqual(json.loads(self.succeeds(*words, "--no-header", environment={**file, "QUERN_FIT_NO_HEADER": "false"}))["n"], 3)
        self.fails(2, 'option "--no-header": "maybe" is neither true nor false', *words, "--no-header=maybe")

    def test_what_is_configured_for_csv_does_not_refuse_other_data(self):
        words = ("fit", "nist", os.path.join(os.path.dirname(__file__), "..", "accuracy", "nist", "Misra1a.dat"), "--format", "csv")
        if os.path.exists(words[2]):
            self.succeeds(*words, environment=self.configure("[fit]\ndelimiter = ';'\nno-header = true\n"))

    def test_common_options_stand_above_all_tables(self):
        words = (*FIT, "--format", "csv")
        quiet = self.succeeds(*words)
        for environment in (self.configure("log-level = 'info'"), {"QUERN_LOG": "info"},
                            {**self.configure("log-level = 'off'", "off.conf"), "QUERN_LOG": "info"}):
            code, out, err = self.run_quern(*words, environment=environment)
            self.assertEqual((code, out), (0, quiet))
            self.assertIn("14 rows", err)
        self.succeeds("--log-level", "off", *words, environment={"QUERN_LOG": "info"})
        code, out, err = self.run_quern(*words, environment=self.configure("memory = true"))
        self.assertEqual((code, out), (0, quiet))
        self.assertIn("memory in bytes", err)
        self.succeeds(*words, "--memory=false", environment=self.configure("memory = true"))
        self.succeeds("--memory=false", *words, environment={"QUERN_MEMORY": "1"})
        for environment in (self.configure("memory-limit = '100K'"), {"QUERN_MEMORY_LIMIT": "100K"}):
            self.fails(71, "left of 100 KiB", *words, environment=environment)
            self.succeeds(*words, "--memory-limit", "0", environment=environment)
            self.succeeds("--memory-limit=1G", *words, environment=environment)
        self.fails(78, "quern.conf:1:16: key \"memory-limit\": \"1x\" is no size: bytes", *words, environment=self.configure("memory-limit = '1x'"))


class Places(Configured):
    def test_the_file_is_looked_for_where_xdg_says(self):
        other = os.path.join(self.folder, "xdg")
        for folder in (os.path.join(self.folder, ".config"), other):
            os.makedirs(os.path.join(folder, "quern"))
        self.write(".config/quern/quern.conf", "[fit]\nmax-evals = 1\n")
        self.write("xdg/quern/quern.conf", "[fit]\nmax-evals = 2\n")
        named = self.configure("[fit]\nmax-evals = 3\n", "own.conf")
        home = {"HOME": self.folder}

        def value(environment):
            return self.keys(environment)["fit", "max-evals"]["value"]

        self.assertEqual(value({}), None)
        self.assertEqual(value(home), 1)
        self.assertEqual(value({**home, "XDG_CONFIG_HOME": ""}), 1)
        self.assertEqual(value({**home, "XDG_CONFIG_HOME": "xdg"}), 1)  # relative: to be ignored
        self.assertEqual(value({**home, "XDG_CONFIG_HOME": other}), 2)
        self.assertEqual(value({**home, "XDG_CONFIG_HOME": self.folder + "/none"}), None)
        self.assertEqual(value({**home, "XDG_CONFIG_HOME": other, **named}), 3)
        self.assertEqual(value({**home, "XDG_CONFIG_HOME": other, "QUERN_CONFIG": ""}), None)

    def test_a_file_that_is_named_must_be_there(self):
        prefix = "the environment variable QUERN_CONFIG: "
        self.fails(78, prefix + 'cannot open "none.conf": No such file', "info", environment={"QUERN_CONFIG": "none.conf"})
        self.fails(78, prefix + f'cannot read "{self.folder}": that is a folder', "info", environment={"QUERN_CONFIG": self.folder})
        self.fails(78, prefix + "standard input is for data", "info", environment={"QUERN_CONFIG": "-"})
        large = self.configure("#" * 65537)
        self.fails(78, "is larger than 65536 bytes", "info", environment=large)
        self.succeeds("info", environment=self.configure("#" * 65536))

    def test_a_file_that_cannot_be_read_is_no_silent_default(self):
        os.makedirs(os.path.join(self.folder, ".config", "quern", "quern.conf"))
        self.fails(78, "that is a folder (an empty QUERN_CONFIG does without", "info", environment={"HOME": self.folder})
        if os.geteuid() != 0:
            environment = self.configure("")
            os.chmod(environment["QUERN_CONFIG"], 0)
            self.fails(77, "Permission denied", "info", environment=environment)

    def test_help_and_version_need_no_configuration(self):
        broken = self.configure("oops")
        for words in (("help",), ("help", "fit"), ("fit", "--help"), ("--version",), ("config", "--help")):
            self.succeeds(*words, environment=broken)


class Refusals(Configured):
    def test_an_unknown_table_or_key_names_the_nearest(self):
        self.refuses("2:1", 'unknown table "fti": did you mean "fit"?', "\n[fti]\n")
        self.refuses("1:1", 'unknown table "xyzzy": tables are named like verbs', "[xyzzy]")
        self.refuses("2:3", 'unknown key "fromat": did you mean "format"?', "[fit]\n  fromat = 'json'\n")
        self.refuses("1:1", 'unknown key "log_level": did you mean "log-level"?', "log_level = 'info'")
        self.refuses("2:1", 'unknown key "xyzzy"', "[info]\nxyzzy = 1\n")
        self.refuses("2:1", 'unknown key "max-eval"\n', "[info]\nmax-eval = 1\n")  # fit's key is no help here

    def test_a_key_in_the_wrong_place_is_told_the_right_one(self):
        self.refuses("1:1", '"format" belongs to a verb: it stands below its name, such as [fit]', "format = 'json'\n[fit]\n")
        self.refuses("2:1", '"log-level" holds for all verbs: it stands above the first [table]', "[fit]\nlog-level = 'info'\n")
        self.refuses("2:1", '"start" is no key: --start belongs on the command line', "[fit]\nstart = 'a=1'\n")
        self.refuses("1:1", '"help" is no key: --help belongs on the command line', "help = true")

    def test_a_value_of_the_wrong_type_or_range_has_its_place(self):
        for place, sentence, line in (
                ("2:10", 'key "format": "jsno" is none of text, json, csv: did you mean "json"?', "format = 'jsno'"),
                ("2:10", 'key "format": a string is wanted, and this is a whole number', "format = 1"),
                ("2:1", 'key "format": a string is wanted, and this is an array', "format = ['json']"),
                ("2:13", 'key "max-evals": 0 is too small, 1 is the least', "max-evals = 0"),
                ("2:13", 'key "max-evals": a whole number is wanted, and this is a floating-point number', "max-evals = 1e4"),
                ("2:13", 'key "max-evals": a whole number is wanted, and this is a string', "max-evals = '5'"),
                ("2:13", 'key "no-header": true or false is wanted, and this is a whole number', "no-header = 1"),
                ("2:13", 'key "delimiter": "ab" is none of , ; | : tab space', 'delimiter = "ab"')):
            self.refuses(place, sentence, f"[fit]\n{line}\n")

    def test_what_is_no_toml_has_its_place(self):
        self.refuses("3:1", 'the key "format" comes twice: it stands in line 2 already', "[fit]\nformat = 'csv'\nformat = 'csv'\n")
        self.refuses("3:1", "the table [fit] comes twice: it begins at line 1 already", "[fit]\n[info]\n[fit]\n")
        self.refuses("2:10", "the string that begins here is not closed on its line", "[fit]\nformat = \"json\n")
        self.refuses("1:3", "the text is not UTF-8 here (byte 0xFF)", b"# \xff")
        self.refuses("1:10", 'this is neither a number nor true nor false: text stands in quotes', "format = json")

    def test_an_unknown_variable_of_a_verb_names_the_nearest(self):
        self.fails(78, 'unknown environment variable "QUERN_FIT_FROMAT": did you mean "QUERN_FIT_FORMAT"?', "info",
                   environment={"QUERN_FIT_FROMAT": "json"})
        self.fails(78, "the environment variable QUERN_FIT_START: --start belongs on the command line", "info",
                   environment={"QUERN_FIT_START": "a=1"})
        self.fails(78, 'unknown environment variable "QUERN_LOG_LEVEL": --log-level has QUERN_LOG', "info",
                   environment={"QUERN_LOG_LEVEL": "info"})
        self.fails(78, 'unknown environment variable "QUERN_INFO_' + "X" * 48, "info", environment={"QUERN_INFO_" + "X" * 5000: "1"})
        for typed, meant in (("LGO", "LOG"), ("MEMORY_LIMT", "MEMORY_LIMIT"), ("MEM", "MEMORY"), ("FTI_FORMAT", "FIT_FORMAT"), ("THREAD", "THREADS"),
                             ("CONF", "CONFIG"), ("DUCKDB", "DUCKDB_LIB")):
            self.fails(78, f'unknown environment variable "QUERN_{typed}": did you mean "QUERN_{meant}"?', "info", environment={"QUERN_" + typed: "1"})
        self.succeeds("info", environment={"QUERN_TEST_SEED": "1", "QUERN_THREADS": "1", "QUERN_FITTING": "1", "QUERN": "x", "QUERN_": ""})

    def test_a_wrong_variable_is_named(self):
        for name, value, sentence in (("QUERN_LOG", "loud", '"loud" is none of off, error, warn, info, debug, trace'),
                                      ("QUERN_FIT_FORMAT", "jsno", '"jsno" is none of text, json, csv: did you mean "json"?'),
                                      ("QUERN_FIT_MAX_EVALS", "ten", '"ten" is not a whole number'),
                                      ("QUERN_FIT_MAX_EVALS", "-1", "-1 is too small, 1 is the least"),
                                      ("QUERN_FIT_NO_HEADER", "yes", '"yes" is neither true nor false'),
                                      ("QUERN_FIT_DELIMITER", b"\xff", "the text is not UTF-8")):
            self.fails(78, f"the environment variable {name}: {sentence}", "info", environment={name: value})

    def test_a_file_cannot_control_the_terminal(self):
        err = self.fails(78, "unknown", "info", environment={"QUERN_FIT_\x1b[2J": "x"})
        self.assertNotIn("\x1b", err)
        err = self.fails(78, "a control character (0x1B)", "info", environment=self.configure("# \x1b[2J"))
        self.assertNotIn("\x1b", err)


SERVERS = unittest.skipUnless(has_part("postgres"), "SKIP: this build asks no server: it needs libpq")


class Secrets(Configured):
    """Settings that say where a secret is. Nothing listens at port 1: what comes so far has its password."""
    SQL = ("sql", "postgres://u@127.0.0.1:1/x", "SELECT 1")
    LITERALS = ("hunter2", "postgres://hunter2", "hunter2:")  # unit.secret_core has more

    def secret(self, text="hunter2\n", mode=0o600, name="password"):
        path = self.write(name, text)
        os.chmod(path, mode)
        return f"file:{path}"

    def test_a_secret_itself_is_refused_wherever_it_stands_and_not_repeated(self):
        sentence = "the secret itself does not belong here, but where it is: file:PATH, credential:NAME, or command:PROGRAM"
        for literal in self.LITERALS:
            for code, place, words, environment in (
                    (2, 'option "--password"', (*self.SQL, "--password", literal), {}),
                    (78, "the environment variable QUERN_SQL_PASSWORD", ("info",), {"QUERN_SQL_PASSWORD": literal}),
                    (78, 'quern.conf:2:12: key "password"', ("info",), self.configure(f"[sql]\npassword = '{literal}'\n"))):
                err = self.fails(code, f"{place}: {sentence}", *words, environment=environment)
                self.assertNotIn("hunter2", err)
        for value in ("hunter2 hunter2", "12345hunter2", '"hunter2', '"\\hunter2"', "[hunter2]", "['hunter2']", "99999999999999999999", "98765"):
            err = self.fails(78, "quern.conf:2:", "info", environment=self.configure(f"[db]\npassword = {value}\n"))
            for told in ("hunter2", "99999", "98765"):
                self.assertNotIn(told, err, msg=value)
        err = self.fails(78, 'the environment variable QUERN_DB_PASSWORD: this is no way to a secret: did you mean "file:"?', "info",
                         environment={"QUERN_DB_PASSWORD": "flie:hunter2"})
        self.assertNotIn("hunter2", err)
        self.assertNotIn("hunter2", self.fails(78, 'did you mean "QUERN_DB_PASSWORD"?', "info", environment={"QUERN_DB_PASSWROD": "hunter2"}))
        self.assertNotIn("hunter2", self.fails(2, 'did you mean "--password"?', *self.SQL, "--pasword=hunter2"))

    @SERVERS
    def test_a_file_that_others_can_read_is_refused_by_every_verb(self):
        self.write("fit.json", self.succeeds(*FIT, "--format", "json"))
        loose = self.secret(mode=0o644)
        sentence = f'others can use the secret "{loose[5:]}" (mode 0644): chmod 600 {loose[5:]}'
        os.mkdir(os.path.join(self.folder, "migrations"))
        self.write("migrations/1_one.sql", "SELECT 1;")
        rows = ("--from", self.SQL[1], "--query", "SELECT 1 AS x")
        for verb, words in (("sql", self.SQL), ("db", ("db", "status", self.SQL[1], "migrations")), ("fit", ("fit", "y = a*x", *rows)),
                            ("predict", ("predict", "fit.json", *rows))):
            self.fails(77, sentence, *words, "--password", loose)
            self.fails(77, sentence, *words, environment={f"QUERN_{verb.upper()}_PASSWORD": loose})
        self.fails(77, sentence, *self.SQL, environment=self.configure(f"[sql]\npassword = '{loose}'\n"))
        os.chmod(loose[5:], 0o600)
        self.fails(69, "127.0.0.1", *self.SQL, "--password", loose)
        self.fails(78, "is empty", *self.SQL, "--password", self.secret("\n"))
        self.fails(78, "has a zero byte", *self.SQL, "--password", self.secret("a\0b"))

    def test_it_is_for_servers_and_with_a_database(self):
        self.fails(2, 'option "--password": only a server asks for one', "sql", "memory:", "SELECT 1", "--password", self.secret())
        self.fails(2, "--password goes with --from", *FIT, "--password", self.secret())

    def test_show_has_the_reference_and_never_the_arguments_of_a_command(self):
        for given, shown in (("file:/a b/c", "file:/a b/c"), ("credential:db", "credential:db"), ("command:pass", "command:pass"),
                             ("command:pass show hunter2", "command:pass ..."), ("command:'my pass' \"hunter2\"", "command:'my pass' ...")):
            environment = {"QUERN_SQL_PASSWORD": given}
            key = self.keys(environment)["sql", "password"]
            self.assertEqual((key["type"], key["value"], key["origin"]), ("secret", shown, "environment"))
            text = self.succeeds("config", environment=environment)
            self.assertEqual(tomllib.loads(text)["sql"]["password"], shown)
            self.assertNotIn("hunter2", text)

    @SERVERS
    def test_it_is_fetched_only_when_it_is_needed(self):
        environment = {f"QUERN_{verb}_PASSWORD": f"command:touch {self.folder}/fetched" for verb in ("SQL", "DB", "FIT", "PREDICT")}
        for words in (("info",), ("config",), FIT, ("help", "sql"), ("sql", "sqlite:/nowhere/x.db", "SELECT 1")):
            self.run_quern(*words, environment=environment)
        self.assertFalse(os.path.exists(os.path.join(self.folder, "fetched")))
        self.fails(78, 'the program "touch", which is to write a secret, wrote nothing', *self.SQL, environment=environment)
        self.assertTrue(os.path.exists(os.path.join(self.folder, "fetched")))

    @SERVERS
    def test_a_command_that_cannot_be_run_is_named(self):
        self.write("plain", "")
        for reference, code, said in (("command:quern-no-such-program hunter2", 78, '"quern-no-such-program", which is to write a secret: No such file'),
                                      (f"command:{self.folder}/plain hunter2", 77, '/plain", which is to write a secret: Permission denied'),
                                      ("command:sh -c 'exit 5' hunter2", 78, '"sh", which is to write a secret, failed with exit code 5')):
            err = self.fails(code, said, *self.SQL, "--password", reference)
            self.assertNotIn("hunter2", err)

    @SERVERS
    def test_words_of_a_command_are_those_of_a_shell(self):
        self.write("keep.sh", 'printf "%s\\0" "$@" > words')
        for line in ("a b", "'a b' \"c d\"", "a\\ b \\\"c\\'", "\"a\\\"b\\\\c\" 'd\"e'", "x''y\"\"z '' \"\"", "'it'\\''s' \"it's\"", "\t a \t\tb ",
                     "\"a\\tb\" 'a\\tb'", "caf\u00e9 'na\u00efve caf\u00e9'"):
            self.fails(78, 'the program "sh"', *self.SQL, "--password", "command:sh keep.sh " + line)
            with open(os.path.join(self.folder, "words")) as file:
                self.assertEqual(file.read().split("\0")[:-1], shlex.split(line), msg=line)


class Text(Configured):
    def values(self, text):
        """(table, key) -> value, as tomllib reads it."""
        found = {}
        for name, value in tomllib.loads(text).items():
            if isinstance(value, dict):
                found.update({(name, key): inner for key, inner in value.items()})
            else:
                found[None, name] = value
        return found

    def test_what_is_shown_is_a_configuration_that_says_the_same(self):
        environment = {**self.configure('memory = true\n[fit]\ndelimiter = "\\u0009"\nmax-evals = +1_0\n[info]\nformat = \'json\'\n'),
                       "QUERN_FIT_FORMAT": "csv"}
        for given in ({}, environment, {"QUERN_FIT_DELIMITER": "\\t"}):
            code, text, _ = self.run_quern("config", "--memory=false", environment=given)
            self.assertEqual(code, 0)
            self.assertNotIn("\t", text)
            expected = {where: key["value"] for where, key in self.keys(given, "--memory=false").items() if key["value"] is not None}
            self.assertEqual(self.values(text), expected)
            again = self.keys(self.configure(text, "again.conf"), "--memory=false")
            self.assertEqual({where: key["value"] for where, key in again.items() if key["value"] is not None}, expected)
            self.assertEqual({key["origin"] for key in again.values() if key["value"] is not None}, {"file"})

    def test_columns_are_aligned(self):
        lines = [line for line in self.succeeds("config", environment={"QUERN_FIT_MAX_EVALS": "123456789"}).splitlines()[1:]
                 if line and not line.startswith("[")]
        self.assertGreaterEqual(len(lines), 8)
        self.assertEqual(len({line.index("# ", 1) for line in lines}), 1)
        self.assertEqual(len({line.index(" = ") for line in lines if not line.startswith("#")}), 1)

    def test_every_spelling_means_what_tomllib_says(self):
        strings = ['","', "';'", '"\\t"', '"\\u007C"', '"\\U0000003A"', '"tab"', "'\\t'", '"\\\\t"', "'space'", '"\\u0020"']
        for spelling in strings:
            self.agrees("delimiter", spelling)
        for spelling in ("1", "+1", "1_000", "9223372036854775807", "10 # ten", "7\t"):
            self.agrees("max-evals", spelling)
        for spelling in ("true", "false"):
            self.agrees("no-header", spelling)

    def agrees(self, key, spelling):
        text = f"[fit]\n{key} = {spelling}\r\n"
        self.assertEqual(self.keys(self.configure(text))["fit", key]["value"], tomllib.loads(text)["fit"][key], msg=spelling)

    def test_what_tomllib_refuses_is_refused(self):
        lines = ["format", "format =", "= 'x'", "format = 'x", "format = \"\\x41\"", "max-evals = 01", "max-evals = 1__0", "max-evals = _1",
                 "no-header = True", "format = 'json' 'csv'", "[fit", "[]", "[fit] x = 1", "a = 1 b = 2", "a = [1 2]", "a = \"\\uD800\"",
                 "max-evals = 1.", "max-evals = .5", "a = 'x\x01'", "# \x7f", "a = 1\ra = 2"]
        for line in lines:
            with self.assertRaises(tomllib.TOMLDecodeError, msg=line):
                tomllib.loads(line)
            environment = self.configure(line.encode())
            err = self.fails(78, environment["QUERN_CONFIG"] + ":1:", "config", environment=environment)
            self.assertRegex(err, re.escape(environment["QUERN_CONFIG"]) + r":1:\d+: ")


if __name__ == "__main__":
    main()
