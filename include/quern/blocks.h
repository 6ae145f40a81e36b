/* quern/blocks.h: a fixed number of blocks of one size, each held by owners, taken and given in lists.
 *
 * Made for lists that grow, are shared and go all at once, such as the pages of a key-value cache: an agent is an
 * owner, its context a list of blocks, a common prefix the blocks that several agents hold.
 *
 * What holding means. An owner is a number of the caller's, not 0. Who takes a block holds it; qn_blocks_share lets
 * another owner hold it as well. All holders are equal: the block is used until the last one has given it, whoever took
 * it first. An owner holds a block once or not at all. References (qn_blocks_ref) are holds without an owner, counted,
 * for work in flight.
 *
 * Caveats first:
 *  - A list is taken, given or shared as a whole or not at all. A refused list names its first bad entry and changes
 *    nothing.
 *  - A qn_block is good until the last holder has given the block. After that it is stale: it is refused, not mistaken
 *    for the block that has its place now (until that place was taken 67,108,863 times more).
 *  - The bytes of a block are its holders': the pool reads and writes them only in qn_blocks_make_writable and when it
 *    poisons a block that was given. They are not cleared.
 *  - used + free = total at every instant, seen from any thread: qn_blocks_counts reads all three at once. A block on
 *    its way in or out counts as used.
 *  - Any thread, at any time, but for qn_blocks_free and what qn_blocks_reconfigure says. Threads that work for
 *    different owners hardly meet; those that work for one owner wait for one another.
 */
#ifndef QUERN_BLOCKS_H
#define QUERN_BLOCKS_H

#include <quern/base.h>

QN_BEGIN_DECLS

typedef struct qn_blocks qn_blocks;

/* A block: its place, 0 ... count - 1, in the low 32 bits; above them, which taking of that place it is. 0: none. */
typedef struct qn_block {
    int64_t id; /* the two in one */
} qn_block;

/* Whether the bytes of a block that is given become unusable. */
typedef enum qn_blocks_poison {
    QN_BLOCKS_POISON_AUTO,   /* in builds with assertions or the address sanitizer */
    QN_BLOCKS_POISON_NEVER,  /* the bytes stay as they are */
    QN_BLOCKS_POISON_ALWAYS, /* overwritten with 0xA5: costs writing the block, under the lock of the owner's shard */
} qn_blocks_poison;

/* How a pool is made. 0 is the default of every field. */
typedef struct qn_blocks_options {
    int64_t size;   /* of this struct, for later versions */
    int64_t shares; /* shares that there can be at once: holds of a block beside that of who took it; at most 1,048,574;
                       0: as many as blocks; -1: none */
    qn_blocks_poison poison; /* but with NEVER, the address sanitizer sees uses of free blocks */
    bool touch;              /* every page is written at once; else a block that was never taken was never touched */
    int64_t high;            /* watermarks, in blocks used: see `watermark`. 0: none */
    int64_t low;             /* 0 <= low < high */
    /* Called with `above` true when `high` blocks or more are used, and with false when after that `low` or fewer are;
     * nothing in between. It is called by the thread that took or gave, before that call returns, with no lock held: it
     * may take and give. Two threads may be in it at once: `above` says which crossing a call is for, qn_blocks_counts
     * how things are. */
    void (*watermark)(void *user, bool above, int64_t used);
    void *user; /* its first argument */
} qn_blocks_options;

/* Options with every field at its default; `size` is sizeof *out as the caller knows it. Any thread. */
QN_API void qn_blocks_options_init(qn_blocks_options *out, int64_t size);

/* Makes a pool of `count` blocks (at least 1, at most 2,097,151) of `block_size` bytes (at least 1), each aligned to
 * 64. The blocks and all that is known of them are one request to `allocator` (borrowed, must outlive the pool; NULL:
 * the default), of count * (block_size rounded up to 64, and about 140 more) bytes; the pool itself is a second, small
 * one. Errors: QN_INVALID, QN_NOMEM, QN_BUDGET. */
QN_API QN_MUST_USE qn_status qn_blocks_new(qn_blocks **out, int64_t count, int64_t block_size,
                                           const qn_blocks_options *options, const qn_allocator *allocator,
                                           qn_error *err);

/* Takes `n` blocks for `owner` into out[0 ... n - 1], or none; out is then all 0. Blocks that the same owner gave last
 * come first, warm; a list that was given whole comes back in its order. Errors: QN_EXHAUSTED (says asked, free,
 * total), QN_BUSY (the pool is being reconfigured), QN_INVALID (n < 0, owner 0). */
QN_API QN_MUST_USE qn_status qn_blocks_take(qn_block *out, qn_blocks *pool, int64_t owner, int64_t n, qn_error *err);

/* Lets `owner` give the n blocks of the list (borrowed), or none of them. What nobody else holds is free. Errors:
 * QN_INVALID: an entry is no block of this pool, stale (given before), free, not held by this owner, or twice in the
 * list; the message names the first such entry and why. */
