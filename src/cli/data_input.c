/* cli/data_input.c: where paths lead; what a file of data is, by its first bytes, and reading it; rows of a database in
 * its place. Nothing here prints but warnings and qni_data_report. */
#include "cli/data_input.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/file.h"
#include "base/number.h"
#include "cli/limits.h"
#include "cli/report.h"

#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Where the last part of a path begins; its folder is described in *out. False: there is no such folder. */
static bool folder_of(const char *path, const char **last, struct stat *out)
{
    char folder[PATH_MAX];
    const char *slash = strrchr(path, '/');
    *last = slash != NULL ? slash + 1 : path;
    size_t size = (size_t)(*last - path);
    if (size >= sizeof folder)
        return false;
    memcpy(folder, path, size);
    folder[size] = '\0';
    return stat(size > 0 ? folder : ".", out) == 0;
}

bool qni_data_same_file(const char *a, const char *b)
{
    struct stat of_a, of_b;
    bool a_there = stat(a, &of_a) == 0, b_there = stat(b, &of_b) == 0;
    if (a_there && b_there)
        return S_ISREG(of_a.st_mode) && of_a.st_dev == of_b.st_dev && of_a.st_ino == of_b.st_ino;
    if (a_there || b_there || !folder_of(a, &a, &of_a) || !folder_of(b, &b, &of_b))
        return false;
    return of_a.st_dev == of_b.st_dev && of_a.st_ino == of_b.st_ino && strcmp(a, b) == 0;
}

bool qni_data_is_regular(const char *path)
{
    struct stat what;
    return stat(path, &what) != 0 || S_ISREG(what.st_mode);
}

/* Whether the bytes begin an archive of arrays: of zip archives, spreadsheets among them, one whose first member is
 * called NAME.npy (APPNOTE 4.3.7: its name's size is at byte 26, the name at 30). */
static bool begins_npz(const char *bytes, int64_t size)
{
    static const char suffix[] = ".npy";
    enum {
        SIZE_AT = 26,
        NAME_AT = 30,
        SUFFIX = sizeof suffix - 1
    };
    if (size < NAME_AT || memcmp(bytes, QN_NPZ_MAGIC, sizeof QN_NPZ_MAGIC - 1) != 0)
        return false;
    int64_t end = NAME_AT + (uint8_t)bytes[SIZE_AT] + 256 * (uint8_t)bytes[SIZE_AT + 1];
    return end <= size && end >= NAME_AT + SUFFIX && memcmp(bytes + end - SUFFIX, suffix, SUFFIX) == 0;
}

/* What cannot be looked into without taking from it (a pipe) is CSV. A named pipe is not even opened: who writes to it
 * would see its reader go. */
static qni_data_kind kind_of(const char *path)
{
    static const char nist[] = "NIST/ITL StRD", npy[] = QN_NPY_MAGIC;
    char bytes[QNI_PROBE_SIZE];
    bool standard = strcmp(path, "-") == 0;
    struct stat what;
    if (!standard && (stat(path, &what) != 0 || !S_ISREG(what.st_mode)))
        return QNI_DATA_CSV; /* which will say why */
    int fd = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return QNI_DATA_CSV;
    off_t at = lseek(fd, 0, SEEK_CUR);
    ssize_t n = at < 0 ? -1 : pread(fd, bytes, sizeof bytes, at);
    if (!standard)
        (void)close(fd);
    if (n >= (ssize_t)sizeof nist - 1 && memcmp(bytes, nist, sizeof nist - 1) == 0)
        return QNI_DATA_NIST;
    if (n >= (ssize_t)sizeof npy - 1 && memcmp(bytes, npy, sizeof npy - 1) == 0)
        return QNI_DATA_NPY;
    return begins_npz(bytes, n) ? QNI_DATA_NPZ : QNI_DATA_CSV;
}

/* A delimiter by its name, or the character itself; 0: it is none. */
static char delimiter_of(const char *text)
{
    if (strcmp(text, "tab") == 0 || strcmp(text, "\\t") == 0)
        return '\t';
    if (strcmp(text, "space") == 0)
        return ' ';
    return text[0] != '\0' && text[1] == '\0' && strchr(",;\t |:", text[0]) != NULL ? text[0] : '\0';
}

const char *qni_data_delimiter_refuse(const char *text)
{
    return delimiter_of(text) == '\0' ? "none of , ; | : tab space" : NULL;
}

