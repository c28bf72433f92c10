import type { Koffi } from './nvml-library';

/** From <sys/prctl.h> and <signal.h>. */
const PR_SET_PDEATHSIG = 1;
const SIGKILL = 9;

/**
 * Makes the kernel end this process when the one that started it ends, however that comes (man 2 PR_SET_PDEATHSIG). The end of
 * standard input says the same, but not to a process that hangs in a call of the driver.
 */
export function dieWithParent(koffi: Koffi): void {
  const prctl = koffi.load(null).func('prctl', 'int', ['int', 'ulong', 'ulong', 'ulong', 'ulong']);
  prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
}
