/* options/chain_make.h: chains for other folders: those whose quotes come from where they were kept, as they were,
 * nothing sorted, classed or counted anew; and all chains of a file. */
#ifndef QNI_OPTIONS_CHAIN_MAKE_H
#define QNI_OPTIONS_CHAIN_MAKE_H

#include <quern/arena.h>
#include <quern/chain.h>

/* A chain of `count` quotes, *quotes, which the caller fills in (sorted, with their classes), as it does all else that
 * the chain has: no spot, no texts and no warnings so far. What they point to lies in *arena, which ends with the
 * chain. qn_chain_free frees it. Errors: QN_INVALID (a count below 0 or beyond what a chain holds), QN_NOMEM,
 * QN_BUDGET. */
QN_MUST_USE qn_status qni_chain_make(qn_chain **out, qn_quote **quotes, qn_arena **arena, int64_t count,
                                     const qn_allocator *allocator, qn_error *err);

/* Is given a chain, which is its own from then on. A status that is not QN_OK ends the reading. */
typedef qn_status qni_chain_take(void *user, qn_chain *chain, qn_error *err);

/* Reads `size` bytes as qn_chain_read_bytes does, but a file of several underlyings or days as a chain each, in the
 * order of the file; ticker and as_of_us choose some of them. Errors: as of qn_chain_read_bytes, and what `take`
 * returned; chains may have been given before. */
QN_MUST_USE qn_status qni_chain_read_each(qni_chain_take *take, void *user, const char *bytes, int64_t size,
                                          const char *name, const qn_chain_options *options, qn_error *err);

#endif
