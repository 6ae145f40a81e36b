/* bench/functions_avx512.c: the peers of bench/functions_peers.h with AVX-512 F, eight doubles at a time. */
#define PEER_TABLE peer_functions_8

#ifdef __x86_64__
#include <immintrin.h>
#define PEER_WIDTH              8
#define PEER_VECTOR             __m512d
#define PEER_LOAD(p)            _mm512_loadu_pd(p)
#define PEER_STORE(p, a)        _mm512_storeu_pd((p), (a))
#define PEER_MVEC(args, name)   _ZGVeN8##args##_##name
#define PEER_SLEEF(name, error) Sleef_##name##d8_##error##avx512f
#define PEER_HAVE_MVEC          BENCH_HAVE_MVEC
#include "bench/functions_peers_int.h"
#else
#include "bench/functions_peers.h"
const peer_function PEER_TABLE[] = {{0}};
#endif
