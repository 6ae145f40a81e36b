/* lang/lex.c: a formula's text as tokens. What is no token of the language is an error that says what to write instead.
 *
 * No memory, no state but the lexer's. Linear in the text. */
#include "lang/syntax_int.h"

#include "base/error.h"
#include "base/number.h"
#include "lang/limits.h"

#include <math.h>
#include <string.h>

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* What to write instead of a character, where people often mean something by it. */
static const char *advice_on(uint32_t c)
{
    static const struct {
        uint32_t c;
        const char *advice;
    } known[] = {
        {'[', "write ( instead"},
        {'{', "write ( instead"},
        {']', "write ) instead"},
        {'}', "write ) instead"},
        {'"', "a name with unusual characters stands between backticks: `my column`"},
        {'\'', "a name with unusual characters stands between backticks: `my column`"},
        {'~', "write = between the response and the model"},
        {'&', "write && instead"},
        {'|', "write || instead"},
        {'%', "for the remainder write mod(a, b)"},
        {'#', "a formula has no comments"},
        {0x2212, "write - instead"},
        {0x2013, "write - instead"},
        {0x2014, "write - instead"},
        {0xD7, "write * instead"},
        {0xB7, "write * instead"},
        {0x22C5, "write * instead"},
        {0x2217, "write * instead"},
        {0xF7, "write / instead"},
        {0x2215, "write / instead"},
        {0x2264, "write <= instead"},
        {0x2265, "write >= instead"},
        {0x2260, "write != instead"},
        {0x2227, "write && instead"},
        {0x2228, "write || instead"},
        {0xAC, "write ! instead"},
        {0xB2, "write ^2 instead"},
        {0xB3, "write ^3 instead"},
        {0x221A, "write sqrt(…) instead"},
        {0xA0, "write a plain space instead"},
        {0xFEFF, "remove the byte order mark"},
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (known[i].c == c)
            return known[i].advice;
    return NULL;
}

static qn_status refuse_character(const qni_lexer *lx, qn_error *err)
{
    uint32_t c;
    int size = qni_char_decode(&c, lx->text, lx->size, lx->at);
    if (size == 0)
        return qni_error_at(err, QN_SYNTAX, NULL, 0, lx->at + 1, "the byte 0x%02X is not UTF-8 text",
                            (unsigned)(unsigned char)lx->text[lx->at]);
    if (c < ' ' || c == 0x7F)
        return qni_error_at(err, QN_SYNTAX, NULL, 0, lx->at + 1,
                            "the control character 0x%02X cannot stand in a formula", (unsigned)c);
    const char *advice = advice_on(c);
    qni_clipped shown = qni_clip(lx->text + lx->at, size);
    return qni_error_at(err, QN_SYNTAX, NULL, 0, lx->at + 1, "the character \"%s\" has no meaning in a formula%s%s",
                        shown.text, advice != NULL ? ": " : "", advice != NULL ? advice : "");
}

/* A number that only looks like 0 or infinity would be a silent change of what was written. */
static qn_status check_range(const qni_lexer *lx, const qni_token *t, qn_error *err)
{
    qni_clipped shown = qni_clip(lx->text + t->offset, t->size);
    if (isinf(t->number))
        return qni_error_at(err, QN_SYNTAX, NULL, 0, t->offset + 1,
                            "the number %s is too large (the largest is 1.79e308)", shown.text);
    if (t->number != 0)
        return QN_OK;
    for (const char *c = lx->text + t->offset; c < lx->text + t->offset + t->size && *c != 'e' && *c != 'E'; c++)
        if (*c != '0' && *c != '.')
            return qni_error_at(err, QN_SYNTAX, NULL, 0, t->offset + 1,
                                "the number %s is too small (the smallest is 4.94e-324): write 0", shown.text);
    return QN_OK;
}

static qn_status lex_number(qni_lexer *lx, qni_token *t, qn_error *err)
{
    const char *start = lx->text + lx->at, *end = lx->text + lx->size;
    const char *after = qni_number_parse(&t->number, start, end);
    if (after == NULL)
        return qni_error_at(err, QN_SYNTAX, NULL, 0, lx->at + 1, "a point alone is not a number: write 0.5 or .5");
    t->kind = QNI_TOKEN_NUMBER;
    t->size = (int32_t)(after - start);
    lx->at += t->size;
    if (after < end && *after == '.') {
        qni_clipped shown = qni_clip(start, t->size + 1);
        return qni_error_at(err, QN_SYNTAX, NULL, 0, lx->at + 1, "a number has one decimal point: \"%s\" has two",
                            shown.text);
    }
    return check_range(lx, t, err);
}

static qn_status check_name_size(const qni_token *t, qn_error *err)
{
    if (t->size <= QNI_FORMULA_NAME_SIZE_MAX)
        return QN_OK;
    return qni_error_at(err, QN_LIMIT, NULL, 0, t->offset + 1, "a name may have at most %d bytes, this one has %d",
                        QNI_FORMULA_NAME_SIZE_MAX, (int)t->size);
}

static qn_status lex_name(qni_lexer *lx, qni_token *t, qn_error *err)
{
    uint32_t c;
    int step;
    while (lx->at < lx->size && (step = qni_char_decode(&c, lx->text, lx->size, lx->at)) != 0 && qni_char_in_name(c))
        lx->at += step;
    t->kind = QNI_TOKEN_NAME;
    t->size = lx->at - t->offset;
    return check_name_size(t, err);
}

/* `…`, a doubled backtick inside stands for one. The token keeps its backticks. */
static qn_status lex_quoted(qni_lexer *lx, qni_token *t, qn_error *err)
{
    int32_t at = lx->at + 1;
    for (;; at++) {
        const char *close = memchr(lx->text + at, '`', (size_t)(lx->size - at));
        if (close == NULL)
            return qni_error_at(err, QN_SYNTAX, NULL, 0, t->offset + 1,
                                "the name that starts with this backtick has no second backtick");
        at = (int32_t)(close - lx->text) + 1;
        if (at == lx->size || lx->text[at] != '`')
            break;
    }
    t->kind = QNI_TOKEN_QUOTED;
    t->size = at - t->offset;
    lx->at = at;
    if (t->size == 2)
        return qni_error_at(err, QN_SYNTAX, NULL, 0, t->offset + 1, "there is no name between the backticks");
    return check_name_size(t, err);
}

/* Signs that other languages have for ours. */
static const char *foreign_sign(const char *text, int64_t size, const char **advice)
{
    static const struct {
        const char *sign, *advice;
    } known[] = {
        {"===", "=="}, {"!==", "!="}, {"<>", "!="}, {"~=", "!="}, {"=<", "<="}, {"=>", ">="}, {":=", "="},
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        int64_t length = (int64_t)strlen(known[i].sign);
        if (length <= size && memcmp(known[i].sign, text, (size_t)length) == 0) {
            *advice = known[i].advice;
            return known[i].sign;
        }
    }
    return NULL;
}

/* The kind of the sign of two characters; 0: they are none. */
static int pair_kind(const char *text)
{
    static const struct {
        char text[3];
        int kind;
    } pairs[] = {
        {"**", '^'},          {"//", QNI_TOKEN_FLOORDIV}, {"<=", QNI_TOKEN_LE},  {">=", QNI_TOKEN_GE},
        {"==", QNI_TOKEN_EQ}, {"!=", QNI_TOKEN_NE},       {"&&", QNI_TOKEN_AND}, {"||", QNI_TOKEN_OR},
    };
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++)
        if (pairs[i].text[0] == text[0] && pairs[i].text[1] == text[1])
            return pairs[i].kind;
    return 0;
}

