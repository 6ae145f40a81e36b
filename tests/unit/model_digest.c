/* The digest of a formula's meaning: what it covers, and what it does not. */
#include "harness/harness.h"

#include <string.h>

#include <quern/model.h>

typedef struct digest {
    char text[QN_MODEL_DIGEST_SIZE];
} digest;

static digest digest_of(const char *formula)
{
    static const char *const columns[] = {"x", "w", "y"};
    qn_model *model;
    qn_error err;
    qn_model_options options;
    qn_model_options_init(&options, sizeof options);
    options.columns = columns;
    options.column_count = 3;
    assert_ok(qn_model_new(&model, formula, -1, &options, &err), &err);
    digest out;
    assert_ok(qn_model_digest(out.text, model, &err), &err);
    assert_int_equal(strlen(out.text), 64);
    qn_model_unref(model);
    return out;
}

static void assert_same(const char *a, const char *b)
{
    digest da = digest_of(a), db = digest_of(b);
    if (strcmp(da.text, db.text) != 0)
        fail_msg("\"%s\" and \"%s\" mean the same, but have different digests", a, b);
}

static void assert_other(const char *a, const char *b)
{
    digest da = digest_of(a), db = digest_of(b);
    if (strcmp(da.text, db.text) == 0)
        fail_msg("\"%s\" and \"%s\" mean different things, but have one digest", a, b);
}

static void spelling_and_order_of_operands_make_no_difference(void **state)
{
    (void)state;
    assert_same("y = a*exp(-b*x) + c", "  y=c+exp( -b * x )*a ");
    assert_same("y = a*exp(-b*x) + c", "y = c + a*exp(x*(-b))");
    assert_same("y = (a + b)*(c + d*x)", "y = (x*d + c)*(b + a)");
    assert_same("y = a*x**2", "y = x^2*a");
    assert_same("y = a*x + 2*3", "y = 6.0e0 + x*a");
    assert_same("y = a - -b*x", "y = a + b*x");
    assert_same("y = if(x > a, b, c)", "y = a < x ? b : c");
    assert_same("z = x/w; y = a*exp(-z^2)", "y = a*exp(-(x/w)^2)");
    assert_same("y = (a*x + b)*(a*x + b)", "u = b + a*x; y = u*u");
    assert_same("y = -((x*a)*b)", "y = -(b*(x*a))"); /* wherever the sign goes */
    assert_same("y = -a*x + -b", "y = -b + x*(-a)");
    assert_same("y = -a*x - b", "y = -b + -(a*x)");
    assert_same("y = (-x*a)*(-b*w)*c", "y = c*((b*w)*(a*x))");
    assert_same("y = a/-x - -2", "y = 2 - a/x");
}

static void names_numbers_sides_and_operations_do(void **state)
{
    (void)state;
    assert_other("y = a*x", "y = b*x");
    assert_other("y = a*x", "y = a*w");
    assert_other("y = a*x", "y = a + x");
    assert_other("y = a - x", "y = x - a");
    assert_other("y = a*x", "y = a*x*1.0000000000000002");
    assert_other("y = a*x", "log(y) = a*x");
    assert_other("y = (a + b) + x", "y = a + (b + x)"); /* rounds differently */
    assert_other("y = a*x + b", "y = a*b + x");
    assert_other("y = sin(x)*a", "y = cos(x)*a");
    assert_other("y = a - x*b", "y = a + x*b");
    assert_other("y = exp(-a*x)", "y = exp(a*x)");
    assert_other("y = -(a - x)", "y = x - a"); /* -0 and 0 where both are equal */
    assert_other("y = a*x", "u = b; y = a*x"); /* which has the parameter b */
    assert_other("y = a*x", "u = w; y = a*x");
    assert_other("y = a*x", "y = if(true, a*x, b*x)");
}

static void it_is_what_its_rules_say(void **state)
{
    (void)state;
    /* By Python's hashlib.blake2b over the words and strings that lang/meaning.c describes. */
    assert_string_equal(digest_of("y = a/x").text, "b0f6b5564f6a867ac7a33f2beb3ee99a1199493c598606f2533065156e6dee26");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(spelling_and_order_of_operands_make_no_difference),
        cmocka_unit_test(names_numbers_sides_and_operations_do),
        cmocka_unit_test(it_is_what_its_rules_say),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
