/* lang/warnings.c: what a formula may say and a person perhaps did not mean: names that nearly are others', names that
 * nothing uses, a comparison where a response belongs. One thread. */
#include "lang/names_int.h"

#include "lang/limits.h"

#include <stdio.h>
#include <string.h>

typedef struct warner {
    qni_names *names;
    const qni_tree *tree;
    const qni_columns *columns;
    qn_arena *arena;
    qn_error *err;
} warner;

/* Keeps one sentence; without an effect where there are too many. */
static qn_status warn(warner *w, const char *sentence)
{
    qni_names *names = w->names;
    if (names->warning_count == QNI_WARNINGS_MAX)
        return QN_OK;
    qn_status status =
        qni_names_copy(&names->warnings[names->warning_count], w->arena, sentence, (int64_t)strlen(sentence), w->err);
    names->warning_count += status == QN_OK;
    return status;
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

static bool is_like(const char *a, int64_t a_size, const char *b)
{
    return differs_in_case(a, b) || differs_in_one(a, a_size, b, (int64_t)strnlen(b, QNI_FORMULA_NAME_SIZE_MAX + 1));
}

/* Warns of a parameter spelled nearly like a column or an intermediate. */
static qn_status warn_of_likeness(warner *w, const char *parameter)
{
    int64_t size = (int64_t)strlen(parameter);
    int64_t most = QNI_LIKENESS_PAIRS_MAX / (w->names->parameter_count + 1);
    int64_t columns = w->columns->count, all = columns + w->tree->statement_count;
    for (int64_t i = 0; i < all && i < most; i++) {
        const char *other =
            i < columns ? w->columns->names[i] : qni_symbol_name(w->tree, w->tree->statements[i - columns].symbol);
        if (!is_like(parameter, size, other))
            continue;
        char sentence[256];
        qni_clipped p = qni_clip(parameter, size), o = qni_clip(other, (int64_t)strlen(other));
        snprintf(sentence, sizeof sentence, "\"%s\" is a parameter to be fitted; was the %s \"%s\" meant?", p.text,
                 i < columns ? "column" : "intermediate", o.text);
        return warn(w, sentence);
    }
    return QN_OK;
}

static qn_status warn_of_column(warner *w, const qni_symbol *s, const char *name)
{
    char sentence[256];
    double number;
    qni_clipped shown = qni_clip(name, s->size);
    if (s->on_left && s->on_right)
        snprintf(sentence, sizeof sentence, "the column \"%s\" stands on both sides of the formula", shown.text);
    else if (!s->quoted && qni_constant_find(name, &number))
        snprintf(sentence, sizeof sentence, "\"%s\" is the column of that name, not the constant", shown.text);
    else
        return QN_OK;
    return warn(w, sentence);
}

static qn_status warn_of_intermediate(warner *w, const qni_symbol *s, const char *name)
{
    char sentence[256];
    qni_clipped shown = qni_clip(name, s->size);
    if (!s->on_right)
        snprintf(sentence, sizeof sentence, "the intermediate \"%s\" is used nowhere", shown.text);
    else if (qni_function_find(name, s->size) >= 0)
        snprintf(sentence, sizeof sentence, "\"%s\" is an intermediate here; the function is %s(…)", shown.text,
                 shown.text);
    else
        return QN_OK;
    return warn(w, sentence);
}

/* Names that other languages have for numbers, in any case: inf, infinity, nan. */
static bool is_like_a_number(const char *name)
{
    static const char *const words[] = {"inf", "infinity", "nan"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (differs_in_case(name, words[i]))
            return true;
    return false;
}

static qn_status warn_of_number(warner *w, const qni_symbol *s, const char *name)
{
    char sentence[256];
    qni_clipped shown = qni_clip(name, s->size);
    snprintf(sentence, sizeof sentence, "\"%s\" is a parameter to be fitted; there is no constant of that name",
             shown.text);
    return warn(w, sentence);
}

static qn_status warn_of_symbol(warner *w, int32_t index)
{
    const qni_symbol *s = &w->tree->symbols[index];
    const char *name = qni_symbol_name(w->tree, index);
    if (s->kind == QNI_SYMBOL_COLUMN)
        return warn_of_column(w, s, name);
    if (s->kind == QNI_SYMBOL_INTERMEDIATE)
        return warn_of_intermediate(w, s, name);
    if (s->kind != QNI_SYMBOL_PARAMETER)
        return QN_OK;
    if (is_like_a_number(name))
        return warn_of_number(w, s, name);
    if (qni_function_find(name, s->size) < 0)
        return warn_of_likeness(w, name);
    char sentence[256];
    qni_clipped shown = qni_clip(name, s->size);
    snprintf(sentence, sizeof sentence,
             "\"%s\" is a parameter to be fitted, because no ( follows; the function is %s(…)", shown.text, shown.text);
    return warn(w, sentence);
}

/* `y == a*x` alone is a formula, but the one meant has one =. */
static qn_status warn_of_comparison(warner *w)
{
    const qni_tree *tree = w->tree;
    const qni_tree_node *root = &tree->nodes[tree->right];
    if (tree->left >= 0 || root->kind != QNI_TREE_OPERATION || root->op != QNI_OP_EQ)
        return QN_OK;
    return warn(w, "the formula is a comparison, 0 or 1; to describe a column write one =");
}

qn_status qni_names_warn(qni_names *names, const qni_tree *tree, const qni_columns *columns, qn_arena *arena,
                         qn_error *err)
{
    warner w = {.names = names, .tree = tree, .columns = columns, .arena = arena, .err = err};
    qn_status status = warn_of_comparison(&w);
    for (int32_t i = 0; i < tree->symbol_count && status == QN_OK && names->warning_count < QNI_WARNINGS_MAX; i++)
        status = warn_of_symbol(&w, i);
    return status;
}
