"""`quern sql`: statements, values, the four formats. Databases are made, and what stands in them is known, by Python's own sqlite3."""
import ast
import csv
import io
import json
import os
import signal
import sqlite3
import struct
import subprocess
import sys
import unittest

from command import Command, QUERN, SLOW, TIMEOUT, has_part, main

ROWS = [
    ("NVDA", "2026-02-13", 182.81, 100, "plain", b"\x00\xff", 1, "2026-02-13 14:30:00.5"),
    ("MU", "2026-02-14", 411.0, None, 'a,b "q"', None, 0, "2026-02-14 00:00:00"),
    ("", None, -0.1, 2**63 - 1, "line\r\nline", b"", None, None),
    ("NA", "0001-01-01", 1e300, -(2**63), " blank", None, None, "9999-12-31 23:59:59.999999"),
    ("#x", None, 0.1 + 0.2, 0, "Größe 日本 NULL", None, None, "1969-12-31 23:59:59"),
]
COLUMNS = "ticker TEXT, day DATE, close REAL, volume INTEGER, note TEXT, raw BLOB, ok BOOLEAN, at TIMESTAMP"
BOOLS = {1: True, 0: False, None: None}


def iso(stamp):
    """As SQLite's text of a time is shown."""
    return stamp and stamp.replace(" ", "T") + "Z"


def load_npy(data):
    """Shape and numbers, row by row, after the description of numpy.lib.format."""
    assert data[:8] == b"\x93NUMPY\x01\x00"
    size = struct.unpack("<H", data[8:10])[0]
    header = ast.literal_eval(data[10:10 + size].decode())
    assert header["descr"] == "<f8"
    shape = header["shape"]
    numbers = struct.unpack(f"<{(len(data) - 10 - size) // 8}d", data[10 + size:])
    if len(shape) == 1:
        return shape, list(numbers)
    rows, columns = shape
    if header["fortran_order"]:
        return shape, [tuple(numbers[c * rows + r] for c in range(columns)) for r in range(rows)]
    return shape, [tuple(numbers[r * columns:(r + 1) * columns]) for r in range(rows)]


class Sql(Command):
    def setUp(self):
        super().setUp()
        db = self.connect()
        db.execute(f"CREATE TABLE prices ({COLUMNS})")
        db.executemany("INSERT INTO prices VALUES (?,?,?,?,?,?,?,?)", ROWS)
        db.commit()

    def connect(self, name="p.db"):
        db = sqlite3.connect(os.path.join(self.folder, name))
        self.addCleanup(db.close)
        return db

    def sql(self, text, *words, url="sqlite:p.db", **rest):
        return self.succeeds("sql", url, text, *words, **rest)

    def refused(self, code, sentence, text, *words, url="sqlite:p.db", **rest):
        return self.fails(code, sentence, "sql", url, text, *words, **rest)

    def rows(self, text, *words):
        return json.loads(self.sql(text, *words, "-f", "json"))["rows"]

    def terminal(self, *words):
        """What a terminal is sent."""
        import pty
        leader, follower = pty.openpty()
        process = self.popen(*words, stdin=follower, stdout=follower, stderr=follower, environment={"TERM": "xterm"})
        os.close(follower)
        text = b""
        while True:
            try:
                piece = os.read(leader, 65536)
            except OSError:  # the other end is closed
                break
            if not piece:
                break
            text += piece
        os.close(leader)
        return process.wait(TIMEOUT), text.decode().replace("\r\n", "\n")


