/* A risk file from arbitrary bytes: a refusal says why and where; a gate that is read decides on orders, and counts
 * each of them once. */
#include "stream/gate_int.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds, const char *what)
{
    if (!holds) {
        fprintf(stderr, "fuzz_gate: %s\n", what);
        abort();
    }
}

enum {
    SYMBOLS = 8,
    ORDERS = 200
};

static void decide(qn_gate *gate)
{
    for (int64_t i = 0; i < ORDERS; i++) {
        qn_tick t = {.time_ns = i * 100000000 * (i % 7 - 2),
                     .symbol = (int32_t)(i % (SYMBOLS + 1)),
                     .price = i % 11 * ((int64_t)QN_TICK_SCALE << i % 20),
                     .size = (1 + i % 5) * (int64_t)QN_TICK_SCALE,
                     .side = i % 3 == 0 ? -1 : 1};
        if (i % 4 == 0)
            qn_gate_mark(gate, &t);
        require((int)qn_gate_decide(gate, &t) < (int)QN_GATE_RULE_END, "a decision is a rule");
    }
    qn_gate_stats s = {.size = sizeof s};
    qn_gate_get_stats(gate, &s);
    require(s.orders == ORDERS && s.accepted + s.refused == ORDERS, "each order is counted once");
    require(s.peak >= s.equity, "equity is at most its peak");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    qn_symbols *symbols;
    qn_error err = qn_error_none();
    require(qn_symbols_new(&symbols, SYMBOLS, NULL, &err) == QN_OK, err.message);
    qn_gate *gate;
    qn_status s = qni_gate_parse(&gate, (const char *)data, (int64_t)size, "input", symbols, NULL, &err);
    if (s == QN_OK) {
        require(gate != NULL, "a gate is there");
        decide(gate);
    } else {
        require(s == QN_CONFIG && err.code == s && err.message[0] != '\0', "a refusal says why");
        require(err.line >= 1 && err.column >= 1, "a refusal says where");
        require(gate == NULL, "a refusal leaves nothing");
    }
    qn_gate_free(gate);
    qn_symbols_free(symbols);
    return 0;
}
