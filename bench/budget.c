/* bench/budget.c: what does it cost a request for memory that it is counted and limited? A block is taken and given
 * back through budgets one to eight below one another, beside the same from the system's allocator alone; in one
 * thread, and in two, which draw on one budget or on one each below a common one. */
#include "bench/common.h"

#include "base/alloc.h"

#include <quern/budget.h>

#include <pthread.h>
#include <stdlib.h>

enum {
    PAIRS = 20000, /* a call and thread: starting two threads is then some per cent of it */
    LEVELS = 8
};

typedef struct task {
    const qn_allocator *allocator;
    int64_t size;
} task;

static void pairs(void *user)
{
    const task *t = user;
    for (int i = 0; i < PAIRS; i++) {
        void *block = t->allocator->resize(t->allocator->user, NULL, 0, t->size);
        bench_keep(block);
        (void)t->allocator->resize(t->allocator->user, block, t->size, 0);
    }
}

static void *pairs_in_thread(void *user)
{
    pairs(user);
    return NULL;
}

static void both(void *user)
{
    task *tasks = user; /* (2) */
    pthread_t threads[2];
    for (int i = 0; i < 2; i++)
        if (pthread_create(&threads[i], NULL, pairs_in_thread, &tasks[i]) != 0)
            exit(1);
    for (int i = 0; i < 2; i++)
        (void)pthread_join(threads[i], NULL);
}

static qn_budget *budget_below(qn_budget *parent)
{
    qn_budget *budget;
    qn_budget_options options;
    qn_budget_options_init(&options, sizeof options);
    options.limit = INT64_C(1) << 40; /* one that is looked at and never reached */
    if (qn_budget_new(&budget, parent, "bench", &options, NULL) != QN_OK)
        exit(1);
    return budget;
}

int main(int argc, char **argv)
{
    bench b;
    qn_budget *chain[LEVELS];
    bench_begin(&b, "budget", argc, argv);
    for (int i = 0; i < LEVELS; i++)
        chain[i] = budget_below(i == 0 ? NULL : chain[i - 1]);
    qn_budget *sibling = budget_below(chain[0]);
    const qn_allocator *system = qni_allocator_system();
    static const int64_t sizes[] = {64, 4096};
    for (int s = 0; s < 2; s++) {
        char name[64];
        task plain = {system, sizes[s]}, usual = {qn_allocator_default(), sizes[s]};
        for (int level = 1; level <= LEVELS; level *= 2) {
            task counted = {qn_budget_allocator(chain[level - 1]), sizes[s]};
            snprintf(name, sizeof name, "%d bytes, %d below", (int)sizes[s], level);
            bench_compare(&b, name, (bench_side){"budget", pairs, &counted}, (bench_side){"system", pairs, &plain},
                          PAIRS, "pairs");
        }
        snprintf(name, sizeof name, "%d bytes, default", (int)sizes[s]);
        bench_compare(&b, name, (bench_side){"default", pairs, &usual}, (bench_side){"system", pairs, &plain}, PAIRS,
                      "pairs");
    }
    task plain[2] = {{system, 4096}, {system, 4096}};
    task shared[2] = {{qn_budget_allocator(chain[1]), 4096}, {qn_budget_allocator(chain[1]), 4096}};
    task apart[2] = {{qn_budget_allocator(chain[1]), 4096}, {qn_budget_allocator(sibling), 4096}};
    bench_compare(&b, "2 threads, 1 budget", (bench_side){"budget", both, shared}, (bench_side){"system", both, plain},
                  2 * PAIRS, "pairs");
    bench_compare(&b, "2 threads, 2 budgets", (bench_side){"budget", both, apart}, (bench_side){"system", both, plain},
                  2 * PAIRS, "pairs");
    qn_budget_free(sibling);
    for (int i = LEVELS; i-- > 0;)
        qn_budget_free(chain[i]);
    return bench_end(&b);
}
