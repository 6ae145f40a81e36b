/* store/postgres_connect.c: connecting within a time, and cancelling what runs.
 *
 * libpq never sees the URL, for it repeats passwords in what it says of one that it cannot read. */
#include "store/postgres_int.h"

#include "base/clock.h"
#include "base/library.h"
#include "base/log.h"
#include "base/number.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

/* libpq's parameters: names and values (count), ended by NULL. */
typedef struct parameters {
    const char **names, **values;
    int64_t count, capacity;
    char *settings; /* (settings_size) the value of `options` */
    int64_t settings_size;
} parameters;

static void add(parameters *to, const char *name, const char *value)
{
    assert(to->count < to->capacity);
    if (value == NULL || value[0] == '\0')
        return;
    to->names[to->count] = name;
    to->values[to->count++] = value;
}

static void free_parameters(parameters *of, const qn_allocator *allocator)
{
    qni_free(allocator, of->names, of->capacity, sizeof *of->names);
    qni_free(allocator, of->values, of->capacity, sizeof *of->values);
    if (of->settings != NULL)
        memset(of->settings, 0, (size_t)of->settings_size);
    qni_free(allocator, of->settings, of->settings_size, 1);
}

/* What every session of ours has, whatever the server's configuration says; what the user gives comes last, and
 * counts. */
static bool write_settings(parameters *to, const qn_db *base, const char *users)
{
    const qn_db_options *o = &base->options;
    to->settings_size = (int64_t)strlen(users) + 256;
    to->settings = qni_alloc_zeroed(base->allocator, to->settings_size, 1);
    if (to->settings == NULL)
        return false;
    int64_t lock_ms = o->busy_timeout_ms < 1 ? 1 : o->busy_timeout_ms; /* 0 would mean for ever */
    if (lock_ms > INT_MAX)
        lock_ms = INT_MAX;
    int64_t statement_ms = o->statement_timeout_ms > INT_MAX ? INT_MAX : o->statement_timeout_ms;
    (void)snprintf(to->settings, (size_t)to->settings_size,
                   "-c datestyle=ISO -c timezone=UTC -c intervalstyle=postgres -c bytea_output=hex -c "
                   "extra_float_digits=3 -c lock_timeout=%" PRId64 " -c statement_timeout=%" PRId64 "%s %s",
                   lock_ms, statement_ms, o->read_only ? " -c default_transaction_read_only=on" : "", users);
    return true;
}

static qn_status make_parameters(parameters *out, const qn_db *base, const qni_url *url, qn_error *err)
{
    enum {
        OWN = 10 /* besides the URL's options */
    };
    const char *users = qni_url_find(url, "options");
    *out = (parameters){.capacity = url->option_count + OWN};
    out->names = qni_alloc_zeroed(base->allocator, out->capacity, sizeof *out->names);
    out->values = qni_alloc_zeroed(base->allocator, out->capacity, sizeof *out->values);
    if (out->names == NULL || out->values == NULL || !write_settings(out, base, users != NULL ? users : "")) {
        free_parameters(out, base->allocator);
        return qni_refused(err, base->allocator, 0, "the parameters of a connection");
    }
    add(out, "application_name", "quern");
    add(out, "host", url->host);
    add(out, "port", url->port);
    add(out, "user", url->user);
    add(out, "password", url->password);
    add(out, "dbname", url->database);
    for (int64_t i = 0; i < url->option_count; i++)
        add(out, url->options[i].name, url->options[i].value);
    add(out, "application_name", base->options.application);
    add(out, "client_encoding", "UTF8");
    add(out, "options", out->settings);
    return QN_OK;
}

/* ---- what goes wrong ---- */

/* Takes "FATAL:  28P01: " out of the text, and lines that tell places in the server's source; the last SQLSTATE goes to
 * `state`. libpq keeps that of a failed connection nowhere else. */
