/* base/json_tree.c: writing a jansson tree. It stands apart from the writer, so that a program which only writes JSON
 * does not load jansson.
 *
 * A tree that qni_json_read gave nests no deeper than a writer may, and its keys hold no zero byte. */
#include "base/json.h"

void qni_json_tree(qni_json_writer *w, json_t *tree)
{
    if (tree == NULL) {
        qni_json_null(w);
        return;
    }
    switch (json_typeof(tree)) {
    case JSON_OBJECT:
        qni_json_object_begin(w);
        for (void *at = json_object_iter(tree); at != NULL && w->status == QN_OK;
             at = json_object_iter_next(tree, at)) {
            qni_json_key(w, json_object_iter_key(at));
            qni_json_tree(w, json_object_iter_value(at));
        }
        qni_json_object_end(w);
        break;
    case JSON_ARRAY:
        qni_json_array_begin(w);
        for (size_t i = 0; i < json_array_size(tree) && w->status == QN_OK; i++)
            qni_json_tree(w, json_array_get(tree, i));
        qni_json_array_end(w);
        break;
    case JSON_STRING:
        qni_json_string(w, json_string_value(tree), (int64_t)json_string_length(tree));
        break;
    case JSON_INTEGER:
        qni_json_int64(w, json_integer_value(tree));
        break;
    case JSON_REAL:
        qni_json_double(w, json_real_value(tree));
        break;
    case JSON_TRUE:
    case JSON_FALSE:
        qni_json_bool(w, json_is_true(tree));
        break;
    default:
        qni_json_null(w);
        break;
    }
}
