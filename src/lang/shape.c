/* lang/shape.c: the curve that a formula describes, read from its sum of products (terms.c), and parameters from the
 * values of its quantities.
 *
 * A quantity is solved for a parameter when all its others are known. Spellings differ in how the parameter stands
 * there (x/tau, b*x; s or s^2; log k), so a few functions of it are tried: where the quantity is a straight line over
 * one of them, it is solved. One thread. */
#include "lang/shape.h"

#include "base/alloc.h"
#include "base/cpu.h"
#include "base/error.h"
#include "lang/limits.h"
#include "lang/model_int.h"
#include "lang/shape_int.h"
#include "lang/terms_int.h"

#include <math.h>
#include <string.h>

static int32_t op(qni_ir *ir, qni_op name, int32_t a, int32_t b)
{
    return qni_ir_op(ir, name, a, b, -1);
}

static bool depends_on(const struct qni_shape_state *s, int32_t node, int64_t parameter)
{
    return s->depends[node * s->words + parameter / 64] >> (parameter % 64) & 1;
}

static qn_status find_dependencies(struct qni_shape_state *s, int64_t p, qn_error *err)
{
    s->nodes = s->ir.count;
    s->words = (p + 63) / 64;
    s->depends = qni_alloc_zeroed(s->allocator, s->nodes * s->words, sizeof *s->depends);
    s->value = qni_alloc(s->allocator, s->nodes, sizeof *s->value);
    s->need = qni_alloc(s->allocator, s->nodes, sizeof *s->need);
    if (s->depends == NULL || s->value == NULL || s->need == NULL)
        return qni_error(err, QN_NOMEM, "out of memory for the shape of a formula");
    for (int64_t i = 0; i < s->nodes; i++) {
        const qni_ir_node *n = &s->ir.nodes[i];
        uint64_t *mine = s->depends + i * s->words;
        if (n->op == QNI_OP_PARAMETER)
            mine[n->index / 64] |= UINT64_C(1) << (n->index % 64);
        for (int k = 0; k < qni_op_infos[n->op].arity; k++)
            for (int64_t w = 0; w < s->words; w++)
                mine[w] |= s->depends[n->args[k] * s->words + w];
    }
    return QN_OK;
}

/* How many others of the set a parameter meets in a second derivative. */
static int64_t conflicts(const struct qni_shape_state *s, const int32_t *gradient, const bool *set, int64_t p,
                         int64_t j)
{
    int64_t count = 0;
    for (int64_t k = 0; k < p; k++)
        count += set[k] && k != j && (depends_on(s, gradient[j], k) || depends_on(s, gradient[k], j));
    return count;
}

/* Of the parameters whose own second derivative is 0, those that meet most others are left out until none do. */
static void find_linear(qni_shape *shape, const int32_t *gradient)
{
    int64_t p = shape->p;
    for (int64_t j = 0; j < p; j++)
        shape->linear[j] = !depends_on(shape->state, gradient[j], j);
    for (;;) {
        int64_t most = 0, worst = -1;
        for (int64_t j = 0; j < p; j++) {
            int64_t count = shape->linear[j] ? conflicts(shape->state, gradient, shape->linear, p, j) : 0;
            if (count > 0 && count >= most) {
                most = count;
                worst = j;
            }
        }
        if (worst < 0)
            return;
        shape->linear[worst] = false;
    }
}

static void add_quantity(qni_shape *shape, int32_t node)
{
    shape->state->quantity[shape->quantities++] = node;
}

/* The terms other than the constant, which sets `offset`; how many. */
static int64_t varying_terms(qni_shape *shape, const qni_terms *all, const qni_term **out)
{
    int64_t count = 0;
    for (int64_t i = 0; i < all->count; i++) {
        if (qni_term_is_power_of_x(&all->term[i]) && all->term[i].degree == 0)
            shape->offset = true;
        else
            out[count++] = &all->term[i];
    }
    return count;
}

