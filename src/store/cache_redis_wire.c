/* store/cache_redis_wire.c: commands out, answers in. See cache_redis_int.h.
 *
 * Always: nothing blocks but poll, and that no longer than the round trip has left; a part of an answer is made only
 * when its bytes are there, and an array when so many items are still allowed. */
#include "store/cache_redis_int.h"

#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

/* ---- commands ---- */

void qni_redis_commands_free(qni_redis_commands *commands)
{
    qni_free(commands->allocator, commands->text, commands->text_capacity, 1);
    qni_free(commands->allocator, commands->pieces, commands->piece_capacity, (int64_t)sizeof *commands->pieces);
    *commands = (qni_redis_commands){.allocator = commands->allocator};
}

static void add_piece(qni_redis_commands *to, qni_redis_piece piece)
{
    void *pieces = to->pieces;
    if (to->no_memory || !qni_grow(to->allocator, &pieces, &to->piece_capacity, to->piece_count + 1, sizeof piece)) {
        to->no_memory = true;
        return;
    }
    to->pieces = pieces;
    to->pieces[to->piece_count++] = piece;
}

static void add_text(qni_redis_commands *to, const void *bytes, int64_t size)
{
    void *text = to->text;
    if (to->no_memory || !qni_grow(to->allocator, &text, &to->text_capacity, to->text_size + size, 1)) {
        to->no_memory = true;
        return;
    }
    to->text = text;
    if (to->piece_count == 0 || to->pieces[to->piece_count - 1].bytes != NULL)
        add_piece(to, (qni_redis_piece){.at = to->text_size});
    if (to->no_memory || size == 0)
        return;
    memcpy(to->text + to->text_size, bytes, (size_t)size);
    to->text_size += size;
    to->pieces[to->piece_count - 1].size += size;
}

/* "*3" or "$17": how much follows. */
static void add_count(qni_redis_commands *to, char kind, int64_t count)
{
    char line[32];
    int length = snprintf(line, sizeof line, "%c%" PRId64 "\r\n", kind, count);
    add_text(to, line, length);
}

void qni_redis_command(qni_redis_commands *commands, int64_t words)
{
    commands->count++;
    add_count(commands, '*', words);
}

static void add_word(qni_redis_commands *to, const void *bytes, int64_t size)
{
    add_count(to, '$', size);
    add_text(to, bytes, size);
    add_text(to, "\r\n", 2);
}

void qni_redis_word(qni_redis_commands *commands, const char *word)
{
    add_word(commands, word, (int64_t)strlen(word));
}

void qni_redis_number(qni_redis_commands *commands, int64_t number)
{
    char digits[24];
    add_word(commands, digits, snprintf(digits, sizeof digits, "%" PRId64, number));
}

void qni_redis_name_text(char out[QNI_REDIS_NAME_SIZE], uint64_t name)
{
    (void)snprintf(out, QNI_REDIS_NAME_SIZE, "%016" PRIx64, name);
}

void qni_redis_name(qni_redis_commands *commands, uint64_t name)
{
    char digits[QNI_REDIS_NAME_SIZE];
    qni_redis_name_text(digits, name);
    qni_redis_word(commands, digits);
}

void qni_redis_key(qni_redis_commands *commands, const qni_redis_tier *tier, char letter, const void *bytes,
                   int64_t size)
{
    const char between[] = {':', letter, ':'};
    add_count(commands, '$', tier->space_size + (int64_t)sizeof between + size);
    add_text(commands, tier->space, tier->space_size);
    add_text(commands, between, sizeof between);
    add_text(commands, bytes, size);
    add_text(commands, "\r\n", 2);
}

void qni_redis_bytes(qni_redis_commands *commands, const void *bytes, int64_t size)
{
    add_word(commands, bytes, size);
}

void qni_redis_borrowed(qni_redis_commands *commands, const void *bytes, int64_t size)
{
    add_count(commands, '$', size);
    if (size > 0)
        add_piece(commands, (qni_redis_piece){.bytes = bytes, .size = size});
    add_text(commands, "\r\n", 2);
}

/* ---- time ---- */

qni_redis_limit qni_redis_limit_now(void)
{
    return (qni_redis_limit){.end_ns = qni_clock_monotonic_ns() + QNI_REDIS_TIMEOUT_MS * INT64_C(1000000)};
}

/* Nanoseconds that the round trip has left. Errors: QN_UNAVAILABLE (none). */
static qn_status look_at_time(int64_t *left_ns, const qni_redis_tier *tier, const qni_redis_limit *limit, qn_error *err)
{
    int64_t earned_ns = limit->bytes / QNI_REDIS_BYTES_PER_MS * 1000000;
    *left_ns = limit->end_ns + earned_ns - qni_clock_monotonic_ns();
    if (*left_ns > 0)
        return QN_OK;
    return qni_error(err, QN_UNAVAILABLE, "%.160s: no answer within %d ms", tier->url.shown, QNI_REDIS_TIMEOUT_MS);
}

