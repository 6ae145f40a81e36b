/* The shared tier of caches beside a real Redis: what is there is asked of the server itself, over its own inline
 * commands (https://redis.io/docs/latest/develop/reference/protocol-spec/). */
#include "harness/harness.h"

#include "base/digest.h"
#include "store/cache_int.h"

#include <quern/log.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static qni_cache_time now;
static const char *url;
static int server = -1; /* our own connection */

/* ---- what the server says ---- */

/* Sends one line and reads the answer: its first line, and of a string its bytes (which fit). */
static const char *ask(const char *format, ...) QN_PRINTF(1, 2);
static const char *ask(const char *format, ...)
{
    static char answer[4096];
    char line[1024];
    va_list args;
    va_start(args, format);
    int length = vsnprintf(line, sizeof line - 2, format, args);
    va_end(args);
    memcpy(line + length, "\r\n", 2);
    assert_int_equal(write(server, line, (size_t)length + 2), length + 2);
    ssize_t size = 0;
    const char *end = NULL;
    while (end == NULL) {
        ssize_t got = read(server, answer + size, sizeof answer - 1 - (size_t)size);
        assert_true(got > 0);
        size += got;
        answer[size] = '\0';
        end = strstr(answer, "\r\n");
        if (answer[0] == '$' && answer[1] != '-' && end != NULL && size < end + 2 - answer + atoi(answer + 1) + 2)
            end = NULL;
    }
    answer[size - 2] = '\0';
    return answer[0] == '$' ? strstr(answer, "\r\n") + 2 : answer;
}

static int64_t number(const char *answer)
{
    assert_int_equal(answer[0], ':');
    return strtoll(answer + 1, NULL, 10);
}

static int setup(void **state)
{
    (void)state;
    url = getenv("QUERN_TEST_REDIS");
    if (url == NULL)
        return 0;
    qni_cache_time_init(&now, NULL);
    qn_log_set(QN_LOG_ERROR, NULL); /* that a server is done without is said once for each */
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s", url + strlen("unix:"));
    server = socket(AF_UNIX, SOCK_STREAM, 0);
    return connect(server, (const struct sockaddr *)&address, sizeof address);
}

static int teardown(void **state)
{
    (void)state;
    return server >= 0 ? close(server) : 0;
}

/* ---- a tier, keys, records ---- */

static qni_redis_tier *tier_at(const char *where, const char *space)
{
    qni_redis_tier *tier;
    qn_error err = qn_error_none();
    const qni_redis_options options = {.url = where, .space = space, .time = &now};
    assert_ok(qni_redis_open(&tier, &options, &err), &err);
    return tier;
}

/* An empty server and a tier on it; NULL: there is no server. */
static qni_redis_tier *fresh(void)
{
    if (url == NULL)
        skip();
    assert_string_equal(ask("FLUSHALL"), "+OK");
    return tier_at(url, "t");
}

static qni_cache_key key_of(const void *bytes, int64_t size)
{
    return (qni_cache_key){.bytes = bytes, .size = size, .name = qni_cache_name(bytes, size)};
}

static qni_cache_key key(const char *text)
{
    return key_of(text, (int64_t)strlen(text));
}

/* Puts bytes under the key, for ttl_ms (0: for ever; -1: it has ended), depending on keys. */
static qn_status put(qni_redis_tier *tier, qni_cache_key k, const char *text, int64_t ttl_ms,
                     const char *const *depends, qn_error *err)
{
    qn_datum *datum;
    qni_record record;
    uint64_t names[QN_CACHE_DEPENDS_MAX];
    int64_t count = 0;
    for (; depends != NULL && depends[count] != NULL; count++)
        names[count] = key(depends[count]).name;
    assert_ok(qn_datum_bytes(&datum, text, (int64_t)strlen(text), NULL, err), err);
    qni_cache_value value = {.datum = datum, .depends = names, .depend_count = count};
    value.deadline = qni_deadline_after(&now, ttl_ms < 0 ? 1 : ttl_ms * 1000000);
    if (ttl_ms < 0) {
        value.deadline.boot_ns -= INT64_C(2000000000);
        value.deadline.wall_ns -= INT64_C(2000000000);
    }
    assert_ok(qni_record_encode(&record, &k, &value, &(qni_record_keys){0}, NULL, err), err);
    qn_status s = qni_redis_put(tier, &(qni_disk_write){.key = &k, .record = &record, .value = &value}, 1, err);
    qni_record_free(&record, NULL);
    qn_datum_unref(datum);
    return s;
}

