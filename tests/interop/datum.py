"""A table that was encoded is an archive that NumPy opens without pickles, with NumPy's own bools, dates and times.

Skipped, loudly, where NumPy is not installed. DATUM_WRITE names the program that encodes.
"""
import json
import os
import subprocess
import sys
import tempfile
import unittest

try:
    import numpy
except ImportError:
    print("SKIPPED: opening encoded tables with NumPy: python3-numpy is not installed")
    sys.exit(77)

CSV = """price,n,ok,who,day,at,table.json
1.5,1,true,b,1970-01-01,2026-02-13T09:30:00.000001Z,7
NA,2,NA,NA,NA,NA,8
-0.0,-3,false,a,2024-10-04,1969-12-31T23:59:59Z,9
"""


class Table(unittest.TestCase):
    def test_numpy_opens_a_table(self):
        with tempfile.TemporaryDirectory(prefix="quern-datum-") as folder:
            path = os.path.join(folder, "t.npz")
            subprocess.run([os.environ["DATUM_WRITE"], CSV, path], check=True, timeout=60)
            with numpy.load(path, allow_pickle=False) as archive:
                t = {name: archive[name] for name in archive.files}
        self.assertEqual(json.loads(t.pop("table.json")), {"schema": "quern.table/1", "rows": 3, "columns": [
            {"name": "price", "type": "f64"}, {"name": "n", "type": "i64"}, {"name": "ok", "type": "bool"}, {"name": "who", "type": "string"},
            {"name": "day", "type": "date"}, {"name": "at", "type": "timestamp"}, {"name": "table.json", "type": "i64"}]})
        gone = [False, True, False]
        expected = {
            "price": numpy.array([1.5, numpy.nan, -0.0]), "n": numpy.array([1, 2, -3]), "ok": numpy.array([True, False, False]),
            "who": numpy.array([0, 0, 1], "i4"), "table/3.texts": numpy.frombuffer(b"b\0a\0", "u1"),
            "day": numpy.array(["1970-01-01", "NaT", "2024-10-04"], "M8[D]"),
            "at": numpy.array(["2026-02-13T09:30:00.000001", "NaT", "1969-12-31T23:59:59"], "M8[us]"),
            "table/6": numpy.array([7, 8, 9]), **{f"table/{c}.missing": numpy.array(gone) for c in (0, 2, 3, 4, 5)}}
        self.assertEqual(sorted(t), sorted(expected))
        for name, array in expected.items():
            self.assertEqual(t[name].dtype, array.dtype, name)
            numpy.testing.assert_array_equal(t[name], array, name)
        self.assertTrue(numpy.signbit(t["price"][2]))


if __name__ == "__main__":
    unittest.main(verbosity=2)
