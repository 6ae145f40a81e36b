/* lang/shape_int.h: what a shape keeps of its formula. */
#ifndef QNI_LANG_SHAPE_INT_H
#define QNI_LANG_SHAPE_INT_H

#include "lang/ir_int.h"
#include "lang/shape.h"

struct qni_shape_state {
    const qn_allocator *allocator;
    qni_ir ir;
    int32_t root;                           /* of the formula; nodes after it belong to derivatives and quantities */
    int32_t quantity[QNI_SHAPE_QUANTITIES]; /* nodes */
    int64_t words;                          /* of 64 parameters each */
    uint64_t *depends;                      /* (nodes, words) the parameters on which a node depends */
    double *value, *need;                   /* (nodes) scratch */
    int64_t nodes;
};

#endif