/* Waits until the socket is ready for `events`, or something else is to be looked at. */
static qn_status await(const qni_redis_tier *tier, const qni_redis_connection *c, short events,
                       const qni_redis_limit *limit, qn_error *err)
{
    int64_t left_ns;
    qn_status s = look_at_time(&left_ns, tier, limit, err);
    struct pollfd fd = {.fd = c->context->fd, .events = events};
    if (s == QN_OK)
        (void)poll(&fd, 1, (int)((left_ns + 999999) / 1000000)); /* whatever it says, the next call says it as well */
    return s;
}

static bool is_busy(int number)
{
    return number == EAGAIN || number == EWOULDBLOCK || number == EINTR;
}

/* ---- out ---- */

/* Up to QNI_REDIS_VECTORS pieces from `first` on, `offset` bytes of it left out. */
static int gather(struct iovec *out, const qni_redis_commands *from, int64_t first, int64_t offset)
{
    int count = 0;
    for (int64_t i = first; i < from->piece_count && count < QNI_REDIS_VECTORS; i++, offset = 0) {
        const qni_redis_piece *piece = &from->pieces[i];
        union {
            const char *in;
            void *out;
        } bytes = {.in = piece->bytes != NULL ? piece->bytes : from->text + piece->at}; /* sendmsg only reads it */
        out[count++] =
            (struct iovec){.iov_base = (char *)bytes.out + offset, .iov_len = (size_t)(piece->size - offset)};
    }
    return count;
}

qn_status qni_redis_send(qni_redis_tier *tier, qni_redis_connection *connection, const qni_redis_commands *commands,
                         qni_redis_limit *limit, qn_error *err)
{
    if (commands->no_memory)
        return qni_refused(err, commands->allocator, 0, "commands to Redis");
    struct iovec vectors[QNI_REDIS_VECTORS];
    int64_t piece = 0, offset = 0;
    while (piece < commands->piece_count) {
        int count = gather(vectors, commands, piece, offset);
        struct msghdr message = {.msg_iov = vectors, .msg_iovlen = (size_t)count};
        ssize_t sent = sendmsg(connection->context->fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent < 0 && !is_busy(errno))
            return qni_error_errno(err, QN_UNAVAILABLE, errno, "%.160s: the connection was lost", tier->url.shown);
        if (sent < 0) {
            qn_status s = await(tier, connection, POLLOUT, limit, err);
            if (s != QN_OK)
                return s;
            continue;
        }
        limit->bytes += sent;
        for (offset += sent; piece < commands->piece_count && offset >= commands->pieces[piece].size; piece++)
            offset -= commands->pieces[piece].size;
    }
    return QN_OK;
}

/* ---- in ---- */

void qni_redis_answer_free(qni_redis_answer *answer)
{
    if (answer == NULL)
        return;
    for (int64_t i = 0; i < answer->count; i++)
        qni_redis_answer_free(answer->items[i]);
    qni_free(answer->allocator, answer->items, answer->count, (int64_t)sizeof(qni_redis_answer *));
    qni_free(answer->allocator, answer->bytes, answer->size, 1);
    qni_delete(answer->allocator, answer);
}

static void free_answer(void *answer)
{
    qni_redis_answer_free(answer);
}

/* A part of an answer, at its place in the array that it belongs to. */
static qni_redis_answer *make(const redisReadTask *task)
{
    qni_redis_reading *reading = task->privdata;
    qni_redis_answer *answer = qni_new(reading->allocator, qni_redis_answer);
    if (answer == NULL) {
        reading->refused = QNI_REDIS_NO_MEMORY;
        return NULL;
    }
    answer->allocator = reading->allocator;
    answer->type = task->type;
    if (task->parent != NULL)
        ((qni_redis_answer *)task->parent->obj)->items[task->idx] = answer;
    return answer;
}

/* Memory for a part's content; NULL: none, which the reading then knows. */
static void *make_room(qni_redis_reading *reading, int64_t count, int64_t element_size)
{
    void *room = qni_alloc(reading->allocator, count, element_size);
    if (room == NULL)
        reading->refused = QNI_REDIS_NO_MEMORY;
    return room;
}

static void *make_string(const redisReadTask *task, char *bytes, size_t size)
{
    qni_redis_reading *reading = task->privdata;
    char *copy = make_room(reading, (int64_t)size, 1);
    qni_redis_answer *answer = copy != NULL ? make(task) : NULL;
    if (answer == NULL) {
        qni_free(reading->allocator, copy, (int64_t)size, 1);
        return NULL;
    }
    if (size > 0)
        memcpy(copy, bytes, size);
    answer->bytes = copy;
    answer->size = (int64_t)size;
    return answer;
}

static void *make_array(const redisReadTask *task, int count)
{
    qni_redis_reading *reading = task->privdata;
    if (count < 0 || count > reading->items_left) {
        reading->refused = QNI_REDIS_TOO_MANY;
        return NULL;
    }
    reading->items_left -= count;
    qni_redis_answer **items = make_room(reading, count, (int64_t)sizeof(qni_redis_answer *));
    qni_redis_answer *answer = items != NULL ? make(task) : NULL;
    if (answer == NULL) {
        qni_free(reading->allocator, items, count, (int64_t)sizeof(qni_redis_answer *));
        return NULL;
    }
    memset(items, 0, (size_t)count * sizeof(qni_redis_answer *)); /* the parts are made one after the other */
    answer->items = items;
    answer->count = count;
    return answer;
}

