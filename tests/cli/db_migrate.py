"""`quern db`: migrations as a person meets them. Python's sqlite3 looks at what they left in the store."""
import json
import os
import re
import signal
import sqlite3
import subprocess
import sys

from command import PROJECT, QUERN, TIMEOUT, Command, has_part, main

EXAMPLES = os.path.join(PROJECT, "examples", "migrations")
TO_APPLY = ["applied 1 prices", "applied 2 earnings", "applied 3 volume"]


class Migrations(Command):
    def migrations(self, **files):
        """A folder of files; gives its name. first_1="…" is 0001_first.sql, first_1_down its way back."""
        os.makedirs(os.path.join(self.folder, "sql"), exist_ok=True)
        for name, text in files.items():
            word, number, down = re.fullmatch(r"([a-z]+)_(\d+)(_down)?", name).groups()
            self.write(f"sql/{int(number):04}_{word}{'.down' if down else ''}.sql", text)
        return "sql"

    def read(self, name):
        with open(os.path.join(self.folder, name), "rb") as file:
            return file.read()

    def ask(self, sql, store="store.db"):
        connection = sqlite3.connect(os.path.join(self.folder, store))
        try:
            return connection.execute(sql).fetchall()
        finally:
            connection.close()

    def schema(self):
        return self.ask("SELECT type, name, sql FROM sqlite_master WHERE tbl_name <> 'quern_migrations' ORDER BY name")

    def status(self, folder, code, store="sqlite:store.db"):
        """What status says; code None: 0 or 1."""
        got, out, err = self.run_quern("db", "status", store, folder, "--format", "json")
        self.assertIn(got, (0, 1) if code is None else (code,), msg=err)
        self.assertEqual(err, "")
        shown = json.loads(out)
        self.assertEqual((out.count("\n"), shown["schema"]), (1, "quern.db.status/1"))
        self.assertEqual(shown["current"], got == 0)
        return shown


