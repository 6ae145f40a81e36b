/* store/cache_redis.c: the shared tier of caches: records in a Redis that several machines use.
 *
 *     SPACE:v:KEY     a record, which ends with its time to live
 *     SPACE:d:NAME    the set of keys whose records depend on NAME (16 hexadecimal digits)
 *
 * A record counts only while its key is in the set of every name that it depends on: a get asks for the record, then
 * for the sets, and then whether it is still that record. So it does no harm where a set is gone, by a removal, by its
 * time, or because Redis needed room; and removing a set, in one step, ends all that depends on the name, whatever is
 * put at the same time. A set lasts as long as the longest of its records. What stands in it for nothing, since a
 * record ended or depends on other names now, is found by chance: each put of a dependent looks at two keys and takes
 * out those without a record, so that a set does not grow beyond some twice of what it needs.
 *
 * What changes more than one key is a script, which Redis runs as one step. Scripts are sent with their text: it is
 * shorter than most values, and no state of the server has to be known. They make up names of keys, so that one Redis
 * (with its replicas) can be used, from version 5 on, and no Redis Cluster.
 *
 * Any thread. */
#include "store/cache_redis_int.h"

#include "base/clock.h"

#include <inttypes.h>
#include <string.h>

/* KEYS: the record's. ARGV: the record, its milliseconds (0: for ever), what all records' keys and all sets begin
 * with, how many dependents at most, the key's own name, and the names that it depends on. Puts the record, or leaves
 * none where that cannot be; removes what depended on the one before it. Returns 1 where more of those are left. */
static const char put_script[] =
    "local full, ms, v, d = KEYS[1], tonumber(ARGV[2]), ARGV[3], ARGV[4]\n"
    "local key, own = string.sub(full, #v + 1), d .. ARGV[6]\n"
    "local done = ms > 0 and redis.pcall('SET', full, ARGV[1], 'PX', ARGV[2]) or redis.pcall('SET', full, ARGV[1])\n"
    "if done.err then redis.call('UNLINK', full) end\n"
    "for _, old in ipairs(redis.call('SPOP', own, ARGV[5])) do\n"
    "  if old ~= key then redis.call('UNLINK', v .. old) end\n"
    "end\n"
    "if done.err then return done end\n"
    "for i = 7, #ARGV do\n"
    "  local set = d .. ARGV[i]\n"
    "  local left = redis.call('PTTL', set)\n"
    "  redis.call('SADD', set, key)\n"
    "  if ms == 0 then redis.call('PERSIST', set)\n"
    "  elseif left == -2 or (left >= 0 and left < ms) then redis.call('PEXPIRE', set, ARGV[2]) end\n"
    "  for _, one in ipairs(redis.call('SRANDMEMBER', set, 2)) do\n"
    "    if redis.call('EXISTS', v .. one) == 0 then redis.call('SREM', set, one) end\n"
    "  end\n"
    "end\n"
    "return redis.call('EXISTS', own)\n";

/* ARGV: what the keys that are removed begin with, what all records' keys and all sets begin with, how many dependents
 * at most, how many keys, the rest of each, and names. Removes the keys and what depends on the names. Returns how many
 * went, and 1 where more dependents are left. */
static const char remove_script[] =
    "local v, d, keys, gone, left = ARGV[2], ARGV[3], tonumber(ARGV[5]), 0, 0\n"
    "for i = 6, 5 + keys do gone = gone + redis.call('UNLINK', ARGV[1] .. ARGV[i]) end\n"
    "for i = 6 + keys, #ARGV do\n"
    "  local set = d .. ARGV[i]\n"
    "  for _, old in ipairs(redis.call('SPOP', set, ARGV[4])) do gone = gone + redis.call('UNLINK', v .. old) end\n"
    "  left = math.max(left, redis.call('EXISTS', set))\n"
    "end\n"
    "return {gone, left}\n";

static bool is_count(const qni_redis_answer *answer)
{
    return answer->type == REDIS_REPLY_INTEGER && answer->integer >= 0;
}

/* ---- removing ---- */

/* Keys without what they begin with, and names. */
typedef struct victims {
    char letter;               /* of the keys: 'v' records, 'd' sets */
    const qni_cache_key *keys; /* (key_count) */
    int64_t key_count;
    const uint64_t *names; /* (name_count) what depends on these goes as well */
    int64_t name_count;
} victims;

/* What a removal has done, and when it gives up. */
typedef struct removal {
    qni_redis_tier *tier;
    int64_t removed;
    bool more;
    int64_t end_ns;
} removal;

