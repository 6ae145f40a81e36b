"""What each option of `quern fit` does, against values from outside; and what is refused, with which sentence.

SciPy's values come from version 1.10.1: least_squares with ftol, xtol and gtol at 1e-15, curve_fit, and the profile of the sum of
squares solved by brentq; R's nls gives the same for Michaelis-Menten.
"""
import csv
import io
import json
import math
import os
import re
import signal
import struct
import subprocess

from command import Command, MISRA1A, MISRA1A_CERTIFIED, MISRA1A_FORMULA, MISRA1A_START, PROJECT, TIMEOUT, main

DECAY = os.path.join(PROJECT, "examples", "decay.csv")
DECAY_FORMULA = "count = a*exp(-k*t) + c"
ENZYME = os.path.join(PROJECT, "examples", "enzyme.csv")
ENZYME_FORMULA = "rate = vmax*conc/(km + conc)"

# A line with known errors.
LINE_Y = [1, 1, 5, 7, 8, 12]
LINE_SIGMA = [1, 2, 1, 2, 1, 2]
LINE = "x,y,s,weather\n" + "".join(f"{x},{y},{s},fine\n" for x, (y, s) in enumerate(zip(LINE_Y, LINE_SIGMA)))
LINE_RELATIVE = {"a": (1.95283019, 0.20659803), "b": (0.77044025, 0.57204404)}
LINE_ABSOLUTE = {"a": (1.95283019, 0.30714755), "b": (0.77044025, 0.85045308)}


def matrix(rows, letter="d", descr="<f8", fortran=False):
    """A square matrix as a version 1.0 file of NumPy's."""
    n = len(rows)
    header = "{'descr': '%s', 'fortran_order': %s, 'shape': (%d, %d), }" % (descr, fortran, n, len(rows[0]))
    header += " " * (-(len(header) + 11) % 64) + "\n"
    cells = [cell for row in (zip(*rows) if fortran else rows) for cell in row]
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + struct.pack(f"<{len(cells)}{letter}", *cells)


def covariance(correlation):
    """Of the line's rows, whose errors go together like an autoregression."""
    return [[LINE_SIGMA[i] * LINE_SIGMA[k] * correlation ** abs(i - k) for k in range(6)] for i in range(6)]


class Fit(Command):
    def expect(self, result, expected, relative=1e-6):
        for parameter in result["parameters"]:
            value, error = expected[parameter["name"]]
            self.assert_close(parameter["value"], value, relative, parameter["name"])
            if error is not None:
                self.assert_close(parameter["stderr"], error, relative, parameter["name"])

    def same_fit(self, one, other, relative=1e-9):
        """Parameters of the same names have the same values and errors."""
        got = {p["name"]: p for p in one["parameters"]}
        for p in other["parameters"]:
            self.assert_close(got[p["name"]]["value"], p["value"], relative, p["name"])
            self.assert_close(got[p["name"]]["stderr"], p["stderr"], 1e3 * relative, p["name"])


