/* store/cache_redis_int.h: the shared tier of caches, inside.
 *
 *    cache_redis.c             the tier: records in Redis, what depends on what, removal
 *    cache_redis_connection.c  opening and closing, connections taken and given, what a failure means
 *    cache_redis_wire.c        commands out, answers in, within a time and a size
 *
 * hiredis connects and takes answers apart. It writes with SIGPIPE, reads without an end to its time and takes as much
 * memory as a server claims to need, so commands are sent and bytes received here, and the parts of an answer are made
 * of our own memory. */
#ifndef QNI_STORE_CACHE_REDIS_INT_H
#define QNI_STORE_CACHE_REDIS_INT_H

#include "store/cache_int.h"
#include "store/url.h"

#include <hiredis.h>

#define QNI_HIREDIS_FUNCTIONS(X)   \
    X(redisConnectWithTimeout)     \
    X(redisConnectUnixWithTimeout) \
    X(redisFree)                   \
    X(redisReaderFeed)             \
    X(redisReaderGetReply)

typedef struct qni_hiredis {
#define QNI_FUNCTION(name) __typeof__(name) *name;
    QNI_HIREDIS_FUNCTIONS(QNI_FUNCTION)
#undef QNI_FUNCTION
} qni_hiredis;

/* An answer, or an item of one. */
typedef struct qni_redis_answer {
    const qn_allocator *allocator;
    int type;        /* REDIS_REPLY_… */
    int64_t integer; /* of an INTEGER */
    char *bytes;     /* (size) of a STRING, STATUS or ERROR; a block of just that size */
    int64_t size;
    struct qni_redis_answer **items; /* (count) of an ARRAY */
    int64_t count;
} qni_redis_answer;

void qni_redis_answer_free(qni_redis_answer *answer); /* NULL is fine */

/* While an answer is read: what it may still take, and why a part was not made. */
typedef struct qni_redis_reading {
    const qn_allocator *allocator;
    int64_t items_left;
    enum {
        QNI_REDIS_MADE,
        QNI_REDIS_NO_MEMORY,
        QNI_REDIS_TOO_MANY
    } refused;
} qni_redis_reading;

typedef struct qni_redis_connection {
    redisContext *context; /* its reader makes answers of ours, with `reading` */
    qni_redis_reading reading;
} qni_redis_connection;

struct qni_redis_tier {
    qni_hiredis hiredis;
    const qn_allocator *allocator;
    const qni_cache_time *time;
    qni_url url;    /* host, port and user, or path */
    char *password; /* (its length and a zero) NULL: none */
    int64_t port, database;
    char *space; /* (its length and a zero) */
    int64_t space_size;

    qni_lock lock;          /* guards what follows */
    _Atomic uint32_t freed; /* counted up when a connection or its place becomes free; takers sleep on it */
    int64_t waiting;        /* takers that do */
    int64_t open;           /* connections, taken or idle */
    int64_t idle_count;
    qni_redis_connection *idle[QNI_REDIS_CONNECTIONS]; /* the one used last is the last */
    int64_t failures;                                  /* one after another; 0: it is up */
    int64_t down_until_ns;                             /* monotonic; before it nobody tries */
    bool trying;                                       /* somebody does, and the others need not */
};

/* ---- commands (cache_redis_wire.c) ---- */

/* A piece of what is sent: borrowed, or in the commands' own text, where `bytes` is NULL. */
typedef struct qni_redis_piece {
    const void *bytes;
    int64_t at, size;
} qni_redis_piece;

/* Commands for one round trip. All zero but the allocator: none. What does not fit into memory is told when they are
 * sent. */
typedef struct qni_redis_commands {
    const qn_allocator *allocator;
    int64_t count;
    char *text;
    int64_t text_size, text_capacity;
    qni_redis_piece *pieces;
    int64_t piece_count, piece_capacity;
    bool no_memory;
} qni_redis_commands;

void qni_redis_commands_free(qni_redis_commands *commands);
#define QNI_REDIS_NAME_SIZE 17 /* bytes of a name's digits and a zero */
void qni_redis_name_text(char out[QNI_REDIS_NAME_SIZE], uint64_t name);

/* Begins a command of so many words; the words follow. */
void qni_redis_command(qni_redis_commands *commands, int64_t words);
void qni_redis_word(qni_redis_commands *commands, const char *word);
void qni_redis_number(qni_redis_commands *commands, int64_t number);
void qni_redis_name(qni_redis_commands *commands, uint64_t name);
void qni_redis_bytes(qni_redis_commands *commands, const void *bytes, int64_t size);
/* One word: the space, a letter between colons, and bytes. */
void qni_redis_key(qni_redis_commands *commands, const qni_redis_tier *tier, char letter, const void *bytes,
                   int64_t size);
/* A word that stays where it is until the commands are sent. */
void qni_redis_borrowed(qni_redis_commands *commands, const void *bytes, int64_t size);

/* When a round trip must be over: the more bytes came and went, the later. */
typedef struct qni_redis_limit {
    int64_t end_ns, bytes;
} qni_redis_limit;

qni_redis_limit qni_redis_limit_now(void);

/* Sends all commands, and receives one answer (of at most `max` bytes, to be freed). After any error the connection
 * is of no use but to be closed. Errors: QN_UNAVAILABLE, QN_DATA (what no Redis answers), QN_NOMEM. */
qn_status qni_redis_send(qni_redis_tier *tier, qni_redis_connection *connection, const qni_redis_commands *commands,
                         qni_redis_limit *limit, qn_error *err);
qn_status qni_redis_receive(qni_redis_answer **out, qni_redis_tier *tier, qni_redis_connection *connection, int64_t max,
                            qni_redis_limit *limit, qn_error *err);

/* Has the reader of a new connection make answers of ours, and keeps the socket from programs that this one starts. */
void qni_redis_wire(qni_redis_connection *connection, const qn_allocator *allocator);
/* Before a connection that failed is closed: what it has sent and the network still holds must not arrive later, after
 * what another connection sends. */
void qni_redis_abandon(const qni_redis_connection *connection);
/* Whether nothing has come that nobody asked for, and it is not closed. */
bool qni_redis_quiet(const qni_redis_connection *connection);

/* ---- round trips (cache_redis_connection.c) ---- */

/* What an error that Redis answers with means. */
qn_status qni_redis_refused(qni_redis_tier *tier, const qni_redis_answer *answer, qn_error *err);

/* Sends commands by a connection of the tier and hands each answer that is no error, of at most `max` bytes, to
 * take(user, index, answer, err), which may move its bytes. All answers are read, whatever goes wrong with one; the
 * first failure is returned. take returns QN_DATA where no Redis answers so. */
qn_status qni_redis_ask(qni_redis_tier *tier, const qni_redis_commands *commands, int64_t max,
                        qn_status (*take)(void *user, int64_t index, qni_redis_answer *answer, qn_error *err),
                        void *user, qn_error *err);

/* An answer of a kind that the command does not have. */
qn_status qni_redis_odd(const qni_redis_tier *tier, qn_error *err);

#endif
