/* bench/functions_sse2.c: the peers of bench/functions_peers.h with SSE2, two doubles at a time. */
#define PEER_TABLE peer_functions_2

#ifdef __x86_64__
#include <immintrin.h>
#define PEER_WIDTH              2
#define PEER_VECTOR             __m128d
#define PEER_LOAD(p)            _mm_loadu_pd(p)
#define PEER_STORE(p, a)        _mm_storeu_pd((p), (a))
#define PEER_MVEC(args, name)   _ZGVbN2##args##_##name
#define PEER_SLEEF(name, error) Sleef_##name##d2_##error##sse2
#define PEER_HAVE_MVEC          BENCH_HAVE_MVEC
#include "bench/functions_peers_int.h"
#else
#include "bench/functions_peers.h"
const peer_function PEER_TABLE[] = {{0}};
#endif
