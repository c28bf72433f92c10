#!/bin/sh
# EIT for Slurm: what Prolog= in slurm.conf names. Tells the host's agent that a job begins on this node.
#
# It leaves one small file in <state_dir>/events and starts the agent where none runs. With the agent running that
# is shell built-ins and one `mv`. It prints nothing and always ends with 0: a prolog that fails drains the node.
# To switch both hooks off on a node: touch /etc/eit/disabled
hook=prolog
# Below this line prolog and epilog are the same file; each stands alone, since Slurm may send it alone to its nodes.

# slurmd gives no PATH. LC_ALL: patterns and messages by bytes. -C: `>` never opens a file that is there already.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C
umask 077
set -C -f
trap 'exit 0' HUP INT QUIT PIPE TERM XFSZ
nl='
'

# say TEXT: one line in the system's log. Bounded in length and time, since a hung log must not hold up a job.
say() {
  line=$(printf '%.500s' "$hook: $1" | tr -c ' -~' '?')
  timeout -k 1 3 logger -t eit -p daemon.err -- "$line" && [ -S /dev/log ] && return
  note
}

# note: where no system's log took $line, adds it to the file $notes, which keeps the last 200. Made anew each time: what
# lies under its name, a link too, is replaced and not written to. Before the state folder is known to be ours there is none.
notes=''
note() {
  [ -n "$notes" ] || return
  rm -f -- "$notes.$$"
  {
    timeout -k 1 3 tail -n 199 -- "$notes"
    printf '%s %s\n' "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$line"
  } >"$notes.$$" && mv -f -- "$notes.$$" "$notes" && return
  rm -f -- "$notes.$$"
}