class Formats(Sql):
    def test_text_aligns_columns_and_puts_numbers_to_the_right(self):
        out = self.sql("SELECT ticker, volume, close, note FROM prices WHERE ticker IN ('NVDA', 'MU') ORDER BY close")
        self.assertEqual(out, "ticker  volume   close  note\n"
                              "------  ------  ------  -------\n"
                              "NVDA       100  182.81  plain\n"
                              "MU        NULL     411  a,b \"q\"\n"
                              "\n2 rows\n")

    def test_text_counts_columns_of_wide_characters(self):
        out = self.sql("SELECT '日本' AS a, 1 AS b UNION ALL SELECT 'éé', 2")
        self.assertEqual(out.splitlines()[:4], ["a     b", "----  -", "日本  1", "éé    2"])

    def test_text_shows_what_would_control_a_terminal_as_characters(self):
        db = self.connect()
        for text, shown in (("\x1b[31mred", "\\x1b[31mred"), ("a\nb\tc\rd", "a\\nb\\tc\\rd"), ("\u202e\x9b", "\\u202e\\x9b"), ("\x7f", "\\x7f")):
            db.execute("UPDATE prices SET note = ?", (text,))
            db.commit()
            self.assertIn(f"\n{shown}\n", self.sql("SELECT note FROM prices"))
        name = self.sql('SELECT 1 AS "\x1b[31m"')
        self.assertTrue(name.startswith("\\x1b[31m\n"))

    def test_text_has_no_row_but_a_head_where_nothing_is_found(self):
        self.assertEqual(self.sql("SELECT ticker, close FROM prices WHERE 0"), "ticker  close\n------  -----\n\n0 rows\n")
        self.assertIn("\n\n1 row\n", self.sql("SELECT 1 AS x"))

    def test_text_goes_on_when_the_first_rows_have_settled_the_widths(self):
        count = 1500
        text = ("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d) "
                "SELECT i, CASE WHEN i = %d THEN 'a long text at the end' ELSE 'x' END AS t FROM n" % (count, count))
        lines = self.sql(text).splitlines()
        self.assertEqual(len(lines), count + 4)
        self.assertEqual(lines[2], "   1  x")
        self.assertEqual((lines[count + 1], lines[-1]), ("1500  a long text at the end", "1500 rows"))

    def test_a_long_cell_is_whole_and_pushes_aside_what_follows(self):
        lines = self.sql(f"SELECT '{'y' * 5000}' AS long, 7 AS b UNION ALL SELECT 'z', 8").splitlines()
        self.assertEqual(lines[2], "y" * 5000 + "  7")
        self.assertEqual(lines[3], "z" + " " * 63 + "  8")

    def test_csv_is_read_back_by_pythons_reader(self):
        got = list(csv.reader(io.StringIO(self.sql("SELECT * FROM prices", "-f", "csv"), newline="")))
        self.assertEqual(got[0], [column.split()[0] for column in COLUMNS.split(", ")])
        for cells, row in zip(got[1:], ROWS, strict=True):
            ticker, day, close, volume, note, raw, ok, at = row
            self.assertEqual(cells[:2], [ticker, day or ""])
            self.assertEqual(float(cells[2]), close)
            self.assertEqual(cells[3], "" if volume is None else str(volume))
            self.assertEqual(cells[4:], [note, (raw or b"").hex(), {1: "true", 0: "false", None: ""}[ok], iso(at) or ""])

    def test_csv_keeps_null_apart_from_empty_text(self):
        self.assertEqual(self.sql("SELECT NULL AS a, '' AS b, x'' AS c, 'x' AS d", "-f", "csv"), 'a,b,c,d\n,"","",x\n')
        self.assertEqual(self.sql("SELECT NULL AS a UNION ALL SELECT 'NA'", "-f", "csv"), 'a\nNA\n"NA"\n')
        self.assertEqual(self.sql("SELECT NULL AS a, '-' AS b, 1 AS c", "-f", "csv", "--null", "-"), 'a,b,c\n-,"-",1\n')
        self.assertEqual(self.sql("SELECT NULL AS a, 2 AS b", "--null", "").splitlines()[2], "   2")

    def test_csv_is_read_by_fit(self):
        self.connect().executescript("CREATE TABLE xy (x REAL, y REAL, t TEXT); INSERT INTO xy VALUES (1, 2.1, 'NA'), (2, 3.9, ''), "
                                     "(3, 6.2, '#'), (4, NULL, 'a,b'), (5, 10.1, ' ');")
        out = self.sql("SELECT * FROM xy", "-f", "csv")
        self.assertEqual(self.fit_json("y = a*x + b", "-", "--nan", "omit", stdin=out)["n"], 4)

    def test_json_says_what_python_reads(self):
        out = self.sql("SELECT * FROM prices", "-f", "json")
        self.assertEqual(out.count("\n"), 1)
        result = json.loads(out)
        self.assertEqual(list(result), ["schema", "columns", "rows"])
        self.assertEqual(result["schema"], "quern.sql/1")
        self.assertEqual([column["name"] for column in result["columns"]], [column.split()[0] for column in COLUMNS.split(", ")])
        for got, row in zip(result["rows"], ROWS, strict=True):
            ticker, day, close, volume, note, raw, ok, at = row
            self.assertEqual(got, [ticker, day, close, volume, note, None if raw is None else raw.hex(), BOOLS[ok], iso(at)])

    def test_json_keeps_columns_of_one_name_apart_and_what_is_not_finite_is_null(self):
        result = json.loads(self.sql("SELECT 1 AS x, 'a' AS x, 9e999 AS y, NULL AS z", "-f", "json"))
        self.assertEqual(result["rows"], [[1, "a", None, None]])
        self.assertEqual([column["name"] for column in result["columns"]], ["x", "x", "y", "z"])

    def npy(self, text):
        done = subprocess.run([QUERN, "sql", "sqlite:p.db", text, "-f", "npy"], cwd=self.folder, env=self.environment, capture_output=True,
                              timeout=TIMEOUT)
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        return load_npy(done.stdout)

    def test_npy_holds_rows_of_doubles(self):
        shape, rows = self.npy("SELECT close, ok, volume FROM prices WHERE close > 1")
        self.assertEqual(shape, (3, 3))
        self.assertEqual(rows[0], (182.81, 1, 100))
        self.assertEqual(rows[1][:2], (411, 0))
        self.assertEqual(rows[2][2], -(2.0**63))
        self.assertNotEqual(rows[1][2], rows[1][2])  # NULL is NaN
        self.assertEqual(self.npy("SELECT close FROM prices WHERE close > 100 AND close < 500"), ((2,), [182.81, 411]))
        self.assertEqual(self.npy("SELECT close, ok FROM prices WHERE 0")[0], (0, 2))

    def test_npy_takes_nothing_but_numbers(self):
        for column in ("ticker", "day", "at"):
            self.refused(65, f'column "{column}" holds no numbers', f"SELECT close, {column} FROM prices", "-f", "npy")
        self.refused(65, '"raw"', "SELECT raw FROM prices", "-f", "npy")
        self.refused(65, "the statement gives no rows", "DELETE FROM prices WHERE 0", "-f", "npy")

    def test_text_in_a_column_of_dates_stays_text(self):
        self.connect().execute("UPDATE prices SET day = '12026-01-01', at = 'noon'").connection.commit()
        self.assertEqual(self.rows("SELECT DISTINCT day, at FROM prices"), [["12026-01-01", "noon"]])

    def test_without_rows_the_changes_are_counted(self):
        self.assertEqual(self.sql("UPDATE prices SET volume = 1 WHERE close > 100"), "3 rows changed\n")
        self.assertEqual(self.sql("DELETE FROM prices WHERE ticker = 'MU'"), "1 row changed\n")
        self.assertEqual(self.sql("CREATE TABLE t (x)", "-f", "csv"), "changed\n0\n")
        self.assertEqual(json.loads(self.sql("INSERT INTO t VALUES (1), (2)", "-f", "json")), {"schema": "quern.sql/1", "changed": 2})
        self.assertEqual(self.connect().execute("SELECT count(*) FROM prices WHERE volume = 1").fetchone(), (2,))
        self.assertEqual(self.rows("INSERT INTO t VALUES (3) RETURNING x + 1"), [[4]])