/* Options about the shape of a CSV file would be ignored with another kind of data. */
static qn_status refuse_csv_options(const qni_data *data, qn_error *err)
{
    const qni_option *const options[] = {data->options.no_header, data->options.delimiter, data->options.types};
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++)
        if (qni_args_has(data->options.args, options[i]))
            return data->kind == QNI_DATA_DB
                       ? qni_error(err, QN_INVALID, "--%s is for CSV data, and --%s asks a database", options[i]->name,
                                   data->options.from->name)
                       : qni_error(err, QN_INVALID, "--%s is for CSV data, and \"%.200s\" is a file of %s",
                                   options[i]->name, data->path, data->kind == QNI_DATA_NIST ? "NIST's" : "NumPy's");
    return QN_OK;
}

static qn_status open_csv(qni_data *data, qn_error *err)
{
    const qni_data_options *o = &data->options;
    qn_csv_options options;
    qn_csv_options_init(&options, sizeof options);
    options.no_header = qni_args_flag(o->args, o->no_header);
    options.types = qni_args_text(o->args, o->types);
    options.allocator = o->allocator;
    const char *delimiter = qni_args_text(o->args, o->delimiter);
    options.delimiter = delimiter != NULL ? delimiter_of(delimiter) : '\0';
    qn_status s = qn_csv_open(&data->csv, data->path, &options, err);
    if (s == QN_OK) {
        data->names = qn_csv_column_names(data->csv);
        data->column_count = qn_csv_column_count(data->csv);
    }
    return s;
}

static const char *column_name(const qni_data *data, int64_t i)
{
    return data->table != NULL ? qn_table_column_name(data->table, i) : qn_rows_column_name(data->sql.rows, i);
}

static qn_status name_columns(qni_data *data, int64_t count, qn_error *err)
{
    data->own_names = qni_alloc(data->options.allocator, count, (int64_t)sizeof *data->own_names);
    if (data->own_names == NULL)
        return qni_error(err, QN_NOMEM, "no memory for the names of %" PRId64 " columns", count);
    data->own_count = count;
    for (int64_t i = 0; i < count; i++)
        data->own_names[i] = column_name(data, i);
    data->names = data->own_names;
    data->column_count = count;
    return QN_OK;
}

static qn_status open_db(qni_data *data, qn_error *err)
{
    const qni_data_options *o = &data->options;
    qni_sql_options options = {.args = o->args,
                               .param = o->param,
                               .password = o->password,
                               .url = qni_args_text(o->args, o->from),
                               .sql = qni_args_text(o->args, o->query),
                               .read_only = true,
                               .allocator = o->allocator};
    qn_status s = qni_sql_open(&data->sql, &options, err);
    if (s != QN_OK)
        return s;
    data->path = qn_db_url(data->sql.db);
    if (qn_rows_column_count(data->sql.rows) == 0)
        return qni_error(err, QN_INVALID, "--query: the statement gives no rows: SELECT some");
    return name_columns(data, qn_rows_column_count(data->sql.rows), err);
}

static qn_status open_file(qni_data *data, qn_error *err)
{
    const qni_data_options *o = &data->options;
    data->kind = o->nist ? QNI_DATA_NIST : kind_of(data->path);
    if (qni_args_has(o->args, o->param))
        return qni_error(err, QN_INVALID, "--%s goes with --%s", o->param->name, o->query->name);
    if (qni_args_has(o->args, o->password))
        return qni_error(err, QN_INVALID, "--%s goes with --%s", o->password->name, o->from->name);
    if (data->kind == QNI_DATA_CSV)
        return open_csv(data, err);
    qn_status s = refuse_csv_options(data, err);
    if (s == QN_OK && data->kind == QNI_DATA_NPY)
        s = qn_npy_read_table(&data->own, data->path, o->allocator, err);
    else if (s == QN_OK && data->kind == QNI_DATA_NPZ)
        s = qn_npz_read_table(&data->own, data->path, o->allocator, err);
    else if (s == QN_OK)
        s = qn_nist_read(&data->nist, data->path, o->allocator, err);
    if (s != QN_OK)
        return s;
    data->table = data->nist != NULL ? data->nist->table : data->own;
    return name_columns(data, qn_table_column_count(data->table), err);
}

qn_status qni_data_open(qni_data *out, const char *path, const qni_data_options *options, qn_error *err)
{
    *out = (qni_data){.path = path, .options = *options};
    if (path != NULL)
        return open_file(out, err);
    out->kind = QNI_DATA_DB;
    qn_status s = refuse_csv_options(out, err);
    return s == QN_OK ? open_db(out, err) : s;
}

int qni_data_report(const qni_data *data, const qn_error *err)
{
    const char *verb = data->options.args->verb->name;
    if (data->kind == QNI_DATA_DB)
        return qni_sql_report(&data->sql, err, verb);
    return err->code == QN_INVALID ? qni_report_usage(err, verb) : qni_report(err);
}

