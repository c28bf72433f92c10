import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

const POLL_MS = 50;

/**
 * Polls until `probe` gives something other than undefined.
 * @param what what is waited for, in words for the error
 * @param boundMs after this long it is an error, whose text ends with what `explain` says (logs, states)
 * @throws Error when the bound is passed; whatever `probe` throws
 */
export async function until<T>(
  what: string,
  boundMs: number,
  probe: () => T | undefined | Promise<T | undefined>,
  explain: () => string | Promise<string> = () => '',
): Promise<T> {
  const end = performance.now() + boundMs;
  for (;;) {
    const found = await probe();
    if (found !== undefined) return found;
    if (performance.now() > end) {
      throw new Error(`waited ${boundMs / 1000} s in vain for: ${what}\n${await explain()}`);
    }
    await sleep(POLL_MS);
  }
}

/** TCP ports of the loopback interface that nobody listened on a moment ago, all different. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  const ports = await Promise.all(
    servers.map(
      (server) =>
        new Promise<number>((resolve, reject) => {
          server.once('error', reject);
          server.listen(0, '127.0.0.1', () => {
            const address = server.address();
            if (address === null || typeof address === 'string') reject(new Error('no port was given'));
            else resolve(address.port);
          });
        }),
    ),
  );
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
