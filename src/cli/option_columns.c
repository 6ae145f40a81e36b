/* cli/option_columns.c: which column of the data is what: as --map says, else by its name, of which only letters and
 * digits count. A column is never guessed where two could be meant. */
#include "base/error.h"
#include "base/file.h"
#include "base/nearest.h"
#include "cli/option_int.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum {
    MESSAGE_SIZE = 300
};

/* The word of --map, the names by which a column is found, and what a sentence calls it. */
static const struct {
    const char *word;
    const char *names; /* each between two | */
    const char *what;
} roles[OPTION_ROLE_COUNT] = {
    [OPTION_ROLE_PRICE] = {"price", "|price|mid|midprice|mark|premium|optionprice|marketprice|", "the option's price"},
    [OPTION_ROLE_SIGMA] = {"sigma", "|sigma|iv|vol|volatility|impliedvol|impliedvolatility|", "the volatility"},
    [OPTION_ROLE_FORWARD] = {"forward", "|forward|f|fwd|forwardprice|future|futures|futuresprice|", "the forward"},
    [OPTION_ROLE_SPOT] = {"spot", "|spot|s|spotprice|underlying|underlyingprice|underlyinglast|stockprice|",
                          "the spot"},
    [OPTION_ROLE_STRIKE] = {"strike", "|strike|k|strikeprice|", "the strike"},
    [OPTION_ROLE_EXPIRY] = {"expiry",
                            "|expiry|years|t|tau|tte|ttm|timetoexpiry|yearstoexpiry|expiryyears|expiration|"
                            "expirationdate|expirydate|expiredate|expdate|exdate|maturity|",
                            "the expiry"},
    [OPTION_ROLE_DAYS] = {"days", "|days|dte|daystoexpiry|daystoexpiration|daystoexpire|", "the days to expiry"},
    [OPTION_ROLE_RATE] = {"rate", "|rate|r|riskfreerate|interestrate|", "the interest rate"},
    [OPTION_ROLE_YIELD] = {"yield", "|yield|q|dividendyield|divyield|", "the yield"},
    [OPTION_ROLE_TYPE] = {"type",
                          "|type|optiontype|cp|pc|cpflag|callput|putcall|callorput|putorcall|callputflag|flag|right|",
                          "the type, call or put"},
    [OPTION_ROLE_AS_OF] = {"as_of", "|asof|asofdate|quotedate|quotetime|quotedatetime|snapshottime|timestamp|datadate|",
                           "when the price held"},
};

/* What decides which column it is: a role that nobody asks for is no column, whatever is called so. */
static bool is_used(const option_job *job, option_role role)
{
    if (role == OPTION_ROLE_PRICE)
        return job->sigma == NULL;
    if (role == OPTION_ROLE_SIGMA)
        return job->sigma != NULL;
    return role != OPTION_ROLE_FORWARD || !job->american;
}

/* The letters and digits of a name between two |, in small letters; "" where it is too long for any. */
static void normalise(char out[64], const char *name)
{
    int used = 0;
    out[used++] = '|';
    for (; *name != '\0' && used < 62; name++)
        if (isalnum((unsigned char)*name))
            out[used++] = (char)tolower((unsigned char)*name);
    out[used++] = '|';
    out[*name == '\0' && used > 2 ? used : 0] = '\0';
}

/* Whether a column may be this by its name, and whether the name is the role's own. */
static bool is_called(bool *own, const char *name, option_role role)
{
    char key[64];
    normalise(key, name);
    *own = strcasecmp(name, roles[role].word) == 0;
    return *own || (key[0] != '\0' && strstr(roles[role].names, key) != NULL);
}

static bool is_taken(const option_job *job, int64_t column)
{
    for (int r = 0; r < OPTION_ROLE_COUNT; r++)
        if (job->columns[r] == column)
            return true;
    return false;
}

static qn_status bad_data(const option_job *job, qn_error *err, const char *message)
{
    const char *file = job->data.kind == QNI_DATA_DB ? job->data.path : qni_file_name(job->data.path);
    return qni_error_at(err, QN_DATA, file, 0, 0, "%s", message);
}

/* ---- --map ---- */

static qn_status find_role(option_role *out, const option_job *job, const char *word, int size, qn_error *err)
{
    const char *words[OPTION_ROLE_COUNT];
    int64_t count = 0;
    char name[QNI_ECHO_SIZE];
    (void)snprintf(name, sizeof name, "%.*s", size, word);
    for (char *at = name; (at = strchr(at, '-')) != NULL;)
        *at = '_';
    for (int r = 0; r < OPTION_ROLE_COUNT; r++) {
        if (strcmp(roles[r].word, name) == 0 && is_used(job, (option_role)r)) {
            *out = (option_role)r;
            return QN_OK;
        }
        if (is_used(job, (option_role)r))
            words[count++] = roles[r].word;
    }
    char sentence[MESSAGE_SIZE];
    int used = snprintf(sentence, sizeof sentence, ": the words are ");
    for (int64_t i = 0; i < count; i++)
        used += snprintf(sentence + used, sizeof sentence - (size_t)used, "%s%s", i > 0 ? ", " : "", words[i]);
    return qni_unknown_name(err, "word in --map", "", name, words, count, sentence);
}

