"""How the command is called: help, version, unknown words, option forms, exit codes."""
import json
import re

from command import Command, MISRA1A, MISRA1A_FORMULA, main


class Help(Command):
    def test_help_goes_to_standard_output_in_every_way_of_asking(self):
        whole = self.succeeds("--help")
        self.assertEqual(whole, self.succeeds("help"))
        self.assertEqual(whole, self.succeeds("-h"))
        self.assertIn("\n  fit ", whole)
        fit = self.succeeds("fit", "--help")
        self.assertEqual(fit, self.succeeds("help", "fit"))
        self.assertEqual(fit, self.succeeds("fit", "-h", "some", "words"))
        self.assertIn("Usage: quern fit FORMULA DATA", fit)
        self.assertIn("quern fit nist FILE", fit)

    def test_help_names_every_option_with_its_default_and_fits_a_terminal(self):
        text = self.succeeds("help", "fit")
        for name in ("start", "bounds", "max-evals", "y", "nist-start", "no-header", "delimiter", "types", "format", "plot",
                     "help", "log-level", "memory", "memory-limit"):
            self.assertRegex(text, rf"(?m)^  (-\w, |    )--{name}\b")
        self.assertRegex(re.sub(r"\s+", " ", text), r"--format FORMAT .* Default: text\.")
        for line in text.splitlines():
            if not line.startswith("    quern ") and "| quern" not in line:
                self.assertLessEqual(len(line), 79, msg=line)
            self.assertEqual(line, line.rstrip())

    def test_every_example_in_help_works_as_printed(self):
        count = 0
        for words in ((), ("fit",), ("predict",), ("iv",), ("price",), ("sql",), ("db",), ("info",), ("config",)):
            text = self.succeeds("help", *words).split("\nExamples:\n")[1]
            for line in re.findall(r"(?m)^    (\S.*)$", text):
                self.example_works(line)
                count += 1
        self.assertGreaterEqual(count, 15)

    def test_the_version_is_three_numbers(self):
        self.assertRegex(self.succeeds("--version"), r"^quern \d+\.\d+\.\d+\n$")


class WrongWords(Command):
    def test_no_verb_is_a_usage_error(self):
        self.fails(2, "a verb is missing")

    def test_an_unknown_verb_names_the_nearest(self):
        err = self.fails(2, 'unknown verb "fti": did you mean "fit"?', "fti")
        self.assertIn('Try "quern --help"', err)
        self.fails(2, 'unknown verb "hlep": did you mean "help"?', "hlep")
        self.fails(2, 'unknown verb "hlep"', "help", "hlep")
        self.fails(2, 'unknown verb "xyzzy"', "xyzzy")

    def test_an_unknown_option_names_the_nearest(self):
        err = self.fails(2, 'unknown option "--strat": did you mean "--start"?', "fit", "--strat", "a=1")
        self.assertIn('Try "quern fit --help"', err)
        self.fails(2, 'unknown option "--versoin": did you mean "--version"?', "--versoin")

    def test_missing_and_superfluous_arguments_are_named(self):
        self.fails(2, "FORMULA is missing", "fit")
        self.fails(2, "DATA is missing", "fit", "y = a*x")
        self.fails(2, "FILE is missing", "fit", "nist")
        self.fails(2, 'unknown argument "shwo": did you mean "show"?', "config", "shwo")
        self.fails(2, '"more" is one argument too many', "config", "show", "more")
        self.fails(2, '"a*x" is one argument too many', "fit", "y", "=", "a*x", "data.csv")

    def test_words_of_others_cannot_control_the_terminal(self):
        err = self.fails(2, "unknown verb", "\x1b[2J\a")
        self.assertNotIn("\x1b", err)
        self.write("d.csv", "x,y\n1,\x1b[31m\n")
        self.assertNotIn("\x1b", self.fails(65, "d.csv:2:3:", "fit", "y = a*x", "d.csv"))


class Forms(Command):
    def setUp(self):
        super().setUp()
        self.write("data.csv", MISRA1A)

    def test_options_may_stand_anywhere(self):
        first = self.fit_json("--start", "a=500,b=1e-4", MISRA1A_FORMULA, "data.csv")
        last = self.fit_json(MISRA1A_FORMULA, "data.csv", "--start=a=500", "-sb=1e-4")
        between = self.fit_json(MISRA1A_FORMULA, "-s", "b=1e-4", "data.csv", "-s", "a=500")
        self.assertEqual(first, last)
        self.assertEqual(first, between)

    def test_a_formula_that_begins_with_a_dash_goes_after_two(self):
        err = self.fails(2, 'an argument that begins with "-" goes after "--"', "fit", "-a*pressure", "data.csv", "-y", "volume")
        self.assertIn('unknown option "-a"', err)
        code, out, err = self.run_quern("fit", "-y", "volume", "--format", "json", "--", "-a*pressure", "data.csv")
        self.assertEqual((code, err), (0, ""))
        self.assertLess(json.loads(out)["parameters"][0]["value"], 0)

    def test_negative_numbers_are_values(self):
        result = self.fit_json("volume = a*pressure + b", "data.csv", "--start", "a=-1,b=-2", "--bounds", "b=-5:5")
        self.assertEqual([p["start"] for p in result["parameters"]], [-1, -2])

    def test_a_formula_may_come_from_a_file_or_standard_input(self):
        expected = self.fit_json(MISRA1A_FORMULA, "data.csv", "--start", "a=500,b=1e-4")
        self.write("model.txt", MISRA1A_FORMULA + "\n")
        self.assertEqual(expected, self.fit_json("@model.txt", "data.csv", "--start", "a=500,b=1e-4"))
        self.assertEqual(expected, self.fit_json("@-", "data.csv", "--start", "a=500,b=1e-4", stdin=MISRA1A_FORMULA))
        self.fails(2, "cannot both come from standard input", "fit", "@-", "-", stdin=MISRA1A)
        self.fails(66, 'cannot open "none.txt"', "fit", "@none.txt", "data.csv")

    def test_the_log_level_comes_from_option_or_environment(self):
        words = ("fit", "volume = a*pressure", "data.csv", "--start", "a=1", "--format", "csv")
        code, quiet, err = self.run_quern(*words)
        self.assertEqual((code, err), (0, ""))
        for more in ({"environment": {"QUERN_LOG": "info"}}, {"extra": ("--log-level", "info")},
                     {"extra": ("--log-level=info",), "environment": {"QUERN_LOG": "off"}}):
            code, out, err = self.run_quern(*words, *more.get("extra", ()), environment=more.get("environment"))
            self.assertEqual((code, out), (0, quiet))
            self.assertIn("14 rows", err)
        code, out, err = self.run_quern("--log-level", "info", *words)
        self.assertIn("14 rows", err)
        self.fails(2, '"loud" is none of off, error, warn, info, debug, trace', *words, "--log-level", "loud")
        self.fails(78, 'QUERN_LOG: "loud" is none of', *words, environment={"QUERN_LOG": "loud"})


if __name__ == "__main__":
    main()
