/* bench/numerics_native.c: the peers of bench/numerics_peers.h, compiled for this machine, sums in any order. */
#define PEER_TABLE numerics_native
#define PEER_NAME  "native C"
#include "bench/numerics_peers.inc"
