case $1 in
configure)
  @user@
  link_hooks
  if [ -z "${2-}" ]; then after_first_install; else after_upgrade; fi
  ;;
abort-remove | abort-deconfigure | abort-upgrade) link_hooks ;;
esac
