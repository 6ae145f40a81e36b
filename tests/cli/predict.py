"""quern predict: a saved fit and new data, as a person and as a program meet it."""
import csv
import gzip
import io
import json
import math
import unittest

from command import MISRA1A, MISRA1A_FORMULA, Command, main
from npy_data import npy

WEIGHTED = "x,y,s\n0,1,1\n1,1,2\n2,5,1\n3,7,2\n4,8,1\n5,12,2\n"  # the line of SciPy's test suite with sigma


class Predict(Command):
    def save(self, *words, name="fit.json", data=MISRA1A):
        self.write("data.csv", data)
        self.succeeds("fit", *words, "data.csv", "--save", name)
        return name

    def misra(self):
        return self.save(MISRA1A_FORMULA)

    def rows(self, text):
        return list(csv.DictReader(io.StringIO(text)))


class Results(Predict):
    def test_csv_has_predictors_first_and_then_the_curve(self):
        out = self.succeeds("predict", self.misra(), "-", stdin="pressure\n10\n500\n")
        self.assertEqual(out.splitlines()[0], "pressure,fitted")
        self.assertTrue(out.splitlines()[1].startswith("10,"))
        self.assert_close(float(self.rows(out)[1]["fitted"]), 57.462543932236485, 1e-8)

    def test_a_band_has_the_delta_methods_limits(self):
        # numpy, at NIST's solution: R of qr(J), se = s norm(solve(R.T, g)), f -+ t.ppf(0.95, 12) se, f -+ t hypot(se, s)
        row = self.rows(self.succeeds("predict", self.misra(), "-", "--band", "--confidence", "0.9", stdin="pressure\n500\n"))[0]
        self.assertEqual(list(row), ["pressure", "fitted", "stderr", "ci_low", "ci_high", "pi_low", "pi_high"])
        for name, expected in (("fitted", 57.462543932236485), ("stderr", 0.03348321984971956), ("ci_low", 57.402867206175266),
                               ("ci_high", 57.522220658297705), ("pi_low", 57.27141149102332), ("pi_high", 57.65367637344965)):
            self.assert_close(float(row[name]), expected, 1e-7, name)

    def test_the_confidence_is_the_fits_unless_it_is_given(self):
        given = self.succeeds("predict", self.misra(), "-", "--band", "--confidence", "0.9", stdin="pressure\n9\n")
        fit = self.save(MISRA1A_FORMULA, "--confidence", "0.9")
        self.assertEqual(self.succeeds("predict", fit, "-", "--band", stdin="pressure\n9\n"), given)

    def test_intervals_are_not_of_constant_width(self):
        rows = self.rows(self.succeeds("predict", self.misra(), "-", "--band", stdin="pressure\n100\n1000\n4000\n"))
        widths = [float(r["pi_high"]) - float(r["pi_low"]) for r in rows]
        self.assertLess(widths[0] * 1.2, widths[1])
        self.assertLess(widths[1] * 1.2, widths[2])

    def test_a_response_in_the_data_is_shown_with_its_residual(self):
        rows = self.rows(self.succeeds("predict", self.misra(), "data.csv"))
        self.assertEqual(list(rows[0]), ["pressure", "fitted", "observed", "residual"])
        self.assertEqual(len(rows), 14)
        rss = sum(float(r["residual"]) ** 2 for r in rows)
        self.assert_close(rss, 1.2455138894e-01, 1e-9)  # certified by NIST
        self.assertEqual(rows[0]["observed"], "10.07")

    def test_json_says_the_same_as_csv(self):
        fit = self.misra()
        rows = self.rows(self.succeeds("predict", fit, "data.csv", "--band"))
        result = json.loads(self.succeeds("predict", fit, "data.csv", "--band", "--format", "json"))
        self.assertEqual(result["schema"], "quern.predict/1")
        self.assertEqual((result["formula"], result["response"], result["confidence"]), (MISRA1A_FORMULA, "volume", 0.95))
        self.assertEqual((result["n"], result["omitted"], result["warnings"]), (14, 0, []))
        for row, record in zip(rows, result["rows"], strict=True):
            self.assertEqual(record.pop("at"), {"pressure": float(row.pop("pressure"))})
            self.assertEqual(record, {name: float(cell) for name, cell in row.items()})

    def test_a_transformed_response_gives_its_name_to_the_curve(self):
        fit = self.save("log(volume) = a + b*log(pressure)")
        out = self.succeeds("predict", fit, "-", stdin="pressure\n100\n")
        self.assertEqual(out.splitlines()[0], "pressure,log(volume)")
        self.assertLess(abs(float(self.rows(out)[0]["log(volume)"]) - math.log(13)), 0.2)
        record = json.loads(self.succeeds("predict", fit, "-", "--format", "json", stdin="pressure\n100\n"))
        self.assertEqual((record["response"], list(record["rows"][0])), ("log(volume)", ["at", "fitted"]))

    def test_a_response_given_by_y_is_remembered(self):
        self.write("odd.csv", 'x,"dose, ""mg"""\n1,2.1\n2,3.9\n3,6.2\n')
        self.succeeds("fit", "a*x", "odd.csv", "--y", 'dose, "mg"', "--save", "odd.json")
        self.assertEqual(self.succeeds("predict", "odd.json", "odd.csv").splitlines()[0], "x,fitted,observed,residual")

    def test_what_save_writes_is_what_format_json_prints(self):
        self.misra()
        printed = self.succeeds("fit", MISRA1A_FORMULA, "data.csv", "--format", "json")
        with open(f"{self.folder}/fit.json") as file:
            self.assertEqual(file.read(), printed)
        expected = self.succeeds("predict", "fit.json", "data.csv")
        self.assertEqual(self.succeeds("predict", "-", "data.csv", stdin=printed), expected)