class Weights(Fit):
    def setUp(self):
        super().setUp()
        self.write("line.csv", LINE)

    def line(self, *words, **rest):
        return self.fit_json("y = a*x + b", "line.csv", *words, **rest)

    def test_sigma_counts_up_to_a_factor_unless_it_is_absolute(self):
        self.expect(self.line("--sigma", "s"), LINE_RELATIVE)
        result = self.line("--sigma", "s", "--absolute-sigma")
        self.expect(result, LINE_ABSOLUTE)
        self.assertEqual((result["weighted"], result["absolute_sigma"], result["sigma_column"]), (True, True, "s"))

    def test_a_factor_of_sigma_changes_relative_errors_not_at_all_and_absolute_ones_by_itself(self):
        self.write("line.csv", "x,y,s\n" + "".join(f"{x},{y},{3 * s}\n" for x, (y, s) in enumerate(zip(LINE_Y, LINE_SIGMA))))
        self.expect(self.line("--sigma", "s"), LINE_RELATIVE)
        self.expect(self.line("--sigma", "s", "--absolute-sigma"), {k: (v, 3 * e) for k, (v, e) in LINE_ABSOLUTE.items()})

    def test_a_diagonal_covariance_is_sigma(self):
        self.write("cov.npy", matrix(covariance(0)))
        self.expect(self.line("--cov", "cov.npy"), LINE_RELATIVE)
        self.expect(self.line("--cov", "cov.npy", "--absolute-sigma"), LINE_ABSOLUTE)

    def test_a_covariance_counts_whatever_its_type_and_order(self):
        relative = {"a": (1.76363637, 0.3185712), "b": (1.27272727, 0.88208369)}  # SciPy's curve_fit
        absolute = {"a": (1.76363637, 0.33028914), "b": (1.27272727, 0.9145292)}
        for name, content in (("f8", matrix(covariance(0.5))), ("f4", matrix(covariance(0.5), "f", "<f4")),
                              ("fortran", matrix(covariance(0.5), fortran=True))):
            path = self.write(name + ".npy", content)
            self.expect(self.line("--cov", path), relative)
            self.expect(self.line("--cov", path, "--absolute-sigma"), absolute)

    def test_a_covariance_is_that_of_the_files_rows_also_where_some_are_left_out(self):
        path = self.write("cov.npy", matrix(covariance(0.5)))
        kept = [row[1:] for row in covariance(0.5)[1:]]
        result = self.line("--cov", path, "--where", "x > 0")
        self.write("line.csv", LINE.replace("0,1,1,fine\n", ""))
        self.same_fit(result, self.line("--cov", self.write("kept.npy", matrix(kept))))

    def test_a_covariance_that_does_not_fit_is_refused_by_its_file(self):
        five = [row[:5] for row in covariance(0)[:5]]
        words = ("fit", "y = a*x + b", "line.csv", "--cov")
        self.fails(65, "five.npy: --cov: its shape is (5, 5), and the data has 6 rows", *words, self.write("five.npy", matrix(five)))
        self.fails(65, "--cov: its elements are i64: f64 or f32 are needed", *words,
                   self.write("whole.npy", matrix([[int(i == k) for k in range(6)] for i in range(6)], "q", "<i8")))
        crooked = covariance(0)
        crooked[0][1] = 0.5
        self.fails(65, "crooked.npy: --cov: the covariance of the data is not symmetric", *words, self.write("crooked.npy", matrix(crooked)))
        self.fails(65, "flat.npy: --cov: the covariance of the data is not positive definite", *words, self.write("flat.npy", matrix([[1.0] * 6] * 6)))
        self.fails(66, "none.npy", *words, "none.npy")
        self.fails(65, "line.csv", *words, "line.csv")
        self.fails(2, "--cov: it is a file of NumPy's, not standard input", *words, "-")

    def test_a_sigma_that_is_none_is_refused_with_its_line(self):
        for bad in ("0", "-1", "inf"):
            self.write("bad.csv", f"x,y,s\n0,1,1\n1,1,{bad}\n2,5,1\n3,7,1\n")
            err = self.fails(65, "bad.csv:3", "fit", "y = a*x + b", "bad.csv", "--sigma", "s")
            self.assertRegex(err, r"sigma|\"s\"")

    def test_what_does_not_go_together_is_refused(self):
        words = ("fit", "y = a*x + b", "line.csv")
        self.fails(2, "--absolute-sigma says something of --sigma or --cov: there is neither", *words, "--absolute-sigma")
        self.fails(2, "--sigma and --cov both tell the errors", *words, "--sigma", "s", "--cov", "cov.npy")
        self.fails(65, '--sigma: the data has no column "S": did you mean "s"?', *words, "--sigma", "S")
        self.fails(65, '"weather"', *words, "--sigma", "weather")

    def test_absolute_sigma_may_be_configured_for_the_fits_that_have_one(self):
        configured = {"QUERN_FIT_ABSOLUTE_SIGMA": "true"}
        self.expect(self.line("--sigma", "s", environment=configured), LINE_ABSOLUTE)
        self.expect(self.line("--sigma", "s", "--absolute-sigma=false", environment=configured), LINE_RELATIVE)
        self.assertFalse(self.line(environment=configured)["weighted"])


