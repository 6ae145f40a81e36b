/* store/cache_redis_connection.c: where Redis is, and the connections to it. See cache_redis_int.h.
 *
 * A failure of one connection is taken for the server's: the tier is down, all that rest are closed, and until some
 * time has passed nobody tries. Then one taker tries while the others are still refused; each further failure doubles
 * the time. What merely is an error in an answer changes nothing of that.
 *
 * Always: a connection is given back only after the last byte of its last answer, and else closed. Its place is counted
 * in tier->open from before it is made until it is closed. */
#include "store/cache_redis_int.h"

#include "base/clock.h"
#include "base/hash.h"
#include "base/library.h"
#include "base/log.h"
#include "base/number.h"
#include "store/store_int.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>

enum {
    PORT = 6379
};

/* ---- opening and closing ---- */

/* A number of digits alone; `otherwise` where there is nothing. -1: it is none, or above `max`. */
static int64_t number_of(const char *text, int64_t otherwise, int64_t max)
{
    if (text == NULL || text[0] == '\0')
        return otherwise;
    int64_t number;
    const char *end = text + strlen(text);
    bool whole = text[0] != '+' && qni_integer_parse(&number, text, end) == end;
    return whole && number >= 0 && number <= max ? number : -1;
}

static qn_status check_server(qni_redis_tier *tier, qn_error *err)
{
    const qni_url *url = &tier->url;
    if (url->kind == QNI_URL_REDIS_TLS)
        return qni_error(err, QN_INVALID,
                         "%.160s: connections under TLS cannot be made: use redis:// within a network that is trusted, "
                         "or a tunnel (stunnel)",
                         url->shown);
    if (url->host[0] == '\0' || strchr(url->host, ',') != NULL)
        return qni_error(err, QN_INVALID, "%.160s: one host belongs here: redis://HOST[:PORT][/NUMBER]", url->shown);
    if (url->option_count > 0)
        return qni_error(err, QN_INVALID, "%.160s: there is no option \"%.40s\"", url->shown, url->options[0].name);
    tier->port = number_of(url->port, PORT, UINT16_MAX);
    tier->database = number_of(url->database, 0, QNI_REDIS_DATABASE_MAX);
    return QN_OK;
}

static qn_status check_socket(qni_redis_tier *tier, qn_error *err)
{
    const qni_url *url = &tier->url;
    int room = (int)sizeof((struct sockaddr_un){0}).sun_path;
    if (url->path[0] == '\0' || (int)strlen(url->path) >= room)
        return qni_error(err, QN_INVALID, "%.160s: the path of a socket has 1 to %d bytes", url->shown, room - 1);
    for (int64_t i = 0; i < url->option_count; i++)
        if (strcmp(url->options[i].name, "db") != 0)
            return qni_error(err, QN_INVALID, "%.160s: there is no option \"%.40s\" but db", url->shown,
                             url->options[i].name);
    tier->database = number_of(qni_url_find(url, "db"), 0, QNI_REDIS_DATABASE_MAX);
    return QN_OK;
}

static qn_status read_options(qni_redis_tier *tier, const qni_redis_options *options, qn_error *err)
{
    const qn_allocator *allocator = tier->allocator;
    size_t space_size = strlen(options->space);
    if (space_size == 0 || space_size > QNI_REDIS_SPACE_MAX)
        return qni_error(err, QN_INVALID, "what a cache's keys in Redis begin with has 1 to %d bytes",
                         QNI_REDIS_SPACE_MAX);
    qn_status s = qni_url_parse_shared(&tier->url, options->url, allocator, err);
    if (s == QN_OK)
        s = tier->url.kind == QNI_URL_REDIS_SOCKET ? check_socket(tier, err) : check_server(tier, err);
    if (s == QN_OK && tier->database < 0)
        s = qni_error(err, QN_INVALID, "%.160s: a database of Redis is a number from 0 on", tier->url.shown);
    if (s != QN_OK)
        return s;
    const char *password = options->password != NULL ? options->password : tier->url.password;
    tier->space_size = (int64_t)space_size;
    tier->space = qni_copy_string(allocator, options->space, tier->space_size);
    tier->password = qni_copy_string(allocator, password, -1);
    if (tier->space == NULL || tier->password == NULL)
        return qni_refused(err, allocator, 0, "a cache in Redis");
    return QN_OK;
}