/* The longest sign that starts here. */
static qn_status lex_sign(qni_lexer *lx, qni_token *t, qn_error *err)
{
    const char *text = lx->text + lx->at;
    const bool followed = lx->at + 1 < lx->size && text[1] != '\0' && strchr("*/=<>&|", text[1]) != NULL;
    if (followed) {
        const char *advice, *foreign = foreign_sign(text, lx->size - lx->at, &advice);
        if (foreign != NULL)
            return qni_error_at(err, QN_SYNTAX, NULL, 0, lx->at + 1, "write %s instead of %s", advice, foreign);
        t->kind = pair_kind(text);
        t->size = 2;
    }
    if (t->kind == 0) {
        if (*text == '\0' || strchr("+-*/^()=,;<>!?:", *text) == NULL)
            return refuse_character(lx, err);
        t->kind = (unsigned char)*text;
        t->size = 1;
    }
    lx->at += t->size;
    return QN_OK;
}

qn_status qni_lexer_next(qni_lexer *lx, qni_token *t, qn_error *err)
{
    while (lx->at < lx->size && strchr(" \t\r\n", lx->text[lx->at]) != NULL && lx->text[lx->at] != '\0')
        lx->at++;
    *t = (qni_token){.kind = QNI_TOKEN_END, .offset = lx->at};
    if (lx->at == lx->size)
        return QN_OK;
    char c = lx->text[lx->at];
    uint32_t character;
    if (is_digit(c) || c == '.')
        return lex_number(lx, t, err);
    if (c == '`')
        return lex_quoted(lx, t, err);
    if (qni_char_decode(&character, lx->text, lx->size, lx->at) != 0 && qni_char_in_name(character))
        return lex_name(lx, t, err);
    return lex_sign(lx, t, err);
}
