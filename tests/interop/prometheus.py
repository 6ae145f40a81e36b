"""What is written in Prometheus' text format is what Prometheus' own Python client reads: names, help, labels of any characters, values.

Skipped, loudly, where the client is not installed. METRICS_WRITE names the program that writes.
"""
import math
import os
import random
import subprocess
import sys
import unittest

try:
    from prometheus_client.parser import text_string_to_metric_families
except ImportError:
    print("SKIPPED: reading metrics with Prometheus' client: python3-prometheus-client is not installed")
    sys.exit(77)

PROGRAM = os.environ["METRICS_WRITE"]
ALPHABET = 'aZ09 _-{}=,#\\"\n\t\r\'äß€𝄞'


def text_of(record):
    kind, name, help_, divisor, labels, values = record
    fields = [kind, name, help_, divisor, len(labels), *[x for pair in labels.items() for x in pair], len(values), *values]
    return "".join(f"{field}\0" for field in fields)


def read(records):
    """Writes the records, parses the text: family name -> family."""
    done = subprocess.run([PROGRAM], input="".join(map(text_of, records)).encode(), stdout=subprocess.PIPE, check=True)
    return {family.name: family for family in text_string_to_metric_families(done.stdout.decode())}


class Prometheus(unittest.TestCase):
    def setUp(self):
        self.random = random.Random(2024)

    def any_text(self, size):
        return "".join(self.random.choice(ALPHABET) for _ in range(self.random.randrange(size)))

    def test_counters_and_gauges_with_any_label_values(self):
        records = []
        for number in range(100):
            kind = self.random.choice(["counter", "gauge"])
            labels = {key: self.any_text(20) for key in self.random.sample(["a", "le", "B_2", "_x", "quantile"], number % 5)}
            value = self.random.randrange(1 << 50) if kind == "counter" else self.random.choice(
                [0.1, -1e300, 5e-324, 3, math.inf, -math.inf, self.random.uniform(-1, 1)])
            # The parser strips the ends of a help text, so that it has none here.
            records.append((kind, f"m:{number}", f"x{self.any_text(30)}x", 0, labels, [value]))
        families = read(records)
        self.assertEqual(len(families), len(records))
        for kind, name, help_, _, labels, values in records:
            family = families[name]
            self.assertEqual(family.type, kind)
            self.assertEqual(family.documentation, help_)
            self.assertEqual(len(family.samples), 1)
            sample = family.samples[0]
            self.assertEqual(sample.name, name + ("_total" if kind == "counter" else ""))
            self.assertEqual(sample.labels, labels)
            self.assertEqual(sample.value, values[0])

    def test_a_gauge_that_is_no_number(self):
        self.assertTrue(math.isnan(read([("gauge", "g", "", 0, {}, [math.nan])])["g"].samples[0].value))

    def test_recorders_are_cumulative_histograms(self):
        for divisor in 1, 1000, 1e9:
            values = [int(self.random.uniform(0, 1) * 10 ** self.random.randrange(1, 12)) for _ in range(3000)]
            labels = {"op": 'a"b\\c\nd'}
            family = read([("recorder", "t_seconds", "How long.", divisor, labels, values)])["t_seconds"]
            self.assertEqual(family.type, "histogram")
            last = -math.inf
            bounds = 0
            for sample in family.samples:
                self.assertEqual({key: value for key, value in sample.labels.items() if key != "le"}, labels)
                if sample.name == "t_seconds_bucket":
                    bound = float(sample.labels["le"])
                    self.assertGreater(bound, last)
                    last = bound
                    bounds += 1
                    self.assertEqual(sample.value, sum(value / divisor <= bound for value in values))
                elif sample.name == "t_seconds_sum":
                    self.assertEqual(sample.value, sum(values) / divisor)
                else:
                    self.assertEqual((sample.name, sample.value), ("t_seconds_count", len(values)))
            self.assertEqual(last, math.inf)
            self.assertEqual(bounds, 21)

    def test_label_sets_of_a_name_are_one_family(self):
        records = [("counter", "c", "", 0, {"n": str(n)}, [n]) for n in range(5)]
        records.insert(2, ("gauge", "g", "", 0, {}, [1]))
        families = read(records)
        self.assertEqual({sample.labels["n"]: sample.value for sample in families["c"].samples}, {str(n): n for n in range(5)})


if __name__ == "__main__":
    unittest.main(verbosity=2)
