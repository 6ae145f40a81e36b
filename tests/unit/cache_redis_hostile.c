/* The shared tier of caches before a server that is none: whatever it answers, a get ends within its time, takes no
 * more memory than came, and tells it. What Redis's protocol is:
 * https://redis.io/docs/latest/develop/reference/protocol-spec/ */
#include "harness/harness.h"

#include "store/cache_int.h"

#include <quern/log.h>

#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

/* What the server does on each connection: it answers what is sent first as Redis does (NULL), and all else with
 * this. */
typedef struct part {
    const char *bytes; /* (size; 0: up to the zero) sent `times` times; 0: once */
    size_t size;
    int64_t times;
    int pause_ms; /* after each */
} part;

static struct {
    part parts[2];
    part then;   /* in their place, to all that comes later; empty: the same */
    bool closes; /* afterwards */
    bool deaf;   /* it takes nothing more after the first commands */
    const char *first;
} plan;

static char folder[] = "/tmp/quern-hostile.XXXXXX";
static char url[128];
static int listener, stop[2];
static pthread_t thread;
static _Atomic int connections;
static qni_cache_time now;

/* Reads something. False: the client is gone, or the test is over. */
static bool hear(int client)
{
    char bytes[8192];
    struct pollfd fds[2] = {{.fd = client, .events = POLLIN}, {.fd = stop[0], .events = POLLIN}};
    while (poll(fds, 2, -1) < 0) {
    }
    return fds[1].revents == 0 && read(client, bytes, sizeof bytes) > 0;
}

static void say(int client, const part *p)
{
    size_t size = p->size > 0 ? p->size : p->bytes != NULL ? strlen(p->bytes) : 0;
    for (int64_t i = 0; size > 0 && i < (p->times > 0 ? p->times : 1); i++) {
        if (send(client, p->bytes, size, MSG_NOSIGNAL) < 0)
            return;
        const struct timespec pause = {.tv_nsec = p->pause_ms * 1000000};
        if (p->pause_ms > 0)
            (void)nanosleep(&pause, NULL);
    }
}

static void talk(int client)
{
    if (!hear(client))
        return;
    if (plan.deaf)
        (void)shutdown(client, SHUT_RD);
    say(client, &(part){.bytes = plan.first != NULL ? plan.first : "+OK\r\n"});
    for (bool later = false; !plan.deaf && hear(client); later = plan.then.bytes != NULL) {
        say(client, later ? &plan.then : &plan.parts[0]);
        if (!later)
            say(client, &plan.parts[1]);
        if (plan.closes)
            return;
    }
}

static void *serve(void *user)
{
    (void)user;
    for (;;) {
        struct pollfd fds[2] = {{.fd = listener, .events = POLLIN}, {.fd = stop[0], .events = POLLIN}};
        while (poll(fds, 2, -1) < 0) {
        }
        if (fds[1].revents != 0)
            return NULL;
        int client = accept(listener, NULL, NULL);
        atomic_fetch_add(&connections, 1);
        talk(client);
        close(client);
    }
}

static int start(void **state)
{
    (void)state;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    qni_cache_time_init(&now, NULL);
    qn_log_set(QN_LOG_ERROR, NULL); /* that a server is done without is said once for each */
    if (mkdtemp(folder) == NULL || pipe(stop) != 0)
        return -1;
    snprintf(address.sun_path, sizeof address.sun_path, "%s/socket", folder);
    snprintf(url, sizeof url, "unix:%s/socket", folder);
    listener = socket(AF_UNIX, SOCK_STREAM, 0);
    return bind(listener, (const struct sockaddr *)&address, sizeof address) == 0 ? listen(listener, 8) : -1;
}

static int end(void **state)
{
    (void)state;
    close(listener);
    close(stop[0]);
    close(stop[1]);
    unlink(url + strlen("unix:"));
    return rmdir(folder);
}

/* ---- gets ---- */

static test_allocator counted;
static qni_redis_tier *tier;

/* Connections of a new tier are treated so from now on. */
static void begin(void)
{
    qn_error err = qn_error_none();
    test_allocator_init(&counted);
    assert_ok(
        qni_redis_open(&tier,
                       &(qni_redis_options){
                           .url = url, .password = NULL, .space = "t", .time = &now, .allocator = &counted.allocator},
                       &err),
        &err);
    connections = 0;
    assert_int_equal(pthread_create(&thread, NULL, serve, NULL), 0);
}

static void finish(void)
{
    char byte;
    qni_redis_close(tier);
    assert_int_equal(counted.live_bytes, 0);
    assert_int_equal(write(stop[1], "x", 1), 1);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(read(stop[0], &byte, 1), 1);
    memset(&plan, 0, sizeof plan);
}

