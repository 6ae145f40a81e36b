/* mem/budget.c: the tree, and charging it.
 *
 * Always: what a budget holds (live) is what is held through it (own) and what its children hold; live never goes above
 * the limit by a request, for it only grows by a compare and exchange that has looked at the sum. A request is charged
 * before its memory is taken, and memory is given back before its charge is: what is counted is never less than what is
 * there. Charging goes from the budget up to the process, and takes all back where one of them has no room.
 *
 * The counters are relaxed: each carries nothing but itself, and its own order of changes is all that a limit needs.
 * Only `refs` orders: whoever ends a budget comes after all that was done with it.
 *
 * State of the process: the root, the lock of the tree, and per thread who refused it last. */
#include "mem/budget_int.h"

#include "base/error.h"
#include "base/lock.h"
#include "base/options.h"
#include "mem/pages.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

static void *budget_resize(void *user, void *block, int64_t old_size, int64_t new_size);

static qn_budget process = {
    .allocator = {.resize = budget_resize, .user = &process},
    .map_from = INT64_MAX,
    .name = "process",
    .refs = 1,
};

static qni_lock tree_lock;

typedef struct refusal {
    const qn_budget *asked; /* through which it was; NULL: the last failure was no refusal */
    const qn_budget *full;  /* the one that had no room */
} refusal;

static _Thread_local refusal refused_last;

void qni_budget_tree_take(void)
{
    qni_lock_take(&tree_lock, NULL);
}

void qni_budget_tree_give(void)
{
    qni_lock_give(&tree_lock);
}

static int64_t add(_Atomic int64_t *counter, int64_t change)
{
    return atomic_fetch_add_explicit(counter, change, memory_order_relaxed) + change;
}

static void raise_to(_Atomic int64_t *peak, int64_t value)
{
    int64_t seen = qni_budget_counter(peak);
    while (value > seen &&
           !atomic_compare_exchange_weak_explicit(peak, &seen, value, memory_order_relaxed, memory_order_relaxed))
        ;
}

/* ---- charging ---- */

/* What counts against the limit of a budget beside what is charged. */
static int64_t uncharged(const qn_budget *budget)
{
    int64_t live = 0, peak;
    if (budget->parent == NULL)
        qni_allocator_default_held(&live, &peak);
    return live;
}

static bool fits(const qn_budget *budget, int64_t live, int64_t bytes)
{
    int64_t sum, limit = qni_budget_counter(&budget->limit);
    if (__builtin_add_overflow(live, bytes, &sum) || sum > QNI_BUDGET_COUNTED_MAX)
        return false;
    return limit == 0 || sum + uncharged(budget) <= limit;
}

int64_t qni_budget_live(const qn_budget *budget)
{
    return qni_budget_counter(&budget->live) + uncharged(budget);
}

bool qni_budget_fits(const qn_budget *budget, int64_t bytes)
{
    return fits(budget, qni_budget_counter(&budget->live), bytes);
}

const qn_budget *qni_budget_full(const qn_budget *budget, int64_t bytes)
{
    while (budget != NULL && qni_budget_fits(budget, bytes))
        budget = budget->parent;
    return budget;
}

/* What the counters became by a charge: peaks follow when the memory is there. */
typedef struct charge {
    int64_t own;
    int count;
    int64_t live[QNI_BUDGET_DEPTH_MAX + 1]; /* (count) from the budget up */
} charge;

static bool add_within_limit(qn_budget *budget, int64_t bytes, int64_t *after)
{
    int64_t live = qni_budget_counter(&budget->live);
    do {
        if (!fits(budget, live, bytes))
            return false;
    } while (!atomic_compare_exchange_weak_explicit(&budget->live, &live, live + bytes, memory_order_relaxed,
                                                    memory_order_relaxed));
    *after = live + bytes;
    return true;
}

