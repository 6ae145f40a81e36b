/* lang/model.c: from a formula to a model, and what a model says of itself.
 *
 * Text, tree and IR are made in passing and freed; what stays lies in the model's arena. */
#include "lang/model_int.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/cpu.h"
#include "base/error.h"
#include "base/options.h"
#include "lang/limits.h"

void qn_model_options_init(qn_model_options *out, int64_t size)
{
    qni_options_init(out, size);
}

static qn_status check_call(const char *formula, const qn_model_options *options, qn_error *err)
{
    if (formula == NULL)
        return qni_error(err, QN_INVALID, "the formula is NULL");
    if (options->column_count < 0 || (options->column_count > 0 && options->columns == NULL))
        return qni_error(err, QN_INVALID, "qn_model_options.columns is NULL or its count negative");
    for (int64_t i = 0; i < options->column_count; i++)
        if (options->columns[i] == NULL)
            return qni_error(err, QN_INVALID, "a name in qn_model_options.columns is NULL");
    return QN_OK;
}

static qn_status check_second(const qn_model *m, const qn_model_options *options, qn_error *err)
{
    if (options->second_derivatives && m->names.parameter_count > QNI_SECOND_PARAMETERS_MAX)
        return qni_error(err, QN_LIMIT, "second derivatives are for at most %d parameters, the formula has %lld",
                         QNI_SECOND_PARAMETERS_MAX, (long long)m->names.parameter_count);
    return QN_OK;
}

static qn_status check_size(int64_t size, qn_error *err)
{
    if (size > QNI_FORMULA_SIZE_MAX)
        return qni_error(err, QN_LIMIT, "a formula may have at most %d bytes, this one has %lld", QNI_FORMULA_SIZE_MAX,
                         (long long)size);
    return QN_OK;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const qni_name_entry *)a)->name, ((const qni_name_entry *)b)->name);
}

static qn_status sort_parameters(qn_model *m, qn_error *err)
{
    int64_t count = m->names.parameter_count;
    void *taken;
    qn_status status = qn_arena_take(&taken, m->arena, count * (int64_t)sizeof(qni_name_entry), err);
    if (status != QN_OK)
        return status;
    qni_name_entry *sorted = taken;
    for (int64_t i = 0; i < count; i++)
        sorted[i] = (qni_name_entry){.name = m->names.parameters[i], .index = i};
    qsort(sorted, (size_t)count, sizeof *sorted, by_name);
    m->sorted = sorted;
    return QN_OK;
}

static qn_status keep_text(qn_model *m, const qni_tree *tree, qn_error *err)
{
    char *text;
    int64_t size;
    qn_status status = qni_tree_print(&text, &size, tree, err);
    if (status != QN_OK)
        return status;
    status = qni_names_copy(&m->text, m->arena, text, size, err);
    qni_free(tree->allocator, text, size + 1, 1);
    return status;
}

static qn_status compile(qn_model *m, int program, const qni_ir *ir, const int32_t *roots, int64_t count, qn_error *err)
{
    return qni_program_compile(&m->programs[program], m->kernels, ir, roots, count, m->names.column_count, m->arena,
                               m->allocator, err);
}

/* Value and derivatives: the roots value, by each parameter and, where they are asked for, by each pair. */
static qn_status compile_derivatives(qn_model *m, qni_ir *ir, int32_t value, bool second, qn_error *err)
{
    int64_t p = m->names.parameter_count, count = 1 + p + (second ? p * (p + 1) / 2 : 0);
    int32_t *roots = qni_alloc(m->allocator, count + p, sizeof *roots); /* and a row of second derivatives */
    if (roots == NULL)
        return qni_error(err, QN_NOMEM, "out of memory for a formula's derivatives");
    roots[0] = value;
    qn_status status = qni_ir_gradient(ir, value, roots + 1, p);
    if (status == QN_OK)
        status = compile(m, QNI_PROGRAM_FULL, ir, roots, p + 1, err);
    for (int64_t i = 0; second && i < p && status == QN_OK; i++) {
        status = qni_ir_gradient(ir, roots[1 + i], roots + count, p);
        for (int64_t j = 0; j <= i; j++)
            roots[1 + p + i * (i + 1) / 2 + j] = roots[count + j];
    }
    if (second && status == QN_OK)
        status = compile(m, QNI_PROGRAM_SECOND, ir, roots, count, err);
    qni_free(m->allocator, roots, count + p, sizeof *roots);
    return status;
}

/* The programs from one IR. */
static qn_status compile_programs(qn_model *m, const qni_tree *tree, bool second, qni_ir *ir, qn_error *err)
{
    int32_t left, right;
    qni_lower(ir, tree, &m->names, &left, &right);
    if (ir->status != QN_OK)
        return ir->status;
    m->has_response = left >= 0;
    m->has_second = second;
    qn_status status = compile(m, QNI_PROGRAM_VALUE, ir, &right, 1, err);
    if (status == QN_OK && left >= 0)
        status = compile(m, QNI_PROGRAM_RESPONSE, ir, &left, 1, err);
    return status == QN_OK ? compile_derivatives(m, ir, right, second, err) : status;
}

