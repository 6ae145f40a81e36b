/* stream/sink_int.h: what sinks share. */
#ifndef QNI_STREAM_SINK_INT_H
#define QNI_STREAM_SINK_INT_H

#include <quern/sinks.h>

/* The options, checked. Errors: QN_INVALID. */
QN_MUST_USE qn_status qni_sink_options(qn_sink_options *out, const qn_sink_options *given, qn_error *err);

/* What a sink reads by its options. */
void qni_sink_reads(qn_stream_sink *out, const qn_sink_options *options);

/* Refuses a column that has the name of a field, or of another column. `fields` (field_count) are those of `what`, such
 * as "CSV". Errors: QN_NAME, QN_LIMIT (more columns than a stream
 * has). */
QN_MUST_USE qn_status qni_sink_check_names(const char *const *columns, int64_t count, const char *const *fields,
                                           int64_t field_count, const char *what, qn_error *err);

#endif
