/* cli/journal_show.c: what `quern journal` says of a journal: what is in it, what is damaged, what was cut. */
#include "base/json.h"
#include "base/time.h"
#include "cli/journal_int.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

void qni_journal_time_text(char out[QNI_JOURNAL_TIME_SIZE], int64_t time_ns)
{
    int64_t second = time_ns / 1000000000, rest = time_ns % 1000000000;
    if (rest < 0) {
        rest += 1000000000;
        second--;
    }
    int64_t size = qni_timestamp_text(out, second * 1000000, 'T');
    if (rest != 0)
        (void)snprintf(out + size, (size_t)(QNI_JOURNAL_TIME_SIZE - size), ".%09" PRId64 "Z", rest);
    else
        (void)snprintf(out + size, (size_t)(QNI_JOURNAL_TIME_SIZE - size), "Z");
}

static void object_begin(qni_json_writer *w, const qni_journal_job *job, const char *schema)
{
    qni_json_writer_init(w, qni_out_json_sink, job->run->out, 0);
    qni_json_object_begin(w);
    qni_json_key_string(w, "schema", schema);
    qni_json_key_string(w, "folder", job->folder);
}

static qn_status object_end(qni_json_writer *w, qn_error *err)
{
    qni_json_object_end(w);
    return qni_out_json_finish(w, err);
}

/* ---- info ---- */

static qn_status info_json(const qni_journal_job *job, const qn_journal_info *info, const qn_symbols *symbols,
                           qn_error *err)
{
    qni_json_writer w;
    char time[QNI_JOURNAL_TIME_SIZE];
    object_begin(&w, job, "quern.journal.info/1");
    qni_json_key_int64(&w, "records", info->records);
    qni_json_key_int64(&w, "first", info->first);
    qni_json_key_int64(&w, "next", info->next);
    qni_json_key(&w, "first_time");
    qni_journal_time_text(time, info->first_ns);
    qni_json_string(&w, info->records > 0 ? time : NULL, -1);
    qni_json_key(&w, "last_time");
    qni_journal_time_text(time, info->last_ns);
    qni_json_string(&w, info->records > 0 ? time : NULL, -1);
    qni_json_key_int64(&w, "segments", info->segments);
    qni_json_key_int64(&w, "segment_records", info->segment_records);
    qni_json_key_int64(&w, "bytes", info->bytes);
    qni_json_key(&w, "symbols");
    qni_json_array_begin(&w);
    for (int32_t i = 0; i < qn_symbols_count(symbols); i++)
        qni_json_string(&w, qn_symbols_name(symbols, i), -1);
    qni_json_array_end(&w);
    return object_end(&w, err);
}

static void info_text(const qni_journal_job *job, const qn_journal_info *info, const qn_symbols *symbols)
{
    qni_out *out = job->run->out;
    qni_out_foreign(out, job->folder, -1);
    if (info->records == 0) {
        qni_out_printf(out, ": no records, the next one is %" PRId64 "\n", info->next);
    } else {
        char time[QNI_JOURNAL_TIME_SIZE];
        qni_out_printf(out, ": %" PRId64 " records, %" PRId64 " to %" PRId64 "\n", info->records, info->first,
                       info->next - 1);
        qni_journal_time_text(time, info->first_ns);
        qni_out_printf(out, "  times     %s", time);
        qni_journal_time_text(time, info->last_ns);
        qni_out_printf(out, " to %s\n", time);
    }
    qni_out_printf(out, "  segments  %" PRId64, info->segments);
    if (info->segments > 0)
        qni_out_printf(out, ", the last for %" PRId64 " records", info->segment_records);
    qni_out_printf(out, "; %" PRId64 " bytes in all\n", info->bytes);
    qni_out_printf(out, "  symbols   %" PRId64, info->symbols);
    for (int32_t i = 0; i < info->symbols && i < QNI_JOURNAL_SYMBOLS_SHOWN; i++) {
        qni_out_text(out, i == 0 ? ": " : ", ");
        qni_out_foreign(out, qn_symbols_name(symbols, i), -1);
    }
    qni_out_text(out, info->symbols > QNI_JOURNAL_SYMBOLS_SHOWN ? " and more\n" : "\n");
}

qn_status qni_journal_show_info(const qni_journal_job *job, qn_error *err)
{
    qn_journal_reader *reader;
    qn_journal_info info = {.size = sizeof info};
    qn_status s = qn_journal_reader_open(&reader, job->folder, job->run->allocator, err);
    if (s == QN_OK)
        s = qn_journal_get_info(reader, &info, err);
    if (s == QN_OK && job->format == QNI_JOURNAL_JSON)
        s = info_json(job, &info, qn_journal_reader_symbols(reader), err);
    else if (s == QN_OK)
        info_text(job, &info, qn_journal_reader_symbols(reader));
    qn_journal_reader_close(reader);
    return s;
}

