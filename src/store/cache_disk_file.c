/* store/cache_disk_file.c: values in files of their own: values/HH/NAME-NUMBER, HH being the name's first two digits.
 *
 * A number is given once, so that what a name and a number call never changes. Any thread. */
#include "store/cache_disk_int.h"

#include "base/file.h"
#include "base/folder.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
    NAME_DIGITS = 16,
    FILE_NAME_SIZE = 2 * NAME_DIGITS + 1 /* without its zero */
};

qni_disk_path qni_disk_file_path(const qni_disk_tier *tier, const qni_disk_file *file, bool moving)
{
    qni_disk_path path;
    char place[8] = "moving";
    if (!moving)
        (void)snprintf(place, sizeof place, "%02x", (unsigned)(file->name >> 56));
    (void)snprintf(path.text, sizeof path.text, "%s/values/%s/%016" PRIx64 "-%016" PRIx64, tier->folder, place,
                   file->name, (uint64_t)file->number);
    return path;
}

static bool parse_hex(uint64_t *out, const char *text)
{
    *out = 0;
    for (int i = 0; i < NAME_DIGITS; i++) {
        char c = text[i];
        bool digit = c >= '0' && c <= '9';
        if (!digit && (c < 'a' || c > 'f'))
            return false;
        *out = *out << 4 | (uint64_t)(digit ? c - '0' : c - 'a' + 10);
    }
    return true;
}

bool qni_disk_file_parse(qni_disk_file *out, const char *text)
{
    uint64_t number = 0;
    *out = (qni_disk_file){0};
    bool fits = strlen(text) == FILE_NAME_SIZE && text[NAME_DIGITS] == '-' && parse_hex(&out->name, text) &&
                parse_hex(&number, text + NAME_DIGITS + 1) && number > 0 && number <= INT64_MAX;
    out->number = (int64_t)number;
    return fits;
}

/* Where it is on its way, it is looked for where it comes from, and then again where it goes. */
qn_status qni_disk_file_read(qni_record *out, const qni_disk_tier *tier, const qni_disk_file *file, qn_error *err)
{
    static const bool moving[] = {false, true, false};
    qn_status s = QN_OK;
    int64_t size = -1;
    *out = (qni_record){0};
    for (int i = 0; i < 3 && s == QN_OK && size < 0; i++) {
        qni_disk_path path = qni_disk_file_path(tier, file, moving[i]);
        s = qni_folder_read(&out->bytes, &size, path.text, tier->bytes, tier->allocator, err);
    }
    out->size = s == QN_OK ? size : 0;
    out->room = out->bytes != NULL ? size + 1 : 0;
    return s == QN_LIMIT ? QN_OK : s; /* larger than all that is kept: none of ours */
}

static void put_in_place(const qni_disk_tier *tier, const qni_disk_file *file)
{
    qni_disk_path from = qni_disk_file_path(tier, file, true), to = qni_disk_file_path(tier, file, false);
    if (qni_folder_move(from.text, to.text))
        return;
    qni_disk_path folder = to;
    *strrchr(folder.text, '/') = '\0';
    if (qni_folder_make(folder.text, NULL) == QN_OK)
        (void)qni_folder_move(from.text, to.text); /* where it cannot be moved it is found where it is */
}

/* Another process may be moving it to its place just now: whichever way it goes, one of the two finds it. */
static void drop(const qni_disk_tier *tier, const qni_disk_file *file)
{
    qni_disk_path moving = qni_disk_file_path(tier, file, true), placed = qni_disk_file_path(tier, file, false);
    if (!qni_folder_drop(moving.text))
        (void)qni_folder_drop(placed.text);
}

void qni_disk_file_settle(const qni_disk_tier *tier, const qni_disk_file *file, bool committed)
{
    if (file->comes == committed) {
        put_in_place(tier, file);
    } else {
        drop(tier, file);
        qni_disk_map_forget(tier, file->name);
    }
}

/* ---- looking at all of them ---- */

typedef struct visit {
    const qni_disk_tier *tier;
    const qni_disk_walk *walk;
    const char *place; /* the folder in `values` that is being read */
} visit;

static qn_status tell_stranger(const visit *v, const char *name, qn_error *err)
{
    if (v->walk->stranger == NULL)
        return QN_OK;
    qni_disk_path path = qni_disk_path_of(v->tier, "values");
    size_t size = strlen(path.text);
    (void)snprintf(path.text + size, sizeof path.text - size, "%s%s/%s", v->place != NULL ? "/" : "",
                   v->place != NULL ? v->place : "", name);
    return v->walk->stranger(v->walk->user, path.text, err);
}

static qn_status visit_file(void *user, const char *name, qn_error *err)
{
    const visit *v = user;
    qni_disk_file file;
    char digits[8];
    bool ours = qni_disk_file_parse(&file, name);
    (void)snprintf(digits, sizeof digits, "%02x", (unsigned)(file.name >> 56));
    if (!ours || (strcmp(v->place, "moving") != 0 && strcmp(v->place, digits) != 0))
        return tell_stranger(v, name, err);
    return v->walk->each(v->walk->user, &file, err);
}

static qn_status walk_place(const qni_disk_tier *tier, const qni_disk_walk *walk, const char *place, qn_error *err)
{
    visit v = {.tier = tier, .walk = walk, .place = place};
    qni_disk_path path = qni_disk_path_of(tier, "values/");
    size_t size = strlen(path.text);
    (void)snprintf(path.text + size, sizeof path.text - size, "%s", place);
    if (!qni_folder_has(path.text))
        return QN_OK;
    return qni_file_each(path.text, visit_file, &v, err);
}

qn_status qni_disk_walk_values(const qni_disk_tier *tier, const qni_disk_walk *walk, qn_error *err)
{
    qn_status s = QN_OK;
    for (unsigned i = 0; i < 256 && s == QN_OK; i++) {
        char place[8];
        (void)snprintf(place, sizeof place, "%02x", i);
        s = walk_place(tier, walk, place, err);
    }
    return s;
}

qn_status qni_disk_walk_moving(const qni_disk_tier *tier, const qni_disk_walk *walk, qn_error *err)
{
    return walk_place(tier, walk, "moving", err);
}