static removal begin_removal(qni_redis_tier *tier)
{
    return (removal){.tier = tier, .end_ns = qni_clock_monotonic_ns() + QNI_REDIS_REMOVE_MS * INT64_C(1000000)};
}

static qn_status go_on(const removal *r, qn_error *err)
{
    if (qni_clock_monotonic_ns() < r->end_ns)
        return QN_OK;
    return qni_error(err, QN_UNAVAILABLE, "%.160s: a removal was not done within %d s", r->tier->url.shown,
                     QNI_REDIS_REMOVE_MS / 1000);
}

static void write_removal(qni_redis_commands *out, const qni_redis_tier *tier, const victims *of)
{
    qni_redis_command(out, 8 + of->key_count + of->name_count);
    qni_redis_word(out, "EVAL");
    qni_redis_borrowed(out, remove_script, sizeof remove_script - 1);
    qni_redis_word(out, "0");
    qni_redis_key(out, tier, of->letter, NULL, 0);
    qni_redis_key(out, tier, 'v', NULL, 0);
    qni_redis_key(out, tier, 'd', NULL, 0);
    qni_redis_number(out, QNI_REDIS_DEPENDENTS);
    qni_redis_number(out, of->key_count);
    for (int64_t i = 0; i < of->key_count; i++)
        qni_redis_bytes(out, of->keys[i].bytes, of->keys[i].size);
    for (int64_t i = 0; i < of->name_count; i++)
        qni_redis_name(out, of->names[i]);
}

static qn_status take_removed(void *user, int64_t index, qni_redis_answer *answer, qn_error *err)
{
    removal *r = user;
    (void)index;
    if (answer->type != REDIS_REPLY_ARRAY || answer->count != 2 || !is_count(answer->items[0]) ||
        !is_count(answer->items[1]))
        return qni_redis_odd(r->tier, err);
    r->removed += answer->items[0]->integer;
    r->more = answer->items[1]->integer != 0;
    return QN_OK;
}

static qn_status remove_victims(removal *r, victims of, qn_error *err)
{
    qn_status s;
    do {
        qni_redis_commands commands = {.allocator = r->tier->allocator};
        write_removal(&commands, r->tier, &of);
        s = qni_redis_ask(r->tier, &commands, QNI_REDIS_ANSWER_MAX, take_removed, r, err);
        qni_redis_commands_free(&commands);
        of.key_count = 0;
        if (s == QN_OK && r->more)
            s = go_on(r, err);
    } while (s == QN_OK && r->more);
    return s;
}

qn_status qni_redis_remove(int64_t *removed, qni_redis_tier *tier, const qni_cache_key *key, const uint64_t *names,
                           int64_t count, qn_error *err)
{
    removal r = begin_removal(tier);
    const victims of = {'v', key, key != NULL, names, count};
    qn_status s = remove_victims(&r, of, err);
    *removed = r.removed;
    return s;
}

/* ---- removing what a scan finds ---- */

/* A look at all keys of the database, some at a time. */
typedef struct scan {
    removal *removal;
    char letter;
    bool names;         /* what depends on the keys' names goes as well */
    const char *prefix; /* (prefix_size) what the keys begin with, behind the letter */
    int64_t prefix_size;
    char cursor[24];
    qni_redis_answer *found; /* an ARRAY of keys */
} scan;

static qn_status take_found(void *user, int64_t index, qni_redis_answer *answer, qn_error *err)
{
    scan *of = user;
    const qni_redis_tier *tier = of->removal->tier;
    (void)index;
    if (answer->type != REDIS_REPLY_ARRAY || answer->count != 2 || answer->items[1]->type != REDIS_REPLY_ARRAY)
        return qni_redis_odd(tier, err);
    const qni_redis_answer *cursor = answer->items[0];
    if (cursor->type != REDIS_REPLY_STRING || cursor->size == 0 || cursor->size >= (int64_t)sizeof of->cursor)
        return qni_redis_odd(tier, err);
    memcpy(of->cursor, cursor->bytes, (size_t)cursor->size);
    of->cursor[cursor->size] = '\0';
    if (strspn(of->cursor, "0123456789") != (size_t)cursor->size)
        return qni_redis_odd(tier, err);
    of->found = answer->items[1];
    answer->items[1] = NULL;
    return QN_OK;
}

/* Adds bytes to a pattern that matches just them: * ? [ ] and \ stand for themselves behind a \. */
static char *add_literal(char *to, const char *bytes, int64_t size)
{
    for (int64_t i = 0; i < size; i++) {
        if (bytes[i] != '\0' && strchr("*?[]\\", bytes[i]) != NULL)
            *to++ = '\\';
        *to++ = bytes[i];
    }
    return to;
}

