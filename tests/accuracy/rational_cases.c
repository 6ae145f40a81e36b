/* Prices beside the 500 options that are published with "Let's be rational" (P. Jäckel, 2015). */
#include "harness/harness.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include <quern/black.h>

enum {
    CASES_MAX = 1000
};

typedef struct rational_case {
    qn_option_type type;
    double forward, strike, years, sigma;
    double price;
} rational_case;

static rational_case cases[CASES_MAX];
static int64_t case_count;

static double field(const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);
    if (!json_is_number(value))
        fail_msg("a case has no number \"%s\"", name);
    return json_number_value(value);
}

/* The file's text, with 0.0 for NaN, which JSON has not. */
static char *text_of(const char *path)
{
    FILE *f = fopen(path, "rb");
    if (f == NULL || fseek(f, 0, SEEK_END) != 0)
        fail_msg("%s: %s", path, strerror(errno));
    size_t size = (size_t)ftell(f);
    char *text = malloc(size + 1);
    assert_non_null(text);
    rewind(f);
    assert_int_equal(fread(text, 1, size, f), size);
    fclose(f);
    text[size] = '\0';
    for (char *at = text; (at = strstr(at, "NaN")) != NULL;)
        memcpy(at, "0.0", 3);
    return text;
}

static int read_cases(void **state)
{
    (void)state;
    const char *folder = test_shared_data("the published cases");
    if (folder == NULL)
        return 0;
    char path[1024];
    snprintf(path, sizeof path, "%s/options/lets_be_rational_cases.json", folder);
    json_error_t error;
    char *text = text_of(path);
    json_t *root = json_loads(text, 0, &error);
    free(text);
    if (root == NULL) {
        print_error("%s: %s\n", path, error.text);
        return 1;
    }
    const json_t *in = json_object_get(root, "input"), *out = json_object_get(root, "output");
    case_count = (int64_t)json_array_size(in);
    assert_true(case_count > 0 && case_count <= CASES_MAX && json_array_size(out) == json_array_size(in));
    for (size_t i = 0; i < json_array_size(in); i++) {
        const json_t *given = json_array_get(in, i);
        cases[i] = (rational_case){field(given, "q") > 0 ? QN_CALL : QN_PUT,
                                   field(given, "F"),
                                   field(given, "K"),
                                   field(given, "T"),
                                   field(given, "sigma"),
                                   field(json_array_get(out, i), "black")};
    }
    json_decref(root);
    return 0;
}

static void prices_are_the_published_ones(void **state)
{
    (void)state;
    if (case_count == 0)
        skip();
    double worst = 0;
    for (int64_t i = 0; i < case_count; i++) {
        const rational_case *c = &cases[i];
        double price = qn_black(c->forward, c->strike, c->years, c->sigma, c->type);
        double error = fabs(price - c->price) / fmax(c->price, 1e-300);
        worst = fmax(worst, error);
        if (!(error <= 1e-12))
            fail_msg("case %d: %.17g, published is %.17g", (int)i, price, c->price);
    }
    printf("%d cases, the largest error is %.2g\n", (int)case_count, worst);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(prices_are_the_published_ones),
    };
    return cmocka_run_group_tests(tests, read_cases, NULL);
}
