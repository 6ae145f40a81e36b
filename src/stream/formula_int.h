/* stream/formula_int.h: what the rooms of formulas share: stages made of parts of formulas (formula_stage.c), formulas
 * as they lie in files (formula_lines.c), and adding them (formula.c). One thread, but for the stages' run. */
#ifndef QNI_STREAM_FORMULA_INT_H
#define QNI_STREAM_FORMULA_INT_H

#include <quern/indicators.h>
#include <quern/model.h>
#include <quern/stream.h>

/* Adds the formula of `size` bytes. Errors: as qn_stream_add_formula. */
QN_MUST_USE qn_status qni_formula_add(qn_stream *stream, const char *formula, int64_t size, qn_error *err);

/* Adds a stage that writes `column`, the value of a model without parameters; takes one more reference. */
QN_MUST_USE qn_status qni_formula_add_model(qn_stream *stream, const char *column, qn_model *model, qn_error *err);

/* Adds a stage that writes the hidden `column`, an indicator of series (inputs) with constants (count). `text` is the
 * call, for messages. */
typedef struct qni_formula_call {
    const char *column;
    const char *text;
    qn_indicator_kind kind;
    const char *const *series; /* (inputs) columns */
    int inputs;                /* 1 or 2 */
    const double *constants;   /* (count) */
    int count;
} qni_formula_call;
QN_MUST_USE qn_status qni_formula_add_call(qn_stream *stream, const qni_formula_call *call, qn_error *err);

/* ---- formulas in a file ---- */

/* A text with a formula a line; what has been read of it is changed: comments and signs that a line goes on become
 * blanks. A line goes on in the next one after "\", and after ";" with those that are empty left out. */
typedef struct qni_formula_lines {
    char *bytes; /* (size) */
    int64_t size;
    int64_t start; /* of the line that was read last */
    int64_t at;    /* of the next one */
    int64_t line;  /* lines that were read */
} qni_formula_lines;

/* A formula where it stands, line breaks and blanks inside. */
typedef struct qni_formula_text {
    const char *text; /* NULL: there is none any more */
    int64_t size;
    int64_t line;   /* where it starts */
    int64_t column; /* and at which byte of the line, from 1 */
} qni_formula_text;

/* The next formula. Errors: QN_SYNTAX (a line goes on, but the text ends), with line and column. */
QN_MUST_USE qn_status qni_formula_next(qni_formula_text *out, qni_formula_lines *lines, qn_error *err);

/* The place in the text of a byte (`column`, from 1) of a formula. */
void qni_formula_place(int64_t *line, int64_t *text_column, const qni_formula_text *formula, int64_t column);

#endif
