/* lang/names_int.h: what each name of a formula stands for. */
#ifndef QNI_LANG_NAMES_INT_H
#define QNI_LANG_NAMES_INT_H

#include <quern/arena.h>

#include "lang/syntax_int.h"

typedef struct qni_names {
    const char **columns; /* (column_count) in the arena, in order of first appearance */
    bool *predictors;     /* (column_count) whether the right side names the column */
    int64_t column_count;
    const char **parameters; /* (parameter_count) likewise */
    int64_t parameter_count;
    const char **warnings; /* (warning_count) room for QNI_WARNINGS_MAX */
    int64_t warning_count;
    const char *response_text;
    int32_t response_column; /* number of the column that a bare expression describes; -1: there is a left side, or no
                                response */
} qni_names;

/* Gives each symbol of the tree its kind and index. `text` is the formula, `response` the column of a bare expression
 * or NULL. What is kept lies in `arena`. Errors: QN_NAME (the left side names what is no column; a quoted name or
 * `response` is no column; an intermediate is one), QN_INVALID (a response twice), QN_SYNTAX (a left side without
 * column), QN_NOMEM. */
QN_MUST_USE qn_status qni_names_resolve(qni_names *names, qni_tree *tree, const char *text, const qni_columns *columns,
                                        const char *response, qn_arena *arena, qn_error *err);

/* Adds the warnings of a resolved tree (warnings.c). Errors: QN_NOMEM. */
QN_MUST_USE qn_status qni_names_warn(qni_names *names, const qni_tree *tree, const qni_columns *columns,
                                     qn_arena *arena, qn_error *err);

/* A copy of a text in the arena, zero-terminated. Errors: QN_NOMEM. */
QN_MUST_USE qn_status qni_names_copy(const char **out, qn_arena *arena, const char *text, int64_t size, qn_error *err);

#endif
