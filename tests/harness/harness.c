/* harness/harness.c: see harness.h. */
#include "harness/harness.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* The block's size stands before it, so that the sizes told by the caller can be checked. */
enum {
    HEADER = 64
};

static void *counting_resize(void *user, void *block, int64_t old_size, int64_t new_size)
{
    test_allocator *t = user;
    if (block != NULL) {
        int64_t known;
        memcpy(&known, (char *)block - HEADER, sizeof known);
        if (known != old_size)
            fail_msg("a block of %" PRId64 " bytes was said to have %" PRId64, known, old_size);
    } else if (old_size != 0) {
        fail_msg("no block was said to have %" PRId64 " bytes", old_size);
    }
    if (new_size == 0) {
        if (block != NULL) {
            t->live_bytes -= old_size;
            t->live_blocks--;
            free((char *)block - HEADER);
        }
        return NULL;
    }
    t->allocations++;
    if (t->fail_at > 0 && t->allocations == t->fail_at)
        return NULL;
    char *fresh = aligned_alloc(HEADER, (size_t)((new_size + HEADER + HEADER - 1) / HEADER * HEADER));
    if (fresh == NULL)
        return NULL;
    memcpy(fresh, &new_size, sizeof new_size);
    memset(fresh + HEADER, 0xA5, (size_t)new_size); /* nothing may rely on cleared memory */
    if (block != NULL) {
        memcpy(fresh + HEADER, block, (size_t)(old_size < new_size ? old_size : new_size));
        free((char *)block - HEADER);
        t->live_bytes -= old_size;
        t->live_blocks--;
    }
    t->live_bytes += new_size;
    t->live_blocks++;
    if (t->live_bytes > t->peak_bytes)
        t->peak_bytes = t->live_bytes;
    return fresh + HEADER;
}

void test_allocator_init(test_allocator *t)
{
    *t = (test_allocator){.allocator = {.resize = counting_resize, .user = t}};
}

int64_t test_fault_sweep(qn_status (*call)(const qn_allocator *allocator, void *user), void *user, int64_t limit)
{
    for (int64_t n = 1; n <= limit; n++) {
        test_allocator t;
        test_allocator_init(&t);
        t.fail_at = n;
        qn_status status = call(&t.allocator, user);
        if (t.live_bytes != 0)
            fail_msg("%" PRId64 " bytes live after allocation %" PRId64 " failed", t.live_bytes, n);
        if (status == QN_OK && t.allocations < n)
            return n;
        if (status != QN_NOMEM)
            fail_msg("status %s after allocation %" PRId64 " of %" PRId64 " failed", qn_status_name(status), n,
                     t.allocations);
    }
    fail_msg("the call still fails after %" PRId64 " rounds", limit);
    return limit;
}

uint64_t test_seed(uint64_t otherwise)
{
    const char *text = getenv("QUERN_TEST_SEED");
    uint64_t seed = text != NULL ? strtoull(text, NULL, 0) : otherwise;
    printf("seed: QUERN_TEST_SEED=%" PRIu64 "\n", seed);
    return seed;
}

uint64_t test_random(uint64_t *state)
{
    uint64_t z = (*state += 0x9E3779B97F4A7C15u);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

double test_random_unit(uint64_t *state)
{
    return (double)(test_random(state) >> 11) * 0x1p-53;
}

int64_t test_random_below(uint64_t *state, int64_t bound)
{
    return (int64_t)(test_random(state) % (uint64_t)bound);
}

int64_t test_effort(int64_t quick, int64_t long_)
{
    const char *text = getenv("QUERN_TEST_EFFORT");
    return text != NULL && strcmp(text, "long") == 0 ? long_ : quick;
}

void test_assert_ok(qn_status status, const qn_error *err, const char *file, int line)
{
    if (status == QN_OK)
        return;
    print_error("%s (%s:%" PRId64 ":%" PRId64 ")\n", err != NULL ? err->message : "", err != NULL ? err->file : "",
                err != NULL ? err->line : 0, err != NULL ? err->column : 0);
    _assert_int_equal((int)status, QN_OK, file, line);
}

void test_assert_close(double got, double expected, double relative, double absolute, const char *file, int line)
{
    if (fabs(got - expected) <= relative * fabs(expected) + absolute)
        return;
    print_error("%.17g is not %.17g within %g relative, %g absolute\n", got, expected, relative, absolute);
    _fail(file, line);
}

void test_assert_contains(const char *text, const char *piece, const char *file, int line)
{
    if (strstr(text, piece) != NULL)
        return;
    print_error("\"%s\" does not contain \"%s\"\n", text, piece);
    _fail(file, line);
}

const char *test_shared_data(const char *what)
{
    struct stat info;
    if (stat("../shared/data", &info) == 0)
        return "../shared/data";
    printf("SKIPPED: %s: the data folder ../shared/data is not here\n", what);
    return NULL;
}