static void read_states(char *text, char state[6])
{
    for (char *at = text; (at = strstr(at, ":  ")) != NULL;) {
        size_t size = strspn(at + 3, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ");
        char *begin = at;
        while (begin > text && begin[-1] != ' ' && begin[-1] != '\n')
            begin--;
        char *line_end = at + strcspn(at, "\n");
        if (size == 5 && at[8] == ':' && at[9] == ' ') {
            memcpy(state, at + 3, 5);
            memmove(begin, at + 10, strlen(at + 10) + 1);
            at = begin;
        } else if (begin == text || begin[-1] == '\n') { /* LOCATION: */
            memmove(begin, *line_end == '\n' ? line_end + 1 : line_end, strlen(line_end) + (*line_end != '\n'));
            at = begin;
        } else {
            at += 3;
        }
    }
}

static qn_status open_status(const char *state, bool no_password, const char *text)
{
    if (no_password || strncmp(state, "28", 2) == 0 || strcmp(state, "42501") == 0)
        return QN_PERMISSION;
    if (strncmp(state, "53", 2) == 0)
        return QN_LIMIT;
    if (strcmp(state, "3D000") == 0)
        return QN_NO_INPUT;
    if (state[0] != '\0' && strncmp(state, "57P", 3) != 0 && strncmp(state, "08", 2) != 0)
        return QN_INVALID; /* a setting that the server does not take */
    return strncmp(text, "invalid ", 8) == 0 || strncmp(text, "missing ", 8) == 0 ? QN_INVALID : QN_UNAVAILABLE;
}

static qn_status refuse(qni_postgres *p, const qni_url *url, qn_error *err)
{
    char raw[1024], sentence[sizeof raw] = "", state[6] = "";
    (void)snprintf(raw, sizeof raw, "%s", p->pq.errorMessage(p->connection));
    read_states(raw, state);
    qni_postgres_say(sentence, (int64_t)sizeof sentence, raw);
    qn_status s = open_status(state, p->pq.connectionNeedsPassword(p->connection) != 0, sentence);
    qn_error made = qn_error_none();
    (void)qni_error(&made, s, "%.160s: %s%s%s%s", p->base.shown, sentence, state[0] != '\0' ? " (SQLSTATE " : "", state,
                    state[0] != '\0' ? ")" : "");
    made.native = state[0] != '\0' ? qn_sqlstate_pack(state) : 0;
    /* the one before the host is hidden by who opens */
    for (int64_t i = 0; i < url->option_count; i++)
        if (strstr(url->options[i].name, "password") != NULL)
            qni_db_hide(&made, url->options[i].value);
    if (err != NULL)
        *err = made;
    return s;
}

/* ---- connecting ---- */

/* Goes on until it is connected or failed. False: the time is over. */
static bool wait_connected(const qni_postgres *p, int64_t timeout_ms)
{
    int64_t end_ns = qni_clock_monotonic_ns() + timeout_ms * 1000000;
    PostgresPollingStatusType wanted = PGRES_POLLING_WRITING;
    while (wanted != PGRES_POLLING_OK && wanted != PGRES_POLLING_FAILED) {
        int64_t left_ms = (end_ns - qni_clock_monotonic_ns() + 999999) / 1000000;
        if (left_ms <= 0)
            return false;
        struct pollfd fd = {.fd = p->pq.socket(p->connection)};
        fd.events = wanted == PGRES_POLLING_READING ? POLLIN : POLLOUT;
        int ready = poll(&fd, 1, left_ms > INT_MAX ? INT_MAX : (int)left_ms);
        if (ready > 0 || (ready < 0 && errno != EINTR))
            wanted = p->pq.connectPoll(p->connection);
    }
    return true;
}

/* A notice of the server goes to the log, not to standard error. */
static void take_notice(void *user, const PGresult *result)
{
    const qni_postgres *p = user;
    const char *severity = p->pq.resultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED);
    const char *text = p->pq.resultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    if (text == NULL)
        return;
    if (severity != NULL && strcmp(severity, "WARNING") == 0)
        qni_log(QN_LOG_WARN, "postgres", "%s: %s", p->base.shown, text);
    else
        qni_log(QN_LOG_DEBUG, "postgres", "%s: %s", p->base.shown, text);
}

/* The style of dates is taken from the environment in the last place, and everything that is read as text needs it. */
static qn_status check_session(qni_postgres *p, bool own_options, qn_error *err)
{
    const char *style = p->pq.parameterStatus(p->connection, "DateStyle");
    const char *zone = p->pq.parameterStatus(p->connection, "TimeZone");
    if (style != NULL && strncmp(style, "ISO", 3) == 0 && (own_options || (zone != NULL && strcmp(zone, "UTC") == 0)))
        return QN_OK;
    PGresult *result =
        p->pq.exec(p->connection, own_options ? "SET datestyle TO ISO" : "SET datestyle TO ISO; SET timezone TO 'UTC'");
    qn_status s = QN_OK;
    if (p->pq.resultStatus(result) != PGRES_COMMAND_OK)
        s = qni_postgres_error(p, result, NULL, false, err);
    p->pq.clear(result);
    return s;
}

/* Where nothing else is set, the server (from version 14 on, where its system can) looks every second whether we are
 * still there: else a long query goes on when whoever asked has died. It need not work. */
static void let_it_look(const qni_postgres *p)
{
    p->pq.clear(p->pq.exec(p->connection,
                           "SELECT pg_catalog.set_config('client_connection_check_interval', '1s', false) WHERE "
                           "pg_catalog.current_setting('client_connection_check_interval', true) = '0'"));
}