#define must_put(tier, k, text, ttl_ms, ...)                                                                   \
    do {                                                                                                       \
        qn_error put_err = qn_error_none();                                                                    \
        assert_ok(put((tier), (k), (text), (ttl_ms), (const char *const[]){__VA_ARGS__}, &put_err), &put_err); \
    } while (0)

/* The text under the key; NULL: none. Valid until the next call. */
static const char *get(qni_redis_tier *tier, qni_cache_key k)
{
    static char text[4096];
    qni_record record;
    qni_record_view view;
    qn_datum *datum;
    qn_error err = qn_error_none();
    assert_ok(qni_redis_get(&record, &view, tier, &k, &err), &err);
    if (record.bytes == NULL)
        return NULL;
    assert_ok(qni_record_datum(&datum, &view, &(qni_record_keys){0}, NULL, &err), &err);
    int64_t size;
    const char *bytes = qn_datum_text(datum, &size);
    assert_true(size < (int64_t)sizeof text);
    memcpy(text, bytes, (size_t)size + 1);
    qn_datum_unref(datum);
    qni_record_free(&record, NULL);
    return text;
}

static int64_t remove_name(qni_redis_tier *tier, const char *text)
{
    int64_t removed;
    qn_error err = qn_error_none();
    const qni_cache_key k = key(text);
    assert_ok(qni_redis_remove(&removed, tier, &k, &k.name, 1, &err), &err);
    return removed;
}

/* ---- putting and getting ---- */

static void what_one_tier_puts_another_gets(void **state)
{
    (void)state;
    qni_redis_tier *a = fresh(), *b = tier_at(getenv("QUERN_TEST_REDIS_TCP"), "t");
    char long_key[QN_CACHE_KEY_MAX];
    memset(long_key, 0xC3, sizeof long_key);
    must_put(a, key("plain"), "one", 0, NULL);
    must_put(a, key_of("zero\0 \r\n%s", 10), "two", 0, NULL);
    must_put(a, key_of(long_key, sizeof long_key), "", 0, NULL);
    assert_string_equal(get(b, key("plain")), "one");
    assert_string_equal(get(b, key_of("zero\0 \r\n%s", 10)), "two");
    assert_string_equal(get(b, key_of(long_key, sizeof long_key)), "");
    assert_null(get(b, key("zero")));
    must_put(b, key("plain"), "another", 0, NULL);
    assert_string_equal(get(a, key("plain")), "another");
    assert_int_equal(number(ask("EXISTS t:v:plain")), 1);
    qni_redis_close(a);
    qni_redis_close(b);
}

static void a_large_record_comes_back_byte_for_byte(void **state)
{
    (void)state;
    qni_redis_tier *tier = fresh();
    enum {
        SIZE = 3000001
    };
    char *bytes = malloc(SIZE);
    uint64_t seed = test_seed(7);
    for (int i = 0; i < SIZE; i++)
        bytes[i] = (char)test_random(&seed);
    qn_datum *datum;
    qni_record record, back;
    qni_record_view view;
    qn_error err = qn_error_none();
    const qni_cache_key k = key("large");
    assert_ok(qn_datum_bytes(&datum, bytes, SIZE, NULL, &err), &err);
    const qni_cache_value value = {.datum = datum};
    assert_ok(qni_record_encode(&record, &k, &value, &(qni_record_keys){0}, NULL, &err), &err);
    assert_ok(qni_redis_put(tier, &(qni_disk_write){&k, &record, &value}, 1, &err), &err);
    assert_int_equal(number(ask("STRLEN t:v:large")), record.size);
    assert_ok(qni_redis_get(&back, &view, tier, &k, &err), &err);
    assert_int_equal(back.size, record.size);
    assert_memory_equal(back.bytes, record.bytes, record.size);
    qni_record_free(&back, NULL);
    qni_record_free(&record, NULL);
    qn_datum_unref(datum);
    free(bytes);
    qni_redis_close(tier);
}

