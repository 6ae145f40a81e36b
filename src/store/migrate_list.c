/* store/migrate_list.c: lists of migrations, from memory or from a folder.
 *
 * Always: numbers ascend; every text is UTF-8 without a zero byte. */
#include "store/migrate_int.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/number.h"
#include "base/utf8.h"
#include "mem/refuse.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char up_ending[] = ".sql", down_ending[] = ".down.sql";

/* ---- what a list is made of ---- */

static void free_text(const qn_allocator *allocator, char *text)
{
    if (text != NULL)
        qni_free(allocator, text, (int64_t)strlen(text) + 1, 1);
}

static void free_migration(const qn_allocator *allocator, qni_migration *m)
{
    char *texts[] = {m->name, m->up, m->down, m->up_file, m->down_file};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        free_text(allocator, texts[i]);
}

void qn_migrations_free(qn_migrations *migrations)
{
    if (migrations == NULL)
        return;
    for (int64_t i = 0; i < migrations->count; i++)
        free_migration(migrations->allocator, &migrations->items[i]);
    qni_free(migrations->allocator, migrations->items, migrations->capacity, (int64_t)sizeof *migrations->items);
    qni_delete(migrations->allocator, migrations);
}

int64_t qn_migrations_count(const qn_migrations *migrations)
{
    return migrations->count;
}

const qn_migration *qn_migrations_at(const qn_migrations *migrations, int64_t index)
{
    return &migrations->items[index].shown;
}