static qn_status scan_step(scan *of, const char *pattern, int64_t pattern_size, qn_error *err)
{
    qni_redis_tier *tier = of->removal->tier;
    qni_redis_commands commands = {.allocator = tier->allocator};
    qni_redis_command(&commands, 6);
    qni_redis_word(&commands, "SCAN");
    qni_redis_word(&commands, of->cursor);
    qni_redis_word(&commands, "MATCH");
    qni_redis_borrowed(&commands, pattern, pattern_size);
    qni_redis_word(&commands, "COUNT");
    qni_redis_number(&commands, QNI_REDIS_SCAN_COUNT);
    qn_status s = qni_redis_ask(tier, &commands, QNI_REDIS_ANSWER_MAX, take_found, of, err);
    qni_redis_commands_free(&commands);
    return s;
}

/* Whether a key that Redis found is one that was meant; what stands behind the letter. */
static bool is_meant(qni_cache_key *out, const scan *of, const qni_redis_answer *found)
{
    const qni_redis_tier *tier = of->removal->tier;
    const char between[] = {':', of->letter, ':'};
    int64_t before = tier->space_size + (int64_t)sizeof between;
    if (found->type != REDIS_REPLY_STRING || found->size < before + of->prefix_size ||
        memcmp(found->bytes, tier->space, (size_t)tier->space_size) != 0 ||
        memcmp(found->bytes + tier->space_size, between, sizeof between) != 0)
        return false;
    *out = (qni_cache_key){.bytes = found->bytes + before, .size = found->size - before};
    return of->prefix_size == 0 || memcmp(out->bytes, of->prefix, (size_t)of->prefix_size) == 0;
}

static qn_status remove_found(scan *of, qn_error *err)
{
    qni_cache_key keys[QNI_REDIS_PIPELINE];
    uint64_t names[QNI_REDIS_PIPELINE];
    qn_status s = QN_OK;
    for (int64_t i = 0; i < of->found->count && s == QN_OK;) {
        int64_t count = 0;
        for (; i < of->found->count && count < QNI_REDIS_PIPELINE; i++) {
            if (!is_meant(&keys[count], of, of->found->items[i]))
                continue;
            if (of->names)
                names[count] = qni_cache_name(keys[count].bytes, keys[count].size);
            count++;
        }
        if (count > 0)
            s = remove_victims(of->removal, (victims){of->letter, keys, count, names, of->names ? count : 0}, err);
    }
    return s;
}

static qn_status remove_scanned(scan *of, qn_error *err)
{
    const qni_redis_tier *tier = of->removal->tier;
    const char between[] = {':', of->letter, ':'};
    int64_t size = 2 * (tier->space_size + (int64_t)sizeof between + of->prefix_size) + 1;
    char *pattern = qni_alloc(tier->allocator, size, 1);
    if (pattern == NULL)
        return qni_refused(err, tier->allocator, size, "a removal from Redis");
    char *end = add_literal(pattern, tier->space, tier->space_size);
    end = add_literal(end, between, (int64_t)sizeof between);
    end = add_literal(end, of->prefix, of->prefix_size);
    *end++ = '*';
    qn_status s;
    of->cursor[0] = '0';
    do {
        s = scan_step(of, pattern, end - pattern, err);
        if (s == QN_OK)
            s = remove_found(of, err);
        qni_redis_answer_free(of->found);
        of->found = NULL;
        if (s == QN_OK)
            s = go_on(of->removal, err);
    } while (s == QN_OK && strcmp(of->cursor, "0") != 0);
    qni_free(tier->allocator, pattern, size, 1);
    return s;
}

qn_status qni_redis_remove_prefix(int64_t *removed, qni_redis_tier *tier, const void *prefix, int64_t prefix_size,
                                  qn_error *err)
{
    removal r = begin_removal(tier);
    scan all = {.removal = &r, .letter = 'v', .names = true, .prefix = prefix, .prefix_size = prefix_size};
    qn_status s = remove_scanned(&all, err);
    *removed = r.removed;
    return s;
}

qn_status qni_redis_clear(int64_t *removed, qni_redis_tier *tier, qn_error *err)
{
    removal r = begin_removal(tier);
    scan sets = {.removal = &r, .letter = 'd'}, records = {.removal = &r, .letter = 'v'};
    qn_status s = remove_scanned(&sets, err);
    r.removed = 0; /* sets are no entries */
    if (s == QN_OK)
        s = remove_scanned(&records, err);
    *removed = r.removed;
    return s;
}

/* ---- getting ---- */

typedef struct getting {
    qni_redis_tier *tier;
    qni_record *record;
    int64_t member_count; /* sets that the key is in */
    bool is_still_there;  /* the record, after that was asked */
} getting;

