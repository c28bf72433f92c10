#!/bin/sh
# Runs @program@ by the Node.js of this folder, wherever that lies and by whichever link it was called.
self=$(readlink -f -- "$0")
home=${self%/bin/*}
# What a user's shell sets for Node.js programs of his own is not for this one.@kept@
unset NODE_OPTIONS NODE_PATH NODE_V8_COVERAGE
@certificates@@signals@
# Where exec fails, the shell's "not found" names a file that is there: dash ends then, bash goes on to `exit`.
trap 'sh -- "$home/bin/.cannot-run" "$home" >&2' EXIT
# shellcheck disable=SC3044 # bash alone needs it
shopt -s execfail 2>/dev/null
# shellcheck disable=SC2093 # where it fails bash goes on
exec "$home/node/bin/node"@options@ "$home/dist/@program@.js" "$@"
exit 126