/* The coefficients of a node as a polynomial in x; its degree or -1. */
static int polynomial(qni_terms_reader *r, int32_t *out, int32_t node, int degree)
{
    qni_terms terms;
    qni_terms_read(&terms, r, node);
    return r->failed ? -1 : qni_terms_polynomial(out, &terms, r->ir, degree);
}

/* -b / (2 c): where b x + c x^2 has its extreme. */
static int32_t vertex(qni_ir *ir, int32_t b, int32_t c)
{
    return op(ir, QNI_OP_DIV, b, op(ir, QNI_OP_MUL, qni_ir_number(ir, -2), c));
}

/* exp(c0 + c1 x + c2 x^2). */
static void see_gaussian(qni_shape *shape, qni_ir *ir, const int32_t *c)
{
    shape->kind = QNI_SHAPE_GAUSSIAN;
    shape->name = shape->offset ? "Gaussian with offset" : "Gaussian";
    add_quantity(shape, vertex(ir, c[1], c[2]));
    add_quantity(shape, op(ir, QNI_OP_DIV, qni_ir_number(ir, -0.5), c[2]));
}

static bool only_exponential(const qni_term *t)
{
    return t->exponent >= 0 && t->power < 0 && t->wave < 0 && t->other < 0 && t->divisor < 0 && t->degree == 0;
}

/* a exp(k x) + …, or a exp(quadratic). */
static void see_exponentials(qni_shape *shape, qni_terms_reader *r, const qni_term **terms, int64_t count)
{
    static const char *const names[2][3] = {
        {"exponential", "two exponentials", "three exponentials"},
        {"exponential with offset", "two exponentials with offset", "three exponentials with offset"}};
    int32_t c[3] = {-1, -1, -1}, rate[3] = {-1, -1, -1};
    if (count > 3)
        return;
    for (int64_t i = 0; i < count; i++) {
        if (!only_exponential(terms[i]))
            return;
        int degree = polynomial(r, c, terms[i]->exponent, 2);
        rate[i] = c[1];
        if (degree == 2 && count == 1) {
            see_gaussian(shape, r->ir, c);
            return;
        }
        if (degree != 1)
            return;
    }
    shape->kind = QNI_SHAPE_EXPONENTIALS;
    shape->name = names[shape->offset][count - 1];
    for (int64_t i = 0; i < count; i++)
        add_quantity(shape, rate[i]);
}

static void see_power(qni_shape *shape, const qni_term *t)
{
    if (t->power < 0 || t->exponent >= 0 || t->wave >= 0 || t->other >= 0 || t->divisor >= 0 || t->degree != 0)
        return;
    shape->kind = QNI_SHAPE_POWER;
    shape->name = shape->offset ? "power with offset" : "power";
    add_quantity(shape, t->power);
}

/* Whether all terms are sines and cosines of one argument, damped alike. */
static bool is_one_wave(const qni_ir *ir, const qni_term **terms, int64_t count)
{
    int32_t argument = ir->nodes[terms[0]->wave].args[0];
    for (int64_t i = 0; i < count; i++) {
        const qni_term *t = terms[i];
        if (t->power >= 0 || t->other >= 0 || t->divisor >= 0 || t->degree != 0 || t->wave < 0)
            return false;
        const qni_ir_node *n = &ir->nodes[t->wave];
        bool wave = n->op == QNI_OP_SIN || n->op == QNI_OP_COS;
        if (!wave || n->args[0] != argument || t->exponent != terms[0]->exponent)
            return false;
    }
    return true;
}

static void see_sine(qni_shape *shape, qni_terms_reader *r, const qni_term **terms, int64_t count)
{
    qni_ir *ir = r->ir;
    int32_t wave[2], damp[2] = {-1, qni_ir_number(ir, 0)};
    if (!is_one_wave(ir, terms, count))
        return;
    const qni_ir_node first = ir->nodes[terms[0]->wave];
    bool damped = terms[0]->exponent >= 0;
    if (polynomial(r, wave, first.args[0], 1) != 1 || (damped && polynomial(r, damp, terms[0]->exponent, 1) != 1))
        return;
    int32_t phase = wave[0];
    if (first.op == QNI_OP_COS)
        phase = op(ir, QNI_OP_ADD, phase, qni_ir_number(ir, 1.5707963267948966));
    shape->kind = QNI_SHAPE_SINE;
    shape->name = damped ? (shape->offset ? "damped sine with offset" : "damped sine")
                         : (shape->offset ? "sine with offset" : "sine");
    add_quantity(shape, wave[1]);
    add_quantity(shape, damp[1]);
    add_quantity(shape, phase);
}