class Parameters(Fit):
    def test_a_fixed_parameter_is_as_if_its_number_stood_in_the_formula(self):
        result = self.fit_json(ENZYME_FORMULA, ENZYME, "--fix", "vmax=200")
        self.same_fit(result, {"parameters": [p for p in self.fit_json("rate = 200*conc/(km + conc)", ENZYME)["parameters"]]})
        fixed = result["parameters"][0]
        self.assertEqual((fixed["name"], fixed["role"], fixed["value"], fixed["stderr"]), ("vmax", "fixed", 200, 0))
        self.assertEqual((result["free"], result["dof"]), (1, 11))

    def test_fix_may_be_given_several_times_and_with_several_names(self):
        one = self.fit_json(DECAY_FORMULA, DECAY, "--fix", "c=25,k=0.25")
        self.assertEqual(one["parameters"], self.fit_json(DECAY_FORMULA, DECAY, "--fix", "c=25", "--fix=k=0.25")["parameters"])
        self.assertEqual([p["role"] for p in one["parameters"]], ["free", "fixed", "fixed"])

    def test_a_tied_parameter_is_as_if_its_function_stood_in_the_formula(self):
        result = self.fit_json("count = a*exp(-k*t) + c", DECAY, "--tie", "c = a/30 + max(k, 0)", "-s", "a=900,k=0.2")
        self.same_fit(result, self.fit_json("count = a*exp(-k*t) + (a/30 + max(k, 0))", DECAY, "-s", "a=900,k=0.2"))
        a, k, c = result["parameters"]
        self.assertEqual((c["role"], c["tie"]), ("tied", "a/30 + max(k, 0)"))
        self.assert_close(c["value"], a["value"] / 30 + k["value"], 1e-12)
        # the error follows from theirs: var(a) / 900 + var(k) + 2 cov / 30
        (aa, ak, _), (_, kk, _), _ = result["covariance"]
        self.assert_close(c["stderr"] ** 2, aa / 900 + kk + 2 * ak / 30, 1e-9)

    def test_text_says_what_is_fixed_and_tied(self):
        out = self.succeeds("fit", "count = a*exp(-k*t) + c + d", DECAY, "--fix", "d=5", "--tie", "c=a/45", "-w", "t != 11")
        self.assertRegex(out, r"(?m)^  d +5 +fixed$")
        self.assertRegex(out, r"(?m)^  c +[\d.]+ +[\d.]+ .* = a/45$")

    def test_csv_says_the_role(self):
        out = self.succeeds("fit", DECAY_FORMULA, DECAY, "--fix", "c=25", "--tie", "k=a/4000", "-s", "a=900", "-f", "csv", "-w", "t != 11", "--profile")
        rows = {row["name"]: row for row in csv.DictReader(io.StringIO(out))}
        self.assertEqual({name: row["role"] for name, row in rows.items()}, {"a": "free", "k": "tied", "c": "fixed"})
        self.assertEqual({name: row["tie"] for name, row in rows.items()}, {"a": "", "k": "a/4000", "c": ""})
        self.assertEqual(float(rows["c"]["stderr"]), 0)
        self.assertLess(float(rows["a"]["profile_low"]), float(rows["a"]["value"]))
        self.assertGreater(float(rows["a"]["profile_high"]), float(rows["a"]["value"]))

    def test_settings_that_would_be_ignored_are_refused(self):
        words = ("fit", DECAY_FORMULA, DECAY)
        for option, value in (("start", "c=1"), ("bounds", "c=0:"), ("x-scale", "a=1,k=1,c=1")):
            self.fails(2, f'--{option}: "c" is in --fix, so this would be ignored', *words, "--fix", "c=25", f"--{option}", value)
            self.fails(2, f'--{option}: "c" is in --tie, so this would be ignored', *words, "--tie", "c=a/30", f"--{option}", value)
        self.fails(2, '--tie: "c" has its value from --fix', *words, "--fix", "c=1", "--tie", "c=a")
        self.fails(2, "all parameters are fixed or tied", *words, "--fix", "a=1,k=1,c=1")

    def test_ties_that_are_none_are_refused(self):
        words = ("fit", DECAY_FORMULA, DECAY)
        self.fails(2, "--tie: \"c\" is not like 'b = 2*a'", *words, "--tie", "c")
        self.fails(65, '--tie: the formula has no parameter "q"', *words, "--tie", "q=a")
        self.fails(65, '--tie: "t" is a column of the data', *words, "--tie", "t=a")
        self.fails(65, '--tie "c = 2*q": there is no parameter "q"', *words, "--tie", "c = 2*q")
        self.fails(2, '--tie "c=c+1": "c" depends on itself', *words, "--tie", "c=c+1")
        self.fails(65, '--tie "c=2*": ', *words, "--tie", "c=2*")

    def test_numbers_that_a_double_cannot_hold_are_refused(self):
        words = ("fit", DECAY_FORMULA, DECAY)
        for option in ("start", "fix", "x-scale"):
            self.fails(2, f'--{option}: "1e-999" is too small', *words, f"--{option}", "a=1e-999")
            self.fails(2, f'--{option}: "-1e999" is too large', *words, f"--{option}", "a=-1e999")
        self.fails(2, '--bounds: "1e999" is too large', *words, "--bounds", "a=0:1e999")
        self.fit_json(DECAY_FORMULA, DECAY, "--start", "a=0e-999,k=1,c=1", "--bounds", "k=0:inf")  # these are what they say

    def test_what_is_repeated_from_the_command_line_is_never_cut_inside_a_character(self):
        long = "a" + "\u20ac" * 40  # of one byte and of three each; 60 at most are shown
        for words in (("--start", long), ("--format", long), ("--" + long,), ("--max-evals", long), (long,)):
            code, out, err = self.run_quern("fit", DECAY_FORMULA, DECAY, *words)
            self.assertEqual(code, 2)
            self.assertIn('"a' + "\u20ac" * 19 + '"', err.replace('"--', '"'))

    def test_x_scale_leads_to_the_same_end(self):
        expected = self.fit_json(ENZYME_FORMULA, ENZYME, "-s", "vmax=150,km=0.2")
        for scale in ("jac", "vmax=200,km=0.1", "vmax=1,km=1"):
            for method in ("trf", "dogbox", "lm"):
                self.same_fit(self.fit_json(ENZYME_FORMULA, ENZYME, "-s", "vmax=150,km=0.2", "--x-scale", scale, "--method", method),
                              expected, 1e-6)
        ways = {self.fit_json(ENZYME_FORMULA, ENZYME, "-s", "vmax=10,km=3", "--x-scale", scale)["evaluations"]
                for scale in ("jac", "vmax=1,km=1000", "vmax=1000,km=1e-3")}
        self.assertGreater(len(ways), 1)  # by other ways
        words = ("fit", ENZYME_FORMULA, ENZYME, "--x-scale")
        self.fails(2, '--x-scale: "km" has none: give one for each parameter, or say jac', *words, "vmax=1")
        self.fails(2, '--x-scale: that of "km" must be greater than 0', *words, "vmax=1,km=0")


