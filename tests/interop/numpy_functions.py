"""The functions that are promised as NumPy has them give NumPy's very doubles: value and sign of zero, at every level of this processor.

Skipped, loudly, where NumPy is not installed. APPLY names the program that applies an operation.
"""
import os
import struct
import subprocess
import sys
import unittest

try:
    import numpy
except ImportError:
    print("SKIPPED: comparing functions with NumPy: python3-numpy is not installed")
    sys.exit(77)

PROGRAM = os.environ["APPLY"]
COUNT = 200000
SPECIALS = [0.0, -0.0, 1.0, -1.0, 2.0, -3.0, 0.5, -0.5, 1.5, 2.5, 1e300, -1e300, 5e-324, -5e-324, 2.2250738585072014e-308, 1.7976931348623157e308,
            4503599627370497.5, 9007199254740993.0, numpy.inf, -numpy.inf, numpy.nan]


def operands():
    """Every pair of special values, then random ones: all patterns, small integers and halves, near multiples, huge quotients."""
    random = numpy.random.RandomState(7)
    pairs = numpy.array([(x, y) for x in SPECIALS for y in SPECIALS]).T
    patterns = random.randint(-2**63, 2**63 - 1, (2, COUNT)).view("f8")
    halves = random.randint(-40, 41, (2, COUNT)) / 2
    plain = random.uniform(-100, 100, (2, COUNT))
    divisor = random.uniform(-10, 10, COUNT)
    multiples = numpy.array([numpy.nextafter(divisor * random.randint(-1000, 1000, COUNT), random.choice([-numpy.inf, numpy.inf], COUNT)), divisor])
    huge = numpy.array([plain[0] * 10.0 ** random.randint(-300, 300, COUNT), plain[1] * 10.0 ** random.randint(-300, 300, COUNT)])
    return numpy.ascontiguousarray(numpy.concatenate([pairs, patterns, halves, plain, multiples, huge], axis=1))


def apply(level, name, a, b):
    done = subprocess.run([PROGRAM, level, name], input=struct.pack("<q", a.size) + a.tobytes() + b.tobytes(), capture_output=True, timeout=300)
    if done.returncode == 3:
        return None
    if done.returncode != 0:
        raise RuntimeError(f"apply {level} {name}: exit status {done.returncode}")
    return numpy.frombuffer(done.stdout)


class Functions(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.a, cls.b = operands()

    def compare(self, name, function, ties_have_no_sign=False):
        with numpy.errstate(all="ignore"):
            expected = function(self.a, self.b)
        for level in ["baseline", "avx2", "avx512"]:
            got = apply(level, name, self.a, self.b)
            if got is None:
                print(f"SKIPPED: this processor does not have the level {level}")
                continue
            same = (got.view("i8") == expected.view("i8")) | (numpy.isnan(got) & numpy.isnan(expected))
            if ties_have_no_sign:
                same |= (self.a == 0) & (self.b == 0) & (got == 0) & (expected == 0)
            wrong = numpy.flatnonzero(~same)
            if wrong.size > 0:
                k = wrong[0]
                self.fail(f"{wrong.size} differ at {level}; {name}({self.a[k]!r}, {self.b[k]!r}) is {got[k]!r}, NumPy says {expected[k]!r}")

    def test_mod(self):
        self.compare("MOD", numpy.mod)

    def test_floor_division(self):
        self.compare("FLOORDIV", numpy.floor_divide)

    def test_sign(self):
        self.compare("SIGN", lambda a, b: numpy.sign(a))

    # NumPy leaves open which of two zeros is the smaller one: it depends on the processor and the place in the array.
    def test_minimum(self):
        self.compare("MIN", numpy.minimum, ties_have_no_sign=True)

    def test_maximum(self):
        self.compare("MAX", numpy.maximum, ties_have_no_sign=True)

    def test_round(self):
        self.compare("ROUND", lambda a, b: numpy.round(a))

    def test_floor_and_ceil(self):
        self.compare("FLOOR", lambda a, b: numpy.floor(a))
        self.compare("CEIL", lambda a, b: numpy.ceil(a))

    def test_division_and_root(self):
        self.compare("DIV", numpy.divide)
        self.compare("SQRT", lambda a, b: numpy.sqrt(a))


if __name__ == "__main__":
    unittest.main(verbosity=2)
