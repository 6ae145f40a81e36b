/* quern/budget.h: a tree of byte budgets: who may hold how much, who holds it, and what happens when it is too much.
 *
 * A budget is drawn on through its allocator: whatever takes a qn_allocator (an arena, a pool, a table, a model) draws
 * on a budget when it is given that budget's. What a budget holds its parent holds too, up to the root, the process.
 *
 * Caveats first:
 *  - A request is granted only if the budget and all above it have room. One that has not first asks those who said
 *    that they can give something back (qn_budget_on_pressure), then is refused: NULL from the allocator. Calls that
 *    see the refusal end with QN_BUDGET, or with QN_NOMEM where they cannot tell; qn_budget_last_refusal knows.
 *  - What is counted are the bytes asked for, not what the system's heap adds to them; of blocks that are mapped on
 *    their own, whole pages. A block that the heap moves in order to grow is for a moment there twice, and counted
 *    once.
 *  - A request on its way up that is refused above may, for that instant, be in the way of another's.
 *  - The default allocator draws on no budget. What is held through it is shown, and counts against the limit of the
 *    process, but is never refused. The records of budgets lie there too, where no source is named.
 *  - Drawing, charging and giving back take no lock, but for refusals and pressure; any thread. Making, freeing and
 *    walking take one. After fork the child may draw, but where another thread held that lock, not make, free or walk.
 */
#ifndef QUERN_BUDGET_H
#define QUERN_BUDGET_H

#include <quern/base.h>

QN_BEGIN_DECLS

typedef struct qn_budget qn_budget;

/* How a budget is made. 0 is the default of every field. */
typedef struct qn_budget_options {
    int64_t size;               /* of this struct, for later versions */
    int64_t limit;              /* bytes that it may hold; 0: what those above it allow */
    const qn_allocator *source; /* where its memory comes from, borrowed; NULL: where the parent's does */
    /* Requests of at least so many bytes ask the system for huge pages; 0: none does; below 2 MiB, which is such a
     * page: 2 MiB. */
    int64_t huge_from;
    bool prefault; /* those requests are made resident at once; without huge_from: those of at least 2 MiB */
} qn_budget_options;

/* Options with every field at its default; `size` is sizeof *out as the caller knows it. Any thread. */
QN_API void qn_budget_options_init(qn_budget_options *out, int64_t size);

/* The root: everything that this process holds through Quern. No limit until one is set. Static; any thread. */
QN_API qn_budget *qn_budget_process(void);

/* Makes a budget below `parent` (borrowed, must outlive it; NULL: the process). `name` is copied (its first 31 bytes,
 * whole characters). Requests that ask for huge pages or prefaulting are mapped on their own, whatever the source;
 * where the system has no huge pages, ordinary ones serve, without a word. Those options are not handed down. Errors:
 * QN_INVALID (a negative size, more than 16 below one another), QN_NOMEM. */
QN_API QN_MUST_USE qn_status qn_budget_new(qn_budget **out, qn_budget *parent, const char *name,
                                           const qn_budget_options *options, qn_error *err);

/* The allocator that draws on the budget; borrowed from it. A freed budget's may be used by those who still hold memory
 * of it, until they have given it back. */
QN_API const qn_allocator *qn_budget_allocator(const qn_budget *budget);

/* The budget on which an allocator draws, as long as the budget lives; NULL: it draws on none. */
QN_API qn_budget *qn_budget_of(const qn_allocator *allocator);

/* Charges bytes that come from elsewhere (a mapped file, another library), and takes the charge back, at once or in
 * parts; never more than was charged. Errors: QN_BUDGET (the sentence of qn_budget_explain), QN_INVALID (negative). */
QN_API QN_MUST_USE qn_status qn_budget_charge(qn_budget *budget, int64_t bytes, qn_error *err);
QN_API void qn_budget_discharge(qn_budget *budget, int64_t bytes);

/* Sets the limit, 0: none of its own. One below what is held takes nothing away: holders are asked to give back, and
 * requests are refused until there is room. */
QN_API void qn_budget_set_limit(qn_budget *budget, int64_t limit);

/* Has `give_back` asked when `budget`, or one above it, has no room for a request: it frees what it can do without, at
 * least `wanted` bytes if it can, and returns how many it freed. Of several, the one whose budget holds most by itself
 * is asked first, each once, until there is room. It is called on the thread that asks for memory, inside that request:
 * so nobody may ask for memory while holding a lock that a `give_back` takes. One runs at a time. It may free blocks
 * and budgets and call qn_budget_off_pressure; what it takes from a budget without room is refused. The same function
 * and user may be given twice, and are then taken off one by one. Errors: QN_NOMEM.
 *
 * qn_budget_off_pressure returns when `give_back` is not running, unless it is called from inside, and never will run
 * again; not while holding a lock that a `give_back` takes. Until then a freed budget stays. */
QN_API QN_MUST_USE qn_status qn_budget_on_pressure(qn_budget *budget, int64_t (*give_back)(void *user, int64_t wanted),
                                                   void *user, qn_error *err);
QN_API void qn_budget_off_pressure(qn_budget *budget, int64_t (*give_back)(void *user, int64_t wanted), void *user);

/* What a budget holds. Read one by one: while others draw on it they need not fit together. */
typedef struct qn_budget_stats {
    int64_t size;     /* of this struct: set it before the call; what an older caller does not know is not written */
    const char *name; /* borrowed from the budget */
    int64_t limit;    /* bytes; 0: none of its own */
    int64_t live;     /* bytes held now, children included */
    int64_t peak;     /* the most that it ever held; of the process: with what lay in the default allocator then, which
                         is looked at when a budget grows and now */
    int64_t own;      /* bytes held through this budget itself: live without the children's */
    int64_t own_peak; /* the most that it ever held itself */
    int64_t requests; /* how often memory was asked for or grown, through this budget itself */
    int64_t refused;  /* of these, refused here for want of room here or above */
    int64_t own_huge; /* bytes now held through it that the system was asked to back with huge pages */
} qn_budget_stats;

/* The numbers of this budget. Any thread. */
QN_API void qn_budget_get_stats(const qn_budget *budget, qn_budget_stats *out);

/* Calls fn for `budget` (depth 0) and everything below it, parents first, in the order in which they were made. The
 * default allocator appears below the process as "default". Under the tree's lock: fn may not make or free a budget,
 * nor take memory from one or give it back. */
QN_API void qn_budget_each(const qn_budget *budget, void (*fn)(void *user, const qn_budget_stats *stats, int64_t depth),
                           void *user);

/* Fills `err` (may be NULL) with why `asked` bytes do not fit: the budget that has no room, what is left, who holds the
 * rest, the three largest first: "80 MiB asked, budget "fit" has 12.3 MiB left of 64 MiB: "table" holds 40 MiB, "model"
 * 11 MiB". QN_OK, and touches nothing, where they would fit now. Errors: QN_BUDGET, that sentence. */
QN_API qn_status qn_budget_explain(qn_budget *budget, int64_t asked, qn_error *err);

/* The same of the last request that was refused for want of room in `budget` or in one below it, as things were then.
 * QN_OK, and touches nothing, where none ever was. Errors: QN_BUDGET, that sentence. */
QN_API qn_status qn_budget_last_refusal(const qn_budget *budget, qn_error *err);

/* Frees a budget. One through which something is still held, or below which there are others, stays, and is shown with
 * its name, until the last byte is given back and the last of those has gone. NULL is fine; the process's cannot be
 * freed. */
QN_API void qn_budget_free(qn_budget *budget);

QN_END_DECLS
#endif