static void *make_integer(const redisReadTask *task, long long value)
{
    qni_redis_answer *answer = make(task);
    if (answer != NULL)
        answer->integer = value;
    return answer;
}

static void *make_nil(const redisReadTask *task)
{
    qni_redis_answer *answer = make(task);
    if (answer != NULL)
        answer->type = REDIS_REPLY_NIL; /* the task's is that of what is not there */
    return answer;
}

void qni_redis_wire(qni_redis_connection *connection, const qn_allocator *allocator)
{
    static const redisReplyObjectFunctions functions = {make_string, make_array, make_integer, make_nil, free_answer};
    union {
        const redisReplyObjectFunctions *in;
        redisReplyObjectFunctions *out;
    } made = {.in = &functions}; /* only read */
    connection->reading = (qni_redis_reading){.allocator = allocator};
    connection->context->reader->fn = made.out;
    connection->context->reader->privdata = &connection->reading;
    (void)fcntl(connection->context->fd, F_SETFD, FD_CLOEXEC);
}

/* Receives what is there; *size 0: nothing yet. */
static qn_status receive_some(qni_redis_tier *tier, qni_redis_connection *c, int64_t *size, qn_error *err)
{
    char bytes[QNI_REDIS_READ_SIZE];
    ssize_t got = recv(c->context->fd, bytes, sizeof bytes, MSG_DONTWAIT);
    *size = got > 0 ? got : 0;
    if (got < 0 && is_busy(errno))
        return QN_OK;
    if (got < 0)
        return qni_error_errno(err, QN_UNAVAILABLE, errno, "%.160s: the connection was lost", tier->url.shown);
    if (got == 0)
        return qni_error(err, QN_UNAVAILABLE, "%.160s: the server closed the connection", tier->url.shown);
    if (tier->hiredis.redisReaderFeed(c->context->reader, bytes, (size_t)got) != REDIS_OK)
        return qni_error(err, QN_NOMEM, "no memory for an answer of Redis");
    return QN_OK;
}

/* Why the reader made no answer of what came. */
static qn_status unreadable(const qni_redis_tier *tier, const qni_redis_connection *c, qn_error *err)
{
    if (c->reading.refused == QNI_REDIS_NO_MEMORY || c->context->reader->err == REDIS_ERR_OOM) {
        if (c->reading.refused != QNI_REDIS_TOO_MANY)
            return qni_refused(err, c->reading.allocator, 0, "an answer of Redis");
    }
    if (c->reading.refused == QNI_REDIS_TOO_MANY)
        return qni_error(err, QN_DATA, "%.160s: an answer of more than %d items: this is no Redis, or a broken one",
                         tier->url.shown, QNI_REDIS_ITEMS_MAX);
    return qni_error(err, QN_DATA, "%.160s: what it answers is not Redis's protocol", tier->url.shown);
}

/* Every part of an answer begins with a line, which the reader would look through again whenever more comes. */
static bool has_endless_line(const redisReader *reader)
{
    return reader->len - reader->pos > QNI_REDIS_LINE_MAX &&
           memchr(reader->buf + reader->pos, '\r', QNI_REDIS_LINE_MAX) == NULL;
}

qn_status qni_redis_receive(qni_redis_answer **out, qni_redis_tier *tier, qni_redis_connection *connection, int64_t max,
                            qni_redis_limit *limit, qn_error *err)
{
    *out = NULL;
    connection->reading.items_left = QNI_REDIS_ITEMS_MAX;
    connection->reading.refused = QNI_REDIS_MADE;
    redisReader *reader = connection->context->reader;
    for (;;) {
        void *answer = NULL;
        if (tier->hiredis.redisReaderGetReply(reader, &answer) != REDIS_OK)
            return unreadable(tier, connection, err);
        if (answer != NULL) {
            *out = answer;
            return QN_OK;
        }
        int64_t size = 0, left_ns;
        qn_status s = look_at_time(&left_ns, tier, limit, err); /* also where more and more comes */
        if (s == QN_OK)
            s = receive_some(tier, connection, &size, err);
        if (s == QN_OK && size == 0)
            s = await(tier, connection, POLLIN, limit, err);
        if (s != QN_OK)
            return s;
        limit->bytes += size;
        max -= size;
        if (max < 0 || has_endless_line(reader))
            return qni_error(err, QN_DATA, "%.160s: an answer that has no end", tier->url.shown);
    }
}

void qni_redis_abandon(const qni_redis_connection *connection)
{
    const struct linger at_once = {.l_onoff = 1};
    (void)setsockopt(connection->context->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

bool qni_redis_quiet(const qni_redis_connection *connection)
{
    char byte;
    const redisReader *reader = connection->context->reader;
    return reader->pos == reader->len && recv(connection->context->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 &&
           is_busy(errno);
}
