/* store/cache_record.c: an entry as bytes, the same below every tier; see cache_int.h. Little-endian:
 *
 *   offset  bytes
 *        0      8  mark
 *        8      8  checksum (base/checksum.h) of all that follows
 *       16      4  version of this form
 *       20      4  flags: 1 absent, 2 sealed, 4 in a file of its own, 8 of this machine alone
 *       24      8  bytes of the whole record
 *       32      8  bytes of the payload
 *       40      4  bytes of the key
 *       44      4  names that the value depends on
 *       48      4  kind of the value, 0 where it is absent
 *       52      4  zero
 *       56      8  version of the program's values
 *       64      8  when it was stored, wall clock, nanoseconds since 1970
 *       72      8  time to live, nanoseconds; 0: for ever
 *       80      8  deadline on the boot clock
 *       88      8  deadline on the wall clock
 *       96     16  whose boot clock
 *      112   8 × n  the names
 *              k  the key, and a zero
 *              p  the payload: the encoded value; sealed: quern/seal.h around it, with all from offset 16 to the
 *                 payload as its context, so that a value fits no other key, deadline or time. Of an absent one nothing
 *                 is sealed, and the seal says so.
 *
 * Mark, checksum and the version's place are the same in every version: what is damaged is told from what is newer. */
#include "store/cache_int.h"

#include "array/datum_adopt.h"
#include "base/checksum.h"

#include <sodium/crypto_shorthash_siphash24.h>

#include <inttypes.h>
#include <string.h>

enum {
    ABSENT = 1,
    SEALED = 2,
    OWN_FILE = 4,
    LOCAL = 8,
    VERSION = 1,
};

/* The machine is little-endian; every field stands at a multiple of its size. */
typedef struct header {
    char mark[8];
    uint64_t checksum;
    uint32_t version;
    uint32_t flags;
    int64_t size;
    int64_t payload_size;
    uint32_t key_size;
    uint32_t depend_count;
    uint32_t kind;
    uint32_t zero;
    int64_t values_version;
    int64_t stored_ns;
    int64_t ttl_ns;
    int64_t boot_ns;
    int64_t wall_ns;
    char boot_id[16];
} header;

enum {
    CHECKED_FROM = offsetof(header, version),
};
_Static_assert(sizeof(header) == 112 && CHECKED_FROM == QNI_RECORD_HEAD_SIZE, "there is no padding");

static const char mark[8] = "\x89QNKEPT\n"; /* a text has no such byte, and no such line end survives a text's way */

uint64_t qni_cache_name(const void *bytes, int64_t size)
{
    static const unsigned char key[crypto_shorthash_siphash24_KEYBYTES] = "quern cache name";
    unsigned char hash[crypto_shorthash_siphash24_BYTES];
    uint64_t name;
    (void)crypto_shorthash_siphash24(hash, bytes, (unsigned long long)size, key);
    memcpy(&name, hash, sizeof name);
    return name;
}

static uint64_t checksum_of(const char *record, int64_t size)
{
    return qni_checksum(record + CHECKED_FROM, size - CHECKED_FROM);
}

/* ---- writing ---- */

/* The encoded value: a text's own bytes, else a new block. */
typedef struct payload {
    const void *bytes;
    int64_t size;
    void *block; /* NULL: nothing to free */
} payload;

static qn_status payload_init(payload *out, const qn_datum *datum, const qn_allocator *allocator, qn_error *err)
{
    *out = (payload){.bytes = ""};
    if (datum == NULL)
        return QN_OK;
    const char *text = qn_datum_text(datum, &out->size);
    if (text != NULL) {
        out->bytes = text;
        return QN_OK;
    }
    qn_status s = qn_datum_encode(&out->block, &out->size, datum, NULL, allocator, err);
    out->bytes = out->block;
    return s;
}