/* What the URL says in libpq's own way, in seconds, where that is shorter. */
static int64_t timeout_of(const qn_db *base, const qni_url *url)
{
    const char *given = qni_url_find(url, "connect_timeout");
    int64_t seconds;
    if (given != NULL && qni_integer_parse(&seconds, given, given + strlen(given)) == given + strlen(given) &&
        seconds > 0 && seconds < base->options.connect_timeout_ms / 1000)
        return seconds * 1000;
    return base->options.connect_timeout_ms < INT32_MAX ? base->options.connect_timeout_ms : INT32_MAX;
}

static qn_status connect_to(qni_postgres *p, const qni_url *url, const parameters *with, qn_error *err)
{
    const qni_libpq *pq = &p->pq;
    int64_t timeout_ms = timeout_of(&p->base, url);
    p->connection = pq->connectStartParams(with->names, with->values, 0);
    if (p->connection == NULL)
        return qni_error(err, QN_NOMEM, "no memory for a connection to %.200s", p->base.shown);
    (void)pq->setErrorVerbosity(p->connection, PQERRORS_VERBOSE); /* tells the SQLSTATE, see read_states */
    (void)pq->setNoticeReceiver(p->connection, take_notice, p);
    if (pq->status(p->connection) != CONNECTION_BAD && !wait_connected(p, timeout_ms))
        return qni_error(err, QN_TIMEOUT, "%.200s: no answer within %" PRId64 " ms", p->base.shown, timeout_ms);
    if (pq->status(p->connection) != CONNECTION_OK)
        return refuse(p, url, err);
    (void)pq->setErrorVerbosity(p->connection, PQERRORS_DEFAULT);
    (void)pq->setnonblocking(p->connection, 0);
    p->cancel = pq->getCancel(p->connection);
    if (p->cancel == NULL)
        return qni_error(err, QN_NOMEM, "no memory for a connection to %.200s", p->base.shown);
    let_it_look(p);
    return check_session(p, qni_url_find(url, "options") != NULL, err);
}

qn_status qni_postgres_open(qn_db **out, const qn_db *base, const qni_url *url, qn_error *err)
{
    static const qni_function functions[] = {
#define FUNCTION(name) {"PQ" #name, offsetof(qni_libpq, name)},
        QNI_LIBPQ_FUNCTIONS(FUNCTION)
#undef FUNCTION
    };
    parameters with;
    *out = NULL;
    qni_postgres *p = qni_new(base->allocator, qni_postgres);
    if (p == NULL)
        return qni_refused(err, base->allocator, (int64_t)sizeof *p, "a connection to %.200s", base->shown);
    p->base = *base;
    p->generation = 1;
    qn_status s =
        qni_library_functions(&p->pq, QNI_LIBRARY_POSTGRES, functions, sizeof functions / sizeof functions[0], err);
    if (s != QN_OK) {
        qni_delete(base->allocator, p);
        return s;
    }
    s = make_parameters(&with, base, url, err);
    if (s == QN_OK) {
        s = connect_to(p, url, &with, err);
        free_parameters(&with, base->allocator);
    }
    if (s != QN_OK) {
        qni_postgres_close(&p->base);
        return s;
    }
    *out = &p->base;
    return QN_OK;
}

void qni_postgres_close(qn_db *db)
{
    qni_postgres *p = (qni_postgres *)db;
    const qn_allocator *allocator = db->allocator;
    if (p->cancel != NULL)
        p->pq.freeCancel(p->cancel);
    p->pq.finish(p->connection);
    qni_free(allocator, p->types, p->type_capacity, sizeof *p->types);
    qni_delete(allocator, p);
}

/* ---- interrupting ---- */

void qni_postgres_begin(qni_postgres *p)
{
    qni_lock_take(&p->lock, NULL);
    p->busy = true;
    p->interrupted = false;
    qni_lock_give(&p->lock);
}

void qni_postgres_end(qni_postgres *p)
{
    qni_lock_take(&p->lock, NULL);
    p->busy = false;
    qni_lock_give(&p->lock);
    PGnotify *notice;
    while ((notice = p->pq.notifies(p->connection)) != NULL) /* nobody listens, and libpq would keep them */
        p->pq.freemem(notice);
}

void qni_postgres_cancel(qni_postgres *p)
{
    char why[256];
    if (p->pq.cancel(p->cancel, why, sizeof why) == 0)
        qni_log(QN_LOG_WARN, "postgres", "%s: could not be interrupted: %s", p->base.shown, why);
}

void qni_postgres_interrupt(qn_db *db)
{
    qni_postgres *p = (qni_postgres *)db;
    qni_lock_take(&p->lock, NULL);
    if (p->busy) {
        p->interrupted = true;
        qni_postgres_cancel(p);
    }
    qni_lock_give(&p->lock);
}