/* a / (P + Q exp(k x + o)). */
static void see_logistic(qni_shape *shape, qni_terms_reader *r, const qni_terms *divisor)
{
    qni_ir *ir = r->ir;
    int32_t c[2];
    const qni_term *first = &divisor->term[0], *second = &divisor->term[1];
    if (divisor->count != 2)
        return;
    if (only_exponential(first)) {
        const qni_term *swap = first;
        first = second;
        second = swap;
    }
    if (!qni_term_is_power_of_x(first) || first->degree != 0 || !only_exponential(second) ||
        polynomial(r, c, second->exponent, 1) != 1)
        return;
    int32_t ratio = op(ir, QNI_OP_DIV, second->coefficient, first->coefficient);
    int32_t shift = op(ir, QNI_OP_ADD, op(ir, QNI_OP_LOG, ratio, -1), c[0]);
    shape->kind = QNI_SHAPE_LOGISTIC;
    shape->name = shape->offset ? "logistic with offset" : "logistic";
    add_quantity(shape, c[1]);
    add_quantity(shape, op(ir, QNI_OP_DIV, op(ir, QNI_OP_NEG, shift, -1), c[1]));
}

/* d0 + d1 x + d2 x^2 under a constant: its vertex, and d0 / d2 less the square of that. */
static void see_lorentzian(qni_shape *shape, qni_ir *ir, const int32_t *d)
{
    int32_t centre = vertex(ir, d[1], d[2]), ratio = op(ir, QNI_OP_DIV, d[0], d[2]);
    shape->kind = QNI_SHAPE_LORENTZIAN;
    shape->name = shape->offset ? "Lorentzian with offset" : "Lorentzian";
    add_quantity(shape, centre);
    add_quantity(shape, op(ir, QNI_OP_SUB, ratio, op(ir, QNI_OP_MUL, centre, centre)));
}

static bool is_zero(const qni_ir *ir, int32_t node)
{
    return ir->nodes[node].op == QNI_OP_CONST && ir->nodes[node].number == 0;
}

/* Which coefficient of the denominator is taken for 1: one that is a number, else the lowest. */
static int scale_of(const qni_ir *ir, const int32_t *d, int degree)
{
    for (int k = degree; k >= 0; k--)
        if (ir->nodes[d[k]].op == QNI_OP_CONST && ir->nodes[d[k]].number != 0)
            return k;
    for (int k = 0; k < degree; k++)
        if (ir->nodes[d[k]].op != QNI_OP_CONST)
            return k;
    return degree;
}

static void see_rational(qni_shape *shape, qni_ir *ir, const int32_t *n, const int32_t *d)
{
    shape->kind = QNI_SHAPE_RATIONAL;
    shape->scale = scale_of(ir, d, shape->denominator);
    bool saturates = shape->denominator == 1 && shape->numerator == 1 && qni_ir_is(ir, n[0], 0) && !shape->offset;
    shape->name = saturates ? "Michaelis-Menten" : shape->denominator == 1 ? "hyperbola" : "rational function";
    for (int k = 0; k <= shape->numerator; k++) {
        shape->numerator_has |= (uint32_t)!is_zero(ir, n[k]) << k;
        add_quantity(shape, op(ir, QNI_OP_DIV, n[k], d[shape->scale]));
    }
    for (int k = 0; k <= shape->denominator; k++) {
        shape->denominator_has |= (uint32_t)!is_zero(ir, d[k]) << k;
        add_quantity(shape, op(ir, QNI_OP_DIV, d[k], d[shape->scale]));
    }
}

