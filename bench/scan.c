/* A scan of 100 tickers, 86 MB of chains with daily prices since 2018 and past reports: how long does it take from
 * files and from the store, where does the time go, and how does that compare with what pandas and SciPy need for the
 * steps that both have? What is asked for: 0.9 s from files, 0.1 s from the store, 15 descriptors.
 *
 * Real chains, prices and reports of ../shared/data are replicated under other names, with a seed: prices are scaled to
 * the chain's spot and jittered day by day, reports of each ticker are those of a real one. Without that folder the
 * three chains of examples/scan are taken, which are small: then no figure is one of the goals. Run
 * from the project's root. Everything is written into TMPDIR (/tmp), read once before the first sample, and removed.
 * Both sides use all processors; samples of the store include that it is opened and closed. --quick does without the
 * peer where its environment would have to be made first. */
#include "bench/common.h"
#include "bench/python.h"

#include <quern/archive.h>
#include <quern/scan.h>
#include <quern/threads.h>

#include <dirent.h>
#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
    TICKERS = 100,
    QUICK_TICKERS = 6,
    MOST_SAMPLES = 7, /* the peer takes seconds */
};

/* What is replicated. The k-th chain goes with the k-th ticker of the prices. */
typedef struct source {
    const char *folder, *prices, *reports;    /* files below the folder */
    const char *chains_before, *chains_after; /* a chain's path is these around its ticker */
    const char *today, *next;                 /* reports before today are past, the next one is that of all */
    int spot_column;                          /* of a chain's file, from 0 */
    int kinds;
    const char *chains[6];
} source;

static const source real_data = {
    .folder = "../shared/data",
    .prices = "earnings/daily_prices.csv.gz",
    .reports = "earnings/earnings_dates.csv",
    .chains_before = "options/yfinance_",
    .chains_after = "_2026-02-13.csv",
    .today = "2026-02-13",
    .next = "2026-02-25",
    .spot_column = 18,
    .kinds = 6,
    .chains = {"NVDA", "AAPL", "TSLA", "SPY", "AMZN", "IBIT"},
};

static const source example = {
    .folder = "examples/scan",
    .prices = "daily.csv",
    .reports = "reports.csv",
    .chains_before = "chains/",
    .chains_after = ".csv",
    .today = "2026-01-05",
    .next = "2026-01-14",
    .spot_column = 2,
    .kinds = 3,
    .chains = {"OAT", "QRN", "STN"},
};

typedef struct world {
    char folder[256];
    const source *from;
    int count;
    char names[TICKERS][8];
    char paths[TICKERS][320];
    int64_t bytes;
    double spots[TICKERS];
    qn_threads *threads;
    qn_archive *archive; /* while a scan from the store runs */
    int64_t *ids;        /* (count) of its snapshots */
    atomic_int most_descriptors;
    double stages[8], inputs_seconds; /* of all scans */
    int scans;
} world;

static bench_python pandas;

static void must(bool good, const char *what)
{
    if (!good) {
        fprintf(stderr, "bench_scan: %s\n", what);
        exit(1);
    }
}

static void must_ok(qn_status status, const qn_error *err)
{
    must(status == QN_OK, err->message);
}

/* ---- the data ---- */

/* A number in [0, 1) from a seed (splitmix64). */
static double draw(uint64_t *seed)
{
    uint64_t z = *seed += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return (double)((z ^ (z >> 31)) >> 11) * 0x1p-53;
}

static char *read_whole(const char *path, int64_t *size)
{
    FILE *f = fopen(path, "rb");
    must(f != NULL, path);
    must(fseek(f, 0, SEEK_END) == 0, path);
    *size = ftell(f);
    rewind(f);
    char *text = malloc((size_t)*size + 1);
    must(text != NULL && fread(text, 1, (size_t)*size, f) == (size_t)*size, path);
    text[*size] = '\0';
    (void)fclose(f);
    return text;
}

static double spot_of(const char *text, int column)
{
    const char *cell = strchr(text, '\n');
    for (int i = 0; i < column && cell != NULL; i++)
        cell = strchr(cell + 1, ',');
    must(cell != NULL, "a chain without a spot");
    return strtod(cell + 1, NULL);
}

/* The chain of `real` under another name, which its symbols begin with. */
static void write_chain(world *w, int i, const char *real, const char *text)
{
    size_t length = strlen(real);
    FILE *f = fopen(w->paths[i], "wb");
    must(f != NULL, w->paths[i]);
    const char *line = text;
    while (*line != '\0') {
        const char *end = strchr(line, '\n'), *next = end != NULL ? end + 1 : line + strlen(line);
        bool named = strncmp(line, real, length) == 0;
        if (named)
            w->bytes += fprintf(f, "%s", w->names[i]);
        const char *rest = named ? line + length : line;
        must(fwrite(rest, 1, (size_t)(next - rest), f) == (size_t)(next - rest), w->paths[i]);
        w->bytes += next - rest;
        line = next;
    }
    w->spots[i] = spot_of(text, w->from->spot_column);
    must(fclose(f) == 0, w->paths[i]);
}

