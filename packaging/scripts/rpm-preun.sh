# Where the other package of ours is here already (dnf swap), nothing ends.
if [ "$1" = 0 ] && [ ! -e "@sign-of-other@" ]; then before_removal; fi
exit 0