/* The column that a person means: its name, letter by letter. */
static qn_status find_column(int64_t *out, const option_job *job, const char *name, int size, qn_error *err)
{
    const qni_data *data = &job->data;
    char text[QNI_ECHO_SIZE * 4];
    for (*out = 0; *out < data->column_count; ++*out)
        if (strlen(data->names[*out]) == (size_t)size && memcmp(data->names[*out], name, (size_t)size) == 0)
            return QN_OK;
    (void)snprintf(text, sizeof text, "%.*s", size, name);
    int64_t near = qni_nearest(text, data->names, data->column_count);
    *out = -1;
    if (near >= 0)
        return qni_error(err, QN_NAME, "--map: the data has no column \"%.60s\": did you mean \"%.60s\"?", text,
                         data->names[near]);
    return qni_error(err, QN_NAME, "--map: the data has no column \"%.60s\"", text);
}

static qn_status map_one(option_job *job, bool *mapped, const char *item, int size, qn_error *err)
{
    const char *equals = memchr(item, '=', (size_t)size);
    option_role role = OPTION_ROLE_COUNT;
    if (equals == NULL)
        return qni_error(err, QN_INVALID, "--map: \"%.*s\" is no WHAT=COLUMN, such as price=mid",
                         size < QNI_ECHO_SIZE ? size : QNI_ECHO_SIZE, item);
    qn_status s = find_role(&role, job, item, (int)(equals - item), err);
    if (s != QN_OK)
        return s;
    if (mapped[role])
        return qni_error(err, QN_INVALID, "--map says twice which column is %s (%s)", roles[role].what,
                         roles[role].word);
    mapped[role] = true;
    int rest = size - (int)(equals + 1 - item);
    return rest == 0 ? QN_OK : find_column(&job->columns[role], job, equals + 1, rest, err);
}

static qn_status map_all(option_job *job, bool *mapped, qn_error *err)
{
    const char *text;
    for (int64_t at = 0; (text = qni_args_next(job->args, &job->table[OPTION_MAP], &at)) != NULL;) {
        for (bool more = true; more;) {
            size_t size = strcspn(text, ",");
            qn_status s = map_one(job, mapped, text, (int)size, err);
            if (s != QN_OK)
                return s;
            more = text[size] == ',';
            text += size + more;
        }
    }
    return QN_OK;
}

/* ---- by name ---- */

static qn_status several(const option_job *job, option_role role, int64_t a, int64_t b, qn_error *err)
{
    char message[MESSAGE_SIZE];
    (void)snprintf(message, sizeof message,
                   "the columns \"%.60s\" and \"%.60s\" could both be %s: --map %s=COLUMN says which one it is",
                   job->data.names[a], job->data.names[b], roles[role].what, roles[role].word);
    return bad_data(job, err, message);
}

/* A column of the role's own name goes before others. */
static qn_status find_by_name(option_job *job, option_role role, qn_error *err)
{
    int64_t best = -1, other = -1;
    bool best_own = false, own;
    for (int64_t c = 0; c < job->data.column_count; c++) {
        if (is_taken(job, c) || !is_called(&own, job->data.names[c], role) || (best_own && !own))
            continue;
        other = best >= 0 && best_own == own ? best : -1;
        best = c;
        best_own = own;
        if (other >= 0 && own)
            break;
    }
    if (other >= 0)
        return several(job, role, other, best, err);
    job->columns[role] = best;
    return QN_OK;
}

static bool has(const option_job *job, option_role role)
{
    return job->columns[role] >= 0 || job->fixed[role];
}

/* One question has one answer. */
static qn_status check_both(const option_job *job, option_role a, option_role b, qn_error *err)
{
    char message[MESSAGE_SIZE];
    if (!has(job, a) || !has(job, b))
        return QN_OK;
    option_role out = job->columns[b] >= 0 ? b : a;
    (void)snprintf(message, sizeof message, "there is %s and %s, and only one of them counts: --map %s= leaves one out",
                   roles[a].what, roles[b].what, roles[out].word);
    return bad_data(job, err, message);
}