# find_state_dir: sets state_dir from the one line `state_dir: VALUE` of $config (plain or quoted, maybe a comment).
# It should be among the first lines: dash reads a byte at a time, and what comes after that line is not read.
find_state_dir() {
  state_dir=/run/eit
  [ -e "$config" ] || return 0
  if [ ! -f "$config" ] || [ ! -r "$config" ]; then
    say "cannot read $config; mend: make it a file that $hook may read"
    return 1
  fi
  value=$state_dir rest=
  while IFS= read -r line || [ -n "$line" ]; do
    case $line in
    state_dir: | state_dir:[[:space:]]*)
      value=${line#state_dir:}
      value=${value#"${value%%[![:space:]]*}"}
      case $value in
      \"*\"*) value=${value#?} rest=${value#*\"} value=${value%%\"*} ;;
      \'*\'*) value=${value#?} rest=${value#*\'} value=${value%%\'*} ;;
      *) value=${value%%[[:space:]]#*} value=${value%"${value##*[![:space:]]}"} ;;
      esac
      break
      ;;
    esac
  done <"$config"
  rest=${rest#"${rest%%[![:space:]]*}"}
  [ -z "${rest%%#*}" ] || value=
  case $value in
  *[[:cntrl:]\\]* | [!/]* | '')
    say "state_dir in $config must be one absolute path on one line, such as: state_dir: /run/eit"
    return 1
    ;;
  esac
  state_dir=$value
}

# uids_of PID: sets real and effective. Both count: a setuid program keeps the real one of who started it.
uids_of() {
  key='' real='' effective=''
  while [ "$key" != Uid: ] && read -r key real effective _; do :; done <"/proc/$1/status"
  [ "$key" = Uid: ]
}

# is_ours UID: root, who runs this hook, or the user eit.
is_ours() {
  [ "$1" = 0 ] && return
  uids_of self && [ "$1" = "$effective" ] && return
  while IFS=: read -r name _ uid _; do
    [ "$name" = eit ] && [ "$uid" = "$1" ] && return
  done </etc/passwd
  return 1
}

# agent_runs: is the agent that agent.pid names alive and to be trusted? It has checked config, state folder and
# program and only then moved into its state folder: nobody else can make a process of ours stand there. Once trusted
# it is so at the second look.
agent_runs() {
  pid='' start='' stat=''
  [ -f "$state_dir/agent.pid" ] || return
  read -r pid start <"$state_dir/agent.pid"
  case $pid:$start in *[!0-9:]* | :* | *:) return 1 ;; esac
  read -r stat <"/proc/$pid/stat" || return
  # shellcheck disable=SC2086 # to be split: the fields from the third on, `state`
  set -- ${stat##*") "}
  [ "${20}" = "$start" ] && [ "$1" != Z ] || return
  [ "$trusted" = "$pid $start" ] && return
  uids_of "$pid" && set -- "$real" "$effective" && is_ours "$1" && is_ours "$2" || return
  # shellcheck disable=SC3013 # -ef: dash, bash, busybox and POSIX 2024 have it
  [ "/proc/$pid/cwd" -ef "$state_dir" ] && trusted="$pid $start"
}

# write_event: the file appears whole, under a name of its own, or not at all. Values are bytes: nothing is escaped.
write_event() {
  boot='' uptime='' n=0
  read -r boot </proc/sys/kernel/random/boot_id
  read -r uptime _ </proc/uptime
  while
    event=$state_dir/events/$hook.$SLURM_JOB_ID.$$.$n
    tmp=$state_dir/events/.tmp.$hook.$SLURM_JOB_ID.$$.$n
    [ -e "$event" ] || [ -L "$event" ] || [ -e "$tmp" ] || [ -L "$tmp" ]
  do n=$((n + 1)); done
  printf '%s\0' 'eit-event 1' "hook=$hook" "boot=$boot" "uptime=$uptime" \
    "${SLURMD_NODENAME+SLURMD_NODENAME=$SLURMD_NODENAME}" \
    "${SLURM_CLUSTER_NAME+SLURM_CLUSTER_NAME=$SLURM_CLUSTER_NAME}" \
    "${SLURM_JOB_ID+SLURM_JOB_ID=$SLURM_JOB_ID}" \
    "${SLURM_JOB_UID+SLURM_JOB_UID=$SLURM_JOB_UID}" \
    "${SLURM_JOB_GID+SLURM_JOB_GID=$SLURM_JOB_GID}" \
    "${SLURM_JOB_USER+SLURM_JOB_USER=$SLURM_JOB_USER}" \
    "${SLURM_JOB_ACCOUNT+SLURM_JOB_ACCOUNT=$SLURM_JOB_ACCOUNT}" \
    "${SLURM_JOB_PARTITION+SLURM_JOB_PARTITION=$SLURM_JOB_PARTITION}" \
    "${SLURM_JOB_RESTART_COUNT+SLURM_JOB_RESTART_COUNT=$SLURM_JOB_RESTART_COUNT}" \
    "${SLURM_JOB_START_TIME+SLURM_JOB_START_TIME=$SLURM_JOB_START_TIME}" \
    "${SLURM_JOB_END_TIME+SLURM_JOB_END_TIME=$SLURM_JOB_END_TIME}" \
    "${SLURM_JOB_NUM_NODES+SLURM_JOB_NUM_NODES=$SLURM_JOB_NUM_NODES}" \
    "${SLURM_JOB_NODELIST+SLURM_JOB_NODELIST=$SLURM_JOB_NODELIST}" \
    "${SLURM_NODELIST+SLURM_NODELIST=$SLURM_NODELIST}" \
    "${SLURM_JOB_CPUS_PER_NODE+SLURM_JOB_CPUS_PER_NODE=$SLURM_JOB_CPUS_PER_NODE}" \
    "${SLURM_JOB_GPUS+SLURM_JOB_GPUS=$SLURM_JOB_GPUS}" \
    "${CUDA_VISIBLE_DEVICES+CUDA_VISIBLE_DEVICES=$CUDA_VISIBLE_DEVICES}" \
    "${ROCR_VISIBLE_DEVICES+ROCR_VISIBLE_DEVICES=$ROCR_VISIBLE_DEVICES}" \
    "${ZE_AFFINITY_MASK+ZE_AFFINITY_MASK=$ZE_AFFINITY_MASK}" \
    "${SLURM_HET_JOB_ID+SLURM_HET_JOB_ID=$SLURM_HET_JOB_ID}" \
    "${SLURM_JOB_SLUID+SLURM_JOB_SLUID=$SLURM_JOB_SLUID}" \
    "${SLURM_JOB_QOS+SLURM_JOB_QOS=$SLURM_JOB_QOS}" \
    "${SLURM_JOB_RESERVATION+SLURM_JOB_RESERVATION=$SLURM_JOB_RESERVATION}" \
    "${SLURM_JOB_OVERSUBSCRIBE+SLURM_JOB_OVERSUBSCRIBE=$SLURM_JOB_OVERSUBSCRIBE}" \
    "${SLURM_JOB_EXCLUSIVE+SLURM_JOB_EXCLUSIVE=$SLURM_JOB_EXCLUSIVE}" \
    "${SLURM_JOB_EXIT_CODE+SLURM_JOB_EXIT_CODE=$SLURM_JOB_EXIT_CODE}" \
    "${SLURM_JOB_EXIT_CODE2+SLURM_JOB_EXIT_CODE2=$SLURM_JOB_EXIT_CODE2}" \
    "${SLURM_JOB_DERIVED_EC+SLURM_JOB_DERIVED_EC=$SLURM_JOB_DERIVED_EC}" \
    end >"$tmp" && mv -n -- "$tmp" "$event" && [ ! -e "$tmp" ] && return
  rm -f -- "$tmp"
  return 1
}

# walk PATH: adds every folder, link and file that opening PATH passes through to $list, a line each. At a part that
# does not exist it stops, and $missing is that part.
walk() {
  todo=$1 at='' hops=0
  list=$list/$nl
  while [ -n "$todo" ]; do
    part=${todo%%/*}
    case $todo in */*) todo=${todo#*/} ;; *) todo= ;; esac
    case $part in
    '' | .) continue ;;
    ..) at=${at%/*} && continue ;;
    esac
    if [ -L "$at/$part" ]; then
      list=$list$at/$part$nl hops=$((hops + 1))
      target=$(readlink -- "$at/$part") && [ "$hops" -le 40 ] || return
      case $target in /*) at= ;; esac
      todo=$target/$todo
    elif [ -e "$at/$part" ]; then
      at=$at/$part list=$list$at$nl
    else
      missing=$at/$part
      return
    fi
  done
}

# check: could anybody else replace a path of $list? Then says which, and how to mend it. A link counts as its owner
# (its mode means nothing); in a sticky folder nobody can replace what others own; a group named as the owner is his.
check() {
  IFS=$nl
  # shellcheck disable=SC2086 # to be split: one path a line
  set -- $list
  facts=$(stat -c '%u:%A:%U:%G:%n' -- "$@") || {
    unset IFS
    say "cannot check who owns $config, $state_dir and the program"
    return 1
  }
  for fact in $facts; do
    IFS=:
    # shellcheck disable=SC2086 # to be split: owner's uid, mode, owner, group
    set -- ${fact%%:/*}
    unset IFS
    path=/${fact#*:/}
    if ! { [ "$1" = 0 ] || [ "$1" = "$euid" ] || [ "$3" = eit ]; }; then
      say "refused: $path belongs to $3 (uid $1), who could replace it; mend: chown root '$path'"
      return 1
    fi
    case $2 in
    l* | d????????[tT]) continue ;;
    ????????w?) ;;
    ?????w????) [ "$3" = "$4" ] && [ "$3" != UNKNOWN ] && continue ;;
    *) continue ;;
    esac
    say "refused: others than $3 could replace $path ($2); mend: chmod go-w '$path'"
    return 1
  done
}

# find_program: sets program and node, each to the first of its places that is there, else to ''.
find_program() {
  program='' node='' home='' self=$(readlink -f -- "$0")
  for place in "${EIT_HOME:-/opt/eit}" "${self%/*}" /opt/eit /usr/lib/eit /usr/local/lib/node_modules/slurm-eit; do
    case $place in /*) ;; *) continue ;; esac
    [ -f "$place/dist/eit-agent.js" ] && home=$place program=$place/dist/eit-agent.js && break
  done
  for place in "${EIT_NODE-}" "$home/node/bin/node" "$(PATH=/usr/local/sbin:/usr/local/bin:$PATH && command -v node)"; do
    case $place in /*) ;; *) continue ;; esac
    [ -f "$place" ] && [ -x "$place" ] && node=$place && break
  done
}

# What the agent's process does in its own session before it becomes node.
# shellcheck disable=SC2016 # expanded there, not here
starter='
  state_dir=$1 config=$2 node=$3 program=$4
  notes=$state_dir/hooks.log
  say() {
    timeout -k 1 3 logger -t eit -p daemon.err -- "$1" && [ -S /dev/log ] && return
    rm -f -- "$notes.$$"
    (
      set -C
      {
        timeout -k 1 3 tail -n 199 -- "$notes"
        printf "%s %s\n" "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$1"
      } >"$notes.$$"
    ) && mv -f -- "$notes.$$" "$notes" && return
    rm -f -- "$notes.$$"
  }
  cd /

  # Under PrologFlags=RunInJob this is a process of the job, which could not end before it: to the top of each
  # hierarchy. The v2 top that a container sees may not hold processes; then a group of our own below it does.
  while IFS=: read -r _ controllers path; do
    case $path in *slurmstepd.scope* | */slurm* | */job_* | */step_*) ;; *) continue ;; esac
    if [ -z "$controllers" ]; then
      top=/sys/fs/cgroup
      [ -e $top/cgroup.controllers ] || top=$top/unified
      echo $$ >$top/cgroup.procs || { mkdir -p $top/eit && echo $$ >$top/eit/cgroup.procs; }
    else
      IFS=,
      for one in "$controllers" $controllers; do
        echo $$ >"/sys/fs/cgroup/${one#name=}/cgroup.procs" && break
      done
      unset IFS
    fi
  done </proc/self/cgroup
  while IFS=: read -r _ _ path; do
    case $path in
    *slurmstepd.scope/slurmd | *slurmstepd.scope/system) ;;
    *slurmstepd.scope/* | */job_* | */step_*)
      say "agent not started: it would stay in the cgroup $path and keep the job from ending; mend: systemctl enable --now eit-agent"
      exit 0
      ;;
    esac
  done </proc/self/cgroup

  # What slurmd has for itself is not for the agent: a job must never lose to it.
  read -r stat </proc/self/stat
  set -f -- ${stat##*") "}
  case ${17} in -*) renice 0 -p $$ ;; esac
  read -r oom </proc/self/oom_score_adj
  [ "$oom" -ge 300 ] || echo 300 >/proc/self/oom_score_adj

  # One agent at a time: the kernel drops the lock with the last process that has fd 9 open.
  command exec 9>>"$state_dir/agent.lock" || { say "agent not started: cannot open $state_dir/agent.lock"; exit 0; }
  flock -w 10 9
  case $? in
  0) ;;
  1) exit 0 ;;
  *) say "agent not started: flock failed on $state_dir/agent.lock"; exit 0 ;;
  esac
  exec env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin ${config:+"EIT_CONFIG=$config"} \
    EIT_AGENT_LOCK_FD=9 "$node" --max-old-space-size=64 --max-semi-space-size=1 "$program" --linger
