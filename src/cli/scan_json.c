/* cli/scan_json.c: a scan as one JSON object: everything that is known of it. */
#include "base/json.h"
#include "base/time.h"
#include "cli/scan_int.h"

#include <math.h>
#include <string.h>

static void key_day(qni_json_writer *w, const char *key, int32_t day)
{
    char text[QNI_TIME_TEXT_SIZE];
    qni_json_key_string(w, key, qni_date_text(text, day) > 0 ? text : NULL);
}

static void key_time(qni_json_writer *w, const char *key, int64_t us)
{
    char text[QNI_TIME_TEXT_SIZE];
    int64_t size = us != 0 ? qni_timestamp_text(text, us, 'T') : 0;
    text[size] = 'Z'; /* there is room for an offset */
    text[size + 1] = 0;
    qni_json_key_string(w, key, size > 0 ? text : NULL);
}

/* ---- trades ---- */

static void write_leg(qni_json_writer *w, const qn_leg *leg)
{
    qni_json_object_begin(w);
    qni_json_key_string(w, "side", leg->quantity > 0 ? "buy" : "sell");
    qni_json_key_int64(w, "quantity", leg->quantity > 0 ? leg->quantity : -leg->quantity);
    qni_json_key_string(w, "type", leg->type == QN_CALL ? "call" : "put");
    qni_json_key_double(w, "strike", leg->strike);
    key_day(w, "expiry", leg->expiry);
    qni_json_key_double(w, "price", leg->price);
    qni_json_key_double(w, "bid", leg->bid);
    qni_json_key_double(w, "ask", leg->ask);
    qni_json_key_double(w, "iv", leg->sigma);
    qni_json_key_double(w, "delta", leg->delta);
    qni_json_key_double(w, "gamma", leg->gamma);
    qni_json_key_double(w, "vega", leg->vega);
    qni_json_key_double(w, "theta", leg->theta);
    qni_json_key_double(w, "open_interest", leg->open_interest);
    qni_json_object_end(w);
}

/* A gain or loss without bound is null, and `undefined_risk` says so of losses. */
static void write_trade(qni_json_writer *w, const qn_trade *t, bool best)
{
    qni_json_object_begin(w);
    qni_json_key_string(w, "name", qn_strategy_name(t->strategy));
    qni_json_key_bool(w, "best", best);
    qni_json_key_bool(w, "built", t->built);
    qni_json_key_bool(w, "tradable", t->tradable);
    qni_json_key_bool(w, "undefined_risk", t->undefined_risk);
    qni_json_key(w, "legs");
    qni_json_array_begin(w);
    for (int64_t i = 0; i < t->leg_count; i++)
        write_leg(w, &t->legs[i]);
    qni_json_array_end(w);
    qni_json_key_double(w, "credit", t->credit);
    qni_json_key_double(w, "commission", t->commission);
    qni_json_key_double(w, "max_profit", t->payoff.max_profit);
    qni_json_key_double(w, "max_loss", t->payoff.max_loss);
    qni_json_key(w, "breakevens");
    qni_json_array_begin(w);
    for (int64_t i = 0; i < t->payoff.breakeven_count; i++)
        qni_json_double(w, t->payoff.breakevens[i]);
    qni_json_array_end(w);
    qni_json_key_double(w, "delta", t->delta);
    qni_json_key_double(w, "gamma", t->gamma);
    qni_json_key_double(w, "vega", t->vega);
    qni_json_key_double(w, "theta", t->theta);
    qni_json_key_double(w, "pop", t->pop);
    qni_json_key_double(w, "expected_value", t->expected_value);
    qni_json_key_double(w, "cvar", t->cvar);
    qni_json_key_double(w, "edge", t->edge);
    qni_json_key_double(w, "kelly_fraction", t->kelly_fraction);
    qni_json_key_int64(w, "contracts", t->contracts);
    qni_json_key_double(w, "risk", t->risk);
    qni_json_key_double(w, "score", t->score);
    qni_json_key_string(w, "reason", t->reason);
    qni_json_object_end(w);
}

/* ---- a ticker ---- */

static void write_moves(qni_json_writer *w, const qn_history *h)
{
    qni_json_key(w, "moves");
    qni_json_array_begin(w);
    for (int64_t i = 0; i < h->count; i++) {
        const qn_move *m = &h->moves[i];
        qni_json_object_begin(w);
        key_day(w, "date", m->day);
        qni_json_key_string(w, "timing", qn_timing_name((qn_timing)m->timing));
        qni_json_key_bool(w, "timing_inferred", m->timing_inferred);
        qni_json_key_string(w, "status", qn_move_status_name((qn_move_status)m->status));
        qni_json_key_double(w, "close", m->close);
        qni_json_key_double(w, "gap", m->gap);
        qni_json_key_double(w, "intraday", m->intraday);
        qni_json_key_double(w, "other_close", m->other_close);
        qni_json_key_double(w, "weight", m->weight);
        qni_json_object_end(w);
    }
    qni_json_array_end(w);
}

