"""bench/model_peers.py: the formulas of bench/model_formulas.h in NumPy or numexpr, value and derivatives, for bench/model.c.

Usage: model_peers.py numpy|numexpr, a conversation on standard input and output:
    first line out                             "ready VERSION", or "missing MODULE"
    formula NAME ROWS FIRST LAST PARAMETER…    "row K: VALUE DERIVATIVE…" computed at row K = ROWS // 3, or "none WHY"
    run CALLS                                  seconds that so many calls of the last formula took
Every array is made beforehand, every result goes into its place (out=), what value and derivatives share is computed once, numexpr's
expressions are compiled beforehand and run on one thread.
"""
import math
import sys
import time

KIND = sys.argv[1]
try:
    import numpy as np

    if KIND == "numexpr":
        import numexpr as ne

        ne.set_num_threads(1)
except ImportError as problem:
    print("missing", problem.name, flush=True)
    sys.exit(0)
try:
    from scipy import special as scipy_special
except ImportError:
    scipy_special = None


def numpy_cubic(x, p, v, j, t):
    a, b, c, d = p
    np.multiply(x, d, out=v)
    v += c
    v *= x
    v += b
    v *= x
    v += a
    j[0].fill(1)
    j[1][:] = x
    np.multiply(x, x, out=j[2])
    np.multiply(j[2], x, out=j[3])


def numpy_rational(x, p, v, j, t):
    a, b, c, d = p
    q = j[0]
    np.multiply(x, d, out=q)
    q += c
    q *= x
    q += 1
    np.divide(1, q, out=q)
    np.multiply(x, b, out=v)
    v += a
    v *= q
    np.multiply(x, q, out=j[1])
    np.multiply(v, j[1], out=j[2])
    np.negative(j[2], out=j[2])
    np.multiply(j[2], x, out=j[3])


def numpy_exponential(x, p, v, j, t):
    a, b, c = p
    e = j[0]
    np.multiply(x, -b, out=e)
    np.exp(e, out=e)
    np.multiply(e, a, out=v)
    v += c
    np.multiply(e, -a, out=j[1])
    j[1] *= x
    j[2].fill(1)


def numpy_gaussians(x, p, v, j, t):
    for k in (0, 3):
        a, m, s = p[k : k + 3]
        e, d, dz, z = j[k], j[k + 1], j[k + 2], t[0]
        np.subtract(x, m, out=z)
        z *= 1 / s
        np.multiply(z, z, out=e)
        np.negative(e, out=e)
        np.exp(e, out=e)
        np.multiply(e, z, out=d)
        d *= 2 * a / s
        np.multiply(d, z, out=dz)
        if k == 0:
            np.multiply(e, a, out=v)
        else:
            np.multiply(e, a, out=z)
            v += z


def numpy_damped_sine(x, p, v, j, t):
    a, b, w, phase = p
    e, u, es, aec = t[0], v, j[0], j[3]
    np.multiply(x, -b, out=e)
    np.exp(e, out=e)
    np.multiply(x, w, out=u)
    u += phase
    np.sin(u, out=es)
    es *= e
    np.cos(u, out=aec)
    aec *= e
    aec *= a
    np.multiply(es, a, out=v)
    np.multiply(v, x, out=j[1])
    np.negative(j[1], out=j[1])
    np.multiply(aec, x, out=j[2])


def numpy_logistic(x, p, v, j, t):
    a, k, m = p
    u, e, q, s = t[0], t[1], j[0], j[2]
    np.subtract(x, m, out=u)
    np.multiply(u, -k, out=e)
    np.exp(e, out=e)
    np.add(e, 1, out=q)
    np.divide(1, q, out=q)
    np.multiply(q, a, out=v)
    np.multiply(v, q, out=s)
    s *= e
    np.multiply(s, u, out=j[1])
    s *= -k


def numpy_power(x, p, v, j, t):
    a, b, c = p
    np.power(x, b, out=j[0])
    np.multiply(j[0], a, out=v)
    np.log(x, out=j[1])
    j[1] *= v
    v += c
    j[2].fill(1)


def numpy_special(x, p, v, j, t):
    a, m, s, b = p
    z, g = t[0], j[3]
    np.subtract(x, m, out=z)
    z *= 1 / s
    scipy_special.erf(z, out=j[0])
    j[0] += 1
    np.add(x, 1, out=g)
    scipy_special.gammaln(g, out=g)
    np.multiply(z, z, out=j[1])
    np.negative(j[1], out=j[1])
    np.exp(j[1], out=j[1])
    j[1] *= -2 / math.sqrt(math.pi) * a / s
    np.multiply(j[1], z, out=j[2])
    np.multiply(j[0], a, out=v)
    np.multiply(g, b, out=z)
    v += z