static qn_status check_fixed(const option_job *job, qn_error *err)
{
    char message[MESSAGE_SIZE], option[16];
    for (int r = 0; r < OPTION_ROLE_COUNT; r++) {
        if (!job->fixed[r] || job->columns[r] < 0)
            continue;
        (void)snprintf(option, sizeof option, "%s", r == OPTION_ROLE_AS_OF ? "as-of" : roles[r].word);
        (void)snprintf(message, sizeof message,
                       "--%s is for all rows, but the column \"%.60s\" says %s of each: --map %s= leaves it out",
                       option, job->data.names[job->columns[r]], roles[r].what, roles[r].word);
        return bad_data(job, err, message);
    }
    return QN_OK;
}

/* The columns that there are, as many as fit. */
static void list_columns(char *out, size_t size, const qni_data *data)
{
    size_t used = (size_t)snprintf(out, size, "there are ");
    for (int64_t c = 0; c < data->column_count; c++) {
        int n = snprintf(out + used, size - used, "%s%.40s", c > 0 ? ", " : "", data->names[c]);
        if (n < 0 || (size_t)n + 8 >= size - used) {
            (void)snprintf(out + used, size - used, ", ...");
            return;
        }
        used += (size_t)n;
    }
}

static qn_status missing(const option_job *job, option_role role, const char *or_else, qn_error *err)
{
    char message[MESSAGE_SIZE * 2], columns[MESSAGE_SIZE];
    int64_t near = qni_nearest(roles[role].word, job->data.names, job->data.column_count);
    bool left_out = near >= 0 && strcasecmp(job->data.names[near], roles[role].word) == 0; /* by --map WHAT= */
    if (near >= 0 && !is_taken(job, near) && !left_out)
        (void)snprintf(columns, sizeof columns, "did you mean \"%.60s\"?", job->data.names[near]);
    else
        list_columns(columns, sizeof columns, &job->data);
    (void)snprintf(message, sizeof message, "there is no column for %s: --map %s=COLUMN says which one it is%s (%s)",
                   roles[role].what, roles[role].word, or_else, columns);
    return bad_data(job, err, message);
}

static qn_status check_missing(const option_job *job, qn_error *err)
{
    option_role first = job->sigma == NULL ? OPTION_ROLE_PRICE : OPTION_ROLE_SIGMA;
    if (!has(job, first))
        return missing(job, first, job->sigma == NULL ? "" : ", or --sigma is that of all rows", err);
    if (!has(job, OPTION_ROLE_STRIKE))
        return missing(job, OPTION_ROLE_STRIKE, "", err);
    if (job->american && !has(job, OPTION_ROLE_SPOT))
        return missing(job, OPTION_ROLE_SPOT, ", or --spot is that of all rows; American options need it", err);
    if (!has(job, OPTION_ROLE_SPOT) && !has(job, OPTION_ROLE_FORWARD))
        return missing(job, OPTION_ROLE_FORWARD, " (or spot), or --forward (or --spot) is that of all rows", err);
    if (!has(job, OPTION_ROLE_EXPIRY) && !has(job, OPTION_ROLE_DAYS))
        return missing(job, OPTION_ROLE_EXPIRY, ", or --expiry is that of all rows", err);
    if (!has(job, OPTION_ROLE_TYPE))
        return missing(job, OPTION_ROLE_TYPE, ", or --type is that of all rows", err);
    return QN_OK;
}

/* All columns of a CSV file are read, those that nobody asks for as they stand. */
static qn_status select_all(option_job *job, qn_error *err)
{
    qn_status s = QN_OK;
    for (int64_t c = 0; s == QN_OK && c < job->data.column_count; c++) {
        qn_type type = QN_TYPE_F64;
        if (job->columns[OPTION_ROLE_EXPIRY] == c || job->columns[OPTION_ROLE_AS_OF] == c ||
            job->columns[OPTION_ROLE_TYPE] == c)
            type = QN_TYPE_STRING;
        else if (!is_taken(job, c))
            type = job->format == OPTION_FORMAT_JSON ? QN_TYPE_AUTO : QN_TYPE_STRING;
        s = qni_data_select_as(&job->data, job->data.names[c], type, err);
    }
    return s;
}

qn_status qni_option_columns(option_job *job, qn_error *err)
{
    bool mapped[OPTION_ROLE_COUNT] = {false};
    for (int r = 0; r < OPTION_ROLE_COUNT; r++)
        job->columns[r] = -1;
    qn_status s = map_all(job, mapped, err);
    for (int r = 0; s == QN_OK && r < OPTION_ROLE_COUNT; r++)
        if (!mapped[r] && is_used(job, (option_role)r))
            s = find_by_name(job, (option_role)r, err);
    if (s == QN_OK)
        s = check_fixed(job, err);
    if (s == QN_OK)
        s = check_both(job, OPTION_ROLE_FORWARD, OPTION_ROLE_SPOT, err);
    if (s == QN_OK)
        s = check_both(job, OPTION_ROLE_EXPIRY, OPTION_ROLE_DAYS, err);
    if (s == QN_OK)
        s = check_missing(job, err);
    return s == QN_OK ? select_all(job, err) : s;
}
