#!/bin/sh
# A Prolog= and Epilog= of your own that calls EIT's: one file for both, Slurm says which it is.
# Install: copy to each node, outside of /opt/eit, with your own lines at the places below; then in slurm.conf:
#   Prolog=/etc/slurm/hook-wrapper.sh
#   Epilog=/etc/slurm/hook-wrapper.sh
# Since it looks before it calls, EIT can be taken away from under it: no node drains (docs/uninstall.md).

# slurmd gives no PATH.
PATH=/usr/sbin:/usr/bin:/sbin:/bin
export PATH

case ${SLURM_SCRIPT_CONTEXT-} in
  prolog_slurmd)
    # EIT's first: what your own prolog does is measured as the job's node, and cannot keep EIT from knowing the job.
    # EIT's ends with 0 whatever happens; what comes after `||` is for a file that cannot be started at all.
    [ ! -x /opt/eit/prolog ] || /opt/eit/prolog || :
    # Yours. What ends with other than 0 here drains the node.
    ;;
  epilog_slurmd)
    # Yours.
    # EIT's last.
    [ ! -x /opt/eit/epilog ] || /opt/eit/epilog || :
    ;;
esac
exit 0
