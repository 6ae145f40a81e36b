/* store/url.c: a database's URL into its parts.
 *
 * Always: nothing of the URL but the word before its first colon is repeated in a message, for where somebody forgot to
 * write %40, a piece of the password may stand anywhere. For the same reason no raw @ may follow the one that ends the
 * password. What is shown is the URL as it was written, with *** in place of each secret. Any thread. */
#include "store/url.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/nearest.h"
#include "base/utf8.h"
#include "mem/refuse.h"
#include "store/limits.h"

#include <inttypes.h>
#include <string.h>
#include <strings.h>

enum {
    SCHEMES = 5,       /* of a family, at most */
    SCHEME_SHOWN = 32, /* bytes of a word in a message */
    STARS = 3
};

/* What a URL may begin with, and how that is said. */
typedef struct family {
    const char *schemes[SCHEMES];
    qni_url_kind kinds[SCHEMES];
    int count;
    const char *examples, *all, *server, *file;
} family;

static const family databases = {
    {"sqlite", "memory", "duckdb", "postgres", "postgresql"},
    {QNI_URL_SQLITE, QNI_URL_MEMORY, QNI_URL_DUCKDB, QNI_URL_POSTGRES, QNI_URL_POSTGRES},
    5,
    "sqlite:PATH, memory:, duckdb:PATH or postgres://HOST/DATABASE",
    "sqlite:, memory:, duckdb: and postgres://",
    "postgres://HOST/DATABASE",
    "sqlite:/var/prices.db, or sqlite:prices.db in the folder where one is",
};

static const family shared = {
    {"redis", "rediss", "unix"},
    {QNI_URL_REDIS, QNI_URL_REDIS_TLS, QNI_URL_REDIS_SOCKET},
    3,
    "redis://HOST[:PORT][/NUMBER] or unix:PATH, for a cache that is shared",
    "redis:// and unix:, for a cache that is shared",
    "redis://HOST[:PORT][/NUMBER]",
    "unix:/run/redis/redis.sock",
};

typedef struct reader {
    const family *family;
    qni_url *url;
    const char *text, *end;
    char *byte;         /* where the next decoded text goes */
    char *shown;        /* where what is shown goes on */
    const char *copied; /* how far it has come */
    qn_error *err;
} reader;

/* Refuses the URL at a place in it; the sentence is a literal. */
#define wrong(r, at, sentence)                                        \
    qni_error_at((r)->err, QN_INVALID, NULL, 0, (at) - (r)->text + 1, \
                 "byte %" PRId64 " of a database's URL: " sentence, (int64_t)((at) - (r)->text + 1))

/* The same, followed by what the URL's family says. */
#define wrong_with(r, at, sentence, more)                             \
    qni_error_at((r)->err, QN_INVALID, NULL, 0, (at) - (r)->text + 1, \
                 "byte %" PRId64 " of a database's URL: " sentence "%s", (int64_t)((at) - (r)->text + 1), (more))

static bool is_server(qni_url_kind kind)
{
    return kind == QNI_URL_POSTGRES || kind == QNI_URL_REDIS || kind == QNI_URL_REDIS_TLS;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20); /* its small letter */
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool is_control(int c)
{
    return c < 0x20 || c == 0x7F;
}

/* The first of two characters in [from, to), or `to`. */
static const char *find(const char *from, const char *to, char a, char b)
{
    while (from < to && *from != a && *from != b)
        from++;
    return from;
}

/* What holds for all of a URL: afterwards every part can be decoded. */
static qn_status check_text(const reader *r)
{
    for (const char *p = r->text; p < r->end; p++) {
        if (is_control((unsigned char)*p))
            return wrong(r, p, "a control character cannot stand in it");
        if (*p != '%')
            continue;
        int high = hex_digit(p[1]), low = high < 0 ? -1 : hex_digit(p[2]);
        if (low < 0)
            return wrong(r, p, "%% must be followed by two hexadecimal digits (%%25 stands for %% itself)");
        if (is_control(16 * high + low))
            return wrong(r, p, "this stands for a control character, which cannot be part of it");
    }
    if (!qni_utf8_valid(r->text, r->end - r->text))
        return wrong(r, r->text, "it is not UTF-8 (other bytes of a path are written %%XX)");
    return QN_OK;
}

