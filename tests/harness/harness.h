/* harness/harness.h: what all tests share: cmocka, an allocator that counts and can fail, a seeded random generator,
 * the place of the data that is not part of the project. */
#ifndef QUERN_TEST_HARNESS_H
#define QUERN_TEST_HARNESS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <quern/base.h>

/* An allocator that counts calls and live bytes, checks the sizes it is told, and fails the `fail_at`-th allocation (0:
 * never). Any thread allocates; the counts are read while none does. */
typedef struct test_allocator {
    qn_allocator allocator; /* pass &t->allocator; first member */
    int64_t fail_at;        /* 1: the next one */
    int64_t allocations;    /* calls that asked for more memory */
    int64_t live_bytes;
    int64_t live_blocks;
    int64_t peak_bytes;
} test_allocator;

void test_allocator_init(test_allocator *t);

/* Runs `call` with the 1st, 2nd, 3rd … allocation failing until it returns QN_OK, and asserts each time that it
 * returned QN_NOMEM before that and that no byte is live afterwards. Fails after `limit` rounds. Returns the number of
 * rounds. With QUERN_TEST_EFFORT=short, after the first allocations only every eighth fails. */
int64_t test_fault_sweep(qn_status (*call)(const qn_allocator *allocator, void *user), void *user, int64_t limit);

/* A seeded generator (splitmix64). test_seed reads QUERN_TEST_SEED, else gives `otherwise`; it prints the seed. */
uint64_t test_seed(uint64_t otherwise);
uint64_t test_random(uint64_t *state);
double test_random_unit(uint64_t *state);                  /* [0, 1) */
int64_t test_random_below(uint64_t *state, int64_t bound); /* [0, bound) */

/* How many random cases a property test takes: `quick`; `long_` with QUERN_TEST_EFFORT=long; with
 * QUERN_TEST_EFFORT=short an eighth of `quick`, at least 1. */
int64_t test_effort(int64_t quick, int64_t long_);

/* Skips the case that calls it where QUERN_TEST_EFFORT=short: for one whose point is its size, beside others that ask
 * the same of less. */
void test_not_short(void);

/* Asserts that a status is QN_OK, printing the error's message where it is not. */
#define assert_ok(status, err) test_assert_ok((status), (err), __FILE__, __LINE__)
void test_assert_ok(qn_status status, const qn_error *err, const char *file, int line);

/* |got - expected| <= relative * |expected| + absolute; NaN never is. */
#define assert_close(got, expected, relative, absolute) \
    test_assert_close((got), (expected), (relative), (absolute), __FILE__, __LINE__)
void test_assert_close(double got, double expected, double relative, double absolute, const char *file, int line);

/* The text contains the piece. */
#define assert_contains(text, piece) test_assert_contains((text), (piece), __FILE__, __LINE__)
void test_assert_contains(const char *text, const char *piece, const char *file, int line);

/* The folder of real data beside the project (../shared/data), or NULL, having said loudly what is skipped. */
const char *test_shared_data(const char *what);

#endif
