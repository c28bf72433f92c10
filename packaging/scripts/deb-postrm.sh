case $1 in
remove | purge) after_removal ;;
esac
