/* Every allocation of saving, reading and predicting fails once: nothing leaks, and the caller hears of it. */
#include "harness/harness.h"

#include <quern/predict.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char saved_text[] =
    "{\"schema\":\"quern.fit/1\",\"status\":\"converged\",\"message\":\"done\",\"formula\":\"a*x + b*z\",\"n\":9,"
    "\"parameters\":[{\"name\":\"a\",\"value\":2,\"tie\":\"2*b\",\"role\":\"tied\"},{\"name\":\"b\",\"value\":-1}],"
    "\"residual_sd\":1,\"dof\":7,\"covariance\":[[0.5,-0.1],[-0.1,0.25]],\"correlation\":[[1,0],[0,1]],"
    "\"response\":\"y\",\"columns\":[{\"name\":\"y\"},{\"name\":\"x\"},{\"name\":\"z\"}],\"confidence\":0.95,"
    "\"weighted\":true,\"absolute_sigma\":false,\"sigma_column\":\"s\",\"warnings\":[\"one\",\"two\"],"
    "\"identifiability\":{\"directions\":[{\"weights\":[1,0]}]},\"profile\":[{\"low\":1,\"high\":2},{\"low\":1,"
    "\"high\":2}]}";

static qn_status read_fit(const qn_allocator *allocator, void *user)
{
    qn_fit_saved *fit;
    (void)user;
    qn_status s = qn_fit_saved_read_bytes(&fit, saved_text, sizeof saved_text - 1, "fit.json", allocator, NULL);
    assert_true((s == QN_OK) == (fit != NULL));
    qn_fit_saved_free(fit);
    return s;
}

static void reading_a_fit_survives_every_failed_allocation(void **state)
{
    (void)state;
    assert_true(test_fault_sweep(read_fit, NULL, 1000) > 10);
}

typedef struct inputs {
    qn_fit_saved *fit;
    qn_table *table;
} inputs;

static void make_inputs(inputs *in)
{
    const char text[] = "x,z,s,y\n1,3,1,1\n2,5,0.5,NA\n3,9,2,4\n4,1,1,7\n";
    qn_csv *csv;
    qn_csv_options options;
    qn_error err;
    qn_csv_options_init(&options, sizeof options);
    options.types = "z=i64,s=f32"; /* columns to convert */
    assert_ok(qn_csv_open_bytes(&csv, text, (int64_t)strlen(text), "new.csv", &options, &err), &err);
    assert_ok(qn_csv_read(&in->table, csv, -1, &err), &err);
    qn_csv_close(csv);
    assert_ok(qn_fit_saved_read_bytes(&in->fit, saved_text, sizeof saved_text - 1, "fit.json", NULL, &err), &err);
}

static qn_status predict(const qn_allocator *allocator, void *user)
{
    const inputs *in = user;
    qn_prediction *prediction;
    qn_predict_options options;
    qn_predict_options_init(&options, sizeof options);
    options.band = true;
    options.allocator = allocator;
    qn_status s = qn_predict(&prediction, in->fit->model, in->fit->result, in->table, &options, NULL);
    assert_true((s == QN_OK) == (prediction != NULL));
    if (s == QN_OK)
        assert_true(prediction->pi_high[2] > prediction->ci_high[2] && prediction->observed[0] == 1);
    qn_prediction_free(prediction);
    return s;
}

static void a_prediction_survives_every_failed_allocation(void **state)
{
    (void)state;
    inputs in;
    make_inputs(&in);
    assert_true(test_fault_sweep(predict, &in, 1000) > 6);
    qn_table_free(in.table);
    qn_fit_saved_free(in.fit);
}

static char path[] = "/tmp/quern-predict-XXXXXX";

static qn_status save(const qn_allocator *allocator, void *user)
{
    const inputs *in = user;
    return qn_fit_save(path, in->fit->result, in->fit->model, NULL, allocator, NULL);
}

static qn_status read_file(const qn_allocator *allocator, void *user)
{
    qn_fit_saved *fit;
    (void)user;
    qn_status s = qn_fit_saved_read(&fit, path, allocator, NULL);
    assert_true((s == QN_OK) == (fit != NULL));
    qn_fit_saved_free(fit);
    return s;
}

static void a_fit_in_a_file_survives_every_failed_allocation(void **state)
{
    (void)state;
    inputs in;
    int file = mkstemp(path);
    assert_true(file >= 0);
    close(file);
    make_inputs(&in);
    assert_true(test_fault_sweep(save, &in, 100) > 0);
    assert_true(test_fault_sweep(read_file, NULL, 1000) > 10);
    assert_int_equal(unlink(path), 0);
    qn_table_free(in.table);
    qn_fit_saved_free(in.fit);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reading_a_fit_survives_every_failed_allocation),
        cmocka_unit_test(a_prediction_survives_every_failed_allocation),
        cmocka_unit_test(a_fit_in_a_file_survives_every_failed_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
