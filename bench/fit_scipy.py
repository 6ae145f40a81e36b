#!/usr/bin/python3
"""bench/fit_scipy.py: SciPy's least_squares for bench/fit.c, which asks for fits on standard input, one a line.

    data N P NAME TOLERANCE   then lines of x, y, start, lower, upper: numbers as hexadecimal floats
    fit                       fits the data once; the answer is a line: evaluations, then the parameters
"""
import sys

import numpy as np
import scipy
from scipy.optimize import least_squares


def decay(x, q, jacobian):
    a, k, c = q
    e = np.exp(-k * x)
    if jacobian is None:
        return a * e + c
    jacobian[:, 0] = e
    jacobian[:, 1] = -a * x * e
    jacobian[:, 2] = 1
    return jacobian


def peak(x, q, jacobian):
    a, m, s, c = q
    z = (x - m) / s
    e = np.exp(-0.5 * z * z)
    if jacobian is None:
        return a * e + c
    d = (a / s) * e * z
    jacobian[:, 0] = e
    jacobian[:, 1] = d
    jacobian[:, 2] = d * z
    jacobian[:, 3] = 1
    return jacobian


def two_decays(x, q, jacobian):
    a1, k1, a2, k2, c = q
    e1, e2 = np.exp(-k1 * x), np.exp(-k2 * x)
    if jacobian is None:
        return a1 * e1 + a2 * e2 + c
    jacobian[:, 0] = e1
    jacobian[:, 1] = -a1 * x * e1
    jacobian[:, 2] = e2
    jacobian[:, 3] = -a2 * x * e2
    jacobian[:, 4] = 1
    return jacobian


def peaks(x, q, jacobian):
    a, m, s = q[2::3], q[3::3], q[4::3]
    z = (x[:, None] - m) / s
    e = np.exp(-0.5 * z * z)
    if jacobian is None:
        return q[0] + q[1] * x + e @ a
    d = e * z * (a / s)
    jacobian[:, 0] = 1
    jacobian[:, 1] = x
    jacobian[:, 2::3] = e
    jacobian[:, 3::3] = d
    jacobian[:, 4::3] = d * z
    return jacobian


def numbers():
    return np.array([float.fromhex(text) for text in sys.stdin.readline().split()])


def main():
    models = {"decay": decay, "peak": peak, "two_decays": two_decays, "peaks": peaks}
    print("ready", scipy.__version__, flush=True)
    for line in sys.stdin:
        words = line.split()
        if words[0] == "data":
            n, p, model, tolerance = int(words[1]), int(words[2]), models[words[3]], float(words[4])
            x, y, start, lower, upper = (numbers() for _ in range(5))
            jacobian = np.empty((n, p))
        else:
            found = least_squares(lambda q: model(x, q, None) - y, start, jac=lambda q: model(x, q, jacobian),
                                  bounds=(lower, upper), method="trf", x_scale="jac", ftol=tolerance,
                                  xtol=tolerance, gtol=tolerance)
            if found.status < 1:
                sys.exit("SciPy did not converge")
            print(found.nfev + found.njev, *(float(v).hex() for v in found.x), flush=True)


if __name__ == "__main__":
    main()