static void a_record_ends_in_redis_with_its_time(void **state)
{
    (void)state;
    qni_redis_tier *tier = fresh();
    must_put(tier, key("for ever"), "x", 0, NULL);
    must_put(tier, key("a minute"), "x", 60000, NULL);
    assert_int_equal(number(ask("PTTL \"t:v:for ever\"")), -1);
    int64_t left = number(ask("PTTL \"t:v:a minute\""));
    assert_in_range(left, 30000, 60000);
    must_put(tier, key("a minute"), "over", -1, NULL); /* its deadline has passed */
    assert_null(get(tier, key("a minute")));
    assert_int_equal(number(ask("EXISTS \"t:v:a minute\"")), 0);
    qni_redis_close(tier);
}

/* Clocks of another machine, a day ahead: what it takes for ended is not removed for the others. */
static int64_t tomorrow_ns(void *user)
{
    (void)user;
    return now.clock.wall_ns(now.clock.user) + INT64_C(86400) * 1000000000;
}

static void a_machine_whose_clock_is_ahead_misses_and_removes_nothing(void **state)
{
    (void)state;
    qni_redis_tier *tier = fresh();
    qni_cache_time ahead;
    const qn_cache_clock clock = {.boot_ns = now.clock.boot_ns,
                                  .wall_ns = tomorrow_ns,
                                  .boot_id = "00000000-0000-4000-8000-000000000001",
                                  .user = now.clock.user};
    qni_cache_time_init(&ahead, &clock);
    qni_redis_tier *other;
    qn_error err = qn_error_none();
    assert_ok(qni_redis_open(&other, &(qni_redis_options){.url = url, .space = "t", .time = &ahead}, &err), &err);
    must_put(tier, key("k"), "here", 60000, NULL);
    assert_null(get(other, key("k")));
    assert_string_equal(get(tier, key("k")), "here");
    qni_redis_close(other);
    qni_redis_close(tier);
}

static void many_writes_go_in_one_call(void **state)
{
    (void)state;
    enum {
        COUNT = 300
    };
    qni_redis_tier *tier = fresh();
    qni_cache_key keys[COUNT];
    char texts[COUNT][16];
    qni_record records[COUNT];
    qni_disk_write writes[COUNT];
    qn_datum *datum;
    qn_error err = qn_error_none();
    must_put(tier, key("key 7"), "old", 0, NULL);
    assert_ok(qn_datum_bytes(&datum, "value", 5, NULL, &err), &err);
    const qni_cache_value value = {.datum = datum};
    for (int i = 0; i < COUNT; i++) {
        snprintf(texts[i], sizeof texts[i], "key %d", i);
        keys[i] = key(texts[i]);
        assert_ok(qni_record_encode(&records[i], &keys[i], &value, &(qni_record_keys){0}, NULL, &err), &err);
        writes[i] = (qni_disk_write){.key = &keys[i], .record = &records[i], .value = &value};
    }
    writes[7] = (qni_disk_write){.key = &keys[7]}; /* a removal among them */
    assert_ok(qni_redis_put(tier, writes, COUNT, &err), &err);
    assert_int_equal(number(ask("DBSIZE")), COUNT - 1);
    assert_null(get(tier, key("key 7")));
    assert_string_equal(get(tier, key("key 299")), "value");
    for (int i = 0; i < COUNT; i++)
        qni_record_free(&records[i], NULL);
    qn_datum_unref(datum);
    qni_redis_close(tier);
}

