"""What NumPy saves is read with the same type, shape and elements; what Quern writes, NumPy loads (and pickles nothing).

Skipped, loudly, where NumPy is not installed. NPY_COPY names the program that reads one file and writes another.
"""
import gzip
import os
import subprocess
import sys
import tempfile
import unittest

try:
    import numpy
except ImportError:
    print("SKIPPED: reading and writing NumPy's files: python3-numpy is not installed")
    sys.exit(77)

PROGRAM = os.environ["NPY_COPY"]
HAS_GZIP = os.environ["HAS_GZIP"] == "1"
TYPES = {"f2": "f16", "f4": "f32", "f8": "f64", "i1": "i8", "i2": "i16", "i4": "i32", "i8": "i64", "u1": "u8", "b1": "u8"}
SHAPES = [(), (1,), (7,), (0,), (3, 4), (3, 0, 2), (2, 3, 4), (1, 5, 1), (2, 1, 2, 1, 3), (1, 2, 1, 2, 1, 2, 1, 2)]


class Npy(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="quern-npy-")
        self.addCleanup(folder.cleanup)
        self.source = os.path.join(folder.name, "in.npy")
        self.copy = os.path.join(folder.name, "out.npy")
        self.random = numpy.random.RandomState(3)

    def array(self, code, shape):
        if code == "b1":
            return self.random.randint(0, 2, shape).astype("b1")
        if code[0] in "iu":
            limits = numpy.iinfo(code)
            return numpy.asarray(self.random.randint(limits.min, limits.max, shape, code))
        values = numpy.asarray(self.random.standard_normal(shape) * 100, code)
        if values.size > 3:
            values.flat[:4] = [numpy.nan, numpy.inf, -0.0, numpy.finfo(code).tiny / 4]
        return values

    def run_copy(self, *words, code=0):
        done = subprocess.run([PROGRAM, self.source, self.copy, *words], capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, code, done.stderr)
        return done

    def check_output(self, text, saved):
        lines = text.splitlines()
        kind, *shape = lines[0].split()
        self.assertEqual(kind, TYPES[saved.dtype.str[1:]])
        self.assertEqual(tuple(map(int, shape)), saved.shape)
        self.assertEqual(len(lines) - 1, saved.size)
        read = numpy.array([float(line) for line in lines[1:]])
        numpy.testing.assert_array_equal(read, saved.astype("f8").ravel(order="C"))

    def check_copy(self, expected):
        loaded = numpy.load(self.copy, allow_pickle=False)
        self.assertEqual(loaded.shape, expected.shape)
        self.assertEqual(loaded.dtype.str[1:], "u1" if expected.dtype.str[1:] == "b1" else expected.dtype.str[1:])
        self.assertEqual(loaded.astype(expected.dtype).tobytes(), expected.tobytes())
        with open(self.copy, "rb") as file:
            numpy.lib.format.read_magic(file)
            numpy.lib.format.read_array_header_1_0(file)
            self.assertEqual(file.tell() % 64, 0)
        mapped = numpy.load(self.copy, mmap_mode="r") if expected.size > 0 else loaded
        self.assertEqual(mapped.flags.c_contiguous, loaded.flags.c_contiguous)

    def test_every_type_shape_and_order_goes_there_and_back(self):
        for code in TYPES:
            for number, shape in enumerate(SHAPES):
                order, fortran = "<>"[number % 2], number % 3 == 1
                array = self.array(code, shape).astype((order if code[1] != "1" else "|") + code)
                if fortran:
                    array = numpy.asfortranarray(array)
                with self.subTest(type=array.dtype.str, shape=shape, fortran=fortran):
                    numpy.save(self.source, array)
                    self.check_output(self.run_copy().stdout, array)
                    self.check_copy(array)

    def test_a_transpose_is_written_in_the_order_of_its_memory(self):
        array = self.array("f4", (3, 5))
        numpy.save(self.source, array)
        self.run_copy("transpose")
        self.check_copy(array.T)
        self.assertTrue(numpy.load(self.copy).flags.f_contiguous)

    def test_all_versions_of_the_format_are_read(self):
        for version in (1, 0), (2, 0), (3, 0):
            with self.subTest(version=version):
                array = self.array("f8", (4, 3))
                with open(self.source, "wb") as file:
                    numpy.lib.format.write_array(file, array, version=version)
                self.check_output(self.run_copy().stdout, array)

    @unittest.skipUnless(HAS_GZIP, "built without zlib")
    def test_a_file_inside_gzip_is_read(self):
        array = self.array("f8", (1000, 300))
        numpy.save(self.source, array)
        with open(self.source, "rb") as file:
            content = file.read()
        with open(self.source, "wb") as file:
            file.write(gzip.compress(content, 1))
        self.check_output(self.run_copy().stdout, array)
        self.check_copy(array)

    def test_what_holds_no_numbers_is_refused(self):
        for array in (numpy.array([1, "a"], dtype=object), numpy.array(["text"]), numpy.zeros(2, "c16"), numpy.zeros(2, "u4"),
                      numpy.zeros(2, [("x", "f8")]), numpy.zeros(2, "M8[s]")):
            with self.subTest(type=str(array.dtype)):
                numpy.save(self.source, array, allow_pickle=True)
                said = self.run_copy(code=65).stderr
                self.assertRegex(said, "not read")
                self.assertFalse(os.path.exists(self.copy))


if __name__ == "__main__":
    unittest.main(verbosity=2)
