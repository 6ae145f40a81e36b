/* Archives of arrays: what NumPy wrote is read; what was written reads back; and what must be refused, built field by
 * field after PKWARE's APPNOTE. */
#include "harness/harness.h"

#include <quern/npz.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* numpy.savez_compressed(file, x=numpy.array([1.5, -2.0]), n=numpy.arange(3, dtype='>i2')), NumPy 1.24 */
static const uint8_t by_numpy[] = {
    0x50, 0x4B, 0x03, 0x04, 0x14, 0x00, 0x00, 0x00, 0x08, 0x00, 0x00, 0x00, 0x21, 0x00, 0xB0, 0x98, 0xC5, 0x41, 0x4D,
    0x00, 0x00, 0x00, 0x90, 0x00, 0x00, 0x00, 0x05, 0x00, 0x14, 0x00, 0x78, 0x2E, 0x6E, 0x70, 0x79, 0x01, 0x00, 0x10,
    0x00, 0x90, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x4D, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x9B, 0xEC,
    0x17, 0xEA, 0x1B, 0x10, 0xC9, 0xC8, 0x50, 0xC6, 0x50, 0xAD, 0x9E, 0x92, 0x5A, 0x9C, 0x5C, 0xA4, 0x6E, 0xA5, 0xA0,
    0x6E, 0x93, 0x66, 0xA1, 0xAE, 0xA3, 0xA0, 0x9E, 0x96, 0x5F, 0x54, 0x52, 0x94, 0x98, 0x17, 0x9F, 0x5F, 0x94, 0x92,
    0x0A, 0x12, 0x77, 0x4B, 0xCC, 0x29, 0x4E, 0x05, 0x8A, 0x17, 0x67, 0x24, 0x16, 0xA4, 0x02, 0xF9, 0x1A, 0x46, 0x3A,
    0x9A, 0x3A, 0x0A, 0xB5, 0x0A, 0x14, 0x00, 0x2E, 0x06, 0x30, 0xF8, 0x61, 0x0F, 0xA1, 0x19, 0x0E, 0x00, 0x00, 0x50,
    0x4B, 0x03, 0x04, 0x14, 0x00, 0x00, 0x00, 0x08, 0x00, 0x00, 0x00, 0x21, 0x00, 0xCD, 0x6D, 0x6A, 0x83, 0x4A, 0x00,
    0x00, 0x00, 0x86, 0x00, 0x00, 0x00, 0x05, 0x00, 0x14, 0x00, 0x6E, 0x2E, 0x6E, 0x70, 0x79, 0x01, 0x00, 0x10, 0x00,
    0x86, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x4A, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x9B, 0xEC, 0x17,
    0xEA, 0x1B, 0x10, 0xC9, 0xC8, 0x50, 0xC6, 0x50, 0xAD, 0x9E, 0x92, 0x5A, 0x9C, 0x5C, 0xA4, 0x6E, 0xA5, 0xA0, 0x6E,
    0x97, 0x69, 0xA4, 0xAE, 0xA3, 0xA0, 0x9E, 0x96, 0x5F, 0x54, 0x52, 0x94, 0x98, 0x17, 0x9F, 0x5F, 0x94, 0x92, 0x0A,
    0x12, 0x77, 0x4B, 0xCC, 0x29, 0x4E, 0x05, 0x8A, 0x17, 0x67, 0x24, 0x16, 0xA4, 0x02, 0xF9, 0x1A, 0xC6, 0x3A, 0x9A,
    0x3A, 0x0A, 0xB5, 0x0A, 0x14, 0x00, 0x2E, 0x06, 0x06, 0x06, 0x46, 0x06, 0x26, 0x00, 0x50, 0x4B, 0x01, 0x02, 0x14,
    0x03, 0x14, 0x00, 0x00, 0x00, 0x08, 0x00, 0x00, 0x00, 0x21, 0x00, 0xB0, 0x98, 0xC5, 0x41, 0x4D, 0x00, 0x00, 0x00,
    0x90, 0x00, 0x00, 0x00, 0x05, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x80, 0x01, 0x00,
    0x00, 0x00, 0x00, 0x78, 0x2E, 0x6E, 0x70, 0x79, 0x50, 0x4B, 0x01, 0x02, 0x14, 0x03, 0x14, 0x00, 0x00, 0x00, 0x08,
    0x00, 0x00, 0x00, 0x21, 0x00, 0xCD, 0x6D, 0x6A, 0x83, 0x4A, 0x00, 0x00, 0x00, 0x86, 0x00, 0x00, 0x00, 0x05, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x80, 0x01, 0x84, 0x00, 0x00, 0x00, 0x6E, 0x2E, 0x6E,
    0x70, 0x79, 0x50, 0x4B, 0x05, 0x06, 0x00, 0x00, 0x00, 0x00, 0x02, 0x00, 0x02, 0x00, 0x66, 0x00, 0x00, 0x00, 0x05,
    0x01, 0x00, 0x00, 0x00, 0x00,
};

/* zlib.compressobj(9, zlib.DEFLATED, -15) of 100000 zero bytes */
static const uint8_t deflated_zeros[] = {
    0xED, 0xC1, 0x31, 0x01, 0x00, 0x00, 0x00, 0xC2, 0xA0, 0xF5, 0x4F, 0x6D, 0x0D, 0x0F, 0xA0, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x80, 0x57, 0x03,
};

static char folder[] = "/tmp/quern-npz-XXXXXX";

