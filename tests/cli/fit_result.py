"""What `quern fit` gives: text, JSON and CSV; NIST files; kinds of data; against certified values."""
import csv
import io
import json
import math
import re

from command import (Command, MISRA1A, MISRA1A_CERTIFIED, MISRA1A_FORMULA, MISRA1A_RSS, MISRA1A_START, main)

KEYS = ["schema", "status", "message", "formula", "method", "n", "omitted", "parameters", "rss", "residual_sd", "dof", "evaluations",
        "iterations", "covariance", "warnings", "cached",
        "response", "columns", "confidence", "free", "filtered", "started", "starts", "loss", "loss_scale", "cost", "weighted",
        "absolute_sigma", "sigma_column", "factorization", "correlation", "r_squared", "adjusted_r_squared", "rmse", "mae",
        "log_likelihood", "aic", "aicc", "bic", "profile", "identifiability", "diagnostics"]


NIST_HEAD = """NIST/ITL StRD
Dataset Name:  Misra1a           (Misra1a.dat)

Model:         Exponential Class
               2 Parameters (b1 and b2)

               y = b1*(1-exp[-b2*x])  +  e

          Starting values                  Certified Values

        Start 1     Start 2           Parameter     Standard Deviation
  b1 =   500         250           2.3894212918E+02  2.7070075241E+00
  b2 =     0.0001      0.0005      5.5015643181E-04  7.2668688436E-06

Residual Sum of Squares:                    1.2455138894E-01
Residual Standard Deviation:                1.0187876330E-01
Degrees of Freedom:                                12
Number of Observations:                            14

Data:   y               x
"""


def nist_file():
    """Misra1a in the form of NIST's files."""
    rows = [line.split(",") for line in MISRA1A.splitlines()[1:]]
    return NIST_HEAD + "".join(f"      {y}E0      {x}E0\n" for x, y in rows)


class Json(Command):
    def setUp(self):
        super().setUp()
        self.write("data.csv", MISRA1A)

    def test_it_is_one_object_on_one_line_with_the_promised_keys_in_order(self):
        code, out, err = self.run_quern("fit", MISRA1A_FORMULA, "data.csv", "--start", MISRA1A_START, "--format", "json")
        self.assertEqual((code, err), (0, ""))
        self.assertEqual(out.count("\n"), 1)
        self.assertTrue(out.endswith("}\n"))
        pairs = json.loads(out, object_pairs_hook=list)
        self.assertEqual([key for key, _ in pairs], KEYS)
        parameter = dict(pairs)["parameters"][0]
        self.assertEqual([key for key, _ in parameter], ["name", "start", "value", "stderr", "ci_low", "ci_high", "at_bound",
                                                              "role", "tie"])

    def test_it_has_the_certified_values(self):
        result = self.fit_json(MISRA1A_FORMULA, "data.csv", "--start", MISRA1A_START)
        self.assertEqual(result["schema"], "quern.fit/1")
        self.assertEqual(result["status"], "converged")
        self.assertEqual((result["n"], result["dof"], result["omitted"], result["cached"]), (14, 12, 0, False))
        self.assertEqual(result["formula"], MISRA1A_FORMULA)
        self.assertEqual(result["warnings"], [])
        for parameter in result["parameters"]:
            value, deviation = MISRA1A_CERTIFIED[parameter["name"]]
            self.assert_close(parameter["value"], value, 1e-8)
            self.assert_close(parameter["stderr"], deviation, 1e-7)
            # Student's t with 12 degrees of freedom at 97.5 %: 2.1788128 (any table)
            self.assert_close(parameter["ci_high"] - parameter["value"], 2.1788128296672284 * deviation, 1e-6)
            self.assert_close(parameter["value"] - parameter["ci_low"], 2.1788128296672284 * deviation, 1e-6)
        self.assert_close(result["rss"], MISRA1A_RSS, 1e-8)
        self.assert_close(result["residual_sd"], 1.0187876330e-01, 1e-8)
        for i, row in enumerate(result["covariance"]):
            self.assert_close(math.sqrt(row[i]), result["parameters"][i]["stderr"], 1e-12)

    def test_what_is_not_finite_is_null(self):
        self.write("one.csv", "x,y\n2,6\n")
        parameter = self.fit_json("y = a*x", "one.csv", "--start", "a=1")["parameters"][0]
        self.assert_close(parameter["value"], 3, 1e-12)
        self.assertEqual([parameter[key] for key in ("stderr", "ci_low", "ci_high")], [None] * 3)

    def test_warnings_are_part_of_it(self):
        result = self.fit_json("volume = a*Pressure + b*pressure", "data.csv", "--bounds", "b=:0.01")
        text = " ".join(result["warnings"])
        self.assertIn("Pressure", text)  # spelled nearly like a column
        self.assertIn('"b" ended at its upper bound 0.01', text)

    def test_numbers_read_back_as_the_same_doubles(self):
        result = self.fit_json(MISRA1A_FORMULA, "data.csv", "--start", "a=500,b=1e-4")
        rows = list(csv.DictReader(io.StringIO(
            self.succeeds("fit", MISRA1A_FORMULA, "data.csv", "--start", "a=500,b=1e-4", "--format", "csv"))))
        for parameter, row in zip(result["parameters"], rows):
            for key in ("start", "value", "stderr", "ci_low", "ci_high"):
                self.assertEqual(float(row[key]), parameter[key])
                self.assertEqual(row[key].replace("e-0", "e-"), repr(parameter[key]).replace("e-0", "e-").removesuffix(".0"))


