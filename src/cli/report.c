/* cli/report.c: the shape of error messages; and the window on a long formula.
 *
 * The work is bounded by the window, whatever the formula's length, but for counting the lines before the place. */
#include "cli/report.h"

#include "cli/text.h"

#include <quern/budget.h>

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

static void begin(qni_out *out)
{
    qni_out_init(out, STDERR_FILENO);
    qni_out_style(out, QNI_STYLE_BOLD);
    qni_out_text(out, "quern:");
    qni_out_style(out, QNI_STYLE_PLAIN);
    qni_out_text(out, " ");
}

/* Nobody can be told that standard error cannot be written to. */
static void end(qni_out *out)
{
    (void)!qni_out_flush(out, "standard error", NULL);
}

static void place(qni_out *out, const char *file, int64_t line, int64_t column)
{
    if (file != NULL && file[0] != '\0') {
        qni_out_foreign(out, file, -1);
        qni_out_text(out, ":");
        if (line > 0)
            qni_out_printf(out, "%" PRId64 ":", line);
        if (line > 0 && column > 0)
            qni_out_printf(out, "%" PRId64 ":", column);
        qni_out_text(out, " ");
    } else if (line > 0) {
        qni_out_printf(out, "line %" PRId64 ": ", line);
    }
}

static void sentence(qni_out *out, const qn_error *err)
{
    qni_out_foreign(out, err->message[0] != '\0' ? err->message : qn_status_text(err->code), -1);
    qn_error why = qn_error_none();
    if (err->code == QN_NOMEM && qn_budget_last_refusal(qn_budget_process(), &why) == QN_BUDGET) {
        /* It was a budget that refused: whoever said so could not know that. */
        qni_out_text(out, ": ");
        qni_out_foreign(out, why.message, -1);
    }
    qni_out_text(out, "\n");
}

int qni_report(const qn_error *err)
{
    qni_out out;
    begin(&out);
    place(&out, err->file, err->line, err->column);
    sentence(&out, err);
    end(&out);
    return qn_status_exit_code(err->code);
}

int qni_report_usage(const qn_error *err, const char *verb)
{
    qni_out out;
    begin(&out);
    sentence(&out, err);
    if (err->code == QN_INVALID)
        qni_out_printf(&out, "Try \"quern %s%s--help\".\n", verb != NULL ? verb : "", verb != NULL ? " " : "");
    end(&out);
    return qn_status_exit_code(err->code);
}

void qni_report_warning(const char *text)
{
    qni_out out;
    begin(&out);
    qni_out_style(&out, QNI_STYLE_WARN);
    qni_out_text(&out, "warning:");
    qni_out_style(&out, QNI_STYLE_PLAIN);
    qni_out_text(&out, " ");
    qni_out_foreign(&out, text, -1);
    qni_out_text(&out, "\n");
    end(&out);
}

/* The start of the character before `at`, not before `from`. */
static const char *previous(const char *at, const char *from)
{
    const char *p = at - 1;
    while (p > from && at - p < 4 && ((unsigned char)*p & 0xC0) == 0x80)
        p--;
    return p;
}

static int64_t columns_at(const char **next, const char *at, const char *end)
{
    int32_t code;
    *next = at + qni_text_next(&code, at, end);
    return code < 0 || qni_text_is_control(code) ? 1 : qni_text_columns(code);
}

/* The part of [from, end) around `at` that fits into `room` columns: two thirds of them before the place, if there is
 * as much. */
static void window(const char **left, const char **right, const char *from, const char *at, const char *end,
                   int64_t room)
{
    const char *next;
    int64_t used = 0;
    for (*right = at; *right < end; *right = next) { /* what may follow the place */
        int64_t width = columns_at(&next, *right, end);
        if (used + width > room / 3)
            break;
        used += width;
    }
    for (*left = at; *left > from;) {
        const char *p = previous(*left, from);
        int64_t width = columns_at(&next, p, end);
        if (used + width > room)
            break;
        used += width;
        *left = p;
    }
    for (; *right < end; *right = next) { /* what room is left */
        int64_t width = columns_at(&next, *right, end);
        if (used + width > room)
            break;
        used += width;
    }
}

static void quote(qni_out *out, const char *from, const char *at, const char *end)
{
    const char *left, *right;
    const char *dots = out->utf8 ? "\xE2\x80\xA6" : "...";
    int64_t dots_width = out->utf8 ? 1 : 3;
    window(&left, &right, from, at, end, QNI_TEXT_COLUMNS - 2 - 2 * dots_width);
    qni_out_text(out, "  ");
    qni_out_text(out, left > from ? dots : "");
    qni_out_foreign(out, left, right - left);
    qni_out_text(out, right < end ? dots : "");
    qni_out_text(out, "\n");
    qni_out_spaces(out, 2 + (left > from ? dots_width : 0) + qni_text_width(left, at - left));
    qni_out_style(out, QNI_STYLE_GOOD);
    qni_out_text(out, "^");
    qni_out_style(out, QNI_STYLE_PLAIN);
    qni_out_text(out, "\n");
}

int qni_report_formula(const qn_error *err, const char *formula, int64_t size, const char *file)
{
    if (err->column <= 0)
        return qni_report(err);
    qni_out out;
    int64_t offset = err->column - 1 < size ? err->column - 1 : size;
    const char *at = formula + offset, *line = formula, *last = formula + size, *newline;
    int64_t number = 1;
    while ((newline = memchr(line, '\n', (size_t)(at - line))) != NULL) {
        line = newline + 1;
        number++;
    }
    newline = memchr(at, '\n', (size_t)(last - at));
    bool one_line = line == formula && newline == NULL;
    begin(&out);
    place(&out, file, file == NULL && one_line ? 0 : number, at - line + 1);
    sentence(&out, err);
    quote(&out, line, at, newline != NULL ? newline : last);
    end(&out);
    return qn_status_exit_code(err->code);
}
