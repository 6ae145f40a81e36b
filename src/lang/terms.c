/* lang/terms.c: the sum of products that an expression is. Products of sums are multiplied out, powers of exponentials
 * and of x are gathered; what fits nowhere is one factor as a whole. One thread. */
#include "lang/terms_int.h"

#include "lang/limits.h"

#include <math.h>

static const qni_term one = {.power = -1, .exponent = -1, .wave = -1, .other = -1, .divisor = -1};

static int32_t op(qni_terms_reader *r, qni_op name, int32_t a, int32_t b)
{
    return qni_ir_op(r->ir, name, a, b, -1);
}

static int32_t number(qni_terms_reader *r, double value)
{
    return qni_ir_number(r->ir, value);
}

void qni_terms_reader_init(qni_terms_reader *reader, qni_ir *ir)
{
    *reader = (qni_terms_reader){.ir = ir, .column = -1, .budget = QNI_TERMS_BUDGET};
}

bool qni_term_same(const qni_term *a, const qni_term *b)
{
    return a->power == b->power && a->exponent == b->exponent && a->wave == b->wave && a->other == b->other &&
           a->divisor == b->divisor && a->degree == b->degree;
}

bool qni_term_is_power_of_x(const qni_term *term)
{
    return term->power < 0 && term->exponent < 0 && term->wave < 0 && term->other < 0 && term->divisor < 0;
}

static void add(qni_terms *sum, qni_terms_reader *r, qni_term term)
{
    for (int64_t i = 0; i < sum->count; i++)
        if (qni_term_same(&sum->term[i], &term)) {
            sum->term[i].coefficient = op(r, QNI_OP_ADD, sum->term[i].coefficient, term.coefficient);
            return;
        }
    if (sum->count == QNI_TERMS_MAX)
        r->failed = true;
    else
        sum->term[sum->count++] = term;
}

/* A sum of one product that is a factor and nothing else. */
static qni_term *single(qni_terms *out, qni_terms_reader *r)
{
    out->count = 1;
    out->term[0] = one;
    out->term[0].coefficient = number(r, 1);
    return &out->term[0];
}

/* The node of both factors, combined by an operation; -1 stands for none. */
static int32_t join(qni_terms_reader *r, qni_op name, int32_t a, int32_t b)
{
    return a < 0 ? b : b < 0 ? a : op(r, name, a, b);
}

static qni_term product(qni_terms_reader *r, const qni_term *a, const qni_term *b)
{
    qni_term out = one;
    out.coefficient = op(r, QNI_OP_MUL, a->coefficient, b->coefficient);
    out.power = join(r, QNI_OP_ADD, a->power, b->power);
    out.exponent = join(r, QNI_OP_ADD, a->exponent, b->exponent);
    out.wave = join(r, QNI_OP_MUL, a->wave, b->wave);
    out.other = join(r, QNI_OP_MUL, a->other, b->other);
    out.divisor = join(r, QNI_OP_MUL, a->divisor, b->divisor);
    out.degree = a->degree + b->degree;
    return out;
}

static void multiply(qni_terms *out, qni_terms_reader *r, const qni_terms *a, const qni_terms *b)
{
    out->count = 0;
    for (int64_t i = 0; i < a->count; i++)
        for (int64_t j = 0; j < b->count && !r->failed && r->ir->status == QN_OK; j++)
            add(out, r, product(r, &a->term[i], &b->term[j]));
}

/* 1 / node, whose terms are `b`. */
static void reciprocal(qni_terms *out, qni_terms_reader *r, const qni_terms *b, int32_t node)
{
    qni_term *t = single(out, r);
    const qni_term *only = &b->term[0];
    if (b->count != 1 || only->wave >= 0 || only->other >= 0 || only->divisor >= 0) {
        t->divisor = node;
        return;
    }
    t->coefficient = op(r, QNI_OP_DIV, t->coefficient, only->coefficient);
    t->degree = -only->degree;
    t->power = only->power < 0 ? -1 : op(r, QNI_OP_NEG, only->power, -1);
    t->exponent = only->exponent < 0 ? -1 : op(r, QNI_OP_NEG, only->exponent, -1);
}

