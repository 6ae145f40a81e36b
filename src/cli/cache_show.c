/* cli/cache_show.c: what `quern cache` says, for people and for programs. */
#include "base/json.h"
#include "base/time.h"
#include "cli/cache_int.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
    SIZE_TEXT = 32
};

/* "4.1 MiB" */
static void size_text(char out[SIZE_TEXT], int64_t bytes)
{
    static const char *const units[] = {"bytes", "KiB", "MiB", "GiB", "TiB"};
    double value = (double)bytes;
    size_t unit = 0;
    for (; value >= 1024 && unit + 1 < sizeof units / sizeof units[0]; unit++)
        value /= 1024;
    int64_t tenths = (int64_t)(value * 10 + 0.5);
    if (unit == 0)
        (void)snprintf(out, SIZE_TEXT, "%" PRId64 " bytes", bytes);
    else
        (void)snprintf(out, SIZE_TEXT, "%" PRId64 ".%" PRId64 " %s", tenths / 10, tenths % 10, units[unit]);
}

static void object_begin(qni_json_writer *w, qni_cache_job *job, const char *schema)
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

/* ---- stats ---- */

qn_status qni_cache_show_stats(qni_cache_job *job, qn_error *err)
{
    qni_out *out = job->run->out;
    qni_json_writer w;
    char held[SIZE_TEXT], limit[SIZE_TEXT];
    qn_cache_stats stats = {.size = sizeof stats};
    if (job->cache != NULL)
        qn_cache_get_stats(job->cache, &stats);
    else
        stats.disk_limit = qni_memory_size(qni_args_text(job->args, &qni_cache_options_table[CACHE_DISK_BYTES]));
    if (job->json) {
        object_begin(&w, job, "quern.cache.stats/1");
        qni_json_key_int64(&w, "entries", stats.disk_entries);
        qni_json_key_int64(&w, "bytes", stats.disk_bytes);
        qni_json_key_int64(&w, "limit", stats.disk_limit);
        return object_end(&w, err);
    }
    size_text(held, stats.disk_bytes);
    size_text(limit, stats.disk_limit);
    qni_out_text(out, "folder   ");
    qni_out_foreign(out, job->folder, -1);
    qni_out_printf(out, "%s\nentries  %" PRId64 "\nbytes    %s of %s\n", job->cache == NULL ? " (not there yet)" : "",
                   stats.disk_entries, held, limit);
    return QN_OK;
}

/* ---- list ---- */

/* "2026-02-13 14:30:00" of nanoseconds, UTC, or, with 'T' between, "2026-02-13T14:30:00Z". */
static void time_text(char out[QNI_TIME_TEXT_SIZE + 1], int64_t wall_ns, char between)
{
    int64_t size = qni_timestamp_text(out, wall_ns / 1000000000 * 1000000, between);
    if (size > 0 && between == 'T')
        out[size++] = 'Z';
    out[size > 0 ? size : 0] = '\0';
}

/* "3d 4h", "12 s": the two largest units that are not 0. */
static void left_text(char out[SIZE_TEXT], int64_t ms)
{
    int64_t s = ms / 1000;
    if (ms < 0)
        (void)snprintf(out, SIZE_TEXT, "for ever");
    else if (s >= 86400)
        (void)snprintf(out, SIZE_TEXT, "%" PRId64 "d %" PRId64 "h", s / 86400, s % 86400 / 3600);
    else if (s >= 3600)
        (void)snprintf(out, SIZE_TEXT, "%" PRId64 "h %" PRId64 "min", s / 3600, s % 3600 / 60);
    else if (s >= 60)
        (void)snprintf(out, SIZE_TEXT, "%" PRId64 "min %" PRId64 "s", s / 60, s % 60);
    else
        (void)snprintf(out, SIZE_TEXT, "%" PRId64 ".%" PRId64 "s", s, ms % 1000 / 100);
}

static qn_status entry_text(void *user, const qn_cache_entry *e, qn_error *err)
{
    qni_cache_job *job = user;
    qni_out *out = job->run->out;
    char size[SIZE_TEXT], left[SIZE_TEXT], time[QNI_TIME_TEXT_SIZE + 1];
    (void)err;
    size_text(size, e->bytes);
    left_text(left, e->ttl_left_ms);
    time_text(time, e->stored_ns, ' ');
    qni_out_printf(out, "%-6s  %11s  %-19s  %-10s  ", e->absent ? "absent" : qn_datum_kind_name(e->kind), size, time,
                   left);
    qni_out_foreign(out, e->key, e->key_size);
    qni_out_text(out, e->sealed ? "  (sealed)\n" : "\n");
    return QN_OK;
}

