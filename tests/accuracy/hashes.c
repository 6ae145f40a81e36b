/* The results of every operation, and of option prices and their derivatives, as bits, are those of
 * tests/accuracy/hashes.txt: at every processor level that runs here, with every compiler, on every kind of processor.
 * Operands are made of integers and exact arithmetic, so they are the same everywhere; all NaNs count as one.
 *
 * test_accuracy_hashes --write: writes the file anew, after a function was changed on purpose. */
#include "harness/harness.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/cpu.h"
#include "base/digest.h"
#include "lang/ops_int.h"
#include "options/kernels.h"

enum {
    POINTS = 100000,
    BLOCK = 1000,
    HASH_SIZE = 17, /* 16 digits of the digest and a zero */
    NAME_SIZE = 32
};

static const char path[] = "tests/accuracy/hashes.txt";

#define HASHED(NAME, ...) {QNI_OP_##NAME, #NAME},
static const struct {
    qni_op op;
    const char *name;
} hashed[] = {QNI_OP_LIST(HASHED)};

static const char *const hashed_results[QNI_RESULT_COUNT + 1] = {
    "BLACK_PRICE", "BLACK_DELTA", "BLACK_GAMMA", "BLACK_VEGA",  "BLACK_THETA",
    "BLACK_RHO",   "BLACK_VANNA", "BLACK_VOLGA", "BLACK_CHARM", "BLACK_IMPLIED"};

enum {
    HASHED_OPS = sizeof hashed / sizeof hashed[0],
    HASHED_COUNT = HASHED_OPS + QNI_RESULT_COUNT + 1
};

static const char *name_of(int k)
{
    return k < HASHED_OPS ? hashed[k].name : hashed_results[k - HASHED_OPS];
}

/* All patterns; exponents of 2^-40 to 2^39; the range of exp; halves of integers; small numbers; special values. */
static double operand(uint64_t *random)
{
    static const double specials[] = {0,         -0.0, 1,         -1,        INFINITY,
                                      -INFINITY, NAN,  0x1p-1074, 0x1p-1022, 0x1.fffffffffffffp1023};
    uint64_t bits = test_random(random);
    double value;
    switch (test_random_below(random, 8)) {
    case 0:
    case 1:
        memcpy(&value, &bits, sizeof value);
        return value;
    case 2:
    case 3:
        bits = (bits & UINT64_C(0x800FFFFFFFFFFFFF)) | (uint64_t)(1023 - 40 + test_random_below(random, 80)) << 52;
        memcpy(&value, &bits, sizeof value);
        return value;
    case 4:
        return 1500 * test_random_unit(random) - 750;
    case 5:
        return (double)(test_random_below(random, 801) - 400) / 2;
    case 6:
        return 8 * test_random_unit(random) - 4;
    default:
        return specials[test_random_below(random, sizeof specials / sizeof specials[0])];
    }
}

static void text_of(char text[HASH_SIZE], qni_digester *digester)
{
    qni_digest digest = qni_digest_final(digester);
    char whole[QNI_DIGEST_TEXT_SIZE];
    qni_digest_text(whole, &digest);
    memcpy(text, whole, HASH_SIZE - 1);
    text[HASH_SIZE - 1] = 0;
}

/* One result of options by spot, the last is the implied volatility: numbers of 20 bits, so that every step to them is
 * exact. */
static void hash_of_options(char text[HASH_SIZE], int result, const qni_option_kernels *kernels)
{
    static const double least[QNI_COLUMN_COUNT] = {0.5, 0.5, 0, -0.0625, -0.0625, 0, 0};
    static const double range[QNI_COLUMN_COUNT] = {1.5, 2.5, 4, 0.25, 0.125, 1, 1};
    static double columns[QNI_COLUMN_COUNT][QNI_OPTION_BLOCK], type[QNI_OPTION_BLOCK];
    static double results[QNI_OPTION_BLOCK], status[QNI_OPTION_BLOCK];
    uint64_t random = 1;
    qni_digester digester;
    qni_digest_init(&digester);
    double *out[QNI_RESULT_COUNT] = {NULL};
    if (result < QNI_RESULT_COUNT)
        out[result] = results;
    qni_option_block block = {.padded = QNI_OPTION_BLOCK, .spot = true, .discounted = true, .type = type};
    for (int k = 0; k < QNI_COLUMN_COUNT; k++)
        block.column[k] = columns[k];
    for (int done = 0; done < POINTS; done += QNI_OPTION_BLOCK) {
        for (int i = 0; i < QNI_OPTION_BLOCK; i++) {
            for (int k = 0; k < QNI_COLUMN_COUNT; k++)
                columns[k][i] = least[k] + range[k] * (double)test_random_below(&random, 1 << 20) * 0x1p-20;
            type[i] = i % 2 == 0 ? 1 : -1;
        }
        if (result < QNI_RESULT_COUNT)
            (void)kernels->price(out, status, &block);
        else
            (void)kernels->implied(results, status, &block, true);
        for (int i = 0; i < QNI_OPTION_BLOCK; i++)
            qni_digest_double(&digester, results[i]);
    }
    text_of(text, &digester);
}