static void write_chains(world *w)
{
    const source *from = w->from;
    for (int k = 0; k < from->kinds; k++) {
        char path[128];
        int64_t size;
        (void)snprintf(path, sizeof path, "%s/%s%s%s", from->folder, from->chains_before, from->chains[k],
                       from->chains_after);
        char *text = read_whole(path, &size);
        for (int i = k; i < w->count; i += from->kinds)
            write_chain(w, i, from->chains[k], text);
        free(text);
    }
}

static void write_prices(world *w, const qn_prices *real)
{
    char path[320];
    uint64_t seed = 1;
    (void)snprintf(path, sizeof path, "%.250s/daily.csv", w->folder);
    FILE *f = fopen(path, "wb");
    must(f != NULL, path);
    (void)fprintf(f, "date,ticker,Open,High,Low,Close,Volume\n");
    for (int i = 0; i < w->count; i++) {
        const qn_daily *d = &real->tickers[i % real->ticker_count];
        double scale = w->spots[i] / d->close[d->count - 1];
        for (int64_t k = 0; k < d->count; k++) {
            time_t day = (time_t)d->days[k] * 86400;
            struct tm date;
            char text[16];
            double by = scale * (1 + 2e-3 * (draw(&seed) - 0.5));
            (void)gmtime_r(&day, &date);
            (void)strftime(text, sizeof text, "%Y-%m-%d", &date);
            (void)fprintf(f, "%s,%s,%.4f,%.4f,%.4f,%.4f,%.0f\n", text, w->names[i], by * d->open[k], by * d->high[k],
                          by * d->low[k], by * d->close[k], d->volume[k]);
        }
    }
    w->bytes += ftell(f);
    must(fclose(f) == 0, path);
}

static void write_reports(world *w, const qn_prices *prices, const qn_calendar *real)
{
    char path[320];
    (void)snprintf(path, sizeof path, "%.250s/reports.csv", w->folder);
    FILE *f = fopen(path, "wb");
    must(f != NULL, path);
    (void)fprintf(f, "ticker,earnings_date,timing\n");
    for (int i = 0; i < w->count; i++) {
        const qn_earnings *reports;
        int64_t n = qn_calendar_find(&reports, real, prices->tickers[i % prices->ticker_count].ticker);
        for (int64_t k = 0; k < n; k++) {
            time_t day = (time_t)reports[k].day * 86400;
            struct tm date;
            char text[16];
            (void)gmtime_r(&day, &date);
            (void)strftime(text, sizeof text, "%Y-%m-%d", &date);
            if (strcmp(text, w->from->today) < 0)
                (void)fprintf(f, "%s,%s,amc\n", w->names[i], text);
        }
        (void)fprintf(f, "%s,%s,amc\n", w->names[i], w->from->next);
    }
    w->bytes += ftell(f);
    must(fclose(f) == 0, path);
}

/* False: the folder is not there. */
static bool make_world(world *w, const source *from, bool quick)
{
    qn_prices *prices;
    qn_calendar *calendar;
    qn_error err;
    char path[320];
    (void)snprintf(path, sizeof path, "%s/%s", from->folder, from->prices);
    qn_status s = qn_prices_read(&prices, path, NULL, &err);
    if (s == QN_NO_INPUT)
        return false;
    must_ok(s, &err);
    w->from = from;
    (void)snprintf(path, sizeof path, "%s/%s", from->folder, from->reports);
    must_ok(qn_calendar_read(&calendar, path, NULL, &err), &err);
    w->count = quick ? QUICK_TICKERS : TICKERS;
    for (int i = 0; i < w->count; i++) {
        (void)snprintf(w->names[i], sizeof w->names[i], "Z%c%c", 'A' + i / 26, 'A' + i % 26);
        (void)snprintf(w->paths[i], sizeof w->paths[i], "%.250s/%s.csv", w->folder, w->names[i]);
    }
    write_chains(w);
    write_prices(w, prices);
    write_reports(w, prices, calendar);
    qn_calendar_free(calendar);
    qn_prices_free(prices);
    return true;
}

/* ---- scans ---- */

static int descriptors(void)
{
    int n = 0;
    DIR *d = opendir("/proc/self/fd");
    if (d == NULL)
        return 0;
    while (readdir(d) != NULL)
        n++;
    (void)closedir(d);
    return n - 3; /* ".", ".." and the folder's own */
}

