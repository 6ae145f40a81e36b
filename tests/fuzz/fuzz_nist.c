/* Any bytes read as a NIST StRD file: no crash, no leak; what is read is whole. */
#include <quern/nist.h>

#include <assert.h>
#include <stddef.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    qn_error err;
    qn_nist *nist;
    qn_status s = qn_nist_read_bytes(&nist, (const char *)data, (int64_t)size, "fuzz.dat", NULL, &err);
    assert((s == QN_OK) == (nist != NULL));
    if (nist != NULL) {
        assert(nist->p > 0 && nist->n > 0 && qn_table_row_count(nist->table) == nist->n);
        assert(nist->formula[0] != '\0' && nist->parameters[nist->p - 1][0] != '\0');
    } else {
        assert(err.message[0] != '\0');
    }
    qn_nist_free(nist);
    return 0;
}