qn_status qni_redis_open(qni_redis_tier **out, const qni_redis_options *options, qn_error *err)
{
    static const qni_function functions[] = {
#define FUNCTION(name) {#name, offsetof(qni_hiredis, name)},
        QNI_HIREDIS_FUNCTIONS(FUNCTION)
#undef FUNCTION
    };
    *out = NULL;
    qni_redis_tier *tier = qni_new(options->allocator, qni_redis_tier);
    if (tier == NULL)
        return qni_refused(err, options->allocator, (int64_t)sizeof *tier, "a cache in Redis");
    tier->allocator = options->allocator;
    tier->time = options->time;
    qn_status s = read_options(tier, options, err);
    if (s == QN_OK)
        s = qni_library_functions(&tier->hiredis, QNI_LIBRARY_REDIS, functions, sizeof functions / sizeof functions[0],
                                  err);
    if (s != QN_OK) {
        qni_redis_close(tier);
        return s;
    }
    *out = tier;
    return QN_OK;
}

static void close_connection(const qni_redis_tier *tier, qni_redis_connection *c)
{
    if (c->context != NULL)
        tier->hiredis.redisFree(c->context);
    qni_delete(tier->allocator, c);
}

void qni_redis_close(qni_redis_tier *tier)
{
    if (tier == NULL)
        return;
    const qn_allocator *allocator = tier->allocator;
    assert(tier->open == tier->idle_count); /* nobody uses it any more */
    for (int64_t i = 0; i < tier->idle_count; i++)
        close_connection(tier, tier->idle[i]);
    if (tier->password != NULL) {
        int64_t size = (int64_t)strlen(tier->password) + 1;
        explicit_bzero(tier->password, (size_t)size);
        qni_free(allocator, tier->password, size, 1);
    }
    qni_free(allocator, tier->space, tier->space_size + 1, 1);
    qni_url_free(&tier->url);
    qni_delete(allocator, tier);
}

/* ---- what Redis refuses ---- */

qn_status qni_redis_odd(const qni_redis_tier *tier, qn_error *err)
{
    return qni_error(err, QN_DATA, "%.160s: an answer that Redis does not give to this command", tier->url.shown);
}

static bool begins(const qni_redis_answer *answer, const char *word)
{
    size_t size = strlen(word);
    return answer->size >= (int64_t)size && memcmp(answer->bytes, word, size) == 0;
}