class Weighted(Predict):
    def test_a_new_sigma_makes_the_interval(self):
        # numpy: C = inv(X' W X), t.ppf(0.975, 4) hypot(se, sqrt(chi^2 / 4) sigma), norm.ppf(0.975) hypot(se, sigma)
        for words, halves in (((), (1.401138785151884, 6.5869259476108315)),
                              (("--absolute-sigma",), (1.4704865161022447, 6.912938169416076))):
            fit = self.save("y = a*x + b", "--sigma", "s", *words, data=WEIGHTED)
            rows = self.rows(self.succeeds("predict", fit, "-", "--band", stdin="x,s\n1.5,0.5\n8,3\n"))
            for row, half in zip(rows, halves, strict=True):
                self.assert_close(float(row["pi_high"]) - float(row["fitted"]), half, 1e-9)

    def test_without_it_the_interval_is_empty_and_a_warning_says_so(self):
        fit = self.save("y = a*x + b", "--sigma", "s", data=WEIGHTED)
        code, out, err = self.run_quern("predict", fit, "-", "--band", stdin="x\n1.5\n8\n")
        self.assertEqual(code, 0)
        self.assertEqual(err, 'quern: warning: the fit is weighted by the column "s", which the data does not have: there is no '
                              "prediction interval\n")
        for row in self.rows(out):
            self.assertEqual((row["pi_low"], row["pi_high"]), ("", ""))
            self.assertGreater(float(row["ci_high"]), float(row["ci_low"]))
        code, out, err = self.run_quern("predict", fit, "-", "--band", "-f", "json", stdin="x\n1.5\n8\n")
        self.assertIn("there is no prediction interval", json.loads(out)["warnings"][0])
        self.assertIsNone(json.loads(out)["rows"][0]["pi_low"])

    def test_without_a_band_sigma_is_not_asked_for(self):
        fit = self.save("y = a*x + b", "--sigma", "s", data=WEIGHTED)
        self.succeeds("predict", fit, "-", stdin="x\n1.5\n")

    def test_a_fit_that_did_not_converge_is_said_to_be_one(self):
        self.write("data.csv", "x,y\n0,1\n1,30\n2,900\n3,27000\n")
        self.run_quern("fit", "y = a*exp(b*x)", "data.csv", "-s", "a=1,b=1", "--max-evals", "2", "--save", "fit.json")
        code, out, err = self.run_quern("predict", "fit.json", "data.csv", "--band")
        self.assertEqual(code, 0)
        self.assertIn("warning: the fit did not converge: the curve is that of the best parameters so far\n", err)
        self.assertIn("it has no standard errors: there is no band\n", err)
        self.assertEqual(self.rows(out)[0]["stderr"], "")