# A step: where it goes (v, j0 …, t0 …), expression. x, the parameters and earlier results are its names.
NUMEXPR = {
    "cubic": ("a b c d", [("v", "a + x*(b + x*(c + x*d))"), ("j0", None), ("j1", "x"), ("j2", "x*x"), ("j3", "x*x*x")]),
    "rational": (
        "a b c d",
        [("j0", "1/(1 + x*(c + x*d))"), ("v", "(a + b*x)*j0"), ("j1", "x*j0"), ("j2", "-v*j1"), ("j3", "j2*x")],
    ),
    "exponential": ("a b c", [("j0", "exp(-b*x)"), ("v", "a*j0 + c"), ("j1", "-a*j0*x"), ("j2", None)]),
    "gaussians": (
        "a1 m1 s1 a2 m2 s2",
        [
            ("t0", "(x - m1)/s1"),
            ("t1", "(x - m2)/s2"),
            ("j0", "exp(-t0*t0)"),
            ("j3", "exp(-t1*t1)"),
            ("v", "a1*j0 + a2*j3"),
            ("j1", "2*a1/s1*j0*t0"),
            ("j2", "j1*t0"),
            ("j4", "2*a2/s2*j3*t1"),
            ("j5", "j4*t1"),
        ],
    ),
    "damped_sine": (
        "a b w p",
        [
            ("t0", "exp(-b*x)"),
            ("j0", "t0*sin(w*x + p)"),
            ("j3", "a*t0*cos(w*x + p)"),
            ("v", "a*j0"),
            ("j1", "-v*x"),
            ("j2", "j3*x"),
        ],
    ),
    "logistic": (
        "a k m",
        [("t0", "exp(-k*(x - m))"), ("j0", "1/(1 + t0)"), ("v", "a*j0"), ("j1", "v*j0*t0*(x - m)"), ("j2", "-v*j0*t0*k")],
    ),
    "power": ("a b c", [("j0", "x**b"), ("v", "a*j0 + c"), ("j1", "a*j0*log(x)"), ("j2", None)]),
}


def numexpr_call(name, x, p, v, j, t):
    """A function without arguments that computes all steps, each compiled by now."""
    names, steps = NUMEXPR[name]
    known = dict(zip(names.split(), p), x=x, v=v, **{f"j{k}": a for k, a in enumerate(j)}, **{f"t{k}": a for k, a in enumerate(t)})
    compiled = []
    for target, expression in steps:
        if expression is None:
            compiled.append((None, known[target], None))
        elif expression == "x":
            compiled.append((None, known[target], x))
        else:
            used = [n for n in known if n in compile(expression, name, "eval").co_names]
            program = ne.NumExpr(expression, [(n, np.float64) for n in used])
            compiled.append((program, known[target], [np.float64(known[n]) if np.isscalar(known[n]) else known[n] for n in used]))

    def call():
        for program, out, arguments in compiled:
            if program is not None:
                program(*arguments, out=out, order="K", casting="safe", ex_uses_vml=False)
            elif arguments is None:
                out.fill(1)
            else:
                out[:] = arguments

    return call


def make_call(name, rows, first, last, p):
    """The function that computes everything once, and a function that reads one row of the results."""
    x = first + (last - first) * (np.arange(rows) / rows)
    v, j, t = np.zeros(rows), [np.zeros(rows) for _ in p], [np.zeros(rows) for _ in range(2)]
    if KIND == "numexpr":
        if name not in NUMEXPR:
            raise LookupError("numexpr has no erf and no lgamma")
        call = numexpr_call(name, x, p, v, j, t)
    else:
        if name == "special" and scipy_special is None:
            raise LookupError("NumPy has no erf and no lgamma, and SciPy is not here")
        function = globals()[f"numpy_{name}"]

        def call():
            function(x, p, v, j, t)

    return call, lambda row: [v[row]] + [derivative[row] for derivative in j]


def seconds_of(call, calls):
    start = time.perf_counter()
    for _ in range(calls):
        call()
    return time.perf_counter() - start


def main():
    version = ne.__version__ if KIND == "numexpr" else np.__version__
    print("ready", version, flush=True)
    call = None
    for line in sys.stdin:
        words = line.split()
        if words[0] == "formula":
            rows, (first, last, *p) = int(words[2]), map(float, words[3:])
            try:
                call, read = make_call(words[1], rows, first, last, p)
                call()
                print(f"row {rows // 3}:", *(repr(float(y)) for y in read(rows // 3)), flush=True)
            except LookupError as why:
                print("none", why, flush=True)
        else:
            print(repr(seconds_of(call, int(words[1]))), flush=True)


main()
