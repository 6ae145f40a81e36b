/* lang/functions.c: the functions of the language by name, and what to say where a name that is none is called. Any
 * thread. */
#include "lang/syntax_int.h"

#include "base/error.h"
#include "base/nearest.h"
#include "lang/limits.h"

#include <string.h>

static bool is_function(int op)
{
    return qni_op_infos[op].kind == QNI_OP_FUNCTION || qni_op_infos[op].kind == QNI_OP_DEFINED;
}

int qni_function_find(const char *name, int64_t size)
{
    for (int op = 0; op < QNI_OP_COUNT; op++)
        if (is_function(op) && (int64_t)strlen(qni_op_infos[op].text) == size &&
            memcmp(qni_op_infos[op].text, name, (size_t)size) == 0)
            return op;
    return -1;
}

/* "abs, atan, …" */
static void list_functions(char *out, size_t capacity)
{
    size_t used = 0;
    out[0] = '\0';
    for (int op = 0; op < QNI_OP_COUNT; op++) {
        const char *text = qni_op_infos[op].text;
        if (!is_function(op) || used + strlen(text) + 3 > capacity)
            continue;
        if (used > 0) {
            memcpy(out + used, ", ", 2);
            used += 2;
        }
        memcpy(out + used, text, strlen(text) + 1);
        used += strlen(text);
    }
}

static const char *nearest_function(const char *name)
{
    const char *names[QNI_OP_COUNT];
    int64_t count = 0;
    for (int op = 0; op < QNI_OP_COUNT; op++)
        if (is_function(op))
            names[count++] = qni_op_infos[op].text;
    if (strcmp(name, "ln") == 0) /* its name elsewhere; too short to be near */
        return qni_op_infos[QNI_OP_LOG].text;
    int64_t nearest = qni_nearest(name, names, count);
    return nearest < 0 ? NULL : names[nearest];
}

static bool is_column(const char *name, const qni_columns *columns)
{
    for (int64_t i = 0; i < columns->count; i++)
        if (strcmp(columns->names[i], name) == 0)
            return true;
    return false;
}

/* Whether the call that starts the text is its whole left side: `y(x) = …`. */
static bool is_left_side(const char *text, int32_t size, const qni_token *name)
{
    for (int32_t i = 0; i < name->offset; i++)
        if (strchr(" \t\r\n", text[i]) == NULL)
            return false;
    int64_t depth = 0;
    int32_t at = name->offset + name->size;
    for (; at < size; at++) {
        if (text[at] == '(')
            depth++;
        else if (text[at] == ')' && --depth == 0)
            break;
    }
    for (at++; at < size && strchr(" \t\r\n", text[at]) != NULL && text[at] != '\0'; at++)
        ;
    return at < size && text[at] == '=';
}

qn_status qni_function_unknown(const char *text, int32_t size, const qni_token *name, const qni_columns *columns,
                               qn_error *err)
{
    char word[QNI_FORMULA_NAME_SIZE_MAX + 1], all[256];
    memcpy(word, text + name->offset, (size_t)name->size);
    word[name->size] = '\0';
    qni_clipped shown = qni_clip(word, name->size);
    int64_t column = name->offset + 1;
    bool known_column = is_column(word, columns);
    if (known_column && is_left_side(text, size, name))
        return qni_error_at(err, QN_NAME, NULL, 0, column,
                            "\"%s\" is a column, not a function: write \"%s = …\" without the parentheses", shown.text,
                            shown.text);
    if (known_column)
        return qni_error_at(err, QN_NAME, NULL, 0, column,
                            "\"%s\" is a column, not a function: for a product write %s*(…)", shown.text, shown.text);
    const char *nearest = nearest_function(word);
    if (nearest != NULL)
        return qni_error_at(err, QN_NAME, NULL, 0, column, "unknown function \"%s\": did you mean \"%s\"?", shown.text,
                            nearest);
    if (is_left_side(text, size, name))
        return qni_error_at(
            err, QN_NAME, NULL, 0, column,
            "unknown function \"%s\": write the response's column alone on the left, without parentheses", shown.text);
    list_functions(all, sizeof all);
    return qni_error_at(err, QN_NAME, NULL, 0, column,
                        "unknown function \"%s\" (there are %s); for a product write %s*(…)", shown.text, all,
                        shown.text);
}
