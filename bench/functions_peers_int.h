/* bench/functions_peers_int.h: the loops of bench/functions_peers.h for one width of vectors. The including file
 * defines PEER_WIDTH, PEER_VECTOR, PEER_LOAD, PEER_STORE, PEER_MVEC(args, name) and PEER_SLEEF(name, error), which make
 * the libraries' names, and PEER_TABLE; PEER_HAVE_MVEC and BENCH_HAVE_SLEEF say which libraries there are. */
#ifndef QUERN_BENCH_FUNCTIONS_PEERS_INT_H
#define QUERN_BENCH_FUNCTIONS_PEERS_INT_H

#include "bench/functions_peers.h"

#include <features.h>
#include <stddef.h>
#if BENCH_HAVE_SLEEF
#include <sleef.h>
#endif

/* clang-format off */
#if PEER_HAVE_MVEC
/* X(name, letters of the vector arguments) */
#define PEER_MVEC_OLD(X) X(exp, v) X(log, v) X(sin, v) X(cos, v) X(pow, vv)
#if __GLIBC_PREREQ(2, 35)
#define PEER_MVEC_NEW(X) \
    X(exp2, v) X(expm1, v) X(log2, v) X(log10, v) X(log1p, v) X(tan, v) X(asin, v) X(acos, v) X(atan, v) \
    X(atan2, vv) X(sinh, v) X(cosh, v) X(tanh, v) X(asinh, v) X(acosh, v) X(atanh, v) X(erf, v) X(erfc, v) \
    X(cbrt, v) X(hypot, vv)
#else
#define PEER_MVEC_NEW(X)
#endif
#else
#define PEER_MVEC_OLD(X)
#define PEER_MVEC_NEW(X)
#endif

#if BENCH_HAVE_SLEEF
/* X(name, SLEEF's name, arguments, error) */
#define PEER_SLEEF_EXACT(X) \
    X(exp, exp, v, u10) X(exp2, exp2, v, u10) X(expm1, expm1, v, u10) X(log, log, v, u10) X(log2, log2, v, u10) \
    X(log10, log10, v, u10) X(log1p, log1p, v, u10) X(sin, sin, v, u10) X(cos, cos, v, u10) X(tan, tan, v, u10) \
    X(asin, asin, v, u10) X(acos, acos, v, u10) X(atan, atan, v, u10) X(atan2, atan2, vv, u10) X(sinh, sinh, v, u10) \
    X(cosh, cosh, v, u10) X(tanh, tanh, v, u10) X(asinh, asinh, v, u10) X(acosh, acosh, v, u10) \
    X(atanh, atanh, v, u10) X(erf, erf, v, u10) X(erfc, erfc, v, u15) X(cbrt, cbrt, v, u10) X(pow, pow, vv, u10) \
    X(hypot, hypot, vv, u05) X(gamma, tgamma, v, u10) X(lgamma, lgamma, v, u10)
#define PEER_SLEEF_FAST(X) \
    X(exp2, exp2, v, u35) X(log, log, v, u35) X(log2, log2, v, u35) X(sin, sin, v, u35) X(cos, cos, v, u35) \
    X(tan, tan, v, u35) X(asin, asin, v, u35) X(acos, acos, v, u35) X(atan, atan, v, u35) X(atan2, atan2, vv, u35) \
    X(sinh, sinh, v, u35) X(cosh, cosh, v, u35) X(tanh, tanh, v, u35) X(cbrt, cbrt, v, u35) X(hypot, hypot, vv, u35)
#else
#define PEER_SLEEF_EXACT(X)
#define PEER_SLEEF_FAST(X)
#endif
/* clang-format on */

#define PEER_CALL_v(function)  function(PEER_LOAD(a + i))
#define PEER_CALL_vv(function) function(PEER_LOAD(a + i), PEER_LOAD(b + i))
#define PEER_LOOP(loop, function, args)                                               \
    static void loop(double *restrict d, const double *a, const double *b, int64_t n) \
    {                                                                                 \
        (void)b;                                                                      \
        for (int64_t i = 0; i < n; i += PEER_WIDTH)                                   \
            PEER_STORE(d + i, PEER_CALL_##args(function));                            \
    }

#define PEER_TYPES_v  PEER_VECTOR
#define PEER_TYPES_vv PEER_VECTOR, PEER_VECTOR
#define PEER_DEFINE_MVEC(name, args)                      \
    PEER_VECTOR PEER_MVEC(args, name)(PEER_TYPES_##args); \
    PEER_LOOP(mvec_##name, PEER_MVEC(args, name), args)
#define PEER_DEFINE_EXACT(name, sleef, args, error) PEER_LOOP(exact_##name, PEER_SLEEF(sleef, error), args)
#define PEER_DEFINE_FAST(name, sleef, args, error)  PEER_LOOP(fast_##name, PEER_SLEEF(sleef, error), args)

PEER_MVEC_OLD(PEER_DEFINE_MVEC)
PEER_MVEC_NEW(PEER_DEFINE_MVEC)
PEER_SLEEF_EXACT(PEER_DEFINE_EXACT)
PEER_SLEEF_FAST(PEER_DEFINE_FAST)

/* A function may stand in several rows, each with a part of the loops. */
#define PEER_ROW_MVEC(name, ...)  {#name, mvec_##name, NULL, NULL},
#define PEER_ROW_EXACT(name, ...) {#name, NULL, exact_##name, NULL},
#define PEER_ROW_FAST(name, ...)  {#name, NULL, NULL, fast_##name},

const peer_function PEER_TABLE[] = {PEER_MVEC_OLD(PEER_ROW_MVEC) PEER_MVEC_NEW(PEER_ROW_MVEC) PEER_SLEEF_EXACT(
    PEER_ROW_EXACT) PEER_SLEEF_FAST(PEER_ROW_FAST){NULL, NULL, NULL, NULL}};

#endif