class Ways(Migrations):
    def test_there_and_back(self):
        out = self.succeeds("db", "migrate", "sqlite:store.db", EXAMPLES)
        self.assertEqual(out.splitlines(), [*TO_APPLY, "sqlite:store.db is at 3"])
        self.assertEqual(self.ask("SELECT number, name, version FROM quern_migrations"),
                         [(1, "prices", "0.1.0"), (2, "earnings", "0.1.0"), (3, "volume", "0.1.0")])
        self.assertEqual(self.ask("SELECT abs(julianday('now') - julianday(applied_at)) < 1 FROM quern_migrations"), [(1,)] * 3)
        self.assertEqual(self.succeeds("db", "migrate", "sqlite:store.db", EXAMPLES), "sqlite:store.db is at 3: nothing to apply\n")
        self.assertEqual(self.succeeds("db", "rollback", "sqlite:store.db", EXAMPLES), "rolled back 3 volume\nsqlite:store.db is at 2\n")
        self.assertEqual(self.succeeds("db", "rollback", "sqlite:store.db", EXAMPLES, "--to", "0"),
                         "rolled back 2 earnings\nrolled back 1 prices\nsqlite:store.db has no migration\n")
        self.assertEqual(self.schema(), [])
        self.assertEqual(self.succeeds("db", "rollback", "sqlite:store.db", EXAMPLES),
                         "sqlite:store.db has no migration: nothing to roll back\n")

    def test_json_has_a_schema_and_what_was_done(self):
        def done(*words):
            out = self.succeeds("db", *words, "sqlite:store.db", EXAMPLES, "-f", "json")
            self.assertEqual(out.count("\n"), 1)
            return json.loads(out)

        numbers = [{"number": 1, "name": "prices"}, {"number": 2, "name": "earnings"}]
        self.assertEqual(done("migrate", "--to=2"), {"schema": "quern.db.migrate/1", "url": "sqlite:store.db", "at": 2, "applied": numbers})
        self.assertEqual(done("migrate", "--to=2"), {"schema": "quern.db.migrate/1", "url": "sqlite:store.db", "at": 2, "applied": []})
        self.assertEqual(done("rollback", "--to=0"),
                         {"schema": "quern.db.rollback/1", "url": "sqlite:store.db", "at": 0, "rolled_back": numbers[::-1]})

    def test_status_says_what_is_lacking_and_changes_nothing(self):
        self.fails(66, "there is no such file", "db", "status", "sqlite:store.db", EXAMPLES)
        self.assertFalse(os.path.exists(os.path.join(self.folder, "store.db")))
        self.succeeds("db", "migrate", "sqlite:store.db", EXAMPLES, "--to", "1")
        before = self.read("store.db")
        shown = self.status(EXAMPLES, 1)
        self.assertEqual((shown["at"], [m["state"] for m in shown["migrations"]]), (1, ["applied", "pending", "pending"]))
        self.assertRegex(shown["migrations"][0]["applied_at"], r"^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z$")
        self.assertEqual(shown["migrations"][1], {"number": 2, "name": "earnings", "state": "pending", "applied_at": None, "can_roll_back": True})
        code, out, err = self.run_quern("db", "status", "sqlite:store.db", EXAMPLES)
        self.assertEqual((code, err), (1, ""))
        lines = out.splitlines()
        self.assertEqual(lines[0], "number  name      state    applied (UTC)        rollback")
        self.assertRegex(lines[1], r"^     1  prices    applied  20\d\d-\d\d-\d\d \d\d:\d\d:\d\d  yes$")
        self.assertEqual(lines[2:], ["     2  earnings  pending                       yes", "     3  volume    pending                       yes",
                                     "sqlite:store.db is at 1, 2 pending"])
        self.assertEqual(self.read("store.db"), before)
        self.succeeds("db", "migrate", "sqlite:store.db", EXAMPLES)
        self.status(EXAMPLES, 0)

    def test_a_store_in_memory_shows_that_migrations_work(self):
        self.assertEqual(self.succeeds("db", "migrate", "memory:", EXAMPLES).splitlines(), [*TO_APPLY, "memory: is at 3"])
        self.assertEqual(os.listdir(self.folder), [])


class Words(Migrations):
    """What is printed elsewhere works as printed."""

    def answers(self, command):
        os.makedirs(os.path.join(self.folder, "bin"), exist_ok=True)
        if not os.path.exists(os.path.join(self.folder, "examples")):
            os.symlink(QUERN, os.path.join(self.folder, "bin", "quern"))
            os.symlink(os.path.join(PROJECT, "examples"), os.path.join(self.folder, "examples"))
        environment = {**self.environment, "PATH": os.path.join(self.folder, "bin") + ":" + self.environment["PATH"]}
        done = subprocess.run(["bash", "-c", command], cwd=self.folder, env=environment, capture_output=True, text=True, timeout=TIMEOUT)
        self.assertEqual((done.returncode, done.stderr), (0, ""), msg=command)
        return done.stdout

    def test_the_page_about_migrations(self):
        with open(os.path.join(PROJECT, "docs", "migrations.md")) as file:
            blocks = re.findall(r"(?ms)^```\n(\$ .*?)^```$", file.read())
        self.assertEqual(len(blocks), 1)
        for command, expected in re.findall(r"(?m)^\$ (.*)\n((?:[^$].*\n)*)", blocks[0]):
            self.assertEqual(self.answers(command), expected)

    def test_the_examples_of_the_help(self):
        examples = re.findall(r"(?m)^    (quern .*)$", self.succeeds("db", "--help").split("\nExamples:\n")[1])
        self.assertEqual(len(examples), 3)
        for command in examples:
            self.assertIn("3", self.answers(command))