static void a_value_larger_than_redis_takes_is_refused_and_the_old_one_goes(void **state)
{
    (void)state;
    qni_redis_tier *tier = fresh();
    qn_error err = qn_error_none();
    const qni_cache_key keys[2] = {key("huge"), key("removed")};
    must_put(tier, keys[0], "old", 0, NULL);
    must_put(tier, keys[1], "old", 0, NULL);
    qni_record record = {.bytes = NULL, .size = (INT64_C(512) << 20) + 1}; /* refused before a byte is looked at */
    const qni_cache_value value = {.stored_ns = 0};
    const qni_disk_write writes[2] = {{.key = &keys[0], .record = &record, .value = &value}, {.key = &keys[1]}};
    assert_int_equal(qni_redis_put(tier, writes, 2, &err), QN_LIMIT);
    assert_contains(err.message, "536870913 bytes");
    assert_null(get(tier, keys[0]));
    assert_null(get(tier, keys[1]));
    qni_redis_close(tier);
}

static void a_redis_without_room_says_so_and_keeps_no_old_value(void **state)
{
    (void)state;
    qni_redis_tier *tier = fresh();
    qn_error err = qn_error_none();
    must_put(tier, key("k"), "old", 0, NULL);
    assert_string_equal(ask("CONFIG SET maxmemory 1"), "+OK");
    assert_int_equal(put(tier, key("k"), "new", 0, NULL, &err), QN_LIMIT);
    assert_contains(err.message, "maxmemory");
    assert_string_equal(ask("CONFIG SET maxmemory 0"), "+OK");
    assert_null(get(tier, key("k")));
    must_put(tier, key("k"), "new", 0, NULL);
    assert_string_equal(get(tier, key("k")), "new");
    qni_redis_close(tier);
}

/* ---- what depends on what ---- */

static void removing_a_name_removes_what_depends_on_it(void **state)
{
    (void)state;
    qni_redis_tier *tier = fresh();
    must_put(tier, key("y"), "4", 0, NULL);
    must_put(tier, key("a"), "1", 0, "x", "y", NULL);
    must_put(tier, key("b"), "2", 0, "y", NULL);
    must_put(tier, key("c"), "3", 0, "z", NULL);
    assert_string_equal(get(tier, key("a")), "1");
    assert_int_equal(remove_name(tier, "y"), 3); /* itself, a and b */
    assert_null(get(tier, key("a")));
    assert_null(get(tier, key("b")));
    assert_null(get(tier, key("y")));
    assert_string_equal(get(tier, key("c")), "3");
    assert_int_equal(remove_name(tier, "y"), 0);
    must_put(tier, key("a"), "5", 0, "y", NULL);
    assert_string_equal(get(tier, key("a")), "5");
    qni_redis_close(tier);
}

static void putting_a_key_anew_removes_what_depended_on_it(void **state)
{
    (void)state;
    qni_redis_tier *tier = fresh();
    must_put(tier, key("source"), "1", 0, NULL);
    must_put(tier, key("result"), "1 too", 0, "source", NULL);
    must_put(tier, key("other"), "2", 0, "elsewhere", NULL);
    must_put(tier, key("source"), "2", 0, NULL);
    assert_null(get(tier, key("result")));
    assert_int_equal(number(ask("EXISTS t:v:result")), 0);
    assert_string_equal(get(tier, key("source")), "2");
    assert_string_equal(get(tier, key("other")), "2");
    qni_redis_close(tier);
}

static void a_record_whose_set_is_gone_counts_no_more(void **state)
{
    (void)state;
    qni_redis_tier *tier = fresh();
    char set[64];
    snprintf(set, sizeof set, "t:d:%016llx", (unsigned long long)key("y").name);
    must_put(tier, key("a"), "1", 0, "x", "y", NULL);
    assert_int_equal(number(ask("SCARD %s", set)), 1);
    assert_int_equal(number(ask("DEL %s", set)), 1); /* as Redis does where it needs room */
    assert_int_equal(number(ask("EXISTS t:v:a")), 1);
    assert_null(get(tier, key("a")));
    must_put(tier, key("b"), "2", 0, "y", NULL); /* the set is there again, without a */
    assert_null(get(tier, key("a")));
    assert_string_equal(get(tier, key("b")), "2");
    qni_redis_close(tier);
}

