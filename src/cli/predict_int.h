/* cli/predict_int.h: one run of `quern predict`: a fit, new data, and what is shown of them. */
#ifndef QNI_CLI_PREDICT_INT_H
#define QNI_CLI_PREDICT_INT_H

#include "cli/command.h"
#include "cli/data_input.h"

#include "base/json.h"

#include <quern/predict.h>

/* What there is to warn of, gathered over all rows. */
typedef struct predict_total {
    int64_t n, omitted, not_finite, undetermined, too_large, no_response;
    char no_band[400], no_interval[400]; /* "": there is */
} predict_total;

typedef struct predict_job {
    qni_run *run;
    const qni_args *args;
    qn_fit_saved *fit;
    qni_data data;
    qn_predict_options options;
    bool json;
    bool begun; /* something has been written */
    qni_json_writer writer;
    predict_total total;
} predict_job;

/* predict_show.c: some rows, the next ones after those shown before; and the end. Columns are those of the first rows.
 * Errors of the JSON writer come at the end. */
void qni_predict_show(predict_job *job, const qn_table *table, const qn_prediction *prediction);
QN_MUST_USE qn_status qni_predict_show_end(predict_job *job, qn_error *err);

/* What there is to warn of, the i-th sentence, in `text`; NULL after the last. */
enum {
    PREDICT_WARNING_SIZE = 512
};
const char *qni_predict_warning(char text[PREDICT_WARNING_SIZE], const predict_job *job, int64_t i);

#endif
