/* lang/compile.c: nodes of the IR become bytecode.
 *
 * Only what an output needs is kept. A product that only a sum, or another product, reads is computed in the same
 * instruction, rounded as before. What depends on no column is computed once an evaluation as a scalar; the rest
 * runs once a block in registers, which are given out in order and taken back after the last use. An output is computed
 * where the caller wants it. One thread. */
#include "lang/program_int.h"

#include "base/alloc.h"
#include "base/cpu.h"
#include "base/error.h"
#include "lang/limits.h"

#include <assert.h>
#include <string.h>

enum {
    NOWHERE = INT32_MIN
};

/* What is known of a node. */
typedef struct detail {
    int32_t place;    /* NOWHERE; register r is ~r until all other places are known */
    int32_t last_use; /* the last varying node that reads it */
    int32_t uses;     /* by live nodes and outputs */
    int32_t absorbs;  /* which operand is computed in the same instruction; -1: none */
    bool absorbed;    /* into its only user's instruction */
    bool live;
    bool in_register;
} detail;

/* What one instruction does. */
typedef struct step {
    qni_op op;
    int32_t operands[3]; /* nodes */
} step;

typedef struct compiler {
    qni_program *program;
    const qni_kernels *kernels;
    const qni_ir *ir;
    const int32_t *roots; /* (program->output_count) */
    detail *details;      /* (node_count) */
    int64_t node_count;
    int32_t *free_registers; /* (free_count) */
    int64_t free_count, free_capacity;
    double *numbers; /* the program's arrays, in the arena, while they are filled */
    int32_t *parameters;
    int32_t *columns_read;
    qni_instruction *uniform;
    qni_instruction *varying; /* (program->varying_count) */
    int64_t varying_capacity;
    const qn_allocator *allocator;
    qn_arena *arena;
    qn_error *err;
} compiler;

static qn_status no_memory(const compiler *c)
{
    return qni_error(c->err, QN_NOMEM, "out of memory for the instructions of a formula");
}

static bool is_operation(const qni_ir_node *n)
{
    return n->op != QNI_OP_CONST && n->op != QNI_OP_PARAMETER && n->op != QNI_OP_COLUMN;
}

/* Operations that take in the product that one of their operands is: `user` of a `product` as its operand `which`
 * becomes `fused` over the product's operands and, where there is one, the user's other operand. */
static const struct fusion {
    uint8_t user, which, product, fused;
} fusions[] = {
    {QNI_OP_ADD, 0, QNI_OP_MUL, QNI_OP_MULADD},   {QNI_OP_ADD, 1, QNI_OP_MUL, QNI_OP_MULADD},
    {QNI_OP_SUB, 0, QNI_OP_MUL, QNI_OP_MULSUB},   {QNI_OP_SUB, 1, QNI_OP_MUL, QNI_OP_SUBMUL},
    {QNI_OP_MUL, 0, QNI_OP_MUL, QNI_OP_MUL3},     {QNI_OP_MUL, 1, QNI_OP_MUL, QNI_OP_MUL3},
    {QNI_OP_ADD, 0, QNI_OP_ZMUL, QNI_OP_ZMULADD}, {QNI_OP_ADD, 1, QNI_OP_ZMUL, QNI_OP_ZMULADD},
    {QNI_OP_ZMUL, 0, QNI_OP_ZMUL, QNI_OP_ZMUL3},  {QNI_OP_ZMUL, 1, QNI_OP_ZMUL, QNI_OP_ZMUL3},
    {QNI_OP_NEG, 0, QNI_OP_ZMUL, QNI_OP_NEGZMUL}, {QNI_OP_EXP, 0, QNI_OP_MUL, QNI_OP_EXPMUL},
};

static const struct fusion *find_fusion(const compiler *c, const qni_ir_node *n, int which)
{
    for (size_t f = 0; f < sizeof fusions / sizeof *fusions; f++)
        if (fusions[f].user == n->op && fusions[f].which == which &&
            fusions[f].product == c->ir->nodes[n->args[which]].op)
            return &fusions[f];
    return NULL;
}

