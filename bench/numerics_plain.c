/* bench/numerics_plain.c: the peers of bench/numerics_peers.h, compiled with the flags of the library at -O3. */
#define PEER_TABLE numerics_plain
#define PEER_NAME  "plain C"
#include "bench/numerics_peers.inc"
