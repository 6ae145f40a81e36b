/* store/url.h: a database's URL in its parts. The grammar stands in quern/db.h. */
#ifndef QNI_STORE_URL_H
#define QNI_STORE_URL_H

#include <quern/base.h>

typedef enum qni_url_kind {
    QNI_URL_SQLITE,
    QNI_URL_MEMORY,
    QNI_URL_DUCKDB,
    QNI_URL_POSTGRES,
    QNI_URL_REDIS,        /* redis://[USER[:PASSWORD]@]HOST[:PORT][/NUMBER] */
    QNI_URL_REDIS_TLS,    /* rediss:// */
    QNI_URL_REDIS_SOCKET, /* unix:PATH[?db=NUMBER] */
} qni_url_kind;

typedef struct qni_url_option {
    const char *name, *value;
} qni_url_option;

/* Every text is decoded (%XX), zero-terminated and in `bytes`; "" where it is not given. */
typedef struct qni_url {
    qni_url_kind kind;
    const char *path; /* a file; the name of a database in memory */
    /* Of a server, as libpq takes them: of several hosts all, and as many ports, with commas between. Options of these
     * names (user, password, host, port, dbname) stand here and not among the others. */
    const char *user, *password, *host, *port, *database;
    qni_url_option *options; /* (option_count) in the order of the URL, each name once */
    int64_t option_count, option_capacity;
    char *bytes; /* (byte_size) */
    int64_t byte_size;
    char
        *shown; /* (shown_size, at least its length and a zero) the URL with *** for its password, wherever that stands,
                  and for the value of every option that is named as a secret */
    int64_t shown_size;
    const qn_allocator *allocator;
} qni_url;

/* Reads a URL. Errors: QN_INVALID with err->column where it is wrong, its message without any password; QN_NOMEM. */
QN_MUST_USE qn_status qni_url_parse(qni_url *out, const char *url, const qn_allocator *allocator, qn_error *err);

/* The same for where a cache is shared: the kinds of Redis, and no others. */
QN_MUST_USE qn_status qni_url_parse_shared(qni_url *out, const char *url, const qn_allocator *allocator, qn_error *err);

/* Frees it; what could be a password is overwritten first. All zero is fine. */
void qni_url_free(qni_url *url);

/* Whether what an option of this name holds is nobody's business: password, sslpassword, s3_secret_access_key, … */
bool qni_url_is_secret(const char *name);

/* The value of an option; NULL: not given. */
const char *qni_url_find(const qni_url *url, const char *name);

#endif
