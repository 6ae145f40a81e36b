"""`quern fit --from URL --query SQL` and `quern predict … --from`: the rows of a database in place of a file. Databases are made by
Python's own sqlite3; what is fitted is known from NIST, or from the same numbers in CSV."""
import csv
import os
import sqlite3
import sys

from command import Command, MISRA1A, MISRA1A_CERTIFIED, MISRA1A_FORMULA, MISRA1A_START, has_part, main

FROM = ("--from", "sqlite:m.db", "--query")
ALL = (*FROM, "SELECT * FROM misra")


class From(Command):
    def setUp(self):
        super().setUp()
        self.write("data.csv", MISRA1A)
        numbers = [tuple(map(float, line.split(","))) for line in MISRA1A.splitlines()[1:]]
        db = self.connect()
        db.execute("CREATE TABLE misra (volume REAL, label TEXT, pressure REAL, s REAL, day INTEGER)")
        db.executemany("INSERT INTO misra VALUES (?, ?, ?, ?, ?)", [(y, f"row {i}", x, i % 3 + 1, i) for i, (x, y) in enumerate(numbers)])
        db.commit()

    def connect(self):
        db = sqlite3.connect(os.path.join(self.folder, "m.db"))
        self.addCleanup(db.close)
        return db

    def change(self, text, *values):
        self.connect().execute(text, values).connection.commit()

    def fit(self, *words, **rest):
        return self.fit_json(MISRA1A_FORMULA, *words, "--start", MISRA1A_START, **rest)

    def refused(self, code, sentence, *words, formula=MISRA1A_FORMULA, **rest):
        return self.fails(code, sentence, "fit", formula, *words, **rest)

    def save(self):
        self.succeeds("fit", MISRA1A_FORMULA, *ALL, "-s", MISRA1A_START, "--save", "fit.json")
        return "fit.json"


class Fit(From):
    def test_the_fit_is_that_of_nist(self):
        result = self.fit(*ALL)
        for parameter in result["parameters"]:
            value, stderr = MISRA1A_CERTIFIED[parameter["name"]]
            self.assert_close(parameter["value"], value, 1e-9)
            self.assert_close(parameter["stderr"], stderr, 1e-8)
        self.assertEqual(result["parameters"], self.fit("data.csv")["parameters"])

    def test_the_result_is_called_after_the_url(self):
        out = self.succeeds("fit", MISRA1A_FORMULA, *ALL, "-s", MISRA1A_START)
        self.assertIn("\nsqlite:m.db: 14 rows\n", out)

    def test_the_query_and_its_values_choose_the_rows(self):
        expected = self.fit("data.csv", "--where", "pressure > 100 && pressure < 700")
        query = "SELECT pressure, volume FROM misra WHERE pressure > $1 AND pressure < $2"
        got = self.fit(*FROM, query, "--param", "100", "--param", "float:700")
        self.assertEqual((got["n"], got["parameters"]), (expected["n"], expected["parameters"]))
        self.write("query.sql", query)
        for words, stdin in ((("@query.sql",), ""), (("-",), query), (("@-",), query)):
            self.assertEqual(self.fit(*FROM, *words, "--param", "100", "--param", "float:700", stdin=stdin)["parameters"], got["parameters"])

    def test_columns_keep_the_names_that_the_query_gives(self):
        result = self.fit_json("v = a*(1 - exp(-b*p))", *FROM, "SELECT volume AS v, pressure AS p FROM misra", "-s", MISRA1A_START)
        self.assertEqual(result["parameters"], self.fit("data.csv")["parameters"])
        # an exact name: Pressure is a parameter
        result = self.fit_json("volume = Pressure*pressure", *ALL)
        self.assertEqual([parameter["name"] for parameter in result["parameters"]], ["Pressure"])

    def test_options_about_rows_and_errors_hold(self):
        rows = "\n".join(f"{line},{i % 3 + 1}" for i, line in enumerate(MISRA1A.splitlines()[1:]))
        self.write("s.csv", "pressure,volume,s\n" + rows + "\n")
        words = ("--sigma", "s", "--absolute-sigma", "--where", "pressure > 100")
        self.assertEqual(self.fit(*ALL, *words)["parameters"], self.fit("s.csv", *words)["parameters"])

    def test_residuals_name_the_row_of_the_query(self):
        self.succeeds("fit", MISRA1A_FORMULA, *ALL, "-s", MISRA1A_START, "--where", "pressure > 100", "--residuals", "r.csv")
        with open(os.path.join(self.folder, "r.csv"), newline="") as file:
            rows = list(csv.DictReader(file))
        self.assertEqual([row["line"] for row in rows], [str(i) for i in range(2, 15)])

    def test_what_is_missing_is_named_or_left_out(self):
        self.change("UPDATE misra SET pressure = NULL WHERE day = 4")
        self.refused(65, 'sqlite:m.db: row 5: column "pressure" has no value', *ALL)
        result = self.fit(*ALL, "--nan", "omit")
        self.assertEqual((result["n"], result["omitted"]), (13, 1))

    def test_the_database_is_only_read(self):
        self.refused(77, "readonly", *FROM, "DELETE FROM misra RETURNING pressure, volume")
        self.assertEqual(self.connect().execute("SELECT count(*) FROM misra").fetchone(), (14,))
        self.refused(66, "none.db", "--from", "sqlite:none.db", "--query", "SELECT 1")
        self.assertFalse(os.path.exists(os.path.join(self.folder, "none.db")))

    def test_data_that_cannot_be_fitted_are_refused(self):
        self.refused(65, 'column "label" holds text values, not numbers', *ALL, formula="volume = a*label")
        self.refused(65, "the query gives no rows", *FROM, "SELECT * FROM misra WHERE 0")
        self.refused(65, "volume", *FROM, "SELECT pressure FROM misra")
        self.change("UPDATE misra SET pressure = 'wide' WHERE day = 3")
        self.refused(65, 'row 4, column "pressure"', *ALL)

    def test_wrong_sql_is_shown_with_its_place(self):
        err = self.refused(65, "syntax error", *FROM, "SELCT 1")
        self.assertTrue(err.endswith("\n  SELCT 1\n  ^\n"), msg=err)
        self.write("query.sql", "SELECT volume,\n       presure FROM misra")
        err = self.refused(65, "query.sql:2:", *FROM, "@query.sql")
        self.assertTrue(err.endswith("\n         presure FROM misra\n         ^\n"), msg=err)
        self.refused(2, "more than one statement", *FROM, "SELECT 1; SELECT 2")
        self.refused(2, '--param, $1: "int:x" is no whole number', *FROM, "SELECT $1", "--param", "int:x")

    def test_a_password_is_never_told(self):
        for url in ("postgres://u:hunter2@127.0.0.1:1/x", "postgres://127.0.0.1:1/x?password=hunter2", "postgres://u:hunter2@@x/"):
            code, out, err = self.run_quern("fit", "y = a*x", "--from", url, "--query", "SELECT 1", "--log-level", "trace")
            self.assertIn(code, (2, 69))
            self.assertNotIn("hunter2", out + err)