/* What the instruction of a node does. */
static step step_of(const compiler *c, int32_t node)
{
    const qni_ir_node *n = &c->ir->nodes[node];
    int absorbs = c->details[node].absorbs;
    if (absorbs < 0)
        return (step){.op = (qni_op)n->op, .operands = {n->args[0], n->args[1], n->args[2]}};
    const struct fusion *fusion = find_fusion(c, n, absorbs);
    const qni_ir_node *product = &c->ir->nodes[n->args[absorbs]];
    int32_t other = qni_op_infos[n->op].arity == 2 ? n->args[1 - absorbs] : -1;
    return (step){.op = (qni_op)fusion->fused, .operands = {product->args[0], product->args[1], other}};
}

/* Products that vary and are read once, by an operation that can take them in, get no instruction of their own. */
static void fuse(compiler *c)
{
    for (int64_t i = 0; i < c->node_count; i++) {
        const qni_ir_node *n = &c->ir->nodes[i];
        detail *self = &c->details[i];
        if (!self->live || !n->varying || !is_operation(n))
            continue;
        for (int k = 0; k < qni_op_infos[n->op].arity && self->absorbs < 0; k++) {
            detail *product = &c->details[n->args[k]];
            if (!c->ir->nodes[n->args[k]].varying || product->uses != 1 || product->absorbs >= 0 ||
                find_fusion(c, n, k) == NULL)
                continue;
            self->absorbs = k;
            product->absorbed = true;
        }
    }
}

/* Marks what the outputs need, and how often. */
static void find_live(compiler *c)
{
    for (int64_t i = 0; i < c->node_count; i++)
        c->details[i] = (detail){.place = NOWHERE, .last_use = NOWHERE, .absorbs = -1};
    for (int64_t k = 0; k < c->program->output_count; k++) {
        c->details[c->roots[k]].live = true;
        c->details[c->roots[k]].uses += 2; /* it needs a place of its own */
    }
    for (int64_t i = c->node_count - 1; i >= 0; i--) {
        const qni_ir_node *n = &c->ir->nodes[i];
        if (!c->details[i].live || !is_operation(n))
            continue;
        for (int k = 0; k < qni_op_infos[n->op].arity; k++) {
            detail *d = &c->details[n->args[k]];
            d->live = true;
            d->uses += d->uses < 2;
        }
    }
}

/* Whether a node is an instruction of a block. */
static bool is_varying_step(const compiler *c, int64_t node)
{
    const detail *d = &c->details[node];
    return d->live && !d->absorbed && c->ir->nodes[node].varying && is_operation(&c->ir->nodes[node]);
}

/* Where each value is read last. */
static void find_last_uses(compiler *c)
{
    for (int64_t i = 0; i < c->node_count; i++) {
        if (!is_varying_step(c, i))
            continue;
        step s = step_of(c, (int32_t)i);
        for (int k = 0; k < qni_op_infos[s.op].arity; k++)
            c->details[s.operands[k]].last_use = (int32_t)i;
    }
}

static qn_status take(void **out, compiler *c, int64_t count, size_t size)
{
    int64_t bytes;
    if (!qni_size_mul(&bytes, count, (int64_t)size))
        return no_memory(c);
    return qn_arena_take(out, c->arena, bytes, c->err);
}

/* The arrays whose sizes follow from what is live. */
static qn_status take_arrays(compiler *c)
{
    int64_t numbers = 0, parameters = 0, uniform = 0, columns = 0;
    for (int64_t i = 0; i < c->node_count; i++) {
        const qni_ir_node *n = &c->ir->nodes[i];
        if (!c->details[i].live)
            continue;
        numbers += n->op == QNI_OP_CONST;
        parameters += n->op == QNI_OP_PARAMETER;
        columns += n->op == QNI_OP_COLUMN;
        uniform += is_operation(n) && !n->varying;
    }
    void *list[4];
    qn_status status = take(&list[0], c, numbers, sizeof *c->numbers);
    if (status == QN_OK)
        status = take(&list[1], c, parameters, sizeof *c->parameters);
    if (status == QN_OK)
        status = take(&list[2], c, uniform, sizeof *c->uniform);
    if (status == QN_OK)
        status = take(&list[3], c, columns, sizeof *c->columns_read);
    if (status != QN_OK)
        return status;
    qni_program *p = c->program;
    p->numbers = c->numbers = list[0];
    p->parameters = c->parameters = list[1];
    p->uniform = c->uniform = list[2];
    p->columns_read = c->columns_read = list[3];
    p->number_count = numbers;
    p->parameter_count = parameters;
    p->scalar_count = numbers + parameters + uniform;
    return QN_OK;
}

