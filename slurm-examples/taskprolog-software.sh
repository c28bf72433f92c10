#!/bin/sh
# EIT for Slurm: a TaskProlog. Writes down what software a job was started with, in a file of the job's user:
#   <folder>/software/<cluster>-<job id>, the folder being $EIT_SOFTWARE_DIR, else $HOME/.local/state/eit
#
# It runs as the user, in front of each task; only that of rank 0 of the batch script and of the first step does anything (of an
# array only in the array's first task). It prints nothing, since Slurm reads what a TaskProlog prints, and ends with 0 whatever
# happens. It starts no Python and no module command: it looks at variables and at the names of files, for at most 5 seconds,
# and keeps at most 2,000 names of each kind.
#
# The file: NUL-ended fields, the first `eit-software 1`, the last `end`, between them name=value. To look at it:
#   tr '\0' '\n' <file

LONGEST_S=5
MOST_NAMES=2000

# put <name> <value>: values are anybody's, of any length
put() {
  printf '%s=%.16384s\0' "$1" "$2"
}

put_if_set() {
  if [ -n "$2" ]; then put "$1" "$2"; fi
}

# put_names <name> <folder> <suffix>: the names of the files that end so, without it
put_names() {
  count=0
  for file in "$2"/*"$3"; do
    # The pattern itself: nothing matches.
    if [ "$file" = "$2/*$3" ]; then return; fi
    if [ "$count" -ge "$MOST_NAMES" ]; then
      put cut "$1"
      return
    fi
    file=${file##*/}
    put "$1" "${file%"$3"}"
    count=$((count + 1))
  done
}

put_all() {
  printf 'eit-software 1\0'
  put cluster "$cluster"
  put job "$SLURM_JOB_ID"
  put_if_set array_job "$SLURM_ARRAY_JOB_ID"
  put_if_set restart "$SLURM_RESTART_COUNT"
  put_if_set start "$SLURM_JOB_START_TIME"
  put_if_set modules "$LOADEDMODULES"
  # Set inside a container; where Slurm starts it, the bundle.
  put_if_set container "${APPTAINER_CONTAINER:-${SINGULARITY_CONTAINER:-$SLURM_CONTAINER}}"
  # Of Conda and of a venv the folder says which; elsewhere the path often does.
  put_if_set python "$(command -v python3)"
  if [ -n "$CONDA_PREFIX" ]; then
    put conda "$CONDA_PREFIX"
    put_names conda_package "$CONDA_PREFIX/conda-meta" .json
  fi
  if [ -n "$VIRTUAL_ENV" ]; then
    put venv "$VIRTUAL_ENV"
    for site in "$VIRTUAL_ENV"/lib/python3*/site-packages; do
      if ! [ -d "$site" ]; then continue; fi
      lib=${site%/site-packages}
      put venv_python "${lib##*/python}"
      put_names venv_package "$site" .dist-info
      break
    done
  fi
  printf 'end\0'
}

# The name is put together from digits and plain letters alone.
write() {
  cluster=$SLURM_CLUSTER_NAME
  case $cluster in '' | *[!A-Za-z0-9._-]*) cluster=unknown ;; esac
  folder=${EIT_SOFTWARE_DIR:-${HOME:+$HOME/.local/state/eit}}
  case $folder in /*) ;; *) return ;; esac
  folder=$folder/software
  target=$folder/$cluster-$SLURM_JOB_ID
  umask 077
  mkdir -p "$folder" || return
  rm -f "$target.tmp"
  # No clobbering: what somebody has put there meanwhile is not ours.
  set -C
  if put_all >"$target.tmp"; then mv -f "$target.tmp" "$target"; else rm -f "$target.tmp"; fi
}

# Slurm's numbers for a batch script (since 20.11, and before it) and for an interactive step.
is_wanted() {
  case $SLURM_JOB_ID in '' | *[!0-9]*) return 1 ;; esac
  if [ "${SLURM_PROCID:-0}" != 0 ]; then return 1; fi
  if [ "${SLURM_ARRAY_TASK_ID-}" != "${SLURM_ARRAY_TASK_MIN-}" ]; then return 1; fi
  case ${SLURM_STEP_ID:-0} in 0 | 4294967291 | 4294967294 | 4294967290) return 0 ;; esac
  return 1
}

PATH=${PATH:+$PATH:}/usr/bin:/bin
if [ "$1" = write ]; then
  write
elif is_wanted; then
  # In a process of its own, which can be given up, and may fail as it likes.
  timeout -k 1 "$LONGEST_S" sh "$0" write
fi >/dev/null 2>&1 </dev/null
exit 0
