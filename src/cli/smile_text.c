/* cli/smile_text.c: a surface as a person likes to read it: what was read, a line an expiry, where it is in doubt and
 * why, whether it is free of arbitrage; of a single day of expiry its strikes as well. */
#include "base/number.h"
#include "base/time.h"
#include "cli/sheet.h"
#include "cli/smile_int.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

enum {
    SPOT_DIGITS = 8 /* providers keep prices as floats: what follows is noise */
};

/* ---- cells ---- */

static void day_cell(qni_sheet *sheet, const qn_smile *smile)
{
    char text[QNI_TIME_TEXT_SIZE];
    qni_sheet_bytes(sheet, text, qni_date_text(text, smile->expiry));
    qni_sheet_bytes(sheet, " am", smile->settlement == QN_SETTLEMENT_AM ? 3 : 0);
    qni_sheet_cell(sheet, QNI_CELL_TEXT);
}

static void write_time(qni_out *out, int64_t us)
{
    char text[QNI_TIME_TEXT_SIZE];
    int32_t day;
    int64_t seconds;
    qn_market_local(&day, &seconds, us);
    (void)qni_date_text(text, day);
    qni_out_printf(out, "%s %02" PRId64 ":%02" PRId64 " in New York", text, seconds / 3600, seconds / 60 % 60);
}

static void write_head(const smile_job *job)
{
    static const char *const words[QN_QUOTE_CLASS_COUNT] = {"good",    "expired",   "duplicate", "zero",
                                                            "crossed", "one-sided", "stale",     "bad"};
    qni_out *out = job->run->out;
    const qn_chain *chain = job->chain;
    qni_out_style(out, QNI_STYLE_BOLD);
    qni_out_foreign(out, chain->ticker[0] != '\0' ? chain->ticker : chain->source, -1);
    qni_out_style(out, QNI_STYLE_PLAIN);
    qni_out_text(out, ", ");
    write_time(out, chain->as_of_us);
    if (!isnan(job->surface->spot)) {
        char text[QNI_NUMBER_SIZE];
        (void)qni_number_format_digits(text, job->surface->spot, SPOT_DIGITS);
        qni_out_printf(out, ", spot %s", text);
    }
    qni_out_printf(out, ", %s exercise, %s time\n", job->surface->american ? "American" : "European",
                   qn_clock_name(job->surface->clock));
    qni_out_foreign(out, chain->source, -1);
    qni_out_printf(out, ": %" PRId64 " %s", chain->count, chain->count == 1 ? "quote" : "quotes");
    const char *between = ": ";
    for (int i = 0; i < QN_QUOTE_CLASS_COUNT; i++) {
        if (chain->classes[i] == 0)
            continue;
        qni_out_printf(out, "%s%" PRId64 " %s", between, chain->classes[i], words[i]);
        between = ", ";
    }
    qni_out_text(out, "\n\n");
}

enum {
    EXPIRY_COLUMNS = 12
};

static void expiry_row(qni_sheet *sheet, const qn_smile *smile)
{
    bool fitted = smile->used > 0 && smile->shape != QN_SMILE_NONE;
    day_cell(sheet, smile);
    qni_sheet_number(sheet, 365 * smile->calendar_years, 1);
    qni_sheet_number(sheet, smile->forward, 3);
    qni_sheet_number(sheet, smile->forward_error, 3);
    qni_sheet_number(sheet, 100 * smile->rate, 2);
    qni_sheet_count(sheet, smile->pairs);
    qni_sheet_count(sheet, smile->used);
    qni_sheet_number(sheet, 100 * smile->atm_vol, 2);
    qni_sheet_number(sheet, 100 * smile->risk_reversal, 2);
    qni_sheet_number(sheet, 100 * smile->butterfly, 2);
    qni_sheet_number(sheet, fitted ? 100 * (double)qni_smile_inside(smile) / (double)smile->used : NAN, 0);
    qni_sheet_text(sheet, qn_smile_shape_name(smile->shape));
}

static qn_status write_table(const smile_job *job, qn_error *err)
{
    static const char *const heads[EXPIRY_COLUMNS] = {"expiry", "days",  "forward", "error",  "rate %",   "pairs",
                                                      "used",   "ATM %", "25d RR",  "25d BF", "within %", "smile"};
    qni_sheet sheet;
    qni_sheet_init(&sheet, job->run->out, EXPIRY_COLUMNS, job->run->allocator);
    for (int64_t c = 0; c < EXPIRY_COLUMNS; c++)
        qni_sheet_text(&sheet, heads[c]);
    for (int64_t c = 1; c + 1 < EXPIRY_COLUMNS; c++)
        qni_sheet_numbers(&sheet, c);
    for (int64_t i = 0; i < job->smile_count; i++)
        expiry_row(&sheet, &job->smiles[i]);
    qn_status s = qni_sheet_finish(&sheet, err);
    qni_sheet_free(&sheet);
    qni_out_text(job->run->out, "\n");
    return s;
}

static void write_day(qni_out *out, const qn_smile *smile)
{
    char text[QNI_TIME_TEXT_SIZE];
    (void)qni_date_text(text, smile->expiry);
    qni_out_text(out, text);
    qni_out_text(out, smile->settlement == QN_SETTLEMENT_AM ? " am" : "");
}

