/* Nearest names: what counts as a slip of the hand, what does not, and that the work is bounded. */
#include "harness/harness.h"

#include "base/limits.h"
#include "base/nearest.h"

#include <string.h>

static const char *const options[] = {"start", "bounds", "max-evals", "format", "plot", "y", "no-header"};
#define OPTION_COUNT ((int64_t)(sizeof options / sizeof options[0]))

static const char *nearest(const char *word)
{
    int64_t i = qni_nearest(word, options, OPTION_COUNT);
    return i < 0 ? "(none)" : options[i];
}

static void one_slip_is_understood(void **state)
{
    (void)state;
    assert_string_equal(nearest("strat"), "start");   /* neighbours swapped */
    assert_string_equal(nearest("stat"), "start");    /* a letter dropped */
    assert_string_equal(nearest("sttart"), "start");  /* a letter doubled */
    assert_string_equal(nearest("formet"), "format"); /* a letter changed */
    assert_string_equal(nearest("max_evals"), "max-evals");
    assert_string_equal(nearest("maxevals"), "max-evals");
}

static void the_other_case_is_nearer_than_another_letter(void **state)
{
    (void)state;
    const char *const names[] = {"b", "x", "Y"};
    assert_int_equal(qni_nearest("y", names, 3), 2);
    assert_int_equal(qni_nearest("X", names, 3), 1);
    assert_int_equal(qni_nearest("z", names, 3), -1);
    const char *const columns[] = {"Tome", "TIME"};
    assert_int_equal(qni_nearest("time", columns, 2), 1);
}

static void an_abbreviation_finds_its_name(void **state)
{
    (void)state;
    assert_string_equal(nearest("max"), "max-evals");
    assert_string_equal(nearest("boun"), "bounds");
    assert_string_equal(nearest("ma"), "(none)");
}

static void what_is_far_is_not_suggested(void **state)
{
    (void)state;
    assert_string_equal(nearest("xyzzy"), "(none)");
    assert_string_equal(nearest("q"), "(none)");
    assert_string_equal(nearest(""), "(none)");
    assert_int_equal(qni_nearest("start", NULL, 0), -1);
}

static void an_equal_name_wins_and_the_first_of_equals_is_given(void **state)
{
    (void)state;
    const char *const names[] = {"sinh", "sin", "sina", "sin"};
    assert_int_equal(qni_nearest("sin", names, 4), 1);
    const char *const ties[] = {"abcx", "abcy"};
    assert_int_equal(qni_nearest("abcz", ties, 2), 0);
}

/* The restricted distance by its definition, without rows, limits or shortcuts. */
static int plain(const char *a, int n, const char *b, int m)
{
    if (n == 0 || m == 0)
        return n + m;
    int best = plain(a, n - 1, b, m) + 1;
    int other = plain(a, n, b, m - 1) + 1;
    best = other < best ? other : best;
    other = plain(a, n - 1, b, m - 1) + (a[n - 1] != b[m - 1]);
    best = other < best ? other : best;
    if (n > 1 && m > 1 && a[n - 1] == b[m - 2] && a[n - 2] == b[m - 1]) {
        other = plain(a, n - 2, b, m - 2) + 1;
        best = other < best ? other : best;
    }
    return best;
}

static void it_agrees_with_the_definition_on_random_words(void **state)
{
    (void)state;
    uint64_t random = test_seed(7);
    for (int round = 0; round < 3000; round++) {
        char word[8] = "", text[5][8];
        const char *names[5];
        int n = 4 + (int)test_random_below(&random, 3), best = 99;
        for (int i = 0; i < n; i++)
            word[i] = (char)('a' + test_random_below(&random, 3));
        for (int k = 0; k < 5; k++) {
            int m = 4 + (int)test_random_below(&random, 3);
            memset(text[k], 0, sizeof text[k]);
            for (int i = 0; i < m; i++)
                text[k][i] = (char)('a' + test_random_below(&random, 3));
            names[k] = text[k];
            int d = plain(word, n, text[k], m), longer = n > m ? n : m;
            if (d <= longer / 3 && d < best)
                best = d;
        }
        int64_t got = qni_nearest(word, names, 5);
        if (best == 99) /* only an abbreviation may be found beyond the limit */
            assert_true(got < 0 || strncmp(word, names[got], (size_t)n) == 0);
        else if (best <= 1)
            assert_int_equal(plain(word, n, names[got], (int)strlen(names[got])), best);
        else
            assert_true(got >= 0);
    }
}

static void a_million_long_names_end_soon(void **state)
{
    (void)state;
    static char name[QNI_NEAREST_NAME + 1];
    static const char *names[1000000];
    memset(name, 'a', sizeof name - 1);
    for (int64_t i = 0; i < 1000000; i++)
        names[i] = name;
    char word[QNI_NEAREST_NAME + 1];
    memset(word, 'b', sizeof word - 1);
    word[QNI_NEAREST_NAME] = '\0';
    assert_int_equal(qni_nearest(word, names, 1000000), -1);
    char huge[1000];
    memset(huge, 'b', sizeof huge - 1);
    huge[999] = '\0';
    assert_int_equal(qni_nearest(huge, names, 1000000), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_slip_is_understood),
        cmocka_unit_test(the_other_case_is_nearer_than_another_letter),
        cmocka_unit_test(an_abbreviation_finds_its_name),
        cmocka_unit_test(what_is_far_is_not_suggested),
        cmocka_unit_test(an_equal_name_wins_and_the_first_of_equals_is_given),
        cmocka_unit_test(it_agrees_with_the_definition_on_random_words),
        cmocka_unit_test(a_million_long_names_end_soon),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
