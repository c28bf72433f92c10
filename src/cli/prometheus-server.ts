import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { EitError } from '../errors';
import { visible } from '../report/printable';

export interface ServerOptions {
  readonly host: string;
  /** 0: one that is free. */
  readonly port: number;
  /** Works the metrics out. */
  readonly collect: () => Promise<string>;
  /** A text is told for so long (ms) before another is worked out, whoever asks how often. */
  readonly maxAgeMs: number;
  /** A monotonic clock (ms). */
  readonly nowMs: () => number;
  /** Takes what went wrong; the text from before is told until it goes well again. */
  readonly warn: (text: string) => void;
}

/**
 * `GET /metrics`, and nothing else. One collection runs at a time; those who ask meanwhile wait for it, or get the text from before.
 * @returns when it listens
 * @throws EitError EIT_USAGE where the address cannot be had
 */
export async function serveMetrics(
  options: ServerOptions,
): Promise<{ readonly url: string; readonly server: Server }> {
  const text = cached(options);
  const server = createServer((request, response) => {
    const path = (request.url ?? '').split('?', 1)[0];
    if (path !== '/metrics') return void response.writeHead(404, PLAIN).end('Only /metrics is here.\n');
    if (request.method !== 'GET' && request.method !== 'HEAD')
      return void response.writeHead(405, { ...PLAIN, Allow: 'GET, HEAD' }).end('Only GET is here.\n');
    text().then(
      (found) => response.writeHead(200, METRICS).end(found),
      // Why is the log's: it names paths.
      () => response.writeHead(503, PLAIN).end('The ledger cannot be read now.\n'),
    );
  });
  server.requestTimeout = 10_000;
  server.headersTimeout = 10_000;
  server.maxConnections = 64;
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) => {
      const where = `${visible(options.host)}:${options.port}`;
      reject(
        new EitError(
          'EIT_USAGE',
          `--listen: cannot listen on ${where}: ${cause.message}; mend: another address or port`,
          { cause },
        ),
      );
    });
    server.listen(options.port, options.host, resolve);
  });
  const { address, port, family } = server.address() as AddressInfo;
  return { server, url: `http://${family === 'IPv6' ? `[${address}]` : address}:${port}/metrics` };
}

const PLAIN = { 'Content-Type': 'text/plain; charset=utf-8' };
const METRICS = { 'Content-Type': 'text/plain; version=0.0.4; charset=utf-8' };

function cached({ collect, maxAgeMs, nowMs, warn }: ServerOptions): () => Promise<string> {
  let last: { readonly text: string; readonly atMs: number } | null = null;
  let running: Promise<string> | null = null;
  const begin = async (): Promise<string> => {
    try {
      const found = await collect();
      last = { text: found, atMs: nowMs() };
      return found;
    } catch (error) {
      warn(error instanceof EitError ? `${error.code}: ${error.message}` : String(error));
      throw error;
    } finally {
      running = null;
    }
  };
  return async () => {
    if (last !== null && nowMs() - last.atMs < maxAgeMs) return last.text;
    running ??= begin();
    const old = last;
    if (old === null) return running;
    // A scrape is not to wait: the time of collection is in the text.
    running.catch(() => undefined);
    return old.text;
  };
}
