/* base/headings.h: which column of a foreign table is what: by a map that a person gives, else by the names by which it
 * is known.
 *
 *  - Names are compared plain: without blanks, signs and case. The best of a heading's names wins; two columns that are
 *    as good are an error, for nobody can tell which is meant.
 *  - A column is one thing only: what the map names comes first, then headings from the last to the first.
 *  - A map is "bid=Best Bid,volume=": the column of exactly that name; none.
 *
 * Nothing here allocates or keeps state; any thread. */
#ifndef QNI_BASE_HEADINGS_H
#define QNI_BASE_HEADINGS_H

#include <quern/base.h>

enum {
    QNI_HEADING_SIZE = 32 /* bytes of a plain name and its zero; longer ones are known to nobody */
};

/* What a column may be. */
typedef struct qni_heading {
    const char *name;    /* in maps; NULL: there is no such heading */
    const char *known;   /* plain names, best first, a blank between two */
    const char *affixes; /* words of which one stands before the known name or, of two letters or more, behind it; NULL:
                            none does */
    const char *alone;   /* a plain name that needs no affix; NULL: none */
} qni_heading;

/* Bytes of the mark of UTF-8 that they begin with: 3 or 0. */
int64_t qni_headings_mark_size(const char *bytes, int64_t size);

/* Whether bytes are JSON: an object, or a list of objects or lists; "[Day],[Close]" is a table. */
bool qni_headings_is_json(const char *bytes, int64_t size);

/* QN_DATA where `size` bytes are nothing, a web page or JSON instead of a table of `what`. */
QN_MUST_USE qn_status qni_headings_check_text(const char *bytes, int64_t size, const char *what, const char *file,
                                              qn_error *err);

/* The delimiter that a line has most of, outside quotes: , ; tab | or a blank where there is none. */
char qni_headings_delimiter(const char *line, int64_t size);

/* Letters and digits in lower case; "" where they are too many. */
void qni_heading_plain(char out[QNI_HEADING_SIZE], const char *text, int64_t size);

/* How well a plain name is known as that: 0 best; -1: it is not. */
int qni_heading_rank(const qni_heading *heading, const char *plain);

/* A table and what is looked for in it. Borrowed. */
typedef struct qni_heading_search {
    const char *file;         /* what complaints call it */
    const char *const *names; /* (name_count) of its columns */
    int64_t name_count;
    const qni_heading *headings; /* (heading_count) */
    int heading_count;
    const char *advice; /* behind the list of what a map may name; "": none */
    int64_t *columns;   /* (heading_count): what is found; -1: no column is that */
    bool *mapped;       /* (heading_count): the map says so */
} qni_heading_search;

/* Finds the columns. Errors: QN_NAME (the map), QN_DATA (two columns may be the same). */
QN_MUST_USE qn_status qni_headings_find(const qni_heading_search *search, const char *map, qn_error *err);

/* QN_DATA: no column is the `what` of all those there are; `advice` is what to do. */
QN_MUST_USE qn_status qni_headings_missing(const qni_heading_search *search, const char *what, const char *advice,
                                           qn_error *err);

#endif
