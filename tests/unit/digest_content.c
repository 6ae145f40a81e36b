/* Digests of contents against Python's hashlib.blake2b(digest_size=32, person=…) over the form that array/digest.c
 * describes. */
#include "harness/harness.h"
#include "harness/values.h"

#include <quern/datum.h>

#include <math.h>
#include <string.h>

static void assert_digest(qn_digest d, const char *expected)
{
    char text[QN_DIGEST_TEXT_SIZE];
    qn_digest_text(text, &d);
    assert_string_equal(text, expected);
}

static qn_digest digest_of(const qn_array *a)
{
    qn_digest d;
    qn_error err;
    assert_ok(qn_digest_array(&d, a, &err), &err);
    return d;
}

static double numbers[] = {0, 1, 2, 3, 4, -0.0};

static qn_array wrapped(void *data, qn_dtype dtype, int32_t ndim, const int64_t *shape, const int64_t *strides)
{
    qn_array a;
    qn_error err;
    assert_ok(qn_array_wrap(&a, data, dtype, ndim, shape, strides, NULL, NULL, NULL, &err), &err);
    return a;
}

static void digests_of_bytes_are_those_of_hashlib(void **state)
{
    (void)state;
    assert_digest(qn_digest_bytes("abc", 3), "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319");
    assert_digest(qn_digest_bytes(NULL, 0), "0e5751c026e543b2e8ab2eb06099daa1d1e5df47778f7787faab45cdf12fe3a8");
}

static void digests_of_arrays_are_those_of_hashlib(void **state)
{
    (void)state;
    int16_t single = -2;
    qn_array a = wrapped(numbers, QN_DTYPE_F64, 2, (int64_t[]){2, 3}, NULL);
    assert_digest(digest_of(&a), "ffa2429dcb2db9adcce4f189c990c1f968a3c7c92aca1f6451be0d6f3fb3f29f");
    qn_array_fini(&a);
    a = wrapped(&single, QN_DTYPE_I16, 0, NULL, NULL);
    assert_digest(digest_of(&a), "b733192791a203c6df6884ff8fdb449703f7b6ca538cf78ac0531f81a23b8c6d");
    qn_array_fini(&a);
    a = wrapped(&single, QN_DTYPE_U8, 2, (int64_t[]){0, 4}, NULL);
    assert_digest(digest_of(&a), "05da5597049f80d13f626c470afe3adc1331d8fee55d9a8c1f3e102449c7d51b");
    qn_array_fini(&a);
}

static void a_strided_view_has_the_digest_of_its_elements(void **state)
{
    (void)state;
    /* the same six numbers in Fortran order, and backwards */
    double columns[] = {0, 3, 1, 4, 2, -0.0}, back[] = {-0.0, 4, 3, 2, 1, 0};
    qn_array a = wrapped(columns, QN_DTYPE_F64, 2, (int64_t[]){2, 3}, (int64_t[]){8, 16});
    assert_digest(digest_of(&a), "ffa2429dcb2db9adcce4f189c990c1f968a3c7c92aca1f6451be0d6f3fb3f29f");
    qn_array_fini(&a);
    a = wrapped(back + 5, QN_DTYPE_F64, 2, (int64_t[]){2, 3}, (int64_t[]){-24, -8});
    assert_digest(digest_of(&a), "ffa2429dcb2db9adcce4f189c990c1f968a3c7c92aca1f6451be0d6f3fb3f29f");
    qn_array_fini(&a);
}

static void type_shape_and_bits_all_count(void **state)
{
    (void)state;
    double same[] = {0, 1, 2, 3, 4, 0.0};
    qn_array arrays[] = {
        wrapped(numbers, QN_DTYPE_F64, 2, (int64_t[]){2, 3}, NULL),
        wrapped(numbers, QN_DTYPE_F64, 2, (int64_t[]){3, 2}, NULL),
        wrapped(numbers, QN_DTYPE_F64, 1, (int64_t[]){6}, NULL),
        wrapped(numbers, QN_DTYPE_F64, 1, (int64_t[]){5}, NULL),
        wrapped(numbers, QN_DTYPE_I64, 2, (int64_t[]){2, 3}, NULL),
        wrapped(same, QN_DTYPE_F64, 2, (int64_t[]){2, 3}, NULL),
        wrapped(numbers, QN_DTYPE_F64, 3, (int64_t[]){2, 3, 1}, NULL),
    };
    enum {
        COUNT = sizeof arrays / sizeof arrays[0]
    };
    qn_digest digests[COUNT];
    for (int i = 0; i < COUNT; i++) {
        digests[i] = digest_of(&arrays[i]);
        for (int k = 0; k < i; k++)
            assert_false(qn_digest_equal(&digests[i], &digests[k]));
        qn_array_fini(&arrays[i]);
    }
}

static void an_array_that_has_ended_has_no_digest(void **state)
{
    (void)state;
    qn_digest d;
    qn_error err;
    assert_int_equal(qn_digest_array(&d, &(qn_array){0}, &err), QN_INVALID);
    assert_contains(err.message, "ended");
}

static const char sample[] = "price,n,ok,who,day\n1.5,1,true,b,1970-01-01\nNA,2,false,a,2024-10-04\n-0.0,3,NA,b,NA\n";