static void expand(qni_terms *out, qni_terms_reader *r, int32_t node, int depth);

static void read_quotient(qni_terms *out, qni_terms_reader *r, int32_t a, int32_t b, int depth)
{
    qni_terms left, right, inverse;
    expand(&left, r, a, depth);
    expand(&right, r, b, depth);
    if (r->failed)
        return;
    reciprocal(&inverse, r, &right, b);
    multiply(out, r, &left, &inverse);
}

/* base^n, n >= 1. */
static void read_whole_power(qni_terms *out, qni_terms_reader *r, int32_t base, int n, int depth)
{
    qni_terms factor, so_far;
    expand(&factor, r, base, depth);
    *out = factor;
    for (int i = 1; i < n && !r->failed; i++) {
        so_far = *out;
        multiply(out, r, &so_far, &factor);
    }
}

static void read_power(qni_terms *out, qni_terms_reader *r, int32_t node, int depth)
{
    int32_t base = r->ir->nodes[node].args[0], exponent = r->ir->nodes[node].args[1];
    qni_ir_node e = r->ir->nodes[exponent]; /* a copy: nodes are added */
    qni_terms inner, whole;
    qni_term *t = single(out, r);
    if (!r->ir->nodes[base].varying) {
        t->exponent = op(r, QNI_OP_MUL, op(r, QNI_OP_LOG, base, -1), exponent);
        return;
    }
    if (e.op == QNI_OP_CONST && e.number == rint(e.number) && fabs(e.number) <= 8) {
        read_whole_power(&whole, r, base, (int)fabs(e.number), depth);
        if (e.number > 0)
            *out = whole;
        else
            reciprocal(out, r, &whole, op(r, QNI_OP_POW, base, number(r, -e.number)));
        return;
    }
    expand(&inner, r, base, depth);
    const qni_term *only = &inner.term[0];
    if (!r->failed && !e.varying && inner.count == 1 && qni_term_is_power_of_x(only)) {
        t->coefficient = op(r, QNI_OP_POW, only->coefficient, exponent);
        t->power = op(r, QNI_OP_MUL, number(r, only->degree), exponent);
    } else {
        t->other = node;
    }
}

/* Functions that are made of exponentials, as such. */
static int32_t as_exponentials(qni_terms_reader *r, const qni_ir_node *n)
{
    int32_t a = n->args[0];
    switch (n->op) {
    case QNI_OP_EXPM1:
        return op(r, QNI_OP_SUB, op(r, QNI_OP_EXP, a, -1), number(r, 1));
    case QNI_OP_EXP2:
        return op(r, QNI_OP_EXP, op(r, QNI_OP_MUL, a, number(r, 0.69314718055994531)), -1);
    case QNI_OP_SIGMOID:
        a = op(r, QNI_OP_EXP, op(r, QNI_OP_NEG, a, -1), -1);
        return op(r, QNI_OP_DIV, number(r, 1), op(r, QNI_OP_ADD, number(r, 1), a));
    case QNI_OP_TANH: /* 1 - 2 / (1 + exp(2 a)) */
        a = op(r, QNI_OP_EXP, op(r, QNI_OP_MUL, a, number(r, 2)), -1);
        a = op(r, QNI_OP_DIV, number(r, 2), op(r, QNI_OP_ADD, number(r, 1), a));
        return op(r, QNI_OP_SUB, number(r, 1), a);
    default:
        return -1;
    }
}