/* Its first word says what it is (https://redis.io/docs/latest/develop/reference/protocol-spec/, simple errors). */
static qn_status status_of(const qni_redis_answer *answer)
{
    static const struct {
        const char *word;
        qn_status status;
    } known[] = {
        {"NOAUTH", QN_PERMISSION}, {"WRONGPASS", QN_PERMISSION}, {"NOPERM", QN_PERMISSION}, {"DENIED", QN_PERMISSION},
        {"OOM", QN_LIMIT},         {"WRONGTYPE", QN_DATA},
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (begins(answer, known[i].word))
            return known[i].status;
    return QN_UNAVAILABLE;
}

/* The error with Redis's own sentence, which may repeat any word of a command. */
static qn_status refuse(const qni_redis_tier *tier, qn_status status, const char *what, const qni_redis_answer *answer,
                        qn_error *err)
{
    char sentence[QNI_REDIS_SENTENCE_SIZE];
    int64_t size = answer->size < QNI_REDIS_SENTENCE_SIZE - 1 ? answer->size : QNI_REDIS_SENTENCE_SIZE - 1;
    while (size > 0 && answer->bytes[size - 1] == '.')
        size--;
    for (int64_t i = 0; i < size; i++) /* it comes from outside, and may hold anything */
        sentence[i] = answer->bytes[i] >= ' ' && answer->bytes[i] < 0x7F ? answer->bytes[i] : '?';
    sentence[size] = '\0';
    (void)qni_error(err, status, "%.160s: %s%s", tier->url.shown, what, sentence);
    qni_db_hide(err, tier->password);
    return status;
}

qn_status qni_redis_refused(qni_redis_tier *tier, const qni_redis_answer *answer, qn_error *err)
{
    return refuse(tier, status_of(answer), "", answer, err);
}

/* ---- connecting ---- */

/* What is said first: password, database, name. *needed: how many of these commands must succeed. */
static void write_greeting(qni_redis_commands *out, int64_t *needed, const qni_redis_tier *tier)
{
    const char *user = tier->url.user != NULL ? tier->url.user : "";
    if (tier->password[0] != '\0') {
        qni_redis_command(out, user[0] != '\0' ? 3 : 2);
        qni_redis_word(out, "AUTH");
        if (user[0] != '\0')
            qni_redis_word(out, user);
        qni_redis_borrowed(out, tier->password, (int64_t)strlen(tier->password)); /* copied nowhere */
    }
    if (tier->database != 0) {
        qni_redis_command(out, 2);
        qni_redis_word(out, "SELECT");
        qni_redis_number(out, tier->database);
    }
    *needed = out->count;
    qni_redis_command(out, 3);
    qni_redis_word(out, "CLIENT");
    qni_redis_word(out, "SETNAME");
    qni_redis_word(out, "quern");
}

static qn_status greet(qni_redis_tier *tier, qni_redis_connection *c, const qni_redis_limit *began, qn_error *err)
{
    qni_redis_commands commands = {.allocator = tier->allocator};
    qni_redis_limit limit = *began;
    int64_t needed;
    write_greeting(&commands, &needed, tier);
    qn_status s = qni_redis_send(tier, c, &commands, &limit, err);
    for (int64_t i = 0; i < commands.count && s == QN_OK; i++) {
        qni_redis_answer *answer;
        s = qni_redis_receive(&answer, tier, c, QNI_REDIS_ANSWER_MAX, &limit, err);
        if (s != QN_OK)
            break;
        bool refused = answer->type == REDIS_REPLY_ERROR;
        if (refused && i == 0 && tier->password[0] != '\0')
            s = refuse(tier, QN_PERMISSION, "user or password: ", answer, err);
        else if (refused && (i < needed || begins(answer, "NOAUTH") || begins(answer, "DENIED")))
            s = refuse(tier, status_of(answer), "", answer, err);
        else if (!refused && answer->type != REDIS_REPLY_STATUS)
            s = qni_redis_odd(tier, err);
        qni_redis_answer_free(answer);
    }
    qni_redis_commands_free(&commands);
    return s;
}

static qn_status make_connection(qni_redis_connection **out, qni_redis_tier *tier, qn_error *err)
{
    *out = NULL;
    qni_redis_connection *c = qni_new(tier->allocator, qni_redis_connection);
    if (c == NULL)
        return qni_refused(err, tier->allocator, (int64_t)sizeof *c, "a connection to Redis");
    const struct timeval timeout = {.tv_sec = QNI_REDIS_TIMEOUT_MS / 1000,
                                    .tv_usec = QNI_REDIS_TIMEOUT_MS % 1000 * 1000L};
    qni_redis_limit limit = qni_redis_limit_now();
    c->context = tier->url.kind == QNI_URL_REDIS_SOCKET
                     ? tier->hiredis.redisConnectUnixWithTimeout(tier->url.path, timeout)
                     : tier->hiredis.redisConnectWithTimeout(tier->url.host, (int)tier->port, timeout);
    qn_status s;
    if (c->context == NULL) {
        s = qni_error(err, QN_NOMEM, "no memory for a connection to Redis");
    } else if (c->context->err != 0) {
        s = qni_error(err, QN_UNAVAILABLE, "%.160s: no connection: %.120s", tier->url.shown, c->context->errstr);
    } else {
        qni_redis_wire(c, tier->allocator);
        s = greet(tier, c, &limit, err);
    }
    if (s != QN_OK) {
        close_connection(tier, c);
        return s;
    }
    *out = c;
    return QN_OK;
}

/* ---- up and down ---- */

/* Under the lock: places or connections became free, or it is known that none will. */
static void wake_takers(qni_redis_tier *tier, int count)
{
    atomic_fetch_add(&tier->freed, 1);
    if (tier->waiting > 0)
        qni_unpark(&tier->freed, count);
}

/* How long nobody tries after that many failures. */
static int64_t pause_ns(const qni_redis_tier *tier, int64_t now_ns)
{
    int64_t ms = QNI_REDIS_DOWN_FIRST_MS;
    for (int64_t i = 1; i < tier->failures && ms < QNI_REDIS_DOWN_MAX_MS; i++)
        ms *= 2;
    if (ms > QNI_REDIS_DOWN_MAX_MS)
        ms = QNI_REDIS_DOWN_MAX_MS;
    int64_t spread = ms * 1000000 / QNI_REDIS_JITTER_SHARE;
    uint64_t chance = qni_hash_word((uint64_t)now_ns, (uint64_t)(uintptr_t)tier);
    return ms * 1000000 - (int64_t)(chance % (uint64_t)spread);
}

/* Whether a failure is the server's, and not that of our own memory. */
static bool is_theirs(qn_status status)
{
    return status != QN_NOMEM && status != QN_BUDGET;
}

/* The end of a taken connection (NULL: of its place, it could not be made). `down`: the server failed, as `why` says.
 */
static void lose(qni_redis_tier *tier, qni_redis_connection *c, bool down, const char *why)
{
    qni_redis_connection *idle[QNI_REDIS_CONNECTIONS];
    int64_t count = 0, now_ns = qni_clock_monotonic_ns();
    if (c != NULL) {
        qni_redis_abandon(c);
        close_connection(tier, c);
    }
    qni_lock_take(&tier->lock, NULL);
    tier->open--;
    tier->trying = false;
    bool first = down && tier->failures == 0;
    if (down && now_ns >= tier->down_until_ns) { /* of those that fail together one counts */
        tier->failures++;
        tier->down_until_ns = now_ns + pause_ns(tier, now_ns);
        count = tier->idle_count;
        memcpy(idle, tier->idle, sizeof idle);
        tier->idle_count = 0;
        tier->open -= count;
    }
    wake_takers(tier, QNI_REDIS_CONNECTIONS);
    qni_lock_give(&tier->lock);
    for (int64_t i = 0; i < count; i++)
        close_connection(tier, idle[i]);
    if (first) /* who asks warns */
        qni_log(QN_LOG_INFO, "cache", "%s: it is done without for a while", why);
}

static void give(qni_redis_tier *tier, qni_redis_connection *c)
{
    qni_lock_take(&tier->lock, NULL);
    bool back = tier->failures > 0;
    tier->failures = 0;
    tier->down_until_ns = 0;
    tier->trying = false;
    tier->idle[tier->idle_count++] = c;
    wake_takers(tier, 1);
    qni_lock_give(&tier->lock);
    if (back)
        qni_log(QN_LOG_INFO, "cache", "%.160s: it is there again", tier->url.shown);
}

/* ---- taken and given ---- */

/* Under the lock: waits until a connection rests, or one may be made. Errors: QN_UNAVAILABLE. */
static qn_status await_place(qni_redis_tier *tier, qn_error *err)
{
    int64_t now_ns = qni_clock_monotonic_ns(), end_ns = now_ns + QNI_REDIS_TIMEOUT_MS * INT64_C(1000000);
    for (;; now_ns = qni_clock_monotonic_ns()) {
        if (tier->failures > 0 && (tier->trying || now_ns < tier->down_until_ns))
            return qni_error(err, QN_UNAVAILABLE, "%.160s: it failed a moment ago, and is asked again later",
                             tier->url.shown);
        if (tier->idle_count > 0 || tier->open < QNI_REDIS_CONNECTIONS)
            return QN_OK;
        if (now_ns >= end_ns)
            return qni_error(err, QN_UNAVAILABLE, "%.160s: all %d connections were busy for %d ms", tier->url.shown,
                             QNI_REDIS_CONNECTIONS, QNI_REDIS_TIMEOUT_MS);
        uint32_t seen = atomic_load(&tier->freed);
        tier->waiting++;
        qni_lock_give(&tier->lock);
        (void)qni_park(&tier->freed, seen, end_ns - now_ns);
        qni_lock_take(&tier->lock, NULL);
        tier->waiting--;
    }
}

/* A connection that rests, or *out NULL and a place to make one. */
static qn_status take_place(qni_redis_connection **out, qni_redis_tier *tier, qn_error *err)
{
    *out = NULL;
    qni_lock_take(&tier->lock, NULL);
    qn_status s = await_place(tier, err);
    if (s == QN_OK) {
        tier->trying = tier->failures > 0;
        if (tier->idle_count > 0)
            *out = tier->idle[--tier->idle_count];
        else
            tier->open++;
    }
    qni_lock_give(&tier->lock);
    return s;
}

static qn_status take_connection(qni_redis_connection **out, qni_redis_tier *tier, qn_error *err)
{
    qn_error made = qn_error_none();
    qn_status s = take_place(out, tier, err);
    if (s != QN_OK || (*out != NULL && qni_redis_quiet(*out)))
        return s;
    if (*out != NULL) /* the server closed it while it was at rest */
        close_connection(tier, *out);
    s = make_connection(out, tier, &made);
    if (s != QN_OK)
        lose(tier, NULL, is_theirs(s), made.message);
    if (s != QN_OK && err != NULL)
        *err = made;
    return s;
}

qn_status qni_redis_ask(qni_redis_tier *tier, const qni_redis_commands *commands, int64_t max,
                        qn_status (*take)(void *user, int64_t index, qni_redis_answer *answer, qn_error *err),
                        void *user, qn_error *err)
{
    qni_redis_connection *c;
    qn_error made = qn_error_none();
    qn_status s = take_connection(&c, tier, err), first = QN_OK;
    if (s != QN_OK)
        return s;
    qni_redis_limit limit = qni_redis_limit_now();
    s = qni_redis_send(tier, c, commands, &limit, &made);
    for (int64_t i = 0; i < commands->count && s == QN_OK; i++) {
        qni_redis_answer *answer;
        s = qni_redis_receive(&answer, tier, c, max, &limit, &made);
        if (s != QN_OK)
            break;
        qn_error *told = first == QN_OK ? err : NULL;
        qn_status one =
            answer->type == REDIS_REPLY_ERROR ? qni_redis_refused(tier, answer, told) : take(user, i, answer, told);
        first = first == QN_OK ? one : first;
        qni_redis_answer_free(answer);
    }
    if (s != QN_OK)
        lose(tier, c, is_theirs(s), made.message);
    else if (first == QN_DATA)
        lose(tier, c, false, ""); /* it may be in the middle of something else */
    else
        give(tier, c);
    if (first == QN_OK && s != QN_OK && err != NULL)
        *err = made;
    return first == QN_OK ? s : first;
}
