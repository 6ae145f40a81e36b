/* lang/functions.c: the functions and constants of the language by name, and what to say where a name that is none is
 * called. Any thread. */
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
        if (qni_op_infos[op].text[0] == name[0] && is_function(op) &&
            strncmp(qni_op_infos[op].text, name, (size_t)size) == 0 && qni_op_infos[op].text[size] == '\0')
            return op;
    return -1;
}

bool qni_constant_find(const char *name, double *number)
{
    static const struct {
        const char *name;
        double number;
    } constants[] = {{"pi", 3.14159265358979323846}, {"π", 3.14159265358979323846}, {"true", 1}, {"false", 0}};
    for (size_t i = 0; i < sizeof constants / sizeof constants[0]; i++) {
        if (strcmp(constants[i].name, name) == 0) {
            *number = constants[i].number;
            return true;
        }
    }
    return false;
}

typedef struct synonym {
    const char *name;
    const char *ours;
} synonym;

static const char *look_up(const synonym *known, size_t count, const char *name, int64_t size)
{
    for (size_t i = 0; i < count; i++)
        if (strncmp(known[i].name, name, (size_t)size) == 0 && known[i].name[size] == '\0')
            return known[i].ours;
    return NULL;
}

const char *qni_word_advice(const char *word, int64_t size)
{
    static const synonym words[] = {
        {"and", "&&"},
        {"AND", "&&"},
        {"or", "||"},
        {"OR", "||"},
        {"not", "!"},
        {"NOT", "!"},
        {"xor", "!="},
        {"eq", "=="},
        {"ne", "!="},
        {"mod", "mod(a, b)"},
        {"rem", "mod(a, b)"},
        {"div", "//"},
        {"if", "if(condition, a, b)"},
        {"else", "if(condition, a, b)"},
        {"then", "if(condition, a, b)"},
    };
    return look_up(words, sizeof words / sizeof words[0], word, size);
}

/* The function that has another name elsewhere; NULL: none. */
static const char *other_name(const char *name)
{
    static const synonym names[] = {
        {"ln", "log"},
        {"lg", "log10"},
        {"ld", "log2"},
        {"lb", "log2"},
        {"arcsin", "asin"},
        {"arccos", "acos"},
        {"arctan", "atan"},
        {"arctan2", "atan2"},
        {"atn", "atan"},
        {"tg", "tan"},
        {"arctg", "atan"},
        {"sh", "sinh"},
        {"ch", "cosh"},
        {"th", "tanh"},
        {"arcsinh", "asinh"},
        {"arccosh", "acosh"},
        {"arctanh", "atanh"},
        {"arsinh", "asinh"},
        {"arcosh", "acosh"},
        {"artanh", "atanh"},
        {"fabs", "abs"},
        {"absolute", "abs"},
        {"magnitude", "abs"},
        {"sgn", "sign"},
        {"signum", "sign"},
        {"power", "pow"},
        {"root", "sqrt"},
        {"fmin", "min"},
        {"minimum", "min"},
        {"fmax", "max"},
        {"maximum", "max"},
        {"clip", "clamp"},
        {"limit", "clamp"},
        {"heaviside", "step"},
        {"theta", "step"},
        {"expit", "sigmoid"},
        {"logistic", "sigmoid"},
        {"tgamma", "gamma"},
        {"gammaln", "lgamma"},
        {"lngamma", "lgamma"},
        {"loggamma", "lgamma"},
        {"psi", "digamma"},
        {"j0", "besselj0"},
        {"j1", "besselj1"},
        {"BesselJ0", "besselj0"},
        {"BesselJ1", "besselj1"},
        {"where", "if"},
        {"ifelse", "if"},
        {"iif", "if"},
        {"IF", "if"},
        {"cond", "if"},
        {"select", "if"},
        {"piecewise", "if"},
        {"fmod", "mod"},
        {"remainder", "mod"},
        {"rem", "mod"},
        {"ceiling", "ceil"},
        {"rint", "round"},
        {"nint", "round"},
        {"around", "round"},
    };
    return look_up(names, sizeof names / sizeof names[0], name, (int64_t)strlen(name));
}

/* What a function of other languages is written as; NULL: unknown. */
static const char *other_spelling(const char *name)
{
    static const synonym spellings[] = {
        {"sqr", "x^2"},
        {"square", "x^2"},
        {"cube", "x^3"},
        {"exp10", "10^x"},
        {"reciprocal", "1/x"},
        {"sec", "1/cos(x)"},
        {"csc", "1/sin(x)"},
        {"cot", "1/tan(x)"},
        {"sech", "1/cosh(x)"},
        {"csch", "1/sinh(x)"},
        {"coth", "1/tanh(x)"},
        {"trunc", "if(x < 0, ceil(x), floor(x))"},
        {"fix", "if(x < 0, ceil(x), floor(x))"},
        {"int", "if(x < 0, ceil(x), floor(x))"},
        {"relu", "max(0, x)"},
        {"logit", "log(x/(1 - x))"},
        {"factorial", "gamma(n + 1)"},
        {"radians", "x*pi/180"},
        {"degrees", "x*180/pi"},
        {"normcdf", "0.5*erfc(-x/sqrt(2))"},
        {"and", "a && b"},
        {"or", "a || b"},
        {"not", "!a"},
        {"xor", "(a != 0) != (b != 0)"},
        {"isnan", "x != x"},
    };
    return look_up(spellings, sizeof spellings / sizeof spellings[0], name, (int64_t)strlen(name));
}

