/* generate_write COUNT SEED SYMBOLS GAP_NS START_NS ORDERS: made-up records, 64 bytes each, to standard output. */
#include <quern/feeds.h>

#include <stdio.h>
#include <stdlib.h>

enum {
    AT_ONCE = 61
};

static qn_status write_all(char **words, qn_error *err)
{
    qn_generated_options o;
    qn_generated_options_init(&o, sizeof o);
    o.seed = strtoull(words[2], NULL, 10);
    o.symbols = strtoll(words[3], NULL, 10);
    o.mean_gap_ns = strtoll(words[4], NULL, 10);
    o.start_ns = strtoll(words[5], NULL, 10);
    o.orders = strtod(words[6], NULL);
    qn_symbols *symbols = NULL;
    qn_stream_source source = {0};
    qn_status s = qn_symbols_new(&symbols, 1 << 16, NULL, err);
    if (s == QN_OK)
        s = qn_generated_source(&source, strtoll(words[1], NULL, 10), symbols, &o, err);
    for (int64_t count = 1; s == QN_OK && count > 0;) {
        qn_tick ticks[AT_ONCE];
        s = source.read(source.self, ticks, AT_ONCE, &count, err);
        if (fwrite(ticks, sizeof ticks[0], (size_t)count, stdout) != (size_t)count)
            s = QN_IO;
    }
    if (source.free != NULL)
        source.free(source.self);
    qn_symbols_free(symbols);
    return s;
}

int main(int argc, char **argv)
{
    qn_error err = qn_error_none();
    if (argc == 7 && write_all(argv, &err) == QN_OK && fflush(stdout) == 0)
        return 0;
    (void)fprintf(stderr, "generate_write: %s\n", argc == 7 ? err.message : "six arguments");
    return 1;
}