static void write_history(qni_json_writer *w, const qn_history *h)
{
    qni_json_key(w, "historical");
    qni_json_object_begin(w);
    qni_json_key_int64(w, "n", h->used);
    qni_json_key_int64(w, "inferred", h->inferred);
    qni_json_key_double(w, "mean", h->mean);
    qni_json_key_double(w, "median", h->median);
    qni_json_key_double(w, "sd", h->sd);
    qni_json_key_double(w, "max", h->max);
    qni_json_key_double(w, "recent_mean", h->recent_mean);
    qni_json_key_double(w, "expected", h->expected);
    qni_json_key_double(w, "expected_low", h->low);
    qni_json_key_double(w, "expected_high", h->high);
    qni_json_key_double(w, "expected_error", h->error);
    qni_json_key_double(w, "peer_mean", h->peer_mean);
    qni_json_key_int64(w, "peers", h->peers);
    qni_json_key_string(w, "peer_group", h->peer_group);
    qni_json_key_double(w, "other_timing_mean", h->other_mean);
    qni_json_key_double(w, "gap_mean", h->gap_mean);
    qni_json_key_double(w, "intraday_mean", h->intraday_mean);
    qni_json_key_double(w, "consistency", h->consistency);
    qni_json_key_double(w, "trust", h->trust);
    qni_json_key_double(w, "trend", h->trend);
    qni_json_key_double(w, "tail_ratio", h->tail_ratio);
    qni_json_key_double(w, "rms", h->rms);
    write_moves(w, h);
    qni_json_object_end(w);
}

static void write_event(qni_json_writer *w, const qn_scan_ticker *t)
{
    const qn_event_move *e = &t->event;
    const int64_t smiles[] = {e->before, e->first, e->second};
    static const char *const keys[] = {"expiry_before", "expiry", "expiry_after"};
    key_day(w, "earnings_date", e->day);
    qni_json_key_string(w, "timing", qn_timing_name((qn_timing)e->timing));
    qni_json_key_bool(w, "timing_inferred", e->timing_inferred);
    qni_json_key_double(w, "implied_move", e->implied_move);
    qni_json_key_double(w, "implied_move_error", e->implied_move_error);
    qni_json_key_double(w, "event_sigma", e->sigma);
    qni_json_key_double(w, "event_sigma_error", e->sigma_error);
    qni_json_key_double(w, "strip_sigma", e->strip_sigma);
    qni_json_key_double(w, "straddle_move", e->straddle_move);
    qni_json_key_double(w, "straddle_error", e->straddle_error);
    qni_json_key_double(w, "diffusive_iv", e->diffusive_vol);
    qni_json_key_double(w, "diffusive_iv_error", e->diffusive_error);
    qni_json_key_string(w, "method", e->method);
    qni_json_key_double(w, "forward", e->forward);
    for (size_t i = 0; i < sizeof smiles / sizeof smiles[0]; i++)
        if (smiles[i] >= 0)
            key_day(w, keys[i], t->surface->smiles[smiles[i]].expiry);
        else
            qni_json_key_string(w, keys[i], NULL);
}

static void write_score(qni_json_writer *w, const qn_score *score)
{
    qni_json_key_double(w, "score", score->total);
    qni_json_key(w, "score_parts");
    qni_json_object_begin(w);
#define PART(field, text) qni_json_key_double(w, text, score->field);
    QN_SCORE_LIST(PART)
#undef PART
    qni_json_object_end(w);
}

static void write_judgement(qni_json_writer *w, const qn_scan_ticker *t)
{
    qni_json_key_double(w, "vrp", t->vrp.ratio);
    qni_json_key_double(w, "vrp_low", t->vrp.low);
    qni_json_key_double(w, "vrp_high", t->vrp.high);
    qni_json_key_double(w, "vrp_percentile", t->vrp.percentile);
    qni_json_key_string(w, "tier", qn_tier_name(t->vrp.tier));
    qni_json_key(w, "liquidity");
    qni_json_object_begin(w);
    qni_json_key_string(w, "tier", qn_tier_name(t->liquidity.tier));
    qni_json_key_double(w, "open_interest", t->liquidity.open_interest);
    qni_json_key_double(w, "spread_pct", t->liquidity.spread_pct);
    qni_json_key_double(w, "volume", t->liquidity.volume);
    qni_json_key_int64(w, "options", t->liquidity.options);
    qni_json_object_end(w);
    qni_json_key_double(w, "skew", t->skew);
    write_score(w, &t->score);
}

static void write_texts(qni_json_writer *w, const char *key, const char *const *texts, int64_t count)
{
    qni_json_key(w, key);
    qni_json_array_begin(w);
    for (int64_t i = 0; i < count; i++)
        qni_json_string(w, texts[i], -1);
    qni_json_array_end(w);
}