/* Charges the budget and all above it. On refusal nothing is charged, and the one without room is returned. */
static qn_budget *climb(qn_budget *budget, int64_t bytes, charge *c)
{
    c->count = 0;
    for (qn_budget *at = budget; at != NULL; at = at->parent) {
        if (!add_within_limit(at, bytes, &c->live[c->count++])) {
            for (qn_budget *back = budget; back != at; back = back->parent)
                (void)add(&back->live, -bytes);
            return at;
        }
    }
    return NULL;
}

/* Charges `bytes`, having asked holders to give back where need be. Returns the budget that has no room all the same;
 * NULL: done. */
static qn_budget *take(qn_budget *budget, int64_t bytes, charge *c)
{
    qn_budget *full = climb(budget, bytes, c);
    for (int i = 0; full != NULL && i < QNI_BUDGET_PRESS_TRIES && qni_budget_press(full, bytes); i++)
        full = climb(budget, bytes, c);
    if (full == NULL) {
        c->own = add(&budget->own, bytes);
        (void)add(&budget->refs, bytes); /* relaxed: the caller keeps the budget */
        return NULL;
    }
    (void)add(&budget->refused, 1);
    qni_budget_refusal_keep(full, bytes);
    return full;
}

static void note_peaks(qn_budget *budget, const charge *c)
{
    raise_to(&budget->own_peak, c->own);
    for (int i = 0; i < c->count; i++, budget = budget->parent)
        raise_to(&budget->peak, c->live[i] + uncharged(budget));
}

/* Ends budgets of which nothing is left, from this one up. */
static void drop(qn_budget *budget, int64_t refs)
{
    /* Release: what this thread did with the budget comes before its end. Acquire: the end comes after what all others
     * did, who released the same way. */
    while (atomic_fetch_sub_explicit(&budget->refs, refs, memory_order_acq_rel) == refs) {
        qn_budget *parent = budget->parent;
        assert(parent != NULL && budget->first == NULL && qni_budget_counter(&budget->live) == 0);
        qni_budget_tree_take();
        *(budget->previous != NULL ? &budget->previous->next : &parent->first) = budget->next;
        *(budget->next != NULL ? &budget->next->previous : &parent->last) = budget->previous;
        qni_budget_tree_give();
        qni_delete(budget->source, budget);
        budget = parent;
        refs = 1;
    }
}

void qni_budget_ref(qn_budget *budget)
{
    (void)add(&budget->refs, 1); /* relaxed: the caller keeps the budget */
}

void qni_budget_unref(qn_budget *budget)
{
    drop(budget, 1);
}

/* The last thing that a caller does with the budget. */
static void give(qn_budget *budget, int64_t bytes)
{
    if (bytes == 0)
        return;
    for (qn_budget *at = budget; at != NULL; at = at->parent)
        (void)add(&at->live, -bytes);
    (void)add(&budget->own, -bytes);
    drop(budget, bytes);
}

qn_status qn_budget_charge(qn_budget *budget, int64_t bytes, qn_error *err)
{
    assert(budget);
    if (bytes < 0)
        return qni_error(err, QN_INVALID, "a budget cannot be charged with %" PRId64 " bytes", bytes);
    charge c;
    (void)add(&budget->requests, 1);
    const qn_budget *full = take(budget, bytes, &c);
    if (full != NULL) {
        char why[QNI_BUDGET_SENTENCE_SIZE];
        qni_budget_refusal_copy(why, full);
        return qni_error(err, QN_BUDGET, "%s", why);
    }
    note_peaks(budget, &c);
    return QN_OK;
}

void qn_budget_discharge(qn_budget *budget, int64_t bytes)
{
    assert(budget && bytes >= 0 && bytes <= qni_budget_counter(&budget->own));
    if (bytes > 0)
        give(budget, bytes);
}

/* ---- the allocator ---- */

static bool is_mapped(const qn_budget *budget, int64_t size)
{
    return size >= budget->map_from;
}

/* What a block of `size` bytes is charged with; -1: there can be none. */
static int64_t cost(const qn_budget *budget, int64_t size)
{
    return is_mapped(budget, size) ? qni_pages_size(size) : size;
}