static void hash_of(char text[HASH_SIZE], qni_op op, const qni_kernels *kernels)
{
    static double a[BLOCK], b[BLOCK], c[BLOCK], d[BLOCK];
    uint64_t random = 1;
    qni_digester digester;
    qni_digest_init(&digester);
    for (int64_t done = 0; done < POINTS; done += BLOCK) {
        for (int i = 0; i < BLOCK; i++) {
            a[i] = operand(&random);
            b[i] = operand(&random);
            c[i] = operand(&random);
        }
        if (op == QNI_OP_POW_DX) /* which is told the power */
            kernels->table[QNI_OP_POW][QNI_FORM_ALL](c, a, b, NULL, BLOCK);
        kernels->table[op][QNI_FORM_ALL](d, a, b, c, BLOCK);
        for (int i = 0; i < BLOCK; i++)
            qni_digest_double(&digester, d[i]);
    }
    text_of(text, &digester);
}

/* The k-th hash at a level that is here. */
static void hash_at(char text[HASH_SIZE], int k, int level)
{
    if (k < HASHED_OPS)
        hash_of(text, hashed[k].op, qni_kernels_of(level));
    else
        hash_of_options(text, k - HASHED_OPS, qni_option_kernels_of(level));
}

/* The stored hash of each operation; "" where there is none. Returns how many lines name no operation. */
static int read_stored(char stored[HASHED_COUNT][HASH_SIZE])
{
    char name[NAME_SIZE], hash[HASH_SIZE];
    int strangers = 0;
    memset(stored, 0, (size_t)HASHED_COUNT * HASH_SIZE);
    FILE *f = fopen(path, "r");
    if (f == NULL)
        fail_msg("%s: %s", path, strerror(errno));
    while (fscanf(f, "%31s %16s", name, hash) == 2) {
        int k = 0;
        while (k < HASHED_COUNT && strcmp(name, name_of(k)) != 0)
            k++;
        if (k < HASHED_COUNT)
            memcpy(stored[k], hash, HASH_SIZE);
        else
            strangers++;
    }
    fclose(f);
    return strangers;
}

static void every_level_gives_the_stored_results(void **state)
{
    (void)state;
    static char stored[HASHED_COUNT][HASH_SIZE];
    int different = read_stored(stored);
    if (different > 0)
        print_error("%s: %d lines name no operation\n", path, different);
    for (int level = 0; level < QNI_CPU_COUNT; level++) {
        if (qni_kernels_of(level) == NULL || level > qni_cpu_best()) {
            printf("SKIPPED: this processor does not have the level %s\n", qni_cpu_name(level));
            continue;
        }
        for (int k = 0; k < HASHED_COUNT; k++) {
            char hash[HASH_SIZE];
            hash_at(hash, k, level);
            if (strcmp(hash, stored[k]) == 0)
                continue;
            print_error("%s at %s: %s, stored is \"%s\"\n", name_of(k), qni_cpu_name(level), hash, stored[k]);
            different++;
        }
    }
    assert_int_equal(different, 0);
}

static int write_all(void)
{
    FILE *f = fopen(path, "w");
    if (f == NULL) {
        perror(path);
        return 1;
    }
    for (int k = 0; k < HASHED_COUNT; k++) {
        char hash[HASH_SIZE];
        hash_at(hash, k, QNI_CPU_BASELINE);
        fprintf(f, "%s %s\n", name_of(k), hash);
    }
    return fclose(f) != 0;
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "--write") == 0)
        return write_all();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_level_gives_the_stored_results),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
