/* bench/functions_avx2.c: the peers of bench/functions_peers.h with AVX2 and FMA, four doubles at a time. */
#define PEER_TABLE peer_functions_4

#ifdef __x86_64__
#include <immintrin.h>
#define PEER_WIDTH              4
#define PEER_VECTOR             __m256d
#define PEER_LOAD(p)            _mm256_loadu_pd(p)
#define PEER_STORE(p, a)        _mm256_storeu_pd((p), (a))
#define PEER_MVEC(args, name)   _ZGVdN4##args##_##name
#define PEER_SLEEF(name, error) Sleef_##name##d4_##error##avx2
#define PEER_HAVE_MVEC          BENCH_HAVE_MVEC
#include "bench/functions_peers_int.h"
#else
#include "bench/functions_peers.h"
const peer_function PEER_TABLE[] = {{0}};
#endif