class Values(Sql):
    def test_prefixes_say_the_type(self):
        for param, kind, value in (("text:12", "text", "12"), ("int:-12", "integer", -12), ("float:1e3", "real", 1000),
                                   ("bool:true", "integer", 1), ("bool:false", "integer", 0), ("null:", "null", None),
                                   ("bytes:00fF", "blob", "00ff"), ("bytes:", "blob", ""), ("date:2026-02-13", "text", "2026-02-13"),
                                   ("decimal:12.50", "text", "12.50"), ("text:", "text", ""), ("text:int:3", "text", "int:3"),
                                   ("float:inf", "real", None)):
            self.assertEqual(self.rows("SELECT typeof($1), $1", "--param", param), [[kind, value]], msg=param)
        stamp = self.rows("SELECT CAST(strftime('%s', $1) AS INTEGER)", "--param", "timestamp:2026-02-13T14:30:00+01:00")
        self.assertEqual(stamp, [[1770989400]])  # date -d 2026-02-13T13:30Z +%s

    def test_without_one_the_database_decides(self):
        self.assertEqual(self.rows("SELECT ticker FROM prices WHERE volume = $1", "--param", "100"), [["NVDA"]])
        self.assertEqual(self.rows("SELECT volume FROM prices WHERE ticker = $1", "--param", "NVDA"), [[100]])
        for text in ("12:30", "Text:x", "http://x", "-5x", ":", "int", "x int:3"):
            self.assertEqual(self.rows("SELECT $1", "--param", text), [[text]])

    def test_values_are_never_part_of_the_sql(self):
        text = "'; DROP TABLE prices; --"
        self.assertEqual(self.rows("SELECT count(*) FROM prices WHERE ticker = $1", "--param", text), [[0]])
        self.assertEqual(self.rows("SELECT count(*) FROM prices"), [[len(ROWS)]])

    def test_one_value_may_stand_at_several_places(self):
        self.assertEqual(self.rows("SELECT $2, $1, $2", "--param", "text:a", "--param", "text:b"), [["b", "a", "b"]])

    def test_a_value_that_is_none_is_named(self):
        for param, why in (("date:2026-13-01", "no date"), ("date:13.02.2026", "no date"), ("timestamp:noon", "no time"), ("int:1.5", "no whole number"),
                           ("int:9223372036854775808", "no whole number"), ("float:", "no number"), ("float:1,5", "no number"),
                           ("bool:yes", "neither true nor false"), ("bytes:abc", "no bytes"), ("bytes:0g", "no bytes"),
                           ("decimal:nan", "no number in decimal digits"), ("null:x", "not null")):
            self.refused(2, f'--param, $2: "{param}" is {why}', "SELECT $1, $2", "--param", "1", "--param", param)

    def test_their_number_must_be_right(self):
        self.refused(2, "parameter", "SELECT $1")
        self.refused(2, "parameter", "SELECT 1", "--param", "1")


