/* fit/predict_int.h: what json.c, saved.c and predict.c share. */
#ifndef QNI_FIT_PREDICT_INT_H
#define QNI_FIT_PREDICT_INT_H

#include <quern/fit.h>

#define QNI_FIT_SCHEMA "quern.fit/1"

/* Whether the parameters of a result are those of the model. Errors: QN_INVALID. */
QN_MUST_USE qn_status qni_fit_check_names(const qn_model *model, const qn_fit_result *result, qn_error *err);

/* Whether the covariance of a result is one, where predictions need it. Errors: QN_DATA, QN_NOMEM, QN_BUDGET. */
QN_MUST_USE qn_status qni_predict_check(const qn_fit_result *result, const qn_allocator *allocator, qn_error *err);

#endif
