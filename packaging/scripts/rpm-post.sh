@user@
link_hooks
if [ "$1" -le 1 ]; then after_first_install; else after_upgrade; fi
exit 0
