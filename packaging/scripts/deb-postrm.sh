case $1 in
remove | purge) after_removal "$1" ;;
esac
