/* Any bytes as formulas of a stream: as one, they are refused with a place in them, or come apart into steps that read
 * only what there is before them and a model without parameters; what remains compiles again from its normal spelling.
 * As a file of formulas, the lines have the same bytes at the places that they say. */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lang/hoist.h"
#include "stream/formula_int.h"

enum {
    BYTES_MAX = 1 << 14
};

static const char *const columns[] = {"price", "size", "odd name", "ema", "pi", "=lag(price)"};
enum {
    COLUMNS = sizeof columns / sizeof columns[0]
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool holds)
{
    if (!holds)
        abort();
}

/* Whether `name` is given or made by one of the first `count` steps. */
static bool is_there(const qni_hoisted *h, int64_t count, const char *name)
{
    for (int64_t i = 0; i < COLUMNS; i++)
        if (strcmp(columns[i], name) == 0)
            return true;
    for (int64_t i = 0; i < count; i++)
        if (strcmp(h->steps[i].column, name) == 0)
            return true;
    return false;
}

static void check_model(const qni_hoisted *h, int64_t count, const qn_model *model)
{
    expect(model != NULL && qn_model_parameter_count(model) == 0 && !qn_model_has_response(model));
    for (int64_t i = 0; i < qn_model_column_count(model); i++)
        expect(is_there(h, count, qn_model_column_name(model, i)));
}

static void check_steps(const qni_hoisted *h, int64_t size)
{
    for (int64_t i = 0; i < h->count; i++) {
        const qni_hoist_step *s = &h->steps[i];
        expect(qni_hoist_is_hidden(s->column) && !is_there(h, i, s->column) && strlen(s->column) <= 256);
        expect(s->place >= 1 && s->place <= size);
        if (s->model != NULL) {
            check_model(h, i, s->model);
            continue;
        }
        const qni_stateful_info *info = &qni_stateful_infos[s->function];
        for (int k = 0; k < info->series; k++)
            expect(is_there(h, i, s->series[k]));
        expect(s->constant_count >= info->least && s->constant_count <= info->most);
        for (int k = 0; k < s->constant_count; k++)
            expect(isfinite(s->constants[k]));
    }
    check_model(h, h->count, h->model);
    expect(!qni_hoist_is_hidden(h->name) && !is_there(h, h->count, h->name));
}

static void check_formula(const char *text, int64_t size)
{
    qni_hoisted h;
    qn_error err = qn_error_none();
    const qn_status status = qni_hoist(&h, text, size, columns, COLUMNS, NULL, &err);
    if (status == QN_OK)
        check_steps(&h, size);
    else
        expect((status == QN_SYNTAX || status == QN_NAME || status == QN_LIMIT) && err.message[0] != '\0' &&
               err.column >= 0 && err.column <= size + 1);
    qni_hoisted_fini(&h);
}

/* The byte at a place of the text, a formula's blanks being whatever was blanked out. */
static void check_place(const char *text, int64_t size, const qni_formula_text *formula, int64_t at)
{
    int64_t line, column, start = 0;
    qni_formula_place(&line, &column, formula, at + 1);
    for (int64_t i = 1; i < line; i++) {
        const char *newline = memchr(text + start, '\n', (size_t)(size - start));
        expect(newline != NULL);
        start = newline - text + 1;
    }
    if (line == 1 && size >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0)
        start = 3;
    const int64_t place = start + column - 1;
    expect(place >= 0 && place < size && (text[place] == formula->text[at] || formula->text[at] == ' '));
}

static void check_lines(const char *text, int64_t size)
{
    char *bytes = malloc((size_t)size + 1);
    expect(bytes != NULL);
    memcpy(bytes, text, (size_t)size);
    qni_formula_lines lines = {.bytes = bytes, .size = size};
    int64_t end = 0;
    for (;;) {
        qni_formula_text formula;
        qn_error err = qn_error_none();
        const qn_status status = qni_formula_next(&formula, &lines, &err);
        expect(status == QN_OK || (status == QN_SYNTAX && err.line > 0 && err.column > 0 && formula.text == NULL));
        if (formula.text == NULL)
            break;
        expect(formula.text >= bytes + end && formula.size > 0 && formula.line > 0 && formula.column > 0);
        end = formula.text - bytes + formula.size;
        expect(end <= size && lines.at <= size);
        check_place(text, size, &formula, 0);
        check_place(text, size, &formula, formula.size - 1);
        check_formula(formula.text, formula.size);
    }
    expect(lines.at == size);
    free(bytes);
}

/* The first byte chooses. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0 || size > BYTES_MAX)
        return 0;
    const char *text = (const char *)data + 1;
    if ((data[0] & 1) != 0)
        check_lines(text, (int64_t)size - 1);
    else
        check_formula(text, (int64_t)size - 1);
    return 0;
}
