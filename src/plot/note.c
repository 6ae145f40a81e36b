/* plot/note.c: the box of text in a panel: small type, columns aligned on their left. */
#include "plot/layout_int.h"

#include "base/utf8.h"

#include <math.h>
#include <string.h>

typedef struct piece {
    char text[QNI_PLOT_TEXT_SIZE];
    int column;
    bool alone; /* its line has no other */
} piece;

/* Reads one piece, up to a tab or the end of its line. Returns what is left; *line_ends says which it was. */
static const char *next_piece(piece *p, const char *text, bool *line_ends)
{
    size_t size = strcspn(text, "\t\n");
    size_t kept = (size_t)qni_utf8_cut(text, (int64_t)size, (int64_t)sizeof p->text - 1);
    memcpy(p->text, text, kept);
    p->text[kept] = '\0';
    text += size;
    *line_ends = *text != '\t';
    return *text != '\0' ? text + 1 : text;
}

/* Calls `use` with each piece and its line. Returns the count of lines. */
static int walk(const char *text, void (*use)(void *user, const piece *p, int line), void *user)
{
    int line = 0;
    for (; *text != '\0' && line < QNI_NOTE_LINES; line++) {
        bool ends = false;
        for (int column = 0; !ends; column++) {
            piece p = {.column = column};
            text = next_piece(&p, text, &ends);
            p.alone = column == 0 && ends;
            if (column < QNI_NOTE_COLUMNS)
                use(user, &p, line);
        }
    }
    return line;
}

typedef struct measuring {
    qni_note *note;
    const qni_canvas *canvas;
} measuring;

static void measure_piece(void *user, const piece *p, int line)
{
    const measuring *m = user;
    double width = qni_canvas_text_width(m->canvas, p->text, QNI_TYPE_SMALL);
    (void)line;
    if (p->alone)
        m->note->width = fmax(m->note->width, width);
    else
        m->note->columns[p->column] = fmax(m->note->columns[p->column], width + 0.7 * m->canvas->font);
}

void qni_note_measure(qni_note *note, const char *text, const qni_canvas *canvas)
{
    *note = (qni_note){0};
    measuring m = {note, canvas};
    int lines = walk(text, measure_piece, &m);
    double columns = -0.7 * canvas->font;
    for (int i = 0; i < QNI_NOTE_COLUMNS; i++)
        columns += note->columns[i];
    note->width = fmax(note->width, columns);
    note->height = lines * qni_line_height(canvas, QNI_TYPE_SMALL);
}

double qni_note_space(const qni_canvas *canvas)
{
    return 0.55 * canvas->font;
}

typedef struct drawing {
    const qni_note *note;
    const qni_canvas *canvas;
    qni_point at; /* baseline of the first line */
} drawing;

static void draw_piece(void *user, const piece *p, int line)
{
    const drawing *d = user;
    qni_point at = {d->at.x, d->at.y + line * qni_line_height(d->canvas, QNI_TYPE_SMALL)};
    for (int i = 0; i < p->column; i++)
        at.x += d->note->columns[i];
    qni_canvas_text(d->canvas, at, p->text, 0.0, QNI_TYPE_SMALL);
}

void qni_note_draw(const qni_note *note, const char *text, const qni_box *box, const qni_canvas *canvas)
{
    double space = qni_note_space(canvas);
    drawing d = {
        note, canvas, {box->left + space, box->top + space + 0.98 * qni_canvas_type_size(canvas, QNI_TYPE_SMALL)}};
    qni_canvas_shade(canvas, QNI_SHADE_PAPER, 0.88);
    canvas->api->rectangle(canvas->cr, box->left, box->top, box->width, box->height);
    canvas->api->fill(canvas->cr);
    qni_canvas_shade(canvas, QNI_SHADE_GRID, 1.0);
    qni_canvas_frame(canvas, box, 1.0);
    qni_canvas_shade(canvas, QNI_SHADE_TEXT, 1.0);
    walk(text, draw_piece, &d);
}