static void more_dependents_than_one_step_removes_all_go(void **state)
{
    (void)state;
    enum {
        COUNT = 2 * QNI_REDIS_DEPENDENTS + 100
    };
    qni_redis_tier *tier = fresh();
    char text[24];
    for (int i = 0; i < COUNT; i++) {
        snprintf(text, sizeof text, "dependent %d", i);
        must_put(tier, key(text), "x", 0, i % 2 == 0 ? "source" : "table", NULL);
    }
    must_put(tier, key("source"), "new", 0, NULL);
    assert_int_equal(number(ask("DBSIZE")), 1 + COUNT / 2 + 1); /* the source, the others, and their set */
    assert_int_equal(remove_name(tier, "table"), COUNT / 2);
    assert_int_equal(number(ask("DBSIZE")), 1);
    qni_redis_close(tier);
}

static void sets_last_as_long_as_their_longest_record_and_do_not_pile_up(void **state)
{
    (void)state;
    enum {
        LIVE = 25,
        PUTS = 500
    };
    qni_redis_tier *tier = fresh();
    char set[64], text[24];
    snprintf(set, sizeof set, "t:d:%016llx", (unsigned long long)key("s").name);
    must_put(tier, key("short"), "x", 10000, "s", NULL);
    assert_in_range(number(ask("PTTL %s", set)), 1, 10000);
    must_put(tier, key("long"), "x", 600000, "s", NULL);
    must_put(tier, key("short"), "x", 10000, "s", NULL);
    assert_in_range(number(ask("PTTL %s", set)), 300000, 600000);
    for (int i = 0; i < PUTS; i++) { /* each ends soon after */
        snprintf(text, sizeof text, "d%d", i);
        must_put(tier, key(text), "x", 600000, "s", NULL);
        if (i >= LIVE)
            assert_int_equal(number(ask("DEL t:v:d%d", i - LIVE)), 1);
    }
    /* each put adds one and looks at two: where they balance, about half stand for nothing */
    assert_in_range(number(ask("SCARD %s", set)), LIVE, 4 * LIVE);
    must_put(tier, key("for ever"), "x", 0, "s", NULL);
    assert_int_equal(number(ask("PTTL %s", set)), -1);
    qni_redis_close(tier);
}

/* ---- removal by prefix, and of all ---- */

static void a_prefix_is_taken_literally(void **state)
{
    (void)state;
    qni_redis_tier *tier = fresh();
    qn_error err = qn_error_none();
    int64_t removed;
    must_put(tier, key("a*[b]\\?1"), "x", 0, NULL);
    must_put(tier, key("a*[b]\\?2"), "x", 0, NULL);
    must_put(tier, key("axb\\?3"), "x", 0, NULL);
    must_put(tier, key("depends"), "x", 0, "a*[b]\\?2", NULL);
    must_put(tier, key_of("z\0y", 3), "x", 0, NULL);
    must_put(tier, key_of("z", 1), "x", 0, NULL);
    assert_ok(qni_redis_remove_prefix(&removed, tier, "a*[b]\\?", 7, &err), &err);
    assert_int_equal(removed, 3); /* two, and what depends on one */
    assert_string_equal(get(tier, key("axb\\?3")), "x");
    assert_null(get(tier, key("depends")));
    assert_ok(qni_redis_remove_prefix(&removed, tier, "z\0", 2, &err), &err);
    assert_int_equal(removed, 1);
    assert_string_equal(get(tier, key("z")), "x");
    assert_ok(qni_redis_remove_prefix(&removed, tier, NULL, 0, &err), &err);
    assert_int_equal(removed, 2);
    qni_redis_close(tier);
}

