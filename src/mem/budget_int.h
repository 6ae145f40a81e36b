/* mem/budget_int.h: what a budget is made of, for the files that charge (budget.c), ask holders to give back
 * (budget_pressure.c) and say who holds what (budget_explain.c).
 *
 * Two locks: the tree's guards its shape, the pressure's the list of holders, and is held while they are asked. Asking
 * may free budgets: the tree's lock may be taken under the pressure's, never the other way. Neither is held while
 * memory is charged, taken or given. */
#ifndef QNI_MEM_BUDGET_INT_H
#define QNI_MEM_BUDGET_INT_H

#include "base/alloc.h"
#include "mem/limits.h"

#include <quern/budget.h>

#include <stdatomic.h>

struct qn_budget {
    /* Set when it is made. */
    qn_allocator allocator;     /* first member; its user is the budget */
    qn_budget *parent;          /* NULL: the process */
    const qn_allocator *source; /* NULL: the system, and for this record the default allocator */
    int64_t map_from;           /* bytes: requests of as many are mapped; INT64_MAX: none is */
    bool huge, prefault;        /* those that are */
    int level;                  /* 0: the process */
    char name[QNI_BUDGET_NAME_SIZE];

    /* Guarded by the tree's lock. */
    qn_budget *first, *last, *next, *previous; /* children; siblings, in the order in which they were made */
    char refusal[QNI_BUDGET_SENTENCE_SIZE];    /* why it, or one below it, last had no room; "": there always was */

    /* Written by all who draw on it or on what is below it; bytes. */
    _Alignas(QNI_ALIGN) _Atomic int64_t live;
    _Atomic int64_t peak;
    _Atomic int64_t limit; /* 0: none */

    /* Written by those who draw on it itself. */
    _Alignas(QNI_ALIGN) _Atomic int64_t own; /* bytes */
    _Atomic int64_t own_peak;                /* bytes */
    _Atomic int64_t mapped_huge;             /* bytes */
    _Atomic int64_t requests, refused;
    _Atomic int64_t refs; /* own bytes, children, registered holders, and 1 until it is freed: then it ends */
};

/* Relaxed, as all access to the counters but the last to `refs`: each number carries nothing but itself. */
static inline int64_t qni_budget_counter(const _Atomic int64_t *counter)
{
    return atomic_load_explicit(counter, memory_order_relaxed);
}

/* ---- budget.c ---- */

void qni_budget_tree_take(void);
void qni_budget_tree_give(void);

/* Bytes held: what is charged, and for the process what is held through the default allocator. */
int64_t qni_budget_live(const qn_budget *budget);
/* Whether `bytes` more fit into this budget, whatever is above it. */
bool qni_budget_fits(const qn_budget *budget, int64_t bytes);
/* The first budget from `budget` upwards into which they do not fit; NULL: they fit. */
const qn_budget *qni_budget_full(const qn_budget *budget, int64_t bytes);

/* As long as somebody has taken one of these, the budget does not end; who gives the last one may end it. */
void qni_budget_ref(qn_budget *budget);
void qni_budget_unref(qn_budget *budget);

/* The budget that had no room when this thread was last given NULL by `allocator`; NULL: that was not the reason. */
const qn_budget *qni_budget_refused_last(const qn_allocator *allocator);

/* ---- budget_pressure.c ---- */

/* Asks those below `full` to give back until `bytes` fit into it. False: they still do not. Not under any lock. */
bool qni_budget_press(const qn_budget *full, int64_t bytes);

/* ---- budget_explain.c ---- */

/* Why `bytes` do not fit into `full`. Takes the tree's lock. */
void qni_budget_sentence(char out[QNI_BUDGET_SENTENCE_SIZE], const qn_budget *full, int64_t bytes);
/* Keeps that sentence as the last refusal of `full` and of all above it, and copies the kept one. */
void qni_budget_refusal_keep(qn_budget *full, int64_t bytes);
void qni_budget_refusal_copy(char out[QNI_BUDGET_SENTENCE_SIZE], const qn_budget *full);

#endif
