/* Reading NIST StRD files: what is taken from them, and every complaint with its line. */
#include "harness/harness.h"

#include <quern/nist.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "accuracy/nist_sets.h"

/* A file of the published form; a bracketed model over two lines, a constant, a transformed response. */
#define HEAD                                                                                                  \
    "NIST/ITL StRD\nDataset Name:  Toy (Toy.dat)\n\nData:  1 Response (y = volume)\n       1 Predictor (x = " \
    "pressure)\n\n"
#define MODEL                                                                                                      \
    "Model:         Exponential Class\n               2 Parameters (b1 and b2)\n\n               pi = 3.14159E0\n" \
    "               log[y] = b1*{x - arctan[b2]} /\n                        (1 + b2)  +  e\n\n\n"
#define STARTS                                                                 \
    "          Starting Values                  Certified Values\n\n"          \
    "        Start 1     Start 2           Parameter     Standard Deviation\n" \
    "  b1 =   500         250           2.3894212918E+02  2.7070075241E+00\n"  \
    "  b2 =     0.0001      0.0005      5.5015643181E-04  7.2668688436E-06\n\n"
#define RESULTS                                                                                                        \
    "Residual Sum of Squares:                    1.2455138894E-01\nResidual Standard Deviation:                "       \
    "1.0187876330E-01\nDegrees of Freedom:                                1\nNumber of Observations:                 " \
    "           3\n\n"
#define DATA \
    "Data:   y               x\n      10.07E0      77.6E0\r\n      14.73E0     114.9E0\n\n      17.94E0     141.1E0\n"

static qn_status read_text(qn_nist **out, const char *text, qn_error *err)
{
    return qn_nist_read_bytes(out, text, (int64_t)strlen(text), "toy.dat", NULL, err);
}

static void a_file_gives_model_starts_certified_values_and_data(void **state)
{
    (void)state;
    qn_error err;
    qn_nist *nist;
    assert_ok(read_text(&nist, HEAD MODEL STARTS RESULTS DATA, &err), &err);
    assert_string_equal(nist->name, "Toy");
    assert_string_equal(nist->formula, "log(y) = b1*(x - atan(b2)) / (1 + b2)");
    assert_int_equal(nist->p, 2);
    assert_string_equal(nist->parameters[1], "b2");
    assert_true(nist->start[0][0] == 500 && nist->start[1][1] == 0.0005);
    assert_true(nist->certified_value[1] == 5.5015643181E-04 && nist->certified_stderr[0] == 2.7070075241E+00);
    assert_true(nist->certified_rss == 1.2455138894E-01 && nist->certified_residual_sd == 1.0187876330E-01);
    assert_int_equal(nist->certified_dof, 1);
    assert_int_equal(nist->n, 3);
    assert_int_equal(qn_table_row_count(nist->table), 3);
    assert_int_equal(qn_table_column_find(nist->table, "x"), 1);
    assert_true(qn_table_f64(nist->table, 0)[2] == 17.94 && qn_table_f64(nist->table, 1)[1] == 114.9);
    qn_nist_free(nist);
}

