#!/bin/sh
# For sites that want Slurm itself to hold up who is over an energy quota: moves users between two QOS by the files of
# `eit quota refresh` (docs/quotas.md). Asks and tells slurmdbd alone; changes nothing that is as it should be. What is unknown or old
# changes nothing either. Run it on the controller, after each refresh, as an operator of Slurm's (root, or AdminLevel=Operator):
#   quota-qos.sh [--dry-run]
# Once before: a QOS that takes no jobs, and enforcement in slurm.conf (AccountingStorageEnforce=associations,limits,qos).
#   sacctmgr add qos eit_over set MaxSubmitJobsPerUser=0 Flags=DenyOnLimit
set -eu

QUOTA_DIR=${EIT_QUOTA_DIR:-/var/lib/eit/quota}
# The QOS that users have as a rule, and the one in its place.
QOS=${EIT_QOS:-normal}
QOS_OVER=${EIT_QOS_OVER:-eit_over}
MAX_AGE_SECONDS=7200
# What a user's file cannot hold: these are never touched.
KEEP=${EIT_QOS_KEEP:-root}

dry_run=
[ "${1-}" != --dry-run ] || dry_run=1

say() { printf 'quota-qos: %s\n' "$*" >&2; }

# over, within or unknown. Lines: docs/quotas.md, "The files".
state_of() {
  file=$QUOTA_DIR/user/$1
  [ -e "$file" ] || file=$QUOTA_DIR/user/@others
  if [ ! -r "$file" ] || [ "$(tail -n 1 "$file")" != end ]; then
    echo unknown
    return
  fi
  read -r magic version data_until state _ <"$file" || :
  case $magic-$version-$data_until in
    eit-quota-1-*[!0-9]* | eit-quota-1-) echo unknown ;;
    eit-quota-1-*) if [ $(($(date +%s) - data_until)) -le "$MAX_AGE_SECONDS" ]; then echo "$state"; else echo unknown; fi ;;
    *) echo unknown ;;
  esac
}

sacctmgr_set() {
  if [ -n "$dry_run" ]; then
    printf 'sacctmgr modify user where %s set %s\n' "$1" "$2"
  else
    sacctmgr -i -Q modify user where "$1" set "$2"
  fi
}

# Each user once, with the QOS of all his associations.
associations=$(sacctmgr -n -P show associations format=User,QOS)
failed=0
for user in $(printf '%s\n' "$associations" | cut -d '|' -f 1 | grep -E '^[A-Za-z0-9_][A-Za-z0-9_.-]*$' | sort -u); do
  case " $KEEP " in *" $user "*) continue ;; esac
  uid=$(id -u -- "$user" 2>/dev/null) || continue
  lists=$(printf '%s\n' "$associations" | awk -F '|' -v user="$user" '$1 == user { print "," $2 "," }')
  is_over=
  case $lists in *",$QOS_OVER,"*) is_over=1 ;; esac
  case $(state_of "$uid") in
    over)
      # By what there is to take, so that a move that stopped half way is taken up again.
      case $lists in *",$QOS,"*) ;; *) continue ;; esac
      say "$user is over a quota: $QOS_OVER in place of $QOS"
      # In this order: a default QOS has to be among those allowed.
      sacctmgr_set "user=$user" "qos+=$QOS_OVER" &&
        sacctmgr_set "user=$user" "defaultqos=$QOS_OVER" &&
        sacctmgr_set "user=$user" "qos-=$QOS" || failed=1
      ;;
    within)
      [ -n "$is_over" ] || continue
      say "$user is within the quotas: $QOS again"
      sacctmgr_set "user=$user" "qos+=$QOS" &&
        sacctmgr_set "user=$user" "defaultqos=$QOS" &&
        sacctmgr_set "user=$user" "qos-=$QOS_OVER" || failed=1
      ;;
    *) say "$user: what he used is not known now; left as it is" ;;
  esac
done
exit $failed