static const char *path_of(const char *name)
{
    static char path[300];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

/* The checksum of zip, as ISO 3309 defines it, bit by bit. */
static uint32_t crc32_of(const void *bytes, size_t size)
{
    uint32_t crc = 0xFFFFFFFF;
    for (size_t i = 0; i < size; i++) {
        crc ^= ((const uint8_t *)bytes)[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ ((crc & 1) != 0 ? 0xEDB88320 : 0);
    }
    return ~crc;
}

/* A member; what a test does not say follows from its data. */
typedef struct entry {
    const char *name;
    const void *data; /* as it stands in the archive */
    size_t data_size;
    int method, flags;
    bool size_given, crc_given;
    uint64_t size; /* unpacked */
    uint32_t crc;
    const char *local_name; /* NULL: name */
    bool zip64;             /* sizes and offset in extra fields */
    bool at_given;          /* the directory says `at` instead of where it stands */
    size_t at;
} entry;

typedef struct archive {
    uint8_t bytes[16384];
    size_t size;
} archive;

static void put(archive *a, uint64_t value, int count)
{
    for (int i = 0; i < count; i++)
        a->bytes[a->size++] = (uint8_t)(value >> 8 * i);
}

static void put_bytes(archive *a, const void *bytes, size_t size)
{
    if (size > 0)
        memcpy(a->bytes + a->size, bytes, size);
    a->size += size;
}

/* What both headers of a member have (4.3.7, 4.3.12): from the version that is needed to the size of the name. */
static void put_common(archive *a, const entry *e, const char *name)
{
    uint64_t size = e->size_given ? e->size : e->data_size;
    put(a, e->zip64 ? 45 : 20, 2);
    put(a, (uint64_t)e->flags, 2);
    put(a, (uint64_t)e->method, 2);
    put(a, 0, 2);
    put(a, 0x21, 2);
    put(a, e->crc_given ? e->crc : crc32_of(e->data, e->data_size), 4);
    put(a, e->zip64 ? 0xFFFFFFFF : e->data_size, 4);
    put(a, e->zip64 ? 0xFFFFFFFF : size, 4);
    put(a, strlen(name), 2);
}

static void put_local(archive *a, const entry *e)
{
    const char *name = e->local_name != NULL ? e->local_name : e->name;
    put(a, 0x04034B50, 4);
    put_common(a, e, name);
    put(a, e->zip64 ? 20 : 0, 2);
    put_bytes(a, name, strlen(name));
    if (e->zip64) {
        put(a, 1, 2);
        put(a, 16, 2);
        put(a, e->size_given ? e->size : e->data_size, 8);
        put(a, e->data_size, 8);
    }
    put_bytes(a, e->data, e->data_size);
}

static void put_directory_entry(archive *a, const entry *e, size_t at)
{
    put(a, 0x02014B50, 4);
    put(a, 45, 2);
    put_common(a, e, e->name);
    put(a, e->zip64 ? 28 : 0, 2);
    put(a, 0, 2); /* comment */
    put(a, 0, 2); /* disk */
    put(a, 0, 2);
    put(a, 0, 4);
    put(a, e->zip64 ? 0xFFFFFFFF : at, 4);
    put_bytes(a, e->name, strlen(e->name));
    if (e->zip64) {
        put(a, 1, 2);
        put(a, 24, 2);
        put(a, e->size_given ? e->size : e->data_size, 8);
        put(a, e->data_size, 8);
        put(a, at, 8);
    }
}

static void put_end(archive *a, size_t count, size_t directory, bool zip64)
{
    size_t size = a->size - directory, end = a->size;
    if (zip64) { /* 4.3.14, 4.3.15 */
        put(a, 0x06064B50, 4);
        put(a, 44, 8);
        put(a, 45, 2);
        put(a, 45, 2);
        put(a, 0, 8);
        put(a, count, 8);
        put(a, count, 8);
        put(a, size, 8);
        put(a, directory, 8);
        put(a, 0x07064B50, 4);
        put(a, 0, 4);
        put(a, end, 8);
        put(a, 1, 4);
    }
    put(a, 0x06054B50, 4); /* 4.3.16 */
    put(a, 0, 4);
    put(a, zip64 ? 0xFFFF : count, 2);
    put(a, zip64 ? 0xFFFF : count, 2);
    put(a, zip64 ? 0xFFFFFFFF : size, 4);
    put(a, zip64 ? 0xFFFFFFFF : directory, 4);
    put(a, 0, 2);
}

static const archive *make(const entry *entries, size_t count)
{
    static archive a;
    size_t at[8];
    a.size = 0;
    for (size_t i = 0; i < count; i++) {
        at[i] = entries[i].at_given ? entries[i].at : a.size;
        if (!entries[i].at_given)
            put_local(&a, &entries[i]);
    }
    size_t directory = a.size;
    for (size_t i = 0; i < count; i++)
        put_directory_entry(&a, &entries[i], at[i]);
    put_end(&a, count, directory, count > 0 && entries[0].zip64);
    return &a;
}

/* A .npy file of two doubles, 3 and 4, with that dictionary; NULL: the right one. Its size is *size. */
static const char *make_npy(size_t *size, const char *dictionary)
{
    static char bytes[512];
    static const double data[] = {3, 4};
    if (dictionary == NULL)
        dictionary = "{'descr': '<f8', 'fortran_order': False, 'shape': (2,)}\n";
    size_t length = strlen(dictionary);
    memcpy(bytes, "\x93NUMPY\1\0", 8);
    bytes[8] = (char)length;
    bytes[9] = 0;
    memcpy(bytes + 10, dictionary, length);
    memcpy(bytes + 10 + length, data, sizeof data);
    *size = 10 + length + sizeof data;
    return bytes;
}

static entry npy_entry(const char *name, const char *dictionary)
{
    entry e = {.name = name};
    e.data = make_npy(&e.data_size, dictionary);
    return e;
}

static qn_status read_archive(qn_npz **out, const archive *a, qn_error *err)
{
    *err = qn_error_none();
    return qn_npz_read_bytes(out, a->bytes, (int64_t)a->size, "a.npz", NULL, NULL, err);
}

/* The archive of one member is refused, with the file's name. */
static void assert_refused(const entry *entries, size_t count, qn_status status, const char *message)
{
    qn_error err;
    qn_npz *npz;
    qn_status got = read_archive(&npz, make(entries, count), &err);
    if (got != status)
        print_error("%s: %s\n", entries[0].name, err.message);
    assert_int_equal(got, status);
    assert_null(npz);
    assert_contains(err.message, message);
    assert_string_equal(err.file, "a.npz");
}

static void what_numpy_compressed_is_read_member_by_member(void **state)
{
    (void)state;
    qn_error err;
    qn_npz *npz;
    assert_ok(qn_npz_read_bytes(&npz, by_numpy, sizeof by_numpy, "a.npz", NULL, NULL, &err), &err);
    assert_int_equal(qn_npz_count(npz), 2);
    assert_string_equal(qn_npz_name(npz, 0), "x");
    assert_string_equal(qn_npz_name(npz, 1), "n");
    assert_int_equal(qn_npz_find(npz, "n"), 1);
    assert_int_equal(qn_npz_find(npz, "n.npy"), -1);
    const qn_array *x = qn_npz_array(npz, 0), *n = qn_npz_array(npz, 1);
    assert_int_equal(x->dtype, QN_DTYPE_F64);
    assert_int_equal(n->dtype, QN_DTYPE_I16);
    assert_true(((const double *)x->data)[0] == 1.5 && ((const double *)x->data)[1] == -2);
    assert_int_equal(((const int16_t *)n->data)[2], 2);
    int64_t size = 7;
    assert_null(qn_npz_bytes(&size, npz, 0));
    assert_int_equal(size, 0);
    qn_npz_free(npz);
}

static void an_array_outlives_the_archive_in_a_view(void **state)
{
    (void)state;
    qn_error err;
    qn_npz *npz;
    qn_array view;
    assert_ok(qn_npz_read_bytes(&npz, by_numpy, sizeof by_numpy, "a.npz", NULL, NULL, &err), &err);
    qn_array_view(&view, qn_npz_array(npz, 0));
    qn_npz_free(npz);
    assert_true(((const double *)view.data)[1] == -2);
    qn_array_fini(&view);
}

/* Changing any byte of an archive is noticed, or changes nothing that is read. */
static void no_changed_byte_changes_a_value_unnoticed(void **state)
{
    (void)state;
    uint8_t bytes[sizeof by_numpy];
    int noticed = 0;
    for (size_t i = 0; i < sizeof bytes; i++) {
        memcpy(bytes, by_numpy, sizeof bytes);
        bytes[i] ^= (uint8_t)(1 << i % 8);
        qn_npz *npz;
        qn_error err = qn_error_none();
        qn_status s = qn_npz_read_bytes(&npz, bytes, sizeof bytes, "a.npz", NULL, NULL, &err);
        noticed += s != QN_OK;
        assert_true(s == QN_OK || s == QN_DATA || s == QN_LIMIT);
        if (s == QN_OK) {
            assert_int_equal(qn_npz_find(npz, "x"), 0);
            assert_int_equal(qn_npz_find(npz, "n"), 1);
            assert_true(((const double *)qn_npz_array(npz, 0)->data)[0] == 1.5);
            assert_int_equal(((const int16_t *)qn_npz_array(npz, 1)->data)[2], 2);
        } else {
            assert_true(err.message[0] != '\0');
        }
        qn_npz_free(npz);
    }
    assert_true(noticed > (int)sizeof bytes * 3 / 4);
}

static void an_archive_cut_anywhere_is_refused(void **state)
{
    (void)state;
    for (int64_t size = 0; size < (int64_t)sizeof by_numpy; size++) {
        qn_npz *npz;
        qn_error err;
        assert_int_equal(qn_npz_read_bytes(&npz, by_numpy, size, "a.npz", NULL, NULL, &err), QN_DATA);
        assert_null(npz);
    }
}

static void members_may_be_stored_deflated_empty_and_in_zip64(void **state)
{
    (void)state;
    for (int zip64 = 0; zip64 < 2; zip64++) {
        entry entries[] = {
            npy_entry("a/b.npy", NULL),
            {.name = "table.json", .data = "{}", .data_size = 2},
            {.name = "none", .data = ""},
            {.name = "zeros", .data = deflated_zeros, .data_size = sizeof deflated_zeros, .method = 8},
        };
        entries[0].zip64 = entries[3].zip64 = zip64 != 0;
        entries[3].size_given = entries[3].crc_given = true;
        entries[3].size = 100000;
        uint8_t *zeros = calloc(1, 100000);
        entries[3].crc = crc32_of(zeros, 100000);
        qn_error err;
        qn_npz *npz;
        assert_ok(read_archive(&npz, make(entries, 4), &err), &err);
        assert_int_equal(qn_npz_count(npz), 4);
        assert_int_equal(qn_npz_kind_of(npz, 0), QN_NPZ_ARRAY);
        assert_true(((const double *)qn_npz_array(npz, 0)->data)[1] == 4);
        int64_t size;
        assert_memory_equal(qn_npz_bytes(&size, npz, 1), "{}", 2);
        assert_int_equal(size, 2);
        assert_int_equal(qn_npz_kind_of(npz, 1), QN_NPZ_BYTES);
        assert_null(qn_npz_array(npz, 1));
        assert_non_null(qn_npz_bytes(&size, npz, 2));
        assert_int_equal(size, 0);
        assert_memory_equal(qn_npz_bytes(&size, npz, 3), zeros, 100000);
        assert_int_equal(size, 100000);
        qn_npz_free(npz);
        free(zeros);
    }
}

static void names_that_lead_elsewhere_are_refused(void **state)
{
    (void)state;
    char long_name[1100];
    memset(long_name, 'n', sizeof long_name);
    long_name[1025] = '\0';
    const struct {
        const char *name, *message;
    } cases[] = {
        {"/etc/passwd", "is an absolute path"},
        {"../x.npy", "leads to another folder"},
        {"a/../../x.npy", "leads to another folder"},
        {"a/..", "leads to another folder"},
        {"./x", "leads to another folder"},
        {"a//x", "leads to another folder"},
        {"a\\x.npy", "has a backslash"},
        {"C:\\x", "has a backslash"},
        {"folder/", "is that of a folder"},
        {"", "is empty"},
        {".npy", "is empty"},
        {"\xFF.npy", "is not UTF-8"},
        {"\xC0\xAFx", "is not UTF-8"},
        {"a\x01.npy", "has a control character"},
        {"a\nb", "has a control character"},
        {long_name, "more than 1024 bytes"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        entry e = npy_entry(cases[i].name, NULL);
        assert_refused(&e, 1, QN_DATA, cases[i].message);
    }
    long_name[1024] = '\0';
    entry e = {.name = long_name, .data = "x", .data_size = 1};
    qn_error err;
    qn_npz *npz;
    assert_ok(read_archive(&npz, make(&e, 1), &err), &err);
    assert_string_equal(qn_npz_name(npz, 0), long_name);
    qn_npz_free(npz);
}

static void two_members_of_one_name_are_refused(void **state)
{
    (void)state;
    entry same[] = {{.name = "x", .data = "1", .data_size = 1}, {.name = "x", .data = "2", .data_size = 1}};
    assert_refused(same, 2, QN_DATA, "same name");
    entry both[] = {npy_entry("x.npy", NULL), {.name = "x", .data = "2", .data_size = 1}};
    assert_refused(both, 2, QN_DATA, "member \"x\": another member has the same name");
}

static void what_the_directory_says_must_come(void **state)
{
    (void)state;
    entry crc = npy_entry("x.npy", NULL);
    crc.crc_given = true;
    crc.crc = 1;
    assert_refused(&crc, 1, QN_DATA, "member \"x.npy\": its checksum is not that of its bytes");
    entry raw = {.name = "raw", .data = "abc", .data_size = 3, .crc_given = true};
    assert_refused(&raw, 1, QN_DATA, "member \"raw\": its checksum");

    entry size = {.name = "s", .data = "abc", .data_size = 3, .size_given = true, .size = 1000};
    assert_refused(&size, 1, QN_DATA, "member \"s\": the archive's directory says a size that cannot be");
    entry packed = {.name = "z",
                    .data = deflated_zeros,
                    .data_size = sizeof deflated_zeros,
                    .method = 8,
                    .size_given = true,
                    .size = 99999};
    assert_refused(&packed, 1, QN_DATA, "member \"z\": it unpacks to more than the 99999 bytes");
    uint8_t *zeros = calloc(1, 100000);
    packed.size = 100001;
    packed.crc_given = true;
    packed.crc = crc32_of(zeros, 100000);
    free(zeros);
    assert_refused(&packed, 1, QN_DATA, "member \"z\": it unpacks to less than the 100001 bytes");
    packed.size = 100000;
    packed.crc ^= 1;
    assert_refused(&packed, 1, QN_DATA, "member \"z\": its checksum");
    entry garbage = {.name = "g", .data = "\xFF\xFF\xFF", .data_size = 3, .method = 8, .size_given = true, .size = 10};
    assert_refused(&garbage, 1, QN_DATA, "member \"g\": its compressed bytes are damaged");
    entry name = {.name = "a", .local_name = "b", .data = "abc", .data_size = 3};
    assert_refused(&name, 1, QN_DATA, "its directory contradicts what stands before a member");
}

static void other_methods_and_encryption_are_refused_by_name(void **state)
{
    (void)state;
    entry e = {.name = "x", .data = "abc", .data_size = 3, .method = 12};
    assert_refused(&e, 1, QN_DATA, "member \"x\": it is compressed by method 12 (bzip2)");
    e.method = 93;
    assert_refused(&e, 1, QN_DATA, "method 93 (zstd)");
    e.method = 6;
    assert_refused(&e, 1, QN_DATA, "method 6, of which only");
    e.method = 0;
    e.flags = 1;
    assert_refused(&e, 1, QN_DATA, "member \"x\": it is encrypted");
}

static void members_that_overlap_are_refused(void **state)
{
    (void)state;
    /* The bytes of the first member are a second one, header and all. */
    entry inner = {.name = "b", .data = "0123456789", .data_size = 10};
    archive whole = *make(&inner, 1);
    size_t inner_size = 30 + 1 + 10;
    entry outer[] = {{.name = "a", .data = whole.bytes, .data_size = inner_size}, inner};
    outer[1].at_given = true;
    outer[1].at = 30 + 1;
    assert_refused(outer, 2, QN_DATA, "members overlap");
}

static void arrays_that_are_none_are_refused_with_the_member(void **state)
{
    (void)state;
    static const struct {
        const char *dictionary;
        qn_status status;
        const char *message;
    } cases[] = {
        {"{'descr': '|O', 'fortran_order': False, 'shape': (2,)}", QN_DATA, "Python objects \"|O\" are not read"},
        {"{'descr': [('a', '<f8')], 'fortran_order': False, 'shape': (2,)}", QN_DATA, "named fields"},
        {"{'descr': '<f8', 'fortran_order': False, 'shape': (9223372036854775808,)}", QN_DATA, "larger than any"},
        {"{'descr': '<f8', 'fortran_order': False, 'shape': (1099511627776,)}", QN_DATA, "cut off"},
        {"{'descr': '<f8', 'fortran_order': False, 'shape': (-2,)}", QN_DATA, "header of the .npy file is damaged"},
        {"{'descr': '<f8', 'fortran_order': False, 'shape': (1,)}", QN_DATA, "more bytes follow"},
        {"{'descr': '<f8', 'fortran_order': False, 'shape': (1,1,1,1,1,1,1,1,2)}", QN_LIMIT, "more than 8 axes"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        entry e = npy_entry("x.npy", cases[i].dictionary);
        assert_refused(&e, 1, cases[i].status, cases[i].message);
        assert_refused(&e, 1, cases[i].status, "member \"x.npy\": ");
    }
    entry e = {.name = "x.npy", .data = "no array", .data_size = 8};
    assert_refused(&e, 1, QN_DATA, "member \"x.npy\": this is no .npy file");
}

static qn_status read_limited(const archive *a, int64_t members, int64_t bytes, const qn_allocator *memory,
                              qn_error *err)
{
    qn_npz *npz;
    qn_npz_read_options options;
    qn_npz_read_options_init(&options, sizeof options);
    options.max_members = members;
    options.max_bytes = bytes;
    qn_status s = qn_npz_read_bytes(&npz, a->bytes, (int64_t)a->size, "a.npz", &options, memory, err);
    qn_npz_free(npz);
    return s;
}

static void a_bomb_is_refused_before_it_is_unpacked(void **state)
{
    (void)state;
    uint8_t *zeros = calloc(1, 100000);
    entry bomb = {.data = deflated_zeros, .data_size = sizeof deflated_zeros, .method = 8, .size_given = true};
    bomb.size = 100000;
    bomb.crc_given = true;
    bomb.crc = crc32_of(zeros, 100000);
    free(zeros);
    entry bombs[] = {bomb, bomb, bomb};
    bombs[0].name = "a";
    bombs[1].name = "b";
    bombs[2].name = "c";
    const archive *a = make(bombs, 3);
    test_allocator memory;
    test_allocator_init(&memory);
    qn_error err;
    assert_ok(read_limited(a, 3, 300000, &memory.allocator, &err), &err);
    assert_int_equal(read_limited(a, 2, 300000, &memory.allocator, &err), QN_LIMIT);
    assert_contains(err.message, "3 members are more than 2");
    assert_int_equal(read_limited(a, 3, 299999, &memory.allocator, &err), QN_LIMIT);
    assert_contains(err.message, "member \"c\": with it the archive unpacks to more than 299999 bytes");
    assert_int_equal(read_limited(a, 3, 10, &memory.allocator, &err), QN_LIMIT);
    assert_contains(err.message, "the archive has");
    assert_int_equal(read_limited(a, -1, 0, &memory.allocator, &err), QN_INVALID);
    assert_int_equal(memory.live_bytes, 0);

    test_allocator_init(&memory); /* what is promised and does not come costs nothing */
    bombs[0].size = INT64_C(1) << 29;
    assert_int_equal(read_limited(make(bombs, 1), 0, 0, &memory.allocator, &err), QN_DATA);
    assert_contains(err.message, "unpacks to less than");
    assert_true(memory.peak_bytes < 3 << 20);
    bombs[0].size = (INT64_C(1) << 30) + 1;
    bombs[0].zip64 = true;
    assert_int_equal(read_limited(make(bombs, 1), 0, 0, &memory.allocator, &err), QN_LIMIT);
    bombs[0].size = UINT64_MAX;
    assert_int_equal(read_limited(make(bombs, 1), 0, 0, &memory.allocator, &err), QN_DATA);
}

static void what_is_no_archive_is_refused(void **state)
{
    (void)state;
    qn_npz *npz;
    qn_error err;
    assert_int_equal(qn_npz_read_bytes(&npz, "x,y\n1,2\n", 8, "a.csv", NULL, NULL, &err), QN_DATA);
    assert_contains(err.message, "this is no .npz file");
    assert_int_equal(qn_npz_read_bytes(&npz, NULL, 0, NULL, NULL, NULL, &err), QN_DATA);
    assert_int_equal(qn_npz_read_bytes(&npz, NULL, -1, NULL, NULL, NULL, &err), QN_INVALID);
    qn_npz_read_options options = {.size = 3};
    assert_int_equal(qn_npz_read_bytes(&npz, by_numpy, sizeof by_numpy, "a", &options, NULL, &err), QN_INVALID);
    assert_int_equal(qn_npz_read(&npz, "/nowhere/a.npz", NULL, NULL, &err), QN_NO_INPUT);
    assert_int_equal(qn_npz_read(&npz, "/", NULL, NULL, &err), QN_NO_INPUT);
    uint8_t bytes[sizeof by_numpy + 1];
    memcpy(bytes, by_numpy, sizeof by_numpy);
    bytes[sizeof by_numpy] = 'x';
    assert_int_equal(qn_npz_read_bytes(&npz, bytes, sizeof bytes, "a.npz", NULL, NULL, &err), QN_DATA);
    entry e = {.name = "x", .data = "1", .data_size = 1};
    assert_int_equal(qn_npz_read_bytes(&npz, make(&e, 0)->bytes, 22, "a.npz", NULL, NULL, &err), QN_OK);
    assert_int_equal(qn_npz_count(npz), 0);
    assert_int_equal(qn_npz_find(npz, "x"), -1);
    qn_npz_free(npz);
}

/* An array of (2, 3) in Fortran order, one that is contiguous in no order, a scalar; text; nothing. */
enum {
    MEMBERS = 5
};
static void make_members(qn_npz_member members[MEMBERS], qn_array arrays[4])
{
    qn_error err;
    assert_ok(qn_array_init(&arrays[0], QN_DTYPE_F64, 2, (int64_t[]){3, 2}, NULL, &err), &err);
    for (int i = 0; i < 6; i++)
        ((double *)arrays[0].data)[i] = i + 0.5;
    assert_ok(qn_array_transpose(&arrays[1], &arrays[0], NULL, &err), &err);
    assert_ok(qn_array_slice(&arrays[2], &arrays[0], 1, 1, 1, 1, &err), &err);
    assert_ok(qn_array_init(&arrays[3], QN_DTYPE_U8, 0, NULL, NULL, &err), &err);
    *(uint8_t *)arrays[3].data = 7;
    const qn_npz_member made[MEMBERS] = {
        {.name = "fortran", .array = &arrays[1]},
        {.name = "s/lice", .array = &arrays[2]},
        {.name = "größe", .array = &arrays[3]},
        {.name = "text.json", .bytes = "[1,2]", .byte_count = 5},
        {.name = "none"},
    };
    memcpy(members, made, sizeof made);
}

static void assert_members(const qn_npz *npz)
{
    assert_int_equal(qn_npz_count(npz), MEMBERS);
    const qn_array *fortran = qn_npz_array(npz, 0), *slice = qn_npz_array(npz, 1), *scalar = qn_npz_array(npz, 2);
    assert_int_equal(fortran->strides[0], 8); /* as it lay in memory */
    assert_true(((const double *)fortran->data)[5] == 5.5);
    assert_int_equal(slice->shape[0], 3);
    assert_int_equal(slice->shape[1], 1);
    assert_true(((const double *)slice->data)[2] == 5.5);
    assert_int_equal(scalar->ndim, 0);
    assert_int_equal(*(const uint8_t *)scalar->data, 7);
    assert_int_equal(qn_npz_find(npz, "größe"), 2);
    int64_t size;
    assert_memory_equal(qn_npz_bytes(&size, npz, 3), "[1,2]", 5);
    assert_int_equal(size, 5);
    (void)qn_npz_bytes(&size, npz, 4);
    assert_int_equal(size, 0);
}

static void what_is_written_reads_back_stored_and_deflated(void **state)
{
    (void)state;
    qn_npz_member members[MEMBERS];
    qn_array arrays[4];
    qn_error err;
    make_members(members, arrays);
    for (int level = 0; level <= 9; level += 3) {
        qn_npz_write_options options;
        qn_npz_write_options_init(&options, sizeof options);
        options.level = level;
        void *bytes, *again;
        int64_t size, again_size;
        qn_npz *npz;
        assert_ok(qn_npz_write_bytes(&bytes, &size, members, MEMBERS, &options, NULL, &err), &err);
        assert_memory_equal((const char *)bytes + 10, "\0\0\x21\0", 4); /* 1980-01-01, 00:00 (4.4.6) */
        assert_ok(qn_npz_read_bytes(&npz, bytes, size, "a.npz", NULL, NULL, &err), &err);
        assert_members(npz);
        qn_npz_free(npz);
        assert_ok(qn_npz_write(members, MEMBERS, path_of("a.npz"), &options, NULL, &err), &err);
        assert_ok(qn_npz_read(&npz, path_of("a.npz"), NULL, NULL, &err), &err);
        assert_members(npz);
        qn_npz_free(npz);
        assert_ok(qn_npz_write_bytes(&again, &again_size, members, MEMBERS, &options, NULL, &err), &err);
        assert_int_equal(again_size, size);
        assert_memory_equal(again, bytes, (size_t)size);
        qn_npy_bytes_free(again, again_size, NULL);
        qn_npy_bytes_free(bytes, size, NULL);
    }
    for (int i = 0; i < 4; i++)
        qn_array_fini(&arrays[i]);
}

static void an_archive_without_members_is_written_too(void **state)
{
    (void)state;
    void *bytes;
    int64_t size;
    qn_error err;
    qn_npz *npz;
    assert_ok(qn_npz_write_bytes(&bytes, &size, NULL, 0, NULL, NULL, &err), &err);
    assert_int_equal(size, 22);
    assert_ok(qn_npz_read_bytes(&npz, bytes, size, "a.npz", NULL, NULL, &err), &err);
    assert_int_equal(qn_npz_count(npz), 0);
    qn_npz_free(npz);
    qn_npy_bytes_free(bytes, size, NULL);
}

static void assert_not_written(const qn_npz_member *members, int64_t count, const qn_npz_write_options *options,
                               const char *message)
{
    void *bytes;
    int64_t size;
    qn_error err;
    assert_int_equal(qn_npz_write_bytes(&bytes, &size, members, count, options, NULL, &err), QN_INVALID);
    assert_null(bytes);
    assert_int_equal(size, 0);
    assert_contains(err.message, message);
}

static void what_cannot_be_written_is_refused_by_name(void **state)
{
    (void)state;
    qn_error err;
    qn_array half, ended = {0};
    assert_ok(qn_array_init(&half, QN_DTYPE_BF16, 1, (int64_t[]){2}, NULL, &err), &err);
    assert_not_written(&(qn_npz_member){.name = "h", .array = &half}, 1, NULL, "member \"h\": NumPy has no type bf16");
    assert_not_written(&(qn_npz_member){.name = "e", .array = &ended}, 1, NULL, "member \"e\": the array has ended");
    qn_array_fini(&half);
    assert_not_written(&(qn_npz_member){.name = "../x"}, 1, NULL, "leads to another folder");
    assert_not_written(&(qn_npz_member){.name = ""}, 1, NULL, "is empty");
    assert_not_written(&(qn_npz_member){.name = "a\x7f"}, 1, NULL, "has a control character");
    assert_not_written(&(qn_npz_member){.name = NULL}, 1, NULL, "member 0 has no name");
    assert_not_written(&(qn_npz_member){.name = "x.npy"}, 1, NULL, "only the name of an array's member");
    assert_not_written(&(qn_npz_member){.name = "x", .byte_count = 3}, 1, NULL, "neither an array nor bytes");
    assert_not_written((qn_npz_member[]){{.name = "x"}, {.name = "x"}}, 2, NULL, "another member has the same name");
    assert_not_written(NULL, 2, NULL, "no 2 members");
    assert_not_written(NULL, -1, NULL, "no -1 members");
    assert_not_written(NULL, 0, &(qn_npz_write_options){.size = sizeof(qn_npz_write_options), .level = 10},
                       "a level of compression is 0 to 9");
    assert_not_written(NULL, 0, &(qn_npz_write_options){.size = 1}, "qn_npz_write_options");
    assert_int_equal(qn_npz_write(&(qn_npz_member){.name = "x"}, 1, "/nowhere/a.npz", NULL, NULL, &err), QN_CREATE);
    assert_int_equal(qn_npz_write(&(qn_npz_member){.name = "/"}, 1, path_of("b.npz"), NULL, NULL, &err), QN_INVALID);
    assert_int_equal(access(path_of("b.npz"), F_OK), -1);
}

static void elements_may_be_truths_or_times_to_numpy(void **state)
{
    (void)state;
    static const struct {
        qn_dtype dtype;
        const char *type, *descr;
    } cases[] = {
        {QN_DTYPE_U8, "b1", "'descr': '|b1'"},        {QN_DTYPE_U8, NULL, "'descr': '|u1'"},
        {QN_DTYPE_I64, "M8[D]", "'descr': '<M8[D]'"}, {QN_DTYPE_I64, "M8[us]", "'descr': '<M8[us]'"},
        {QN_DTYPE_I64, NULL, "'descr': '<i8'"},
    };
    qn_error err;
    qn_array a;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        void *bytes;
        int64_t size;
        qn_npz *npz;
        char header[200] = "";
        assert_ok(qn_array_init(&a, cases[i].dtype, 1, (int64_t[]){1}, NULL, &err), &err);
        *(uint8_t *)a.data = 1;
        const qn_npz_member member = {.name = "x", .array = &a, .type = cases[i].type};
        assert_ok(qn_npz_write_bytes(&bytes, &size, &member, 1, NULL, NULL, &err), &err);
        memcpy(header, (char *)bytes + 64 + 10, sizeof header - 1); /* the data begin at a multiple of 64 */
        assert_contains(header, cases[i].descr);
        assert_ok(qn_npz_read_bytes(&npz, bytes, size, "a.npz", NULL, NULL, &err), &err);
        assert_int_equal(qn_npz_array(npz, 0)->dtype, cases[i].dtype);
        assert_int_equal(*(const uint8_t *)qn_npz_array(npz, 0)->data, 1);
        qn_npz_free(npz);
        qn_npy_bytes_free(bytes, size, NULL);
        qn_array_fini(&a);
    }
    assert_ok(qn_array_init(&a, QN_DTYPE_U8, 1, (int64_t[]){3}, NULL, &err), &err);
    ((uint8_t *)a.data)[1] = 2;
    assert_not_written(&(qn_npz_member){.name = "x", .array = &a, .type = "b1"}, 1, NULL,
                       "member \"x\": element 1 is 2, neither 0 nor 1");
    qn_array_fini(&a);
    assert_ok(qn_array_init(&a, QN_DTYPE_F64, 1, (int64_t[]){1}, NULL, &err), &err);
    assert_not_written(&(qn_npz_member){.name = "x", .array = &a, .type = "M8[D]"}, 1, NULL,
                       "member \"x\": elements of type f64 cannot be NumPy's \"M8[D]\"");
    qn_array_fini(&a);
}

static void write_table(const qn_npz_member *members, int64_t count)
{
    qn_error err;
    assert_ok(qn_npz_write(members, count, path_of("t.npz"), NULL, NULL, &err), &err);
}

static void arrays_of_one_length_become_a_table(void **state)
{
    (void)state;
    qn_error err;
    qn_array x, i, grid;
    assert_ok(qn_array_init(&x, QN_DTYPE_F64, 1, (int64_t[]){3}, NULL, &err), &err);
    assert_ok(qn_array_init(&i, QN_DTYPE_I32, 1, (int64_t[]){3}, NULL, &err), &err);
    assert_ok(qn_array_init(&grid, QN_DTYPE_F64, 2, (int64_t[]){3, 1}, NULL, &err), &err);
    for (int k = 0; k < 3; k++) {
        ((double *)x.data)[k] = k / 4.0;
        ((int32_t *)i.data)[k] = k - 1;
    }
    write_table((qn_npz_member[]){{.name = "when", .array = &i}, {.name = "x", .array = &x}}, 2);
    qn_table *table;
    assert_ok(qn_npz_read_table(&table, path_of("t.npz"), NULL, &err), &err);
    assert_int_equal(qn_table_row_count(table), 3);
    assert_string_equal(qn_table_column_name(table, 0), "when");
    assert_string_equal(qn_table_source(table), path_of("t.npz"));
    assert_true(qn_table_f64(table, 0)[0] == -1 && qn_table_f64(table, 1)[2] == 0.5);
    qn_table_free(table);

    write_table((qn_npz_member[]){{.name = "x", .array = &x}, {.name = "grid", .array = &grid}}, 2);
    assert_int_equal(qn_npz_read_table(&table, path_of("t.npz"), NULL, &err), QN_DATA);
    assert_contains(err.message, "member \"grid\" has 2 axes");
    assert_null(table);
    qn_array_fini(&grid);
    assert_ok(qn_array_init(&grid, QN_DTYPE_F64, 1, (int64_t[]){4}, NULL, &err), &err);
    write_table((qn_npz_member[]){{.name = "x", .array = &x}, {.name = "long", .array = &grid}}, 2);
    assert_int_equal(qn_npz_read_table(&table, path_of("t.npz"), NULL, &err), QN_DATA);
    assert_contains(err.message, "member \"long\" has 4 elements, and \"x\" has 3");
    write_table((qn_npz_member[]){{.name = "note.txt", .bytes = "x", .byte_count = 1}, {.name = "x", .array = &x}}, 2);
    assert_int_equal(qn_npz_read_table(&table, path_of("t.npz"), NULL, &err), QN_DATA);
    assert_contains(err.message, "member \"note.txt\" is no array");
    qn_array days;
    assert_ok(qn_array_init(&days, QN_DTYPE_I64, 1, (int64_t[]){3}, NULL, &err), &err);
    write_table((qn_npz_member[]){{.name = "x", .array = &x}, {.name = "day", .array = &days, .type = "M8[D]"}}, 2);
    assert_int_equal(qn_npz_read_table(&table, path_of("t.npz"), NULL, &err), QN_DATA);
    assert_contains(err.message, "member \"day\": times (datetime64) are no numbers");
    qn_array_fini(&days);
    write_table(NULL, 0);
    assert_int_equal(qn_npz_read_table(&table, path_of("t.npz"), NULL, &err), QN_DATA);
    assert_contains(err.message, "no member that could be a column");
    assert_string_equal(err.file, path_of("t.npz"));
    qn_array_fini(&grid);
    qn_array_fini(&i);
    qn_array_fini(&x);
    assert_int_equal(unlink(path_of("t.npz")), 0);
    assert_int_equal(unlink(path_of("a.npz")), 0);
}

static void without_libzip_it_says_what_is_missing(void **state)
{
    (void)state;
    qn_npz *npz;
    qn_error err;
    void *bytes;
    int64_t size;
    qn_table *table;
    const qn_npz_member member = {.name = "x"};
    assert_int_equal(qn_npz_read_bytes(&npz, by_numpy, sizeof by_numpy, "a", NULL, NULL, &err), QN_UNAVAILABLE);
    assert_null(npz);
    assert_contains(err.message, "libzip");
    assert_int_equal(qn_npz_read(&npz, "a.npz", NULL, NULL, &err), QN_UNAVAILABLE);
    assert_int_equal(qn_npz_read_table(&table, "a.npz", NULL, &err), QN_UNAVAILABLE);
    assert_null(table);
    assert_int_equal(qn_npz_write(&member, 1, path_of("a.npz"), NULL, NULL, &err), QN_UNAVAILABLE);
    assert_int_equal(qn_npz_write_bytes(&bytes, &size, &member, 1, NULL, NULL, &err), QN_UNAVAILABLE);
    assert_null(bytes);
}

int main(void)
{
    const struct CMUnitTest with[] = {
        cmocka_unit_test(what_numpy_compressed_is_read_member_by_member),
        cmocka_unit_test(an_array_outlives_the_archive_in_a_view),
        cmocka_unit_test(no_changed_byte_changes_a_value_unnoticed),
        cmocka_unit_test(an_archive_cut_anywhere_is_refused),
        cmocka_unit_test(members_may_be_stored_deflated_empty_and_in_zip64),
        cmocka_unit_test(names_that_lead_elsewhere_are_refused),
        cmocka_unit_test(two_members_of_one_name_are_refused),
        cmocka_unit_test(what_the_directory_says_must_come),
        cmocka_unit_test(other_methods_and_encryption_are_refused_by_name),
        cmocka_unit_test(members_that_overlap_are_refused),
        cmocka_unit_test(arrays_that_are_none_are_refused_with_the_member),
        cmocka_unit_test(a_bomb_is_refused_before_it_is_unpacked),
        cmocka_unit_test(what_is_no_archive_is_refused),
        cmocka_unit_test(what_is_written_reads_back_stored_and_deflated),
        cmocka_unit_test(an_archive_without_members_is_written_too),
        cmocka_unit_test(what_cannot_be_written_is_refused_by_name),
        cmocka_unit_test(elements_may_be_truths_or_times_to_numpy),
        cmocka_unit_test(arrays_of_one_length_become_a_table),
    };
    const struct CMUnitTest without[] = {
        cmocka_unit_test(without_libzip_it_says_what_is_missing),
    };
    if (mkdtemp(folder) == NULL)
        return 1;
    int failed = qn_has("zip") ? cmocka_run_group_tests(with, NULL, NULL) : cmocka_run_group_tests(without, NULL, NULL);
    return failed + (rmdir(folder) != 0);
}
