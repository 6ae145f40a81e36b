/* lang/names.c: what each name of a formula stands for: a column, the constant pi, else a parameter; and the warnings
 * about names that were perhaps meant otherwise.
 *
 * The columns of the data may be very many: they are walked once, and looked up among the formula's few names. One
 * thread. */
#include "lang/names_int.h"

#include "base/error.h"
#include "base/nearest.h"
#include "lang/limits.h"

#include <stdio.h>
#include <string.h>

typedef struct resolver {
    qni_names *names;
    qni_tree *tree;
    const qni_columns *columns;
    const char *response;
    qn_arena *arena;
    qn_error *err;
} resolver;

static qn_status copy_text(const char **out, qn_arena *arena, const char *text, int64_t size, qn_error *err)
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

/* Keeps one sentence; without an effect where there are too many. */
static qn_status warn(resolver *r, const char *sentence)
{
    qni_names *names = r->names;
    if (names->warning_count == QNI_WARNINGS_MAX)
        return QN_OK;
    qn_status status =
        copy_text(&names->warnings[names->warning_count], r->arena, sentence, (int64_t)strlen(sentence), r->err);
    names->warning_count += status == QN_OK;
    return status;
}

static bool is_pi(const char *name)
{
    return strcmp(name, "pi") == 0 || strcmp(name, "π") == 0;
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

/* The left side is made of columns; quoted names are columns. */
static qn_status check_columns(resolver *r)
{
    bool left_has_column = false;
    for (int32_t i = 0; i < r->tree->symbol_count; i++) {
        qni_symbol *s = &r->tree->symbols[i];
        const char *name = qni_symbol_name(r->tree, i);
        left_has_column |= s->on_left && s->kind == QNI_SYMBOL_COLUMN;
        if (s->kind == QNI_SYMBOL_COLUMN || (!s->quoted && is_pi(name)))
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
        if (s->kind == QNI_SYMBOL_UNKNOWN && is_pi(name)) {
            s->kind = QNI_SYMBOL_PI;
            continue;
        }
        status = copy_text(&kept, r->arena, name, s->size, r->err);
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
        return copy_text(out, arena, name, (int64_t)size, err);
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
        qn_status status = copy_text(&names->columns[names->column_count], r->arena, r->response,
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
    return copy_text(&r->names->response_text, r->arena, text + tree->left_offset, tree->left_size, r->err);
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Names that differ in letter case alone. Single letters do so on purpose: T and t. */
static bool differs_in_case(const char *a, const char *b)
{
    size_t i = 0;
    while (a[i] != '\0' && lower(a[i]) == lower(b[i]))
        i++;
    return a[i] == '\0' && b[i] == '\0' && i >= 2;
}

/* What is left of two names without what they begin and end with alike. Case does not count. */
typedef struct rest {
    const char *a, *b;
    int64_t a_size, b_size;
} rest;

static rest differing_part(const char *a, int64_t a_size, const char *b, int64_t b_size)
{
    int64_t head = 0, tail = 0, shorter = a_size < b_size ? a_size : b_size;
    while (head < shorter && lower(a[head]) == lower(b[head]))
        head++;
    while (tail < shorter - head && lower(a[a_size - 1 - tail]) == lower(b[b_size - 1 - tail]))
        tail++;
    return (rest){.a = a + head, .b = b + head, .a_size = a_size - head - tail, .b_size = b_size - head - tail};
}

/* Names of four bytes or more that differ by one byte added, left out, replaced, or by two neighbours swapped, and not
 * in a digit: rate1 and rate2 are meant. */
static bool differs_in_one(const char *a, int64_t a_size, const char *b, int64_t b_size)
{
    if (a_size < 4 || b_size < 4 || a_size - b_size > 1 || b_size - a_size > 1)
        return false;
    rest r = differing_part(a, a_size, b, b_size);
    if (r.a_size == 2 && r.b_size == 2)
        return lower(r.a[0]) == lower(r.b[1]) && lower(r.a[1]) == lower(r.b[0]);
    if (r.a_size > 1 || r.b_size > 1)
        return false;
    return !(r.a_size == 1 && is_digit(r.a[0])) && !(r.b_size == 1 && is_digit(r.b[0]));
}

/* Warns of a parameter spelled nearly like a column. */
static qn_status warn_of_likeness(resolver *r, const char *parameter)
{
    int64_t size = (int64_t)strlen(parameter);
    int64_t most = QNI_LIKENESS_PAIRS_MAX / (r->names->parameter_count + 1);
    for (int64_t i = 0; i < r->columns->count && i < most; i++) {
        const char *column = r->columns->names[i];
        if (!differs_in_case(parameter, column) &&
            !differs_in_one(parameter, size, column, (int64_t)strnlen(column, QNI_FORMULA_NAME_SIZE_MAX + 1)))
            continue;
        char sentence[256];
        qni_clipped p = qni_clip(parameter, size), c = qni_clip(column, (int64_t)strlen(column));
        snprintf(sentence, sizeof sentence, "\"%s\" is a parameter to be fitted; was the column \"%s\" meant?", p.text,
                 c.text);
        return warn(r, sentence);
    }
    return QN_OK;
}

static qn_status warn_of_symbol(resolver *r, int32_t index)
{
    const qni_symbol *s = &r->tree->symbols[index];
    const char *name = qni_symbol_name(r->tree, index);
    char sentence[256];
    qni_clipped shown = qni_clip(name, s->size);
    if (s->kind == QNI_SYMBOL_COLUMN && s->on_left && s->on_right) {
        snprintf(sentence, sizeof sentence, "the column \"%s\" stands on both sides of the formula", shown.text);
        return warn(r, sentence);
    }
    if (s->kind == QNI_SYMBOL_COLUMN && is_pi(name) && !s->quoted) {
        snprintf(sentence, sizeof sentence, "\"%s\" is the column of that name, not the constant", shown.text);
        return warn(r, sentence);
    }
    if (s->kind != QNI_SYMBOL_PARAMETER)
        return QN_OK;
    if (qni_function_find(name, s->size) >= 0) {
        snprintf(sentence, sizeof sentence,
                 "\"%s\" is a parameter to be fitted, because no ( follows; the function is %s(…)", shown.text,
                 shown.text);
        return warn(r, sentence);
    }
    return warn_of_likeness(r, name);
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
    for (int32_t i = 0; i < tree->symbol_count && status == QN_OK && names->warning_count < QNI_WARNINGS_MAX; i++)
        status = warn_of_symbol(&r, i);
    return status;
}
