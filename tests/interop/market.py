"""The calendar against two others: sessions of NYSE as exchange_calendars has them, New York's clocks as the time zone database has them.

MARKET_DAYS names the program that prints ours. Each half is skipped, loudly, where its module is not installed (pip install exchange_calendars;
Debian: tzdata); exit status 77 where both are.
"""
import datetime
import os
import random
import subprocess
import sys
import unittest

PROGRAM = os.environ["MARKET_DAYS"]
EPOCH = datetime.date(1970, 1, 1)
SKIPPED = set()

try:
    import exchange_calendars
except ImportError:
    exchange_calendars = None
    SKIPPED.add("sessions")
    print("SKIPPED: sessions against exchange_calendars: that module is not installed", file=sys.stderr)
try:
    import zoneinfo
    NEW_YORK = zoneinfo.ZoneInfo("America/New_York")
except (ImportError, KeyError):
    SKIPPED.add("clocks")
    print("SKIPPED: New York's clocks: there is no time zone database", file=sys.stderr)
if len(SKIPPED) == 2:
    sys.exit(77)


def run(word, text=""):
    done = subprocess.run([PROGRAM, word], input=text, capture_output=True, text=True, timeout=60, check=True)
    return [tuple(map(int, line.split())) for line in done.stdout.splitlines()]


class Market(unittest.TestCase):
    @unittest.skipIf("sessions" in SKIPPED, "exchange_calendars is not installed")
    def test_sessions_are_those_of_exchange_calendars(self):
        schedule = exchange_calendars.get_calendar("XNYS", start="1990-01-01", end="2030-12-31").schedule
        expected = {}
        for day, opened, closed in zip(schedule.index, schedule["open"], schedule["close"]):
            expected[(day.date() - EPOCH).days] = (opened.value // 1000, closed.value // 1000)
        for day, opened, closed in run("days"):
            self.assertEqual((opened, closed), expected.get(day, (0, 0)), EPOCH + datetime.timedelta(day))

    @unittest.skipIf("clocks" in SKIPPED, "there is no time zone database")
    def test_clocks_are_those_of_the_time_zone_database(self):
        chance = random.Random(5)
        first = int(datetime.datetime(1967, 1, 1, 5, tzinfo=datetime.timezone.utc).timestamp())
        last = int(datetime.datetime(2037, 12, 31, tzinfo=datetime.timezone.utc).timestamp())
        times = [chance.randrange(first, last) for _ in range(10000)]
        for year in range(1967, 2038):  # around every switch
            for month in (1, 2, 3, 4, 10, 11):
                for day in range(1, 29 if month == 2 else 31):
                    noon = datetime.datetime(year, month, day, 12, tzinfo=NEW_YORK)
                    before = noon - datetime.timedelta(days=1)
                    if noon.utcoffset() != before.utcoffset():
                        base = int(before.timestamp()) // 1800 * 1800
                        times += [base + 1800 * i + shift for i in range(50) for shift in (-1, 0, 1)]
        for us, day, seconds, back in run("clocks", "\n".join(str(t * 1000000) for t in times)):
            local = datetime.datetime.fromtimestamp(us // 1000000, NEW_YORK)
            self.assertEqual(day, (local.date() - EPOCH).days, local)
            self.assertEqual(seconds, (local.hour * 60 + local.minute) * 60 + local.second, local)
            self.assertEqual(back, int(local.replace(fold=0).timestamp()) * 1000000, local)


if __name__ == "__main__":
    unittest.main(verbosity=2)