static void count_huge(qn_budget *budget, int64_t size, int sign)
{
    if (budget->huge && is_mapped(budget, size))
        (void)add(&budget->mapped_huge, sign * cost(budget, size));
}

static void *resize_unmapped(const qn_budget *budget, void *block, int64_t old_size, int64_t new_size)
{
    const qn_allocator *source = budget->source != NULL ? budget->source : qni_allocator_system();
    return source->resize(source->user, block, old_size, new_size);
}

static void *place(const qn_budget *budget, int64_t size)
{
    if (is_mapped(budget, size))
        return qni_pages_map(size, (qni_pages_kind){budget->huge, budget->prefault});
    return resize_unmapped(budget, NULL, 0, size);
}

static void release(const qn_budget *budget, void *block, int64_t size)
{
    if (is_mapped(budget, size))
        qni_pages_unmap(block, size);
    else
        (void)resize_unmapped(budget, block, size, 0);
}

/* The block with another size, moved where need be; NULL: unchanged. */
static void *move(const qn_budget *budget, void *block, int64_t old_size, int64_t new_size)
{
    void *fresh = NULL;
    if (!is_mapped(budget, old_size) && !is_mapped(budget, new_size))
        return resize_unmapped(budget, block, old_size, new_size);
    if (is_mapped(budget, old_size) && is_mapped(budget, new_size))
        fresh = qni_pages_remap(block, old_size, new_size, (qni_pages_kind){budget->huge, budget->prefault});
    if (fresh != NULL)
        return fresh;
    fresh = place(budget, new_size);
    if (fresh == NULL)
        return NULL;
    memcpy(fresh, block, (size_t)(old_size < new_size ? old_size : new_size));
    release(budget, block, old_size);
    return fresh;
}

/* What stays of a refusal is for the caller, who comes to making the error of it only after the calls in between: a
 * request that is granted does not wipe it out, one that the system has no memory for does. */
static void *refuse(refusal why)
{
    refused_last = why;
    return NULL;
}

static void *grow(qn_budget *budget, void *block, int64_t old_size, int64_t new_size)
{
    charge c;
    int64_t old_cost = cost(budget, old_size), new_cost = cost(budget, new_size);
    int64_t more = new_cost - old_cost;
    (void)add(&budget->requests, 1);
    if (new_cost < 0)
        return refuse((refusal){.asked = NULL});
    const qn_budget *full = more > 0 ? take(budget, more, &c) : NULL;
    if (full != NULL)
        return refuse((refusal){.asked = budget, .full = full});
    void *fresh = block == NULL ? place(budget, new_size) : move(budget, block, old_size, new_size);
    if (fresh == NULL) {
        give(budget, more);
        return refuse((refusal){.asked = NULL});
    }
    if (more > 0)
        note_peaks(budget, &c);
    count_huge(budget, old_size, -1);
    count_huge(budget, new_size, 1);
    return fresh;
}

static void *shrink(qn_budget *budget, void *block, int64_t old_size, int64_t new_size)
{
    int64_t less = cost(budget, old_size) - cost(budget, new_size);
    void *fresh = NULL;
    if (new_size == 0 && block != NULL)
        release(budget, block, old_size);
    else if (new_size > 0)
        fresh = move(budget, block, old_size, new_size);
    if (fresh == NULL && new_size > 0)
        return NULL;
    count_huge(budget, old_size, -1);
    count_huge(budget, new_size, 1);
    give(budget, less);
    return fresh;
}

static void *budget_resize(void *user, void *block, int64_t old_size, int64_t new_size)
{
    assert(old_size >= 0 && new_size >= 0);
    return new_size > old_size ? grow(user, block, old_size, new_size) : shrink(user, block, old_size, new_size);
}

const qn_allocator *qn_budget_allocator(const qn_budget *budget)
{
    return &budget->allocator;
}

qn_budget *qn_budget_of(const qn_allocator *allocator)
{
    return allocator != NULL && allocator->resize == budget_resize ? allocator->user : NULL;
}