static qn_status take_record(void *user, int64_t index, qni_redis_answer *answer, qn_error *err)
{
    const getting *g = user;
    (void)index;
    if (answer->type == REDIS_REPLY_NIL)
        return QN_OK;
    if (answer->type != REDIS_REPLY_STRING)
        return qni_redis_odd(g->tier, err);
    *g->record = (qni_record){.bytes = answer->bytes, .size = answer->size, .room = answer->size};
    answer->bytes = NULL;
    answer->size = 0;
    return QN_OK;
}

/* Numbers, one for each set, and the record's head at the end. */
static qn_status take_member(void *user, int64_t index, qni_redis_answer *answer, qn_error *err)
{
    getting *g = user;
    (void)index;
    if (answer->type == REDIS_REPLY_STRING)
        g->is_still_there =
            answer->size == QNI_RECORD_HEAD_SIZE && memcmp(answer->bytes, g->record->bytes, QNI_RECORD_HEAD_SIZE) == 0;
    else if (is_count(answer))
        g->member_count += answer->integer;
    else
        return qni_redis_odd(g->tier, err);
    return QN_OK;
}

/* Whether nothing that the record depends on was removed since it was put. Its key may be in the sets for another
 * record, put after this one was received: that is found out last. */
static qn_status is_member(bool *out, getting *g, const qni_record_view *view, const qni_cache_key *key, qn_error *err)
{
    qni_redis_commands commands = {.allocator = g->tier->allocator};
    for (int64_t i = 0; i < view->depend_count; i++) {
        char digits[QNI_REDIS_NAME_SIZE];
        uint64_t name;
        memcpy(&name, (const char *)view->depends + i * (int64_t)sizeof name, sizeof name);
        qni_redis_name_text(digits, name);
        qni_redis_command(&commands, 3);
        qni_redis_word(&commands, "SISMEMBER");
        qni_redis_key(&commands, g->tier, 'd', digits, QNI_REDIS_NAME_SIZE - 1);
        qni_redis_bytes(&commands, key->bytes, key->size);
    }
    qni_redis_command(&commands, 4);
    qni_redis_word(&commands, "GETRANGE");
    qni_redis_key(&commands, g->tier, 'v', key->bytes, key->size);
    qni_redis_number(&commands, 0);
    qni_redis_number(&commands, QNI_RECORD_HEAD_SIZE - 1);
    qn_status s = qni_redis_ask(g->tier, &commands, QNI_REDIS_ANSWER_MAX, take_member, g, err);
    qni_redis_commands_free(&commands);
    *out = g->member_count == view->depend_count && g->is_still_there;
    return s;
}

/* Looks at a record that came. *keep: it is the key's, and counts. Errors: QN_DATA (damaged), those of asking. */
static qn_status judge(bool *keep, getting *g, qni_record_view *view, const qni_cache_key *key, qn_error *err)
{
    *keep = false;
    qn_status s = qni_record_look(view, g->record->bytes, g->record->size, err);
    if (s == QN_LIMIT) /* a newer Quern's: it is no business of ours */
        return QN_OK;
    if (s == QN_OK && (view->key_size != key->size || memcmp(view->key, key->bytes, (size_t)key->size) != 0 ||
                       view->depend_count > QN_CACHE_DEPENDS_MAX))
        s = qni_error(err, QN_DATA, "%.160s: a value under a key that is not its own", g->tier->url.shown);
    if (s != QN_OK)
        return s;
    /* another machine's clock may be the one that is wrong: Redis ends the record by its own */
    *keep = qni_deadline_left(g->tier->time, &view->deadline) > 0;
    return *keep && view->depend_count > 0 ? is_member(keep, g, view, key, err) : QN_OK;
}

qn_status qni_redis_get(qni_record *out, qni_record_view *view, qni_redis_tier *tier, const qni_cache_key *key,
                        qn_error *err)
{
    *out = (qni_record){0};
    getting g = {.tier = tier, .record = out};
    qni_redis_commands commands = {.allocator = tier->allocator};
    qni_redis_command(&commands, 2);
    qni_redis_word(&commands, "GET");
    qni_redis_key(&commands, tier, 'v', key->bytes, key->size);
    qn_status s =
        qni_redis_ask(tier, &commands, QNI_REDIS_VALUE_MAX + INT64_C(2) * QNI_REDIS_READ_SIZE, take_record, &g, err);
    qni_redis_commands_free(&commands);
    if (s != QN_OK || out->bytes == NULL)
        return s;
    bool keep;
    s = judge(&keep, &g, view, key, err);
    if (s == QN_DATA) {
        int64_t removed;
        (void)qni_redis_remove(&removed, tier, key, NULL, 0, NULL); /* where it stays, the next get says it again */
    }
    if (s != QN_OK || !keep) {
        qni_record_free(out, tier->allocator);
        *out = (qni_record){0};
    }
    return s;
}