static qn_status build(qn_model *m, const char *formula, int64_t size, const qn_model_options *options, qn_error *err)
{
    const qni_columns columns = {.names = options->columns, .count = options->column_count};
    qni_tree tree;
    qni_ir ir;
    qni_ir_init(&ir, m->allocator, err);
    qn_status status = qni_tree_init(&tree, formula, (int32_t)size, &columns, m->allocator, err);
    if (status == QN_OK)
        status = qn_arena_new(&m->arena, m->allocator, QNI_MODEL_CHUNK_SIZE, err);
    if (status == QN_OK)
        status = qni_names_copy(&m->formula, m->arena, formula, size, err);
    if (status == QN_OK)
        status = qni_names_resolve(&m->names, &tree, formula, &columns, options->response, m->arena, err);
    if (status == QN_OK)
        status = keep_text(m, &tree, err);
    if (status == QN_OK)
        status = sort_parameters(m, err);
    if (status == QN_OK)
        status = check_second(m, options, err);
    if (status == QN_OK)
        status = compile_programs(m, &tree, options->second_derivatives, &ir, err);
    qni_ir_fini(&ir);
    qni_tree_fini(&tree);
    return status;
}

qn_status qn_model_new(qn_model **out, const char *formula, int64_t size, const qn_model_options *options,
                       qn_error *err)
{
    assert(out != NULL);
    *out = NULL;
    qn_model_options known;
    qn_status status = qni_options_copy(&known, sizeof known, options, "qn_model_options", err);
    if (status == QN_OK)
        status = check_call(formula, &known, err);
    if (status != QN_OK)
        return status;
    if (size < 0)
        size = (int64_t)strlen(formula);
    status = check_size(size, err);
    int level;
    if (status == QN_OK)
        status = qni_cpu_level(&level, err);
    if (status != QN_OK)
        return status;
    qn_model *m = qni_new(known.allocator, qn_model);
    if (m == NULL)
        return qni_error(err, QN_NOMEM, "out of memory for a formula");
    m->allocator = known.allocator;
    m->kernels = qni_kernels_of(level);
    atomic_init(&m->references, 1);
    status = build(m, formula, size, &known, err);
    if (status == QN_OK)
        *out = m;
    else
        qn_model_unref(m);
    return status;
}

qn_model *qn_model_ref(qn_model *model)
{
    assert(model != NULL);
    atomic_fetch_add_explicit(&model->references, 1, memory_order_relaxed); /* who adds one holds one already */
    return model;
}

void qn_model_unref(qn_model *model)
{
    /* Release: what this thread read stays before the drop; acquire: the last one sees all of it before it frees. */
    if (model == NULL || atomic_fetch_sub_explicit(&model->references, 1, memory_order_acq_rel) != 1)
        return;
    qn_arena_free(model->arena);
    qni_delete(model->allocator, model);
}

const char *qn_model_formula(const qn_model *model)
{
    return model->formula;
}

const char *qn_model_text(const qn_model *model)
{
    return model->text;
}

int64_t qn_model_parameter_count(const qn_model *model)
{
    return model->names.parameter_count;
}

const char *qn_model_parameter_name(const qn_model *model, int64_t index)
{
    assert(index >= 0 && index < model->names.parameter_count);
    return model->names.parameters[index];
}

int64_t qn_model_parameter_find(const qn_model *model, const char *name)
{
    const qni_name_entry key = {.name = name};
    const qni_name_entry *found =
        bsearch(&key, model->sorted, (size_t)model->names.parameter_count, sizeof key, by_name);
    return found == NULL ? -1 : found->index;
}

int64_t qn_model_column_count(const qn_model *model)
{
    return model->names.column_count;
}

const char *qn_model_column_name(const qn_model *model, int64_t index)
{
    assert(index >= 0 && index < model->names.column_count);
    return model->names.columns[index];
}

bool qn_model_column_is_predictor(const qn_model *model, int64_t index)
{
    assert(index >= 0 && index < model->names.column_count);
    return model->names.predictors[index];
}

bool qn_model_has_response(const qn_model *model)
{
    return model->has_response;
}

const char *qn_model_response_text(const qn_model *model)
{
    return model->names.response_text;
}

int64_t qn_model_warning_count(const qn_model *model)
{
    return model->names.warning_count;
}

const char *qn_model_warning(const qn_model *model, int64_t index)
{
    assert(index >= 0 && index < model->names.warning_count);
    return model->names.warnings[index];
}