const qn_budget *qni_budget_refused_last(const qn_allocator *allocator)
{
    const qn_budget *budget = qn_budget_of(allocator);
    if (budget == NULL || refused_last.asked != budget)
        return NULL;
    /* What was noted may be of a budget that has ended since and had the same place: only one that is there counts. */
    while (budget != NULL && budget != refused_last.full)
        budget = budget->parent;
    return budget;
}

/* ---- making and freeing ---- */

void qn_budget_options_init(qn_budget_options *out, int64_t size)
{
    qni_options_init(out, size);
}

qn_budget *qn_budget_process(void)
{
    return &process;
}

/* The first bytes of `name` that fit, not ending inside a character. */
static void set_name(qn_budget *budget, const char *name)
{
    size_t size = strnlen(name, QNI_BUDGET_NAME_SIZE);
    if (size == QNI_BUDGET_NAME_SIZE)
        for (size--; size > 0 && ((unsigned char)name[size] & 0xC0) == 0x80;)
            size--;
    memcpy(budget->name, name, size);
}

static void link_last(qn_budget *parent, qn_budget *budget)
{
    qni_budget_tree_take();
    budget->previous = parent->last;
    *(parent->last != NULL ? &parent->last->next : &parent->first) = budget;
    parent->last = budget;
    qni_budget_tree_give();
    qni_budget_ref(parent);
}

static int64_t map_from(const qn_budget_options *options)
{
    if (options->huge_from > QNI_PAGES_HUGE_SIZE)
        return options->huge_from;
    return options->huge_from > 0 || options->prefault ? QNI_PAGES_HUGE_SIZE : INT64_MAX;
}

qn_status qn_budget_new(qn_budget **out, qn_budget *parent, const char *name, const qn_budget_options *options,
                        qn_error *err)
{
    assert(out && name);
    *out = NULL;
    qn_budget_options o;
    qn_status s = qni_options_copy(&o, sizeof o, options, "qn_budget_options", err);
    if (s != QN_OK)
        return s;
    if (parent == NULL)
        parent = &process;
    if (o.limit < 0 || o.huge_from < 0)
        return qni_error(err, QN_INVALID, "budget \"%.*s\": a limit of %" PRId64 " bytes, huge pages from %" PRId64,
                         QNI_BUDGET_NAME_SIZE - 1, name, o.limit, o.huge_from);
    if (parent->level == QNI_BUDGET_DEPTH_MAX)
        return qni_error(err, QN_INVALID, "budget \"%.*s\" would be below %d others: more are not counted",
                         QNI_BUDGET_NAME_SIZE - 1, name, QNI_BUDGET_DEPTH_MAX);
    const qn_allocator *source = o.source == NULL ? parent->source : o.source;
    if (source == qn_allocator_default())
        source = NULL; /* that one counts: what is charged here would be shown twice */
    qn_budget *budget = qni_new(source, qn_budget);
    if (budget == NULL)
        return qni_error(err, QN_NOMEM, "no memory for a budget");
    budget->allocator = (qn_allocator){.resize = budget_resize, .user = budget};
    budget->parent = parent;
    budget->source = source;
    budget->map_from = map_from(&o);
    budget->huge = o.huge_from > 0;
    budget->prefault = o.prefault;
    budget->level = parent->level + 1;
    set_name(budget, name);
    atomic_init(&budget->limit, o.limit);
    atomic_init(&budget->refs, 1);
    link_last(parent, budget);
    *out = budget;
    return QN_OK;
}

void qn_budget_free(qn_budget *budget)
{
    assert(budget != &process);
    if (budget != NULL && budget != &process)
        qni_budget_unref(budget);
}

void qn_budget_set_limit(qn_budget *budget, int64_t limit)
{
    assert(budget && limit >= 0);
    atomic_store_explicit(&budget->limit, limit < 0 ? 0 : limit, memory_order_relaxed);
    if (!qni_budget_fits(budget, 0))
        (void)qni_budget_press(budget, 0);
}