class Statements(Sql):
    def test_the_place_of_an_error_is_shown(self):
        err = self.refused(65, "syntax error", "SELCT 1")
        self.assertTrue(err.endswith("\n  SELCT 1\n  ^\n"), msg=err)
        err = self.refused(65, "clsoe", "SELECT ticker,\n  clsoe FROM prices")
        self.assertTrue(err.endswith("\n    clsoe FROM prices\n    ^\n"), msg=err)
        self.refused(65, "price", "SELECT * FROM price")

    def test_sql_comes_from_standard_input_or_a_file(self):
        text = "-- what\nSELECT count(*) AS n\nFROM prices;\n"
        self.write("query.sql", text)
        for words in (("-",), ("@-",), ("@query.sql",)):
            self.assertEqual(self.rows(*words) if words == ("@query.sql",) else
                             json.loads(self.sql(*words, "-f", "json", stdin=text))["rows"], [[len(ROWS)]])
        self.write("wrong.sql", "SELECT 1\nFRM prices WHERE")
        err = self.refused(65, "wrong.sql:2:", "@wrong.sql")
        self.assertIn("\n  FRM prices WHERE\n", err)
        self.refused(66, 'cannot open "none.sql"', "@none.sql")
        self.refused(65, "zero byte", "-", stdin=b"SELECT 1\0 + 2")

    def test_one_statement_at_a_time(self):
        self.refused(2, "more than one statement", "DELETE FROM prices; DELETE FROM prices")
        self.refused(2, "no statement", "")
        self.refused(2, "no statement", "/* nothing */ ; ")
        self.refused(2, 'an argument that begins with "-" goes after "--"', "-- all\nSELECT 1")
        self.assertEqual(self.succeeds("sql", "-f", "csv", "sqlite:p.db", "--", "-- all\nSELECT 1 AS x"), "x\n1\n")
        self.assertEqual(self.rows("SELECT count(*) FROM prices; -- all"), [[len(ROWS)]])

    def test_reading_only_changes_nothing(self):
        self.refused(77, "readonly database", "DELETE FROM prices", "--read-only")
        self.assertEqual(self.rows("SELECT count(*) FROM prices", "--read-only"), [[len(ROWS)]])
        self.refused(66, "none.db", "SELECT 1", "--read-only", url="sqlite:none.db")
        self.assertFalse(os.path.exists(os.path.join(self.folder, "none.db")))

    def test_a_constraint_is_bad_data_and_nothing_is_kept(self):
        self.connect().execute("CREATE TABLE once (x INTEGER PRIMARY KEY)").connection.commit()
        self.refused(65, "UNIQUE constraint failed: once.x", "INSERT INTO once VALUES (1), (2), (1)")
        self.assertEqual(self.rows("SELECT count(*) FROM once"), [[0]])

    def test_a_statement_that_takes_too_long_is_ended(self):
        endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT sum(i) FROM n"
        self.refused(69, "longer than its limit of 50 ms", endless, "--timeout", "0.05")
        for text, why in (("0", "not greater than 0"), ("-1", "not greater than 0"), ("1e9", "more than a year"), ("x", "is not a number")):
            self.refused(2, why, "SELECT 1", "--timeout", text)

    def test_ctrl_c_ends_it_at_once(self):
        endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n"
        process = self.popen("sql", "sqlite:p.db", endless, "-f", "csv", stdout=subprocess.PIPE)
        self.addCleanup(process.kill)
        self.addCleanup(process.stdout.close)
        self.assertEqual(process.stdout.readline(), b"i\n")
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(TIMEOUT), 130)

    def test_urls_that_are_none_say_what_there_is(self):
        self.refused(2, "sqlite:, memory:, duckdb: and postgres://", "SELECT 1", url="mysql://x/y")
        self.refused(2, "sqlite:", "SELECT 1", url="p.db")

    def test_a_relative_path_is_below_the_working_folder(self):
        os.mkdir(os.path.join(self.folder, "below"))
        out = self.succeeds("sql", "sqlite:../p.db", "SELECT count(*) FROM prices", cwd=os.path.join(self.folder, "below"))
        self.assertIn(str(len(ROWS)), out)

    def test_options_that_say_nothing_are_refused(self):
        for name in ("json", "npy"):
            self.refused(2, "--null is for text and csv", "SELECT 1", "--null", "x", "-f", name)
        self.refused(2, "a comma, a quote or a line end", "SELECT 1", "--null", "a,b")


