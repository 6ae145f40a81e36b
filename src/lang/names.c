/* lang/names.c: what each name of a formula stands for: a column, an intermediate, a constant, else a parameter.
 *
 * The columns of the data may be very many: they are walked once, and looked up among the formula's few names. One
 * thread. */
#include "lang/names_int.h"

#include "base/error.h"
#include "base/nearest.h"
#include "lang/limits.h"

#include <string.h>

typedef struct resolver {
    qni_names *names;
    qni_tree *tree;
    const qni_columns *columns;
    const char *response;
    qn_arena *arena;
    qn_error *err;
} resolver;

qn_status qni_names_copy(const char **out, qn_arena *arena, const char *text, int64_t size, qn_error *err)
{
    void *copy;
    qn_status status = qn_arena_take(&copy, arena, size + 1, err);
    if (status != QN_OK)
        return status;
    memcpy(copy, text, (size_t)size);
    ((char *)copy)[size] = '\0';
    *out = copy;
    return QN_OK;
}

static qn_status take_list(const char ***out, qn_arena *arena, int64_t count, qn_error *err)
{
    void *list;
    qn_status status = qn_arena_take(&list, arena, count * (int64_t)sizeof(char *), err);
    *out = status == QN_OK ? list : NULL;
    return status;
}

static bool is_constant(const char *name)
{
    double number;
    return qni_constant_find(name, &number);
}

/* Which symbols are columns of the data. */
static void find_columns(resolver *r)
{
    for (int64_t i = 0; i < r->columns->count; i++) {
        const char *name = r->columns->names[i];
        size_t size = strnlen(name, QNI_FORMULA_NAME_SIZE_MAX + 1);
        int32_t symbol = qni_symbol_find(r->tree, name, (int64_t)size);
        if (symbol >= 0)
            r->tree->symbols[symbol].kind = QNI_SYMBOL_COLUMN;
    }
}

/* "no column is named …", with the nearest one. */
static qn_status refuse(resolver *r, int64_t column, const char *what, const char *name)
{
    qni_clipped shown = qni_clip(name, (int64_t)strlen(name));
    if (r->columns->count == 0)
        return qni_error_at(r->err, QN_NAME, NULL, 0, column, "%s \"%s\" is no column: the data has none", what,
                            shown.text);
    int64_t nearest = qni_nearest(name, r->columns->names, r->columns->count);
    if (nearest < 0)
        nearest = r->columns->count == 1 ? 0 : -1;
    if (nearest < 0)
        return qni_error_at(r->err, QN_NAME, NULL, 0, column, "%s \"%s\" is no column of the data", what, shown.text);
    const char *near_name = r->columns->names[nearest];
    qni_clipped near_shown = qni_clip(near_name, (int64_t)strlen(near_name));
    return qni_error_at(r->err, QN_NAME, NULL, 0, column, "%s \"%s\" is no column of the data: did you mean \"%s\"?",
                        what, shown.text, near_shown.text);
}

/* An intermediate has a name of its own. What the left side of the model says of it is another statement. */
static qn_status check_intermediate(resolver *r, const qni_symbol *s, const char *name)
{
    qni_clipped shown = qni_clip(name, s->size);
    if (s->kind == QNI_SYMBOL_COLUMN)
        return qni_error_at(r->err, QN_NAME, NULL, 0, s->offset + 1,
                            "\"%s\" is a column of the data: give the intermediate another name (only the last "
                            "statement describes a column)",
                            shown.text);
    if (s->on_left)
        return qni_error_at(r->err, QN_NAME, NULL, 0, r->tree->left_offset + 1,
                            "the response must be made of columns, and \"%s\" is an intermediate", shown.text);
    return QN_OK;
}

/* The left side is made of columns; quoted names are columns; intermediates are none. */
static qn_status check_columns(resolver *r)
{
    bool left_has_column = false;
    for (int32_t i = 0; i < r->tree->symbol_count; i++) {
        qni_symbol *s = &r->tree->symbols[i];
        const char *name = qni_symbol_name(r->tree, i);
        left_has_column |= s->on_left && s->kind == QNI_SYMBOL_COLUMN;
        if (s->definition >= 0) {
            qn_status status = check_intermediate(r, s, name);
            if (status != QN_OK)
                return status;
            s->kind = QNI_SYMBOL_INTERMEDIATE;
            continue;
        }
        if (s->kind == QNI_SYMBOL_COLUMN || (!s->quoted && is_constant(name)))
            continue;
        if (s->on_left)
            return refuse(r, s->offset + 1, "the response must be made of columns, and", name);
        if (s->quoted)
            return refuse(r, s->offset + 1, "the quoted name", name);
    }
    if (r->tree->left >= 0 && !left_has_column)
        return qni_error_at(r->err, QN_SYNTAX, NULL, 0, r->tree->left_offset + 1,
                            "the left side of the formula names no column");
    return QN_OK;
}

