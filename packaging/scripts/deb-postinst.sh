case $1 in
configure)
  @user@
  # After a removal without a purge dpkg tells the old version; the unit was disabled, as before a first installation.
  first=
  if [ -z "${2-}" ] || [ ! -L "$home/prolog" ]; then first=1; fi
  link_hooks
  if [ -n "$first" ]; then after_first_install; else after_upgrade; fi
  ;;
abort-remove | abort-deconfigure | abort-upgrade) link_hooks ;;
esac