static qn_status get(const char *text, qn_error *err)
{
    qni_record record;
    qni_record_view view;
    const qni_cache_key key = {.bytes = text, .size = (int64_t)strlen(text)};
    qn_status s = qni_redis_get(&record, &view, tier, &key, err);
    qni_record_free(&record, &counted.allocator);
    return s;
}

static void expect(const char *answer, size_t size, qn_status status, const char *piece)
{
    qn_error err = qn_error_none();
    plan.parts[0] = (part){.bytes = answer, .size = size};
    begin();
    qn_status s = get("k", &err);
    if (s != status)
        fail_msg("after %.20s: status %d: %s", answer, (int)s, err.message);
    if (piece != NULL)
        assert_contains(err.message, piece);
    assert_in_range(counted.peak_bytes, 0, 1 << 20);
    finish();
}

static void an_answer_that_cannot_be_is_told(void **state)
{
    (void)state;
    static const struct {
        const char *answer;
        qn_status status;
        const char *piece;
    } cases[] = {
        {"hello", QN_DATA, "not Redis's protocol"},
        {"$-2\r\n", QN_DATA, "not Redis's protocol"},
        {"$a\r\n", QN_DATA, "not Redis's protocol"},
        {"$99999999999999999999\r\n", QN_DATA, "not Redis's protocol"},
        {"*2147483648\r\n", QN_DATA, NULL},
        {"*2147483647\r\n", QN_DATA, "items"},
        {"*65537\r\n", QN_DATA, "items"},
        {"*60000\r\n*60000\r\n", QN_DATA, "items"},
        {"*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n:1\r\n", QN_DATA, "not Redis's protocol"},
        {"%1\r\n+a\r\n+b\r\n", QN_DATA, "not Redis's protocol"}, /* a map of RESP3, for which nobody asked */
        {"HTTP/1.1 400 Bad Request\r\n\r\n", QN_DATA, "not Redis's protocol"},
        {":5\r\n", QN_DATA, "does not give to this command"},
        {"+OK\r\n", QN_DATA, "does not give to this command"},
        {"*-1\r\n", QN_OK, NULL}, /* nothing, in another way */
        {"*2\r\n$1\r\na\r\n:1\r\n", QN_DATA, "does not give to this command"},
        {"*0\r\n", QN_DATA, "does not give to this command"},
        {"$0\r\n\r\n", QN_DATA, NULL},
        {"$3\r\nabc\r\n", QN_DATA, NULL},
        {"-\r\n", QN_UNAVAILABLE, NULL},
        {"-LOADING Redis is loading\1 the dataset\r\n", QN_UNAVAILABLE, "LOADING Redis is loading? the dataset"},
        {"-NOPERM no\r\n", QN_PERMISSION, "NOPERM no"},
        {"-OOM no\r\n", QN_LIMIT, "OOM no"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        expect(cases[i].answer, 0, cases[i].status, cases[i].piece);
    expect("\0\0\0\0", 4, QN_DATA, "not Redis's protocol");
}

static void an_answer_that_is_cut_off_is_told(void **state)
{
    (void)state;
    static const char *const cut[] = {"",
                                      "$",
                                      "$5\r\nab",
                                      "$9223372036854775807\r\nab",
                                      "$536870913\r\nab",
                                      "*3\r\n:1\r\n$4\r\nabc",
                                      "*30000\r\n*30000\r\n:1\r\n"};
    for (size_t i = 0; i < sizeof cut / sizeof cut[0]; i++) {
        plan.closes = true;
        expect(cut[i], 0, QN_UNAVAILABLE, "closed the connection");
    }
}

static void what_nobody_asked_for_is_not_taken_for_an_answer(void **state)
{
    (void)state;
    qn_error err = qn_error_none();
    plan.parts[0] = (part){.bytes = "$-1\r\n$-1\r\n"};
    begin();
    assert_ok(get("a", &err), &err);
    assert_ok(get("b", &err), &err); /* by another connection: in the first one an answer is left */
    assert_int_equal(connections, 2);
    finish();
}

/* What Redis answers to GET: a record that depends on a name. */
static void make_answer(char out[512], size_t *size, char head[QNI_RECORD_HEAD_SIZE])
{
    const qni_cache_key key = {.bytes = "k", .size = 1, .name = qni_cache_name("k", 1)};
    const uint64_t name = qni_cache_name("n", 1);
    qn_error err = qn_error_none();
    qni_record record;
    qni_cache_value value = {.depends = &name, .depend_count = 1};
    assert_ok(qn_datum_bytes(&value.datum, "v", 1, NULL, &err), &err);
    assert_ok(qni_record_encode(&record, &key, &value, &(qni_record_keys){0}, NULL, &err), &err);
    int before = snprintf(out, 512, "$%d\r\n", (int)record.size);
    memcpy(out + before, record.bytes, (size_t)record.size);
    memcpy(out + before + record.size, "\r\n", 2);
    *size = (size_t)(before + record.size + 2);
    memcpy(head, record.bytes, QNI_RECORD_HEAD_SIZE);
    qni_record_free(&record, NULL);
    qn_datum_unref(value.datum);
}

/* Between the two: all that depends on the name was removed, and the key put anew. */
static void a_value_that_was_replaced_while_its_names_were_asked_for_is_none(void **state)
{
    (void)state;
    char answer[512], then[64] = ":1\r\n$16\r\n";
    size_t size;
    for (int replaced = 0; replaced < 2; replaced++) {
        const qni_cache_key key = {.bytes = "k", .size = 1};
        qn_error err = qn_error_none();
        qni_record record;
        qni_record_view view;
        make_answer(answer, &size, then + 9);
        memcpy(then + 9 + QNI_RECORD_HEAD_SIZE, "\r\n", 2);
        then[9 + QNI_RECORD_HEAD_SIZE - 1] ^= (char)replaced;
        plan.parts[0] = (part){.bytes = answer, .size = size};
        plan.then = (part){.bytes = then, .size = 9 + QNI_RECORD_HEAD_SIZE + 2};
        begin();
        assert_ok(qni_redis_get(&record, &view, tier, &key, &err), &err);
        assert_true((record.bytes == NULL) == (replaced == 1));
        qni_record_free(&record, &counted.allocator);
        finish();
    }
}

static void a_connection_that_breaks_in_the_middle_raises_no_signal(void **state)
{
    (void)state;
    qn_error err = qn_error_none();
    plan.deaf = true;
    begin();
    assert_int_equal(get("k", &err), QN_UNAVAILABLE); /* else SIGPIPE would have ended the test */
    finish();
}

static void an_error_that_repeats_the_password_does_not_show_it(void **state)
{
    (void)state;
    qn_error err = qn_error_none();
    qni_redis_tier *guarded;
    const qni_redis_options options = {.url = url, .password = "open sesame", .space = "t", .time = &now};
    plan.first = "-ERR unknown command 'AUTH', with args beginning with: 'open sesame'\r\n+OK\r\n";
    begin();
    assert_ok(qni_redis_open(&guarded, &options, &err), &err);
    qni_record record;
    qni_record_view view;
    const qni_cache_key key = {.bytes = "k", .size = 1};
    assert_int_equal(qni_redis_get(&record, &view, guarded, &key, &err), QN_PERMISSION);
    assert_contains(err.message, "args beginning with: '***'");
    assert_null(strstr(err.message, "sesame"));
    qni_redis_close(guarded);
    finish();
}

static void an_answer_that_comes_too_slowly_ends_with_the_time_and_then_nobody_is_asked(void **state)
{
    (void)state;
    qn_error err = qn_error_none();
    plan.parts[0] = (part){.bytes = "$1000000\r\n"};
    plan.parts[1] = (part){.bytes = "x", .times = 130, .pause_ms = 10};
    begin();
    assert_int_equal(get("k", &err), QN_UNAVAILABLE);
    assert_contains(err.message, "no answer within 1000 ms");
    assert_int_equal(get("k", &err), QN_UNAVAILABLE);
    assert_contains(err.message, "asked again later");
    assert_int_equal(connections, 1);
    finish();
}

static void an_answer_without_an_end_is_given_up(void **state)
{
    (void)state;
    static char flood[1 << 16];
    static const char kinds[] = {'+', '-', ':', '$', '*'};
    memset(flood, '7', sizeof flood);
    for (size_t i = 0; i < sizeof kinds; i++) {
        qn_error err = qn_error_none();
        flood[0] = kinds[i];
        plan.parts[0] = (part){.bytes = flood, .size = sizeof flood, .times = 1 << 20};
        begin();
        assert_int_equal(get("k", &err), QN_DATA);
        assert_contains(err.message, "no end");
        finish();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_that_cannot_be_is_told),
        cmocka_unit_test(an_answer_that_is_cut_off_is_told),
        cmocka_unit_test(what_nobody_asked_for_is_not_taken_for_an_answer),
        cmocka_unit_test(a_value_that_was_replaced_while_its_names_were_asked_for_is_none),
        cmocka_unit_test(a_connection_that_breaks_in_the_middle_raises_no_signal),
        cmocka_unit_test(an_error_that_repeats_the_password_does_not_show_it),
        cmocka_unit_test(an_answer_that_comes_too_slowly_ends_with_the_time_and_then_nobody_is_asked),
        cmocka_unit_test(an_answer_without_an_end_is_given_up),
    };
    return cmocka_run_group_tests(tests, start, end);
}