static void count_descriptors(world *w)
{
    int now = descriptors(), most = atomic_load(&w->most_descriptors);
    while (now > most && !atomic_compare_exchange_weak(&w->most_descriptors, &most, now)) {
    }
}

static qn_status load_file(void *user, qn_chain **out, const qn_scan_input *input, int32_t around,
                           const qn_allocator *allocator, qn_error *err)
{
    world *w = user;
    qn_chain_options options;
    (void)around;
    int i = 0;
    while (strcmp(w->names[i], input->ticker) != 0)
        i++;
    qn_chain_options_init(&options, sizeof options);
    options.allocator = allocator;
    qn_status s = qn_chain_read(out, w->paths[i], &options, err);
    if (w->scans == 0)
        count_descriptors(w);
    return s;
}

static qn_status load_stored(void *user, qn_chain **out, const qn_scan_input *input, int32_t around,
                             const qn_allocator *allocator, qn_error *err)
{
    world *w = user;
    int i = 0;
    while (strcmp(w->names[i], input->ticker) != 0)
        i++;
    qn_status s = qn_archive_load_chain(out, w->archive, w->ids[i], around, QN_SCAN_EXPIRIES_BEFORE,
                                        QN_SCAN_EXPIRIES_AFTER, allocator, err);
    if (w->scans == 0)
        count_descriptors(w);
    return s;
}

static void run_scan(world *w, const qn_prices *prices, const qn_calendar *calendar, const int64_t *as_of, double began)
{
    qn_scan_input *inputs = calloc((size_t)w->count, sizeof *inputs);
    qn_scan_options options;
    qn_scan *scan;
    qn_error err;
    must(inputs != NULL, "no memory");
    for (int i = 0; i < w->count; i++) {
        qn_scan_input_init(&inputs[i], sizeof inputs[i]);
        inputs[i].ticker = w->names[i];
        inputs[i].load = w->archive != NULL ? load_stored : load_file;
        inputs[i].load_user = w;
        inputs[i].as_of_us = as_of != NULL ? as_of[i] : 0;
        inputs[i].daily = qn_prices_find(prices, w->names[i]);
        inputs[i].report_count = qn_calendar_find(&inputs[i].reports, calendar, w->names[i]);
    }
    qn_scan_options_init(&options, sizeof options);
    options.threads = w->threads;
    w->inputs_seconds += bench_now() - began;
    must_ok(qn_scan_run(&scan, inputs, w->count, &options, &err), &err);
    bench_keep(scan);
    int at = 0;
#define ADD(field, text) w->stages[at++] += scan->field##_seconds;
    QN_SCAN_STAGE_LIST(ADD)
#undef ADD
    if (w->scans++ == 0) {
        printf("# %lld tickers judged, %lld rejected%s%s\n", (long long)scan->ticker_count,
               (long long)scan->rejected_count, scan->rejected_count > 0 ? ", the first because " : "",
               scan->rejected_count > 0 ? scan->rejected[0].reason : "");
    }
    qn_scan_free(scan);
    free(inputs);
}

static void from_files(void *user)
{
    world *w = user;
    qn_prices *prices;
    qn_calendar *calendar;
    qn_error err;
    char path[320];
    double began = bench_now();
    (void)snprintf(path, sizeof path, "%.250s/daily.csv", w->folder);
    must_ok(qn_prices_read(&prices, path, NULL, &err), &err);
    (void)snprintf(path, sizeof path, "%.250s/reports.csv", w->folder);
    must_ok(qn_calendar_read(&calendar, path, NULL, &err), &err);
    run_scan(w, prices, calendar, NULL, began);
    qn_calendar_free(calendar);
    qn_prices_free(prices);
}

static void from_store(void *user)
{
    world *w = user;
    qn_prices *prices;
    qn_calendar *calendar;
    qn_archive_chain *stored;
    int64_t count, ids[TICKERS], as_of[TICKERS];
    qn_error err;
    char url[320];
    double began = bench_now();
    (void)snprintf(url, sizeof url, "sqlite:%.250s/store.db", w->folder);
    must_ok(qn_archive_open(&w->archive, url, NULL, &err), &err);
    must_ok(qn_archive_chains(&stored, &count, w->archive, 0, &err), &err);
    must(count == w->count, "the store lacks chains");
    for (int i = 0; i < w->count; i++) { /* both by name */
        must(strcmp(stored[i].ticker, w->names[i]) == 0, "the store has another chain");
        ids[i] = stored[i].id;
        as_of[i] = stored[i].as_of_us;
    }
    w->ids = ids;
    must_ok(qn_archive_load_prices(&prices, w->archive, NULL, 0, NULL, &err), &err);
    must_ok(qn_archive_load_calendar(&calendar, w->archive, NULL, 0, NULL, &err), &err);
    run_scan(w, prices, calendar, as_of, began);
    qn_calendar_free(calendar);
    qn_prices_free(prices);
    qn_archive_chain_free(stored);
    qn_archive_close(w->archive);
    w->archive = NULL;
}