class Solving(Fit):
    # SciPy's least_squares at f_scale=15, from which the loss counts
    LOSSES = {"soft_l1": (906.133642, 0.252493918, 26.5882833), "huber": (906.153773, 0.252895040, 26.4403993),
              "cauchy": (909.139307, 0.253749137, 25.2451547), "arctan": (909.960413, 0.256106683, 25.5410272)}
    # the same with residuals divided by sd, at f_scale=1.5
    WEIGHTED = {"soft_l1": (900.559867, 0.244397112, 21.9119090), "huber": (900.656299, 0.244754294, 21.7165063),
                "cauchy": (906.103968, 0.248783956, 22.4343766), "arctan": (906.726484, 0.250069734, 22.7262762)}
    COSTS = {"soft_l1": 9996.104109, "huber": 10507.114243, "cauchy": 2553.377054, "arctan": 1575.213929}

    def test_losses_end_where_scipy_does(self):
        for loss, values in self.LOSSES.items():
            expected = {name: (value, None) for name, value in zip("akc", values)}
            result = self.fit_json(DECAY_FORMULA, DECAY, "--loss", loss, "--loss-scale", "15", "-s", "a=900,k=0.25,c=25")
            self.expect(result, expected)
            self.assertEqual((result["loss"], result["loss_scale"]), (loss, 15))
            self.assert_close(result["cost"], self.COSTS[loss], 1e-8)
        for loss, values in self.WEIGHTED.items():
            expected = {name: (value, None) for name, value in zip("akc", values)}
            self.expect(self.fit_json(DECAY_FORMULA, DECAY, "--loss", loss, "--loss-scale", "1.5", "-s", "a=900,k=0.25,c=25",
                                      "--sigma", "sd"), expected)

    def test_text_says_what_is_not_as_usual(self):
        out = self.succeeds("fit", DECAY_FORMULA, DECAY, "--loss", "huber", "--loss-scale", "1.5", "--sigma", "sd", "--method", "dogbox")
        self.assertRegex(out, r"(?m)^errors: column sd, known up to a factor$")
        self.assertRegex(out, r"(?m)^loss: huber, scale 1\.5 sigma$")
        self.assertRegex(out, r"(?m)^method: dogbox$")
        self.assertRegex(out, r"(?m)^  chi squared +[\d.]+ ")
        self.assertRegex(out, r"(?m)^  sum of the loss +[\d.]+")

    def test_every_method_finds_the_certified_values(self):
        self.write("data.csv", MISRA1A)
        for method in ("trf", "lm", "dogbox"):
            result = self.fit_json(MISRA1A_FORMULA, "data.csv", "-s", MISRA1A_START, "--method", method)
            self.assertEqual(result["method"], method)
            self.expect(result, MISRA1A_CERTIFIED, 1e-7)

    def test_tolerances_end_a_fit_early(self):
        words = (DECAY_FORMULA, DECAY, "-s", "a=500,k=1,c=1")
        exact = self.fit_json(*words)
        for option in ("ftol", "xtol", "gtol"):
            self.assertLess(self.fit_json(*words, f"--{option}", "0.1")["iterations"], exact["iterations"])
        for value in ("0", "1", "-1e-8", "1e-999", "x"):
            self.fails(2, f'option "--ftol": "{value}" is not', "fit", *words, "--ftol", value)

    def test_the_same_seed_gives_the_same_fit(self):
        words = (DECAY_FORMULA, DECAY, "--starts", "8", "-b", "a=0:5000,k=0:2,c=-100:100", "-w", "t != 11")
        one = self.fit_json(*words, "--seed", "7")
        self.assertEqual(one, self.fit_json(*words, "--seed", "7"))
        self.assertEqual(one["starts"], 8)
        others = [self.fit_json(*words, "--seed", str(seed)) for seed in range(8, 12)]
        for other in others:
            self.same_fit(one, other, 1e-6)
        self.assertGreater(len({other["evaluations"] for other in others}), 1)  # from other points, by other ways

    def test_several_starts_find_what_one_does_not(self):
        """A sine: from the given start a fit runs into the next valley."""
        self.write("sine.csv", "x,y\n" + "".join(f"{x / 10},{2 * math.sin(3 * x / 10) + 0.1 * math.cos(7 * x)}\n" for x in range(80)))
        words = ("y = a*sin(w*x)", "sine.csv", "-s", "a=1,w=1", "-b", "a=0:10,w=0:10")
        near = self.fit_json(*words)
        best = self.fit_json(*words, "--starts", "40")
        self.assertLess(best["rss"], 0.01 * near["rss"])
        self.assert_close(best["parameters"][1]["value"], 3, 0.01)

    def test_what_says_nothing_is_refused(self):
        words = ("fit", DECAY_FORMULA, DECAY, "-s", "a=900,k=0.2,c=1")
        self.fails(2, "--loss-scale says nothing with --loss linear", *words, "--loss-scale", "3")
        self.fails(2, "--bounds: --method lm takes none: choose trf or dogbox", *words, "--method", "lm", "-b", "a=0:")
        self.fails(2, "--seed says nothing: every start is given, and --starts asks for no more", *words, "--seed", "3")
        for value in ("0", "-1", "inf", "x"):
            self.fails(2, f'option "--loss-scale": "{value}" is not', *words, "--loss", "huber", "--loss-scale", value)
        self.fails(2, "starts", *words, "--starts", "0")
        self.fails(2, 'did you mean "cauchy"?', *words, "--loss", "chauchy")

    def test_the_start_is_said_where_it_was_not_given(self):
        self.assertRegex(self.succeeds("fit", ENZYME_FORMULA, ENZYME), r"(?m)^start: estimated: ")
        self.assertNotIn("\nstart: ", self.succeeds("fit", ENZYME_FORMULA, ENZYME, "-s", "vmax=200,km=0.1"))

    def test_verbose_shows_each_iteration_on_standard_error(self):
        words = ("fit", ENZYME_FORMULA, ENZYME, "-s", "vmax=100,km=1", "--format", "json")
        quiet = json.loads(self.succeeds(*words))
        for flag in ("--verbose", "-v"):
            code, out, err = self.run_quern(*words, flag)
            self.assertEqual((code, json.loads(out)), (0, quiet))
            lines = [line.split() for line in err.splitlines()]
            self.assertEqual(lines[0], ["start", "step", "evals", "rss", "gradient", "radius", "vmax", "km"])
            self.assertEqual(lines[1][:3] + lines[1][6:], ["1", "0", "1", "100", "1"])
            self.assertEqual(len(lines), quiet["iterations"] + 2)
            rss = [float(line[3]) for line in lines[1:]]
            self.assertEqual(rss, sorted(rss, reverse=True))
            self.assert_close(float(lines[-1][6]), quiet["parameters"][0]["value"], 1e-7)
        self.assertIn(" vmax", self.run_quern(*words, environment={"QUERN_FIT_VERBOSE": "true"})[2])