class Refusals(Migrations):
    def test_words_and_options(self):
        self.fails(2, 'a word that says what to do is missing, such as "migrate"', "db")
        self.fails(2, 'unknown argument "statsu": did you mean "status"?', "db", "statsu", "memory:", EXAMPLES)
        self.fails(2, "FOLDER is missing", "db", "migrate", "memory:")
        self.fails(2, 'option "--to" does not go with "status"', "db", "status", "memory:", EXAMPLES, "--to", "1")
        self.fails(2, "there is no migration 9: the last is 3", "db", "migrate", "memory:", EXAMPLES, "--to", "9")
        self.fails(2, "less than 0", "db", "migrate", "memory:", EXAMPLES, "--timeout=-1")
        self.fails(66, "cannot read the folder \"none\"", "db", "migrate", "memory:", "none")

    def test_a_failure_keeps_what_was_applied_before_it(self):
        folder = self.migrations(first_1="CREATE TABLE a (x);", second_2="CREATE TABLE b (x);\nINSERT INTO c VALUES (1);\n")
        code, out, err = self.run_quern("db", "migrate", "sqlite:store.db", folder)
        self.assertEqual((code, out), (65, "applied 1 first\n"))
        self.assertRegex(err, r'^quern: sql/0002_second\.sql:2:(\d+:)? migration 2 "second": no such table: c .*'
                              r"Nothing of it stays: the store is at 1 as before\n$")
        self.assertEqual([name for _, name, _ in self.schema()], ["a"])
        self.fails(65, "0002_second.sql:2:", "db", "migrate", "sqlite:store.db", folder, "--format", "json")

    def test_a_history_that_differs(self):
        folder = self.migrations(first_1="CREATE TABLE a (x);", second_2="CREATE TABLE b (x);")
        self.succeeds("db", "migrate", "sqlite:store.db", folder)
        self.migrations(first_1="CREATE TABLE a (y);")
        self.fails(65, 'migration 1 "first" has changed since it was applied to sqlite:store.db on 20', "db", "migrate", "sqlite:store.db", folder)
        self.fails(65, "has changed since", "db", "rollback", "sqlite:store.db", folder)
        self.assertEqual([m["state"] for m in self.status(folder, 1)["migrations"]], ["changed", "applied"])
        self.migrations(first_1="CREATE TABLE a (x);")
        os.remove(os.path.join(self.folder, "sql", "0002_second.sql"))
        self.fails(65, "sqlite:store.db is at 2, these migrations end at 1: a newer version made it", "db", "migrate", "sqlite:store.db", folder)
        self.assertEqual([m["state"] for m in self.status(folder, 1)["migrations"]], ["applied", "newer"])

    def test_text_that_ends_its_transaction(self):
        folder = self.migrations(first_1="CREATE TABLE a (x);\n\nCOMMIT;\n")
        self.fails(65, 'sql/0001_first.sql:3:1: migration 1 "first": COMMIT: a migration is one transaction', "db", "migrate", "sqlite:store.db", folder)
        folder = self.migrations(first_1="VACUUM;")
        self.fails(65, "do that by itself (quern sql)", "db", "migrate", "sqlite:store.db", folder)

    def test_a_store_that_cannot_be_written(self):
        self.succeeds("db", "migrate", "sqlite:store.db", EXAMPLES, "--to", "1")
        self.fails(77, "", "db", "migrate", "sqlite:store.db?mode=ro", EXAMPLES)
        self.assertEqual(self.succeeds("db", "migrate", "sqlite:store.db?mode=ro", EXAMPLES, "--to", "1"),
                         "sqlite:store.db?mode=ro is at 1: nothing to apply\n")

    def test_a_store_that_another_keeps_locked(self):
        self.succeeds("db", "migrate", "sqlite:store.db", EXAMPLES, "--to", "1")
        holder = sqlite3.connect(os.path.join(self.folder, "store.db"), isolation_level=None)
        holder.execute("BEGIN IMMEDIATE")
        for timeout in ("0", "0.02"):
            self.fails(69, "sqlite:store.db is locked, perhaps by others that migrate it", "db", "migrate", "sqlite:store.db", EXAMPLES, "--timeout", timeout)
        self.status(EXAMPLES, 1)
        holder.execute("ROLLBACK")
        holder.close()
        self.succeeds("db", "migrate", "sqlite:store.db", EXAMPLES, "--timeout", "0")