/* Gives every live leaf and uniform node its place: numbers, then parameters, then operations; columns are places
 * already. */
static void place_scalars(compiler *c)
{
    qni_program *p = c->program;
    int32_t first = (int32_t)(p->column_count + p->output_count),
            next = first + (int32_t)(p->number_count + p->parameter_count);
    int32_t numbers = 0, parameters = 0;
    for (int64_t i = 0; i < c->node_count; i++) {
        const qni_ir_node *n = &c->ir->nodes[i];
        detail *d = &c->details[i];
        if (!d->live)
            continue;
        if (n->op == QNI_OP_CONST) {
            c->numbers[numbers] = n->number;
            d->place = first + numbers++;
        } else if (n->op == QNI_OP_PARAMETER) {
            c->parameters[parameters] = n->index;
            d->place = first + (int32_t)p->number_count + parameters++;
        } else if (n->op == QNI_OP_COLUMN) {
            c->columns_read[p->columns_read_count++] = n->index;
            d->place = n->index;
        } else if (!n->varying) {
            d->place = next++;
        }
    }
}

/* On single doubles plain code is the quickest. */
static void emit_uniform(compiler *c)
{
    const qni_kernels *scalar = qni_kernels_of(QNI_CPU_BASELINE);
    for (int64_t i = 0; i < c->node_count; i++) {
        const qni_ir_node *n = &c->ir->nodes[i];
        if (!c->details[i].live || n->varying || !is_operation(n))
            continue;
        int32_t places[3] = {0, 0, 0};
        for (int k = 0; k < qni_op_infos[n->op].arity; k++)
            places[k] = c->details[n->args[k]].place;
        c->uniform[c->program->uniform_count++] = (qni_instruction){.run = scalar->table[n->op][QNI_FORM_ALL],
                                                                    .d = c->details[i].place,
                                                                    .a = places[0],
                                                                    .b = places[1],
                                                                    .c = places[2]};
    }
}

/* Registers are places below 0 until all are known: register r is ~r. */
static bool take_register(compiler *c, int32_t *place)
{
    if (c->free_count > 0) {
        *place = c->free_registers[--c->free_count];
        return true;
    }
    *place = ~(int32_t)c->program->register_count++;
    return qni_grow(c->allocator, (void **)&c->free_registers, &c->free_capacity, c->program->register_count,
                    sizeof *c->free_registers);
}

static void give_register(compiler *c, int32_t place)
{
    assert(place < 0 && c->free_count < c->free_capacity);
    c->free_registers[c->free_count++] = place;
}

static bool emit(compiler *c, qni_kernel *run, int32_t d, const int32_t operands[3])
{
    qni_program *p = c->program;
    if (!qni_grow(c->allocator, (void **)&c->varying, &c->varying_capacity, p->varying_count + 1, sizeof *c->varying))
        return false;
    c->varying[p->varying_count++] =
        (qni_instruction){.run = run, .d = d, .a = operands[0], .b = operands[1], .c = operands[2]};
    return true;
}

/* Gives back the registers of those operands that `node` reads last. */
static void release_operands(compiler *c, int32_t node, const int32_t *operands, int count)
{
    for (int k = 0; k < count; k++) {
        detail *d = &c->details[operands[k]];
        if (d->in_register && d->last_use == node) {
            give_register(c, d->place);
            d->in_register = false; /* its register is another's now; also where an operand stands twice */
        }
    }
}

/* One instruction of a block, by the kernel in which the operands that do not vary are shared. */
static bool emit_step(compiler *c, int32_t node)
{
    step s = step_of(c, node);
    int arity = qni_op_infos[s.op].arity, form = QNI_FORM_ALL;
    int32_t places[3] = {0, 0, 0};
    for (int k = 0; k < arity; k++) {
        places[k] = c->details[s.operands[k]].place;
        if (!c->ir->nodes[s.operands[k]].varying)
            form |= 1 << k;
    }
    assert(form < QNI_FORM_COUNT && c->kernels->table[s.op][form] != NULL);
    detail *self = &c->details[node];
    if (self->place == NOWHERE) {
        self->in_register = true;
        if (!take_register(c, &self->place))
            return false;
    }
    if (!emit(c, c->kernels->table[s.op][form], self->place, places))
        return false;
    release_operands(c, node, s.operands, arity);
    return true;
}