class Rows(Fit):
    GAPS = "x,y,s\n1,2.1,1\n2,,1\n3,6.2,NA\n4,7.7,1\n5,inf,1\n6,12.2,1\n7,14.1,1\n"

    def test_where_is_as_if_the_other_rows_were_not_there(self):
        result = self.fit_json(DECAY_FORMULA, DECAY, "--where", "t != 11 && sd > 6")
        with open(DECAY) as file:
            kept = [line for line in file if not line[0].isdigit() or (line.split(",")[0] != "11" and float(line.split(",")[2]) > 6)]
        self.write("kept.csv", "".join(kept))
        self.same_fit(result, self.fit_json(DECAY_FORMULA, "kept.csv"))
        self.assertEqual((result["n"], result["filtered"], result["omitted"]), (16, 4, 0))
        self.assertIn(": 16 rows, 4 left out by --where\n", self.succeeds("fit", DECAY_FORMULA, DECAY, "-w", "t != 11 && sd > 6"))

    def test_where_may_name_columns_that_the_formula_does_not(self):
        self.write("line.csv", "x,y,group\n1,2,1\n2,4,1\n3,6.1,1\n4,1,2\n5,1,2\n")
        result = self.fit_json("y = a*x", "line.csv", "--where", "group == 1")
        self.assertEqual(result["n"], 3)
        self.write("line.npy", matrix([[1.0, 2, 1], [2, 4, 1], [3, 6.1, 2]]))
        self.assertEqual(self.fit_json("c2 = a*c1", "line.npy", "--where", "c3 < 2")["n"], 2)

    def test_where_is_refused_with_its_name(self):
        words = ("fit", DECAY_FORMULA, DECAY, "--where")
        self.fails(65, '--where: the data has no column "cuont": did you mean "count"?', *words, "cuont > 3")
        self.fails(2, '--where: "t = 3" is an equation: compare with ==', *words, "t = 3")
        self.fails(2, "--where: it names no column of the data", *words, "3 > 2")
        err = self.fails(65, "--where: ", *words, "t > (")
        self.assertRegex(err, r"\n  t > \(\n +\^\n$")
        self.fails(65, "no row satisfies where", *words, "t > 100")

    def test_rows_that_lack_a_number_are_named_or_left_out(self):
        self.write("gaps.csv", self.GAPS)
        self.fails(65, "gaps.csv:3", "fit", "y = a*x", "gaps.csv")
        result = self.fit_json("y = a*x", "gaps.csv", "--nan", "omit")
        self.assertEqual((result["n"], result["omitted"]), (5, 2))
        weighted = self.fit_json("y = a*x", "gaps.csv", "--nan", "omit", "--sigma", "s")
        self.assertEqual((weighted["n"], weighted["omitted"]), (4, 3))
        self.write("kept.csv", "x,y\n1,2.1\n4,7.7\n6,12.2\n7,14.1\n")
        self.same_fit(weighted, self.fit_json("y = a*x", "kept.csv"))
        self.assertIn(": 5 rows, 2 left out for want of a number\n", self.succeeds("fit", "y = a*x", "gaps.csv", "--nan", "omit"))

    def test_residuals_are_written_for_the_rows_used(self):
        result = self.fit_json(DECAY_FORMULA, DECAY, "--residuals", "r.csv", "--where", "t != 11", "--sigma", "sd")
        with open(os.path.join(self.folder, "r.csv")) as file:
            rows = list(csv.DictReader(file))
        self.assertEqual(list(rows[0]), ["line", "t", "observed", "fitted", "residual", "standardized", "leverage", "sigma"])
        self.assertEqual(len(rows), 19)
        with open(DECAY) as file:
            lines = file.read().splitlines()
        a, k, c = (p["value"] for p in result["parameters"])
        for row in rows:
            t, count, sd = (float(cell) for cell in lines[int(row["line"]) - 1].split(","))
            self.assertEqual((float(row["t"]), float(row["observed"]), float(row["sigma"])), (t, count, sd))
            self.assert_close(float(row["fitted"]), a * math.exp(-k * t) + c, 1e-12)
            self.assertAlmostEqual(float(row["residual"]), count - float(row["fitted"]), delta=1e-9)
            # by its definition: the residual in units of its own standard deviation
            own = sd * math.sqrt(1 - float(row["leverage"])) * result["residual_sd"]
            self.assertAlmostEqual(float(row["standardized"]), float(row["residual"]) / own, delta=1e-6)
        self.assertAlmostEqual(sum(float(row["leverage"]) for row in rows), 3, delta=1e-9)
        self.assert_close(sum((float(row["residual"]) / float(row["sigma"])) ** 2 for row in rows), result["rss"], 1e-9)

    def test_residuals_of_a_transformed_response_and_of_converted_columns(self):
        self.write("data.csv", "x,\"y,z\"\n" + "".join(f"{x},{x + x % 3}\n" for x in range(1, 400)))
        result = self.fit_json("log(x) = a + b*`y,z`", "data.csv", "--residuals", "r.csv", "--types", "x=i64", "-w", "x < 20 || x > 380")
        with open(os.path.join(self.folder, "r.csv")) as file:
            rows = list(csv.reader(file))
        self.assertEqual(rows[0][:3], ["line", "y,z", "observed"])
        self.assertEqual(len(rows) - 1, result["n"])
        for row in rows[1:]:
            self.assert_close(float(row[2]) or 1, math.log(int(row[0]) - 1) or 1, 1e-14)


