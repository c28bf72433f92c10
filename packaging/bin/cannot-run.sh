# Called by the programs in this folder where their Node.js could not be started: says why. $1: the top folder.
node=$1/node/bin/node
system="$(uname -s) on $(uname -m)"
if [ ! -e "$node" ]; then
  why="$node is not there"
  mend="unpack the whole archive again, or install the package again"
elif [ "$system" != 'Linux on x86_64' ]; then
  why="this is $system"
  mend="this package is for Linux on x86_64; elsewhere install Node.js 20.19 or newer and the npm package slurm-eit"
elif [ ! -e /lib64/ld-linux-x86-64.so.2 ]; then
  why="there is no glibc here (/lib64/ld-linux-x86-64.so.2), as on Alpine Linux, which has musl"
  mend="this package needs glibc 2.28 or newer; elsewhere install Node.js 20.19 or newer and the npm package slurm-eit"
elif [ ! -x "$node" ]; then
  why="$node is not executable for this user"
  mend="chmod -R a+rX '$1'"
else
  why="$node cannot be executed: is the file system mounted with noexec?"
  mend="unpack the archive on one where programs may run"
fi
printf 'eit: cannot start: %s\nmend: %s\n' "$why" "$mend"
