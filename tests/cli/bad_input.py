"""What a person may do wrong with a fit: each time a sentence that says what to change, an exit code, no crash, no hang."""
import os
import re
import resource
import unittest

from command import Command, SLOW, main

LINE = "x,y\n1,2\n2,4.1\n3,6.2\n4,7.9\n"


class Formula(Command):
    def setUp(self):
        super().setUp()
        self.write("data.csv", LINE)

    def caret(self, err):
        """The quoted line, and the character above the caret."""
        _, quoted, mark = err.splitlines()[:3]
        self.assertRegex(mark, r"^ *\^$")
        return quoted, quoted[len(mark) - 1:]

    def test_an_unknown_function_names_the_nearest_below_the_formula(self):
        err = self.fails(65, 'unknown function "epx": did you mean "exp"?', "fit", "y = a*epx(-b*x)", "data.csv")
        quoted, at = self.caret(err)
        self.assertEqual(quoted, "  y = a*epx(-b*x)")
        self.assertTrue(at.startswith("epx("))
        self.fails(65, "foo", "fit", "y = a*foo(x)", "data.csv")

    def test_the_caret_stands_below_the_place_whatever_stands_before(self):
        self.write("utf8.csv", "Gr\u00f6\u00dfe,\u6e29\u5ea6\n1,2\n")
        err = self.fails(65, "unknown function", "fit", "Gr\u00f6\u00dfe = \u03b1*epx(\u6e29\u5ea6)", "utf8.csv")
        self.assertTrue(self.caret(err)[1].startswith("epx("))
        err = self.fails(65, "unknown function", "fit", "Gr\u00f6\u00dfe = a*\u6e29\u5ea6*epx(1)", "utf8.csv")
        quoted, mark = err.splitlines()[1:3]
        self.assertEqual(len(mark) - 1, quoted.index("epx") + 2)  # each of the two characters before is two columns wide

    def test_the_place_in_a_file_has_a_line(self):
        self.write("model.txt", "y =\n  a*x +\n  b*epx(x)\n")
        err = self.fails(65, "model.txt:3:5: ", "fit", "@model.txt", "data.csv")
        quoted, at = self.caret(err)
        self.assertEqual(quoted, "    b*epx(x)")
        self.assertTrue(at.startswith("epx("))

    def test_a_long_formula_is_shown_in_a_window(self):
        formula = "y = " + "a*x + " * 2000 + "b*epx(x)" + " + a*x" * 2000
        err = self.fails(65, 'unknown function "epx"', "fit", formula, "data.csv")
        quoted, at = self.caret(err)
        self.assertTrue(at.startswith("epx("))
        self.assertLessEqual(len(quoted), 79)
        self.assertTrue(quoted.startswith("  \u2026") and quoted.endswith("\u2026"))
        err = self.fails(65, 'unknown function "epx"', "fit", formula, "data.csv", environment={"LANG": "C"})
        quoted, at = self.caret(err)
        self.assertTrue(at.startswith("epx("))
        self.assertTrue(quoted.startswith("  ...") and quoted.endswith("..."))

    def test_syntax_errors_have_a_place(self):
        for formula in ("y = a*", "y = (a*x", "y = a*x)", "y = 2x", "y = a === x", "= a", "y = a $ x", "y = a*x = b", "", "y ="):
            with self.subTest(formula=formula):
                err = self.fails(65, "\n  ", "fit", formula, "data.csv")
                self.caret(err)

    def test_ten_thousand_parentheses_are_refused_at_the_limit(self):
        formula = "y = " + "(" * 10000 + "a*x" + ")" * 10000
        err = self.fails(65, "nested", "fit", formula, "data.csv")
        self.assertLess(len(err), 500)

    def test_a_formula_of_50_megabytes_is_refused_at_once(self):
        self.write("huge.txt", b"y = a*x" + b" + a*x" * (50_000_000 // 6))
        err = self.fails(65, "1048576 bytes", "fit", "@huge.txt", "data.csv")
        self.assertLess(len(err), 500)
        self.write("deep.txt", b"(" * 50_000_000)
        err = self.fails(65, "1048576 bytes", "fit", "@deep.txt", "data.csv")

    def test_a_file_beyond_the_limit_of_formulas_is_refused(self):
        with open(os.path.join(self.folder, "endless.txt"), "wb") as file:
            file.truncate(1 << 40)
        self.fails(65, "endless.txt", "fit", "@endless.txt", "data.csv")

    def test_a_response_that_is_no_column_names_the_nearest(self):
        self.write("named.csv", "time,height\n1,2\n")
        err = self.fails(65, 'did you mean "height"?', "fit", "hieght = a*time", "named.csv")
        self.caret(err)

    def test_a_formula_without_parameters_is_refused(self):
        self.fails(2, "no parameter", "fit", "y = x", "data.csv")


class Data(Command):
    def test_an_empty_file(self):
        self.write("empty.csv", "")
        self.fails(65, "empty.csv:1:1: the file is empty", "fit", "y = a*x", "empty.csv")
        self.fails(65, "empty", "fit", "y = a*x", "-", stdin="")

    def test_a_header_alone(self):
        self.write("header.csv", "x,y\n")
        self.fails(65, "header.csv: there is a header but no row", "fit", "y = a*x", "header.csv")

    def test_a_file_that_is_not_there_or_not_a_file(self):
        self.fails(66, 'cannot open "none.csv"', "fit", "y = a*x", "none.csv")
        self.fails(66, 'cannot read ".": that is a folder', "fit", "y = a*x", ".")
        self.fails(66, 'cannot read ".": that is a folder', "fit", "nist", ".")
        self.fails(66, 'cannot read ".": that is a folder', "fit", "@.", "data.csv")

    @unittest.skipIf(os.geteuid() == 0, "root may read everything")
    def test_a_file_that_may_not_be_read(self):
        os.chmod(self.write("secret.csv", LINE), 0)
        self.fails(77, 'cannot open "secret.csv"', "fit", "y = a*x", "secret.csv")

    def test_one_row_fits_one_parameter_without_errors_of_it(self):
        self.write("one.csv", "x,y\n2,6\n")
        result = self.fit_json("y = a*x", "one.csv", "-s", "a=1")
        self.assertEqual((result["n"], result["dof"], result["status"]), (1, 0, "converged"))
        self.assertIsNone(result["parameters"][0]["stderr"])
        self.assertIsNone(result["residual_sd"])

    def test_fewer_rows_than_parameters(self):
        self.write("two.csv", "x,y\n1,2\n2,4\n")
        self.fails(65, "two.csv: 2 rows are too few for 3 parameters", "fit", "y = a + b*x + c*x^2", "two.csv")

    def test_text_in_a_number_column(self):
        self.write("text.csv", "x,y\n1,2\n2,many\n")
        self.fails(65, 'text.csv:3:3: column "y": "many" is not a number', "fit", "y = a*x", "text.csv")
        self.write("comma.csv", "x;y\n1;2,5\n2;4,5\n")
        self.fails(65, "decimal comma", "fit", "y = a*x", "comma.csv")

    def test_infinities(self):
        for word in ("inf", "-inf", "Infinity"):
            self.write("inf.csv", f"x,y\n1,2\n2,{word}\n3,4\n")
            self.fails(65, 'inf.csv:3: row 2: column "y" is infinite', "fit", "y = a*x", "inf.csv")
        self.write("inf.csv", "x,y\n1,2\n2,1e999\n3,4\n")
        self.fails(65, 'inf.csv:3:3: column "y": "1e999"', "fit", "y = a*x", "inf.csv")

    def test_a_missing_cell(self):
        for word in ("", "NA", "NaN"):
            self.write("hole.csv", f"x,y\n1,2\n{word},4\n3,4\n")
            self.fails(65, 'hole.csv:3: row 2: column "x" has no value', "fit", "y = a*x", "hole.csv")

    def test_rows_of_another_length(self):
        self.write("ragged.csv", "x,y\n1,2\n2,3,4\n")
        self.fails(65, "ragged.csv:3:", "fit", "y = a*x", "ragged.csv")

    def test_an_open_quote(self):
        self.write("quote.csv", 'x,y\n1,"2\n2,4\n')
        self.fails(65, "quote.csv:2:3:", "fit", "y = a*x", "quote.csv")

    def test_a_million_columns(self):
        count = 1_000_000
        header = ",".join(f"c{i}" for i in range(count))
        row = ",".join(map(str, range(count)))
        twice = ",".join(str(2 * i) for i in range(count))
        self.write("wide.csv", f"{header}\n{row}\n{twice}\n")
        result = self.fit_json("c999999 = a*c7", "wide.csv", "-s", "a=1")
        self.assert_close(result["parameters"][0]["value"], 999999 / 7, 1e-12)
        self.fails(65, "did you mean", "fit", "c999999x = a*c7", "wide.csv")

    def test_bytes_of_no_kind_of_table(self):
        for seed in range(20):
            noise = bytes((i * i * 31 + seed * 97 + i) % 256 for i in range(5000))
            self.write("noise.csv", noise)
            code, out, err = self.run_quern("fit", "y = a*x", "noise.csv")
            self.assertEqual((code, out), (65, ""), msg=err)


class Settings(Command):
    def setUp(self):
        super().setUp()
        self.write("data.csv", LINE)

    def refused(self, code, sentence, *words):
        self.fails(code, sentence, "fit", "y = slope*x + offset", "data.csv", *words)

    def test_a_start_outside_its_bounds(self):
        self.refused(2, 'the start of "slope" (5) is outside its bounds (0 to 1)', "-s", "slope=5", "-b", "slope=0:1")

    def test_crossed_bounds(self):
        self.refused(2, 'the lower bound of "slope" (3) is above its upper bound (1)', "-b", "slope=3:1")
        self.refused(2, "slope", "-b", "slope=3:3")

    def test_a_name_that_is_no_parameter(self):
        self.refused(65, '--start: the formula has no parameter "slpoe": did you mean "slope"?', "-s", "slpoe=1")
        self.refused(65, '--bounds: the formula has no parameter "zz"', "-b", "zz=1:2")
        self.refused(65, '--start: "x" is a column of the data', "-s", "x=1")
        self.refused(65, "the formula has no parameter", "-s", "n" * 1000 + "=1")

    def test_words_of_another_shape(self):
        self.refused(2, '--start: "slope" is not like NAME=NUMBER', "-s", "slope")
        self.refused(2, '--start: "=1" is not like NAME=NUMBER', "-s", "=1")
        self.refused(2, '--start: "" is not like NAME=NUMBER', "-s", "slope=1,")
        self.refused(2, '--start: "" is not a number', "-s", "slope=")
        self.refused(2, '--start: "1x" is not a number', "-s", "slope=1x")
        self.refused(2, '--start: "nan" is not a number', "-s", "slope=nan")
        self.refused(2, '--start: "slope" cannot be infinite', "-s", "slope=inf")
        self.refused(2, '--bounds: "slope=1" is not like NAME=LOW:HIGH', "-b", "slope=1")
        self.refused(2, '--bounds: "slope=:" is not like NAME=LOW:HIGH', "-b", "slope=:")
        self.refused(2, '--bounds: "a" is not a number', "-b", "slope=a:1")

    def test_a_parameter_given_twice(self):
        self.refused(2, '--start: "slope" is given twice', "-s", "slope=1,slope=2")
        self.refused(2, '--start: "slope" is given twice', "-s", "slope=1", "-s", "slope=2")
        self.refused(2, '--bounds: "slope" is given twice', "-b", "slope=1:,slope=:2")


class Numbers(Command):
    def setUp(self):
        super().setUp()
        self.write("data.csv", LINE)

    def test_constant_data_is_fitted(self):
        self.write("flat.csv", "x,y\n1,5\n2,5\n3,5\n4,5\n")
        result = self.fit_json("y = a*x + b", "flat.csv", "-s", "a=1,b=1")
        self.assertEqual(result["status"], "converged")
        self.assertLess(abs(result["parameters"][0]["value"]), 1e-10)
        self.assert_close(result["parameters"][1]["value"], 5, 1e-10)

    def test_a_constant_column_leaves_parameters_undetermined(self):
        self.write("same.csv", "x,y\n2,5\n2,6\n2,4\n2,5\n")
        code, out, err = self.run_quern("fit", "y = a*x + b", "same.csv", "-s", "a=1,b=1")
        self.assertIn(code, (0, 1))
        self.assertRegex(out, r'warning: .*"a".*"b"')

    def test_a_model_that_is_not_a_number_at_the_start(self):
        result = self.fit_json("y = log(a*x)", "data.csv", "-s", "a=-1", code=1)
        self.assertEqual(result["status"], "not_finite")
        self.assertIn("data.csv:2", result["message"])
        self.assertIsNone(result["rss"])

    def test_a_model_that_is_not_a_number_midway(self):
        # the unbounded way leads to a < 0, where the root is not a number
        self.write("down.csv", "x,y\n1,-2\n2,-4\n3,-6\n")
        code, out, err = self.run_quern("fit", "y = sqrt(a)*x", "down.csv", "-s", "a=1", "--format", "csv")
        self.assertIn(code, (0, 1))
        value = float(out.splitlines()[1].split(",")[2])
        self.assertTrue(0 <= value < 1)

    def test_overflow(self):
        result = self.fit_json("y = b*exp(a*x)", "data.csv", "-s", "a=1e5,b=1", code=1)
        self.assertEqual(result["status"], "not_finite")
        self.write("large.csv", "x,y\n1,1e308\n2,1.5e308\n3,1.7e308\n")
        code, out, err = self.run_quern("fit", "y = a*x", "large.csv", "-s", "a=1", "--format", "csv")
        self.assertIn(code, (0, 1))

    def test_too_few_evaluations_are_an_answer_of_no(self):
        result = self.fit_json("y = a*exp(b*x)", "data.csv", "-s", "a=1,b=1", "--max-evals", "2", code=1)
        self.assertEqual(result["status"], "max_evals")

    def test_a_failing_fit_is_shown_in_every_format(self):
        words = ("fit", "y = log(a*x)", "data.csv", "-s", "a=-1")
        code, out, err = self.run_quern(*words)
        self.assertEqual((code, err), (1, ""))
        self.assertRegex(out, r"(?m)^not_finite: ")
        self.assertRegex(out, r"(?m)^  a +-1")
        code, out, err = self.run_quern(*words, "--format", "csv")
        self.assertEqual(code, 1)
        self.assertEqual(out.splitlines()[1], "a,-1,-1,,,,false,free,,,")
        self.assertIn("quern: warning: the model is not finite at the start", err)


@unittest.skipIf(SLOW > 1, "sanitizers take address space for themselves")
class Memory(Command):
    def test_memory_that_runs_out_is_said(self):
        self.write("rows.csv", "x,y\n" + "1,2\n2,3\n" * 1_000_000)
        limit = 48 << 20
        err = self.fails(71, "memory", "fit", "y = a*x", "rows.csv",
                         preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit)))
        self.assertTrue(re.match(r"quern: ", err))


if __name__ == "__main__":
    main()
