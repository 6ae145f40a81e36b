/* store/postgres_error.c: what the server says went wrong, as db.h's list. The classes are those of appendix A of
 * PostgreSQL's documentation. */
#include "store/postgres_int.h"

#include "base/utf8.h"

#include <stdio.h>
#include <string.h>

/* A class (two characters) or a state (five), and what it is here. The first that fits counts. */
static const struct {
    char state[6];
    qn_status status;
} states[] = {
    {"57014", QN_TIMEOUT},
    {"57P", QN_CLOSED},
    {"08", QN_CLOSED},
    {"28", QN_PERMISSION},
    {"42501", QN_PERMISSION},
    {"25006", QN_PERMISSION},
    {"42601", QN_SYNTAX},
    {"42P01", QN_NAME},
    {"42703", QN_NAME},
    {"42883", QN_NAME},
    {"42704", QN_NAME},
    {"42P02", QN_NAME},
    {"3D", QN_NAME},
    {"3F", QN_NAME},
    {"26", QN_NAME},
    {"34", QN_NAME},
    {"42P07", QN_DATA},
    {"42P06", QN_DATA},
    {"42P05", QN_DATA},
    {"42P04", QN_DATA},
    {"42P03", QN_DATA},
    {"42701", QN_DATA},
    {"42710", QN_DATA},
    {"42723", QN_DATA},
    {"42804", QN_DATA},
    {"42846", QN_DATA},
    {"42P18", QN_DATA},
    {"428C9", QN_DATA},
    {"42", QN_SYNTAX},
    {"0A", QN_SYNTAX},
    {"40002", QN_DATA},
    {"40", QN_BUSY},
    {"55P03", QN_BUSY},
    {"55006", QN_BUSY},
    {"53200", QN_NOMEM},
    {"53300", QN_LIMIT},
    {"53400", QN_LIMIT},
    {"53", QN_IO},
    {"54", QN_LIMIT},
    {"58", QN_IO},
    {"F0", QN_IO},
    {"HV", QN_IO},
    {"XX", QN_IO},
};

/* 57014, a cancelled statement, is a timeout until more is known. */
static qn_status status_of_state(const char *sqlstate)
{
    if (sqlstate == NULL || sqlstate[0] == '\0')
        return QN_CLOSED;
    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++)
        if (strncmp(sqlstate, states[i].state, strlen(states[i].state)) == 0)
            return states[i].status;
    return QN_DATA;
}

void qni_postgres_say(char *out, int64_t size, const char *text)
{
    int64_t at = (int64_t)strlen(out), length = (int64_t)strlen(text);
    while (length > 0 && text[length - 1] == '\n')
        length--;
    length = qni_utf8_cut(text, length, size - 1 - at);
    for (int64_t i = 0; i < length; i++) {
        bool control = (unsigned char)text[i] < ' ' || text[i] == '\x7f';
        if (!control)
            out[at++] = text[i];
        else if (at > 0 && out[at - 1] != ' ')
            out[at++] = ' ';
    }
    out[at] = '\0';
}

/* "A: B (SQLSTATE …): detail: hint". */
static void write_sentence(const qni_libpq *pq, const PGresult *result, const char *sqlstate, char *out, int64_t size)
{
    static const int further[] = {PG_DIAG_MESSAGE_DETAIL, PG_DIAG_MESSAGE_HINT};
    const int64_t primary_size = size * 5 / 8; /* the state and some of the detail have room whatever it is */
    const char *primary = pq->resultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    out[0] = '\0';
    qni_postgres_say(out, primary_size, primary != NULL ? primary : "the server gave no reason");
    qni_postgres_say(out, size, " (SQLSTATE ");
    qni_postgres_say(out, size, sqlstate);
    qni_postgres_say(out, size, ")");
    for (size_t i = 0; i < sizeof further / sizeof further[0]; i++) {
        const char *text = pq->resultErrorField(result, further[i]);
        if (text != NULL && text[0] != '\0') {
            qni_postgres_say(out, size, ": ");
            qni_postgres_say(out, size, text);
        }
    }
}

