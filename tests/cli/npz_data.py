"""An archive of NumPy's as data: recognised by content, its arrays are columns under their own names; written here byte by byte, so
that NumPy is not needed."""
import io
import json
import struct
import unittest
import zipfile

import command


def npy(values, descr="<f8", shape=None):
    header = "{'descr': '%s', 'fortran_order': False, 'shape': %s, }\n" % (descr, shape or "(%d,)" % len(values))
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + struct.pack("<%dd" % len(values), *values)


def npz(members, method=zipfile.ZIP_STORED):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()


ROWS = [tuple(float(cell) for cell in line.split(",")) for line in command.MISRA1A.splitlines() if line[:1].isdigit()]
NAMES = command.MISRA1A.splitlines()[0].split(",")
COLUMNS = {name + ".npy": npy([row[i] for row in ROWS]) for i, name in enumerate(NAMES)}
FIT = ("fit", command.MISRA1A_FORMULA)
START = ("--start", command.MISRA1A_START)


class NpzData(command.Command):
    def setUp(self):
        super().setUp()
        parts = json.loads(self.succeeds("info", "--format", "json"))["parts"]
        self.present = next(part["present"] for part in parts if part["name"] == "zip")

    def needs_zip(self):
        if not self.present:
            self.skipTest("libzip is not here")

    def test_arrays_are_fitted_like_the_same_numbers_in_csv(self):
        self.needs_zip()
        expected = self.fit_json(command.MISRA1A_FORMULA, self.write("data.csv", command.MISRA1A), *START)
        for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            result = self.fit_json(command.MISRA1A_FORMULA, self.write("data.npz", npz(COLUMNS, method)), *START)
            self.assertEqual(result["parameters"], expected["parameters"])
            self.assertEqual(result["n"], len(ROWS))

    def test_what_is_no_column_is_named(self):
        self.needs_zip()
        first = COLUMNS[NAMES[0] + ".npy"]
        for name, members, said in (
                ("long", {"a.npy": first, "b.npy": npy([1.0])}, 'member "b" has 1 elements, and "a" has %d' % len(ROWS)),
                ("grid", {"a.npy": first, "g.npy": npy([1.0] * 4, shape="(2, 2)")}, 'member "g" has 2 axes'),
                ("text", {"a.npy": first, "table.json": b"{}"}, 'member "table.json" is no array'),
                ("object", {"a.npy": npy([1.0], "|O")}, 'member "a.npy": Python objects')):
            self.fails(65, said, *FIT, self.write(name + ".npz", npz(members)), *START)

    def test_options_of_csv_are_refused(self):
        self.fails(2, "--no-header is for CSV data", *FIT, self.write("data.npz", npz(COLUMNS)), "--no-header")

    def test_another_archive_is_no_archive_of_arrays(self):
        self.fails(65, "zip archive or a spreadsheet", *FIT, self.write("sheet.xlsx", npz({"[Content_Types].xml": b"<x/>"})), *START)

    def test_without_libzip_it_says_what_to_install(self):
        if self.present:
            self.skipTest("libzip is here")
        self.fails(69, "libzip", *FIT, self.write("data.npz", npz(COLUMNS)), *START)


if __name__ == "__main__":
    command.main()
