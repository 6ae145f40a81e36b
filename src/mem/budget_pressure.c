/* mem/budget_pressure.c: who can give something back, and asking them.
 *
 * One lock over the list and over the asking: one thread asks at a time, and whoever is taken off the list is not being
 * asked. Those below the budget without room are asked, the one that holds most first, each once, until there is room.
 * The list lies in the system's memory, not in a budget's: registering never asks anybody. */
#include "mem/budget_int.h"

#include "base/error.h"
#include "base/lock.h"
#include "base/thread.h"

#include <assert.h>

typedef int64_t give_back_fn(void *user, int64_t wanted);

typedef struct holder {
    struct holder *next;
    qn_budget *budget;
    give_back_fn *give_back; /* NULL: taken off while it or another was being asked; goes when the asking ends */
    void *user;
    int64_t asked; /* in which asking it last was */
} holder;

static struct {
    qni_lock lock;
    _Atomic(const int32_t *) asking; /* who asks: the address of that thread's number; NULL: nobody */
    holder *first;                   /* in the order of registering */
    int64_t askings;
} holders;

/* A thread's own address is in `asking` only if it put it there itself: relaxed. */
static bool asking_myself(void)
{
    return atomic_load_explicit(&holders.asking, memory_order_relaxed) == &qni_thread_own;
}

static void set_asking(const int32_t *who)
{
    atomic_store_explicit(&holders.asking, who, memory_order_relaxed);
}

static bool is_below(const qn_budget *budget, const qn_budget *above)
{
    while (budget != NULL && budget != above)
        budget = budget->parent;
    return budget != NULL;
}

/* The one to ask next: not yet asked, below `full`, and holding most. NULL: none is left. */
static holder *next_below(const qn_budget *full)
{
    holder *most = NULL;
    int64_t most_bytes = -1;
    for (holder *h = holders.first; h != NULL; h = h->next) {
        if (h->give_back == NULL || h->asked == holders.askings || !is_below(h->budget, full))
            continue;
        int64_t bytes = qni_budget_counter(&h->budget->own);
        if (bytes > most_bytes) {
            most = h;
            most_bytes = bytes;
        }
    }
    return most;
}

static void remove_taken_off(void)
{
    for (holder **link = &holders.first; *link != NULL;) {
        holder *h = *link;
        if (h->give_back != NULL) {
            link = &h->next;
            continue;
        }
        *link = h->next;
        qni_budget_unref(h->budget);
        qni_delete(NULL, h);
    }
}

/* How much is missing for `bytes` more; at least 1. */
static int64_t missing(const qn_budget *full, int64_t bytes)
{
    int64_t sum, limit = qni_budget_counter(&full->limit);
    if (__builtin_add_overflow(qni_budget_live(full), bytes, &sum) || sum <= limit)
        return bytes > 0 ? bytes : 1;
    return sum - limit;
}

bool qni_budget_press(const qn_budget *full, int64_t bytes)
{
    if (asking_myself())
        return false; /* somebody who was asked to give back wants more instead */
    qni_lock_take(&holders.lock, NULL);
    set_asking(&qni_thread_own);
    holders.askings++;
    bool room;
    while (!(room = qni_budget_fits(full, bytes))) {
        holder *h = next_below(full);
        if (h == NULL)
            break;
        h->asked = holders.askings;
        (void)h->give_back(h->user, missing(full, bytes)); /* what counts is the room that there is then */
    }
    remove_taken_off();
    set_asking(NULL);
    qni_lock_give(&holders.lock);
    return room;
}

qn_status qn_budget_on_pressure(qn_budget *budget, give_back_fn *give_back, void *user, qn_error *err)
{
    assert(budget && give_back);
    holder *fresh = qni_new(NULL, holder);
    if (fresh == NULL)
        return qni_error(err, QN_NOMEM, "no memory to note who can give some back");
    qni_budget_ref(budget);
    *fresh = (holder){.budget = budget, .give_back = give_back, .user = user};
    bool inside = asking_myself();
    if (!inside)
        qni_lock_take(&holders.lock, NULL);
    fresh->asked = holders.askings; /* from inside: not to be asked in this one, which else need not end */
    holder **link = &holders.first;
    while (*link != NULL)
        link = &(*link)->next;
    *link = fresh;
    if (!inside)
        qni_lock_give(&holders.lock);
    return QN_OK;
}

void qn_budget_off_pressure(qn_budget *budget, give_back_fn *give_back, void *user)
{
    bool inside = asking_myself(); /* it is called by one who was asked: the list is walked, so nothing goes yet */
    if (!inside)
        qni_lock_take(&holders.lock, NULL);
    for (holder *h = holders.first; h != NULL; h = h->next) {
        if (h->budget == budget && h->give_back == give_back && h->user == user) {
            h->give_back = NULL;
            break;
        }
    }
    if (!inside) {
        remove_taken_off();
        qni_lock_give(&holders.lock);
    }
}