static void read_function(qni_terms *out, qni_terms_reader *r, int32_t node, int depth)
{
    qni_ir_node n = r->ir->nodes[node]; /* a copy: nodes are added */
    int32_t same = as_exponentials(r, &n);
    if (same >= 0) {
        expand(out, r, same, depth);
        return;
    }
    qni_term *t = single(out, r);
    if (n.op == QNI_OP_EXP)
        t->exponent = n.args[0];
    else if (n.op == QNI_OP_SIN || n.op == QNI_OP_COS)
        t->wave = node;
    else
        t->other = node;
}

static void read_sum(qni_terms *out, qni_terms_reader *r, int32_t a, int32_t b, double sign, int depth)
{
    qni_terms right;
    expand(out, r, a, depth);
    if (b >= 0)
        expand(&right, r, b, depth);
    for (int64_t i = 0; b >= 0 && !r->failed && i < right.count; i++) {
        right.term[i].coefficient = op(r, QNI_OP_MUL, right.term[i].coefficient, number(r, sign));
        add(out, r, right.term[i]);
    }
    for (int64_t i = 0; b < 0 && !r->failed && i < out->count; i++)
        out->term[i].coefficient = op(r, QNI_OP_NEG, out->term[i].coefficient, -1);
}

static void read_product(qni_terms *out, qni_terms_reader *r, int32_t a, int32_t b, int depth)
{
    qni_terms left, right;
    expand(&left, r, a, depth);
    expand(&right, r, b, depth);
    if (!r->failed)
        multiply(out, r, &left, &right);
}

static void read_leaf(qni_terms *out, qni_terms_reader *r, int32_t node)
{
    const qni_ir_node n = r->ir->nodes[node];
    qni_term *t = single(out, r);
    if (!n.varying) {
        t->coefficient = node;
        return;
    }
    if (r->column < 0)
        r->column = n.index;
    if (r->column == n.index)
        t->degree = 1;
    else
        t->other = node;
}

static void expand(qni_terms *out, qni_terms_reader *r, int32_t node, int depth)
{
    out->count = 0;
    if (r->budget-- <= 0 || depth > QNI_TERMS_DEPTH || node < 0 || r->ir->status != QN_OK) {
        r->failed = true;
        return;
    }
    const qni_ir_node n = r->ir->nodes[node];
    if (!n.varying || n.op == QNI_OP_COLUMN) {
        read_leaf(out, r, node);
        return;
    }
    switch (n.op) {
    case QNI_OP_NEG:
        read_sum(out, r, n.args[0], -1, -1, depth + 1);
        break;
    case QNI_OP_ADD:
        read_sum(out, r, n.args[0], n.args[1], 1, depth + 1);
        break;
    case QNI_OP_SUB:
        read_sum(out, r, n.args[0], n.args[1], -1, depth + 1);
        break;
    case QNI_OP_MUL:
        read_product(out, r, n.args[0], n.args[1], depth + 1);
        break;
    case QNI_OP_DIV:
        read_quotient(out, r, n.args[0], n.args[1], depth + 1);
        break;
    case QNI_OP_POW4:
        read_whole_power(out, r, n.args[0], 4, depth + 1);
        break;
    case QNI_OP_POW:
        read_power(out, r, node, depth + 1);
        break;
    default:
        read_function(out, r, node, depth + 1);
    }
    r->failed |= r->ir->status != QN_OK;
}

void qni_terms_read(qni_terms *out, qni_terms_reader *reader, int32_t node)
{
    expand(out, reader, node, 0);
}

int qni_terms_polynomial(int32_t *out, const qni_terms *terms, qni_ir *ir, int degree)
{
    int highest = 0;
    for (int k = 0; k <= degree; k++)
        out[k] = qni_ir_number(ir, 0);
    for (int64_t i = 0; i < terms->count; i++) {
        const qni_term *t = &terms->term[i];
        if (!qni_term_is_power_of_x(t) || t->degree < 0 || t->degree > degree)
            return -1;
        out[t->degree] = t->coefficient;
        highest = t->degree > highest ? t->degree : highest;
    }
    return ir->status == QN_OK ? highest : -1;
}
