"""Data inside gzip: read by content whatever the name, from a file or a pipe; damage and a missing end are told, never fitted."""
import gzip
import json
import unittest

import command

FIT = ("fit", command.MISRA1A_FORMULA)
START = ("--start", command.MISRA1A_START)
DATA = command.MISRA1A.encode()


class GzipData(command.Command):
    def setUp(self):
        super().setUp()
        parts = json.loads(self.succeeds("info", "--format", "json"))["parts"]
        self.present = next(part["present"] for part in parts if part["name"] == "zlib")

    def parameters(self, *words, **rest):
        return self.fit_json(command.MISRA1A_FORMULA, *words, *START, **rest)["parameters"]

    def needs_zlib(self):
        if not self.present:
            self.skipTest("zlib is not here")

    def test_compressed_data_fit_like_plain_ones(self):
        self.needs_zlib()
        expected = self.parameters(self.write("plain.csv", DATA))
        for level in 0, 1, 9:
            for name in "data.csv.gz", "data.csv", "data":
                with self.subTest(level=level, name=name):
                    self.assertEqual(self.parameters(self.write(name, gzip.compress(DATA, level))), expected)
        halves = gzip.compress(DATA[:50]) + gzip.compress(DATA[50:])
        self.assertEqual(self.parameters(self.write("halves.gz", halves)), expected)
        self.assertEqual(self.parameters("-", stdin=gzip.compress(DATA)), expected)

    def test_a_large_file_is_read_as_a_stream(self):
        self.needs_zlib()
        rows = b"".join(b"%d,%d\n" % (i, 3 * i + 1) for i in range(200000))
        result = self.fit_json("y = a + b*x", self.write("large.csv.gz", gzip.compress(b"x,y\n" + rows, 1)))
        self.assertEqual(result["n"], 200000)
        self.assert_close(result["parameters"][1]["value"], 3, 1e-12)

    def test_a_file_that_is_cut_off_or_damaged_is_refused(self):
        self.needs_zlib()
        whole = gzip.compress(DATA)
        for size in 3, 10, 30, len(whole) // 2, len(whole) - 9, len(whole) - 4, len(whole) - 1:
            with self.subTest(size=size):
                path = self.write("cut.csv.gz", whole[:size])
                err = self.fails(65, "cut off", *FIT, path, *START)
                self.assertIn("cut.csv.gz", err)
        damaged = bytearray(whole)
        damaged[-6] ^= 0x10
        self.fails(65, "incorrect data check", *FIT, self.write("damaged.csv.gz", bytes(damaged)), *START)
        self.fails(65, "damaged", *FIT, self.write("more.csv.gz", whole + b"something else"), *START)

    def test_what_is_wrong_inside_is_told_with_its_line(self):
        self.needs_zlib()
        path = self.write("bad.csv.gz", gzip.compress(DATA.replace(b"29.61", b"29,61")))
        self.assertIn("bad.csv.gz:6:", self.fails(65, "this row has 3 fields", *FIT, path, *START))

    def test_without_zlib_it_says_what_to_install(self):
        if self.present:
            self.skipTest("zlib is here")
        self.fails(69, "zlib1g", *FIT, self.write("data.csv.gz", gzip.compress(DATA)), *START)


if __name__ == "__main__":
    command.main()
