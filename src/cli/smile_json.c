/* cli/smile_json.c: a surface as one JSON object: everything that is known of it. */
#include "base/json.h"
#include "base/time.h"
#include "cli/smile_int.h"

#include <string.h>

static void write_point(qni_json_writer *w, const smile_job *job, const qn_smile_point *p)
{
    const qn_quote *quote = &job->chain->quotes[p->quote];
    qni_json_object_begin(w);
    qni_json_key_double(w, "strike", p->strike);
    qni_json_key_double(w, "k", p->k);
    qni_json_key_string(w, "type", p->type == QN_CALL ? "call" : "put");
    qni_json_key_double(w, "bid", p->bid);
    qni_json_key_double(w, "ask", p->ask);
    qni_json_key_double(w, "bid_iv", p->bid_vol);
    qni_json_key_double(w, "iv", p->mid_vol);
    qni_json_key_double(w, "ask_iv", p->ask_vol);
    qni_json_key_double(w, "fitted_iv", p->fitted_vol);
    qni_json_key_double(w, "weight", p->weight);
    qni_json_key_string(w, "status", qn_option_status_name(p->status));
    qni_json_key_string(w, "quote", qn_quote_class_name((qn_quote_class)quote->quote_class));
    qni_json_key_int64(w, "line", quote->line);
    qni_json_object_end(w);
}

static void write_svi(qni_json_writer *w, const qn_smile *smile)
{
    qni_json_key(w, "svi");
    if (smile->shape != QN_SMILE_SVI) {
        qni_json_null(w);
        return;
    }
    qni_json_object_begin(w);
    qni_json_key_double(w, "a", smile->svi.a);
    qni_json_key_double(w, "b", smile->svi.b);
    qni_json_key_double(w, "rho", smile->svi.rho);
    qni_json_key_double(w, "m", smile->svi.m);
    qni_json_key_double(w, "sigma", smile->svi.sigma);
    qni_json_object_end(w);
}

static void write_smile(qni_json_writer *w, const smile_job *job, const qn_smile *smile)
{
    char day[QNI_TIME_TEXT_SIZE];
    (void)qni_date_text(day, smile->expiry);
    qni_json_object_begin(w);
    qni_json_key_string(w, "expiry", day);
    qni_json_key_string(w, "settlement", smile->settlement == QN_SETTLEMENT_AM ? "am" : "pm");
    qni_json_key_double(w, "years", smile->years);
    qni_json_key_double(w, "calendar_years", smile->calendar_years);
    qni_json_key_double(w, "forward", smile->forward);
    qni_json_key_double(w, "forward_error", smile->forward_error);
    qni_json_key_string(w, "forward_source", smile->forward_source);
    qni_json_key_int64(w, "pairs", smile->pairs);
    qni_json_key_double(w, "discount", smile->discount);
    qni_json_key_double(w, "rate", smile->rate);
    qni_json_key_double(w, "yield", smile->yield);
    qni_json_key_string(w, "smile", qn_smile_shape_name(smile->shape));
    qni_json_key_string(w, "reason", smile->reason[0] != '\0' ? smile->reason : NULL);
    write_svi(w, smile);
    qni_json_key_double(w, "atm_iv", smile->atm_vol);
    qni_json_key_double(w, "put25_iv", smile->put25_vol);
    qni_json_key_double(w, "call25_iv", smile->call25_vol);
    qni_json_key_double(w, "risk_reversal", smile->risk_reversal);
    qni_json_key_double(w, "butterfly", smile->butterfly);
    qni_json_key_double(w, "strip_variance", smile->strip_variance);
    qni_json_key_int64(w, "used", smile->used);
    qni_json_key_int64(w, "within_spread", qni_smile_inside(smile));
    qni_json_key_double(w, "rms_error", smile->rms_error);
    qni_json_key_double(w, "median_spread_error", smile->median_spread_error);
    qni_json_key_double(w, "least_density", smile->least_density);
    qni_json_key(w, "points");
    qni_json_array_begin(w);
    for (int64_t i = 0; i < smile->point_count; i++)
        write_point(w, job, &smile->points[i]);
    qni_json_array_end(w);
    qni_json_object_end(w);
}

static void write_quotes(qni_json_writer *w, const qn_chain *chain)
{
    qni_json_key(w, "quotes");
    qni_json_object_begin(w);
    qni_json_key_int64(w, "count", chain->count);
    for (int i = 0; i < QN_QUOTE_CLASS_COUNT; i++)
        qni_json_key_int64(w, qn_quote_class_name((qn_quote_class)i), chain->classes[i]);
    qni_json_object_end(w);
}

static void write_warnings(qni_json_writer *w, const smile_job *job)
{
    qni_json_key(w, "warnings");
    qni_json_array_begin(w);
    for (int64_t i = 0; i < job->chain->warning_count; i++)
        qni_json_string(w, job->chain->warnings[i], -1);
    for (int64_t i = 0; i < job->surface->warning_count; i++)
        qni_json_string(w, job->surface->warnings[i], -1);
    qni_json_array_end(w);
}

qn_status qni_smile_show_json(const smile_job *job, qn_error *err)
{
    const qn_surface *surface = job->surface;
    char time[QNI_TIME_TEXT_SIZE + 1];
    qni_json_writer writer, *w = &writer;
    int64_t size = qni_timestamp_text(time, job->chain->as_of_us, 'T');
    memcpy(time + size, "Z", 2);
    qni_json_writer_init(w, qni_out_json_sink, job->run->out, 0);
    qni_json_object_begin(w);
    qni_json_key_string(w, "schema", "quern.smile/1");
    qni_json_key_string(w, "ticker", job->chain->ticker);
    qni_json_key_string(w, "source", job->chain->source);
    qni_json_key_string(w, "format", job->chain->format);
    qni_json_key_string(w, "as_of", time);
    qni_json_key_bool(w, "as_of_inferred", job->chain->as_of_inferred);
    qni_json_key_double(w, "spot", surface->spot);
    qni_json_key_string(w, "clock", qn_clock_name(surface->clock));
    qni_json_key_string(w, "exercise", surface->american ? "american" : "european");
    write_quotes(w, job->chain);
    qni_json_key_double(w, "least_calendar", surface->least_calendar);
    qni_json_key(w, "expiries");
    qni_json_array_begin(w);
    for (int64_t i = 0; i < job->smile_count; i++)
        write_smile(w, job, &job->smiles[i]);
    qni_json_array_end(w);
    write_warnings(w, job);
    qni_json_object_end(w);
    return qni_out_json_finish(w, err);
}
