/* cli/sql_query.c: a statement from the command line to a database, and what is said where it fails. */
#include "cli/sql_int.h"

#include "base/error.h"
#include "base/log.h"
#include "cli/report.h"

#include <string.h>
#include <strings.h>

bool qni_sql_is_standard_input(const char *sql)
{
    return strcmp(sql, "-") == 0 || strcmp(sql, "@-") == 0;
}

bool qni_sql_file(char *out, int64_t size, const char *url)
{
    int64_t used = 0;
    if (strncasecmp(url, "sqlite:", 7) != 0 && strncasecmp(url, "duckdb:", 7) != 0)
        return false;
    for (url += 7; *url != '\0' && *url != '?'; url++) {
        char byte = *url;
        if (byte == '%' && qni_sql_byte(&byte, url + 1))
            url += 2;
        if (used + 1 >= size)
            return false;
        out[used++] = byte;
    }
    out[used] = '\0';
    return used > 0;
}

/* A database in memory, which ends with the command: there is nothing to protect, and DuckDB refuses to open an empty
 * one only for reading, though it can read files from there. */
static bool is_in_memory(const char *url)
{
    return strncasecmp(url, "memory:", 7) == 0 ||
           (strncasecmp(url, "duckdb:", 7) == 0 && (url[7] == '\0' || url[7] == '?'));
}

/* The SQL as it stands on the command line, or in the file that @ names. */
static qn_status take_text(qni_sql *sql, const char *typed, qn_error *err)
{
    sql->text = typed;
    sql->size = (int64_t)strlen(typed);
    if (typed[0] != '@' && !qni_sql_is_standard_input(typed))
        return QN_OK;
    const char *path = typed[0] == '@' ? typed + 1 : typed;
    sql->file = qni_file_name(path);
    qn_status s = qni_file_read_all(&sql->bytes, path, QNI_SQL_FILE_SIZE, sql->allocator, err);
    if (s != QN_OK)
        return s;
    sql->text = sql->bytes.bytes;
    sql->size = sql->bytes.size;
    if (strlen(sql->text) != (size_t)sql->size)
        return qni_error_at(err, QN_DATA, sql->file, 0, 0, "there is a zero byte in it, so it is no SQL");
    return QN_OK;
}

static bool is_server(const char *url)
{
    return strncasecmp(url, "postgres:", 9) == 0 || strncasecmp(url, "postgresql:", 11) == 0;
}

qn_status qni_sql_password(qni_secret *out, const char **password, const qni_args *args, const qni_option *option,
                           const char *url, const qn_allocator *allocator, qn_error *err)
{
    *out = (qni_secret){.allocator = allocator};
    *password = NULL;
    const char *reference = qni_args_text(args, option);
    if (reference == NULL || (!is_server(url) && !qni_args_has(args, option)))
        return QN_OK;
    if (!is_server(url))
        return qni_error(err, QN_INVALID, "option \"--%s\": only a server asks for one: postgres://...", option->name);
    qn_status s = qni_secret_read(out, reference, allocator, err);
    if (s == QN_OK)
        s = qni_secret_text(password, out, err);
    if (s != QN_OK)
        qni_secret_fini(out);
    return s;
}

/* With the password, which is needed for no longer. */
static qn_status connect_to(qni_sql *sql, const qni_sql_options *options, qn_error *err)
{
    qni_secret secret;
    qn_db_options how;
    qn_db_options_init(&how, sizeof how);
    how.read_only = options->read_only && !is_in_memory(options->url);
    how.statement_timeout_ms = options->timeout_ms;
    how.allocator = options->allocator;
    qn_status s = qni_sql_password(&secret, &how.password, options->args, options->password, options->url,
                                   options->allocator, err);
    if (s == QN_OK)
        s = qn_db_open(&sql->db, options->url, &how, err);
    qni_secret_fini(&secret);
    return s;
}

qn_status qni_sql_open(qni_sql *out, const qni_sql_options *options, qn_error *err)
{
    *out = (qni_sql){.allocator = options->allocator};
    qn_status s = qni_sql_params_read(&out->params, options->args, options->param, out->allocator, err);
    if (s == QN_OK)
        s = take_text(out, options->sql, err);
    if (s == QN_OK)
        s = connect_to(out, options, err);
    if (s != QN_OK)
        return s;
    qni_log(QN_LOG_DEBUG, "sql", "asking %s", qn_db_url(out->db));
    return qn_db_query(&out->rows, out->db, out->text, out->params.values, out->params.count, err);
}

void qni_sql_free(qni_sql *sql)
{
    qn_rows_close(sql->rows);
    qn_db_close(sql->db);
    qni_sql_params_free(&sql->params, sql->allocator);
    qni_file_bytes_free(&sql->bytes, sql->allocator);
    *sql = (qni_sql){0};
}

int qni_sql_report(const qni_sql *sql, const qn_error *err, const char *verb)
{
    if (err->code == QN_INVALID)
        return qni_report_usage(err, verb);
    if (sql->db == NULL || err->column <= 0)
        return qni_report(err);
    return qni_report_formula(err, sql->text, sql->size, sql->file);
}
