"""What numpy.savez and savez_compressed write is read member by member; what Quern writes, NumPy loads (and pickles nothing), and
zip tools have nothing to complain about.

Skipped, loudly, where NumPy is not installed. NPZ_COPY names the program that reads one file and writes another.
"""
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
    print("SKIPPED: reading and writing NumPy's archives: python3-numpy is not installed")
    sys.exit(77)

PROGRAM = os.environ["NPZ_COPY"]
RANDOM = numpy.random.RandomState(5)
ARRAYS = {
    "x": RANDOM.standard_normal(1000),
    "grid": numpy.asfortranarray(RANDOM.standard_normal((30, 7)).astype("f4")),
    "größe/länge": RANDOM.randint(-9, 9, (2, 3, 4)).astype(">i4"),
    "one": numpy.array(2.5),
    "none": numpy.zeros((3, 0)),
    "flags": RANDOM.randint(0, 2, 9).astype(bool),
    "arr_0": numpy.arange(5, dtype="i8"),
}


class Npz(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="quern-npz-")
        self.addCleanup(folder.cleanup)
        self.source = os.path.join(folder.name, "in.npz")
        self.copy = os.path.join(folder.name, "out.npz")

    def run_copy(self, *words, code=0):
        done = subprocess.run([PROGRAM, self.source, self.copy, *words], capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, code, done.stderr)
        return done

    def check_copy(self, arrays):
        with numpy.load(self.copy, allow_pickle=False) as loaded:
            self.assertEqual(loaded.files, list(arrays))
            for name, array in arrays.items():
                array = array.astype("u1") if array.dtype == bool else array
                self.assertEqual(loaded[name].shape, array.shape)
                self.assertEqual(loaded[name].dtype, array.dtype.newbyteorder("<"))
                self.assertEqual(loaded[name].astype(array.dtype).tobytes(), array.tobytes())

    def check_by_tools(self):
        with zipfile.ZipFile(self.copy) as archive:
            self.assertIsNone(archive.testzip())
        if shutil.which("unzip"):
            done = subprocess.run(["unzip", "-t", self.copy], capture_output=True, text=True, timeout=60)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            self.assertEqual(done.stderr, "")

    def test_what_numpy_saves_comes_back_as_numpy_loads_it(self):
        for save in (numpy.savez, numpy.savez_compressed):
            for level in ("0", "1", "9"):
                with self.subTest(save=save.__name__, level=level):
                    save(self.source, **ARRAYS)
                    said = self.run_copy(level).stdout
                    self.check_copy(ARRAYS)
                    self.check_by_tools()
                    self.assertIn("x\tf64 1000\n%.17g\n" % ARRAYS["x"][0], said)
                    self.assertIn("größe/länge\ti32 2 3 4\n%d\n" % ARRAYS["größe/länge"].flat[0], said)

    def test_an_archive_without_members_is_one(self):
        numpy.savez(self.source)
        self.run_copy()
        self.check_copy({})

    def test_an_archive_written_to_a_pipe_is_read(self):
        class Pipe(io.RawIOBase):
            def __init__(self, file):
                self.file = file

            def writable(self):
                return True

            def write(self, data):
                return self.file.write(data)

        with open(self.source, "wb") as file:
            numpy.savez_compressed(Pipe(file), x=ARRAYS["x"], y=ARRAYS["grid"])
        self.run_copy()
        self.check_copy({"x": ARRAYS["x"], "y": ARRAYS["grid"]})

    def test_members_that_are_no_arrays_are_bytes(self):
        with zipfile.ZipFile(self.source, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("table.json", b'{"rows": 3}' * 100)
            archive.writestr("empty", b"")
        self.assertIn("table.json\tbytes 1100\nempty\tbytes 0\n", self.run_copy().stdout)
        with zipfile.ZipFile(self.copy) as archive:
            self.assertEqual(archive.read("table.json"), b'{"rows": 3}' * 100)
            self.assertEqual(archive.read("empty"), b"")
        self.check_by_tools()

    def test_stored_arrays_lie_at_multiples_of_64_bytes(self):
        numpy.savez(self.source, **ARRAYS)
        self.run_copy()
        with zipfile.ZipFile(self.copy) as archive, open(self.copy, "rb") as file:
            for entry in archive.infolist():
                file.seek(entry.header_offset)
                header = file.read(30)
                data = entry.header_offset + 30 + int.from_bytes(header[26:28], "little") + int.from_bytes(header[28:30], "little")
                self.assertEqual(data % 64, 0, entry.filename)
                self.assertEqual(entry.date_time, (1980, 1, 1, 0, 0, 0))
                file.seek(data)
                self.assertEqual(file.read(6), b"\x93NUMPY")

    def test_what_zip_makes_is_read(self):
        if not shutil.which("zip"):
            self.skipTest("zip is not installed")
        folder = os.path.dirname(self.source)
        numpy.save(os.path.join(folder, "x.npy"), ARRAYS["x"])
        subprocess.run(["zip", "-q", self.source, "x.npy"], cwd=folder, check=True, timeout=60)
        self.run_copy()
        self.check_copy({"x": ARRAYS["x"]})

    def test_the_same_arrays_give_the_same_bytes_wherever_and_whenever_they_are_written(self):
        numpy.savez(self.source, **ARRAYS)
        written = set()
        for zone in ("UTC", "America/New_York", "Asia/Kolkata"):
            subprocess.run([PROGRAM, self.source, self.copy], env={**os.environ, "TZ": zone}, check=True, timeout=60,
                           stdout=subprocess.DEVNULL)
            with open(self.copy, "rb") as file:
                written.add(file.read())
        self.assertEqual(len(written), 1)

    def test_python_objects_are_refused_with_the_member(self):
        numpy.savez(self.source, x=ARRAYS["x"], bad=numpy.array([{}, []], dtype=object))
        said = self.run_copy(code=65).stderr
        self.assertRegex(said, r'in\.npz: member "bad\.npy": Python objects .* are not read')
        self.assertFalse(os.path.exists(self.copy))


if __name__ == "__main__":
    unittest.main(verbosity=2)
