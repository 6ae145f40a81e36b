/* cli/replay_json.c: the summary of a replay for programs, schema "quern.replay/1". */
#include "base/json.h"
#include "cli/replay_int.h"

static void write_latency(qni_json_writer *w, const qn_stream_stats *s)
{
    qni_json_key(w, "latency_ns");
    qni_json_object_begin(w);
    qni_json_key_int64(w, "count", s->latency_count);
    qni_json_key_int64(w, "p50", s->latency_p50_ns);
    qni_json_key_int64(w, "p99", s->latency_p99_ns);
    qni_json_key_int64(w, "p99.9", s->latency_p999_ns);
    qni_json_key_int64(w, "max", s->latency_max_ns);
    qni_json_object_end(w);
}

static void write_run(qni_json_writer *w, const replay_job *job)
{
    const qn_stream_stats *const s = &job->stats;
    char digest[33];
    qni_replay_digest(digest, job);
    qni_json_key_string(w, "source", job->source);
    qni_json_key_int64(w, "records", s->consumed);
    qni_json_key_int64(w, "produced", s->produced);
    qni_json_key_int64(w, "consumed", s->consumed);
    qni_json_key_int64(w, "dropped", s->dropped);
    qni_json_key_double(w, "seconds", (double)s->seconds_ns / 1e9);
    qni_json_key_double(w, "rate", qni_replay_rate(job));
    write_latency(w, s);
    qni_json_key_int64(w, "allocations_after_warmup", job->requests_end - job->requests_warm);
    qni_json_key_string(w, "output_digest", digest);
}

static void write_found(qni_json_writer *w, const replay_job *job)
{
    if (job->csv.self == NULL)
        return;
    qn_csv_source_stats found = {.size = sizeof found};
    qn_csv_source_get_stats(&job->csv, &found, NULL);
    qni_json_key(w, "input");
    qni_json_object_begin(w);
    qni_json_key_int64(w, "lines", found.lines);
    qni_json_key_int64(w, "bad", found.bad);
    qni_json_key_int64(w, "unknown_symbols", found.unknown);
    qni_json_key_int64(w, "backwards", found.backwards);
    qni_json_key_int64(w, "gaps", found.gaps);
    qni_json_key_int64(w, "missing", found.missing);
    qni_json_key_int64(w, "repeats", found.repeats);
    qni_json_object_end(w);
}

static void write_gate(qni_json_writer *w, const replay_job *job)
{
    qni_json_key(w, "rejections");
    qni_json_object_begin(w);
    for (int rule = 1; job->gate != NULL && rule < QN_GATE_RULE_END; rule++)
        qni_json_key_int64(w, qn_gate_rule_name((qn_gate_rule)rule), qn_gate_refused(job->gate, (qn_gate_rule)rule));
    qni_json_object_end(w);
    if (job->gate == NULL)
        return;
    qn_gate_stats of = {.size = sizeof of};
    qn_gate_get_stats(job->gate, &of);
    qni_json_key(w, "gate");
    qni_json_object_begin(w);
    qni_json_key_int64(w, "orders", of.orders);
    qni_json_key_int64(w, "accepted", of.accepted);
    qni_json_key_int64(w, "refused", of.refused);
    qni_json_key_double(w, "cash", of.cash);
    qni_json_key_double(w, "realised", of.realised);
    qni_json_key_double(w, "unrealised", of.unrealised);
    qni_json_key_double(w, "equity", of.equity);
    qni_json_key_double(w, "peak", of.peak);
    qni_json_key_double(w, "drawdown", of.drawdown);
    qni_json_key_double(w, "drawdown_max", of.drawdown_max);
    qni_json_key_double(w, "day_loss", of.day_loss);
    qni_json_key_double(w, "gross", of.gross);
    qni_json_key_double(w, "net", of.net);
    qni_json_key_bool(w, "killed", of.killed);
    qni_json_key_bool(w, "day_halted", of.day_halted);
    qni_json_key_bool(w, "halted", of.halted);
    qni_json_object_end(w);
}

static qn_status write_columns(qni_json_writer *w, const replay_job *job, int32_t symbol, qn_error *err)
{
    qn_status s = QN_OK;
    qni_json_key(w, "columns");
    qni_json_object_begin(w);
    for (int64_t c = 0; c < qn_aggregates_column_count(job->aggregates) && s == QN_OK; c++) {
        qn_column_aggregate of = {.size = sizeof of};
        s = qn_aggregates_column(&of, job->aggregates, symbol, c, err);
        qni_json_key(w, qn_aggregates_column_name(job->aggregates, c));
        qni_json_object_begin(w);
        qni_json_key_int64(w, "finite", of.finite);
        qni_json_key_int64(w, "nan", of.nan);
        qni_json_key_int64(w, "infinite", of.infinite);
        qni_json_key_double(w, "min", of.min);
        qni_json_key_double(w, "mean", of.mean);
        qni_json_key_double(w, "sd", of.sd);
        qni_json_key_double(w, "max", of.max);
        qni_json_key_double(w, "last", of.last);
        qni_json_object_end(w);
    }
    qni_json_object_end(w);
    return s;
}

static qn_status write_symbol(qni_json_writer *w, const replay_job *job, int32_t symbol, qn_error *err)
{
    qn_symbol_aggregate of = {.size = sizeof of};
    qn_status s = qn_aggregates_symbol(&of, job->aggregates, symbol, err);
    if (s != QN_OK || of.records == 0)
        return s;
    qni_json_object_begin(w);
    qni_json_key_string(w, "symbol", qn_symbols_name(job->symbols, symbol));
    qni_json_key_int64(w, "records", of.records);
    qni_json_key_int64(w, "trades", of.trades);
    qni_json_key_int64(w, "orders", of.orders);
    qni_json_key_int64(w, "first_time_ns", of.first_time_ns);
    qni_json_key_int64(w, "last_time_ns", of.last_time_ns);
    qni_json_key_double(w, "open", of.open);
    qni_json_key_double(w, "high", of.high);
    qni_json_key_double(w, "low", of.low);
    qni_json_key_double(w, "close", of.close);
    qni_json_key_double(w, "volume", of.volume);
    qni_json_key_double(w, "vwap", of.vwap);
    qni_json_key_double(w, "price_mean", of.price_mean);
    qni_json_key_double(w, "price_sd", of.price_sd);
    if (job->gate != NULL) {
        qn_gate_position position = {.size = sizeof position};
        qn_gate_get_position(job->gate, symbol, &position);
        qni_json_key_double(w, "position", (double)position.position / QN_TICK_SCALE);
    }
    s = write_columns(w, job, symbol, err);
    qni_json_object_end(w);
    return s;
}

qn_status qni_replay_json(replay_job *job, qn_error *err)
{
    qni_json_writer w;
    qni_json_writer_init(&w, qni_out_json_sink, job->run->out, 0);
    qni_json_object_begin(&w);
    qni_json_key_string(&w, "schema", "quern.replay/1");
    write_run(&w, job);
    write_found(&w, job);
    write_gate(&w, job);
    qn_status s = write_columns(&w, job, -1, err);
    qni_json_key(&w, "symbols");
    qni_json_array_begin(&w);
    for (int32_t i = 0; i < qn_symbols_count(job->symbols) && s == QN_OK; i++)
        s = write_symbol(&w, job, i, err);
    qni_json_array_end(&w);
    qni_json_object_end(&w);
    const qn_status written = qni_out_json_finish(&w, err);
    return s == QN_OK ? written : s;
}
