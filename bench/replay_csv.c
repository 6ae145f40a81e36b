/* bench/replay_csv.c: how fast do lines of a CSV file become ticks: time, symbol, price, size? Beside a plain reader of
 * getline and strtod, which keeps doubles and looks no symbol up, and beside pandas, which makes columns of them. All
 * read the same file, which is in the page cache. And how fast are records made up? */
#include "bench/common.h"
#include "bench/python.h"

#include <quern/feeds.h>

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
    BATCH = 512
};

typedef struct file {
    char path[64];
    int64_t rows;
    bool epoch; /* times are nanoseconds, not text */
    bench_python *pandas;
} file;

static const char *const symbols[] = {"AAPL", "MSFT", "NVDA", "AMZN", "GOOG", "META", "TSLA", "BRK.B"};

static uint64_t next_random(uint64_t *state)
{
    uint64_t z = (*state += 0x9E3779B97F4A7C15u);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

static void die(const char *what)
{
    (void)fprintf(stderr, "bench_replay_csv: %s failed\n", what);
    exit(1);
}

static void write_file(file *f)
{
    uint64_t state = 1;
    int64_t ns = INT64_C(1709303400000000000);
    (void)snprintf(f->path, sizeof f->path, "/tmp/quern-bench-XXXXXX");
    int fd = mkstemp(f->path);
    FILE *out = fd >= 0 ? fdopen(fd, "w") : NULL;
    if (out == NULL)
        die("a temporary file");
    (void)fputs("time,symbol,price,size\n", out);
    for (int64_t i = 0; i < f->rows; i++) {
        const uint64_t r = next_random(&state);
        char text[64];
        ns += (int64_t)(r & 0xFFFFF);
        const time_t seconds = ns / 1000000000;
        struct tm parts;
        (void)gmtime_r(&seconds, &parts);
        if (f->epoch)
            (void)snprintf(text, sizeof text, "%" PRId64, ns);
        else
            (void)snprintf(text + strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts), 16, ".%09d",
                           (int)(ns % 1000000000));
        (void)fprintf(out, "%s,%s,%d.%02d,%d\n", text, symbols[r >> 61], 50 + (int)(r >> 20 & 1023),
                      (int)(r >> 30 & 63), 1 + (int)(r >> 40 & 1023));
    }
    if (fclose(out) != 0)
        die("writing");
}

static void read_ours(void *user)
{
    const file *f = user;
    static qn_tick ticks[BATCH];
    qn_symbols *table;
    qn_stream_source source;
    int64_t rows = 0, count;
    if (qn_symbols_new(&table, 4096, NULL, NULL) != QN_OK ||
        qn_csv_source(&source, f->path, table, NULL, NULL) != QN_OK)
        die("our source");
    do {
        if (source.read(source.self, ticks, BATCH, &count, NULL) != QN_OK)
            die("our reader");
        bench_keep(ticks);
        rows += count;
    } while (count > 0);
    if (rows != f->rows)
        die("counting");
    source.free(source.self);
    qn_symbols_free(table);
}

static double plain_time(const file *f, const char *line, char **end)
{
    if (f->epoch)
        return (double)strtoll(line, end, 10);
    struct tm parts = {.tm_year = atoi(line) - 1900,
                       .tm_mon = atoi(line + 5) - 1,
                       .tm_mday = atoi(line + 8),
                       .tm_hour = atoi(line + 11),
                       .tm_min = atoi(line + 14)};
    return (double)timegm(&parts) + strtod(line + 17, end);
}

/* What many a program does: no quotes, no missing cells, no complaints. */
static void read_plain(void *user)
{
    const file *f = user;
    FILE *in = fopen(f->path, "r");
    char *line = NULL;
    size_t line_size = 0;
    struct {
        double time, price, size;
        char symbol[8];
    } ticks[BATCH];
    int64_t rows = 0;
    if (in == NULL || getline(&line, &line_size, in) < 0)
        die("the plain reader");
    for (; getline(&line, &line_size, in) > 0; rows++) {
        char *p;
        const int at = (int)(rows % BATCH);
        ticks[at].time = plain_time(f, line, &p);
        size_t length = strcspn(++p, ",");
        memcpy(ticks[at].symbol, p, length < 7 ? length : 7);
        ticks[at].symbol[length < 7 ? length : 7] = '\0';
        ticks[at].price = strtod(p + length + 1, &p);
        ticks[at].size = strtod(p + 1, &p);
        if (at == BATCH - 1)
            bench_keep(ticks);
    }
    if (rows != f->rows)
        die("counting");
    free(line);
    (void)fclose(in);
}

static void ask_pandas(void *user)
{
    const file *f = user;
    (void)fprintf(f->pandas->to, "%s\n", f->path);
    (void)fflush(f->pandas->to);
    if (!bench_python_hear(f->pandas) || strtoll(f->pandas->line, NULL, 10) != f->rows)
        die("pandas");
}

static void measure(bench *b, const char *case_name, file f)
{
    write_file(&f);
    const bench_side ours = {"quern", read_ours, &f};
    (void)bench_compare(b, case_name, ours, (bench_side){"getline, strtod", read_plain, &f}, (double)f.rows, "rows");
    if (f.pandas->process != 0)
        (void)bench_compare(b, case_name, ours, (bench_side){"pandas", ask_pandas, &f}, (double)f.rows, "rows");
    (void)unlink(f.path);
}

static void make_up(void *user)
{
    static qn_tick ticks[BATCH];
    qn_symbols *table;
    qn_stream_source source;
    int64_t count;
    if (qn_symbols_new(&table, 64, NULL, NULL) != QN_OK ||
        qn_generated_source(&source, *(const int64_t *)user, table, NULL, NULL) != QN_OK)
        die("made-up records");
    do {
        (void)source.read(source.self, ticks, BATCH, &count, NULL);
        bench_keep(ticks);
    } while (count > 0);
    source.free(source.self);
    qn_symbols_free(table);
}

int main(int argc, char **argv)
{
    bench b;
    bench_python pandas = {0};
    bench_begin(&b, "How fast does a CSV file become ticks?", argc, argv);
    int64_t rows = b.quick ? 5000 : 1000000;
    b.sample_seconds = 0; /* a file is long enough */
    if (!b.quick && bench_python_begin(&pandas, BENCH_REPLAY_CSV_PEER, BENCH_REPLAY_CSV_ENVIRONMENT))
        printf("# %s", pandas.line + 6);
    else if (!b.quick)
        bench_no_peer("pandas", "python3-pandas");
    measure(&b, "times as text", (file){.rows = rows, .pandas = &pandas});
    measure(&b, "times in ns", (file){.rows = rows, .epoch = true, .pandas = &pandas});
    bench_python_end(&pandas);
    (void)bench_measure(&b, "generate", (bench_side){"quern", make_up, &rows}, (double)rows, "records");
    return bench_end(&b);
}
