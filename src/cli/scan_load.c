/* cli/scan_load.c: from files and the store to what is known of each ticker.
 *
 * What a file gives is taken from it, all else from the store where there is one. Chains of files are read at once, by
 * all threads; those of the store when the scan asks for them, and only the expiries that it needs. */
#include "base/clock.h"
#include "base/error.h"
#include "cli/limits.h"
#include "cli/market_int.h"
#include "cli/report.h"
#include "cli/scan_int.h"

#include <stdio.h>
#include <string.h>

/* The files of a list of files and folders. */
static qn_status find_paths(const char *const **out, int64_t *count, const scan_job *job, const qni_option *option,
                            qn_error *err)
{
    scan_words items = {0};
    qn_status s = qni_scan_words(&items, job, option, err);
    return s == QN_OK ? qni_market_files(out, count, items.words, items.count, job->arena, err) : s;
}

/* The ticker that files are about which do not say so: the only one that is asked for; NULL: there is not one. Files
 * that do say so are read whole: their other tickers are peers. Standard input cannot be read again to find out. */
static const char *only_ticker(const scan_job *job)
{
    return job->tickers.count == 1 ? job->tickers.words[0] : NULL;
}

/* ---- chains of files ---- */

static void read_chain(void *user, int64_t index)
{
    const scan_job *job = user;
    scan_file *file = &job->files[index];
    qn_chain_options how;
    if (file->path == NULL || file->chain != NULL || qni_stop_requested(job->run->stop))
        return;
    qn_chain_options_init(&how, sizeof how);
    how.ticker = file->ticker;
    how.as_of_us = job->as_of_us;
    how.allocator = job->allocator;
    file->error = qn_error_none();
    qn_status s = qn_chain_read(&file->chain, file->path, &how, &file->error);
    if (s != QN_OK)
        file->chain = NULL;
}

/* A file of several underlyings is read once for each ticker that is asked for, and one that does not say what it is
 * about as the only one. */
static qn_status split_files(scan_job *job, qn_error *err)
{
    void *grown;
    int64_t count = 0, most = job->file_count * (job->tickers.count + 1);
    qn_status s = qn_arena_take(&grown, job->arena, (most + 1) * (int64_t)sizeof *job->files, err);
    if (s != QN_OK)
        return s;
    scan_file *files = grown;
    for (int64_t i = 0; i < job->file_count; i++) {
        scan_file *file = &job->files[i];
        bool nameless = file->chain != NULL && file->chain->ticker[0] == 0 && job->tickers.count == 1;
        bool several = file->chain == NULL && file->error.code == QN_DATA;
        bool any = false;
        for (int64_t k = 0; k < job->tickers.count && (nameless || several); k++) {
            scan_job one = *job;
            scan_file part = {.path = file->path, .ticker = job->tickers.words[k]};
            one.files = &part;
            read_chain(&one, 0);
            if (part.chain != NULL)
                files[count++] = part;
            any = any || part.chain != NULL;
        }
        if (!any)
            files[count++] = *file;
        else
            qn_chain_free(file->chain);
    }
    job->files = files;
    job->file_count = count;
    return QN_OK;
}

static qn_status read_chains(scan_job *job, qn_error *err)
{
    const char *const *paths = NULL;
    int64_t count = 0;
    void *files;
    qn_status s = find_paths(&paths, &count, job, &job->options[SCAN_CHAINS], err);
    if (s == QN_OK)
        s = qn_arena_take(&files, job->arena, (count + 1) * (int64_t)sizeof *job->files, err);
    if (s != QN_OK)
        return s;
    job->files = files;
    job->file_count = count;
    for (int64_t i = 0; i < count; i++)
        job->files[i] = (scan_file){.path = paths[i], .ticker = strcmp(paths[i], "-") == 0 ? only_ticker(job) : NULL};
    qn_threads_run(qn_threads_default(), job->file_count, read_chain, job);
    return qni_stop_requested(job->run->stop) ? qni_error(err, QN_INTERRUPTED, "interrupted while reading")
                                              : split_files(job, err);
}

/* ---- prices, calendars, sectors ---- */

static void warn(const char *const *warnings, int64_t count)
{
    for (int64_t i = 0; i < count; i++)
        qni_report_warning(warnings[i]);
}