/* Whether --types speaks of this column, in its list of NAME=TYPE. */
static bool has_type(const char *types, const char *name)
{
    size_t size = strlen(name);
    for (; types != NULL; types = strchr(types, ','), types = types != NULL ? types + 1 : NULL) {
        types += strspn(types, " ");
        if (strncmp(types, name, size) == 0 && types[size + strspn(types + size, " ")] == '=')
            return true;
    }
    return false;
}

qn_status qni_data_select(qni_data *data, const char *name, qn_error *err)
{
    return qni_data_select_as(data, name, QN_TYPE_F64, err);
}

qn_status qni_data_select_as(qni_data *data, const char *name, qn_type type, qn_error *err)
{
    if (data->csv == NULL)
        return QN_OK;
    const char *types = qni_args_text(data->options.args, data->options.types);
    return qn_csv_select(data->csv, name, has_type(types, name) ? QN_TYPE_AUTO : type, err);
}

bool qni_data_is_stream(const qni_data *data)
{
    return data->csv != NULL || data->sql.rows != NULL;
}

qn_status qni_data_next(qn_table **out, qni_data *data, int64_t max_rows, qn_error *err)
{
    bool rows = data->sql.rows != NULL;
    qn_status s = rows ? qn_rows_read(out, data->sql.rows, max_rows, err) : qn_csv_read(out, data->csv, max_rows, err);
    if (s == QN_OK && rows && *out != NULL && qn_table_row_count(*out) == 0) {
        qn_table_free(*out);
        *out = NULL;
    }
    if (s == QN_OK && *out == NULL && data->passed == 0)
        s = qni_error_at(err, QN_DATA, rows ? data->path : qni_file_name(data->path), 0, 0,
                         rows ? "the query gives no rows" : "there is a header but no row of data");
    if (s == QN_OK && *out != NULL)
        data->passed += qn_table_row_count(*out);
    return s;
}

void qni_data_renumber(const qni_data *data, const qn_table *table, qn_error *err)
{
    static const char subject[] = "row ";
    char rest[sizeof err->message - 32]; /* the number may become longer */
    int64_t row = 0, before = data->passed - (table != NULL ? qn_table_row_count(table) : 0);
    const char *number = err->message + sizeof subject - 1;
    if (before == 0 || strncmp(err->message, subject, sizeof subject - 1) != 0)
        return;
    const char *end = qni_integer_parse(&row, number, number + strlen(number));
    if (end == NULL)
        return;
    (void)snprintf(rest, sizeof rest, "%.*s", (int)sizeof rest - 1, end);
    (void)snprintf(err->message, sizeof err->message, "%s%" PRId64 "%s", subject, before + row, rest);
}

qn_status qni_data_read(qni_data *data, qn_error *err)
{
    if (!qni_data_is_stream(data))
        return QN_OK;
    qn_status s = qni_data_next(&data->own, data, -1, err);
    qn_csv_close(data->csv);
    data->csv = NULL;
    data->names = NULL;
    data->column_count = 0;
    data->table = data->own;
    if (data->kind == QNI_DATA_DB && data->own != NULL)
        data->path = qn_table_source(data->own);
    if (s != QN_OK)
        return s;
    qni_sql_free(&data->sql); /* nobody's connection is held while the work goes on */
    qni_data_warn_of_types(data, data->table);
    return QN_OK;
}

void qni_data_warn_of_types(const qni_data *data, const qn_table *table)
{
    char name[QNI_ECHO_SIZE + 1], sentence[QNI_ECHO_SIZE + 64];
    const char *item = qni_args_text(data->options.args, data->options.types);
    for (; item != NULL; item = strchr(item, ','), item = item != NULL ? item + 1 : NULL) {
        item += strspn(item, " ");
        size_t size = strcspn(item, "=,");
        while (size > 0 && item[size - 1] == ' ')
            size--;
        if (size == 0 || size > QNI_ECHO_SIZE)
            continue;
        memcpy(name, item, size);
        name[size] = '\0';
        if (qn_table_column_find(table, name) >= 0)
            continue;
        (void)snprintf(sentence, sizeof sentence, "--types: the column \"%s\" is not used, so its type says nothing",
                       name);
        qni_report_warning(sentence);
    }
}

void qni_data_free(qni_data *data)
{
    if (data->own_names != NULL)
        qni_free(data->options.allocator, data->own_names, data->own_count, (int64_t)sizeof *data->own_names);
    qni_sql_free(&data->sql);
    qn_csv_close(data->csv);
    qn_nist_free(data->nist);
    qn_table_free(data->own);
    *data = (qni_data){0};
}