/* Appends what a piece of the URL stands for. */
static void append(reader *r, const char *from, const char *to)
{
    while (from < to) {
        if (*from == '%') {
            *r->byte++ = (char)(16 * hex_digit(from[1]) + hex_digit(from[2]));
            from += 3;
        } else {
            *r->byte++ = *from++;
        }
    }
}

static const char *decode(reader *r, const char *from, const char *to)
{
    const char *out = r->byte;
    append(r, from, to);
    *r->byte++ = '\0';
    return out;
}

/* Shows everything up to `from` as it stands, and stars for what follows up to `to`. */
static void hide(reader *r, const char *from, const char *to)
{
    memcpy(r->shown, r->copied, (size_t)(from - r->copied));
    r->shown += from - r->copied;
    memcpy(r->shown, "***", STARS);
    r->shown += STARS;
    r->copied = to;
}

static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '_';
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

static qn_status read_scheme(reader *r, const char **after)
{
    const char *p = r->text;
    char word[SCHEME_SHOWN];
    int64_t length = 0;
    while (length < SCHEME_SHOWN - 1 && is_word(lower(*p)))
        word[length++] = lower(*p++);
    word[length] = '\0';
    if (length == 0 || *p != ':')
        return wrong_with(r, r->text, "it begins with the kind of database: ", r->family->examples);
    *after = p + 1;
    for (int i = 0; i < r->family->count; i++) {
        if (strcmp(word, r->family->schemes[i]) == 0) {
            r->url->kind = r->family->kinds[i];
            return QN_OK;
        }
    }
    int64_t near = qni_nearest(word, r->family->schemes, r->family->count);
    return qni_error_at(r->err, QN_INVALID, NULL, 0, 1,
                        "a database's URL: there is no kind of database \"%s\"%s%s%s: there are %s", word,
                        near >= 0 ? " (did you mean " : "", near >= 0 ? r->family->schemes[near] : "",
                        near >= 0 ? "?)" : "", r->family->all);
}

/* The path of a file, up to the options. */
static qn_status read_file(reader *r, const char *from, const char **after)
{
    qni_url *u = r->url;
    const char *to = find(from, r->end, '?', '?');
    if (to - from >= 2 && from[0] == '/' && from[1] == '/')
        return wrong_with(r, from, "a path follows the colon directly: ", r->family->file);
    u->path = decode(r, from, to);
    if (u->kind == QNI_URL_SQLITE && from == to)
        return wrong(r, from, "a path is missing (memory: is a database in memory)");
    if (u->kind != QNI_URL_MEMORY && strcmp(u->path, ":memory:") == 0)
        return wrong(r, from, "a database in memory is memory:, or duckdb: alone");
    *after = to;
    return QN_OK;
}

/* Ports as libpq takes them: numbers and commas, one that is empty being the usual one. */
static bool ports_are_valid(const char *text)
{
    for (;; text++) {
        int64_t port = 0;
        const char *first = text;
        for (; *text >= '0' && *text <= '9' && port <= UINT16_MAX; text++)
            port = 10 * port + (*text - '0');
        if ((*text != '\0' && *text != ',') || port > UINT16_MAX || (text > first && port == 0))
            return false;
        if (*text == '\0')
            return true;
    }
}

#define BAD_PORT \
    "a port is a number from 1 to 65535 (where this is part of a password: @ / ? are written %%40 %%2F %%3F in it)"

/* An address of IPv6 between its brackets: digits, colons, points, and % before the name of a network's device. */
static bool is_address(const char *from, const char *to)
{
    const char *p = from;
    while (p < to && (hex_digit(*p) >= 0 || *p == ':' || *p == '.'))
        p++;
    return find(from, to, ':', ':') < to && (p == to || *p == '%');
}