QN_API QN_MUST_USE qn_status qn_blocks_give(qn_blocks *pool, int64_t owner, const qn_block *list, int64_t n,
                                            qn_error *err);

/* Lets `owner` give all that it holds. Returns how many blocks that were (0: none, or no such owner). Looks at every
 * block that was ever taken, about a nanosecond each. */
QN_API int64_t qn_blocks_give_all(qn_blocks *pool, int64_t owner);

/* Lets `to` hold the n blocks that `from` holds, or none of them. Errors: QN_INVALID (as qn_blocks_give; `to` holds one
 * already; to == from), QN_EXHAUSTED (more shares than the pool was made for). */
QN_API QN_MUST_USE qn_status qn_blocks_share(qn_blocks *pool, int64_t from, int64_t to, const qn_block *list, int64_t n,
                                             qn_error *err);

/* Adds a reference to a block that is held, and gives one back. The block of a reference stays good when all its owners
 * have given it. Errors: QN_INVALID (no block of this pool, stale, free; no reference to give back), QN_LIMIT (a block
 * has 262,143 references). */
QN_API QN_MUST_USE qn_status qn_blocks_ref(qn_blocks *pool, qn_block block, qn_error *err);
QN_API QN_MUST_USE qn_status qn_blocks_unref(qn_blocks *pool, qn_block block, qn_error *err);

/* Makes *block, held by `owner`, one that nobody else holds or refers to: itself if it is, else a block taken for
 * `owner` with a copy of the bytes, in place of the shared one, which `owner` then has given. On failure nothing has
 * changed. While it runs no other thread gives or shares this block for this owner, or adds a reference to it; other
 * owners may give it. Errors: QN_INVALID, QN_EXHAUSTED, QN_BUSY. */
QN_API QN_MUST_USE qn_status qn_blocks_make_writable(qn_block *block, qn_blocks *pool, int64_t owner, qn_error *err);

/* The block's bytes (block_size), good as long as the block is. NULL: stale, free, or no block of this pool. */
QN_API void *qn_blocks_data(const qn_blocks *pool, qn_block block);

/* The block's place, 0 ... count - 1. */
QN_API int64_t qn_blocks_index(qn_block block);

/* Who holds what. The holds and references of a block (0: it is free or stale); whether an owner holds a block; how
 * many blocks it holds (looked at as by qn_blocks_give_all). */
QN_API int64_t qn_blocks_holds(qn_blocks *pool, qn_block block);
QN_API bool qn_blocks_is_held(qn_blocks *pool, int64_t owner, qn_block block);
QN_API int64_t qn_blocks_held(qn_blocks *pool, int64_t owner);

/* Gives the pool `count` blocks of block_size bytes instead of those it has. Not while another call on it can be in
 * qn_blocks_data or qn_blocks_make_writable. Without `force`: only when nothing is used, else QN_BUSY (says how many
 * are, and who holds the most). With `force`: every block is given, every qn_block stale, every pointer into one
 * dangling. The old memory is given back before the new is asked for; where that is refused (QN_NOMEM, QN_BUDGET), the
 * old size is taken again, and if that is refused too, the pool is left without a block until it is reconfigured.
 * Watermarks stay, as numbers of blocks. Errors: these, QN_INVALID, QN_BUSY also where another thread is at it. */
QN_API QN_MUST_USE qn_status qn_blocks_reconfigure(qn_blocks *pool, int64_t count, int64_t block_size, bool force,
                                                   qn_error *err);

/* How many blocks are used, free, and there; each kept by itself, read in one instant. */
typedef struct qn_blocks_count {
    int64_t used, free, total; /* used + free = total */
} qn_blocks_count;

/* The three of this instant. Any thread. */
QN_API qn_blocks_count qn_blocks_counts(const qn_blocks *pool);

/* What the pool has done. `used`, `free` and `total` fit together, the others are read one by one. */
typedef struct qn_blocks_stats {
    int64_t size;       /* of this struct: set it before the call; what an older caller does not know is not written */
    int64_t block_size; /* bytes */
    int64_t used, free, total; /* blocks */
    int64_t peak;              /* the most that were ever used */
    int64_t shares;            /* holds beyond the first of a block, now */
    int64_t taken, given;      /* blocks that became used, and free, so far */
    int64_t fetched;           /* of those taken, the ones that came from another owner's shard */
    int64_t refused;           /* lists that could not be taken for want of blocks */
    int64_t bad;               /* lists that were refused for what was in them */
    int64_t contended;         /* times that a thread found a lock of the pool held, */
    int64_t slept;             /* slept for it, */
    int64_t wait_ns;           /* and the time it waited */
} qn_blocks_stats;

/* The numbers of now. Any thread. */
QN_API void qn_blocks_get_stats(qn_blocks *pool, qn_blocks_stats *out);

/* Frees the pool and its blocks, held or not. NULL is fine. */
QN_API void qn_blocks_free(qn_blocks *pool);

QN_END_DECLS
#endif