class Processes(Migrations):
    def steps(self, count):
        return self.migrations(**{f"step_{i}": f"CREATE TABLE t{i} (x);\nINSERT INTO t{i} WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL "
                                               f"SELECT i + 1 FROM n WHERE i < 500) SELECT i FROM n;\n" for i in range(1, count + 1)})

    def test_two_at_once_apply_each_once(self):
        folder = self.steps(12)
        for i in range(3):
            store = f"store{i}.db"
            both = [self.popen("db", "migrate", "sqlite:" + store, folder, "-f", "json", stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(2)]
            applied = []
            for process in both:
                out, err = process.communicate(timeout=TIMEOUT)
                self.assertEqual((process.returncode, err), (0, b""))
                applied += [m["number"] for m in json.loads(out)["applied"]]
            self.assertEqual(sorted(applied), list(range(1, 13)))
            self.assertEqual(self.ask("SELECT count(*), max(number) FROM quern_migrations", store), [(12, 12)])

    def ended(self, how):
        """Ends the command after it has said some of what it applied; the store holds whole migrations."""
        folder = self.steps(12)
        for lines in (1, 4, 7):
            for name in os.listdir(self.folder):
                if name.startswith("store.db"):
                    os.remove(os.path.join(self.folder, name))
            process = self.popen("db", "migrate", "sqlite:store.db", folder, stdout=subprocess.PIPE)
            for _ in range(lines):
                self.assertIn(b"applied", process.stdout.readline())
            process.send_signal(how)
            rest = process.stdout.read()
            process.stdout.close()
            code = process.wait(timeout=TIMEOUT)
            self.assertIn(code, (0, -how, 128 + how), msg=rest)
            shown = self.status(folder, None)
            count = self.ask("SELECT count(*) FROM quern_migrations")[0][0]
            self.assertGreaterEqual(count, lines)
            self.assertEqual(shown["at"], count)
            tables = [name for _, name, _ in self.schema()]
            self.assertEqual(sorted(tables), sorted(f"t{i}" for i in range(1, count + 1)))
            for name in tables:
                self.assertEqual(self.ask(f"SELECT count(*) FROM {name}"), [(500,)])
            self.succeeds("db", "migrate", "sqlite:store.db", folder)
            self.status(folder, 0)

    def test_status_after_a_death_in_the_middle(self):
        self.succeeds("db", "migrate", "sqlite:store.db", EXAMPLES, "--to", "2")
        # More than a cache of two pages holds: some of it is in the file when the process dies.
        subprocess.run([sys.executable, "-c", "import os, sqlite3; c = sqlite3.connect('store.db', isolation_level=None)\n"
                        "for sql in ('PRAGMA cache_size = 2', 'BEGIN IMMEDIATE', 'CREATE TABLE z (x)'): c.execute(sql)\n"
                        "for i in range(200): c.execute('INSERT INTO z VALUES (zeroblob(500))')\n"
                        "os.kill(os.getpid(), 9)"], cwd=self.folder)
        self.assertTrue(os.path.exists(os.path.join(self.folder, "store.db-journal")))
        self.assertEqual(self.status(EXAMPLES, 1)["at"], 2)
        self.assertNotIn("z", [name for _, name, _ in self.schema()])

    def test_killed(self):
        self.ended(signal.SIGKILL)

    def test_interrupted(self):
        self.ended(signal.SIGINT)

    def test_terminated(self):
        self.ended(signal.SIGTERM)


if __name__ == "__main__":
    if not has_part("sqlite"):
        print("SKIP SQLite is not here: quern db is NOT tested", file=sys.stderr)
        sys.exit(77)
    main()