class Words(From):
    def test_a_file_or_a_database_and_not_both(self):
        self.refused(2, '"data.csv" is one argument too many: --from takes its place', "data.csv", *ALL)
        self.refused(2, "DATA is missing, or --from URL in its place")
        self.refused(2, 'option "--from" needs --query=SQL beside it', "--from", "sqlite:m.db")
        self.refused(2, 'option "--query" needs --from=URL beside it', "--query", "SELECT 1")
        self.refused(2, "--param goes with --query", "data.csv", "--param", "1")
        self.fails(2, 'option "--from" does not go with "nist"', "fit", "nist", "x.dat", *ALL)
        self.fails(2, "DATA is missing, or --from URL in its place", "predict", "fit.json")

    def test_options_about_files_are_refused(self):
        for words in (("--no-header",), ("--delimiter", ";"), ("--types", "volume=f64")):
            self.refused(2, f"{words[0]} is for CSV data, and --from asks a database", *ALL, *words)

    def test_standard_input_is_one(self):
        self.fails(2, "formula and data cannot both come from standard input", "fit", "@-", *FROM, "-")
        self.fails(2, "fit and data cannot both come from standard input", "predict", "-", *FROM, "@-")

    def test_the_database_is_not_overwritten(self):
        for url in ("sqlite:m.db", "sqlite:./m%2edb?mode=ro", f"sqlite:{self.folder}/m.db"):
            self.refused(2, '--save: "m.db" is the data', "--from", url, "--query", "SELECT 1", "--save", "m.db")
        self.assertEqual(self.connect().execute("SELECT count(*) FROM misra").fetchone(), (14,))


class Predict(From):
    def test_predictions_are_those_for_a_file(self):
        fit = self.save()
        for words in ((), ("--band",), ("--format", "json", "--band")):
            self.assertEqual(self.succeeds("predict", fit, *ALL, *words), self.succeeds("predict", fit, "data.csv", *words))
        out = self.succeeds("predict", fit, *FROM, "SELECT $1 AS pressure", "--param", "int:100")
        self.assertEqual(out, self.succeeds("predict", fit, "-", stdin="pressure\n100\n"))

    def test_rows_come_in_pieces_and_are_counted_through(self):
        count = 70_000  # more than are predicted at a time
        fit = self.save()
        many = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d) SELECT i * 0.5 AS pressure FROM n" % count
        out = self.succeeds("predict", fit, *FROM, many)
        self.assertEqual(out.count("\n"), count + 1)
        self.assertTrue(out.splitlines()[-1].startswith("35000,"))
        code, out, err = self.run_quern("predict", fit, *FROM, many.replace("i * 0.5", f"nullif(i, {count}) * 0.5"))
        self.assertEqual(code, 65)
        self.assertIn(f'sqlite:m.db: row {count}: column "pressure" has no value', err)

    def test_what_is_wrong_is_told(self):
        fit = self.save()
        self.fails(65, "the query gives no rows", "predict", fit, *FROM, "SELECT * FROM misra WHERE 0")
        self.fails(65, "pressure", "predict", fit, *FROM, "SELECT volume FROM misra")
        err = self.fails(65, "syntax error", "predict", fit, *FROM, "SELCT")
        self.assertTrue(err.endswith("\n  SELCT\n  ^\n"), msg=err)


if __name__ == "__main__":
    if not has_part("sqlite"):
        print(f"SKIP: {sys.argv[0]}: SQLite is not here")
        sys.exit(77)
    main()
