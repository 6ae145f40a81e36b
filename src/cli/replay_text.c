/* cli/replay_text.c: the summary of a replay for people. */
#include "base/number.h"
#include "base/time.h"
#include "cli/digits.h"
#include "cli/limits.h"
#include "cli/replay_int.h"
#include "cli/sheet.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

double qni_replay_rate(const replay_job *job)
{
    return job->stats.seconds_ns > 0 ? (double)job->stats.consumed / ((double)job->stats.seconds_ns / 1e9) : 0;
}

void qni_replay_digest(char out[33], const replay_job *job)
{
    (void)snprintf(out, 33, "%016" PRIx64 "%016" PRIx64, job->stats.digest[0], job->stats.digest[1]);
}

/* Thousands apart: 1,234,567. */
static void count_text(qni_out *out, int64_t count)
{
    char digits[24];
    const int size = snprintf(digits, sizeof digits, "%" PRId64, count);
    for (int i = 0; i < size; i++) {
        if (i > 0 && (size - i) % 3 == 0)
            qni_out_text(out, ",");
        qni_out_bytes(out, &digits[i], 1);
    }
}

static void counted(qni_out *out, int64_t count, const char *one, const char *many)
{
    count_text(out, count);
    qni_out_printf(out, " %s", count == 1 ? one : many);
}

static void number(qni_out *out, double value, int digits)
{
    char text[QNI_DIGITS_SIZE];
    qni_out_bytes(out, text, qni_digits_write_count(text, value, digits));
}

/* "18.2 us" */
static void duration(qni_out *out, int64_t ns)
{
    number(out,
           ns < 1000         ? (double)ns
           : ns < 1000000    ? (double)ns / 1e3
           : ns < 1000000000 ? (double)ns / 1e6
                             : (double)ns / 1e9,
           3);
    qni_out_text(out, ns < 1000 ? " ns" : ns < 1000000 ? " us" : ns < 1000000000 ? " ms" : " s");
}

static int64_t symbols_seen(const replay_job *job)
{
    int64_t seen = 0;
    qn_symbol_aggregate of = {.size = sizeof of};
    for (int32_t i = 0; i < qn_symbols_count(job->symbols); i++)
        seen += qn_aggregates_symbol(&of, job->aggregates, i, NULL) == QN_OK && of.records > 0;
    return seen;
}

static void write_head(const replay_job *job)
{
    const qn_stream_stats *const s = &job->stats;
    qni_out *const out = job->run->out;
    char digest[33];
    qni_replay_digest(digest, job);
    counted(out, s->consumed, "record", "records");
    qni_out_text(out, " of ");
    counted(out, symbols_seen(job), "symbol", "symbols");
    qni_out_text(out, " in ");
    duration(out, s->seconds_ns);
    qni_out_text(out, ": ");
    number(out, qni_replay_rate(job) / 1e6, 3);
    qni_out_text(out, " million a second");
    if (s->dropped > 0) {
        qni_out_text(out, "; of ");
        count_text(out, s->produced);
        qni_out_text(out, " that came ");
        count_text(out, s->dropped);
        qni_out_text(out, " were dropped");
    }
    qni_out_text(out, "\nlatency ");
    duration(out, s->latency_p50_ns);
    qni_out_text(out, " (half of all), ");
    duration(out, s->latency_p99_ns);
    qni_out_text(out, " (99 %), ");
    duration(out, s->latency_p999_ns);
    qni_out_text(out, " (99.9 %), ");
    duration(out, s->latency_max_ns);
    qni_out_text(out, " at most; ");
    counted(out, job->requests_end - job->requests_warm, "allocation", "allocations");
    qni_out_printf(out, " after warm-up\ndigest  %s\n", digest);
}

/* What the file had that a person may not expect. */
static void write_found(const replay_job *job)
{
    if (job->csv.self == NULL)
        return;
    qni_out *const out = job->run->out;
    qn_csv_source_stats found = {.size = sizeof found};
    qn_error first;
    qn_csv_source_get_stats(&job->csv, &found, &first);
    if (found.bad > 0)
        qni_out_printf(out, "left out: %" PRId64 " bad lines, the first %" PRId64 " (%s)\n", found.bad, found.bad_line,
                       first.message);
    if (found.unknown > 0)
        qni_out_printf(out, "left out: %" PRId64 " lines of unknown symbols, the first %" PRId64 "\n", found.unknown,
                       found.unknown_line);
    if (found.backwards > 0) {
        qni_out_printf(out, "time goes back %" PRId64 " times, first in line %" PRId64 ", at most by ", found.backwards,
                       found.backwards_line);
        duration(out, found.backwards_most_ns);
        qni_out_text(out, "\n");
    }
    if (found.gaps > 0)
        qni_out_printf(out, "sequence: %" PRId64 " gaps, first in line %" PRId64 "; %" PRId64 " numbers are missing\n",
                       found.gaps, found.gap_line, found.missing);
    if (found.repeats > 0)
        qni_out_printf(out, "sequence: %" PRId64 " numbers come again, first in line %" PRId64 "\n", found.repeats,
                       found.repeat_line);
}

/* ---- tables ---- */

static void six(qni_sheet *sheet, double value)
{
    char text[QNI_DIGITS_SIZE];
    if (!isfinite(value)) {
        qni_sheet_text(sheet, "");
        return;
    }
    qni_sheet_bytes(sheet, text, qni_digits_write_count(text, value, QNI_REPLAY_DIGITS));
    qni_sheet_cell(sheet, QNI_CELL_NUMBER);
}