/* Where the name of one host ends and its colon or nothing begins; NULL: refused. */
static const char *host_end(const reader *r, const char *from, const char *to)
{
    const char *end = find(from, to, ':', ':');
    if (from < to && *from == '[') {
        const char *close = find(from, to, ']', ']');
        end = close < to ? close + 1 : to;
        if (close == to || !is_address(from + 1, close) || (end < to && *end != ':')) {
            (void)wrong(r, from, "an address in brackets is one of IPv6, [::1], and a colon with the port may follow");
            return NULL;
        }
    }
    if (end == to)
        return end;
    if (end + 1 == to || find(end + 1, to, ':', ':') != to) {
        (void)wrong(r, end, "one port follows a host's colon (an address of IPv6 stands in brackets: [::1]:5432)");
        return NULL;
    }
    return end;
}

/* HOST[:PORT],HOST[:PORT]… into the two lists of libpq's. */
static qn_status read_hosts(reader *r, const char *from, const char *to)
{
    qni_url *u = r->url;
    bool any_port = false;
    u->host = r->byte;
    for (const char *p = from; p < to;) {
        const char *next = find(p, to, ',', ','), *end = host_end(r, p, next);
        if (end == NULL)
            return QN_INVALID;
        bool brackets = *p == '[';
        append(r, p + brackets, end - brackets);
        any_port = any_port || end < next;
        if (next < to)
            *r->byte++ = ',';
        p = next < to ? next + 1 : to;
    }
    *r->byte++ = '\0';
    if (!any_port)
        return QN_OK;
    u->port = r->byte;
    for (const char *p = from; p < to;) {
        const char *next = find(p, to, ',', ','), *end = host_end(r, p, next);
        const char *piece = r->byte;
        append(r, end < next ? end + 1 : next, next);
        *r->byte = '\0';
        if (!ports_are_valid(piece) || strchr(piece, ',') != NULL)
            return wrong(r, end, BAD_PORT);
        if (next < to)
            *r->byte++ = ',';
        p = next < to ? next + 1 : to;
    }
    *r->byte++ = '\0';
    return QN_OK;
}

/* //[USER[:PASSWORD]@][HOSTS][/DATABASE] */
static qn_status read_server(reader *r, const char *from, const char **after)
{
    qni_url *u = r->url;
    if (r->end - from < 2 || from[0] != '/' || from[1] != '/')
        return wrong_with(r, from, "two slashes follow: ", r->family->server);
    from += 2;
    const char *to = find(from, r->end, '/', '?');
    const char *at = find(from, to, '@', '@');
    const char *other = find(at < to ? at + 1 : from, r->end, '@', '@');
    if (other < r->end)
        return wrong(r, other, "an @ that does not end the password is written %%40; a / or ? in one %%2F or %%3F");
    if (at < to) {
        const char *colon = find(from, at, ':', ':');
        u->user = decode(r, from, colon);
        if (colon < at) {
            u->password = decode(r, colon + 1, at);
            hide(r, colon + 1, at);
        }
        from = at + 1;
    }
    qn_status s = read_hosts(r, from, to);
    if (s != QN_OK)
        return s;
    *after = to;
    if (to < r->end && *to == '/') {
        *after = find(to, r->end, '?', '?');
        u->database = decode(r, to + 1, *after);
    }
    return QN_OK;
}

static bool contains(const char *text, const char *piece)
{
    size_t size = strlen(piece);
    for (; *text != '\0'; text++)
        if (strncasecmp(text, piece, size) == 0)
            return true;
    return false;
}

bool qni_url_is_secret(const char *name)
{
    return contains(name, "passw") || contains(name, "secret") || contains(name, "token") || contains(name, "key");
}

/* Where a server's option has a place of its own in the URL. */
static const char **own_place(qni_url *u, const char *name)
{
    if (u->kind != QNI_URL_POSTGRES)
        return NULL;
    return strcmp(name, "user") == 0       ? &u->user
           : strcmp(name, "password") == 0 ? &u->password
           : strcmp(name, "host") == 0     ? &u->host
           : strcmp(name, "port") == 0     ? &u->port
           : strcmp(name, "dbname") == 0   ? &u->database
                                           : NULL;
}

