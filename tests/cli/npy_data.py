"""Data in NumPy's format: recognised by content, its columns c1, c2, …; written here byte by byte, so that NumPy is not needed."""
import struct
import unittest

import command


def npy(rows, descr="<f8"):
    """A version 1.0 file of rows of doubles, after the description of numpy.lib.format."""
    header = "{'descr': '%s', 'fortran_order': False, 'shape': (%d, %d), }" % (descr, len(rows), len(rows[0]))
    header += " " * (-(len(header) + 11) % 64) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + b"".join(struct.pack("<%dd" % len(r), *r) for r in rows)


ROWS = [tuple(float(cell) for cell in line.split(",")) for line in command.MISRA1A.splitlines() if line[:1].isdigit()]
FORMULA = "c2 = a*(1 - exp(-b*c1))"


class NpyData(command.Command):
    def test_an_array_is_fitted_like_the_same_numbers_in_csv(self):
        path = self.write("data.npy", npy(ROWS))
        expected = self.fit_json(command.MISRA1A_FORMULA, self.write("data.csv", command.MISRA1A), "--start", command.MISRA1A_START)
        result = self.fit_json(FORMULA, path, "--start", command.MISRA1A_START)
        self.assertEqual(result["parameters"], expected["parameters"])
        self.assertEqual(result["n"], len(ROWS))

    def test_the_name_does_not_matter(self):
        self.fit_json(FORMULA, self.write("data.csv", npy(ROWS)), "--start", command.MISRA1A_START)

    def test_options_of_csv_are_refused(self):
        self.fails(2, "--no-header is for CSV data", "fit", FORMULA, self.write("data.npy", npy(ROWS)), "--no-header")

    def test_other_types_and_damage_are_refused_by_name(self):
        self.fails(65, "|O", "fit", FORMULA, self.write("object.npy", npy(ROWS, "|O")))
        self.fails(65, "cut.npy", "fit", FORMULA, self.write("cut.npy", npy(ROWS)[:-3]))

    def test_an_unknown_column_is_a_parameter_and_an_unknown_response_an_error(self):
        self.fails(65, "volume", "fit", "volume = a*c1", self.write("data.npy", npy(ROWS)))


if __name__ == "__main__":
    command.main()