class Csv(Command):
    def test_it_has_one_row_a_parameter(self):
        self.write("data.csv", MISRA1A)
        out = self.succeeds("fit", MISRA1A_FORMULA, "data.csv", "--start", MISRA1A_START, "--format", "csv")
        rows = list(csv.reader(io.StringIO(out)))
        self.assertEqual(rows[0], ["name", "start", "value", "stderr", "ci_low", "ci_high", "at_bound", "role", "profile_low",
                                   "profile_high", "tie"])
        self.assertEqual([row[0] for row in rows[1:]], ["a", "b"])
        self.assertEqual(rows[1][6:], ["false", "free", "", "", ""])

    def test_what_cannot_be_had_is_an_empty_cell_and_warnings_go_to_standard_error(self):
        self.write("one.csv", "x,y\n2,6\n")
        code, out, err = self.run_quern("fit", "y = a*x", "one.csv", "--format", "csv")
        self.assertEqual(code, 0)
        self.assertRegex(out.splitlines()[1], r"^a,\d*,3,,,,false,free,,,$")
        self.assertIn("quern: warning: ", err)

    def test_a_parameter_at_its_bound_says_so(self):
        self.write("line.csv", "x,y\n1,2\n2,4\n3,6.1\n4,8\n")
        code, out, err = self.run_quern("fit", "y = a*x", "line.csv", "--bounds", "a=0:1.5", "-s", "a=1", "--format", "csv")
        name, start, value, *_, at_bound, _, _, _, _ = out.splitlines()[1].split(",")
        self.assertEqual((code, name, float(value), at_bound), (0, "a", 1.5, "true"))


class Text(Command):
    def test_it_shows_formula_data_status_parameters_and_sizes(self):
        self.write("data.csv", MISRA1A)
        out = self.succeeds("fit", MISRA1A_FORMULA, "data.csv", "--start", MISRA1A_START)
        lines = out.splitlines()
        self.assertEqual(lines[0], MISRA1A_FORMULA)
        self.assertEqual(lines[1], "data.csv: 14 rows")
        self.assertRegex(out, r"(?m)^converged: ")
        # two digits of the error, the value to the same place: 238.9 with 2.7, 0.0005502 with 7.3e-06
        self.assertRegex(out, r"(?m)^  a +238\.9 +2\.7 +233\.0 +244\.8 +1\.1$")
        self.assertRegex(out, r"(?m)^  b +0\.0005502 +7\.3e-06 +0\.0005343 +0\.0005660 +1\.3$")
        self.assertRegex(out, r"(?m)residual sum of squares +0\.124551  ")
        self.assertRegex(out, r"(?m)degrees of freedom +12 ")
        self.assertRegex(out, r"(?m)\d+ iterations, \d+ evaluations, \d\S* m?s$")
        self.assertNotIn("\x1b", out)
        for line in lines:
            self.assertEqual(line, line.rstrip())

    def test_names_of_any_script_are_aligned(self):
        self.write("data.csv", "Zeit,Gr\u00f6\u00dfe\n1,2\n2,4.1\n3,6\n")
        out = self.succeeds("fit", "Gr\u00f6\u00dfe = \u03b1*Zeit + b", "data.csv", "-s", "\u03b1=1,b=1")
        rows = re.findall(r"(?m)^  (?:\u03b1|b) .*$", out)
        self.assertEqual(len(rows), 2)
        self.assertEqual(rows[0].index("."), rows[1].index("."))

    def test_warnings_stand_below(self):
        self.write("data.csv", MISRA1A)
        out = self.succeeds("fit", "volume = a*pressure", "data.csv", "--bounds", "a=:0.1")
        self.assertRegex(out, r'(?m)^warning: "a" ended at its upper bound 0\.1')