static qn_status read_option(reader *r, const char *from, const char *to)
{
    qni_url *u = r->url;
    const char *equal = find(from, to, '=', '=');
    if (equal == from || equal == to)
        return wrong(r, from, "an option is name=value, and & stands between two (in a path, ? is written %%3F)");
    const char *name = decode(r, from, equal), *value = decode(r, equal + 1, to);
    if (qni_url_is_secret(name))
        hide(r, equal + 1, to);
    const char **own = own_place(u, name);
    if (qni_url_find(u, name) != NULL || (own != NULL && (*own)[0] != '\0'))
        return wrong(r, from, "this is given twice");
    if (own == NULL) {
        u->options[u->option_count++] = (qni_url_option){name, value};
        return QN_OK;
    }
    *own = value;
    return own == &u->port && !ports_are_valid(value) ? wrong(r, equal + 1, BAD_PORT) : QN_OK;
}

static qn_status read_options(reader *r, const char *from)
{
    for (bool more = from < r->end; more;) { /* each begins after a ? or & */
        const char *next = find(from + 1, r->end, '&', '&');
        qn_status s = read_option(r, from + 1, next);
        if (s != QN_OK)
            return s;
        more = next < r->end;
        from = next;
    }
    return QN_OK;
}

/* Room for the parts: a host's comma comes twice, and each part ends with a zero. */
static qn_status make_room(qni_url *u, int64_t size, int64_t options, qn_error *err)
{
    u->option_capacity = options;
    u->byte_size = 2 * size + 8;
    u->shown_size = size + STARS * (options + 1) + 1;
    u->bytes = qni_alloc_zeroed(u->allocator, u->byte_size, 1);
    u->shown = qni_alloc_zeroed(u->allocator, u->shown_size, 1);
    u->options = qni_alloc_zeroed(u->allocator, u->option_capacity, (int64_t)sizeof *u->options);
    if (u->bytes == NULL || u->shown == NULL || u->options == NULL)
        return qni_refused(err, u->allocator, u->byte_size + u->shown_size, "the parts of a database's URL");
    u->path = u->user = u->password = u->host = u->port = u->database = "";
    return QN_OK;
}

static qn_status read_all(reader *r)
{
    const char *p = r->text;
    qn_status s = check_text(r);
    if (s == QN_OK)
        s = read_scheme(r, &p);
    if (s == QN_OK)
        s = is_server(r->url->kind) ? read_server(r, p, &p) : read_file(r, p, &p);
    if (s == QN_OK)
        s = read_options(r, p);
    if (s != QN_OK)
        return s;
    memcpy(r->shown, r->copied, (size_t)(r->end - r->copied) + 1);
    assert(r->byte <= r->url->bytes + r->url->byte_size);
    return QN_OK;
}

static qn_status parse(qni_url *out, const char *url, const family *of, const qn_allocator *allocator, qn_error *err)
{
    assert(out != NULL && url != NULL);
    *out = (qni_url){.allocator = allocator};
    int64_t size = (int64_t)strnlen(url, QNI_URL_MAX + 1), options = 0;
    if (size > QNI_URL_MAX)
        return qni_error(err, QN_INVALID, "a database's URL has at most %d bytes", QNI_URL_MAX);
    for (int64_t i = 0; i < size; i++)
        options += url[i] == '?' || url[i] == '&';
    qn_status s = make_room(out, size, options, err);
    if (s == QN_OK)
        s = read_all(&(reader){of, out, url, url + size, out->bytes, out->shown, url, err});
    if (s != QN_OK)
        qni_url_free(out);
    return s;
}

qn_status qni_url_parse(qni_url *out, const char *url, const qn_allocator *allocator, qn_error *err)
{
    return parse(out, url, &databases, allocator, err);
}

qn_status qni_url_parse_shared(qni_url *out, const char *url, const qn_allocator *allocator, qn_error *err)
{
    return parse(out, url, &shared, allocator, err);
}

void qni_url_free(qni_url *url)
{
    if (url->bytes != NULL)
        explicit_bzero(url->bytes, (size_t)url->byte_size);
    qni_free(url->allocator, url->bytes, url->byte_size, 1);
    qni_free(url->allocator, url->shown, url->shown_size, 1);
    qni_free(url->allocator, url->options, url->option_capacity, (int64_t)sizeof *url->options);
    *url = (qni_url){.allocator = NULL};
}

const char *qni_url_find(const qni_url *url, const char *name)
{
    for (int64_t i = 0; i < url->option_count; i++)
        if (strcmp(url->options[i].name, name) == 0)
            return url->options[i].value;
    return NULL;
}