static void header_fill(header *h, const qni_cache_key *key, const qni_cache_value *value, const qni_record_keys *keys)
{
    *h = (header){
        .version = VERSION,
        .flags = (value->datum == NULL ? ABSENT : 0u) | (keys->seal != NULL ? SEALED : 0u) |
                 (value->own_file ? OWN_FILE : 0u) | (value->local ? LOCAL : 0u),
        .key_size = (uint32_t)key->size,
        .depend_count = (uint32_t)value->depend_count,
        .kind = value->datum != NULL ? (uint32_t)qn_datum_kind_of(value->datum) : 0,
        .values_version = keys->values_version,
        .stored_ns = value->stored_ns,
        .ttl_ns = value->deadline.ttl_ns,
        .boot_ns = value->deadline.boot_ns,
        .wall_ns = value->deadline.wall_ns,
    };
    memcpy(h->mark, mark, sizeof mark);
    memcpy(h->boot_id, value->deadline.boot_id, sizeof h->boot_id);
}

/* Where the payload begins in a record. */
static int64_t payload_at(int64_t key_size, int64_t depend_count)
{
    return (int64_t)sizeof(header) + depend_count * (int64_t)sizeof(uint64_t) + key_size + 1;
}

static qn_status fill(char *record, header *h, const qni_cache_key *key, const qni_cache_value *value, const payload *p,
                      const uint8_t *seal, qn_error *err)
{
    char *to = record + sizeof *h;
    memcpy(record, h, sizeof *h);
    if (value->depend_count > 0)
        memcpy(to, value->depends, (size_t)value->depend_count * sizeof *value->depends);
    to += value->depend_count * (int64_t)sizeof *value->depends;
    memcpy(to, key->bytes, (size_t)key->size);
    to[key->size] = '\0';
    to += key->size + 1;
    if (seal != NULL) {
        qn_status s = qn_seal(to, p->bytes, p->size, record + CHECKED_FROM, to - record - CHECKED_FROM, seal, err);
        if (s != QN_OK)
            return s;
    } else {
        memcpy(to, p->bytes, (size_t)p->size);
    }
    h->checksum = checksum_of(record, h->size);
    memcpy(record, h, sizeof *h);
    return QN_OK;
}

qn_status qni_record_encode(qni_record *out, const qni_cache_key *key, const qni_cache_value *value,
                            const qni_record_keys *keys, const qn_allocator *allocator, qn_error *err)
{
    assert(0 < key->size && key->size <= QN_CACHE_KEY_MAX);
    assert(0 <= value->depend_count && value->depend_count <= QN_CACHE_DEPENDS_MAX);
    payload p;
    header h;
    *out = (qni_record){0};
    qn_status s = payload_init(&p, value->datum, allocator, err);
    if (s != QN_OK)
        return s;
    header_fill(&h, key, value, keys);
    h.payload_size = p.size + (keys->seal != NULL ? QN_SEAL_OVERHEAD : 0); /* both fit: the payload is in memory */
    h.size = payload_at(key->size, value->depend_count) + h.payload_size;
    char *record = qni_alloc(allocator, h.size, 1);
    s = record != NULL ? fill(record, &h, key, value, &p, keys->seal, err)
                       : qni_refused(err, allocator, h.size, "a value of %" PRId64 " bytes", h.size);
    qn_datum_encoded_free(p.block, p.size, allocator);
    if (s == QN_OK)
        *out = (qni_record){.bytes = record, .size = h.size, .room = h.size};
    else
        qni_free(allocator, record, h.size, 1);
    return s;
}

void qni_record_free(qni_record *record, const qn_allocator *allocator)
{
    if (record->home != NULL)
        record->home->leave(record->home);
    else
        qni_free(allocator, record->bytes, record->room, 1);
    *record = (qni_record){0};
}

/* ---- looking ---- */

static qn_status damaged(qn_error *err, const char *what)
{
    return qni_error(err, QN_DATA, "a stored value is damaged: %s", what);
}