static void import_all(world *w)
{
    qn_archive *archive;
    qn_error err;
    char url[320], path[320];
    double began = bench_now();
    (void)snprintf(url, sizeof url, "sqlite:%.250s/store.db", w->folder);
    must_ok(qn_archive_open(&archive, url, NULL, &err), &err);
    for (int i = 0; i < w->count + 2; i++) {
        qn_import result = {.size = sizeof result};
        (void)snprintf(path, sizeof path, "%.250s/%s.csv", w->folder,
                       i < w->count    ? w->names[i]
                       : i == w->count ? "daily"
                                       : "reports");
        must_ok(qn_archive_import(&result, archive, path, NULL, &err), &err);
    }
    qn_archive_close(archive);
    printf("# imported into the store in %.2f s\n", bench_now() - began);
}

static void ask_pandas(void *user)
{
    const world *w = user;
    fprintf(pandas.to, "%s %lld\n", w->folder, (long long)qn_threads_count(w->threads));
    fflush(pandas.to);
    must(bench_python_hear(&pandas), "the script ended early");
}

/* Where the time went, a scan on the average, all threads together. */
static void show_stages(world *w, const char *title)
{
    static const char *const names[] = {
#define NAME(field, text) text,
        QN_SCAN_STAGE_LIST(NAME)
#undef NAME
    };
    printf("%s, ms a scan, all threads together (most descriptors at once: %d)\n", title,
           atomic_load(&w->most_descriptors));
    printf("  %-22s %9.2f\n", w->ids == NULL ? "prices, reports" : "open, prices, reports",
           w->inputs_seconds * 1e3 / w->scans);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        printf("  %-22s %9.2f\n", names[i], w->stages[i] * 1e3 / w->scans);
    memset(w->stages, 0, sizeof w->stages);
    w->inputs_seconds = 0;
    w->scans = 0;
    atomic_store(&w->most_descriptors, 0);
}

int main(int argc, char **argv)
{
    bench b;
    static world w;
    char command[320];
    bench_begin(&b, "scan", argc, argv);
    b.samples = b.samples < MOST_SAMPLES ? b.samples : MOST_SAMPLES;
    b.sample_seconds = 0; /* a scan is long enough */
    const char *place = getenv("TMPDIR");
    (void)snprintf(w.folder, sizeof w.folder, "%.200s/quern-bench-scan-XXXXXX", place != NULL ? place : "/tmp");
    must(mkdtemp(w.folder) != NULL, "no folder can be made");
    if (!make_world(&w, &real_data, b.quick)) {
        bench_no_peer(real_data.folder, "the data folder beside the project");
        must(make_world(&w, &example, b.quick), "neither ../shared/data nor examples/scan is here");
        printf("# the chains of %s instead, which are small: no figure is one of the goals\n", example.folder);
    }
    w.threads = qn_threads_default();
    printf("# %d tickers, %.1f MB of files, %lld threads\n", w.count, (double)w.bytes * 1e-6,
           (long long)qn_threads_count(w.threads));
    import_all(&w);
    if (w.from != &real_data)
        printf("# without pandas, which reads real files only\n");
    else if (b.quick && access(BENCH_SCAN_ENVIRONMENT "/done", F_OK) != 0)
        printf("# without pandas, whose environment is not there\n");
    else if (bench_python_begin(&pandas, BENCH_SCAN_PEER, BENCH_SCAN_ENVIRONMENT))
        printf("# %s", pandas.line + 6);
    else
        bench_no_peer("pandas and SciPy", "python3-pandas python3-scipy");
    bench_side ours = {"quern", from_files, &w};
    if (pandas.process != 0)
        (void)bench_compare(&b, "scan of files", ours, (bench_side){"pandas", ask_pandas, &w}, w.count, "tickers");
    else
        (void)bench_measure(&b, "scan of files", ours, w.count, "tickers");
    show_stages(&w, "scan of files");
    (void)bench_measure(&b, "scan of the store", (bench_side){"quern", from_store, &w}, w.count, "tickers");
    show_stages(&w, "scan of the store");
    bench_python_end(&pandas);
    (void)snprintf(command, sizeof command, "rm -rf '%s'", w.folder);
    must(system(command) == 0, "the folder cannot be removed");
    return bench_end(&b);
}