static qn_status entry_json(void *user, const qn_cache_entry *e, qn_error *err)
{
    qni_cache_job *job = user;
    qni_json_writer w;
    char time[QNI_TIME_TEXT_SIZE + 1];
    time_text(time, e->stored_ns, 'T');
    object_begin(&w, job, "quern.cache.entry/1");
    qni_json_key(&w, "key");
    qni_json_string(&w, e->key, e->key_size);
    qni_json_key_string(&w, "kind", e->absent ? "absent" : qn_datum_kind_name(e->kind));
    qni_json_key_int64(&w, "bytes", e->bytes);
    qni_json_key_string(&w, "stored_at", time);
    qni_json_key(&w, "ttl_left_s");
    if (e->ttl_left_ms < 0)
        qni_json_null(&w);
    else
        qni_json_double(&w, (double)e->ttl_left_ms / 1000);
    qni_json_key_bool(&w, "sealed", e->sealed);
    qni_json_key_bool(&w, "own_file", e->own_file);
    return object_end(&w, err);
}

qn_status qni_cache_show_list(qni_cache_job *job, const char *prefix, qn_error *err)
{
    qni_out *out = job->run->out;
    if (!job->json) {
        qni_out_style(out, QNI_STYLE_BOLD);
        qni_out_printf(out, "%-6s  %11s  %-19s  %-10s  key\n", "kind", "size", "stored (UTC)", "lasts");
        qni_out_style(out, QNI_STYLE_PLAIN);
    }
    if (job->cache == NULL)
        return QN_OK;
    return qn_cache_each(job->cache, QN_CACHE_DISK, prefix, prefix != NULL ? (int64_t)strlen(prefix) : 0,
                         job->json ? entry_json : entry_text, job, err);
}

/* ---- clear ---- */

qn_status qni_cache_show_removed(qni_cache_job *job, int64_t removed, qn_error *err)
{
    qni_json_writer w;
    if (!job->json) {
        qni_out_printf(job->run->out, "%" PRId64 " entr%s removed\n", removed, removed == 1 ? "y" : "ies");
        return QN_OK;
    }
    object_begin(&w, job, "quern.cache.clear/1");
    qni_json_key_int64(&w, "removed", removed);
    return object_end(&w, err);
}

/* ---- verify ---- */

typedef struct findings {
    qni_cache_job *job;
    qni_json_writer *w; /* NULL: text */
} findings;

static qn_status finding(void *user, const char *sentence, qn_error *err)
{
    findings *f = user;
    (void)err;
    if (f->w != NULL) {
        qni_json_string(f->w, sentence, -1);
    } else {
        qni_out_foreign(f->job->run->out, sentence, -1);
        qni_out_text(f->job->run->out, "\n");
    }
    return QN_OK;
}

static void report_text(qni_out *out, const qn_cache_report *r, bool repair)
{
    char size[SIZE_TEXT];
    int64_t bad = r->damaged + r->missing + r->strangers;
    size_text(size, r->bytes);
    qni_out_printf(out, "%" PRId64 " entr%s, %s, as written", r->entries, r->entries == 1 ? "y" : "ies", size);
    if (r->locked > 0)
        qni_out_printf(out, " (%" PRId64 " sealed, by their checksums alone)", r->locked);
    qni_out_printf(out, "; %" PRId64 " damaged, %" PRId64 " missing, %" PRId64 " strange files%s%s\n", r->damaged,
                   r->missing, r->strangers, r->index_damaged ? ", the index is damaged" : "",
                   bad + r->index_damaged == 0 ? ""
                   : repair                    ? ": repaired"
                                               : ": --repair removes what is wrong");
}

qn_status qni_cache_show_verified(bool *no, qni_cache_job *job, bool repair, qn_error *err)
{
    qni_json_writer w;
    findings f = {.job = job};
    qn_cache_report r = {.size = sizeof r};
    qn_status s = QN_OK;
    if (job->json) {
        object_begin(&w, job, "quern.cache.verify/1");
        qni_json_key(&w, "findings");
        qni_json_array_begin(&w);
        f.w = &w;
    }
    if (job->cache != NULL)
        s = qn_cache_verify(&r, job->cache, repair, finding, &f, err);
    if (s != QN_OK)
        return s;
    *no = r.damaged + r.missing + r.strangers + r.index_damaged > 0;
    if (!job->json) {
        report_text(job->run->out, &r, repair);
        return QN_OK;
    }
    qni_json_array_end(&w);
    qni_json_key_int64(&w, "entries", r.entries);
    qni_json_key_int64(&w, "bytes", r.bytes);
    qni_json_key_int64(&w, "damaged", r.damaged);
    qni_json_key_int64(&w, "missing", r.missing);
    qni_json_key_int64(&w, "strangers", r.strangers);
    qni_json_key_int64(&w, "locked", r.locked);
    qni_json_key_bool(&w, "index_damaged", r.index_damaged);
    qni_json_key_bool(&w, "repaired", repair);
    return object_end(&w, err);
}
