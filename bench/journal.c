/* bench/journal.c: what does it cost to keep a record of 64 bytes, and to read it again? A journal beside fwrite and
 * fread of the same records, as many a call, into files of as many; the journal also seals each record, numbers it,
 * checks it, and has it found by time, which of the peer is not asked.
 *
 * In memory (/dev/shm) and on the disk of TMPDIR (/tmp); there a journal that uses its segments again beside a
 * file that is written over, and new files, which cost what the disk and its file system cost. Nothing is flushed: of
 * both, what was written survives the process and not the machine. Calls of 1 and of 512 records; stdio gathers single
 * ones. */
#include "bench/common.h"

#include <quern/journal.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    RECORDS = 1 << 20, /* 64 MiB: a segment */
    BATCH = 512,
};

typedef struct work {
    char root[256], folder[280], file[300], command[320];
    int64_t records, batch;
    qn_symbols *symbols;
    qn_tick *ticks; /* (BATCH) */
    qn_journal *journal;
    qn_journal_reader *reader;
    FILE *out;
    int64_t sum;
} work;

static void die(const char *what, const qn_error *err)
{
    (void)fprintf(stderr, "bench_journal: %s: %s\n", what, err != NULL ? err->message : "failed");
    exit(1);
}

static void must(qn_status status, const char *what, const qn_error *err)
{
    if (status != QN_OK)
        die(what, err);
}

static void run(const char *command)
{
    if (system(command) != 0)
        die(command, NULL);
}

static void open_journal(work *w, int64_t max_segments)
{
    qn_error err;
    qn_journal_options o;
    qn_journal_options_init(&o, sizeof o);
    o.segment_records = w->records;
    o.max_segments = max_segments;
    must(qn_journal_open(&w->journal, w->folder, w->symbols, &o, &err), "qn_journal_open", &err);
}

/* ---- appending ---- */

static void append(void *user)
{
    work *w = user;
    qn_error err;
    for (int64_t i = 0; i < w->records; i += w->batch)
        must(qn_journal_append(w->journal, w->ticks, w->batch, &err), "qn_journal_append", &err);
}

/* A new journal each time: its files are made, and those of the last time are removed. */
static void append_fresh(void *user)
{
    work *w = user;
    run(w->command);
    open_journal(w, 0);
    append(w);
    qn_journal_close(w->journal);
    w->journal = NULL;
}

static void write_to(work *w, const char *mode)
{
    FILE *out = fopen(w->file, mode);
    if (out == NULL)
        die(w->file, NULL);
    for (int64_t i = 0; i < w->records; i += w->batch)
        if (fwrite(w->ticks, sizeof(qn_tick), (size_t)w->batch, out) != (size_t)w->batch)
            die("fwrite", NULL);
    if (fclose(out) != 0)
        die("fclose", NULL);
}

static void write_over(void *user)
{
    work *w = user;
    write_to(w, access(w->file, F_OK) == 0 ? "r+b" : "wb");
}

static void write_fresh(void *user)
{
    work *w = user;
    (void)unlink(w->file);
    write_to(w, "wb");
}

/* ---- replaying ---- */

static void replay(void *user)
{
    work *w = user;
    qn_error err;
    const qn_tick *span;
    int64_t count, all = 0;
    must(qn_journal_reader_seek(w->reader, -1, -1, &err), "qn_journal_reader_seek", &err);
    do {
        must(qn_journal_read(&span, &count, w->reader, BATCH, &err), "qn_journal_read", &err);
        for (int64_t i = 0; i < count; i++)
            w->sum += span[i].price;
        all += count;
    } while (count > 0);
    if (all < w->records)
        die("a replay that lacks records", NULL);
}

static void read_file(void *user)
{
    work *w = user;
    qn_tick ticks[BATCH];
    int64_t all = 0;
    FILE *in = fopen(w->file, "rb");
    if (in == NULL)
        die(w->file, NULL);
    for (size_t count; (count = fread(ticks, sizeof *ticks, BATCH, in)) > 0; all += (int64_t)count)
        for (size_t i = 0; i < count; i++)
            w->sum += ticks[i].price;
    (void)fclose(in);
    if (all < w->records)
        die("a file that lacks records", NULL);
}

/* ---- cases ---- */

static void one_place(bench *b, work *w, const char *place, const char *root)
{
    char name[64];
    const double work_done = (double)w->records;
    (void)snprintf(w->root, sizeof w->root, "%.200s/quern-bench-journal-XXXXXX", root);
    if (mkdtemp(w->root) == NULL)
        die(w->root, NULL);
    (void)snprintf(w->folder, sizeof w->folder, "%s/journal", w->root);
    (void)snprintf(w->file, sizeof w->file, "%s/stdio", w->root);
    (void)snprintf(w->command, sizeof w->command, "rm -rf %s", w->folder);

    for (w->batch = BATCH; w->batch >= 1; w->batch -= BATCH - 1) {
        run(w->command);
        open_journal(w, 2);
        append(w);
        append(w);
        write_over(w);
        (void)snprintf(name, sizeof name, "append %d a call, %s, used again", (int)w->batch, place);
        (void)bench_compare(b, name, (bench_side){"quern", append, w}, (bench_side){"fwrite", write_over, w}, work_done,
                            "records");
        qn_journal_close(w->journal);
        w->journal = NULL;
    }
    w->batch = BATCH;
    (void)snprintf(name, sizeof name, "append %d a call, %s, new files", BATCH, place);
    (void)bench_compare(b, name, (bench_side){"quern", append_fresh, w}, (bench_side){"fwrite", write_fresh, w},
                        work_done, "records");

    qn_error err;
    must(qn_journal_reader_open(&w->reader, w->folder, NULL, &err), "qn_journal_reader_open", &err);
    (void)snprintf(name, sizeof name, "replay, %s", place);
    (void)bench_compare(b, name, (bench_side){"quern", replay, w}, (bench_side){"fread", read_file, w}, work_done,
                        "records");
    qn_journal_reader_close(w->reader);
    (void)snprintf(w->command, sizeof w->command, "rm -rf %s", w->root);
    run(w->command);
}

int main(int argc, char **argv)
{
    bench b;
    qn_error err;
    bench_begin(&b, "journal", argc, argv);
    work w = {.records = b.quick ? RECORDS / 16 : RECORDS};
    must(qn_symbols_new(&w.symbols, 64, NULL, &err), "qn_symbols_new", &err);
    w.ticks = calloc(BATCH, sizeof *w.ticks);
    if (w.ticks == NULL)
        die("calloc", NULL);
    for (int32_t i = 0; i < BATCH; i++) {
        char name[16];
        (void)snprintf(name, sizeof name, "S%d", (int)(i % 64));
        w.ticks[i] = (qn_tick){.time_ns = i, .price = QN_TICK_SCALE + i, .size = i, .order = (uint32_t)i};
        must(qn_symbols_add(&w.ticks[i].symbol, w.symbols, name, -1, &err), "qn_symbols_add", &err);
    }
    if (access("/dev/shm", W_OK) == 0)
        one_place(&b, &w, "memory", "/dev/shm");
    const char *place = getenv("TMPDIR");
    one_place(&b, &w, "disk", place != NULL ? place : "/tmp");
    bench_keep(&w.sum);
    free(w.ticks);
    qn_symbols_free(w.symbols);
    return bench_end(&b);
}
