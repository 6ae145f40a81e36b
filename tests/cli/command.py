"""What the tests of the command share: running it, and data whose fit is known.

The command is named by QUERN. Every test has a folder of its own. No test waits for time to pass: it waits for what the command says.
"""
import json
import os
import subprocess
import sys
import tempfile
import unittest

QUERN = os.environ["QUERN"]
PROJECT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SLOW = int(os.environ.get("QUERN_TEST_SLOW", "1"))  # sanitizers take this many times as long
TIMEOUT = 60 * SLOW

# NIST StRD Misra1a (https://www.itl.nist.gov/div898/strd/nls/data/misra1a.shtml): volume over pressure, and its certified fit.
MISRA1A = """pressure,volume
77.6,10.07
114.9,14.73
141.1,17.94
190.8,23.93
239.9,29.61
289.0,35.18
332.8,40.02
378.4,44.82
434.8,50.76
477.3,55.05
536.8,61.01
593.1,66.40
689.1,75.47
760.0,81.78
"""
MISRA1A_FORMULA = "volume = a*(1 - exp(-b*pressure))"
MISRA1A_START = "a=500,b=1e-4"
MISRA1A_CERTIFIED = {"a": (2.3894212918e02, 2.7070075241e00), "b": (5.5015643181e-04, 7.2668688436e-06)}
MISRA1A_RSS = 1.2455138894e-01


def has_part(name):
    """Whether an optional part is here, as the command says it."""
    done = subprocess.run([QUERN, "info", "--format", "json"], capture_output=True)
    return done.returncode == 0 and any(part["name"] == name and part["present"] for part in json.loads(done.stdout)["parts"])


class Command(unittest.TestCase):
    """A test with a folder of its own, as the folder in which the command runs."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="quern-cli-")
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.environment = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LANG": "C.UTF-8"}
        for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS", "LSAN_OPTIONS"):
            if name in os.environ:
                self.environment[name] = os.environ[name]

    def write(self, name, text):
        """Writes a file into the folder; text or bytes."""
        path = os.path.join(self.folder, name)
        with open(path, "wb") as file:
            file.write(text if isinstance(text, bytes) else text.encode())
        return path

    def popen(self, *words, environment=None, **rest):
        return subprocess.Popen([QUERN, *words], cwd=rest.pop("cwd", self.folder),
                                env={**self.environment, **(environment or {})}, **rest)

    def run_quern(self, *words, stdin=b"", environment=None, **rest):
        """Runs the command to its end. Gives exit code, standard output, standard error (text)."""
        rest.setdefault("stdout", subprocess.PIPE)
        process = self.popen(*words, environment=environment, stdin=subprocess.PIPE, stderr=subprocess.PIPE, **rest)
        try:
            out, err = process.communicate(stdin if isinstance(stdin, bytes) else stdin.encode(), timeout=TIMEOUT)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            self.fail(f"no end after {TIMEOUT} s: {words}")
        return process.returncode, (out or b"").decode(), err.decode()

    def succeeds(self, *words, **rest):
        """Exit 0 and nothing on standard error. Gives standard output."""
        code, out, err = self.run_quern(*words, **rest)
        self.assertEqual((code, err), (0, ""), msg=f"{words}")
        return out

    def fails(self, expected_code, sentence, *words, **rest):
        """This exit code, nothing on standard output, this sentence on standard error."""
        code, out, err = self.run_quern(*words, **rest)
        self.assertIn(sentence, err)
        self.assertEqual((code, out), (expected_code, ""), msg=f"{words}: {err}")
        self.assertTrue(err.startswith("quern: "), msg=err)
        return err

    def example_works(self, line):
        """An example of help, beside the project's examples. One of a database needs SQLite, one with a figure cairo."""
        if not os.path.exists(os.path.join(self.folder, "examples")):
            os.symlink(os.path.join(PROJECT, "examples"), os.path.join(self.folder, "examples"))
        if any(word in line for word in ("memory:", "sqlite:", "--store", "quern import", "quern data")) and not has_part("sqlite"):
            return
        if "--plot" in line and not has_part("cairo"):
            return
        environment = {"HOME": self.folder, **self.environment, "PATH": os.path.dirname(QUERN) + ":/usr/bin:/bin"}
        done = subprocess.run(["/bin/sh", "-c", line], cwd=self.folder, env=environment, capture_output=True, timeout=TIMEOUT)
        self.assertEqual(done.returncode, 0, msg=f"{line}\n{done.stderr.decode()}")
        self.assertNotEqual(done.stdout, b"", msg=line)

    def fit_json(self, *words, code=0, **rest):
        got, out, err = self.run_quern("fit", *words, "--format", "json", **rest)
        self.assertEqual((got, err), (code, ""), msg=f"{words}")
        return json.loads(out)

    def assert_close(self, got, expected, relative, msg=None):
        self.assertLessEqual(abs(got - expected), relative * abs(expected), msg=f"{msg}: {got} is not {expected}")


def main():
    unittest.main(verbosity=2, argv=sys.argv)