class Data(Command):
    def expect_line(self, result, slope):
        self.assertEqual(result["status"], "converged")
        self.assert_close(result["parameters"][0]["value"], slope, 1e-10)

    def test_it_may_come_from_standard_input(self):
        self.expect_line(self.fit_json("y = a*x", "-", "-s", "a=1", stdin="x,y\n1,3\n2,6\n"), 3)

    def test_a_file_may_be_standard_input(self):
        path = self.write("data.csv", "x,y\n1,3\n2,6\n")
        with open(path, "rb") as file:
            process = self.popen("fit", "y = a*x", "-", "-s", "a=1", "--format", "json", stdin=file, stdout=-1, stderr=-1)
            out, err = process.communicate(timeout=60)
        self.assertEqual((process.returncode, err), (0, b""))
        self.expect_line(json.loads(out), 3)

    def test_csv_options_are_followed(self):
        self.write("data.txt", "1;3\n2;6\n")
        self.expect_line(self.fit_json("c2 = a*c1", "data.txt", "--no-header", "-d", ";", "-s", "a=1"), 3)
        self.write("data.tsv", "x\ty\n1\t3\n2\t6\n")
        self.expect_line(self.fit_json("y = a*x", "data.tsv", "--delimiter", "tab", "-s", "a=1"), 3)
        self.expect_line(self.fit_json("y = a*x", "data.tsv", "--types", "x=i64,y=f32", "-s", "a=1"), 3)
        self.fails(2, 'option "--delimiter": "ab" is none of', "fit", "y = a*x", "data.tsv", "--delimiter", "ab")
        self.fails(65, "x", "fit", "y = a*x", "data.tsv", "--types", "x=date")

    def test_a_bare_expression_needs_to_know_its_column(self):
        self.write("data.csv", "x,y,z\n1,3,0\n2,6,0\n")
        self.expect_line(self.fit_json("a*x", "data.csv", "--y", "y", "-s", "a=1"), 3)
        self.fails(2, "the formula has no left side", "fit", "a*x", "data.csv")
        self.fails(2, "leave out one of them", "fit", "y = a*x", "data.csv", "--y", "z")
        self.fails(65, '"Y"', "fit", "a*x", "data.csv", "--y", "Y")
        self.expect_line(self.fit_json("y = a*x", "data.csv", "--y", "y", "-s", "a=1"), 3)

    def test_a_transformed_response_is_fitted_as_such(self):
        # log(y) = a + b*log(x) through (1, 2) and (e, 2 e^3): a = log 2, b = 3
        self.write("data.csv", "x,y\n1,2\n2.718281828459045,40.171073846375336\n7.38905609893065,806.8575869854703\n")
        result = self.fit_json("log(y) = a + b*log(x)", "data.csv", "-s", "a=0,b=1")
        self.assert_close(result["parameters"][0]["value"], math.log(2), 1e-12)
        self.assert_close(result["parameters"][1]["value"], 3, 1e-12)

    def test_only_the_columns_of_the_formula_are_looked_at(self):
        self.write("data.csv", "name,x,y\nfoo,1,3\nbar,2,6\n")
        self.expect_line(self.fit_json("y = a*x", "data.csv", "-s", "a=1"), 3)


class Nist(Command):
    def setUp(self):
        super().setUp()
        self.path = self.write("Misra1a.dat", nist_file())

    def test_formula_starts_and_certified_values_come_from_the_file(self):
        out = self.succeeds("fit", "nist", "Misra1a.dat")
        rows = re.findall(r"(?m)^  (b\d) +(\S+) +(\S+) +(\S+) +(\S+) +(\S+) +(\S+)$", out)
        self.assertEqual([row[0] for row in rows], ["b1", "b2"])
        for row, (value, deviation) in zip(rows, MISRA1A_CERTIFIED.values()):
            self.assert_close(float(row[2]), value, 1e-10)
            self.assert_close(float(row[5]), deviation, 1e-10)
            self.assertGreaterEqual(float(row[3]), 6)
            self.assertGreaterEqual(float(row[6]), 6)
        self.assertIn("(certified 0.12455138894, ", out)

    def test_both_starts_lead_to_the_same_end(self):
        first, second = (self.fit_json("nist", "Misra1a.dat", "--nist-start", start) for start in "12")
        self.assertEqual([p["start"] for p in first["parameters"]], [500, 0.0001])
        self.assertEqual([p["start"] for p in second["parameters"]], [250, 0.0005])
        for a, b in zip(first["parameters"], second["parameters"]):
            self.assert_close(a["value"], b["value"], 1e-8)
        self.assertEqual(first["certified"]["name"], "Misra1a")
        self.assert_close(first["certified"]["rss"], MISRA1A_RSS, 1e-10)

    def test_such_a_file_serves_as_data_for_another_formula(self):
        result = self.fit_json("y = b1*(1-exp(-b2*x))", "Misra1a.dat", "-s", "b1=500,b2=1e-4")
        self.assert_close(result["parameters"][0]["value"], MISRA1A_CERTIFIED["a"][0], 1e-8)
        with open(self.path, "rb") as file:
            process = self.popen("fit", "y = b1*(1-exp(-b2*x))", "-", "-s", "b1=500,b2=1e-4", "--format", "json",
                                 stdin=file, stdout=-1, stderr=-1)
            out, err = process.communicate(timeout=60)
        self.assertEqual((process.returncode, err), (0, b""))
        self.assertEqual(json.loads(out), result)

    def test_options_that_do_not_belong_are_refused(self):
        self.write("data.csv", MISRA1A)
        self.fails(2, "--nist-start goes with", "fit", MISRA1A_FORMULA, "data.csv", "--nist-start", "2")
        self.fails(2, "--no-header is for CSV data", "fit", "nist", "Misra1a.dat", "--no-header")
        self.fails(2, '"3" is none of 1, 2', "fit", "nist", "Misra1a.dat", "--nist-start", "3")
        self.fails(65, "data.csv:1:", "fit", "nist", "data.csv")


if __name__ == "__main__":
    main()