static qn_status read_prices(scan_job *job, qn_error *err)
{
    const char *const *paths = NULL;
    int64_t count = 0;
    void *list;
    qn_prices_options how;
    qn_prices_options_init(&how, sizeof how);
    how.allocator = job->allocator;
    qn_status s = find_paths(&paths, &count, job, &job->options[SCAN_PRICES], err);
    if (s == QN_OK)
        s = qn_arena_take(&list, job->arena, (count + 1) * (int64_t)sizeof(void *), err);
    if (s != QN_OK)
        return s;
    job->prices = list;
    for (int64_t i = 0; i < count && s == QN_OK; i++) {
        how.ticker = strcmp(paths[i], "-") == 0 ? only_ticker(job) : NULL;
        s = qn_prices_read(&job->prices[i], paths[i], &how, err);
        if (s == QN_DATA && how.ticker == NULL && only_ticker(job) != NULL) {
            how.ticker = only_ticker(job);
            s = qn_prices_read(&job->prices[i], paths[i], &how, err);
        }
        if (s == QN_OK) {
            job->price_count++;
            warn(job->prices[i]->warnings, job->prices[i]->warning_count);
        }
    }
    return s == QN_OK ? qni_scan_merge_prices(job, err) : s;
}

static qn_status read_calendars(scan_job *job, qn_error *err)
{
    const char *const *paths = NULL;
    int64_t count = 0;
    void *list;
    qn_calendar_options how;
    qn_calendar_options_init(&how, sizeof how);
    how.allocator = job->allocator;
    qn_status s = find_paths(&paths, &count, job, &job->options[SCAN_EARNINGS], err);
    if (s == QN_OK)
        s = qn_arena_take(&list, job->arena, (count + 1) * (int64_t)sizeof(void *), err);
    if (s != QN_OK)
        return s;
    job->calendars = list;
    for (int64_t i = 0; i < count && s == QN_OK; i++) {
        how.ticker = strcmp(paths[i], "-") == 0 ? only_ticker(job) : NULL;
        s = qn_calendar_read(&job->calendars[i], paths[i], &how, err);
        if (s == QN_DATA && how.ticker == NULL && only_ticker(job) != NULL) {
            how.ticker = only_ticker(job);
            s = qn_calendar_read(&job->calendars[i], paths[i], &how, err);
        }
        if (s == QN_OK) {
            job->calendar_count++;
            warn(job->calendars[i]->warnings, job->calendars[i]->warning_count);
        }
    }
    return s == QN_OK ? qni_scan_merge_calendars(job, err) : s;
}

/* What no file gave. */
static qn_status read_store(scan_job *job, qn_error *err)
{
    const qn_allocator *a = job->allocator;
    qn_status s = QN_OK;
    if (job->store == NULL)
        return QN_OK;
    if (job->file_count == 0)
        s = qn_archive_chains(&job->stored, &job->stored_count, job->store, job->as_of_us, err);
    if (s == QN_OK && job->price_count == 0) {
        s = qn_archive_load_prices(&job->prices[0], job->store, NULL, 0, a, err);
        job->price_count = s == QN_OK;
    }
    if (s == QN_OK && job->calendar_count == 0) {
        s = qn_archive_load_calendar(&job->calendars[0], job->store, NULL, 0, a, err);
        job->calendar_count = s == QN_OK;
    }
    return s == QN_OK && job->sectors == NULL ? qn_archive_load_sectors(&job->sectors, job->store, a, err) : s;
}

/* ---- inputs ---- */

static const qn_daily *find_daily(const scan_job *job, const char *ticker)
{
    const qn_daily *found = NULL;
    for (int64_t i = 0; i < job->price_count && found == NULL; i++)
        found = qn_prices_find(job->prices[i], ticker);
    return found;
}

static void find_reports(qn_scan_input *in, const scan_job *job)
{
    for (int64_t i = 0; i < job->calendar_count && in->report_count == 0; i++)
        in->report_count = qn_calendar_find(&in->reports, job->calendars[i], in->ticker);
    for (int64_t i = 0; i < job->event_count; i++)
        if (strcmp(job->events[i].ticker, in->ticker) == 0)
            in->event = &job->events[i];
}

