#!/bin/sh
# kWh by user and partition of the runs that ended in a month or a year, from what `sacct -P` prints, by awk: what many sites do today.
# Usage: awk.sh SACCT_FILE YYYY[-MM]     user|partition|kWh on stdout, the seconds that it took on stderr
set -eu
started=$(date +%s.%N)
awk -F '|' -v month="$2" '
  NR == 1 { for (i = 1; i <= NF; i++) field[$i] = i; next }
  index($field["End"], month) == 1 {
    joules[$field["User"] "|" $field["Partition"]] += $field["ConsumedEnergyRaw"]
  }
  END { for (group in joules) printf "%s|%.6f\n", group, joules[group] / 3600000 }
' "$1" | LC_ALL=C sort -t '|' -k 1,1 -k 2,2
printf '%s %s\n' "$started" "$(date +%s.%N)" | awk '{ printf "seconds %.3f\n", $2 - $1 }' >&2