/* ---- putting ---- */

/* Writes of one round trip. */
typedef struct putting {
    qni_redis_tier *tier;
    const qni_disk_write *writes;
    uint64_t left[QNI_REDIS_PIPELINE]; /* (left_count) names on which still more depends than one script removes */
    int64_t left_count;
} putting;

static qn_status take_put(void *user, int64_t index, qni_redis_answer *answer, qn_error *err)
{
    putting *p = user;
    removal one = {.tier = p->tier};
    qn_status s = QN_OK;
    if (is_count(answer))
        one.more = answer->integer != 0;
    else
        s = take_removed(&one, index, answer, err);
    if (one.more)
        p->left[p->left_count++] = p->writes[index].key->name;
    return s;
}

/* A record, for so many milliseconds (0: for ever). */
static void write_put(qni_redis_commands *out, const qni_redis_tier *tier, const qni_disk_write *w, int64_t ms)
{
    qni_redis_command(out, 10 + w->value->depend_count);
    qni_redis_word(out, "EVAL");
    qni_redis_borrowed(out, put_script, sizeof put_script - 1);
    qni_redis_word(out, "1");
    qni_redis_key(out, tier, 'v', w->key->bytes, w->key->size);
    qni_redis_borrowed(out, w->record->bytes, w->record->size);
    qni_redis_number(out, ms);
    qni_redis_key(out, tier, 'v', NULL, 0);
    qni_redis_key(out, tier, 'd', NULL, 0);
    qni_redis_number(out, QNI_REDIS_DEPENDENTS);
    qni_redis_name(out, w->key->name);
    for (int64_t i = 0; i < w->value->depend_count; i++)
        qni_redis_name(out, w->value->depends[i]);
}

/* One write among the commands. What cannot be kept is removed, for what was there is old now. Errors: QN_LIMIT. */
static qn_status write_one(qni_redis_commands *out, const qni_redis_tier *tier, const qni_disk_write *w, qn_error *err)
{
    int64_t left_ns = w->record != NULL ? qni_deadline_left(tier->time, &w->value->deadline) : 0;
    bool large = w->record != NULL && w->record->size > QNI_REDIS_VALUE_MAX;
    if (left_ns > 0 && !large) {
        write_put(out, tier, w, left_ns == INT64_MAX ? 0 : (left_ns + 999999) / 1000000);
        return QN_OK;
    }
    write_removal(out, tier, &(victims){'v', w->key, 1, &w->key->name, 1});
    if (!large)
        return QN_OK;
    return qni_error(err, QN_LIMIT, "%.160s: a value of %" PRId64 " bytes: Redis takes %d at most", tier->url.shown,
                     w->record->size, QNI_REDIS_VALUE_MAX);
}

static qn_status put_some(qni_redis_tier *tier, const qni_disk_write *writes, int64_t count, qn_error *err)
{
    putting p = {.tier = tier, .writes = writes};
    qni_redis_commands commands = {.allocator = tier->allocator};
    qn_status first = QN_OK;
    for (int64_t i = 0; i < count; i++) {
        qn_status s = write_one(&commands, tier, &writes[i], first == QN_OK ? err : NULL);
        first = first == QN_OK ? s : first;
    }
    qn_status s = qni_redis_ask(tier, &commands, QNI_REDIS_ANSWER_MAX, take_put, &p, first == QN_OK ? err : NULL);
    qni_redis_commands_free(&commands);
    first = first == QN_OK ? s : first;
    if (p.left_count > 0) {
        removal r = begin_removal(tier);
        s = remove_victims(&r, (victims){.letter = 'v', .names = p.left, .name_count = p.left_count},
                           first == QN_OK ? err : NULL);
    }
    return first == QN_OK ? s : first;
}

qn_status qni_redis_put(qni_redis_tier *tier, const qni_disk_write *writes, int64_t count, qn_error *err)
{
    qn_status first = QN_OK;
    for (int64_t i = 0; i < count && first != QN_UNAVAILABLE; i += QNI_REDIS_PIPELINE) {
        int64_t some = count - i < QNI_REDIS_PIPELINE ? count - i : QNI_REDIS_PIPELINE;
        qn_status s = put_some(tier, writes + i, some, first == QN_OK ? err : NULL);
        first = first == QN_OK ? s : first;
    }
    return first;
}
