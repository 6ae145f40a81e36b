/* Any bytes as an archive of arrays, within limits: what is read are members under names that lead nowhere, no larger
 * in all than the limit; and written again, stored, they read back the same. */
#include <quern/npz.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REQUIRE(condition)                                                    \
    do {                                                                      \
        if (!(condition)) {                                                   \
            (void)fprintf(stderr, "fuzz_npz:%d: %s\n", __LINE__, #condition); \
            abort();                                                          \
        }                                                                     \
    } while (0)

enum {
    MEMBERS = 64,
    BYTES = 1 << 20
};

/* Bytes of a member, all of which are looked at. */
static int64_t look_at(const qn_npz *npz, int64_t i, qn_npz_member *member)
{
    int64_t size, sum = 0;
    const qn_array *a = qn_npz_array(npz, i);
    const uint8_t *bytes = qn_npz_bytes(&size, npz, i);
    *member = (qn_npz_member){.name = qn_npz_name(npz, i), .array = a, .bytes = bytes, .byte_count = size};
    REQUIRE((a != NULL) == (qn_npz_kind_of(npz, i) == QN_NPZ_ARRAY) && (a != NULL) == (bytes == NULL));
    REQUIRE(qn_npz_find(npz, member->name) == i);
    REQUIRE(member->name[0] != '/' && strchr(member->name, '\\') == NULL && strcmp(member->name, "..") != 0);
    REQUIRE(strncmp(member->name, "../", 3) != 0 && strstr(member->name, "/../") == NULL);
    if (a != NULL) {
        bytes = a->data;
        size = qn_array_count(a) * qn_dtype_size(a->dtype);
    }
    for (int64_t k = 0; k < size; k++)
        sum += bytes[k];
    REQUIRE(sum >= 0);
    return size;
}

static void write_again(const qn_npz_member *members, int64_t count)
{
    void *bytes;
    int64_t size;
    qn_npz *npz;
    REQUIRE(qn_npz_write_bytes(&bytes, &size, members, count, NULL, NULL, NULL) == QN_OK);
    REQUIRE(qn_npz_read_bytes(&npz, bytes, size, "f", NULL, NULL, NULL) == QN_OK);
    REQUIRE(qn_npz_count(npz) == count);
    for (int64_t i = 0; i < count; i++) {
        const qn_array *a = members[i].array;
        const qn_array *b = qn_npz_array(npz, i);
        int64_t length;
        REQUIRE(strcmp(qn_npz_name(npz, i), members[i].name) == 0 && (a != NULL) == (b != NULL));
        const void *again = qn_npz_bytes(&length, npz, i);
        if (a == NULL)
            REQUIRE(length == members[i].byte_count && memcmp(again, members[i].bytes, (size_t)length) == 0);
        else
            REQUIRE(memcmp(a->shape, b->shape, sizeof a->shape) == 0 && a->dtype == b->dtype);
    }
    qn_npz_free(npz);
    qn_npy_bytes_free(bytes, size, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    qn_npz *npz;
    qn_error err = qn_error_none();
    qn_npz_read_options options;
    qn_npz_read_options_init(&options, sizeof options);
    options.max_members = MEMBERS;
    options.max_bytes = BYTES;
    qn_status s = qn_npz_read_bytes(&npz, data, (int64_t)size, "f", &options, NULL, &err);
    if (s != QN_OK) {
        REQUIRE(npz == NULL && err.message[0] != '\0');
        REQUIRE(s == QN_DATA || s == QN_LIMIT || s == QN_NOMEM || s == QN_UNAVAILABLE);
        return 0;
    }
    qn_npz_member members[MEMBERS];
    int64_t count = qn_npz_count(npz), bytes = 0;
    REQUIRE(count <= MEMBERS);
    for (int64_t i = 0; i < count; i++)
        bytes += look_at(npz, i, &members[i]);
    REQUIRE(bytes <= BYTES);
    write_again(members, count);
    qn_npz_free(npz);
    return 0;
}
