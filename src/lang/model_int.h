/* lang/model_int.h: what a compiled formula consists of. Immutable once made but for its count of references. */
#ifndef QNI_LANG_MODEL_INT_H
#define QNI_LANG_MODEL_INT_H

#include <quern/model.h>

#include <stdatomic.h>

#include "lang/names_int.h"
#include "lang/program_int.h"

typedef struct qni_name_entry {
    const char *name;
    int64_t index;
} qni_name_entry;

/* One model's programs. */
enum {
    QNI_PROGRAM_VALUE,    /* the right side */
    QNI_PROGRAM_FULL,     /* the right side and its derivatives by every parameter */
    QNI_PROGRAM_RESPONSE, /* the left side; not there without one */
    QNI_PROGRAM_SECOND,   /* as FULL, and the second derivatives; not there unless asked for */
    QNI_PROGRAM_COUNT
};

struct qn_model {
    _Atomic int64_t references;
    const qn_allocator *allocator;
    const qni_kernels *kernels; /* of the processor level */
    qn_arena *arena;            /* holds all that follows */
    const char *formula;
    const char *text; /* in normal spelling */
    qni_names names;
    const qni_name_entry *sorted; /* (names.parameter_count) parameters by name */
    bool has_response, has_second;
    qni_program programs[QNI_PROGRAM_COUNT];
};

/* Adds the tree's nodes to the IR; *left and *right are the nodes of the two sides (left -1: none). Sticky as all of
 * the IR. */
void qni_lower(qni_ir *ir, const qni_tree *tree, const qni_names *names, int32_t *left, int32_t *right);

/* The same for a model that is compiled: from its formula once more, with names numbered as in model->names. For what
 * is asked of a model rarely, so that it need not keep its IR. Errors: QN_NOMEM. */
QN_MUST_USE qn_status qni_model_lower(qni_ir *ir, const qn_model *model, int32_t *left, int32_t *right, qn_error *err);

#endif
