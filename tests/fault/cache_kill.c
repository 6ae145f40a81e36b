/* Processes that write to a cache's folder are killed at any moment, while another one has it open and writes too. What
 * a put was acknowledged for is there and whole, what was acknowledged as removed is gone, the totals are the sums, and
 * no file is left.
 *
 * The one to be killed is this program itself, started anew. Through a pipe it tells what it is about to do, and that
 * it was done. */
#include "harness/cache_tier.h"
#include "harness/harness.h"

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    KEYS = 24,
    ROOM = 256 << 20,
    SAYS = 3 /* the descriptor of the pipe */
};

static qni_cache_time now;

static const char *key_text(int key)
{
    static char text[16];
    (void)snprintf(text, sizeof text, "key%d", key);
    return text;
}

/* ---- the one that is killed ---- */

/* What a process writes to: number 0 removes. */
typedef struct writer {
    const char *name;
    void *(*open)(const char *folder);
    qn_status (*write)(void *handle, int key, int64_t size, uint64_t number, qn_error *err);
} writer;

static void *tier_open(const char *folder)
{
    qni_disk_tier *tier;
    qn_error err;
    const qni_disk_options options = {.folder = folder, .bytes = ROOM, .time = &now};
    if (qni_disk_open(&tier, &options, &err) != QN_OK) {
        (void)fprintf(stderr, "%s\n", err.message);
        return NULL;
    }
    return tier;
}

static qn_status tier_write(void *handle, int key, int64_t size, uint64_t number, qn_error *err)
{
    int64_t removed;
    qni_cache_key name = tier_key(key_text(key));
    const tier_put p = {.key = key_text(key), .size = size, .number = number};
    return number == 0 ? qni_disk_remove(&removed, handle, &name, &name.name, 1, err)
                       : tier_put_one(handle, &p, NULL, err);
}

static void *cache_open(const char *folder, qn_cache_writing writing)
{
    qn_cache *cache;
    qn_error err;
    qn_cache_options options;
    qn_cache_options_init(&options, sizeof options);
    options.folder = folder;
    options.disk_bytes = ROOM;
    options.writing = writing;
    if (qn_cache_open(&cache, &options, &err) != QN_OK) {
        (void)fprintf(stderr, "%s\n", err.message);
        return NULL;
    }
    return cache;
}

static void *through_open(const char *folder)
{
    return cache_open(folder, QN_CACHE_THROUGH);
}

static void *back_open(const char *folder)
{
    return cache_open(folder, QN_CACHE_BACK);
}

/* Done is what its ticket says. */
static qn_status cache_write(void *handle, int key, int64_t size, uint64_t number, qn_error *err)
{
    qn_datum *datum;
    if (number == 0)
        return qn_cache_remove(NULL, handle, key_text(key), -1, err);
    char *bytes = malloc((size_t)size);
    if (bytes == NULL)
        abort();
    tier_fill(bytes, size, key_text(key), number);
    qn_status s = qn_datum_bytes(&datum, bytes, size, NULL, err);
    free(bytes);
    qn_cache_ticket *ticket = NULL;
    const qn_cache_put_options options = {.size = sizeof options, .ticket = &ticket};
    if (s == QN_OK)
        s = qn_cache_put(handle, key_text(key), -1, datum, &options, err);
    if (s == QN_OK)
        s = qn_cache_ticket_wait(ticket, -1, err);
    qn_cache_ticket_free(ticket);
    qn_datum_unref(datum);
    return s;
}

static const writer writers[] = {
    {"tier", tier_open, tier_write},
    {"through", through_open, cache_write},
    {"back", back_open, cache_write},
};

/* A line of the pipe: done follows its intention. */
typedef struct line {
    int32_t key;
    int32_t done;
    uint64_t number; /* 0: removed */
} line;

static void say(int key, uint64_t number, bool done)
{
    const line l = {.key = key, .done = done, .number = number};
    if (write(SAYS, &l, sizeof l) != sizeof l)
        _exit(3);
}

/* Until it is killed, or nobody listens. */
static int be_killed(const char *mode, const char *folder, uint64_t seed)
{
    const writer *w = writers;
    while (strcmp(w->name, mode) != 0)
        w++;
    void *handle = w->open(folder);
    qn_error err;
    if (handle == NULL)
        return 1;
    for (uint64_t number = seed << 20;;) {
        int key = (int)test_random_below(&seed, KEYS);
        int64_t size = test_random_below(&seed, 3) == 0 ? 40000 : 100 + test_random_below(&seed, 3000);
        bool removes = test_random_below(&seed, 5) == 0;
        number++;
        say(key, removes ? 0 : number, false);
        if (w->write(handle, key, size, removes ? 0 : number, &err) != QN_OK) {
            (void)fprintf(stderr, "%s\n", err.message);
            return 1;
        }
        say(key, removes ? 0 : number, true);
    }
}

/* ---- the one that looks ---- */

typedef struct expected {
    uint64_t number;  /* as it was acknowledged; 0: removed, or never put */
    bool pending;     /* something was under way when its process was killed */
    uint64_t perhaps; /* which this is, then */
} expected;

