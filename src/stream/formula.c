/* stream/formula.c: formulas become stages: a hidden column for each call of a function that keeps state and for each
 * of its arguments that is none yet, then the formula's own.
 *
 * What several formulas call has one column, since equal ones have equal names (lang/hoist.h). One thread, before the
 * stream runs. */
#include "stream/formula_int.h"

#include "base/error.h"
#include "base/file.h"
#include "lang/hoist.h"
#include "stream/limits.h"
#include "stream/stream_int.h"

#include <string.h>

static qn_status add_step(qn_stream *stream, const qni_hoist_step *step, qn_error *err)
{
    if (step->model != NULL)
        return qni_hoist_place(qni_formula_add_model(stream, step->column, step->model, err), step->place, err);
    const qni_formula_call call = {.column = step->column,
                                   .text = step->text,
                                   .kind = (qn_indicator_kind)step->function,
                                   .series = step->series,
                                   .inputs = qni_stateful_infos[step->function].series,
                                   .constants = step->constants,
                                   .count = step->constant_count};
    return qni_hoist_place(qni_formula_add_call(stream, &call, err), step->place, err);
}

qn_status qni_formula_add(qn_stream *stream, const char *formula, int64_t size, qn_error *err)
{
    int64_t count;
    const char *const *columns = qni_stream_columns(stream, &count);
    qni_hoisted hoisted;
    qn_status status = qni_hoist(&hoisted, formula, size, columns, count, qni_stream_allocator(stream), err);
    for (int64_t i = 0; i < hoisted.count && status == QN_OK; i++)
        status = add_step(stream, &hoisted.steps[i], err);
    if (status == QN_OK)
        status = qni_formula_add_model(stream, hoisted.name, hoisted.model, err);
    qni_hoisted_fini(&hoisted);
    return status;
}

qn_status qn_stream_add_formula(qn_stream *stream, const char *formula, qn_error *err)
{
    if (stream == NULL || formula == NULL)
        return qni_error(err, QN_INVALID, "the stream or the formula is NULL");
    return qni_formula_add(stream, formula, (int64_t)strlen(formula), err);
}

/* ---- formulas in a file ---- */

/* The error of a formula, with its place in the file. */
static qn_status in_file(qn_status status, const char *path, const qni_formula_text *formula, const qn_error *error,
                         qn_error *err)
{
    int64_t line = formula->line, column = 0;
    if (error->column > 0)
        qni_formula_place(&line, &column, formula, error->column);
    return qni_error_at(err, status, path, line, column, "%s", error->message);
}

static qn_status add_lines(qn_stream *stream, const char *path, qni_formula_lines *lines, qn_error *err)
{
    int64_t count = 0;
    for (;; count++) {
        qni_formula_text formula;
        qn_error error = qn_error_none();
        qn_status status = qni_formula_next(&formula, lines, &error);
        if (status != QN_OK)
            return qni_error_at(err, status, path, error.line, error.column, "%s", error.message);
        if (formula.text == NULL)
            break;
        status = qni_formula_add(stream, formula.text, formula.size, &error);
        if (status != QN_OK)
            return in_file(status, path, &formula, &error, err);
    }
    return count > 0 ? QN_OK : qni_error_at(err, QN_DATA, path, 0, 0, "the file has no formula in it");
}

qn_status qn_stream_read_formulas(qn_stream *stream, const char *path, qn_error *err)
{
    if (stream == NULL || path == NULL)
        return qni_error(err, QN_INVALID, "the stream or the path is NULL");
    if (strcmp(path, "-") == 0)
        return qni_error(err, QN_INVALID, "formulas are read from a file: standard input is for records");
    const qn_allocator *allocator = qni_stream_allocator(stream);
    qni_file_bytes file;
    qn_status status = qni_file_read_all(&file, path, QNI_FORMULA_FILE_MAX, allocator, err);
    if (status != QN_OK)
        return status;
    qni_formula_lines lines = {.bytes = file.bytes, .size = file.size};
    status = add_lines(stream, path, &lines, err);
    qni_file_bytes_free(&file, allocator);
    return status;
}