/* Numbers columns and parameters in order of appearance. Symbols are in that order. */
static qn_status number_names(resolver *r)
{
    qni_names *names = r->names;
    int64_t count = r->tree->symbol_count + 1; /* the response of a bare expression */
    qn_status status = take_list(&names->columns, r->arena, count, r->err);
    if (status == QN_OK)
        status = take_list(&names->parameters, r->arena, count, r->err);
    void *taken = NULL;
    if (status == QN_OK)
        status = qn_arena_take(&taken, r->arena, count * (int64_t)sizeof *names->predictors, r->err);
    names->predictors = taken;
    for (int32_t i = 0; i < r->tree->symbol_count && status == QN_OK; i++) {
        qni_symbol *s = &r->tree->symbols[i];
        const char *name = qni_symbol_name(r->tree, i), *kept;
        if (s->kind == QNI_SYMBOL_INTERMEDIATE)
            continue;
        if (s->kind == QNI_SYMBOL_UNKNOWN && is_constant(name)) {
            s->kind = QNI_SYMBOL_CONSTANT;
            continue;
        }
        status = qni_names_copy(&kept, r->arena, name, s->size, r->err);
        if (status != QN_OK)
            return status;
        if (s->kind == QNI_SYMBOL_COLUMN) {
            s->index = (int32_t)names->column_count;
            names->predictors[names->column_count] = s->on_right;
            names->columns[names->column_count++] = kept;
        } else {
            s->kind = QNI_SYMBOL_PARAMETER;
            s->index = (int32_t)names->parameter_count;
            names->parameters[names->parameter_count++] = kept;
        }
    }
    return status;
}

/* The column as it is written in a formula: odd ones in backticks. */
static qn_status quote_name(const char **out, qn_arena *arena, const char *name, qn_error *err)
{
    size_t size = strlen(name), used = 0;
    if (!qni_name_is_odd(name))
        return qni_names_copy(out, arena, name, (int64_t)size, err);
    void *taken;
    qn_status status = qn_arena_take(&taken, arena, (int64_t)(2 * size + 3), err);
    if (status != QN_OK)
        return status;
    char *text = taken;
    text[used++] = '`';
    for (size_t i = 0; i < size; i++) {
        text[used++] = name[i];
        if (name[i] == '`')
            text[used++] = '`';
    }
    text[used++] = '`';
    text[used] = '\0';
    *out = text;
    return QN_OK;
}

/* A bare expression with a response given beside it. */
static qn_status add_response(resolver *r)
{
    qni_names *names = r->names;
    int64_t i = 0;
    while (i < r->columns->count && strcmp(r->columns->names[i], r->response) != 0)
        i++;
    if (i == r->columns->count)
        return refuse(r, 0, "the response", r->response);
    int32_t symbol = qni_symbol_find(r->tree, r->response, (int64_t)strlen(r->response));
    if (symbol >= 0) {
        r->tree->symbols[symbol].on_left = true;
        names->response_column = r->tree->symbols[symbol].index;
    } else {
        names->response_column = (int32_t)names->column_count;
        qn_status status = qni_names_copy(&names->columns[names->column_count], r->arena, r->response,
                                          (int64_t)strlen(r->response), r->err);
        if (status != QN_OK)
            return status;
        names->predictors[names->column_count] = false;
        names->column_count++;
    }
    return quote_name(&names->response_text, r->arena, r->response, r->err);
}

static qn_status find_response(resolver *r, const char *text)
{
    qni_tree *tree = r->tree;
    if (tree->left < 0 && r->response == NULL) {
        r->names->response_text = "";
        return QN_OK;
    }
    if (tree->left < 0)
        return add_response(r);
    if (r->response != NULL) {
        const qni_tree_node *left = &tree->nodes[tree->left];
        if (left->kind != QNI_TREE_NAME || strcmp(qni_symbol_name(tree, left->symbol), r->response) != 0) {
            qni_clipped said = qni_clip(text + tree->left_offset, tree->left_size);
            qni_clipped given = qni_clip(r->response, (int64_t)strlen(r->response));
            return qni_error_at(
                r->err, QN_INVALID, NULL, 0, tree->left_offset + 1,
                "the formula describes \"%s\", but the response is given as \"%s\": leave out one of them", said.text,
                given.text);
        }
    }
    return qni_names_copy(&r->names->response_text, r->arena, text + tree->left_offset, tree->left_size, r->err);
}

qn_status qni_names_resolve(qni_names *names, qni_tree *tree, const char *text, const qni_columns *columns,
                            const char *response, qn_arena *arena, qn_error *err)
{
    *names = (qni_names){.response_column = -1};
    resolver r = {.names = names, .tree = tree, .columns = columns, .response = response, .arena = arena, .err = err};
    find_columns(&r);
    qn_status status = check_columns(&r);
    if (status == QN_OK)
        status = number_names(&r);
    if (status == QN_OK)
        status = find_response(&r, text);
    if (status == QN_OK)
        status = take_list(&names->warnings, arena, QNI_WARNINGS_MAX, err);
    return status == QN_OK ? qni_names_warn(names, tree, columns, arena, err) : status;
}