static void clearing_removes_all_of_the_space_and_nothing_else(void **state)
{
    (void)state;
    qni_redis_tier *tier = fresh(), *other = tier_at(url, "t*"), *longer = tier_at(url, "tt");
    qn_error err = qn_error_none();
    int64_t removed;
    char text[24];
    assert_string_equal(ask("SET t:foreign 1"), "+OK");
    for (int i = 0; i < 700; i++) {
        snprintf(text, sizeof text, "%d", i);
        must_put(tier, key(text), "x", 0, i % 2 == 0 ? "even" : "odd", NULL);
    }
    must_put(other, key("k"), "other", 0, "n", NULL);
    must_put(longer, key("k"), "longer", 0, "n", NULL);
    assert_ok(qni_redis_clear(&removed, other, &err), &err); /* its * stands for itself */
    assert_int_equal(removed, 1);
    assert_ok(qni_redis_clear(&removed, tier, &err), &err);
    assert_int_equal(removed, 700);
    assert_string_equal(get(longer, key("k")), "longer");
    assert_int_equal(number(ask("DBSIZE")), 3); /* that one, its set, and the stranger */
    qni_redis_close(tier);
    qni_redis_close(other);
    qni_redis_close(longer);
}

/* ---- what is not ours, or not what it was ---- */

static void expect_damaged(qni_redis_tier *tier, const char *text)
{
    qni_record record;
    qni_record_view view;
    qn_error err = qn_error_none();
    const qni_cache_key k = key(text);
    assert_int_equal(qni_redis_get(&record, &view, tier, &k, &err), QN_DATA);
    assert_null(record.bytes);
}

static void a_damaged_record_is_told_and_removed(void **state)
{
    (void)state;
    qni_redis_tier *tier = fresh();
    ask("SET t:v:garbage hello");
    expect_damaged(tier, "garbage");
    assert_int_equal(number(ask("EXISTS t:v:garbage")), 0);
    ask("SET t:v:empty \"\"");
    expect_damaged(tier, "empty");
    must_put(tier, key("one"), "x", 0, NULL);
    assert_int_equal(number(ask("SETRANGE t:v:one 100 Q")) > 0, 1);
    expect_damaged(tier, "one");
    must_put(tier, key("one"), "x", 0, NULL);
    assert_int_equal(number(ask("COPY t:v:one t:v:two")), 1); /* whole, but another's */
    expect_damaged(tier, "two");
    assert_string_equal(get(tier, key("one")), "x");
    assert_int_equal(number(ask("RPUSH t:v:list 1")), 1);
    expect_damaged(tier, "list");
    must_put(tier, key("list"), "x", 0, NULL);
    assert_string_equal(get(tier, key("list")), "x");
    qni_redis_close(tier);
}

static void a_redis_that_refuses_keeps_its_connection(void **state)
{
    (void)state;
    qni_redis_tier *tier = fresh();
    qn_error err = qn_error_none();
    assert_string_equal(ask("ACL SETUSER default -eval"), "+OK");
    assert_int_equal(put(tier, key("k"), "x", 0, NULL, &err), QN_PERMISSION);
    assert_contains(err.message, "eval");
    assert_null(get(tier, key("k")));
    assert_string_equal(ask("ACL SETUSER default +@all"), "+OK");
    must_put(tier, key("k"), "x", 0, NULL);
    assert_string_equal(get(tier, key("k")), "x");
    qni_redis_close(tier);
}

/* ---- where it is ---- */

static void user_password_and_database_come_from_the_url(void **state)
{
    (void)state;
    qni_redis_close(fresh());
    const char *port = strrchr(getenv("QUERN_TEST_REDIS_TCP"), ':');
    char where[128];
    snprintf(where, sizeof where, "redis://guarded:secret%%20word@localhost%s/2", port);
    qni_redis_tier *tier = tier_at(where, "t");
    must_put(tier, key("k"), "in 2", 0, NULL);
    qni_redis_close(tier);
    snprintf(where, sizeof where, "%s?db=2", url);
    tier = tier_at(where, "t");
    assert_string_equal(get(tier, key("k")), "in 2");
    qni_redis_close(tier);
    tier = tier_at(url, "t");
    assert_null(get(tier, key("k")));
    qni_redis_close(tier);
}

static void expect_no_connection(const qni_redis_options *options, qn_status status, const char *piece)
{
    qni_redis_tier *tier;
    qn_error err = qn_error_none();
    assert_ok(qni_redis_open(&tier, options, &err), &err);
    assert_int_equal(put(tier, key("k"), "x", 0, NULL, &err), status);
    assert_contains(err.message, piece);
    assert_null(strstr(err.message, "secret"));
    assert_null(strstr(err.message, "wrong"));
    qni_redis_close(tier);
}