class Data(Predict):
    def test_kinds_of_data_are_found_by_content(self):
        fit = self.save("c2 = a*(1 - exp(-b*c1))", "--no-header", data=MISRA1A.split("\n", 1)[1])
        expected = self.succeeds("predict", fit, "data.csv", "--no-header", "--band")
        numbers = [tuple(map(float, line.split(","))) for line in MISRA1A.splitlines()[1:]]
        self.assertEqual(self.succeeds("predict", fit, self.write("array", npy(numbers)), "--band"), expected)
        tabs = self.write("tabs", MISRA1A.split("\n", 1)[1].replace(",", "\t"))
        self.assertEqual(self.succeeds("predict", fit, tabs, "--no-header", "-d", "tab", "--band"), expected)
        self.fails(2, "--no-header is for CSV data", "predict", fit, "array", "--no-header")

    def test_gzip_is_read(self):
        fit = self.misra()
        packed = self.write("new.csv.gz", gzip.compress(MISRA1A.encode()))
        code, out, err = self.run_quern("predict", fit, packed)
        if code == 69:
            self.skipTest("needs zlib")
        self.assertEqual((code, out, err), (0, self.succeeds("predict", fit, "data.csv"), ""))

    def test_types_are_shown_as_they_were(self):
        fit = self.save("y = a*x + b*flag", "--types", "flag=bool", data="x,flag,y\n1,true,3\n2,false,2\n3,true,5\n4,false,4.5\n")
        out = self.succeeds("predict", fit, "-", "--types", "x=i64,flag=bool", stdin="flag,x\ntrue,9007199254740993\n")
        self.assertTrue(out.splitlines()[1].startswith("9007199254740993,true,"), msg=out)
        record = json.loads(self.succeeds("predict", fit, "-", "-f", "json", "--types", "x=i64,flag=bool", stdin="flag,x\ntrue,3\n"))
        self.assertEqual(record["rows"][0]["at"], {"x": 3, "flag": True})

    def test_more_rows_than_are_read_at_a_time(self):
        fit = self.misra()
        n = 150000  # rows are predicted 65536 at a time
        out = self.succeeds("predict", fit, "-", "--band", stdin="pressure\n" + "".join(f"{i}\n" for i in range(n)))
        lines = out.splitlines()
        self.assertEqual(len(lines), n + 1)
        for i in (0, 65535, 65536, 131072, n - 1):
            alone = self.succeeds("predict", fit, "-", "--band", stdin=f"pressure\n{i}\n").splitlines()[1]
            self.assertEqual(lines[i + 1], alone)
        result = json.loads(self.succeeds("predict", fit, "-", "-f", "json", stdin="pressure\n" + "1\n" * n))
        self.assertEqual((result["n"], len(result["rows"])), (n, n))

    def test_a_missing_number_is_named_or_left_empty(self):
        fit = self.misra()
        err = self.fails(65, 'row 2: column "pressure" has no value', "predict", fit, self.write("new.csv", "pressure\n1\nNA\n3\n"))
        self.assertIn("new.csv:3", err)
        rows = self.rows(self.succeeds("predict", fit, "new.csv", "--band", "--nan", "omit"))
        self.assertEqual(set(rows[1].values()), {""})
        self.assertTrue(all(cell != "" for cell in [*rows[0].values(), *rows[2].values()]))
        record = json.loads(self.succeeds("predict", fit, "new.csv", "--nan", "omit", "-f", "json"))
        self.assertEqual((record["omitted"], record["rows"][1]), (1, {"at": {"pressure": None}, "fitted": None}))

    def test_an_unknown_column_is_an_error_with_the_nearest(self):
        fit = self.misra()
        self.fails(65, 'there is no column "pressure": did you mean "presure"?', "predict", fit, "-", stdin="presure\n1\n")
        fit = self.save("c3 = a*c2", "--no-header", data="1,2,3\n2,4.1,5\n3,6,9\n")
        self.fails(65, 'one.npy: the table has no column "c2"', "predict", fit, self.write("one.npy", npy([(1.0,), (2.0,)])))

    def test_values_that_the_formula_cannot_take_are_counted(self):
        fit = self.save("volume = a*log(pressure) + b")
        code, out, err = self.run_quern("predict", fit, "-", stdin="pressure\n-1\n2\n-3\n")
        self.assertEqual((code, err), (0, "quern: warning: 2 rows: the formula or its derivatives are not finite there\n"))
        self.assertEqual([row["fitted"] == "" for row in self.rows(out)], [True, False, True])

    def test_a_response_out_of_its_domain_is_counted(self):
        fit = self.save("log(volume) = a + b*log(pressure)")
        code, out, err = self.run_quern("predict", fit, "-", stdin="pressure,volume\n100,13\n100,-1\n100,\n")
        self.assertEqual((code, err), (0, "quern: warning: 1 row: the response is not finite there, so it has no residual\n"))
        self.assertEqual([row["residual"] == "" for row in self.rows(out)], [False, True, True])

    def test_units_do_not_matter(self):
        for unit in ("e-300", "e300"):
            self.write("data.csv", "".join(["x,y\n", *(f"{x},{y}{unit}\n" for x, y in enumerate((2, 3.1, 3.9, 5.2, 5.8), 1))]))
            self.run_quern("fit", "y = a + b*x", "data.csv", "--save", "fit.json")
            row = self.rows(self.succeeds("predict", "fit.json", "-", "--band", stdin="x\n2.5\n"))[0]
            # numpy: X = [1, x], g = [1, 2.5], sqrt(rss / 3 g inv(X.T X) g) of the same y without a unit
            self.assert_close(float(row["stderr"]) / float("1" + unit), 0.0826135582092916, 1e-12)

    def test_an_interval_beyond_double_precision_is_empty(self):
        with open(f"{self.folder}/{self.misra()}") as file:
            fit = json.load(file)
        self.write("wide.json", json.dumps({**fit, "residual_sd": 1e308}))
        code, out, err = self.run_quern("predict", "wide.json", "-", "--band", stdin="pressure\n100\n")
        self.assertEqual((code, [self.rows(out)[0][name] for name in ("pi_low", "pi_high")]), (0, ["", ""]))
        self.assertIn("1 row: a standard error, band or interval is beyond the range of double precision there", err)

    def test_a_table_without_rows_is_an_error(self):
        self.fails(65, "there is a header but no row of data", "predict", self.misra(), "-", stdin="pressure\n")