/* Everything over one denominator. */
static void see_quotient(qni_shape *shape, qni_terms_reader *r, const qni_term **terms, int64_t count)
{
    int32_t n[QNI_SHAPE_DEGREE + 1], d[QNI_SHAPE_DEGREE + 1];
    qni_terms over = {.count = 0}, divisor;
    for (int64_t i = 0; i < count; i++) {
        over.term[over.count] = *terms[i];
        over.term[over.count++].divisor = -1;
        if (terms[i]->divisor < 0 || terms[i]->divisor != terms[0]->divisor)
            return;
    }
    qni_terms_read(&divisor, r, terms[0]->divisor);
    shape->numerator = r->failed ? -1 : qni_terms_polynomial(n, &over, r->ir, QNI_SHAPE_DEGREE);
    if (shape->numerator < 0)
        return;
    shape->denominator = qni_terms_polynomial(d, &divisor, r->ir, QNI_SHAPE_DEGREE);
    if (shape->denominator < 0) {
        if (shape->numerator == 0)
            see_logistic(shape, r, &divisor);
    } else if (shape->denominator == 2 && shape->numerator == 0) {
        see_lorentzian(shape, r->ir, d);
    } else if (shape->denominator > 0) {
        see_rational(shape, r->ir, n, d);
    }
}

/* One part of a sum of peaks, with its quantities. */
static bool see_part(qni_shape *shape, qni_terms_reader *r, const qni_term *t)
{
    int32_t c[QNI_SHAPE_DEGREE + 1];
    qni_term over = *t;
    over.divisor = -1;
    if (qni_term_is_power_of_x(t) && t->degree > 0 && t->degree <= QNI_SHAPE_DEGREE) {
        shape->background |= 1u << t->degree;
        return true;
    }
    if (shape->parts == QNI_SHAPE_PARTS)
        return false;
    int degree = only_exponential(t) ? polynomial(r, c, t->exponent, 2)
                 : t->divisor >= 0 && qni_term_is_power_of_x(&over) && over.degree == 0
                     ? polynomial(r, c, t->divisor, 2)
                     : -1;
    if (degree == 2 && t->divisor >= 0) {
        see_lorentzian(shape, r->ir, c);
    } else if (degree == 2) {
        see_gaussian(shape, r->ir, c);
    } else if (degree == 1 && t->divisor < 0) {
        shape->kind = QNI_SHAPE_EXPONENTIALS;
        add_quantity(shape, c[1]);
    } else {
        return false;
    }
    shape->part[shape->parts++] = (uint8_t)shape->kind;
    return true;
}

/* Several peaks, or one on more than a constant. */
static void see_peaks(qni_shape *shape, qni_terms_reader *r, const qni_term **terms, int64_t count)
{
    bool all = true;
    int64_t peaks = 0;
    for (int64_t i = 0; all && i < count; i++)
        all = see_part(shape, r, terms[i]);
    for (int64_t i = 0; i < shape->parts; i++)
        peaks += shape->part[i] != QNI_SHAPE_EXPONENTIALS;
    shape->background |= shape->offset;
    shape->kind = all && peaks > 0 ? QNI_SHAPE_PEAKS : QNI_SHAPE_NONE;
    shape->name = shape->kind == QNI_SHAPE_PEAKS ? (peaks == 1 ? "peak on a background" : "sum of peaks") : "";
    shape->quantities = shape->kind == QNI_SHAPE_PEAKS ? shape->quantities : 0;
}

static bool all_linear(const qni_shape *shape)
{
    for (int64_t j = 0; j < shape->p; j++)
        if (!shape->linear[j])
            return false;
    return true;
}

