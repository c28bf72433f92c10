# What the packages' scripts share; each begins with this. dash, bash and busybox run it.
home=/opt/eit

# slurm.conf names these. A path in Prolog= or Epilog= that is not there drains a node, so the files are the package's and
# the names are not: no installing, upgrading or removing leaves a moment without them.
link_hooks() {
  for hook in prolog epilog; do
    ln -sfn "hooks/$hook" "$home/.$hook.new"
    mv -fT "$home/.$hook.new" "$home/$hook"
  done
}

stub_mark='# EIT for Slurm was removed from this machine'

# Scripts that do nothing in their place.
stub_hooks() {
  for hook in prolog epilog; do
    printf '#!/bin/sh\n%s; slurm.conf or a script of yours may name this file still.\nexit 0\n' "$stub_mark" >"$home/.$hook.new"
    chmod 755 "$home/.$hook.new"
    mv -fT "$home/.$hook.new" "$home/$hook"
  done
}

# Would Slurm, or a script that it runs, miss them? Where a slurmd runs nobody can tell: scripts of a site may call them.
hooks_may_be_called() {
  for comm in /proc/[0-9]*/comm; do
    name=''
    { read -r name <"$comm"; } 2>/dev/null || continue
    [ "$name" = slurmd ] && return 0
  done
  # An image, or a node that is being mended: its slurm.conf may come with the next start.
  for program in /usr/sbin/slurmd /usr/bin/slurmd /usr/local/sbin/slurmd /opt/slurm/sbin/slurmd; do
    [ "${1-}" != purge ] && [ -x "$program" ] && return 0
  done
  for folder in /etc/slurm /etc/slurm-llnl /run/slurm/conf /var/spool/slurmd/conf-cache; do
    [ -e "$folder" ] || continue
    # -R: slurm.conf can be a link to a shared one. What cannot be read, or hangs, may name them.
    found=0
    timeout 20 grep -RqsF "$home/" "$folder" --include='*.conf' --include='*prolog*' --include='*epilog*' || found=$?
    [ "$found" = 1 ] || return 0
  done
  return 1
}

remove_stubs() {
  for hook in prolog epilog; do
    if [ -L "$home/$hook" ] || grep -qsF "$stub_mark" "$home/$hook"; then rm -f "$home/$hook"; fi
  done
  rmdir "$home" 2>/dev/null || :
}

has_systemd() { [ -d /run/systemd/system ]; }

# Of the units of this package those that are there; tries, since a script of a package must not fail for a unit.
units() {
  for unit in /usr/lib/systemd/system/eit-*.service /usr/lib/systemd/system/eit-*.timer; do
    [ -e "$unit" ] && printf '%s\n' "${unit##*/}"
  done
}

# What ran, and what was enabled, when a removal took it away. apt and dnf take one of our packages away before they install the other:
# to them it is no upgrade, to who uses it it is.
removed_mark=/run/eit-removed

note_units() {
  (umask 077 && for unit in "$@"; do
    if systemctl --quiet is-enabled "$unit" 2>/dev/null; then printf 'enable %s\n' "$unit"; fi
    if has_systemd && systemctl --quiet is-active "$unit"; then printf 'start %s\n' "$unit"; fi
  done >"$removed_mark") || :
}

# As it was, where that was a moment ago.
restore_units() {
  [ -n "$(find "$removed_mark" -maxdepth 0 -user root -mmin -10 2>/dev/null)" ] || return 0
  while read -r verb unit; do
    [ -e "/usr/lib/systemd/system/$unit" ] || continue
    case $verb in
    enable) systemctl --quiet enable "$unit" </dev/null || : ;;
    start) if has_systemd; then systemctl start "$unit" </dev/null || :; fi ;;
    esac
  done <"$removed_mark"
  rm -f "$removed_mark"
}

after_first_install() {
  if [ -e /usr/lib/systemd/system-preset/50-eit.preset ] && command -v systemctl >/dev/null; then
    systemctl preset eit-agent.service || :
  fi
  if has_systemd; then systemctl daemon-reload || :; fi
  if command -v systemctl >/dev/null; then restore_units; fi
  if [ -e /etc/systemd/system/eit-agent.service ]; then
    echo "eit: /etc/systemd/system/eit-agent.service goes before the package's own: compare it with /usr/lib/systemd/system/eit-agent.service, or remove it" >&2
  fi
}

# What runs of ours runs on with the new programs; the agent takes its runs up again.
after_upgrade() {
  has_systemd || return 0
  systemctl daemon-reload || :
  systemctl try-restart eit-agent.service || :
  if [ -e /usr/lib/systemd/system/eit-shipper.service ]; then systemctl try-restart eit-shipper.service || :; fi
}

# The user whom the ledger and the timers' units belong to; one who is there already, with a uid of the site's, stays.
make_user() {
  getent passwd eit >/dev/null ||
    useradd --system --user-group --home-dir /var/lib/eit --no-create-home --shell /usr/sbin/nologin eit || :
}

# Hooks first: they would start the agent again.
before_removal() {
  stub_hooks
  if command -v systemctl >/dev/null; then
    # shellcheck disable=SC2046 # names of ours, without spaces
    set -- $(units)
    note_units "$@"
    if has_systemd; then systemctl --quiet disable --now "$@" || :; else systemctl --quiet disable "$@" || :; fi
  fi
}

after_removal() {
  if has_systemd; then systemctl daemon-reload || :; fi
  [ ! -e "$home/hooks/prolog" ] || return 0 # the other package took over
  if hooks_may_be_called "${1-}"; then
    for hook in prolog epilog; do [ -e "$home/$hook" ] || stub_hooks; done
    echo "eit: $home/prolog and $home/epilog stay, as scripts that do nothing: a node whose Prolog= or Epilog= is not there is drained." >&2
    echo "eit: take them out of slurm.conf, scontrol reconfigure, then: rm -r $home" >&2
  else
    remove_stubs
  fi
  for folder in /var/lib/eit /var/spool/eit; do
    if [ -e "$folder" ]; then echo "eit: $folder stays: records may be in it that are nowhere else" >&2; fi
  done
}
