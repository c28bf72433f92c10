"""kWh by user and partition of the runs that ended in a month or a year, from what `sacct -P` prints, by SQLite: as a site does that keeps
its accounting in a database. Filling it and asking it are timed apart; with DATABASE it stays and is asked the next time.

Usage: python3 sqlite.py SACCT_FILE YYYY[-MM] [DATABASE]     user|partition|kWh on stdout, seconds on stderr
"""

import os
import sqlite3
import sys
import time

COLUMNS = ("JobIDRaw", "Restarts", "End", "User", "Partition", "ConsumedEnergyRaw")


def rows(path):
    with open(path, encoding="utf-8") as lines:
        names = next(lines).rstrip("\n").split("|")
        places = [names.index(name) for name in COLUMNS]
        # The name of the job, which may hold the separator, comes last.
        most = len(names) - 1
        for line in lines:
            fields = line.split("|", most)
            yield [fields[place] for place in places]


def fill(database, path):
    database.execute("CREATE TABLE run (job INTEGER, restart INTEGER, ended TEXT, user TEXT, part TEXT, joules INTEGER)")
    database.executemany("INSERT INTO run VALUES (?, ?, ?, ?, ?, ?)", rows(path))
    database.execute("CREATE INDEX by_end ON run (ended)")
    database.commit()


def main(path, month, file=":memory:"):
    started = time.perf_counter()
    is_there = file != ":memory:" and os.path.exists(file)
    database = sqlite3.connect(file)
    if not is_there:
        fill(database, path)
    filled = time.perf_counter()
    question = (
        "SELECT user, part, SUM(joules) / 3600000.0 FROM run WHERE ended >= ? AND ended < ? "
        "GROUP BY user, part ORDER BY user, part"
    )
    # A letter comes behind all digits and the T of a time.
    for user, part, kwh in database.execute(question, (month, month + "-z")):
        print(f"{user}|{part}|{kwh:.6f}")
    asked = time.perf_counter()
    print(f"seconds {asked - started:.3f} fill {filled - started:.3f} ask {asked - filled:.3f}", file=sys.stderr)


main(*sys.argv[1:])
