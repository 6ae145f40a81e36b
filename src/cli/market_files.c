/* cli/market_files.c: files by the names of files and folders. */
#include "base/error.h"
#include "base/file.h"
#include "cli/market_int.h"

#include <stdlib.h>
#include <string.h>

typedef struct list {
    qn_arena *arena;
    const char **paths; /* (capacity), count of them used */
    int64_t count, capacity;
    const char *folder; /* that is being looked at */
} list;

static qn_status add(list *l, const char *a, const char *b, qn_error *err)
{
    const size_t a_size = strlen(a), b_size = b != NULL ? strlen(b) + 1 : 0;
    void *block;
    qn_status s = QN_OK;
    if (l->count == l->capacity) {
        int64_t capacity = l->capacity > 0 ? 2 * l->capacity : 16;
        s = qn_arena_take(&block, l->arena, capacity * (int64_t)sizeof *l->paths, err);
        if (s != QN_OK)
            return s;
        if (l->count > 0)
            memcpy(block, l->paths, (size_t)l->count * sizeof *l->paths);
        l->paths = block;
        l->capacity = capacity;
    }
    s = qn_arena_take(&block, l->arena, (int64_t)(a_size + b_size + 1), err);
    if (s != QN_OK)
        return s;
    char *path = block;
    memcpy(path, a, a_size + 1);
    if (b != NULL) {
        path[a_size] = '/';
        memcpy(path + a_size + 1, b, b_size);
    }
    l->paths[l->count++] = path;
    return QN_OK;
}

static bool ends_in(const char *name, const char *ending)
{
    size_t n = strlen(name), m = strlen(ending);
    return n > m && strcmp(name + n - m, ending) == 0;
}

static qn_status add_name(void *user, const char *name, qn_error *err)
{
    static const char *const endings[] = {".csv", ".csv.gz", ".json", ".json.gz", ".dat", ".dat.gz"};
    list *l = user;
    for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++)
        if (name[0] != '.' && ends_in(name, endings[i]))
            return add(l, l->folder, name, err);
    return QN_OK;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static qn_status add_folder(list *l, const char *folder, qn_error *err)
{
    const int64_t first = l->count;
    l->folder = folder;
    qn_status s = qni_file_each(folder, add_name, l, err);
    if (s == QN_OK && l->count == first)
        s = qni_error(err, QN_NO_INPUT, "%.200s: no .csv, .json or .dat file is in it", folder);
    if (s == QN_OK)
        qsort(l->paths + first, (size_t)(l->count - first), sizeof *l->paths, by_text);
    return s;
}

qn_status qni_market_files(const char *const **out, int64_t *out_count, const char *const *names, int64_t count,
                           qn_arena *arena, qn_error *err)
{
    list l = {.arena = arena};
    qn_status s = QN_OK;
    for (int64_t i = 0; i < count && s == QN_OK; i++)
        s = qni_file_is_folder(names[i]) ? add_folder(&l, names[i], err) : add(&l, names[i], NULL, err);
    *out = l.paths;
    *out_count = l.count;
    return s;
}
