/* bench/csv.c: how fast does a CSV file of numbers become columns of doubles? Beside a plain reader of getline and
 * strtod, and beside pandas (C engine) or numpy.loadtxt, whichever /usr/bin/python3 has. All read the same file, which
 * is in the page cache. */
#include "bench/common.h"

#include <quern/table.h>

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    COLUMNS = 8
};

typedef struct file {
    char path[64];
    int64_t rows;
    double size; /* bytes */
} file;

static uint64_t next_random(uint64_t *state)
{
    uint64_t z = (*state += 0x9E3779B97F4A7C15u);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

static void die(const char *what)
{
    (void)fprintf(stderr, "bench_csv: %s failed\n", what);
    exit(1);
}

static void write_file(file *f, const char *format, double scale)
{
    uint64_t state = 1;
    (void)snprintf(f->path, sizeof f->path, "/tmp/quern-bench-XXXXXX");
    int fd = mkstemp(f->path);
    FILE *out = fd >= 0 ? fdopen(fd, "w") : NULL;
    if (out == NULL)
        die("a temporary file");
    (void)fputs("a,b,c,d,e,f,g,h\n", out);
    for (int64_t i = 0; i < f->rows * COLUMNS; i++) {
        double value = ((double)(next_random(&state) >> 11) * 0x1p-53 - 0.5) * scale;
        char text[64];
        /* The format is one of the two below. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        (void)snprintf(text, sizeof text, format, value);
#pragma GCC diagnostic pop
        (void)fputs(text, out);
        (void)fputc(i % COLUMNS == COLUMNS - 1 ? '\n' : ',', out);
    }
    if (fclose(out) != 0)
        die("writing");
    struct stat info;
    if (stat(f->path, &info) != 0)
        die("stat");
    f->size = (double)info.st_size;
}

static void read_ours(void *user)
{
    const file *f = user;
    qn_csv *csv;
    qn_table *table = NULL;
    static const char types[] = "a=f64,b=f64,c=f64,d=f64,e=f64,f=f64,g=f64,h=f64";
    qn_csv_options options;
    qn_csv_options_init(&options, sizeof options);
    options.types = types;
    if (qn_csv_open(&csv, f->path, &options, NULL) != QN_OK || qn_csv_read(&table, csv, -1, NULL) != QN_OK ||
        qn_table_row_count(table) != f->rows)
        die("our reader");
    bench_keep(qn_table_f64(table, 0));
    qn_table_free(table);
    qn_csv_close(csv);
}

/* What many a program does: no quotes, no missing values, no complaints. */
static void read_plain(void *user)
{
    const file *f = user;
    FILE *in = fopen(f->path, "r");
    char *line = NULL;
    size_t line_size = 0;
    double *columns[COLUMNS] = {NULL};
    int64_t rows = 0, capacity = 0;
    if (in == NULL || getline(&line, &line_size, in) < 0)
        die("the plain reader");
    while (getline(&line, &line_size, in) > 0) {
        if (rows == capacity) {
            capacity = capacity == 0 ? 1024 : capacity * 2;
            for (int i = 0; i < COLUMNS; i++)
                columns[i] = realloc(columns[i], (size_t)capacity * sizeof(double));
        }
        char *p = line;
        for (int i = 0; i < COLUMNS; i++)
            columns[i][rows] = strtod(p, &p), p++;
        rows++;
    }
    bench_keep(columns[0]);
    for (int i = 0; i < COLUMNS; i++)
        free(columns[i]);
    free(line);
    (void)fclose(in);
}

static void measure_python(bench *b, const char *case_name, const file *f)
{
    char command[1024];
    int samples = b->quick ? 1 : 5;
    (void)snprintf(
        command, sizeof command,
        "/usr/bin/python3 -c '\n"
        "import time\n"
        "try:\n"
        " import pandas; name = \"pandas\"; read = lambda p: pandas.read_csv(p, engine=\"c\")\n"
        "except ImportError:\n"
        " import numpy; name = \"numpy.loadtxt\"; read = lambda p: numpy.loadtxt(p, delimiter=\",\", skiprows=1)\n"
        "print(name)\n"
        "for i in range(%d):\n"
        " t = time.perf_counter(); read(\"%s\"); print(time.perf_counter() - t)\n"
        "' 2>/dev/null",
        samples, f->path);
    FILE *in = popen(command, "r");
    char name[64] = "";
    double seconds[8];
    int count = 0;
    if (in != NULL && fgets(name, sizeof name, in) != NULL) {
        name[strcspn(name, "\n")] = '\0';
        while (count < samples && fscanf(in, "%lf", &seconds[count]) == 1)
            count++;
    }
    if (in != NULL)
        (void)pclose(in);
    if (count == samples)
        (void)bench_report(b, case_name, name, seconds, count, f->size, "bytes");
    else
        bench_no_peer("pandas or numpy", "python3-pandas");
}

static void measure(bench *b, const char *case_name, const char *format, double scale)
{
    file f = {.rows = b->quick ? 5000 : 250000};
    write_file(&f, format, scale);
    (void)bench_compare(b, case_name, (bench_side){"quern", read_ours, &f},
                        (bench_side){"getline, strtod", read_plain, &f}, f.size, "bytes");
    measure_python(b, case_name, &f);
    (void)unlink(f.path);
}

int main(int argc, char **argv)
{
    bench b;
    bench_begin(&b, "How fast does a CSV file become columns of doubles?", argc, argv);
    measure(&b, "%.17g", "%.17g", 2e3);
    measure(&b, "%.2f", "%.2f", 2e3);
    return bench_end(&b);
}
