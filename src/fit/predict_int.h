/* fit/predict_int.h: what json.c, saved.c and predict.c share. */
#ifndef QNI_FIT_PREDICT_INT_H
#define QNI_FIT_PREDICT_INT_H

#include "base/json.h"

#include <quern/predict.h>

#define QNI_FIT_SCHEMA "quern.fit/1"

/* Whether the parameters of a result are those of the model. Errors: QN_INVALID. */
QN_MUST_USE qn_status qni_fit_check_names(const qn_model *model, const qn_fit_result *result, qn_error *err);

/* Whether the covariance of a result is one, where predictions need it. Errors: QN_DATA, QN_NOMEM, QN_BUDGET. */
QN_MUST_USE qn_status qni_predict_check(const qn_fit_result *result, const qn_allocator *allocator, qn_error *err);

/* The JSON of a result with numbers that are not finite as texts, so that all of it comes back: for what Quern alone
 * reads. The model is the one that was fitted. */
QN_MUST_USE qn_status qni_fit_write_exact(const qn_fit_result *r, const qn_model *model, qni_json_sink sink, void *user,
                                          qn_error *err);

/* As qn_fit_saved_read_bytes, of what qni_fit_write_exact wrote. */
QN_MUST_USE qn_status qni_fit_read_exact(qn_fit_saved **out, const char *bytes, int64_t size, const char *name,
                                         const qn_allocator *allocator, qn_error *err);

#endif
