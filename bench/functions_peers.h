/* bench/functions_peers.h: vector functions of other libraries over arrays, by the width of their vectors. A library or
 * width that is not here has none. */
#ifndef QUERN_BENCH_FUNCTIONS_PEERS_H
#define QUERN_BENCH_FUNCTIONS_PEERS_H

#include <stdint.h>

typedef void peer_loop(double *restrict d, const double *a, const double *b, int64_t n);

typedef struct peer_function {
    const char *name;   /* as quern calls it */
    peer_loop *libmvec; /* at most 4 ULP; NULL: none */
    peer_loop *exact;   /* SLEEF, at most 1.0 ULP (erfc 1.5, hypot 0.5) */
    peer_loop *fast;    /* SLEEF, at most 3.5 ULP; NULL: none */
} peer_function;

/* Ends with a name of NULL. */
extern const peer_function peer_functions_2[], peer_functions_4[], peer_functions_8[];

#endif