/* *line: the formula is c + a x. */
static void see(qni_shape *shape, bool *line, int32_t root)
{
    qni_terms all;
    qni_terms_reader r;
    int32_t c[2];
    const qni_term *terms[QNI_TERMS_MAX];
    qni_terms_reader_init(&r, &shape->state->ir);
    qni_terms_read(&all, &r, root);
    if (r.failed)
        return;
    *line = qni_terms_polynomial(c, &all, r.ir, 1) == 1;
    int64_t count = varying_terms(shape, &all, terms);
    if (count == 0)
        return;
    if (terms[0]->wave >= 0)
        see_sine(shape, &r, terms, count);
    else if (terms[0]->divisor >= 0)
        see_quotient(shape, &r, terms, count);
    else if (terms[0]->exponent >= 0)
        see_exponentials(shape, &r, terms, count);
    else if (count == 1)
        see_power(shape, terms[0]);
    if (shape->kind == QNI_SHAPE_NONE && count > 1)
        see_peaks(shape, &r, terms, count);
    shape->column = r.column;
    if (r.failed || r.ir->status != QN_OK) {
        shape->kind = QNI_SHAPE_NONE;
        shape->quantities = 0;
    }
}

static qn_status build(qni_shape *shape, const qn_model *model, qn_error *err)
{
    struct qni_shape_state *s = shape->state;
    int32_t left;
    qn_status status = qni_model_lower(&s->ir, model, &left, &s->root, err);
    int32_t *gradient = status == QN_OK ? qni_alloc(s->allocator, shape->p, sizeof *gradient) : NULL;
    if (status == QN_OK && gradient == NULL)
        status = qni_error(err, QN_NOMEM, "out of memory for the shape of a formula");
    if (status == QN_OK)
        status = qni_ir_gradient(&s->ir, s->root, gradient, shape->p);
    bool line = false;
    if (status == QN_OK && s->ir.count <= QNI_SHAPE_NODES) {
        see(shape, &line, s->root);
        status = s->ir.status;
    }
    if (status == QN_OK)
        status = find_dependencies(s, shape->p, err);
    if (status == QN_OK)
        find_linear(shape, gradient);
    if (status == QN_OK && all_linear(shape)) {
        shape->kind = QNI_SHAPE_LINEAR;
        shape->name = line ? "line" : "linear in its parameters";
        shape->quantities = 0;
    }
    qni_free(s->allocator, gradient, shape->p, sizeof *gradient);
    return status;
}

qn_status qni_shape_new(qni_shape **out, const qn_model *model, const qn_allocator *allocator, qn_error *err)
{
    *out = NULL;
    qni_shape *shape = qni_new(allocator, qni_shape);
    struct qni_shape_state *s = qni_new(allocator, struct qni_shape_state);
    if (shape == NULL || s == NULL) {
        qni_delete(allocator, shape);
        qni_delete(allocator, s);
        return qni_error(err, QN_NOMEM, "out of memory for the shape of a formula");
    }
    *shape = (qni_shape){.name = "", .p = qn_model_parameter_count(model), .column = -1, .state = s};
    s->allocator = allocator;
    qni_ir_init(&s->ir, allocator, err);
    shape->linear = qni_alloc_zeroed(allocator, shape->p, sizeof *shape->linear);
    qn_status status = shape->linear != NULL ? QN_OK : qni_error(err, QN_NOMEM, "out of memory for a shape");
    if (status == QN_OK && shape->p <= QNI_SHAPE_PARAMETERS)
        status = build(shape, model, err);
    s->ir.err = NULL; /* the caller's record is not ours any longer */
    if (status == QN_OK)
        *out = shape;
    else
        qni_shape_free(shape);
    return status;
}

void qni_shape_free(qni_shape *shape)
{
    if (shape == NULL)
        return;
    struct qni_shape_state *s = shape->state;
    const qn_allocator *allocator = s->allocator;
    qni_ir_fini(&s->ir);
    qni_free(allocator, s->depends, s->nodes * s->words, sizeof *s->depends);
    qni_free(allocator, s->value, s->nodes, sizeof *s->value);
    qni_free(allocator, s->need, s->nodes, sizeof *s->need);
    qni_free(allocator, shape->linear, shape->p, sizeof *shape->linear);
    qni_delete(allocator, s);
    qni_delete(allocator, shape);
}

