/* JSON when memory runs out: the writer's buffer fails by our allocator, the reader's tree by jansson's own hooks. */
#include "harness/harness.h"

#include "base/json.h"

#include <stdlib.h>
#include <string.h>

static qn_status write_to_buffer(const qn_allocator *allocator, void *user)
{
    (void)user;
    qni_json_buffer buffer = {.allocator = allocator};
    qni_json_writer w;
    qni_json_writer_init(&w, qni_json_buffer_sink, &buffer, 2);
    qni_json_array_begin(&w);
    for (int i = 0; i < 5000; i++)
        qni_json_string(&w, "some text", -1);
    qni_json_array_end(&w);
    qn_error err;
    qn_status status = qni_json_finish(&w, &err);
    if (status == QN_OK)
        assert_int_equal(buffer.size, strlen(buffer.text));
    qni_json_buffer_free(&buffer);
    return status;
}

static void writing_to_memory_survives_every_failed_allocation(void **state)
{
    (void)state;
    assert_true(test_fault_sweep(write_to_buffer, NULL, 100) > 3);
}

/* jansson's allocation hooks have no user pointer. */
static int64_t allocations_left, live_blocks;

static void *failing_malloc(size_t size)
{
    if (allocations_left-- <= 0)
        return NULL;
    live_blocks++;
    return malloc(size);
}

static void counting_free(void *block)
{
    live_blocks -= block != NULL;
    free(block);
}

static void reading_survives_every_failed_allocation(void **state)
{
    (void)state;
    static const char text[] =
        "{\"name\": [1, 2.5, \"a string of some length\", {\"deep\": [[[null]]]}], \"other\": true,"
        " \"a\":1,\"b\":1,\"c\":1,\"d\":1,\"e\":1,\"f\":1,\"g\":1,\"h\":1,\"i\":1,\"j\":1}";
    json_set_alloc_funcs(failing_malloc, counting_free);
    json_t *tree = NULL;
    int64_t rounds = 0;
    for (; tree == NULL; rounds++) {
        assert_true(rounds < 1000);
        allocations_left = rounds;
        live_blocks = 0;
        qn_error err;
        qn_status status = qni_json_read(&tree, text, (int64_t)strlen(text), NULL, &err);
        if (status == QN_OK)
            break;
        assert_true(status == QN_NOMEM || status == QN_SYNTAX); /* jansson may take it for a bad token */
        assert_null(tree);
        assert_int_equal(live_blocks, 0);
    }
    assert_true(rounds > 20);
    json_decref(tree);
    assert_int_equal(live_blocks, 0);
    json_set_alloc_funcs(malloc, free);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writing_to_memory_survives_every_failed_allocation),
        cmocka_unit_test(reading_survives_every_failed_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