static void a_wrong_password_is_told_and_never_shown(void **state)
{
    (void)state;
    qni_redis_close(fresh());
    const char *port = strrchr(getenv("QUERN_TEST_REDIS_TCP"), ':');
    char where[128];
    snprintf(where, sizeof where, "redis://guarded:wrongone@127.0.0.1%s", port);
    expect_no_connection(&(qni_redis_options){.url = where, .space = "t", .time = &now}, QN_PERMISSION,
                         "guarded:***@127.0.0.1");
    snprintf(where, sizeof where, "redis://guarded@127.0.0.1%s", port);
    expect_no_connection(&(qni_redis_options){.url = where, .password = "wrong", .space = "t", .time = &now},
                         QN_PERMISSION, "WRONGPASS");
    qni_redis_tier *tier;
    qn_error err = qn_error_none();
    const qni_redis_options right = {.url = where, .password = "secret word", .space = "t", .time = &now};
    assert_ok(qni_redis_open(&tier, &right, &err), &err);
    must_put(tier, key("k"), "x", 0, NULL);
    qni_redis_close(tier);
    snprintf(where, sizeof where, "%s?db=99", url);
    expect_no_connection(&(qni_redis_options){.url = where, .space = "t", .time = &now}, QN_UNAVAILABLE, "DB index");
}

static void a_redis_that_is_not_there_is_unavailable_and_soon_not_asked(void **state)
{
    (void)state;
    expect_no_connection(&(qni_redis_options){.url = "unix:/nowhere/socket", .space = "t", .time = &now},
                         QN_UNAVAILABLE, "unix:/nowhere/socket: no connection: ");
    qni_redis_tier *tier = tier_at("redis://127.0.0.1:1", "t");
    qn_error err = qn_error_none();
    assert_int_equal(put(tier, key("k"), "x", 0, NULL, &err), QN_UNAVAILABLE);
    assert_contains(err.message, "refused");
    assert_int_equal(put(tier, key("k"), "x", 0, NULL, &err), QN_UNAVAILABLE);
    assert_contains(err.message, "asked again later");
    qni_redis_close(tier);
}

static void a_url_that_cannot_be_is_refused_with_what_to_write(void **state)
{
    (void)state;
    static const char *const bad[][2] = {
        {"rediss://host", "TLS"},
        {"redis:/host", "two slashes"},
        {"redis://", "one host"},
        {"redis://a,b/1", "one host"},
        {"redis://host/one", "a number from 0"},
        {"redis://host/-1", "a number from 0"},
        {"redis://host/1?timeout=3", "no option \"timeout\""},
        {"redis://host:70000", "port"},
        {"unix:", "path of a socket"},
        {"unix:/socket?database=1", "but db"},
        {"unix:/socket?db=x", "a number from 0"},
        {"unix://run/socket", "unix:/run/redis/redis.sock"},
        {"sqlite:x.db", "redis:// and unix:"},
        {"redi://host", "did you mean redis?"},
        {"host", "redis://HOST"},
        {"unix:/a/path/that/is/longer/than/the/hundred/and/seven/bytes/that/the/system/has/room/for/in/the/address/of/"
         "a/socket",
         "1 to 107 bytes"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        qni_redis_tier *tier;
        qn_error err = qn_error_none();
        const qni_redis_options options = {.url = bad[i][0], .password = "secret", .space = "t", .time = &now};
        assert_int_equal(qni_redis_open(&tier, &options, &err), QN_INVALID);
        assert_contains(err.message, bad[i][1]);
        assert_null(tier);
    }
    qni_redis_tier *tier;
    qn_error err = qn_error_none();
    const qni_redis_options options = {.url = "redis://host", .space = "", .time = &now};
    assert_int_equal(qni_redis_open(&tier, &options, &err), QN_INVALID);
    assert_contains(err.message, "1 to 128 bytes");
    qn_db *db; /* and a database's connection is none of these */
    assert_int_equal(qn_db_open(&db, "redis://host", NULL, &err), QN_INVALID);
    assert_contains(err.message, "sqlite:, memory:, duckdb: and postgres://");
}

/* ---- many threads ---- */

enum {
    THREADS = 12,
    ROUNDS = 60
};

static void *work(void *user)
{
    qni_redis_tier *tier = user;
    static _Atomic int counter;
    int self = atomic_fetch_add(&counter, 1);
    char text[32];
    for (int i = 0; i < ROUNDS; i++) {
        snprintf(text, sizeof text, "%d of %d", i, self);
        const qni_cache_key k = key(text);
        qn_datum *datum = NULL;
        qni_record record;
        qni_record_view view;
        const qni_cache_value value = {.datum = NULL};
        qn_error err = qn_error_none();
        bool fine = qni_record_encode(&record, &k, &value, &(qni_record_keys){0}, NULL, &err) == QN_OK &&
                    qni_redis_put(tier, &(qni_disk_write){&k, &record, &value}, 1, &err) == QN_OK;
        qni_record_free(&record, NULL);
        fine = fine && qni_redis_get(&record, &view, tier, &k, &err) == QN_OK && record.bytes != NULL && view.absent;
        qni_record_free(&record, NULL);
        qn_datum_unref(datum);
        if (!fine)
            return user;
    }
    return NULL;
}

static void many_threads_share_a_few_connections(void **state)
{
    (void)state;
    qni_redis_tier *tier = fresh();
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, work, tier), 0);
    for (int i = 0; i < THREADS; i++) {
        void *failed;
        assert_int_equal(pthread_join(threads[i], &failed), 0);
        assert_null(failed);
    }
    int count = 0;
    for (const char *at = ask("CLIENT LIST"); (at = strstr(at, "name=quern ")) != NULL; at++)
        count++;
    assert_in_range(count, 1, QNI_REDIS_CONNECTIONS);
    qni_redis_close(tier);
}