'

# start_agent: by systemd where that has the unit, which measures by the config of the host; else by ourselves. slurmd kills the hook's process group as soon as
# the hook ends, and waits as long as anything holds its fds: so wait until the child has a session, and give it none
# of them (0 to 2 are /dev/null in all of main).
start_agent() {
  if [ -d /run/systemd/system ] && [ "$config" = /etc/eit/eit.yaml ]; then
    timeout -k 1 5 systemctl --no-ask-password start --no-block eit-agent.service && return
  fi
  if [ -z "$program" ] || [ -z "$node" ]; then
    say "agent not started: ${program:-dist/eit-agent.js} or ${node:-node} not found; mend: set EIT_HOME and EIT_NODE"
    return
  fi
  setsid sh -c "$starter" eit-start "$state_dir" "${EIT_CONFIG-}" "$node" "$program" \
    3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&- &
  child=$! polls=0
  while [ "$polls" -lt 200 ] && read -r stat <"/proc/$child/stat"; do
    # shellcheck disable=SC2086 # to be split: state, parent, group, session
    set -- ${stat##*") "}
    [ "$4" = "$child" ] || [ "$1" = Z ] && return
    sleep 0.01 || { sleep 1 && polls=$((polls + 99)); }
    polls=$((polls + 1))
  done
}

main() {
  config=${EIT_CONFIG:-/etc/eit/eit.yaml}
  case ${SLURM_JOB_ID-} in
  '' | *[!0-9]* | ????????????????????*)
    say "SLURM_JOB_ID is not a job's number: '${SLURM_JOB_ID-}'"
    return
    ;;
  esac
  case $config in
  *[[:cntrl:]]* | [!/]*)
    say "EIT_CONFIG must be an absolute path: '$config'"
    return
    ;;
  esac
  find_state_dir || return

  # The agent, when it leaves, removes agent.pid and then looks for events once more: so the event first, then a look.
  written='' trusted=''
  if agent_runs && notes=$state_dir/hooks.log && write_event; then
    agent_runs && return
    written=1
  fi

  uids_of self && euid=$effective || return
  find_program
  list=''
  walk "$config"
  [ -z "$program" ] || walk "$program"
  [ -z "$node" ] || walk "$node"
  missing=''
  walk "$state_dir/events"
  check || return
  if [ -n "$missing" ]; then
    mkdir -p -- "$state_dir/events" || {
      say "cannot create $state_dir/events"
      return
    }
    list=
    walk "$state_dir/events"
    check || return
  fi
  notes=$state_dir/hooks.log
  [ -n "$written" ] || write_event || {
    say "job $SLURM_JOB_ID is not recorded: cannot write to $state_dir/events"
    return
  }
  start_agent
}

# Not `exec >`: slurmd reads the script's output to its end.
[ -e /etc/eit/disabled ] || main </dev/null >/dev/null 2>&1
exit 0
