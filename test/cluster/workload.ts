/** Burns one CPU for as many seconds of CPU time, then prints what it used. */
export const burn = (seconds: number) =>
  `awk 'BEGIN { while ((getline line < "/proc/self/stat") > 0) { close("/proc/self/stat"); split(line, f, " "); used = (f[14] + f[15]) / 100; if (used >= ${seconds}) break } print "used", used }'`;

/** For `sh -c`: one CPU, without end. */
export const BUSY = 'while :; do :; done';