/* A node's value where it does not vary. */
static double evaluate(const struct qni_shape_state *s, int32_t node, const double *parameters)
{
    for (int32_t i = 0; i <= node; i++) {
        const qni_ir_node *n = &s->ir.nodes[i];
        double args[3] = {0, 0, 0};
        if (n->varying)
            continue;
        for (int k = 0; k < qni_op_infos[n->op].arity; k++)
            args[k] = s->value[n->args[k]];
        s->value[i] = n->op == QNI_OP_CONST       ? n->number
                      : n->op == QNI_OP_PARAMETER ? parameters[n->index]
                                                  : qni_op_value((qni_op)n->op, args[0], args[1], args[2]);
    }
    return s->value[node];
}

/* Functions u of a parameter, by their inverses: the parameter for a u. NaN: there is none. */
typedef enum bend {
    PLAIN,
    INVERSE,
    SQUARE,
    INVERSE_SQUARE,
    EXPONENTIAL,
    LOGARITHM,
    INVERSE_EXPONENTIAL,
    ROOT,
    BENDS
} bend;

static double unbend(bend kind, double u)
{
    switch (kind) {
    case INVERSE:
        return 1 / u;
    case SQUARE:
        return sqrt(u);
    case INVERSE_SQUARE:
        return 1 / sqrt(u);
    case EXPONENTIAL:
        return qni_shape_log(u);
    case LOGARITHM:
        return qni_shape_exp(u);
    case INVERSE_EXPONENTIAL:
        return -qni_shape_log(u);
    case ROOT:
        return u >= 0 ? u * u : NAN;
    default:
        return u;
    }
}

/* Solves a quantity for one parameter, which is NaN before and, in vain, afterwards. */
static void solve_for(const struct qni_shape_state *s, int32_t node, double target, double *parameters, int64_t j)
{
    for (bend kind = PLAIN; kind < BENDS; kind++) {
        double q[3];
        for (int i = 0; i < 3; i++) {
            parameters[j] = unbend(kind, i + 1);
            q[i] = evaluate(s, node, parameters);
        }
        double slope = (q[2] - q[0]) / 2, curve = fabs(q[2] - 2 * q[1] + q[0]);
        if (isfinite(slope) && slope != 0 && curve <= 1e-9 * (fabs(q[0]) + fabs(q[2]))) {
            parameters[j] = unbend(kind, 1 + (target - q[0]) / slope);
            if (isfinite(parameters[j]))
                return;
        }
    }
    parameters[j] = NAN;
}

/* The one parameter of a quantity that is unknown; -1: none or several. */
static int64_t only_unknown(const qni_shape *shape, int32_t node, const double *parameters)
{
    int64_t found = -1;
    for (int64_t j = 0; j < shape->p; j++)
        if (isnan(parameters[j]) && depends_on(shape->state, node, j)) {
            if (found >= 0)
                return -1;
            found = j;
        }
    return found;
}

bool qni_shape_solve(const qni_shape *shape, const double *quantities, double *parameters)
{
    for (int64_t round = 0; round < shape->quantities; round++)
        for (int64_t i = 0; i < shape->quantities; i++) {
            int32_t node = shape->state->quantity[i];
            int64_t j = isfinite(quantities[i]) ? only_unknown(shape, node, parameters) : -1;
            if (j >= 0)
                solve_for(shape->state, node, quantities[i], parameters, j);
        }
    for (int64_t j = 0; j < shape->p; j++)
        if (isnan(parameters[j]) && !shape->linear[j])
            return false;
    return true;
}

double qni_shape_exp(double x)
{
    return qni_op_value(QNI_OP_EXP, x, 0, 0);
}

double qni_shape_log(double x)
{
    return qni_op_value(QNI_OP_LOG, x, 0, 0);
}

double qni_shape_atan2(double y, double x)
{
    return qni_op_value(QNI_OP_ATAN2, y, x, 0);
}

void qni_shape_exps(double *out, const double *x, int64_t n)
{
    qni_kernels_of(QNI_CPU_BASELINE)->table[QNI_OP_EXP][QNI_FORM_ALL](out, x, x, x, n);
}

void qni_shape_sins(double *out, const double *x, int64_t n)
{
    qni_kernels_of(QNI_CPU_BASELINE)->table[QNI_OP_SIN][QNI_FORM_ALL](out, x, x, x, n);
}
