/* Any bytes read as a saved fit: no crash, no leak; what is read is whole, is written again, and predicts or says why
 * not. */
#include <quern/predict.h>

#include <assert.h>
#include <stddef.h>
#include <stdlib.h>

static qn_status count(void *user, const char *text, int64_t size, qn_error *err)
{
    (void)text;
    (void)err;
    *(int64_t *)user += size;
    return QN_OK;
}

static void predict(const qn_fit_saved *fit)
{
    static const double values[] = {0, 1, -2.5, 1e300};
    int64_t columns = qn_model_column_count(fit->model);
    const char **names = calloc((size_t)columns + 1, sizeof *names);
    const double **data = calloc((size_t)columns + 1, sizeof *data);
    qn_error err;
    qn_table *table;
    qn_prediction *prediction;
    qn_predict_options options;
    assert(names != NULL && data != NULL);
    for (int64_t i = 0; i < columns; i++) {
        names[i] = qn_model_column_name(fit->model, i);
        data[i] = values;
    }
    names[columns] = "another";
    data[columns] = values;
    if (qn_table_from_f64(&table, names, data, columns + 1, 4, NULL, &err) == QN_OK) {
        qn_predict_options_init(&options, sizeof options);
        options.band = true;
        qn_status s = qn_predict(&prediction, fit->model, fit->result, table, &options, &err);
        assert((s == QN_OK) == (prediction != NULL));
        assert(s != QN_OK || (prediction->n == 4 && (prediction->no_band == NULL || prediction->ci_low != NULL)));
        qn_prediction_free(prediction);
    }
    qn_table_free(table);
    free(names);
    free(data);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    qn_error err;
    qn_fit_saved *fit;
    qn_status s = qn_fit_saved_read_bytes(&fit, (const char *)bytes, (int64_t)size, "fuzz.json", NULL, &err);
    assert((s == QN_OK) == (fit != NULL));
    if (fit != NULL) {
        int64_t written = 0;
        assert(fit->result->p > 0 && fit->result->p == qn_model_parameter_count(fit->model));
        assert(qn_fit_write_json(fit->result, fit->model, NULL, count, &written, &err) == QN_OK && written > 0);
        predict(fit);
    } else {
        assert(err.message[0] != '\0');
    }
    qn_fit_saved_free(fit);
    return 0;
}
