/* lang/sizes.c: how large the parameters of a formula may be, from how large its columns are.
 *
 * What is known goes up: the size of a column, of a product of known sizes. What is needed comes down: operands of a
 * sum are about as large as each other, arguments of exponentials and sines about 1, and what multiplies something
 * known must make up for the rest. A few rounds of both settle most parameters; the rest have size 1. One thread. */
#include "lang/shape.h"

#include "lang/shape_int.h"

#include <math.h>
#include <stddef.h>

/* Of the sizes of both operands of a sum: the larger known one, NaN where none is. */
static double size_of_sum(double a, double b)
{
    return isnan(a) ? b : isnan(b) ? a : fmax(a, b);
}

/* A node's size from those of its operands. */
static double size_of(const qni_ir_node *n, const double *size)
{
    double a = size[n->args[0]], b = qni_op_infos[n->op].arity > 1 ? size[n->args[1]] : NAN;
    switch (n->op) {
    case QNI_OP_NEG:
    case QNI_OP_ABS:
        return a;
    case QNI_OP_ADD:
    case QNI_OP_SUB:
    case QNI_OP_HYPOT:
        return size_of_sum(a, b);
    case QNI_OP_MUL:
        return a * b;
    case QNI_OP_DIV:
        return a / b;
    case QNI_OP_SQRT:
        return sqrt(a);
    case QNI_OP_POW4:
        return a * a * a * a;
    case QNI_OP_POW:
        return NAN;
    default:
        return 1; /* functions have values about 1 where they are worth having */
    }
}

static void go_up(const struct qni_shape_state *s, const double *columns)
{
    for (int64_t i = 0; i <= s->root; i++) {
        const qni_ir_node *n = &s->ir.nodes[i];
        if (n->op == QNI_OP_CONST)
            s->value[i] = n->number != 0 && isfinite(n->number) ? fabs(n->number) : NAN;
        else if (n->op == QNI_OP_COLUMN)
            s->value[i] = columns[n->index] > 0 ? columns[n->index] : NAN;
        else if (n->op == QNI_OP_PARAMETER)
            s->value[i] = s->need[i];
        else
            s->value[i] = size_of(n, s->value);
    }
}

static void want(struct qni_shape_state *s, int32_t node, double size)
{
    if (isnan(s->need[node]) && isfinite(size) && size > 0)
        s->need[node] = size;
}

/* What a node asks of its operands. */
static void go_down(struct qni_shape_state *s, int64_t i)
{
    const qni_ir_node *n = &s->ir.nodes[i];
    int arity = qni_op_infos[n->op].arity;
    int32_t a = arity > 0 ? n->args[0] : -1, b = arity > 1 ? n->args[1] : -1;
    double need = isnan(s->need[i]) ? s->value[i] : s->need[i];
    switch (n->op) {
    case QNI_OP_CONST:
    case QNI_OP_PARAMETER:
    case QNI_OP_COLUMN:
        break;
    case QNI_OP_NEG:
    case QNI_OP_ABS:
        want(s, a, need);
        break;
    case QNI_OP_ADD:
    case QNI_OP_SUB:
        want(s, a, isnan(s->value[b]) ? need : s->value[b]);
        want(s, b, isnan(s->value[a]) ? need : s->value[a]);
        break;
    case QNI_OP_MUL:
        want(s, a, a == b ? sqrt(need) : need / s->value[b]);
        want(s, b, need / s->value[a]);
        break;
    case QNI_OP_DIV:
        want(s, a, need * s->value[b]);
        want(s, b, s->value[a] / need);
        break;
    case QNI_OP_SQRT:
        want(s, a, need * need);
        break;
    default:
        for (int k = 0; k < arity; k++)
            want(s, n->args[k], 1);
    }
}

/* The column to which a parameter is added, or from which it is subtracted. */
static void find_places(const struct qni_shape_state *s, qni_shape_size *out)
{
    for (int64_t i = 0; i <= s->root; i++) {
        const qni_ir_node *n = &s->ir.nodes[i];
        if (n->op != QNI_OP_SUB && n->op != QNI_OP_ADD)
            continue;
        for (int k = 0; k < 2; k++) {
            const qni_ir_node *self = &s->ir.nodes[n->args[k]], *other = &s->ir.nodes[n->args[1 - k]];
            if (self->op == QNI_OP_PARAMETER && other->op == QNI_OP_COLUMN && n->op == QNI_OP_SUB)
                out[self->index].column = other->index;
        }
    }
}

void qni_shape_sizes(const qni_shape *shape, const double *columns, double response, qni_shape_size *out)
{
    struct qni_shape_state *s = shape->state;
    for (int64_t j = 0; j < shape->p; j++)
        out[j] = (qni_shape_size){.size = 1, .column = -1};
    if (s->value == NULL)
        return;
    for (int64_t i = 0; i < s->nodes; i++)
        s->need[i] = NAN;
    for (int round = 0; round < 4; round++) {
        go_up(s, columns);
        want(s, s->root, response);
        for (int64_t i = s->root; i >= 0; i--)
            go_down(s, i);
    }
    for (int64_t i = 0; i <= s->root; i++)
        if (s->ir.nodes[i].op == QNI_OP_PARAMETER && !isnan(s->need[i]))
            out[s->ir.nodes[i].index].size = s->need[i];
    find_places(s, out);
}