/* Outputs that are not computed in place: columns, scalars, and the same node once more. */
static bool emit_copies(compiler *c, const bool *in_place)
{
    for (int64_t k = 0; k < c->program->output_count; k++) {
        if (in_place[k])
            continue;
        int32_t root = c->roots[k], operand[3] = {c->details[root].place, 0, 0};
        qni_kernel *run = c->ir->nodes[root].varying ? qni_kernel_copy : c->kernels->fill;
        if (!emit(c, run, (int32_t)(c->program->column_count + k), operand))
            return false;
    }
    return true;
}

static bool emit_varying(compiler *c, bool *in_place)
{
    for (int64_t k = 0; k < c->program->output_count; k++) {
        detail *d = &c->details[c->roots[k]];
        in_place[k] = c->ir->nodes[c->roots[k]].varying && d->place == NOWHERE;
        if (in_place[k])
            d->place = (int32_t)(c->program->column_count + k);
    }
    for (int64_t i = 0; i < c->node_count; i++)
        if (is_varying_step(c, i) && !emit_step(c, (int32_t)i))
            return false;
    return emit_copies(c, in_place);
}

/* Moves registers behind the scalars, chooses the block and keeps the instructions. */
static qn_status finish(compiler *c)
{
    qni_program *p = c->program;
    assert(p->varying_count == 0 || c->varying != NULL);
    int32_t base = (int32_t)(p->column_count + p->output_count + p->scalar_count);
    for (int64_t i = 0; i < p->varying_count; i++) {
        int32_t *places[] = {&c->varying[i].d, &c->varying[i].a, &c->varying[i].b, &c->varying[i].c};
        for (int k = 0; k < 4; k++)
            if (*places[k] < 0)
                *places[k] = base + ~*places[k];
    }
    p->block_size = QNI_BLOCK;
    while (p->block_size > QNI_BLOCK_MIN &&
           p->register_count * p->block_size * (int64_t)sizeof(double) > QNI_REGISTERS_BYTES)
        p->block_size /= 2;
    void *kept;
    qn_status status = take(&kept, c, p->varying_count, sizeof *p->varying);
    if (status != QN_OK)
        return status;
    if (p->varying_count > 0)
        memcpy(kept, c->varying, (size_t)p->varying_count * sizeof *p->varying);
    p->varying = kept;
    return QN_OK;
}

static qn_status compile(compiler *c)
{
    qn_status status = take_arrays(c);
    if (status != QN_OK)
        return status;
    place_scalars(c);
    emit_uniform(c);
    bool *in_place = qni_alloc(c->allocator, c->program->output_count, sizeof *in_place);
    bool done = in_place != NULL && emit_varying(c, in_place);
    qni_free(c->allocator, in_place, c->program->output_count, sizeof *in_place);
    return done ? finish(c) : no_memory(c);
}

qn_status qni_program_compile(qni_program *out, const qni_kernels *kernels, const qni_ir *ir, const int32_t *roots,
                              int64_t root_count, int64_t column_count, qn_arena *arena, const qn_allocator *allocator,
                              qn_error *err)
{
    *out = (qni_program){.column_count = column_count, .output_count = root_count};
    compiler c = {.program = out,
                  .kernels = kernels,
                  .ir = ir,
                  .roots = roots,
                  .node_count = ir->count,
                  .allocator = allocator,
                  .arena = arena,
                  .err = err};
    c.details = qni_alloc(allocator, c.node_count, sizeof *c.details);
    if (c.details == NULL)
        return no_memory(&c);
    find_live(&c);
    fuse(&c);
    find_last_uses(&c);
    qn_status status = compile(&c);
    qni_free(allocator, c.details, c.node_count, sizeof *c.details);
    qni_free(allocator, c.free_registers, c.free_capacity, sizeof *c.free_registers);
    qni_free(allocator, c.varying, c.varying_capacity, sizeof *c.varying);
    return status;
}