/* Whether a record of version 1 says of itself what can be. */
static bool plausible(const header *h, int64_t size)
{
    bool absent = (h->flags & ABSENT) != 0;
    int64_t sealing = (h->flags & SEALED) != 0 ? QN_SEAL_OVERHEAD : 0;
    if ((h->flags & ~(uint32_t)(ABSENT | SEALED | OWN_FILE | LOCAL)) != 0 || h->zero != 0)
        return false;
    if (h->key_size == 0 || h->key_size > QN_CACHE_KEY_MAX || h->depend_count > QN_CACHE_DEPENDS_MAX)
        return false;
    if (h->payload_size < sealing || (absent && h->payload_size != sealing))
        return false;
    if (absent ? h->kind != 0 : h->kind < QN_DATUM_BYTES || h->kind > QN_DATUM_TABLE)
        return false;
    return h->ttl_ns >= 0 && size - payload_at(h->key_size, h->depend_count) == h->payload_size;
}

bool qni_record_copy(void *out, const _Atomic uint64_t *from, int64_t size)
{
    char *record = out;
    uint64_t head[CHECKED_FROM / sizeof(uint64_t)] = {0};
    for (size_t i = 0; i < sizeof head / sizeof head[0]; i++)
        head[i] = atomic_load_explicit(from++, memory_order_relaxed);
    memcpy(record, head, sizeof head);
    return qni_checksum_copy(record + sizeof head, from, size - (int64_t)sizeof head) ==
           head[offsetof(header, checksum) / sizeof head[0]];
}

static qn_status look(qni_record_view *out, const char *record, int64_t size, bool sum, qn_error *err)
{
    header h;
    *out = (qni_record_view){0};
    if (size < (int64_t)sizeof h)
        return damaged(err, "it is cut off");
    memcpy(&h, record, sizeof h);
    if (memcmp(h.mark, mark, sizeof mark) != 0)
        return damaged(err, "it does not begin with the mark of one");
    if (sum && h.checksum != checksum_of(record, size))
        return damaged(err, "its checksum does not fit");
    if (h.version > VERSION)
        return qni_error(err, QN_LIMIT, "a stored value is of form %" PRIu32 ", and this Quern knows form %d",
                         h.version, VERSION);
    if (h.version != VERSION || h.size != size || !plausible(&h, size))
        return damaged(err, "it says of itself what cannot be");
    const char *depends = record + sizeof h, *key = depends + h.depend_count * (int64_t)sizeof(uint64_t);
    if (key[h.key_size] != '\0')
        return damaged(err, "its key has no end");
    *out = (qni_record_view){
        .key = key,
        .key_size = h.key_size,
        .deadline = {.ttl_ns = h.ttl_ns, .boot_ns = h.boot_ns, .wall_ns = h.wall_ns},
        .stored_ns = h.stored_ns,
        .values_version = h.values_version,
        .depends = depends,
        .depend_count = h.depend_count,
        .absent = (h.flags & ABSENT) != 0,
        .sealed = (h.flags & SEALED) != 0,
        .own_file = (h.flags & OWN_FILE) != 0,
        .local = (h.flags & LOCAL) != 0,
        .kind = (qn_datum_kind)h.kind,
        .payload = key + h.key_size + 1,
        .payload_size = h.payload_size,
    };
    memcpy(out->deadline.boot_id, h.boot_id, sizeof h.boot_id);
    return QN_OK;
}

qn_status qni_record_look(qni_record_view *out, const void *bytes, int64_t size, qn_error *err)
{
    return look(out, bytes, size, true, err);
}

qn_status qni_record_look_on(qni_record_view *out, const void *bytes, int64_t size, qn_error *err)
{
    return look(out, bytes, size, false, err);
}

/* A value of our own is as large as it likes; it unpacks to no more than four times that, or a gibibyte, and a member
 * takes more than 64 bytes of an archive. */
static qn_datum_options limits_for(int64_t size)
{
    qn_datum_options options = {.size = (int64_t)sizeof options, .members_max = size / 64 + 1};
    if (!qni_size_mul(&options.bytes_max, size, 4) || options.bytes_max < QNI_CACHE_VALUE_BYTES)
        options.bytes_max = QNI_CACHE_VALUE_BYTES;
    return options;
}