static void write_outlook(qni_json_writer *w, const qn_outlook *o)
{
    qni_json_key(w, "outlook");
    qni_json_object_begin(w);
    qni_json_key_double(w, "sigma", o->sigma);
    qni_json_key_double(w, "sigma_error", o->sigma_error);
    qni_json_key_double(w, "diffusive", o->diffusive);
    qni_json_key_double(w, "mean_abs_move", o->mean_abs_move);
    qni_json_object_end(w);
}

static void write_ticker(qni_json_writer *w, const qn_scan_ticker *t)
{
    qni_json_object_begin(w);
    qni_json_key_string(w, "ticker", t->ticker);
    qni_json_key_string(w, "sector", t->sector[0] != 0 ? t->sector : NULL);
    qni_json_key_string(w, "source", t->source);
    key_time(w, "as_of", t->as_of_us);
    qni_json_key_double(w, "spot", t->spot);
    qni_json_key_bool(w, "spot_from_parity", t->spot_from_parity);
    qni_json_key(w, "quotes");
    qni_json_object_begin(w);
    for (int i = 0; i < QN_QUOTE_CLASS_COUNT; i++)
        qni_json_key_int64(w, qn_quote_class_name((qn_quote_class)i), t->classes[i]);
    qni_json_object_end(w);
    write_event(w, t);
    write_history(w, &t->history);
    write_judgement(w, t);
    write_outlook(w, &t->outlook);
    qni_json_key(w, "strategies");
    qni_json_array_begin(w);
    for (int64_t i = 0; i < QN_STRATEGY_COUNT; i++)
        write_trade(w, &t->trades[i], i == t->best);
    qni_json_array_end(w);
    write_texts(w, "reasons", t->reasons, t->reason_count);
    qni_json_object_end(w);
}

/* ---- the scan ---- */

static void write_settings(qni_json_writer *w, const qn_scan *scan)
{
    const qn_scan_settings *s = &scan->settings;
    qni_json_key(w, "settings");
    qni_json_object_begin(w);
#define SETTING(field, name, otherwise, least, most, heading, help) qni_json_key_double(w, name, s->field);
    QN_SCAN_SETTING_LIST(SETTING)
#undef SETTING
    qni_json_object_end(w);
}

static void write_timing(qni_json_writer *w, const scan_job *job)
{
    const qn_scan *scan = job->scan;
    qni_json_key(w, "timing_ms");
    qni_json_object_begin(w);
    qni_json_key_double(w, "read", 1e3 * job->read_seconds);
#define STAGE(field, text) qni_json_key_double(w, text, 1e3 * scan->field##_seconds);
    QN_SCAN_STAGE_LIST(STAGE)
#undef STAGE
    qni_json_key_double(w, "total", 1e3 * (job->read_seconds + scan->total_seconds));
    qni_json_object_end(w);
}

qn_status qni_scan_show_json(const scan_job *job, qn_error *err)
{
    const qn_scan *scan = job->scan;
    qni_json_writer w;
    qni_json_writer_init(&w, qni_out_json_sink, job->run->out, 2);
    qni_json_object_begin(&w);
    qni_json_key_string(&w, "schema", "quern.scan/1");
    key_time(&w, "as_of", scan->as_of_us);
    qni_json_key_string(&w, "clock", qn_clock_name(scan->clock));
    qni_json_key_string(&w, "tiers", qn_tiers_name(scan->tiers));
    qni_json_key(&w, "reference");
    qni_json_object_begin(&w);
    qni_json_key_string(&w, "name", scan->reference_name);
    qni_json_key_string(&w, "source", scan->reference_source);
    qni_json_object_end(&w);
    write_settings(&w, scan);
    qni_json_key(&w, "tickers");
    qni_json_array_begin(&w);
    for (int64_t i = 0; i < scan->ticker_count; i++)
        if (qni_scan_is_shown(job, scan->tickers[i].ticker))
            write_ticker(&w, &scan->tickers[i]);
    qni_json_array_end(&w);
    qni_json_key(&w, "rejected");
    qni_json_array_begin(&w);
    for (int64_t i = 0; i < scan->rejected_count; i++) {
        if (!qni_scan_is_shown(job, scan->rejected[i].ticker))
            continue;
        qni_json_object_begin(&w);
        qni_json_key_string(&w, "ticker", scan->rejected[i].ticker);
        qni_json_key_string(&w, "reason", scan->rejected[i].reason);
        qni_json_object_end(&w);
    }
    qni_json_array_end(&w);
    qni_json_key_bool(&w, "interrupted", scan->interrupted);
    write_texts(&w, "warnings", scan->warnings, scan->warning_count);
    write_timing(&w, job);
    qni_json_object_end(&w);
    return qni_json_finish(&w, err);
}