class Process(Sql):
    MANY = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d) SELECT i, i * 0.5 AS h, 'text' AS t FROM n"

    def test_rows_are_written_as_they_come(self):
        count = 20_000
        for name in ("csv", "json", "text"):
            out = self.sql(self.MANY % count, "-f", name, "--memory-limit", "1M")
            self.assertIn(f"{count}", out[-80:], msg=name)

    def test_a_whole_array_needs_its_memory_and_says_so(self):
        self.refused(71, "no memory", "SELECT i, h FROM (%s)" % (self.MANY % 100_000), "-f", "npy", "--memory-limit", "1M")

    def test_the_first_rows_arrive_before_the_last_are_there(self):
        process = self.popen("sql", "sqlite:p.db", self.MANY.replace("WHERE i < %d", ""), "-f", "csv", stdout=subprocess.PIPE)
        self.addCleanup(process.kill)
        self.addCleanup(process.stdout.close)
        self.assertEqual([process.stdout.readline() for _ in range(3)], [b"i,h,t\n", b"1,0.5,text\n", b"2,1,text\n"])
        process.kill()
        process.wait(TIMEOUT)

    def test_an_error_behind_rows_leaves_them_and_says_so(self):
        text = "SELECT abs(CASE WHEN value = 3 THEN -9223372036854775807 - 1 ELSE value END) AS x FROM json_each('[1,2,3]')"
        code, out, err = self.run_quern("sql", "sqlite:p.db", text, "-f", "csv")
        self.assertEqual((code, out), (65, "x\n1\n2\n"))
        self.assertIn("integer overflow", err)
        code, out, err = self.run_quern("sql", "sqlite:p.db", text, "-f", "json")
        self.assertEqual(code, 65)
        with self.assertRaises(ValueError):
            json.loads(out)

    def test_a_full_disk_and_a_reader_that_has_gone(self):
        for name in ("text", "csv", "json", "npy"):
            with open("/dev/full", "wb") as full:
                code, _, err = self.run_quern("sql", "sqlite:p.db", "SELECT 1 AS x", "-f", name, stdout=full)
            self.assertEqual(code, 74, msg=name)
            self.assertIn("No space left on device", err)
            read, write = os.pipe()
            os.close(read)
            with os.fdopen(write, "wb") as nobody:
                code, _, err = self.run_quern("sql", "sqlite:p.db", "SELECT 1 AS x", "-f", name, stdout=nobody)
            self.assertEqual((code, err), (141, ""), msg=name)

    def test_a_terminal_gets_no_array_and_nothing_that_controls_it(self):
        code, text = self.terminal("sql", "sqlite:p.db", "SELECT 1.5 AS x", "-f", "npy")
        self.assertEqual(code, 2)
        self.assertIn("a terminal cannot show an array", text)
        evil = "SELECT char(27) || '[31m' || char(155) || 'x' AS a, 1 AS b"
        for name in ("csv", "json"):
            code, text = self.terminal("sql", "sqlite:p.db", evil, "-f", name)
            self.assertEqual(code, 0)
            self.assertNotIn("\x1b", text)
            self.assertNotIn("\x9b", text)
        code, text = self.terminal("sql", "sqlite:p.db", evil)
        self.assertIn("\\x1b[31m\\x9bx", text)

    @unittest.skipIf(SLOW > 1, "sanitizers bring libraries along")
    def test_no_library_is_opened_that_is_not_used(self):
        def opened(*words):
            code, _, err = self.run_quern(*words, environment={"LD_DEBUG": "files"})
            self.assertEqual(code, 0)
            return {name for name in ("libsqlite3", "libpq", "libduckdb") if name in err}
        self.write("data.csv", "x,y\n1,2\n2,4\n3,7\n")
        self.assertEqual(opened("fit", "y = a*x", "data.csv"), set())
        self.assertEqual(opened("--version"), set())
        self.assertEqual(opened("sql", "--help"), set())
        self.assertEqual(opened("sql", "sqlite:p.db", "SELECT 1"), {"libsqlite3"})


if __name__ == "__main__":
    if not has_part("sqlite"):
        print(f"SKIP: {sys.argv[0]}: SQLite is not here")
        sys.exit(77)
    main()