/* ---- verify ---- */

typedef struct verification {
    const qni_journal_job *job;
    qni_json_writer writer;
} verification;

static void damage_json(void *user, const qn_journal_damage *d)
{
    verification *v = user;
    qni_json_object_begin(&v->writer);
    qni_json_key_string(&v->writer, "file", d->file);
    qni_json_key(&v->writer, "offset");
    if (d->offset < 0)
        qni_json_null(&v->writer);
    else
        qni_json_int64(&v->writer, d->offset);
    qni_json_key_int64(&v->writer, "first", d->first);
    qni_json_key_int64(&v->writer, "count", d->count);
    qni_json_key_string(&v->writer, "what", d->what);
    qni_json_object_end(&v->writer);
}

static void damage_text(void *user, const qn_journal_damage *d)
{
    verification *v = user;
    qni_out *out = v->job->run->out;
    qni_out_style(out, QNI_STYLE_BAD);
    qni_out_text(out, d->file);
    qni_out_style(out, QNI_STYLE_PLAIN);
    if (d->offset >= 0)
        qni_out_printf(out, ", byte %" PRId64, d->offset);
    qni_out_printf(out, ": %s", d->what);
    const char *unit = strcmp(d->file, "symbols") == 0 ? "symbol" : "record";
    if (d->count == 1)
        qni_out_printf(out, ", %s %" PRId64 "\n", unit, d->first);
    else if (d->count > 1)
        qni_out_printf(out, ", %ss %" PRId64 " to %" PRId64 "\n", unit, d->first, d->first + d->count - 1);
    else
        qni_out_text(out, "\n");
}

qn_status qni_journal_show_verified(bool *no, const qni_journal_job *job, qn_error *err)
{
    bool json = job->format == QNI_JOURNAL_JSON;
    verification v = {.job = job};
    qn_journal_report r = {.size = sizeof r};
    if (json) {
        object_begin(&v.writer, job, "quern.journal.verify/1");
        qni_json_key(&v.writer, "damage");
        qni_json_array_begin(&v.writer);
    }
    qn_status s = qn_journal_verify(&r, job->folder, json ? damage_json : damage_text, &v, job->run->allocator, err);
    if (s != QN_OK)
        return s;
    *no = r.files > 0 || r.times > 0;
    if (json) {
        qni_json_array_end(&v.writer);
        qni_json_key_int64(&v.writer, "records", r.records);
        qni_json_key_int64(&v.writer, "damaged", r.damaged);
        qni_json_key_int64(&v.writer, "whole_until", r.whole_until);
        qni_json_key_int64(&v.writer, "lost_behind", r.lost_behind);
        qni_json_key_int64(&v.writer, "files", r.files);
        qni_json_key_int64(&v.writer, "times", r.times);
        return object_end(&v.writer, err);
    }
    qni_out *out = job->run->out;
    qni_out_printf(out, "%" PRId64 " records are whole", r.records);
    if (r.damaged > 0)
        qni_out_printf(out, ", %" PRId64 " are not; %" PRId64 " of the whole ones lie behind record %" PRId64,
                       r.damaged, r.lost_behind, r.whole_until);
    if (r.times > 0)
        qni_out_printf(out, "; %" PRId64 " entries of the index of times do not hold, and are passed over", r.times);
    qni_out_text(out, "\n");
    return QN_OK;
}

/* ---- cut ---- */

qn_status qni_journal_show_cut(const qni_journal_job *job, int64_t after, bool lose, qn_error *err)
{
    qni_json_writer w;
    qn_journal_cut_result r = {.size = sizeof r};
    qn_status s = qn_journal_cut(&r, job->folder, after, lose, job->run->allocator, err);
    if (s != QN_OK)
        return s;
    if (job->format == QNI_JOURNAL_JSON) {
        object_begin(&w, job, "quern.journal.cut/1");
        qni_json_key_int64(&w, "next", r.next);
        qni_json_key_int64(&w, "lost", r.lost);
        qni_json_key_int64(&w, "damaged", r.damaged);
        qni_json_key_int64(&w, "files", r.files);
        return object_end(&w, err);
    }
    qni_out *out = job->run->out;
    if (r.lost == 0 && r.damaged == 0 && r.files == 0)
        qni_out_printf(out, "nothing to cut; the next record is %" PRId64 "\n", r.next);
    else
        qni_out_printf(out,
                       "cut: %" PRId64 " whole and %" PRId64 " damaged records are gone, %" PRId64
                       " files with them; the next record is %" PRId64 "\n",
                       r.lost, r.damaged, r.files, r.next);
    return QN_OK;
}
