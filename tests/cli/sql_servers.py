"""`quern sql`, `fit --from` and `predict --from` beside PostgreSQL (scripts/postgres starts one; what psql says is what is right) and DuckDB
(QUERN_DUCKDB_LIB; that library needs Python's symbols, which a preloaded libpython brings along)."""
import csv
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import unittest

from command import Command, QUERN, SLOW, TIMEOUT, main
from sql import load_npy

POSTGRES = os.environ.get("QUERN_TEST_POSTGRES")
PSQL = os.environ.get("QUERN_TEST_PSQL") or shutil.which("psql")
DUCKDB = os.environ.get("QUERN_DUCKDB_LIB")
LIBPYTHON = f"libpython{sys.version_info[0]}.{sys.version_info[1]}.so.1.0"


def here(part, **environment):
    done = subprocess.run([QUERN, "info", "-f", "json"], capture_output=True, env={**os.environ, **environment})
    return done.returncode == 0 and any(p["name"] == part and p["present"] for p in json.loads(done.stdout)["parts"])


class Database(Command):
    url = None

    def sql(self, text, *words, **rest):
        return self.succeeds("sql", self.url, text, *words, **rest)

    def rows(self, text, *words):
        return json.loads(self.sql(text, *words, "-f", "json"))["rows"]

    def columns(self, text):
        return [(c["name"], c["type"]) for c in json.loads(self.sql(text, "-f", "json"))["columns"]]

    def refused(self, code, sentence, text, *words, url=None, **rest):
        return self.fails(code, sentence, "sql", url or self.url, text, *words, **rest)

    def npy(self, text):
        done = subprocess.run([QUERN, "sql", self.url, text, "-f", "npy"], env=self.environment, capture_output=True, timeout=TIMEOUT)
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        return load_npy(done.stdout)


