"""`quern journal` as a person meets it. The journals are written, and read, by a second program after docs/journal.md."""
import csv
import io
import json
import os
import signal
import subprocess

import journal_format as form
from command import PROJECT, QUERN, Command, main

# 2026-02-13T14:30:00Z, as `date -u -d 2026-02-13T14:30:00Z +%s` says.
OPEN = 1770993000


class Journal(Command):
    def made(self, count=40, capacity=64, name="j"):
        """A journal of `count` records, a second and a nanosecond apart, of three symbols; gives its folder."""
        records = [form.record(i, OPEN * 10**9 + i * (10**9 + 1), 100 * form.SCALE + i, i * form.SCALE // 4, i % 3,
                               bid=None if i % 2 else 99 * form.SCALE, ask=101 * form.SCALE + 50 if i % 5 else None,
                               kind=i % 7 == 6, side=i % 3 - 1, order=i if i % 7 == 6 else 0) for i in range(count)]
        segments = [(at, capacity, records[at:at + capacity]) for at in range(0, count, capacity)]
        folder = os.path.join(self.folder, name)
        form.write(folder, ["ACME", "B,C", 'Q"X'], segments)
        return folder

    def flip(self, folder, first, offset, mask=1):
        path = os.path.join(folder, first if isinstance(first, str) else f"{first:020d}.journal")
        with open(path, "r+b") as file:
            file.seek(offset)
            byte = file.read(1)[0]
            file.seek(offset)
            file.write(bytes([byte ^ mask]))

    def journal(self, *words, code=0):
        got, out, err = self.run_quern("journal", *words)
        self.assertEqual((got, err == ""), (code, code in (0, 1)), err)
        return out if code in (0, 1) else err

    # ---- info

    def test_info_says_what_there_is(self):
        self.made(100)
        out = self.journal("j", "info")
        self.assertIn("j: 100 records, 0 to 99\n", out)
        self.assertIn("times     2026-02-13T14:30:00Z to 2026-02-13T14:31:39.000000099Z\n", out)
        self.assertIn("segments  2, the last for 64 records;", out)
        self.assertIn("symbols   3: ACME, B,C, Q\"X\n", out)
        info = json.loads(self.journal("j", "info", "--format", "json"))
        self.assertEqual(info, {"schema": "quern.journal.info/1", "folder": "j", "records": 100, "first": 0, "next": 100,
                                "first_time": "2026-02-13T14:30:00Z", "last_time": "2026-02-13T14:31:39.000000099Z", "segments": 2,
                                "segment_records": 64, "bytes": 2 * (4096 + 64 * 64) + 65536, "symbols": ["ACME", "B,C", 'Q"X']})

    def test_info_of_an_empty_journal(self):
        form.write(os.path.join(self.folder, "j"), [], [])
        self.assertIn("j: no records, the next one is 0\n", self.journal("j", "info"))
        info = json.loads(self.journal("j", "info", "-f", "json"))
        self.assertEqual((info["records"], info["first_time"], info["symbols"]), (0, None, []))
        self.assertEqual(self.journal("j", "verify"), "0 records are whole\n")
        self.assertEqual(self.journal("j", "export").splitlines()[1:], [])

    def test_info_where_the_last_segment_was_only_begun(self):
        records = [form.record(i, OPEN * 10**9 + i, 1, 1, 0) for i in range(64)]
        form.write(os.path.join(self.folder, "j"), ["A"], [(0, 64, records), (64, 128, [])])
        info = json.loads(self.journal("j", "info", "-f", "json"))
        self.assertEqual((info["records"], info["last_time"], info["segment_records"]), (64, "2026-02-13T14:30:00.000000063Z", 128))
        self.assertEqual(self.journal("j", "verify"), "64 records are whole\n")
        self.assertEqual(self.sequences("--from", "62"), [62, 63])

    # ---- export

    def test_an_export_has_every_digit(self):
        self.made()
        rows = list(csv.DictReader(io.StringIO(self.journal("j", "export"))))
        self.assertEqual(len(rows), 40)
        self.assertEqual(rows[13], {"sequence": "13", "time": "2026-02-13T14:30:13.000000013Z", "symbol": "B,C", "price": "100.00000013",
                                    "size": "3.25", "bid": "", "ask": "101.0000005", "side": "", "kind": "order", "order": "13"})
        self.assertEqual(rows[20]["symbol"], 'Q"X')
        self.assertEqual([rows[i]["side"] for i in (0, 1, 2)], ["sell", "", "buy"])
        self.assertEqual((rows[20]["bid"], rows[20]["ask"], rows[4]["size"]), ("99", "", "1"))
        objects = [json.loads(line) for line in self.journal("j", "export", "-f", "json").splitlines()]
        self.assertEqual(objects[13], {"sequence": 13, "time": "2026-02-13T14:30:13.000000013Z", "symbol": "B,C", "price": 100.00000013,
                                       "size": 3.25, "bid": None, "ask": 101.0000005, "side": None, "kind": "order", "order": 13})
        self.assertEqual(len(objects), 40)
        table = self.journal("j", "export", "-f", "text").splitlines()
        self.assertEqual(len(table), 42)  # a head and a rule
        self.assertEqual(table[0].split(), list(rows[0]))

    def sequences(self, *words):
        return [int(row["sequence"]) for row in csv.DictReader(io.StringIO(self.journal("j", "export", *words)))]

    def test_ranges_by_number_and_by_time_have_both_ends(self):
        self.made(100)
        self.assertEqual(self.sequences("--from", "10", "--to", "30"), list(range(10, 31)))
        self.assertEqual(self.sequences("--from", "60", "--to", "70"), list(range(60, 71)))
        self.assertEqual(self.sequences("--from", "98"), [98, 99])
        self.assertEqual(self.sequences("--to", "1"), [0, 1])
        self.assertEqual(self.sequences("--from", "100"), [])
        self.assertEqual(self.sequences("--from", "2026-02-13T14:30:10"), list(range(10, 100)))
        self.assertEqual(self.sequences("--from", "2026-02-13T14:30:10.000000010Z", "--to", "2026-02-13T14:30:30.000000030Z"), list(range(10, 31)))
        self.assertEqual(self.sequences("--from", "2026-02-13T14:30:10.000000011Z", "--to", "2026-02-13T14:30:30.000000029Z"), list(range(11, 30)))
        self.assertEqual(self.sequences("--from", "2026-02-13T15:30:10+01:00", "--to", "12"), [10, 11, 12])
        self.assertEqual(self.sequences("--to", "2026-02-12"), [])
        self.assertEqual(self.sequences("--from", "2027-01-01"), [])
        self.assertEqual(self.sequences("--from", "30", "--to", "10"), [])

    def test_an_export_to_a_file_appears_whole_or_not_at_all(self):
        folder = self.made(100)
        self.assertEqual(self.journal("j", "export", "-o", "out.csv"), "")
        with open(os.path.join(self.folder, "out.csv"), encoding="utf-8") as file:
            self.assertEqual(file.read(), self.journal("j", "export"))
        self.flip(folder, 64, 4096 + 64 * 5 + 20)
        err = self.journal("j", "export", "-o", "out2.csv", code=65)
        self.assertIn("00000000000000000064.journal: record 69 (byte 4416 of the file) is damaged", err)
        self.assertFalse(os.path.exists(os.path.join(self.folder, "out2.csv")))
        code, out, _ = self.run_quern("journal", "j", "export")
        self.assertEqual((code, len(out.splitlines())), (65, 1 + 69))
        self.assertIn("cannot", self.journal("j", "export", "-o", "/dev/full", "--to", "20", code=74))

    def test_what_comes_out_is_read_by_replay(self):
        """And the journal that replay writes is read by the second program."""
        self.made(100)
        self.assertEqual(self.journal("j", "export", "-o", "out.csv"), "")
        code, _, err = self.run_quern("replay", "out.csv", "--journal", "k")
        self.assertEqual(code, 0, err)
        self.assertEqual(form.read(os.path.join(self.folder, "k")), form.read(os.path.join(self.folder, "j")))

    # ---- damage

    def test_verify_lists_damage(self):
        folder = self.made(100)
        self.assertEqual(self.journal("j", "verify"), "100 records are whole\n")
        self.flip(folder, 0, 4096 + 64 * 5 + 20)
        self.flip(folder, 0, 4096 + 64 * 6 + 60)
        os.truncate(os.path.join(folder, f"{64:020d}.journal"), 4096 + 64 * 30)
        out = self.journal("j", "verify", code=1)
        self.assertEqual(out, "00000000000000000000.journal, byte 4416: damaged, records 5 to 6\n"
                              "00000000000000000064.journal, byte 6016: cut off, records 94 to 99\n"
                              "92 records are whole, 8 are not; 87 of the whole ones lie behind record 5\n")
        report = json.loads(self.journal("j", "verify", "--format", "json", code=1))
        self.assertEqual(report["damage"][1], {"file": "00000000000000000064.journal", "offset": 6016, "first": 94, "count": 6, "what": "cut off"})
        self.assertEqual((report["schema"], report["records"], report["damaged"], report["whole_until"], report["lost_behind"], report["files"]),
                         ("quern.journal.verify/1", 92, 8, 5, 87, 2))

    def test_cut_gives_up_what_is_whole_only_where_asked_to(self):
        folder = self.made(100)
        self.assertEqual(self.journal("j", "cut"), "nothing to cut; the next record is 100\n")
        self.flip(folder, 64, 4096 + 64 * 20)
        err = self.journal("j", "cut", code=65)
        self.assertIn("15 whole records lie behind the first damage, at record 84: export them first, or give them up by --lose", err)
        self.assertEqual(self.journal("j", "cut", "--lose"),
                         "cut: 15 whole and 1 damaged records are gone, 0 files with them; the next record is 84\n")
        self.assertEqual(self.journal("j", "verify"), "84 records are whole\n")
        self.assertEqual(len(form.read(folder)[1]), 84)
        cut = json.loads(self.journal("j", "cut", "--after", "9", "-f", "json"))
        self.assertEqual(cut, {"schema": "quern.journal.cut/1", "folder": "j", "next": 10, "lost": 74, "damaged": 0, "files": 1})
        self.assertEqual(self.sequences(), list(range(10)))
        self.assertIn("whole records from 0 to 9: it cannot be cut after 10", self.journal("j", "cut", "--after", "10", code=2))

    def test_a_torn_tail_is_cut_without_a_question(self):
        folder = self.made(100)
        self.flip(folder, 64, 4096 + 64 * 35 + 3)
        self.assertEqual(self.journal("j", "cut"), "cut: 0 whole and 1 damaged records are gone, 0 files with them; the next record is 99\n")

    def test_another_version_is_said(self):
        folder = self.made(10)
        self.flip(folder, 0, 8, 1 ^ 9)
        for task in ("info", "export"):
            self.assertIn("the segment is of version 9 of the format, and this Quern reads version 1", self.journal("j", task, code=65))

    def test_a_name_that_stands_twice_is_damage(self):
        form.write(os.path.join(self.folder, "j"), ["A", "B", "A"], [])
        self.assertIn("the name of symbol 2 (byte 128 of the file) is that of another", self.journal("j", "info", code=65))
        form.write(os.path.join(self.folder, "k"), ["A", "B\n"], [])
        self.assertIn("the name of symbol 1 (byte 64 of the file) is no name", self.journal("k", "info", code=65))

    def test_what_is_no_journal(self):
        self.assertIn('cannot read the folder "nothing"', self.journal("nothing", "info", code=66))
        os.mkdir(os.path.join(self.folder, "empty"))
        for task in ("info", "verify", "export"):
            self.assertIn('there is no journal in the folder "empty"', self.journal("empty", task, code=66))
        self.write("file", "x")
        self.assertIn("that is a file", self.journal("file", "info", code=66))
        folder = os.path.join(self.folder, "zero")
        form.write(folder, [], [])
        open(os.path.join(folder, f"{0:020d}.journal"), "wb").close()
        self.assertIn("the segment has 0 bytes: its head is cut off", self.journal("zero", "info", code=65))

    # ---- the command line

    def test_cut_leaves_nothing_where_no_journal_is(self):
        os.mkdir(os.path.join(self.folder, "k"))
        self.assertIn("no journal in the folder", self.journal("k", "cut", code=66))
        self.assertEqual(os.listdir(os.path.join(self.folder, "k")), [])

    def test_a_journal_is_not_replayed_into_itself(self):
        self.made(100)
        os.symlink("j", os.path.join(self.folder, "same"))
        for folder in "j", "./j/", "same":
            code, _, err = self.run_quern("replay", "j", "--journal", folder)
            self.assertEqual(code, 2, err)
            self.assertIn(f"--journal {folder} is what is replayed", err)
        self.assertIn("100 records are whole", self.journal("j", "verify"))

    def test_mistakes_are_usage_errors(self):
        self.made(10)
        for words, piece in (((), ""), (("j",), ""), (("j", "inof"), 'unknown task "inof": did you mean "info"?'),
                             (("j", "info", "--from", "1"), 'option "--from" does not go with "info"'),
                             (("j", "export", "--lose"), 'option "--lose" does not go with "export"'),
                             (("j", "verify", "-f", "csv"), 'csv goes with "export" alone'),
                             (("j", "export", "--from", "tomorrow"), "neither the number of a record nor a time"),
                             (("j", "export", "--from", "-5"), "neither the number of a record nor a time"),
                             (("j", "cut", "--after", "x"), "--after"),
                             (("j", "export", "-f", "text", "-o", "x"), "text is for the terminal")):
            self.assertIn(piece, self.journal(*words, code=2))

    def test_nobody_reads(self):
        self.made(5000, 8192)
        process = self.popen("journal", "j", "export", stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        process.stdout.read(10)
        process.stdout.close()
        self.assertEqual((process.wait(), process.stderr.read()), (141, b""))
        process.stderr.close()


if __name__ == "__main__":
    main()
