/* lang/meaning.c: the digest of what a formula means. It is made from the formula when it is asked for, so that a
 * program that asks for none needs no library of digests.
 *
 * It covers the simplified kernel IR of both sides: a node's digest is made of its operation and the digests of its
 * operands, those of commutative operations in an order of their own. So neither the order in which nodes were made nor
 * how often an equal one stands there makes a difference. Which factor of a product carries a sign, or whether a
 * difference takes it in, is left to simplification and hence to spelling; so signs are kept apart. Parameters and
 * columns stand there by name, and once more all together: a model has also those that nothing depends on. Operations
 * are named by their text and number of operands, so the digest does not depend on the table's order. One thread. */
#include "lang/model_int.h"

#include "base/alloc.h"
#include "base/digest.h"
#include "base/error.h"
#include "lang/limits.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* First in every digest: what follows is read by these rules. */
static const char format[] = "quern formula 2";

/* What a node means, but for its sign; and whether it is the negative of that. */
typedef struct term {
    qni_digest digest;
    bool negative;
} term;

static const char *name_of(const qni_names *names, const qni_ir_node *n)
{
    return n->op == QNI_OP_PARAMETER ? names->parameters[n->index] : names->columns[n->index];
}

static int compare(const term *a, const term *b)
{
    int order = memcmp(a->digest.bytes, b->digest.bytes, sizeof a->digest.bytes);
    return order != 0 ? order : a->negative - b->negative;
}

static void add_term(qni_digester *d, const term *t)
{
    qni_digest_bytes(d, t->digest.bytes, sizeof t->digest.bytes);
    qni_digest_int64(d, t->negative);
}

/* An operation with its operands, which may be reordered and lose their signs. */
static term operation(const qni_ir_node *n, term operands[3])
{
    term out = {.negative = false};
    qni_op op = (qni_op)n->op;
    if (op == QNI_OP_NEG)
        return (term){.digest = operands[0].digest, .negative = !operands[0].negative};
    if (op == QNI_OP_SUB) { /* a - b is a + -b */
        op = QNI_OP_ADD;
        operands[1].negative = !operands[1].negative;
    }
    if (op == QNI_OP_MUL || op == QNI_OP_DIV) {
        out.negative = operands[0].negative != operands[1].negative;
        operands[0].negative = operands[1].negative = false;
    }
    if (qni_op_commutes(op) && compare(&operands[1], &operands[0]) < 0) {
        term swap = operands[0];
        operands[0] = operands[1];
        operands[1] = swap;
    }
    qni_digester d;
    qni_digest_init(&d);
    qni_digest_string(&d, qni_op_infos[op].text, -1);
    qni_digest_int64(&d, qni_op_infos[op].arity);
    for (int k = 0; k < qni_op_infos[op].arity; k++)
        add_term(&d, &operands[k]);
    out.digest = qni_digest_final(&d);
    return out;
}

static term leaf(const qni_names *names, const qni_ir_node *n)
{
    term out = {.negative = n->op == QNI_OP_CONST && signbit(n->number) && !isnan(n->number)};
    qni_digester d;
    qni_digest_init(&d);
    qni_digest_string(&d, qni_op_infos[n->op].text, -1);
    qni_digest_int64(&d, 0);
    if (n->op == QNI_OP_CONST)
        qni_digest_double(&d, fabs(n->number));
    else
        qni_digest_string(&d, name_of(names, n), -1);
    out.digest = qni_digest_final(&d);
    return out;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* All names, in the order of their bytes. False: out of memory. */
static bool add_names(qni_digester *d, const char *const *names, int64_t count, const qn_allocator *allocator)
{
    const char **sorted = qni_alloc(allocator, count + 1, sizeof *sorted);
    if (sorted == NULL)
        return false;
    for (int64_t i = 0; i < count; i++)
        sorted[i] = names[i];
    qsort(sorted, (size_t)count, sizeof *sorted, by_text);
    qni_digest_int64(d, count);
    for (int64_t i = 0; i < count; i++)
        qni_digest_string(d, sorted[i], -1);
    qni_free(allocator, sorted, count + 1, sizeof *sorted);
    return true;
}

/* The digest of the nodes `roots` (root_count; -1: there is none) and all below them. */
static qn_status meaning(qni_digest *out, const qni_ir *ir, const qni_names *names, const int32_t *roots,
                         int64_t root_count, qn_error *err)
{
    term *terms = qni_alloc(ir->allocator, ir->count, sizeof *terms);
    qni_digester d;
    qni_digest_init(&d);
    qni_digest_string(&d, format, -1);
    for (int64_t i = 0; terms != NULL && i < ir->count; i++) {
        const qni_ir_node *n = &ir->nodes[i];
        term operands[3] = {0};
        for (int k = 0; k < qni_op_infos[n->op].arity; k++)
            operands[k] = terms[n->args[k]];
        terms[i] = qni_op_infos[n->op].arity == 0 ? leaf(names, n) : operation(n, operands);
    }
    for (int64_t i = 0; terms != NULL && i < root_count; i++) {
        qni_digest_int64(&d, roots[i] >= 0);
        if (roots[i] >= 0)
            add_term(&d, &terms[roots[i]]);
    }
    bool done = terms != NULL && add_names(&d, names->parameters, names->parameter_count, ir->allocator) &&
                add_names(&d, names->columns, names->column_count, ir->allocator);
    *out = qni_digest_final(&d);
    qni_free(ir->allocator, terms, ir->count, sizeof *terms);
    return done ? QN_OK : qni_error(err, QN_NOMEM, "out of memory for the digest of a formula");
}

qn_status qn_model_digest(char out[QN_MODEL_DIGEST_SIZE], const qn_model *model, qn_error *err)
{
    static_assert((int)QN_MODEL_DIGEST_SIZE == (int)QNI_DIGEST_TEXT_SIZE, "a digest as text");
    out[0] = '\0';
    int32_t roots[2];
    qni_ir ir;
    qni_digest result;
    qni_ir_init(&ir, model->allocator, err);
    qn_status status = qni_model_lower(&ir, model, &roots[1], &roots[0], err);
    if (status == QN_OK)
        status = meaning(&result, &ir, &model->names, roots, 2, err);
    if (status == QN_OK)
        qni_digest_text(out, &result);
    qni_ir_fini(&ir);
    return status;
}
