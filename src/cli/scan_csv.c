/* cli/scan_csv.c: a scan as CSV, a line a ticker that was judged, best first. Cells of what is not known are empty. */
#include "base/number.h"
#include "base/time.h"
#include "cli/scan_int.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

/* Between quotes where it has to be. */
static void write_text(qni_out *out, const char *text)
{
    if (text[strcspn(text, ",\"\r\n")] == 0) {
        qni_out_text(out, text);
        return;
    }
    qni_out_bytes(out, "\"", 1);
    for (; *text != 0; text++)
        qni_out_bytes(out, *text == '"' ? "\"\"" : text, *text == '"' ? 2 : 1);
    qni_out_bytes(out, "\"", 1);
}

static void text_cell(qni_out *out, const char *text)
{
    write_text(out, text);
    qni_out_bytes(out, ",", 1);
}

static void number_cell(qni_out *out, double value)
{
    if (isfinite(value))
        qni_out_number(out, value);
    qni_out_bytes(out, ",", 1);
}

static void write_ticker(qni_out *out, const qn_scan_ticker *t)
{
    const qn_trade *best = t->best >= 0 ? &t->trades[t->best] : NULL;
    char day[QNI_TIME_TEXT_SIZE];
    (void)qni_date_text(day, t->event.day);
    text_cell(out, t->ticker);
    text_cell(out, t->sector);
    number_cell(out, t->spot);
    text_cell(out, day);
    text_cell(out, qn_timing_name((qn_timing)t->event.timing));
    text_cell(out, t->event.timing_inferred ? "true" : "false");
    const double numbers[] = {t->event.implied_move,
                              t->event.implied_move_error,
                              t->event.straddle_move,
                              (double)t->history.used,
                              t->history.mean,
                              t->history.median,
                              t->history.sd,
                              t->history.max,
                              t->history.expected,
                              t->vrp.ratio,
                              t->vrp.low,
                              t->vrp.high};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        number_cell(out, numbers[i]);
    text_cell(out, qn_tier_name(t->vrp.tier));
    text_cell(out, qn_tier_name(t->liquidity.tier));
    number_cell(out, t->skew);
    number_cell(out, t->score.total);
    text_cell(out, best != NULL ? qn_strategy_name(best->strategy) : "");
    number_cell(out, best != NULL ? best->credit : NAN);
    number_cell(out, best != NULL ? best->payoff.max_loss : NAN);
    number_cell(out, best != NULL ? best->pop : NAN);
    number_cell(out, best != NULL ? best->expected_value : NAN);
    number_cell(out, best != NULL ? best->kelly_fraction : NAN);
    qni_out_printf(out, "%" PRId64 "\n", best != NULL ? best->contracts : 0);
}

qn_status qni_scan_show_csv(const scan_job *job, qn_error *err)
{
    qni_out *out = job->run->out;
    (void)err;
    qni_out_text(out, "ticker,sector,spot,earnings_date,timing,timing_inferred,implied_move,implied_move_error,"
                      "straddle_move,n,mean,median,sd,max,expected,vrp,vrp_low,vrp_high,tier,liquidity,skew,score,"
                      "strategy,credit,max_loss,pop,expected_value,kelly_fraction,contracts\n");
    for (int64_t i = 0; i < job->scan->ticker_count; i++)
        if (qni_scan_is_shown(job, job->scan->tickers[i].ticker))
            write_ticker(out, &job->scan->tickers[i]);
    return QN_OK;
}
