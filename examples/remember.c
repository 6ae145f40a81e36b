/* Remembers what takes long: how many primes there are below each number of the command line, in a folder that outlives
 * the program and that several of them may use at once.
 *
 *     cc -O2 remember.c $(pkg-config --cflags --libs quern) -o remember
 *     ./remember primes 200000 300000
 *     ./remember primes 200000 300000
 */
#include <quern/cache.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* What is asked for. The answer is a JSON text, so that any program can read it. */
static qn_status count_primes(qn_datum **out, void *user, qn_error *err)
{
    int64_t below = *(const int64_t *)user, count = 0;
    for (int64_t n = 2; n < below; n++) {
        int64_t d = 2;
        while (d * d <= n && n % d != 0)
            d++;
        count += d * d > n;
    }
    char text[64];
    (void)snprintf(text, sizeof text, "{\"primes\":%" PRId64 "}", count);
    return qn_datum_json(out, text, -1, NULL, err);
}

static int answer(qn_cache *cache, const char *number)
{
    qn_error err;
    qn_datum *value;
    qn_cache_found found;
    int64_t below = strtoll(number, NULL, 10);
    /* However many threads ask at once, count_primes runs once. */
    if (qn_cache_get_or(&value, &found, cache, number, -1, NULL, count_primes, &below, &err) != QN_OK) {
        (void)fprintf(stderr, "%s\n", err.message);
        return 1;
    }
    (void)printf("%s %s %s\n", number, qn_datum_text(value, NULL), found == QN_CACHE_HIT ? "remembered" : "computed");
    qn_datum_unref(value);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc < 3) {
        (void)fprintf(stderr, "usage: remember FOLDER NUMBER...\n");
        return 2;
    }
    int code = 0;
    qn_error err;
    qn_cache *cache;
    qn_cache_options options;
    qn_cache_options_init(&options, sizeof options);
    options.folder = argv[1];
    options.ttl_ms = 24 * INT64_C(3600) * 1000;
    if (qn_cache_open(&cache, &options, &err) != QN_OK) {
        (void)fprintf(stderr, "%s\n", err.message);
        return 1;
    }
    for (int i = 2; i < argc; i++)
        code |= answer(cache, argv[i]);
    if (qn_cache_close(cache, -1, &err) != QN_OK)
        (void)fprintf(stderr, "%s\n", err.message);
    return code;
}
