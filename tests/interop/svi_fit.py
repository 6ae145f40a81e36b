"""SVI of 40 smiles with noise agrees with SciPy's least_squares: the same points, the same residuals, the same loss.

Skipped, loudly, where SciPy is not installed. SMILES names the program that fits. SciPy is begun at the curve from which the points were made, with
derivatives by differences and without bounds other than a positive width: curves are such that neither density nor bounds hold them.
"""
import os
import subprocess
import sys
import unittest

try:
    import numpy
    from scipy.optimize import least_squares
except ImportError:
    print("SKIPPED: comparing SVI with SciPy: python3-scipy is not installed")
    sys.exit(77)

PROGRAM = os.environ["SMILES"]
COUNT = 40


def variance(svi, k):
    a, b, rho, m, sigma = svi
    return a + b * (rho * (k - m) + numpy.sqrt((k - m) ** 2 + sigma**2))


class Smile:
    def __init__(self, random):
        self.years = float(numpy.exp(random.uniform(-5, 0.5)))
        deviation = 0.25 * numpy.sqrt(self.years)
        self.true = numpy.array([0.6 * deviation**2, random.uniform(0.2, 0.4) * deviation, random.uniform(-0.6, 0.4),
                                 random.uniform(-0.4, 0.4) * deviation, random.uniform(0.4, 1.2) * deviation])
        self.k = numpy.sort(random.uniform(-5, 5, 60)) * deviation
        self.half = random.uniform(0.002, 0.02, 60) * 0.5
        vol = numpy.sqrt(variance(self.true, self.k) / self.years)
        self.mid = vol + self.half * random.standard_t(3, 60) * 0.4
        # One half spread times the weight is the same at all points, up to rounding.
        self.scale = 1 / (2 * self.mid * self.years * self.half)

    def residuals(self, svi):
        return (variance(svi, self.k) - self.mid**2 * self.years) * self.scale

    def cost(self, svi):
        return 2 * numpy.sum(numpy.sqrt(1 + self.residuals(svi) ** 2) - 1)

    def text(self):
        lines = [f"{self.years!r} {len(self.k)}"]
        lines += [f"{float(k)!r} {float(mid)!r} {float(half)!r}" for k, mid, half in zip(self.k, self.mid, self.half)]
        return "\n".join(lines) + "\n"


class Svi(unittest.TestCase):
    def test_the_curve_is_the_one_that_scipy_finds(self):
        random = numpy.random.default_rng(11)
        smiles = [Smile(random) for _ in range(COUNT)]
        done = subprocess.run([PROGRAM], input="".join(s.text() for s in smiles), capture_output=True, text=True, check=True)
        found = [numpy.array([float(x) for x in line.split()]) for line in done.stdout.splitlines()]
        self.assertEqual(len(found), COUNT)
        for smile, ours in zip(smiles, found):
            size = numpy.array([smile.true[0], smile.true[1], 1, smile.true[4], smile.true[4]])
            theirs = least_squares(smile.residuals, smile.true, loss="soft_l1", x_scale=size, xtol=1e-14, ftol=1e-14, gtol=1e-14,
                                   bounds=([-numpy.inf, 0, -1, -numpy.inf, 0], [numpy.inf, numpy.inf, 1, numpy.inf, numpy.inf])).x
            self.assertLess(smile.cost(ours), smile.cost(theirs) * (1 + 1e-9))
            apart = numpy.sqrt(variance(ours, smile.k)) - numpy.sqrt(variance(theirs, smile.k))
            # Both stop where the cost no longer changes: its root, in half spreads of volatility.
            self.assertLess(numpy.max(numpy.abs(apart / numpy.sqrt(smile.years) / smile.half)), 1e-3)


if __name__ == "__main__":
    unittest.main(verbosity=2)