static void a_connection_that_was_closed_at_rest_is_replaced_without_a_word(void **state)
{
    (void)state;
    qni_redis_tier *tier = fresh();
    must_put(tier, key("k"), "x", 0, NULL);
    assert_int_equal(number(ask("CLIENT KILL TYPE normal SKIPME yes")), 1);
    assert_string_equal(get(tier, key("k")), "x");
    qni_redis_close(tier);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_one_tier_puts_another_gets),
        cmocka_unit_test(a_large_record_comes_back_byte_for_byte),
        cmocka_unit_test(a_record_ends_in_redis_with_its_time),
        cmocka_unit_test(a_machine_whose_clock_is_ahead_misses_and_removes_nothing),
        cmocka_unit_test(many_writes_go_in_one_call),
        cmocka_unit_test(a_value_larger_than_redis_takes_is_refused_and_the_old_one_goes),
        cmocka_unit_test(a_redis_without_room_says_so_and_keeps_no_old_value),
        cmocka_unit_test(removing_a_name_removes_what_depends_on_it),
        cmocka_unit_test(putting_a_key_anew_removes_what_depended_on_it),
        cmocka_unit_test(a_record_whose_set_is_gone_counts_no_more),
        cmocka_unit_test(more_dependents_than_one_step_removes_all_go),
        cmocka_unit_test(sets_last_as_long_as_their_longest_record_and_do_not_pile_up),
        cmocka_unit_test(a_prefix_is_taken_literally),
        cmocka_unit_test(clearing_removes_all_of_the_space_and_nothing_else),
        cmocka_unit_test(a_damaged_record_is_told_and_removed),
        cmocka_unit_test(a_redis_that_refuses_keeps_its_connection),
        cmocka_unit_test(user_password_and_database_come_from_the_url),
        cmocka_unit_test(a_wrong_password_is_told_and_never_shown),
        cmocka_unit_test(a_redis_that_is_not_there_is_unavailable_and_soon_not_asked),
        cmocka_unit_test(a_url_that_cannot_be_is_refused_with_what_to_write),
        cmocka_unit_test(many_threads_share_a_few_connections),
        cmocka_unit_test(a_connection_that_was_closed_at_rest_is_replaced_without_a_word),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