/* What a function that keeps state is called elsewhere; NULL: unknown. */
static const char *other_stateful_name(const char *name)
{
    static const synonym names[] = {
        {"ewma", "ema"}, {"ewm", "ema"},   {"mean", "sma"},   {"avg", "sma"},          {"average", "sma"},
        {"std", "sd"},   {"stdev", "sd"},  {"stddev", "sd"},  {"bbands", "bollinger"}, {"shift", "lag"},
        {"prev", "lag"}, {"delay", "lag"}, {"delta", "diff"},
    };
    return look_up(names, sizeof names / sizeof names[0], name, (int64_t)strlen(name));
}

static const char *nearest_function(const char *name, bool stream)
{
    const char *names[QNI_OP_COUNT + QNI_STATEFUL_COUNT];
    int64_t count = 0;
    for (int op = 0; op < QNI_OP_COUNT; op++)
        if (is_function(op))
            names[count++] = qni_op_infos[op].text;
    for (int i = 0; stream && i < QNI_STATEFUL_COUNT; i++)
        names[count++] = qni_stateful_infos[i].name;
    const char *known = stream ? other_stateful_name(name) : NULL;
    if (known == NULL)
        known = other_name(name);
    if (known != NULL)
        return known;
    int64_t nearest = qni_nearest(name, names, count);
    return nearest < 0 ? NULL : names[nearest];
}

qn_status qni_function_arity(qni_op op, int count, int32_t offset, qn_error *err)
{
    static const synonym uses[] = {
        {"atan2", ": atan2(y, x)"},
        {"clamp", ": clamp(x, low, high)"},
        {"if", ": if(condition, a, b)"},
        {"mod", ": mod(x, divisor)"},
        {"pow", ": pow(base, exponent)"},
        {"log", "; log2(x) and log10(x) have other bases"},
        {"round", "; for decimals write round(x*100)/100"},
    };
    const char *name = qni_op_infos[op].text;
    const char *use = look_up(uses, sizeof uses / sizeof uses[0], name, (int64_t)strlen(name));
    const int arity = qni_op_infos[op].arity;
    return qni_error_at(err, QN_SYNTAX, NULL, 0, offset + 1, "%s takes %d%s argument%s, here %s %d%s", name, arity,
                        qni_op_is_variadic(op) ? " or more" : "", arity == 1 ? "" : "s", count == 1 ? "is" : "are",
                        count, use != NULL ? use : "");
}

static bool is_column(const char *name, const qni_columns *columns)
{
    for (int64_t i = 0; i < columns->count; i++)
        if (strcmp(columns->names[i], name) == 0)
            return true;
    return false;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Whether the call is the whole left side of its statement: `y(x) = …`. */
static bool is_left_side(const char *text, int32_t size, const qni_token *name)
{
    int32_t at = name->offset;
    while (at > 0 && is_space(text[at - 1]))
        at--;
    if (at > 0 && text[at - 1] != ';')
        return false;
    int64_t depth = 0;
    for (at = name->offset + name->size; at < size; at++) {
        if (text[at] == '(')
            depth++;
        else if (text[at] == ')' && --depth == 0)
            break;
    }
    for (at++; at < size && is_space(text[at]); at++)
        ;
    return at < size && text[at] == '=' && (at + 1 == size || text[at + 1] != '=');
}

/* The call of a name that means something else. QN_OK: it means nothing. */
static qn_status refuse_known(const char *text, int32_t size, const qni_token *name, const char *word,
                              const qni_tree *tree, const qni_columns *columns, qn_error *err)
{
    qni_clipped shown = qni_clip(word, name->size);
    int32_t symbol = qni_symbol_find(tree, word, name->size);
    bool intermediate = symbol >= 0 && tree->symbols[symbol].definition >= 0;
    if (!intermediate && !is_column(word, columns))
        return QN_OK;
    if (!intermediate && is_left_side(text, size, name))
        return qni_error_at(err, QN_NAME, NULL, 0, name->offset + 1,
                            "\"%s\" is a column, not a function: write \"%s = …\" without the parentheses", shown.text,
                            shown.text);
    return qni_error_at(err, QN_NAME, NULL, 0, name->offset + 1,
                        "\"%s\" is %s, not a function: for a product write %s*(…)", shown.text,
                        intermediate ? "an intermediate" : "a column", shown.text);
}

qn_status qni_function_unknown(const char *text, int32_t size, const qni_token *name, const qni_tree *tree,
                               const qni_columns *columns, qn_error *err)
{
    char word[QNI_FORMULA_NAME_SIZE_MAX + 1];
    memcpy(word, text + name->offset, (size_t)name->size);
    word[name->size] = '\0';
    qni_clipped shown = qni_clip(word, name->size);
    int64_t column = name->offset + 1;
    qn_status status = refuse_known(text, size, name, word, tree, columns, err);
    if (status != QN_OK)
        return status;
    if (qni_stateful_find(word, name->size) >= 0)
        return qni_error_at(err, QN_NAME, NULL, 0, column,
                            "\"%s\" keeps state from row to row: such functions are for streams (quern replay)",
                            shown.text);
    const char *spelling = other_spelling(word), *nearest = nearest_function(word, columns->stream);
    if (spelling != NULL)
        return qni_error_at(err, QN_NAME, NULL, 0, column, "unknown function \"%s\": write %s", shown.text, spelling);
    if (nearest != NULL)
        return qni_error_at(err, QN_NAME, NULL, 0, column, "unknown function \"%s\": did you mean \"%s\"?", shown.text,
                            nearest);
    if (is_left_side(text, size, name))
        return qni_error_at(
            err, QN_NAME, NULL, 0, column,
            "unknown function \"%s\": write the response's column alone on the left, without parentheses", shown.text);
    return qni_error_at(err, QN_NAME, NULL, 0, column,
                        "unknown function \"%s\" (quern(7) lists those that there are); for a product write %s*(…)",
                        shown.text, shown.text);
}
