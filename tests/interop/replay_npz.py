"""What a stream writes as .npz, NumPy loads without unpickling anything; and it says what the CSV file beside it says, which is read here
with Python's own decimal and datetime.

Skipped, loudly, where NumPy is not installed. STREAM_NPZ names the program that writes both files.
"""
import csv
import datetime
import decimal
import io
import os
import shutil
import subprocess
import sys
import tempfile
import unittest
import zipfile

try:
    import numpy
except ImportError:
    print("SKIPPED: what NumPy makes of a stream's arrays: python3-numpy is not installed")
    sys.exit(77)

PROGRAM = os.environ["STREAM_NPZ"]
FIELDS = {"sequence": "<i8", "time_ns": "<i8", "symbol": "<i4", "price": "<f8", "size": "<f8", "bid": "<f8", "ask": "<f8", "side": "|i1",
          "kind": "|u1", "order": "<i8", "half": "<f8"}
EPOCH = datetime.datetime(1970, 1, 1)


def nanoseconds(text):
    """Since 1970; datetime itself has microseconds alone."""
    whole, _, fraction = text.rstrip("Z").partition(".")
    seconds = (datetime.datetime.fromisoformat(whole) - EPOCH) // datetime.timedelta(seconds=1)
    return seconds * 10**9 + int(fraction.ljust(9, "0"))


def number(text):
    return float(decimal.Decimal(text)) if text else float("nan")


class StreamNpz(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="quern-replay-")
        self.addCleanup(folder.cleanup)
        self.npz, self.csv = os.path.join(folder.name, "a.npz"), os.path.join(folder.name, "a.csv")

    def write(self, count, npz=None):
        done = subprocess.run([PROGRAM, str(count), npz or self.npz, self.csv], capture_output=True, timeout=120)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def check(self, file, count):
        with open(self.csv, encoding="utf-8", newline="") as text:
            rows = list(csv.DictReader(text))
        self.assertEqual(len(rows), count)
        with numpy.load(file, allow_pickle=False) as arrays:
            self.assertEqual(arrays.files, [*FIELDS, "symbols"])
            for name, kind in FIELDS.items():
                self.assertEqual(arrays[name].dtype.str, kind)
                self.assertEqual(arrays[name].shape, (count,))
            symbols = arrays["symbols"]
            self.assertEqual(symbols[0], "größe, 日本")
            self.assertEqual(symbols[arrays["symbol"]].tolist(), [row["symbol"] for row in rows])
            self.assertEqual(arrays["sequence"].tolist(), [int(row["sequence"]) for row in rows])
            self.assertEqual(arrays["time_ns"].tolist(), [nanoseconds(row["time"]) for row in rows])
            for name in "price", "size", "bid", "ask", "half":
                numpy.testing.assert_array_equal(arrays[name], numpy.array([number(row[name]) for row in rows]), name)
            sides = {"buy": 1, "sell": -1, "": 0}
            self.assertEqual(arrays["side"].tolist(), [sides[row["side"]] for row in rows])
            self.assertEqual(arrays["kind"].tolist(), [["trade", "order"].index(row["kind"]) for row in rows])
            self.assertEqual(arrays["order"].tolist(), [int(row["order"] or 0) for row in rows])

    def check_by_tools(self):
        with zipfile.ZipFile(self.npz) as archive:
            self.assertIsNone(archive.testzip())
        if shutil.which("unzip"):
            done = subprocess.run(["unzip", "-t", self.npz], capture_output=True, text=True, timeout=60)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_numpy_loads_what_the_rows_say(self):
        for count in 1, 100, 8192, 30000:
            with self.subTest(count=count):
                self.write(count)
                self.check(self.npz, count)
                self.check_by_tools()

    def test_a_stream_without_records_gives_empty_arrays(self):
        self.write(0)
        self.check(self.npz, 0)

    def test_an_archive_can_go_through_a_pipe(self):
        self.check(io.BytesIO(self.write(20000, "-")), 20000)

    def test_the_same_records_give_the_same_bytes(self):
        self.write(9000)
        with open(self.npz, "rb") as file:
            first = file.read()
        self.write(9000)
        with open(self.npz, "rb") as file:
            self.assertEqual(first, file.read())


if __name__ == "__main__":
    unittest.main(verbosity=2)