@unittest.skipUnless(POSTGRES and PSQL and here("postgres"), "SKIP: no PostgreSQL (scripts/postgres starts one), or no libpq")
class Postgres(Database):
    url = POSTGRES
    KINDS = ("SELECT 7::smallint AS i2, -2147483648 AS i4, 9223372036854775807 AS i8, 0.1::float8 AS f, 1234567890.123456789 AS n, true AS b, "
             "'a,\"b\"'::text AS t, 'x'::varchar AS v, ''::text AS e, '\\x00ff'::bytea AS r, date '2026-02-13' AS d, "
             "timestamptz '2026-02-13 14:30:00.25+01' AS z, NULL::int AS u, '{1,2}'::int[] AS a, '{\"k\": 1}'::json AS j, "
             "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid AS id")

    def psql(self, text):
        done = subprocess.run([PSQL, "-X", "-q", "--csv", "-c", "SET timezone = 'UTC'; SET datestyle = 'ISO'; SET bytea_output = 'hex'", "-c", text,
                               POSTGRES], capture_output=True, check=True, timeout=TIMEOUT)
        return list(csv.reader(io.StringIO(done.stdout.decode(), newline="")))

    def test_rows_are_those_of_psql(self):
        head, cells = self.psql(self.KINDS)
        got_head, got = csv.reader(io.StringIO(self.sql(self.KINDS, "-f", "csv"), newline=""))
        self.assertEqual(got_head, head)
        expected = dict(zip(head, cells, strict=True))
        self.assertEqual((expected["b"], expected["r"], expected["z"]), ("t", "\\x00ff", "2026-02-13 13:30:00.25+00"))
        expected.update(b="true", r="00ff", z="2026-02-13T13:30:00.25Z")
        self.assertEqual(dict(zip(got_head, got, strict=True)), expected)

    def test_columns_have_types(self):
        types = dict(self.columns(self.KINDS))
        self.assertEqual(types, {"i2": "i64", "i4": "i64", "i8": "i64", "f": "f64", "n": "decimal", "b": "bool", "t": "text", "v": "text",
                                 "e": "text", "r": "bytes", "d": "date", "z": "timestamp", "u": "i64", "a": "text", "j": "text", "id": "text"})

    def test_a_decimal_is_a_number_in_json_digit_for_digit(self):
        out = self.sql("SELECT 12345678901234567890.1234567890 AS n, 'NaN'::numeric AS m, -0.50 AS h", "-f", "json")
        self.assertIn('"rows":[[12345678901234567890.1234567890,null,-0.50]]', out)

    def test_values_get_the_types_that_the_server_expects(self):
        for text, param, expected in (("SELECT $1 + 1", "41", 42), ("SELECT $1::date + 1", "2026-02-13", "2026-02-14"),
                                      ("SELECT pg_typeof($1)::text", "int:1", "bigint"), ("SELECT pg_typeof($1)::text", "decimal:1.5", "numeric"),
                                      ("SELECT pg_typeof($1)::text", "date:2026-02-13", "date"), ("SELECT $1::text", "text:int:3", "int:3"),
                                      ("SELECT $1::int IS NULL", "null:", True), ("SELECT length($1)", "bytes:00ff00", 3)):
            self.assertEqual(self.rows(text, "--param", param), [[expected]], msg=(text, param))

    def test_errors_carry_place_and_sqlstate(self):
        err = self.refused(65, "42601", "SELECT 1\nFRM x")
        self.assertTrue(err.endswith("\n  FRM x\n      ^\n"), msg=err)
        err = self.refused(65, "42P01", "SELECT 1 FROM nowhere")
        self.assertTrue(err.endswith("\n                ^\n"), msg=err)
        self.refused(65, "22012", "SELECT 1/0")
        self.refused(69, "statement timeout", "SELECT pg_sleep(60)", "--timeout", "0.05")
        self.refused(77, "read-only", "CREATE TABLE never (x int)", "--read-only")

    def test_a_password_is_needed_and_never_told(self):
        where = self.url.split("@", 1)[1]
        self.assertEqual(json.loads(self.succeeds("sql", f"postgres://guarded:secret%20word@{where}", "SELECT current_user::text", "-f", "json"))["rows"],
                         [["guarded"]])
        self.succeeds("sql", f"postgres://guarded@{where}", "SELECT 1", environment={"PGPASSWORD": "secret word"})
        err = self.refused(77, "guarded", "SELECT 1", url=f"postgres://guarded:hunter2@{where}")
        self.assertNotIn("hunter2", err)

    def test_a_password_comes_from_where_it_is_kept(self):
        url = "postgres://guarded:hunter2@" + self.url.split("@", 1)[1]  # that one does not count
        path = self.write("password", "secret word\n")
        os.chmod(path, 0o600)
        for reference in ("file:password", "command:echo 'secret word'", "credential:password"):
            environment = {"CREDENTIALS_DIRECTORY": self.folder}
            self.succeeds("sql", url, "SELECT 1", "--password", reference, environment=environment)
            self.succeeds("sql", url, "SELECT 1", environment={**environment, "QUERN_SQL_PASSWORD": reference})
        self.succeeds("sql", "memory:", "SELECT 1", environment={"QUERN_SQL_PASSWORD": "file:nowhere"})
        result = self.fit_json("y = a*x", "--from", url, "--query", "SELECT x, 2*x AS y FROM generate_series(1, 5) x", "--password", "file:password")
        self.assertEqual(result["n"], 5)
        os.mkdir(os.path.join(self.folder, "migrations"))
        self.write("migrations/1_one.sql", "SELECT 1;")
        code, _, err = self.run_quern("db", "status", url, "migrations", "--password", "file:password")
        self.assertEqual((code, err), (1, ""))
        self.write("wrong", "swordfish")
        os.chmod(os.path.join(self.folder, "wrong"), 0o600)
        err = self.refused(77, "28P01", "SELECT 1", "--password", "file:wrong", url=url)
        self.assertNotIn("swordfish", err)
        self.assertNotIn("hunter2", err)

    def test_tables_are_written_read_and_fitted(self):
        self.addCleanup(self.sql, "DROP TABLE IF EXISTS cli_xy")
        self.sql("CREATE TABLE cli_xy (x int, y numeric(10, 3))")
        self.assertEqual(self.sql("INSERT INTO cli_xy SELECT i, 2.5 * i + 1 FROM generate_series(1, 10) i"), "10 rows changed\n")
        words = ("--from", self.url, "--query", "SELECT * FROM cli_xy WHERE x > $1", "--param", "2")
        result = self.fit_json("y = a*x + b", *words, "--save", f"{self.folder}/fit.json")
        self.assertEqual(result["n"], 8)
        self.assert_close(result["parameters"][0]["value"], 2.5, 1e-12)
        self.assertEqual(self.succeeds("predict", f"{self.folder}/fit.json", "--from", self.url, "--query", "SELECT 4 AS x").splitlines()[1][:5], "4,11")
        self.assertEqual(self.npy("SELECT x, y FROM cli_xy WHERE x < 3 ORDER BY x"), ((2, 2), [(1, 3.5), (2, 6)]))
        self.fails(77, "read-only", "fit", "y = a*x", "--from", self.url, "--query", "DELETE FROM cli_xy RETURNING *")

    def test_memory_does_not_grow_with_the_rows(self):
        out = self.sql("SELECT i, i * 0.5 AS h FROM generate_series(1, 50000) i", "-f", "csv", "--memory-limit", "1M")
        self.assertEqual(out.count("\n"), 50_001)

    def test_ctrl_c_ends_it_at_once(self):
        process = self.popen("sql", self.url, "SELECT generate_series(1, 1000000000000) AS i", "-f", "csv", stdout=subprocess.PIPE)
        self.addCleanup(process.kill)
        self.addCleanup(process.stdout.close)
        self.assertEqual(process.stdout.readline(), b"i\n")
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(TIMEOUT), 130)