/* Room for an input more; which ticker it is of must be told next. */
static qn_status add_input(qn_scan_input **out, scan_job *job, const char *ticker, qn_error *err)
{
    if (job->input_count == job->input_capacity) {
        int64_t capacity = job->input_capacity == 0 ? QNI_SCAN_INPUTS_FIRST : 2 * job->input_capacity;
        void *grown;
        qn_status s = qn_arena_take(&grown, job->arena, capacity * (int64_t)sizeof *job->inputs, err);
        if (s != QN_OK)
            return s;
        if (job->input_count > 0)
            memcpy(grown, job->inputs, (size_t)job->input_count * sizeof *job->inputs);
        job->inputs = grown;
        job->input_capacity = capacity;
    }
    qn_scan_input *in = &job->inputs[job->input_count++];
    qn_scan_input_init(in, sizeof *in);
    in->ticker = ticker;
    in->sector = job->sectors != NULL ? qn_sectors_find(job->sectors, ticker) : "";
    in->daily = find_daily(job, ticker);
    find_reports(in, job);
    *out = in;
    return QN_OK;
}

static qn_scan_input *find_input(const scan_job *job, const char *ticker)
{
    for (int64_t i = 0; i < job->input_count; i++)
        if (strcmp(job->inputs[i].ticker, ticker) == 0)
            return &job->inputs[i];
    return NULL;
}

static bool is_wanted(const scan_job *job, const char *ticker)
{
    return job->tickers.count == 0 || qni_scan_has(&job->tickers, ticker);
}

/* Says why a file could not be read, when the scan asks for its chain. */
static qn_status refuse_chain(void *user, qn_chain **out, const qn_scan_input *input, int32_t around,
                              const qn_allocator *allocator, qn_error *err)
{
    const scan_file *file = user;
    (void)input, (void)around, (void)allocator;
    *out = NULL;
    if (err != NULL)
        *err = file->error;
    return file->error.code != QN_OK ? file->error.code : qni_error(err, QN_DATA, "%.200s: no ticker", file->path);
}

/* Of two files of a ticker, whether the second one counts: the newer one, the first of equal ones. Tells which is left
 * out. */
static bool is_newer(const qn_scan_input *in, const scan_file *file)
{
    const scan_file *before = in->load_user;
    bool newer = in->chain != NULL && file->chain != NULL && file->chain->as_of_us > in->chain->as_of_us;
    char text[QNI_SCAN_PATH_SIZE];
    (void)snprintf(text, sizeof text, "%.200s is left out: there is another chain of %.60s, as new or newer",
                   newer ? before->path : file->path, in->ticker);
    qni_report_warning(text);
    return newer;
}

static qn_status add_file(scan_job *job, scan_file *file, qn_error *err)
{
    const char *slash = strrchr(file->path, '/'), *name = slash != NULL ? slash + 1 : file->path;
    const char *ticker = file->chain != NULL ? file->chain->ticker : name;
    qn_scan_input *in;
    if (file->chain != NULL && ticker[0] == 0) {
        (void)qni_error_at(&file->error, QN_DATA, file->path, 0, 0,
                           "it does not say which ticker it is about: give it alone, with --tickers");
        ticker = name;
        qn_chain_free(file->chain);
        file->chain = NULL;
    } else if (file->chain != NULL && !is_wanted(job, ticker)) {
        return QN_OK;
    }
    in = find_input(job, ticker);
    if (in != NULL && !is_newer(in, file))
        return QN_OK;
    qn_status s = in == NULL ? add_input(&in, job, ticker, err) : QN_OK;
    if (s == QN_OK) {
        in->chain = file->chain;
        in->load = refuse_chain;
        in->load_user = file;
    }
    return s;
}

typedef struct stored_chain {
    qn_archive *store;
    int64_t id;
} stored_chain;

static qn_status load_stored(void *user, qn_chain **out, const qn_scan_input *input, int32_t around,
                             const qn_allocator *allocator, qn_error *err)
{
    const stored_chain *chain = user;
    (void)input;
    return qn_archive_load_chain(out, chain->store, chain->id, around, QN_SCAN_EXPIRIES_BEFORE, QN_SCAN_EXPIRIES_AFTER,
                                 allocator, err);
}

static qn_status add_stored(scan_job *job, const qn_archive_chain *stored, qn_error *err)
{
    qn_scan_input *in;
    void *user;
    if (!is_wanted(job, stored->ticker))
        return QN_OK;
    qn_status s = qn_arena_take(&user, job->arena, (int64_t)sizeof(stored_chain), err);
    if (s == QN_OK)
        s = add_input(&in, job, stored->ticker, err);
    if (s != QN_OK)
        return s;
    *(stored_chain *)user = (stored_chain){.store = job->store, .id = stored->id};
    in->as_of_us = stored->as_of_us;
    in->load = load_stored;
    in->load_user = user;
    return QN_OK;
}

