# In favour of the other package of ours nothing ends here.
case ${1-}:${2-} in
remove:in-favour) ;;
remove:*) before_removal ;;
esac
