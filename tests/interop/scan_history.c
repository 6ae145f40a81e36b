/* Prints what past reactions come to, for another program to compare. Standard input: "ticker NAME SECTOR" ("-": none),
 * and after it its "price DAY OPEN HIGH LOW CLOSE VOLUME" and "report DAY TIMING"; at last "run AS_OF_US". Printed are
 * of each ticker "ticker NAME REJECT", its moves, its numbers by name, and "split DAY RATIO" of its prices. */
#include "scan/scan_int.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    TICKERS = 64,
    DAYS = 4000,
    REPORTS = 64
};

typedef struct one {
    char name[32], sector[32];
    int32_t days[DAYS];
    double columns[5][DAYS];
    qn_earnings reports[REPORTS];
    qn_daily daily;
    qn_scan_input input;
    qn_scan_ticker result;
} one;

static one ones[TICKERS];
static qni_subject subjects[TICKERS];
static qn_scan_settings settings;
static int64_t count;

static void begin(const char *line)
{
    one *o = &ones[count++];
    if (count > TICKERS || sscanf(line, "ticker %31s %31s", o->name, o->sector) != 2)
        exit(2);
    if (strcmp(o->sector, "-") == 0)
        o->sector[0] = 0;
}

static void add(one *o, const char *line)
{
    char timing[16];
    int64_t n = o->daily.count, k = o->input.report_count;
    double *const *c =
        (double *[5]){o->columns[0] + n, o->columns[1] + n, o->columns[2] + n, o->columns[3] + n, o->columns[4] + n};
    qn_timing told;
    if (n < DAYS &&
        sscanf(line, "price %" SCNd32 " %lf %lf %lf %lf %lf", &o->days[n], c[0], c[1], c[2], c[3], c[4]) == 6) {
        o->daily.count++;
    } else if (k < REPORTS && sscanf(line, "report %" SCNd32 " %15s", &o->reports[k].day, timing) == 2 &&
               qn_timing_from_text(&told, timing)) {
        o->reports[k].timing = (uint8_t)told;
        o->input.report_count++;
    } else {
        exit(2);
    }
}

static void show(const one *o, const char *reject)
{
    const qn_history *h = &o->result.history;
    (void)printf("ticker %s %s\n", o->name, reject == NULL ? "" : reject);
    for (int64_t i = 0; i < h->count; i++) {
        const qn_move *m = &h->moves[i];
        (void)printf("move %" PRId32 " %s %d %s %.17g %.17g %.17g %.17g %.17g\n", m->day, qn_timing_name(m->timing),
                     m->timing_inferred, qn_move_status_name(m->status), m->close, m->gap, m->intraday, m->other_close,
                     m->weight);
    }
#define SHOW(field) (void)printf("number " #field " %.17g\n", (double)h->field);
    SHOW(used)
    SHOW(inferred)
    SHOW(mean)
    SHOW(median)
    SHOW(sd)
    SHOW(max)
    SHOW(recent_mean)
    SHOW(expected)
    SHOW(peer_mean)
    SHOW(peers)
    SHOW(low)
    SHOW(high)
    SHOW(error)
    SHOW(other_mean)
    SHOW(gap_mean)
    SHOW(intraday_mean)
    SHOW(consistency)
    SHOW(trust)
    SHOW(trend)
    SHOW(tail_ratio)
    SHOW(rms)
#undef SHOW
    for (int64_t i = 0; i < o->daily.count; i++)
        if (qni_split_at(&o->daily, i) != 1)
            (void)printf("split %" PRId32 " %.17g\n", o->days[i], qni_split_at(&o->daily, i));
}

static qn_status run(int64_t as_of_us, qn_error *err)
{
    qn_scan_settings_init(&settings, sizeof settings);
    qn_status s = QN_OK;
    for (int64_t i = 0; i < count && s == QN_OK; i++) {
        one *o = &ones[i];
        o->daily = (qn_daily){o->name,       o->daily.count, o->days,       o->columns[0],
                              o->columns[1], o->columns[2],  o->columns[3], o->columns[4]};
        o->input = (qn_scan_input){.daily = &o->daily, .reports = o->reports, .report_count = o->input.report_count};
        o->result.ticker = o->name;
        o->result.sector = o->sector;
        subjects[i] = (qni_subject){.input = &o->input, .settings = &settings, .result = &o->result};
        s = qn_arena_new(&subjects[i].arena, NULL, 0, err);
        if (s == QN_OK)
            s = qni_history(&subjects[i], as_of_us, err);
    }
    return s == QN_OK ? qni_history_peers(subjects, count, NULL, err) : s;
}

int main(void)
{
    char line[256];
    int64_t as_of_us = 0;
    while (fgets(line, sizeof line, stdin) != NULL && sscanf(line, "run %" SCNd64, &as_of_us) != 1)
        if (strncmp(line, "ticker ", 7) == 0)
            begin(line);
        else if (count > 0)
            add(&ones[count - 1], line);
    qn_error err = qn_error_none();
    if (run(as_of_us, &err) != QN_OK) {
        (void)fprintf(stderr, "%s\n", err.message);
        return 1;
    }
    for (int64_t i = 0; i < count; i++) {
        show(&ones[i], subjects[i].reject);
        qn_arena_free(subjects[i].arena);
    }
    return 0;
}