class WrongFits(Predict):
    def test_a_file_that_is_no_fit_is_refused_by_name(self):
        self.misra()
        self.fails(66, "none.json", "predict", "none.json", "data.csv")
        self.fails(65, "data.csv:1:1: not valid JSON", "predict", "data.csv", "data.csv")
        self.fails(65, 'other.json: this is no fit: it has no "schema"', "predict", self.write("other.json", "{}"), "data.csv")
        with open(f"{self.folder}/fit.json") as file:
            fit = json.load(file)
        for change, sentence in (({"schema": "quern.fit/9"}, 'the schema is "quern.fit/9"'), ({"confidence": None}, '"confidence" must be'),
                                 ({"covariance": [[1]]}, '"covariance" has 1 elements: it must have 2'),
                                 ({"covariance": [[1, 2], [2, 1]]}, '"covariance": the covariance of the fit is none'),
                                 ({"formula": "volume = a*(1 - exp(-b*pressure"}, '"formula": '),
                                 ({"formula": "volume = a*__import__(pressure, b)"}, '"formula": ')):
            self.write("bad.json", json.dumps({**fit, **change}))
            self.fails(65, "bad.json: " + sentence, "predict", "bad.json", "data.csv")
        del fit["dof"]
        self.write("bad.json", json.dumps(fit))
        self.fails(65, 'bad.json: "dof" is missing', "predict", "bad.json", "data.csv")

    def test_both_inputs_cannot_be_standard_input(self):
        self.fails(2, "cannot both come from standard input", "predict", "-", "-")

    def test_wrong_words_are_usage_errors(self):
        self.fails(2, "FIT.json is missing", "predict")
        self.fails(2, "DATA is missing", "predict", "fit.json")
        self.fails(2, "--confidence says nothing without --band", "predict", "fit.json", "data.csv", "--confidence", "0.9")
        self.fails(2, "not between 0 and 1", "predict", "fit.json", "data.csv", "--confidence", "95")
        self.fails(2, 'unknown option "--bnad": did you mean "--band"?', "predict", "fit.json", "data.csv", "--bnad")

    def test_a_full_disk_is_an_error(self):
        fit = self.misra()
        for words in ((), ("-f", "json")):
            with open("/dev/full", "wb") as full:
                code, _, err = self.run_quern("predict", fit, "data.csv", *words, stdout=full)
            self.assertEqual((code, err), (74, "quern: cannot write to standard output: No space left on device\n"))


if __name__ == "__main__":
    main()