static qn_digest digest_of_table(const char *text, const char *types)
{
    qn_table *table = test_table(text, types);
    qn_digest d = qn_digest_table(table);
    qn_table_free(table);
    return d;
}

static void digests_of_tables_are_those_of_hashlib(void **state)
{
    (void)state;
    assert_digest(digest_of_table(sample, NULL), "b10bb2f1825c95573e365845fdca7069a2560eebb1916b3437ee996b4ed88505");
}

static void where_rows_stood_and_the_order_of_a_dictionary_do_not_count(void **state)
{
    (void)state;
    /* a comment moves the lines; the second reading knows the text c, which no row has */
    assert_digest(digest_of_table("price,n,ok,who,day\n# a line\n1.5,1,true,b,1970-01-01\n\nNA,2,false,a,2024-10-04\n"
                                  "-0,3,NA,b,NA\n",
                                  NULL),
                  "b10bb2f1825c95573e365845fdca7069a2560eebb1916b3437ee996b4ed88505");
    qn_csv_options options = {.size = (int64_t)sizeof options};
    qn_error err;
    qn_csv *csv;
    qn_table *first, *second;
    static const char two[] = "w\nx\ny\nx\nz\n";
    assert_ok(qn_csv_open_bytes(&csv, two, (int64_t)strlen(two), "t.csv", &options, &err), &err);
    assert_ok(qn_csv_read(&first, csv, 2, &err), &err);
    assert_ok(qn_csv_read(&second, csv, 2, &err), &err);
    qn_csv_close(csv);
    qn_digest got = qn_digest_table(second), alone = digest_of_table("w\nx\nz\n", NULL);
    assert_true(qn_digest_equal(&got, &alone));
    qn_table_free(first);
    qn_table_free(second);
}

static void every_part_of_a_table_counts(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "a,b\n1,x\n2,y\n", "a,c\n1,x\n2,y\n",  "b,a\n1,x\n2,y\n",  "a,b\n1,x\n2,x\n",  "a,b\n1,x\n",
        "a,b\n1,x\n3,y\n", "a,b\n1,x\n2,NA\n", "a,b\n1,x\nNA,y\n", "a,b\n1,xy\n2,y\n", "a,b\n0,x\n2,y\n",
    };
    enum {
        COUNT = sizeof texts / sizeof texts[0]
    };
    qn_digest digests[COUNT + 2];
    for (int i = 0; i < COUNT; i++)
        digests[i] = digest_of_table(texts[i], NULL);
    digests[COUNT] = digest_of_table(texts[0], "a=f64");
    digests[COUNT + 1] = digest_of_table(texts[0], "a=string");
    for (int i = 0; i < COUNT + 2; i++)
        for (int k = 0; k < i; k++)
            assert_false(qn_digest_equal(&digests[i], &digests[k]));
}

static void digests_of_values_are_those_of_hashlib(void **state)
{
    (void)state;
    qn_error err;
    qn_datum *d;
    int16_t single = -2;
    qn_array arrays[] = {wrapped(numbers, QN_DTYPE_F64, 2, (int64_t[]){2, 3}, NULL),
                         wrapped(&single, QN_DTYPE_I16, 0, NULL, NULL)};
    assert_ok(qn_datum_bytes(&d, "abc", 3, NULL, &err), &err);
    assert_digest(qn_datum_digest(d), "c1fa626d47786b9e9ac850e30e0d94332f65becea98976e1fab3e2ce0be51166");
    qn_datum_unref(d);
    assert_ok(qn_datum_json(&d, "{\"a\":1}", -1, NULL, &err), &err);
    assert_digest(qn_datum_digest(d), "fc235e20a3a37dde915275442837806d2b64c4670f3e55dffcef66c8532ffb99");
    qn_datum_unref(d);
    assert_ok(qn_datum_array(&d, &arrays[0], NULL, &err), &err);
    assert_digest(qn_datum_digest(d), "90024bab85468ad5f1324db4837c92a1c02a27cdf882790390de675a1f28f823");
    qn_datum_unref(d);
    assert_ok(qn_datum_arrays(&d, arrays, (const char *[]){"x", "y"}, 2, NULL, &err), &err);
    assert_digest(qn_datum_digest(d), "b3e36a07de2461bf94243698255ddd347dd88e65bdb2ccb2af428f0aa8a3dbf4");
    qn_datum_unref(d);
    assert_ok(qn_datum_table(&d, test_table(sample, NULL), NULL, &err), &err);
    assert_digest(qn_datum_digest(d), "37f7e603de6e104ad067196921c99e8656f5ba2d542b2a88f73ad8a11680bf2d");
    qn_datum_unref(d);
    qn_array_fini(&arrays[0]);
    qn_array_fini(&arrays[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(digests_of_bytes_are_those_of_hashlib),
        cmocka_unit_test(digests_of_arrays_are_those_of_hashlib),
        cmocka_unit_test(a_strided_view_has_the_digest_of_its_elements),
        cmocka_unit_test(type_shape_and_bits_all_count),
        cmocka_unit_test(an_array_that_has_ended_has_no_digest),
        cmocka_unit_test(digests_of_tables_are_those_of_hashlib),
        cmocka_unit_test(where_rows_stood_and_the_order_of_a_dictionary_do_not_count),
        cmocka_unit_test(every_part_of_a_table_counts),
        cmocka_unit_test(digests_of_values_are_those_of_hashlib),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