class Results(Fit):
    def test_profile_intervals_are_those_of_the_sum_of_squares(self):
        result = self.fit_json(ENZYME_FORMULA, ENZYME, "--profile")
        profile = {p["name"]: (p["low"], p["high"]) for p in result["profile"]}
        expected = {"vmax": (197.30193290028393, 229.28905505505324), "km": (0.04692034203517085, 0.08615691342713842)}
        for name, (low, high) in expected.items():
            self.assert_close(profile[name][0], low, 1e-6)
            self.assert_close(profile[name][1], high, 1e-6)
        out = self.succeeds("fit", ENZYME_FORMULA, ENZYME, "--profile")
        self.assertRegex(out, r"profile low +profile high\n")
        self.assertRegex(out, r"(?m)^  vmax +212\.7 +6\.9 +197\.2 +228\.2 +3\.3 +197\.3 +229\.3$")

    def test_statistics_are_those_of_the_textbook(self):
        """Bates and Watts 1988, A1.3: 212.7 (6.95), 0.0641 (0.0083), s = 10.93; AIC, BIC and R squared by their definitions."""
        result = self.fit_json(ENZYME_FORMULA, ENZYME)
        for key, value in (("rss", 1195.4488144393597), ("aic", 95.27096864894756), ("bic", 96.72568859831156),
                           ("r_squared", 0.9612608301402017)):
            self.assert_close(result[key], value, 1e-9)
        out = self.succeeds("fit", ENZYME_FORMULA, ENZYME)
        self.assertRegex(out, r"(?m)^  residual sum of squares   1195\.45 +R squared +0\.9613$")
        self.assertRegex(out, r"(?m)^  degrees of freedom +10 +AIC +95\.27$")

    def test_confidence_widens_intervals(self):
        def half(confidence):
            p = self.fit_json(ENZYME_FORMULA, ENZYME, *confidence)["parameters"][0]
            return (p["ci_high"] - p["ci_low"]) / 2 / p["stderr"]
        # Student's t for 10 degrees of freedom (any table): 97.5 %, 99.5 %, 75 %
        self.assert_close(half(()), 2.2281388, 1e-7)
        self.assert_close(half(("--confidence", "0.99")), 3.1692727, 1e-7)
        self.assert_close(half(("--confidence", "0.5")), 0.6998121, 1e-6)
        self.assertIn("the 99 % interval", self.succeeds("fit", ENZYME_FORMULA, ENZYME, "--confidence", ".99"))
        self.fails(2, 'option "--confidence": "95" is not between 0 and 1', "fit", ENZYME_FORMULA, ENZYME, "--confidence", "95")

    def test_strong_correlations_are_listed(self):
        self.write("data.csv", MISRA1A)
        out = self.succeeds("fit", MISRA1A_FORMULA, "data.csv", "-s", MISRA1A_START)
        covariance = self.fit_json(MISRA1A_FORMULA, "data.csv", "-s", MISRA1A_START)["covariance"]
        r = covariance[0][1] / (covariance[0][0] * covariance[1][1]) ** 0.5
        got = re.search(r"(?m)^  correlations +a and b (-0\.\d+)$", out).group(1)
        self.assertAlmostEqual(float(got), r, delta=1e-5)
        self.assertNotIn("correlations", self.succeeds("fit", "y = a*x + b", "-", stdin="x,y\n-1,1\n0,2\n1,3.1\n2,4\n"))

    def test_save_writes_what_format_json_says(self):
        for words in ((), ("--sigma", "sd", "--profile"), ("--max-evals", "1", "-s", "a=1,k=1,c=1")):
            for form in ("text", "json", "csv"):
                self.run_quern("fit", DECAY_FORMULA, DECAY, *words, "--save", f"{form}.json", "--format", form)
            out = self.run_quern("fit", DECAY_FORMULA, DECAY, *words, "--format", "json")[1]
            for form in ("text", "json", "csv"):
                with open(os.path.join(self.folder, f"{form}.json")) as file:
                    self.assertEqual(file.read(), out)

    def test_files_that_cannot_be_are_refused_and_the_result_is_shown_all_the_same(self):
        words = ("fit", DECAY_FORMULA, DECAY)
        for option in ("save", "residuals"):
            self.fails(2, f"--{option}: standard output holds the result: name a file", *words, f"--{option}", "-")
            code, out, err = self.run_quern(*words, f"--{option}", "none/x")
            self.assertEqual(code, 73)
            self.assertIn("none/x", err)
            self.assertIn("converged", out)
        self.fails(2, '--save: "x.csv" is the file of --residuals already', *words, "--save", "x.csv", "--residuals", "x.csv")
        self.assertEqual(os.listdir(self.folder), [])

    def test_no_file_takes_the_place_of_an_input_or_of_another_by_whatever_name(self):
        inputs = {"line.csv": LINE.encode(), "model.txt": b"y = a*x + b", "cov.npy": matrix(covariance(0.5))}
        for name, content in inputs.items():
            self.write(name, content)
        os.mkdir(os.path.join(self.folder, "sub"))
        os.symlink("line.csv", os.path.join(self.folder, "soft.csv"))
        os.link(os.path.join(self.folder, "line.csv"), os.path.join(self.folder, "hard.csv"))
        words = ("fit", "@model.txt", "line.csv", "--cov", "cov.npy")
        for option in ("save", "residuals"):
            for path in ("line.csv", "./line.csv", "sub/../line.csv", "soft.csv", "hard.csv", os.path.join(self.folder, "line.csv")):
                self.fails(2, f'--{option}: "{path}" is the data', *words, f"--{option}", path)
            self.fails(2, f'--{option}: "./model.txt" is the formula\'s file', *words, f"--{option}", "./model.txt")
            self.fails(2, f'--{option}: "./cov.npy" is the file of --cov', *words, f"--{option}", "./cov.npy")
        with open(os.path.join(self.folder, "line.csv")) as data:
            process = self.popen("fit", "y = a*x + b", "-", "--save", "line.csv", stdin=data, stderr=subprocess.PIPE)
            self.assertIn(b'--save: "line.csv" is the data', process.communicate(timeout=TIMEOUT)[1])
        self.fails(2, '--save: "sub/../x" is the file of --residuals already', *words, "--save", "sub/../x", "--residuals", "./x")
        for name, content in inputs.items():
            with open(os.path.join(self.folder, name), "rb") as file:
                self.assertEqual(file.read(), content)
        self.succeeds(*words, "--save", "sub/line.csv", "--residuals", "/dev/null")  # another file of the same name

    def test_profiles_that_cannot_be_are_said_to_be_none(self):
        self.write("flat.csv", "y\n5\n5\n5\n5\n")
        out = self.succeeds("fit", "y = a", "flat.csv", "--profile")
        self.assertIn("\n  profile: none, because the residuals are zero\n", out)
        self.assertNotIn("profile likelihood", out)
        self.write("two.csv", "x,y\n1,2\n2,5\n")
        code, out, err = self.run_quern("fit", "y = a*x + b", "two.csv", "--profile")
        self.assertIn("\n  profile: none, because ", out)

    def test_what_says_nothing_is_warned_of(self):
        self.write("line.csv", LINE)
        words = ("fit", "y = a*x + b", "line.csv", "--format", "json")
        for more, sentence in ((("--seed", "3"), "--seed says nothing here"),
                               (("--types", "x=f64,s=f32"), '--types: the column "s" is not used')):
            code, out, err = self.run_quern(*words, *more)
            self.assertEqual((code, err.count("\n")), (0, 1))
            self.assertTrue(err.startswith("quern: warning: " + sentence), err)
        self.succeeds(*words, "--types", "x=f64,s=f32", "--sigma", "s", "--seed", "3", "--starts", "4")
        self.fails(2, 'option "--starts": 1000000000000 is too large, 1000000 is the most', *words, "--starts", "1000000000000")

    def test_truth_values_are_read_where_the_types_say_so(self):
        self.write("truth.csv", "g,y\ntrue,3\nfalse,1\ntrue,3.5\nfalse,1.5\n")
        self.fails(65, '"true" is not a number; to read true as 1 and false as 0, give --types g=bool', "fit", "y = a*g + b", "truth.csv")
        a, b = self.fit_json("y = a*g + b", "truth.csv", "--types", "g=bool")["parameters"]
        self.assert_close(a["value"], 2, 1e-12)  # means of the groups: 3.25 and 1.25
        self.assert_close(b["value"], 1.25, 1e-12)

    def test_the_options_hold_for_nist_files(self):
        import fit_result
        self.write("Misra1a.dat", fit_result.nist_file())
        result = self.fit_json("nist", "Misra1a.dat", "--fix", "b1=238.94212918", "--save", "x.json", "--where", "x > 0")
        self.assert_close(result["parameters"][1]["value"], MISRA1A_CERTIFIED["b"][0], 1e-8)
        self.assertIn("certified", result)
        with open(os.path.join(self.folder, "x.json")) as file:
            self.assertEqual(json.load(file), result)
        tied = self.fit_json("nist", "Misra1a.dat", "--tie", "b1 = 238.94212918 + 0*b2")
        self.assert_close(tied["parameters"][1]["value"], MISRA1A_CERTIFIED["b"][0], 1e-8)
        out = self.succeeds("fit", "nist", "Misra1a.dat", "--profile", "--residuals", "r.csv")
        self.assertRegex(out, r"certified +digits +profile low +profile high\n")

    def test_an_interrupted_profile_keeps_the_fit(self):
        rows = "".join(f"{x % 500 / 50},{900 * 2.718 ** (-0.25 * (x % 500) / 50) + 25 + (x * 7919 % 101 - 50) / 20}\n" for x in range(60000))
        self.write("long.csv", "t,count\n" + rows * 5)
        process = self.popen("fit", DECAY_FORMULA, "long.csv", "-s", "a=900,k=0.25,c=25", "--profile", "--format", "json", "--save",
                             "x.json", "--log-level", "info", stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.addCleanup(process.kill)
        for line in process.stderr:
            if b"profiling" in line:
                break
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=TIMEOUT)
        result = json.loads(out)
        self.assertEqual((process.returncode, result["status"]), (130, "converged"))
        self.assertIn("the profiles were interrupted", " ".join(result["warnings"]))
        self.assertIsNone(result["profile"])
        self.assertIsNotNone(result["parameters"][0]["stderr"])
        with open(os.path.join(self.folder, "x.json")) as file:
            self.assertEqual(file.read(), out.decode())

    BLUE = r"rgb\(0%,44\.7\d*%,69\.8\d*%\)"

    def figure(self, *words):
        """The dots (x, y) of a figure in the order of drawing, how many bands it has, and how many error bars."""
        code, out, err = self.run_quern("fit", DECAY_FORMULA, DECAY, "--plot", "x.svg", "-f", "json", *words)
        if code == 69:
            self.skipTest("needs cairo")
        with open(os.path.join(self.folder, "x.svg")) as file:
            text = file.read()
        dots = re.findall(rf'fill:{self.BLUE};fill-opacity:0\.9;" d="M ([\d.]+) ([\d.]+) C', text)
        bars = re.findall(rf'stroke:{self.BLUE};[^>]*? d="(M[^"]*)"', text)
        return [(float(x), float(y)) for x, y in dots], text.count("fill-opacity:0.2;"), sum(bar.count("M") for bar in bars)

    def test_the_figure_shows_the_rows_used_their_errors_and_what_is_known_of_the_curve(self):
        dots, bands, bars = self.figure()
        self.assertEqual((len(dots), bands, bars), (2 * 20 + 1, 2, 0))  # in two panels, and one in the legend
        dots, bands, bars = self.figure("--sigma", "sd", "-w", "t != 11")
        self.assertEqual((len(dots), bands, bars), (2 * 19 + 1, 1, 19))  # nobody knows the errors of new data
        dots, bands, bars = self.figure("--max-evals", "1", "-s", "a=1,k=1,c=1")
        self.assertEqual((len(dots), bands, bars), (2 * 20 + 1, 0, 0))

    def test_the_spoilt_count_stands_out_above(self):
        dots, _, _ = self.figure("--loss", "soft_l1", "--loss-scale", "15")
        residuals = dots[20:40]
        self.assertEqual(residuals.index(min(residuals, key=lambda dot: dot[1])), 11)
        self.assertEqual([x for x, _ in residuals], [x for x, _ in dots[:20]])


if __name__ == "__main__":
    main()
