"""kWh by user and partition of the runs that ended in a month or a year, from what `sacct -P` prints, by plain Python.

Usage: python3 python.py SACCT_FILE YYYY[-MM]     user|partition|kWh on stdout, the seconds that it took on stderr
"""

import collections
import sys
import time


def main(path, month):
    started = time.perf_counter()
    joules = collections.defaultdict(int)
    with open(path, encoding="utf-8") as lines:
        names = next(lines).rstrip("\n").split("|")
        end, user, partition, energy = map(names.index, ("End", "User", "Partition", "ConsumedEnergyRaw"))
        # The name of the job, which may hold the separator, comes last.
        most = len(names) - 1
        for line in lines:
            fields = line.split("|", most)
            if fields[end].startswith(month):
                joules[fields[user], fields[partition]] += int(fields[energy])
    for (who, where), amount in sorted(joules.items()):
        print(f"{who}|{where}|{amount / 3600000:.6f}")
    print(f"seconds {time.perf_counter() - started:.3f}", file=sys.stderr)


main(*sys.argv[1:])
