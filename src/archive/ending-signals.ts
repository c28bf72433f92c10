const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Does `work`, and `clean` after it, also after a signal that ends the process.
 * @param clean waits for nothing
 * @throws whatever `work` throws
 */
export async function withCleaning<T>(clean: () => void, work: () => Promise<T>): Promise<T> {
  // Once: the signal that is sent again ends the process, or finds who else waits for it.
  const onSignal = (signal: NodeJS.Signals): void => {
    for (const each of SIGNALS) process.removeListener(each, onSignal);
    clean();
    process.kill(process.pid, signal);
  };
  for (const signal of SIGNALS) process.on(signal, onSignal);
  try {
    return await work();
  } finally {
    for (const signal of SIGNALS) process.removeListener(signal, onSignal);
    clean();
  }
}