static void head_row(qni_sheet *sheet, const char *const *heads, int64_t count)
{
    for (int64_t i = 0; i < count; i++)
        qni_sheet_text(sheet, heads[i]);
    for (int64_t i = 1; i < count; i++)
        qni_sheet_numbers(sheet, i);
}

static qn_status write_columns(const replay_job *job, qn_error *err)
{
    static const char *const heads[] = {"column", "values", "NaN", "least", "mean", "sd", "greatest", "last"};
    const int64_t count = qn_aggregates_column_count(job->aggregates);
    if (count == 0)
        return QN_OK;
    qni_sheet sheet;
    qni_out_text(job->run->out, "\n");
    qni_sheet_init(&sheet, job->run->out, sizeof heads / sizeof heads[0], job->run->allocator);
    head_row(&sheet, heads, sizeof heads / sizeof heads[0]);
    qn_status s = QN_OK;
    for (int64_t c = 0; c < count && s == QN_OK; c++) {
        qn_column_aggregate of = {.size = sizeof of};
        s = qn_aggregates_column(&of, job->aggregates, -1, c, err);
        qni_sheet_text(&sheet, qn_aggregates_column_name(job->aggregates, c));
        qni_sheet_count(&sheet, of.finite + of.infinite);
        qni_sheet_count(&sheet, of.nan);
        six(&sheet, of.min);
        six(&sheet, of.mean);
        six(&sheet, of.sd);
        six(&sheet, of.max);
        six(&sheet, of.last);
    }
    if (s == QN_OK)
        s = qni_sheet_finish(&sheet, err);
    qni_sheet_free(&sheet);
    return s;
}

static void symbol_row(qni_sheet *sheet, const replay_job *job, int32_t symbol, const qn_symbol_aggregate *of)
{
    qni_sheet_text(sheet, qn_symbols_name(job->symbols, symbol));
    qni_sheet_count(sheet, of->records);
    six(sheet, of->open);
    six(sheet, of->high);
    six(sheet, of->low);
    six(sheet, of->close);
    six(sheet, of->volume);
    six(sheet, of->vwap);
    if (job->gate == NULL)
        return;
    qn_gate_position position = {.size = sizeof position};
    qn_gate_get_position(job->gate, symbol, &position);
    six(sheet, (double)position.position / QN_TICK_SCALE);
}

static qn_status write_symbols(const replay_job *job, qn_error *err)
{
    static const char *const heads[] = {"symbol", "records", "open", "high",    "low",
                                        "close",  "volume",  "vwap", "position"};
    const int64_t width = (int64_t)(sizeof heads / sizeof heads[0]) - (job->gate == NULL), seen = symbols_seen(job);
    if (seen == 0)
        return QN_OK;
    qni_sheet sheet;
    qni_out_text(job->run->out, "\n");
    qni_sheet_init(&sheet, job->run->out, width, job->run->allocator);
    head_row(&sheet, heads, width);
    int64_t shown = 0;
    for (int32_t i = 0; i < qn_symbols_count(job->symbols) && shown < QNI_REPLAY_SYMBOLS_SHOWN; i++) {
        qn_symbol_aggregate of = {.size = sizeof of};
        if (qn_aggregates_symbol(&of, job->aggregates, i, NULL) != QN_OK || of.records == 0)
            continue;
        symbol_row(&sheet, job, i, &of);
        shown++;
    }
    qn_status s = qni_sheet_finish(&sheet, err);
    qni_sheet_free(&sheet);
    if (seen > shown)
        qni_out_printf(job->run->out, "and %" PRId64 " more (--format json has all)\n", seen - shown);
    return s;
}

static void write_gate(const replay_job *job)
{
    if (job->gate == NULL)
        return;
    qni_out *const out = job->run->out;
    qn_gate_stats of = {.size = sizeof of};
    qn_gate_get_stats(job->gate, &of);
    qni_out_text(out, "\n");
    counted(out, of.orders, "order", "orders");
    qni_out_text(out, ": ");
    count_text(out, of.accepted);
    qni_out_text(out, " passed, ");
    count_text(out, of.refused);
    qni_out_text(out, " refused\n");
    for (int rule = 1; rule < QN_GATE_RULE_END; rule++) {
        const int64_t count = qn_gate_refused(job->gate, (qn_gate_rule)rule);
        if (count == 0)
            continue;
        qni_out_printf(out, "  %-16s ", qn_gate_rule_name((qn_gate_rule)rule));
        count_text(out, count);
        qni_out_printf(out, ": %s\n", qn_gate_rule_text((qn_gate_rule)rule));
    }
    qni_out_text(out, "won ");
    number(out, of.realised + of.unrealised, QNI_REPLAY_DIGITS);
    qni_out_text(out, " (");
    number(out, of.unrealised, QNI_REPLAY_DIGITS);
    qni_out_text(out, " of it not realised), held ");
    number(out, of.gross, QNI_REPLAY_DIGITS);
    qni_out_text(out, of.halted ? "; halted by the drawdown\n" : of.killed ? "; the kill switch is on\n" : "\n");
}

qn_status qni_replay_text(replay_job *job, qn_error *err)
{
    write_head(job);
    write_found(job);
    qn_status s = write_columns(job, err);
    if (s == QN_OK)
        write_gate(job);
    return s == QN_OK ? write_symbols(job, err) : s;
}