/* The index of the first whose number is not below this one. */
static int64_t place_of(const qn_migrations *migrations, int64_t number)
{
    int64_t low = 0, high = migrations->count;
    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        if (migrations->items[middle].shown.number < number)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

const qni_migration *qni_migrations_find(const qn_migrations *migrations, int64_t number)
{
    int64_t i = place_of(migrations, number);
    return i < migrations->count && migrations->items[i].shown.number == number ? &migrations->items[i] : NULL;
}

/* Takes over what `m` holds, on failure too. */
static qn_status insert(qn_migrations *migrations, qni_migration *m, qn_error *err)
{
    const qn_allocator *allocator = migrations->allocator;
    qn_status s = QN_OK;
    if (migrations->count >= QNI_MIGRATIONS_MAX)
        s = qni_error(err, QN_LIMIT, "more than %d migrations", QNI_MIGRATIONS_MAX);
    else if (!qni_grow(allocator, (void **)&migrations->items, &migrations->capacity, migrations->count + 1,
                       (int64_t)sizeof *migrations->items))
        s = qni_refused(err, allocator, 0, "a list of migrations");
    if (s != QN_OK) {
        free_migration(allocator, m);
        return s;
    }
    qni_migration *at = migrations->items + place_of(migrations, m->shown.number);
    memmove(at + 1, at, (size_t)(migrations->items + migrations->count - at) * sizeof *at);
    *at = *m;
    migrations->count++;
    return QN_OK;
}

static bool is_name(const char *text, int64_t size)
{
    for (int64_t i = 0; i < size; i++) {
        char c = text[i];
        bool fine = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
        if (!fine)
            return false;
    }
    return size > 0 && size <= QNI_MIGRATION_NAME_MAX;
}

/* Of the text as it would be with every line ended by a line feed alone: a checkout that ends them otherwise is still
 * the same migration. */
static void set_checksum(qni_migration *m)
{
    qni_digester d;
    qni_digest_init(&d);
    const char *from = m->up, *end = from + strlen(from);
    for (const char *p = from; p < end; p++)
        if (p[0] == '\r' && p[1] == '\n') {
            qni_digest_bytes(&d, from, p - from);
            from = p + 1;
        }
    qni_digest_bytes(&d, from, end - from);
    qni_digest digest = qni_digest_final(&d);
    qni_digest_text(m->checksum, &digest);
}

static void show(qni_migration *m, int64_t number)
{
    m->shown = (qn_migration){.number = number, .name = m->name, .up = m->up, .down = m->down};
    set_checksum(m);
}

/* The place of the first byte that is no text: a zero or what is not UTF-8; -1: none. */
static int64_t first_bad(const char *text, int64_t size)
{
    const char *p = text, *end = text + size;
    while (p < end) {
        uint32_t code;
        int bytes = qni_utf8_decode(&code, p, end);
        if (bytes == 0 || code == 0)
            return p - text;
        p += bytes;
    }
    return -1;
}

static qn_status new_list(qn_migrations **out, const qn_allocator *allocator, qn_error *err)
{
    *out = qni_new(allocator, qn_migrations);
    if (*out == NULL)
        return qni_refused(err, allocator, (int64_t)sizeof **out, "a list of migrations");
    (*out)->allocator = allocator;
    return QN_OK;
}

/* ---- from memory ---- */

static qn_status check_item(const qn_migrations *list, const qn_migration *item, qn_error *err)
{
    if (item->number < 1 || item->number > INT64_C(999999999999999999))
        return qni_error(err, QN_INVALID, "%" PRId64 " is no number of a migration: 1 is the first", item->number);
    if (item->name == NULL || !is_name(item->name, (int64_t)strlen(item->name)))
        return qni_error(err, QN_INVALID,
                         "the name of migration %" PRId64 " is not 1 to %d letters, digits, _ or - of ASCII",
                         item->number, QNI_MIGRATION_NAME_MAX);
    if (item->up == NULL)
        return qni_error(err, QN_INVALID, "migration %" PRId64 " \"%s\" has no text", item->number, item->name);
    if (qni_migrations_find(list, item->number) != NULL)
        return qni_error(err, QN_INVALID, "two migrations have the number %" PRId64, item->number);
    const char *texts[] = {item->up, item->down != NULL ? item->down : ""};
    for (int i = 0; i < 2; i++) {
        int64_t size = (int64_t)strlen(texts[i]), bad = first_bad(texts[i], size);
        if (bad >= 0)
            return qni_error(err, QN_INVALID, "migration %" PRId64 " \"%s\": byte %" PRId64 " of its text is not UTF-8",
                             item->number, item->name, bad + 1);
        if (size > QNI_MIGRATION_SIZE_MAX)
            return qni_error(err, QN_LIMIT, "migration %" PRId64 " \"%s\" is larger than %d bytes", item->number,
                             item->name, QNI_MIGRATION_SIZE_MAX);
    }
    return QN_OK;
}

static qn_status add_item(qn_migrations *list, const qn_migration *item, qn_error *err)
{
    qn_status s = check_item(list, item, err);
    if (s != QN_OK)
        return s;
    qni_migration m = {0};
    m.name = qni_copy_string(list->allocator, item->name, -1);
    m.up = qni_copy_string(list->allocator, item->up, -1);
    if (item->down != NULL)
        m.down = qni_copy_string(list->allocator, item->down, -1);
    if (m.name == NULL || m.up == NULL || (item->down != NULL && m.down == NULL)) {
        free_migration(list->allocator, &m);
        return qni_refused(err, list->allocator, 0, "migration %" PRId64, item->number);
    }
    show(&m, item->number);
    return insert(list, &m, err);
}

qn_status qn_migrations_new(qn_migrations **out, const qn_migration *items, int64_t item_count,
                            const qn_allocator *allocator, qn_error *err)
{
    *out = NULL;
    qn_migrations *list;
    qn_status s = new_list(&list, allocator, err);
    for (int64_t i = 0; s == QN_OK && i < item_count; i++)
        s = add_item(list, &items[i], err);
    if (s == QN_OK)
        *out = list;
    else
        qn_migrations_free(list);
    return s;
}

/* ---- from a folder ---- */

/* A file's name in its parts. */
typedef struct parts {
    int64_t number;
    const char *name;
    int64_t name_size;
    bool down;
} parts;

/* What is read: first every up, then every down, for they come in no order. */
typedef struct folder_reader {
    qn_migrations *list;
    const char *folder;
    bool down;
} folder_reader;

static bool ends_in(const char *text, int64_t size, const char *ending)
{
    int64_t n = (int64_t)strlen(ending);
    return size >= n && memcmp(text + size - n, ending, (size_t)n) == 0;
}

/* Whether the file claims to be SQL: in any case of letters, so that no X.SQL is passed over in silence. */
static bool claims_sql(const char *file)
{
    int64_t size = (int64_t)strlen(file);
    if (file[0] == '.' || size < 4)
        return false;
    const char *e = file + size - 4;
    return e[0] == '.' && (e[1] | 0x20) == 's' && (e[2] | 0x20) == 'q' && (e[3] | 0x20) == 'l';
}

static bool take_apart(parts *out, const char *file)
{
    int64_t size = (int64_t)strlen(file);
    size_t digits = strspn(file, "0123456789");
    out->down = ends_in(file, size, down_ending);
    if (!ends_in(file, size, up_ending) || digits == 0 || digits > QNI_MIGRATION_DIGITS_MAX || file[digits] != '_')
        return false;
    (void)qni_integer_parse(&out->number, file, file + digits);
    out->name = file + digits + 1;
    out->name_size = size - (int64_t)digits - 1 - (int64_t)strlen(out->down ? down_ending : up_ending);
    return out->number > 0 && is_name(out->name, out->name_size);
}

static qn_status join(char **out, const folder_reader *r, const char *file, qn_error *err)
{
    int64_t folder_size = (int64_t)strlen(r->folder), size = folder_size + (int64_t)strlen(file) + 2;
    bool slash = folder_size > 0 && r->folder[folder_size - 1] == '/';
    size -= slash;
    *out = qni_alloc(r->list->allocator, size, 1);
    if (*out == NULL)
        return qni_refused(err, r->list->allocator, size, "the name of a file");
    (void)snprintf(*out, (size_t)size, "%s%s%s", r->folder, slash ? "" : "/", file);
    return QN_OK;
}

/* A file's text without a byte-order mark. */
static qn_status read_text(char **out, const char *path, const qn_allocator *allocator, qn_error *err)
{
    qni_file_bytes bytes;
    *out = NULL;
    qn_status s = qni_file_read_all(&bytes, path, QNI_MIGRATION_SIZE_MAX, allocator, err);
    if (s != QN_OK)
        return s;
    int64_t mark = bytes.size >= 3 && memcmp(bytes.bytes, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
    int64_t bad = first_bad(bytes.bytes, bytes.size);
    if (bad >= 0) {
        int64_t line, column;
        qni_sql_place(&line, &column, bytes.bytes, bad);
        s = qni_error_at(err, QN_DATA, path, line, column, "%s",
                         bytes.bytes[bad] == '\0' ? "a zero byte: this is no text" : "what stands here is not UTF-8");
    } else {
        *out = qni_copy_string(allocator, bytes.bytes + mark, bytes.size - mark);
        if (*out == NULL)
            s = qni_refused(err, allocator, bytes.size, "the text of \"%s\"", path);
    }
    qni_file_bytes_free(&bytes, allocator);
    return s;
}

/* `path` and `text` are taken. */
static qn_status add_up(const folder_reader *r, const parts *p, char *path, char *text, qn_error *err)
{
    const qn_allocator *allocator = r->list->allocator;
    const qni_migration *other = qni_migrations_find(r->list, p->number);
    qni_migration m = {.up = text, .up_file = path};
    qn_status s = QN_OK;
    if (other != NULL)
        s = qni_error_at(err, QN_DATA, path, 0, 0, "\"%s\" has the number %" PRId64 ", too: give one of them another",
                         other->up_file, p->number);
    else if ((m.name = qni_copy_string(allocator, p->name, p->name_size)) == NULL)
        s = qni_refused(err, allocator, p->name_size, "a name");
    if (s != QN_OK) {
        free_migration(allocator, &m);
        return s;
    }
    show(&m, p->number);
    return insert(r->list, &m, err);
}

static qn_status add_down(const folder_reader *r, const parts *p, char *path, char *text, qn_error *err)
{
    const qn_allocator *allocator = r->list->allocator;
    int64_t i = place_of(r->list, p->number);
    qni_migration *m = i < r->list->count ? &r->list->items[i] : NULL;
    qn_status s = QN_OK;
    if (m == NULL || m->shown.number != p->number || (int64_t)strlen(m->name) != p->name_size ||
        memcmp(m->name, p->name, (size_t)p->name_size) != 0)
        s = qni_error_at(err, QN_DATA, path, 0, 0,
                         "what it undoes is not here: a file of the same name without \".down\"");
    else if (m->down != NULL)
        s = qni_error_at(err, QN_DATA, path, 0, 0, "\"%s\" undoes the same migration", m->down_file);
    if (s != QN_OK || m == NULL) {
        free_text(allocator, path);
        free_text(allocator, text);
        return s;
    }
    m->down = text;
    m->shown.down = text;
    m->down_file = path;
    return QN_OK;
}

static qn_status add_file(void *user, const char *file, qn_error *err)
{
    const folder_reader *r = user;
    parts p;
    if (!claims_sql(file))
        return QN_OK;
    char *path, *text;
    qn_status s = join(&path, r, file, err);
    if (s != QN_OK)
        return s;
    if (!take_apart(&p, file)) {
        s = qni_error_at(err, QN_DATA, path, 0, 0,
                         "that is no name of a migration: NUMBER_NAME.sql, or NUMBER_NAME.down.sql for what undoes it, "
                         "with letters, digits, _ and - in NAME");
    } else if (p.down == r->down) {
        s = read_text(&text, path, r->list->allocator, err);
        if (s == QN_OK)
            return (p.down ? add_down : add_up)(r, &p, path, text, err);
    }
    free_text(r->list->allocator, path);
    return s;
}

qn_status qn_migrations_read(qn_migrations **out, const char *folder, const qn_allocator *allocator, qn_error *err)
{
    *out = NULL;
    folder_reader r = {.folder = folder};
    qn_status s = new_list(&r.list, allocator, err);
    if (s == QN_OK)
        s = qni_file_each(folder, add_file, &r, err);
    r.down = true;
    if (s == QN_OK)
        s = qni_file_each(folder, add_file, &r, err);
    if (s == QN_OK && r.list->count == 0)
        s = qni_error(err, QN_NO_INPUT, "the folder \"%s\" holds no migrations: files called NUMBER_NAME.sql", folder);
    if (s == QN_OK)
        *out = r.list;
    else
        qn_migrations_free(r.list);
    return s;
}