static pid_t start(const char *mode, const char *folder, uint64_t seed, int *from)
{
    int pipes[2];
    char number[24];
    assert_int_equal(pipe(pipes), 0);
    (void)snprintf(number, sizeof number, "%llu", (unsigned long long)seed);
    pid_t pid = fork();
    if (pid == 0) {
        (void)close(pipes[0]);
        if (dup2(pipes[1], SAYS) == SAYS)
            (void)execl("/proc/self/exe", "cache_kill", mode, folder, number, (char *)NULL);
        _exit(2);
    }
    (void)close(pipes[1]);
    *from = pipes[0];
    return pid;
}

static void note(expected *keys, const line *l)
{
    expected *e = &keys[l->key];
    e->pending = l->done == 0;
    if (l->done != 0)
        e->number = l->number;
    else
        e->perhaps = l->number;
}

/* Lets one run for so many writes, writing meanwhile, and kills it. */
static void kill_one(const char *mode, const char *folder, expected *keys, qni_disk_tier *beside, uint64_t *seed)
{
    int from;
    line l;
    int64_t after = 1 + test_random_below(seed, 40), done = 0;
    pid_t pid = start(mode, folder, 1 + (test_random(seed) >> 40), &from);
    while (read(from, &l, sizeof l) == sizeof l) {
        qn_error err;
        note(keys, &l);
        done += l.done;
        if (l.done == 0 && done % 8 == 3) {
            const tier_put p = {.key = "beside", .size = 50000, .number = (uint64_t)done};
            assert_ok(tier_put_one(beside, &p, NULL, &err), &err);
        }
        if (done == after) {
            assert_int_equal(kill(pid, SIGKILL), 0);
            after = -1;
        }
    }
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    (void)close(from);
}

/* What was under way happened or did not; from here on it is known which. */
static void check(expected *keys, qni_disk_tier *tier)
{
    for (int k = 0; k < KEYS; k++) {
        tier_got got;
        qn_error err;
        expected *e = &keys[k];
        assert_ok(tier_get_one(&got, tier, key_text(k), NULL, &err), &err);
        uint64_t number = got.there ? got.number : 0;
        assert_true(!got.there || got.whole);
        if (number != e->number && !(e->pending && number == e->perhaps))
            print_error("%s: %llx, not %llx%s\n", key_text(k), (unsigned long long)number,
                        (unsigned long long)e->number, e->pending ? " nor what was under way" : "");
        assert_true(number == e->number || (e->pending && number == e->perhaps));
        *e = (expected){.number = number};
    }
}

static void check_folder(const char *folder)
{
    static const qni_record_keys none;
    qn_cache_report r;
    qni_disk_counts c;
    qn_error err;
    char moving[128];
    qni_disk_tier *tier = tier_open(folder);
    assert_non_null(tier);
    assert_ok(qni_disk_verify(&r, tier, &none, false, NULL, NULL, &err), &err);
    assert_false(r.index_damaged);
    assert_int_equal(r.damaged + r.missing + r.strangers, 0);
    qni_disk_counts_get(&c, tier);
    assert_int_equal(r.entries, c.entries);
    assert_int_equal(r.bytes, c.bytes);
    assert_int_equal(c.rebuilt, 0);
    qni_disk_close(tier);
    (void)snprintf(moving, sizeof moving, "%s/values/moving", folder);
    DIR *dir = opendir(moving);
    assert_non_null(dir);
    int left = 0;
    while (readdir(dir) != NULL)
        left++;
    (void)closedir(dir);
    assert_int_equal(left, 2); /* . and .. */
}

static void kill_many(const char *mode, int64_t rounds)
{
    char folder[64], command[128];
    expected keys[KEYS] = {0};
    uint64_t seed = test_seed(8);
    (void)snprintf(folder, sizeof folder, "%s/quern-kill-XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    assert_non_null(mkdtemp(folder));
    qni_disk_tier *beside = tier_open(folder);
    assert_non_null(beside);
    for (int64_t i = 0; i < rounds; i++) {
        kill_one(mode, folder, keys, beside, &seed);
        check(keys, beside);
        if (i % 10 == 9)
            check_folder(folder);
        if (i % 20 == 19) { /* and so that the next one is alone with what was left */
            qni_disk_close(beside);
            beside = tier_open(folder);
            assert_non_null(beside);
        }
    }
    check_folder(folder);
    qni_disk_close(beside);
    (void)snprintf(command, sizeof command, "rm -rf %s", folder);
    assert_int_equal(system(command), 0);
}

static void the_disk_tier_loses_nothing_that_was_acknowledged(void **state)
{
    (void)state;
    kill_many("tier", test_effort(20, 200));
}

static void a_cache_that_writes_through_loses_nothing_that_was_acknowledged(void **state)
{
    (void)state;
    kill_many("through", test_effort(15, 150));
}

static void a_cache_that_writes_back_loses_nothing_whose_ticket_was_done(void **state)
{
    (void)state;
    kill_many("back", test_effort(15, 150));
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_disk_tier_loses_nothing_that_was_acknowledged),
        cmocka_unit_test(a_cache_that_writes_through_loses_nothing_that_was_acknowledged),
        cmocka_unit_test(a_cache_that_writes_back_loses_nothing_whose_ticket_was_done),
    };
    qni_cache_time_init(&now, NULL);
    if (argc == 4)
        return be_killed(argv[1], argv[2], strtoull(argv[3], NULL, 10));
    if (!qn_has("sqlite")) {
        print_message("SKIPPED: SQLite is not here, so there are no caches on disk\n");
        return 0;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