@unittest.skipUnless(DUCKDB and SLOW == 1 and here("duckdb", LD_PRELOAD=LIBPYTHON), "SKIP: no DuckDB (scripts/duckdb fetches one), or sanitizers")
class DuckDb(Database):
    url = "duckdb:d.duck"

    def setUp(self):
        super().setUp()
        self.environment |= {"LD_PRELOAD": LIBPYTHON, "QUERN_DUCKDB_LIB": DUCKDB}
        self.write("xy.csv", "x,y\n" + "".join(f"{i},{2.5 * i + 1}\n" for i in range(1, 11)))

    def test_types_are_those_of_the_columns(self):
        # what duckdb.sql(…).fetchall() of DuckDB's Python module gives
        out = json.loads(self.sql("SELECT 7::TINYINT AS i, 12.50 AS n, 0.1::DOUBLE AS f, true AS b, 'x' AS t, '\\x00\\xFF'::BLOB AS r, DATE '2026-02-13' AS d, "
                                  "TIMESTAMP '2026-02-13 14:30:00.5' AS s, NULL::INTEGER AS u, [1, 2] AS a", "-f", "json"))
        self.assertEqual([c["type"] for c in out["columns"]], ["i64", "decimal", "f64", "bool", "text", "bytes", "date", "timestamp", "i64", "text"])
        self.assertEqual(out["rows"], [[7, 12.5, 0.1, True, "x", "00ff", "2026-02-13", "2026-02-14T14:30:00.5Z".replace("14T", "13T"), None, "[1, 2]"]])

    def test_a_file_is_read_by_a_database_in_memory(self):
        result = self.fit_json("y = a*x + b", "--from", "duckdb:", "--query", "SELECT * FROM 'xy.csv' WHERE x > $1", "--param", "2")
        self.assertEqual(result["n"], 8)
        self.assert_close(result["parameters"][0]["value"], 2.5, 1e-12)

    def test_tables_are_written_and_read(self):
        self.assertEqual(self.sql("CREATE TABLE xy (x INTEGER, y DOUBLE)"), "0 rows changed\n")
        self.assertEqual(self.sql("INSERT INTO xy SELECT * FROM 'xy.csv'"), "10 rows changed\n")
        self.assertEqual(self.rows("SELECT count(*), sum(y) FROM xy WHERE x <= $1", "--param", "int:4"), [[4, 29]])
        self.refused(77, "read-only", "DELETE FROM xy", "--read-only")
        err = self.refused(65, "z", "SELECT z FROM xy")
        self.assertTrue(err.endswith("\n  SELECT z FROM xy\n         ^\n"), msg=err)


if __name__ == "__main__":
    if all(getattr(database, "__unittest_skip__", False) for database in (Postgres, DuckDb)):
        print(f"SKIP: {sys.argv[0]}: neither PostgreSQL nor DuckDB is here")
        sys.exit(77)
    main()
