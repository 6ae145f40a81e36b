/* options/chain_symbol.c: symbols of options and what their roots tell; see chain_text.h. */
#include "options/chain_text.h"

#include "base/time.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

enum {
    DATE = 7,   /* yymmdd, C or P */
    STRIKE = 8, /* digits */
};

/* Roots of index options that are settled in the morning, or that go by another name than their underlying. */
static const struct {
    const char *root, *ticker;
    qn_settlement settlement;
} roots[] = {
    {"SPX", "SPX", QN_SETTLEMENT_AM},  {"SPXW", "SPX", QN_SETTLEMENT_PM}, {"SPXPM", "SPX", QN_SETTLEMENT_PM},
    {"NDX", "NDX", QN_SETTLEMENT_AM},  {"NDXP", "NDX", QN_SETTLEMENT_PM}, {"RUT", "RUT", QN_SETTLEMENT_AM},
    {"RUTW", "RUT", QN_SETTLEMENT_PM}, {"VIX", "VIX", QN_SETTLEMENT_AM},  {"VIXW", "VIX", QN_SETTLEMENT_AM},
    {"DJX", "DJX", QN_SETTLEMENT_AM},
};

static ptrdiff_t find_root(const char *root)
{
    for (size_t i = 0; i < sizeof roots / sizeof roots[0]; i++) {
        if (roots[i].root[0] == root[0] && strcmp(roots[i].root, root) == 0)
            return (ptrdiff_t)i;
    }
    return -1;
}

const char *qni_root_ticker(const char *root)
{
    ptrdiff_t i = find_root(root);
    return i < 0 ? root : roots[i].ticker;
}

qn_settlement qni_root_settlement(const char *root)
{
    ptrdiff_t i = find_root(root);
    return i < 0 ? QN_SETTLEMENT_PM : roots[i].settlement;
}

int qn_ticker_plain(char out[16], const char *name)
{
    size_t length = strlen(name);
    if (length > 3 && strcasecmp(name + length - 3, ".US") == 0)
        length -= 3;
    int count = 0;
    for (size_t i = 0; i < length; i++) {
        bool small = name[i] >= 'a' && name[i] <= 'z';
        if (!small && !(name[i] >= 'A' && name[i] <= 'Z') && !(name[i] >= '0' && name[i] <= '9'))
            continue;
        if (count < 15)
            out[count] = (char)(small ? name[i] - 32 : name[i]);
        count++;
    }
    out[count < 15 ? count : 15] = '\0';
    return count;
}

/* The number that `count` digits make; -1: they are none. */
static int32_t digits(const char *text, int count)
{
    int32_t value = 0;
    for (int i = 0; i < count; i++) {
        if (text[i] < '0' || text[i] > '9')
            return -1;
        value = value * 10 + (text[i] - '0');
    }
    return value;
}

static bool take_root(char out[8], const char *text, size_t size)
{
    if (size > 2 && memcmp(text, "O:", 2) == 0) {
        text += 2;
        size -= 2;
    }
    while (size > 0 && text[size - 1] == ' ')
        size--;
    if (size == 0 || size > 6)
        return false;
    for (size_t i = 0; i < size; i++) {
        if (!((text[i] >= 'A' && text[i] <= 'Z') || (text[i] >= '0' && text[i] <= '9')))
            return false;
    }
    memcpy(out, text, size);
    out[size] = '\0';
    return true;
}

/* How many digits of strike a symbol ends with: eight, or, after a blank and a date, as many as there are. */
static size_t strike_size(const char *text, size_t size)
{
    size_t count = 0;
    while (count < size && count < STRIKE && text[size - 1 - count] >= '0' && text[size - 1 - count] <= '9')
        count++;
    bool whole = count == STRIKE || (size > count + DATE && text[size - count - DATE - 1] == ' ');
    return whole ? count : 0;
}

bool qni_symbol_parse(qni_symbol *out, const char *text)
{
    size_t size = strlen(text), strike_digits = strike_size(text, size), tail_size = DATE + strike_digits;
    if (strike_digits == 0 || size <= tail_size || !take_root(out->root, text, size - tail_size))
        return false;
    const char *tail = text + size - tail_size;
    int32_t year = digits(tail, 2), month = digits(tail + 2, 2), day = digits(tail + 4, 2);
    int32_t strike = digits(tail + DATE, (int)strike_digits);
    if (year < 0 || month < 1 || month > 12 || day < 1 || strike <= 0 || (tail[6] != 'C' && tail[6] != 'P'))
        return false;
    out->expiry = qni_date_days(2000 + year, month, day);
    out->type = tail[6] == 'C' ? QN_CALL : QN_PUT;
    out->strike = strike / 1000.0;
    int32_t back;
    int back_month, back_day;
    qni_date_split(&back, &back_month, &back_day, out->expiry);
    return back_month == month && back_day == day;
}
