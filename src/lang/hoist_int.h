/* lang/hoist_int.h: what the two halves of taking a formula apart share: its names (hoist_names.c), then its steps
 * (hoist.c). One thread. */
#ifndef QNI_LANG_HOIST_INT_H
#define QNI_LANG_HOIST_INT_H

#include "lang/hoist.h"
#include "lang/syntax_int.h"

/* Gives each symbol of a stream's tree its kind, and *name, the symbol of the column that the formula makes. `columns`
 * are those that there are, hidden ones too, which have no name for a formula. Errors: QN_SYNTAX, QN_NAME, QN_NOMEM. */
QN_MUST_USE qn_status qni_hoist_names(int32_t *name, qni_tree *tree, const char *text, const qni_columns *columns,
                                      qn_error *err);

#endif