/* Tickers whose past is known, but of which there is no chain, tell what is usual. */
static qn_status add_peers(scan_job *job, qn_error *err)
{
    int64_t as_of_us = 0;
    qn_status s = QN_OK;
    for (int64_t i = 0; i < job->input_count; i++) {
        const qn_scan_input *in = &job->inputs[i];
        int64_t us = in->chain != NULL ? in->chain->as_of_us : in->as_of_us;
        if (us != 0 && (as_of_us == 0 || us < as_of_us))
            as_of_us = us; /* the earliest: nothing that happened later counts for anybody */
    }
    for (int64_t i = 0; i < job->price_count; i++)
        for (int64_t k = 0; k < job->prices[i]->ticker_count && s == QN_OK && as_of_us != 0; k++) {
            qn_scan_input *in = find_input(job, job->prices[i]->tickers[k].ticker);
            if (in != NULL)
                continue;
            s = add_input(&in, job, job->prices[i]->tickers[k].ticker, err);
            if (s == QN_OK) {
                in->peer_only = true;
                in->as_of_us = as_of_us;
            }
        }
    return s;
}

/* A misspelt ticker would go unnoticed: its report would be the calendar's, or none. */
static void warn_of_events(const scan_job *job)
{
    for (int64_t i = 0; i < job->event_count; i++) {
        char text[QNI_SCAN_PATH_SIZE];
        if (find_input(job, job->events[i].ticker) != NULL)
            continue;
        (void)snprintf(text, sizeof text, "--event: there is no option chain of %.60s in what is scanned",
                       job->events[i].ticker);
        qni_report_warning(text);
    }
}

static qn_status make_inputs(scan_job *job, qn_error *err)
{
    qn_status s = QN_OK;
    qn_scan_input *in;
    for (int64_t i = 0; i < job->file_count && s == QN_OK; i++)
        s = add_file(job, &job->files[i], err);
    for (int64_t i = 0; i < job->stored_count && s == QN_OK; i++)
        s = add_stored(job, &job->stored[i], err);
    for (int64_t i = 0; i < job->tickers.count && s == QN_OK; i++)
        if (find_input(job, job->tickers.words[i]) == NULL)
            s = add_input(&in, job, job->tickers.words[i], err);
    if (s == QN_OK && job->input_count == 0)
        return qni_error(err, QN_NO_INPUT,
                         "there is no option chain to scan: give some with --chains, or import them (quern import)");
    if (s != QN_OK)
        return s;
    warn_of_events(job);
    return add_peers(job, err);
}

/* ---- all of it ---- */

static qn_status open_store(scan_job *job, qn_error *err)
{
    const qni_option *o = job->options;
    bool asked = qni_args_has(job->args, &o[SCAN_STORE]);
    bool whole = qni_args_has(job->args, &o[SCAN_CHAINS]) && qni_args_has(job->args, &o[SCAN_PRICES]) &&
                 qni_args_has(job->args, &o[SCAN_EARNINGS]);
    return whole && !asked ? QN_OK : qni_market_open(&job->store, job->run, job->args, &o[SCAN_STORE], false, err);
}

qn_status qni_scan_load(scan_job *job, qn_error *err)
{
    int64_t since = qni_clock_monotonic_ns();
    const char *sectors = qni_args_text(job->args, &job->options[SCAN_SECTORS]);
    qn_status s = read_chains(job, err);
    if (s == QN_OK)
        s = read_prices(job, err);
    if (s == QN_OK)
        s = read_calendars(job, err);
    if (s == QN_OK && sectors != NULL)
        s = qn_sectors_read(&job->sectors, sectors, job->allocator, err);
    if (s == QN_OK)
        s = open_store(job, err);
    if (s == QN_OK)
        s = read_store(job, err);
    if (s == QN_OK)
        s = make_inputs(job, err);
    job->read_seconds = 1e-9 * (double)(qni_clock_monotonic_ns() - since);
    return s;
}

void qni_scan_unload(scan_job *job)
{
    for (int64_t i = 0; i < job->file_count; i++)
        qn_chain_free(job->files[i].chain);
    for (int64_t i = 0; i < job->price_count; i++)
        qn_prices_free(job->prices[i]);
    for (int64_t i = 0; i < job->calendar_count; i++)
        qn_calendar_free(job->calendars[i]);
    qn_sectors_free(job->sectors);
    qn_archive_chain_free(job->stored);
    qn_archive_close(job->store);
}