static void every_fault_is_named_with_its_line(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t line;
        const char *sentence;
    } cases[] = {
        {"", 0, "not a NIST StRD file"},
        {"x,y\n1,2\n", 1, "not a NIST StRD file"},
        {"NIST/ITL StRD\n", 1, "\"Dataset Name:\" is missing"},
        {HEAD, 6, "\"Model:\" is missing"},
        {HEAD "Model:\n y = b1*x\n", 8, "\"Starting values\" is missing"},
        {HEAD "Model:\n y = b1*x\n" STARTS, 9, "no model"},
        {HEAD MODEL "Starting values\n b1 = 1 2 3\n", 16, "a number is expected"},
        {HEAD MODEL "Starting values\n b1 = 1 2 3 4 5\n", 16, "ends after four numbers"},
        {HEAD MODEL "Starting values\n b1 1 2 3 4\n", 16, "must be \"name = "},
        {HEAD MODEL STARTS, 20, "\"Number of Observations:\" is missing"},
        {HEAD MODEL STARTS "Number of Observations: 0\n", 21, "not a number of observations or"},
        {HEAD MODEL STARTS "Number of Observations: 1e99\n", 21, "not a number of observations or"},
        {HEAD MODEL STARTS "Number of Observations: nan\n", 21, "not a number of observations or"},
        {HEAD MODEL STARTS RESULTS, 25, "\"Data:\" is missing"},
        {HEAD MODEL STARTS RESULTS "Data:\n", 26, "names of the columns are missing"},
        {HEAD MODEL STARTS RESULTS "Data: y x\n1 2\n3\n", 28, "a number is expected"},
        {HEAD MODEL STARTS RESULTS "Data: y x\n1 2\n3 4 5\n", 28, "more numbers than columns"},
        {HEAD MODEL STARTS RESULTS "Data: y x\n1 2\n3 4\n", 28, "fewer rows stand above"},
        {HEAD MODEL STARTS RESULTS DATA "1 2\n", 31, "more rows"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        qn_error err;
        qn_nist *nist = (qn_nist *)&err;
        assert_int_equal(read_text(&nist, cases[i].text, &err), QN_DATA);
        assert_null(nist);
        assert_string_equal(err.file, "toy.dat");
        assert_contains(err.message, cases[i].sentence);
        assert_int_equal(err.line, cases[i].line);
    }
}

static void a_missing_file_is_named(void **state)
{
    (void)state;
    qn_error err;
    qn_nist *nist;
    assert_int_equal(qn_nist_read(&nist, "/nonexistent/toy.dat", NULL, &err), QN_NO_INPUT);
    assert_contains(err.message, "/nonexistent/toy.dat");
    qn_nist_free(NULL);
}

static void the_published_files_agree_with_the_sets_of_the_suite(void **state)
{
    (void)state;
    const char *data = test_shared_data("the published NIST files");
    if (data == NULL)
        skip();
    for (int i = 0; i < NIST_SET_COUNT; i++) {
        char path[512];
        qn_error err;
        qn_nist *nist;
        nist_set set;
        nist_set_read(&set, nist_set_names[i]);
        snprintf(path, sizeof path, "%s/nist/%s.dat", data, set.name);
        assert_ok(qn_nist_read(&nist, path, NULL, &err), &err);
        assert_string_equal(nist->name, set.name);
        assert_string_equal(nist->formula, set.formula);
        assert_int_equal(nist->p, set.p);
        assert_int_equal(nist->certified_dof, set.dof);
        assert_true(nist->certified_rss == set.rss && nist->certified_residual_sd == set.residual_sd);
        for (int64_t j = 0; j < set.p; j++) {
            assert_string_equal(nist->parameters[j], set.parameters[j]);
            assert_true(nist->start[0][j] == set.start[0][j] && nist->start[1][j] == set.start[1][j]);
            assert_true(nist->certified_value[j] == set.value[j] && nist->certified_stderr[j] == set.stderr_[j]);
        }
        assert_int_equal(qn_table_row_count(nist->table), qn_table_row_count(set.table));
        for (int64_t c = 0; c < qn_table_column_count(set.table); c++)
            assert_memory_equal(qn_table_f64(nist->table, c), qn_table_f64(set.table, c),
                                (size_t)qn_table_row_count(set.table) * sizeof(double));
        qn_nist_free(nist);
        nist_set_fini(&set);
    }
}

static qn_status read_with(const qn_allocator *allocator, void *user)
{
    const char *text = user;
    qn_nist *nist;
    qn_status s = qn_nist_read_bytes(&nist, text, (int64_t)strlen(text), "toy.dat", allocator, NULL);
    qn_nist_free(nist);
    return s;
}

static void no_failing_allocation_leaks(void **state)
{
    (void)state;
    char text[] = HEAD MODEL STARTS RESULTS DATA;
    assert_true(test_fault_sweep(read_with, text, 100) > 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_gives_model_starts_certified_values_and_data),
        cmocka_unit_test(every_fault_is_named_with_its_line),
        cmocka_unit_test(a_missing_file_is_named),
        cmocka_unit_test(the_published_files_agree_with_the_sets_of_the_suite),
        cmocka_unit_test(no_failing_allocation_leaks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