/* The server counts characters from 1, we bytes. */
static void set_place(qn_error *err, const char *position, const char *sql, bool lines)
{
    int64_t characters = 0;
    for (; *position >= '0' && *position <= '9' && characters < INT32_MAX; position++)
        characters = characters * 10 + (*position - '0');
    const char *at = sql, *start = sql;
    int64_t line = 1;
    for (int64_t i = 1; i < characters && *at != '\0'; i++) {
        if (lines && *at == '\n') {
            line++;
            start = at + 1;
        }
        do
            at++;
        while (((unsigned char)*at & 0xC0) == 0x80);
    }
    if (characters > 0)
        err->column = at - start + 1;
    if (lines && characters > 0)
        err->line = line;
}

/* What libpq itself complains about. In an answer (`answered`) that is the loss of the connection, though libpq may not
 * say so where only its sending has failed. */
static qn_status connection_error(qni_postgres *p, bool answered, qn_error *err)
{
    char text[256] = "";
    qni_postgres_say(text, (int64_t)sizeof text, p->pq.errorMessage(p->connection));
    if (answered || p->pq.status(p->connection) == CONNECTION_BAD) {
        p->base.broken = true;
        return qni_error(err, QN_CLOSED, "the connection to %.200s is lost: %s", p->base.shown,
                         text[0] != '\0' ? text : "the server has closed it");
    }
    return qni_error(err, strstr(text, "out of memory") != NULL ? QN_NOMEM : QN_INVALID, "%s", text);
}

/* What the SQLSTATE alone does not say. */
static qn_status status_of(const qni_postgres *p, const PGresult *result, const char *sqlstate, const char *sentence)
{
    const qni_libpq *pq = &p->pq;
    const char *severity = pq->resultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED);
    const char *function = pq->resultErrorField(result, PG_DIAG_SOURCE_FUNCTION);
    qn_status s = status_of_state(sqlstate);
    bool fatal = severity != NULL && (strcmp(severity, "FATAL") == 0 || strcmp(severity, "PANIC") == 0);
    if (fatal || pq->status(p->connection) == CONNECTION_BAD)
        return QN_CLOSED;
    if (s == QN_CLOSED && severity != NULL)
        return QN_DATA; /* a function's own words, or of a connection that the server has to another */
    if (s == QN_TIMEOUT && (p->interrupted || strstr(sentence, "user request") != NULL))
        return QN_INTERRUPTED;
    if (s == QN_SYNTAX && function != NULL && strcmp(function, "exec_parse_message") == 0)
        return QN_INVALID; /* several statements, which only it refuses */
    return s;
}

qn_status qni_postgres_error(qni_postgres *p, const PGresult *result, const char *sql, bool lines, qn_error *err)
{
    const qni_libpq *pq = &p->pq;
    const char *sqlstate = result != NULL ? pq->resultErrorField(result, PG_DIAG_SQLSTATE) : NULL;
    if (sqlstate == NULL)
        return connection_error(p, result != NULL, err);
    qn_error made = qn_error_none();
    char sentence[sizeof made.message];
    write_sentence(pq, result, sqlstate, sentence, (int64_t)sizeof sentence);
    qn_status s = status_of(p, result, sqlstate, sentence);
    p->base.broken = p->base.broken || s == QN_CLOSED;
    (void)qni_error(&made, s, "%s%s%s", s == QN_INVALID ? QNI_DB_SEVERAL " (" : "", sentence,
                    s == QN_INVALID ? ")" : "");
    made.native = qn_sqlstate_pack(sqlstate);
    const char *position = pq->resultErrorField(result, PG_DIAG_STATEMENT_POSITION);
    if (position != NULL && sql != NULL)
        set_place(&made, position, sql, lines);
    if (err != NULL)
        *err = made;
    return s;
}