static void write_reasons(const smile_job *job)
{
    qni_out *out = job->run->out;
    bool any = false;
    for (int64_t i = 0; i < job->smile_count; i++) {
        const qn_smile *smile = &job->smiles[i];
        if (smile->reason[0] == '\0')
            continue;
        write_day(out, smile);
        qni_out_text(out, ": ");
        qni_out_foreign(out, smile->reason, -1);
        qni_out_text(out, "\n");
        any = true;
    }
    qni_out_text(out, any ? "\n" : "");
}

static void arbitrage_line(qni_out *out, const char *what, double least, const char *where, int64_t count,
                           const char *of)
{
    char text[QNI_NUMBER_SIZE];
    qni_out_text(out, what);
    qni_out_style(out, least >= 0 ? QNI_STYLE_GOOD : QNI_STYLE_BAD);
    qni_out_text(out, least >= 0 ? "free" : "NOT free");
    qni_out_style(out, QNI_STYLE_PLAIN);
    (void)qni_number_format_digits(text, least, 2);
    qni_out_printf(out, " (%" PRId64 " %s, %s %s)\n", count, of, where, text);
}

static void write_arbitrage(const smile_job *job)
{
    qni_out *out = job->run->out;
    const qn_surface *surface = job->surface;
    double least = INFINITY;
    int64_t fitted = 0, pairs = -1; /* flat ones are not compared with others */
    for (int64_t i = 0; i < job->smile_count; i++) {
        const qn_smile *smile = &job->smiles[i];
        if (smile->shape == QN_SMILE_NONE)
            continue;
        fitted++;
        pairs += smile->shape == QN_SMILE_SVI;
        least = smile->least_density < least ? smile->least_density : least;
    }
    if (fitted > 0)
        arbitrage_line(out, "butterfly arbitrage: ", least, "least density factor", fitted,
                       fitted == 1 ? "smile" : "smiles");
    if (job->smile_count == surface->smile_count && surface->least_calendar_smile >= 0)
        arbitrage_line(out, "calendar arbitrage:  ", surface->least_calendar, "least growth of total variance", pairs,
                       pairs == 1 ? "pair" : "pairs");
}

/* ---- one day of expiry ---- */

static void write_parameters(qni_out *out, const qn_smile *smile)
{
    if (smile->shape != QN_SMILE_SVI)
        return;
    const double values[] = {smile->svi.a, smile->svi.b, smile->svi.rho, smile->svi.m, smile->svi.sigma};
    static const char *const names[] = {"a", "b", "rho", "m", "sigma"};
    qni_out_text(out, "total variance of k = log(K/F): a + b*(rho*(k - m) + sqrt((k - m)^2 + sigma^2))\n ");
    for (int i = 0; i < 5; i++) {
        char text[QNI_NUMBER_SIZE];
        (void)qni_number_format_digits(text, values[i], 6);
        qni_out_printf(out, " %s = %s", names[i], text);
    }
    qni_out_text(out, "\n\n");
}

enum {
    POINT_COLUMNS = 10
};

/* What kind of quote it is where it is not a good one, else what became of its volatility. */
static void point_row(qni_sheet *sheet, const qn_chain *chain, const qn_smile_point *p)
{
    const qn_quote *quote = &chain->quotes[p->quote];
    qni_sheet_number(sheet, p->strike, 2);
    qni_sheet_text(sheet, p->type == QN_CALL ? "call" : "put");
    qni_sheet_number(sheet, p->bid, 3);
    qni_sheet_number(sheet, p->ask, 3);
    qni_sheet_number(sheet, 100 * p->bid_vol, 2);
    qni_sheet_number(sheet, 100 * p->mid_vol, 2);
    qni_sheet_number(sheet, 100 * p->ask_vol, 2);
    qni_sheet_number(sheet, 100 * p->fitted_vol, 2);
    qni_sheet_number(sheet, p->weight, 3);
    qni_sheet_text(sheet, quote->quote_class != QN_QUOTE_GOOD ? qn_quote_class_name((qn_quote_class)quote->quote_class)
                                                              : qn_option_status_name(p->status));
}

static qn_status write_points(const smile_job *job, const qn_smile *smile, qn_error *err)
{
    static const char *const heads[POINT_COLUMNS] = {"strike", "type",  "bid",   "ask",    "bid %",
                                                     "mid %",  "ask %", "fit %", "weight", "status"};
    qni_sheet sheet;
    if (job->smile_count > 1) {
        write_day(job->run->out, smile);
        qni_out_text(job->run->out, "\n");
    }
    write_parameters(job->run->out, smile);
    qni_sheet_init(&sheet, job->run->out, POINT_COLUMNS, job->run->allocator);
    for (int64_t c = 0; c < POINT_COLUMNS; c++)
        qni_sheet_text(&sheet, heads[c]);
    for (int64_t i = 0; i < smile->point_count; i++)
        point_row(&sheet, job->chain, &smile->points[i]);
    qn_status s = qni_sheet_finish(&sheet, err);
    qni_sheet_free(&sheet);
    qni_out_text(job->run->out, "\n");
    return s;
}

qn_status qni_smile_show_text(const smile_job *job, qn_error *err)
{
    const bool one_day = job->smiles[0].expiry == job->smiles[job->smile_count - 1].expiry;
    write_head(job);
    qn_status s = write_table(job, err);
    for (int64_t i = 0; s == QN_OK && one_day && i < job->smile_count; i++) /* some days have am and pm */
        s = write_points(job, &job->smiles[i], err);
    if (s != QN_OK)
        return s;
    write_reasons(job);
    write_arbitrage(job);
    return QN_OK;
}