static qn_status decode(qn_datum **out, const qni_record_view *view, const void *bytes, int64_t size,
                        const qn_allocator *allocator, qn_error *err)
{
    const qn_datum_options options = limits_for(size);
    return qn_datum_decode(out, view->kind, bytes, size, NULL, &options, allocator, err);
}

static qn_status unseal(void *out, const qni_record_view *view, const uint8_t *key, qn_error *err)
{
    const char *context = (const char *)view->depends - sizeof(header) + CHECKED_FROM;
    return qn_unseal(out, view->payload, view->payload_size, context, (const char *)view->payload - context, key, err);
}

static qn_status unsealed_datum(qn_datum **out, const qni_record_view *view, const uint8_t *key,
                                const qn_allocator *allocator, qn_error *err)
{
    int64_t size = view->payload_size - QN_SEAL_OVERHEAD;
    if (view->absent)
        return unseal(NULL, view, key, err);
    char *bytes = qni_alloc(allocator, size, 1);
    if (bytes == NULL)
        return qni_refused(err, allocator, size, "a value of %" PRId64 " bytes", size);
    qn_status s = unseal(bytes, view, key, err);
    if (s == QN_OK)
        s = decode(out, view, bytes, size, allocator, err);
    qni_free(allocator, bytes, size, 1);
    return s;
}

static qn_status check_program(const qni_record_view *view, const qni_record_keys *keys, qn_error *err)
{
    if (view->values_version != keys->values_version)
        return qni_error(err, QN_DATA, "a stored value is of version %" PRId64 ", not %" PRId64, view->values_version,
                         keys->values_version);
    if (view->sealed != (keys->seal != NULL))
        return qni_error(err, QN_DATA,
                         view->sealed ? "a stored value is sealed, and there is no key"
                                      : "a stored value is not sealed, and a key is given");
    return QN_OK;
}

qn_status qni_record_datum(qn_datum **out, const qni_record_view *view, const qni_record_keys *keys,
                           const qn_allocator *allocator, qn_error *err)
{
    *out = NULL;
    qn_status s = check_program(view, keys, err);
    if (s != QN_OK)
        return s;
    if (view->sealed)
        return unsealed_datum(out, view, keys->seal, allocator, err);
    return view->absent ? QN_OK : decode(out, view, view->payload, view->payload_size, allocator, err);
}

static void free_block(const void *allocator, void *block, int64_t size)
{
    qni_free(allocator, block, size, 1);
}

static void leave_home(const void *owner, void *home, int64_t size)
{
    (void)owner;
    (void)size;
    ((qni_record_home *)home)->leave(home);
}

/* A small text is rather copied than kept with its head and its key. */
static bool can_move_in(const qni_record *record, const qni_record_view *view)
{
    return !view->absent && !view->sealed && (view->kind == QN_DATUM_BYTES || view->kind == QN_DATUM_JSON) &&
           view->payload_size >= QNI_CACHE_ADOPTED && (record->home != NULL || record->room > record->size);
}

qn_status qni_record_take_datum(qn_datum **out, qni_record *record, const qni_record_view *view,
                                const qni_record_keys *keys, const qn_allocator *allocator, qn_error *err)
{
    *out = NULL;
    qn_status s = check_program(view, keys, err);
    if (s != QN_OK || !can_move_in(record, view))
        return s == QN_OK ? qni_record_datum(out, view, keys, allocator, err) : s;
    const qn_datum_options options = limits_for(view->payload_size);
    const qni_datum_memory memory =
        record->home != NULL
            ? (qni_datum_memory){.release = leave_home, .block = record->home, .size = record->size}
            : (qni_datum_memory){
                  .release = free_block, .owner = allocator, .block = record->bytes, .size = record->room};
    s = qni_datum_adopt(out, view->kind, view->payload, view->payload_size, &memory, &options, allocator, err);
    if (s == QN_OK)
        *record = (qni_record){0};
    return s;
}
