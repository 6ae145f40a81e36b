/* bench/blocks_variants.h: pools of blocks with owners, built in other ways than the library's, to be measured beside
 * it.
 *
 * Each takes n blocks all or nothing, and each but the first checks owners and gives a list whole or not at all. None
 * has generations, shares, an owner's list of blocks or watermarks: they do less than the library's pool does. */
#ifndef QUERN_BENCH_BLOCKS_VARIANTS_H
#define QUERN_BENCH_BLOCKS_VARIANTS_H

#include <quern/blocks.h>

typedef struct variant {
    const char *name;
    void *(*open)(int64_t count, int64_t block_size); /* NULL: no memory */
    bool (*take)(void *pool, int64_t owner, qn_block *out, int64_t n);
    bool (*give)(void *pool, int64_t owner, const qn_block *list, int64_t n);
    void (*close)(void *pool);
} variant;

extern const variant variant_mutex_list;   /* the peer: a pthread mutex and a linked list, nothing checked */
extern const variant variant_mutex_owners; /* the same with owners checked */
extern const variant variant_treiber;      /* lock-free: a tagged stack of places, owners claimed one by one */
extern const variant variant_bitmap;       /* lock-free: a bit a block, 64 to a word, owners claimed one by one */

#endif
