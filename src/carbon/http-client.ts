import { visible } from '../config/visible';
import { EitError } from '../errors';

/** What an {@link HttpClient} needs of the process it runs in. */
export interface HttpSurroundings {
  readonly fetch: typeof fetch;
  readonly sleep: (ms: number) => Promise<unknown>;
  readonly nowMs: () => number;
  /** Told of each wait before another try, what went wrong and how long it is. */
  readonly onWait?: (text: string) => void;
}

export interface HttpLimits {
  /** Of one try, until the whole answer is here. */
  readonly timeoutMs: number;
  /** Before the second try, the third, ... */
  readonly pausesMs: readonly number[];
  /** Of a server that says how long to wait; a longer wait is left to the next fetch. */
  readonly longestWaitMs: number;
  /** Of an answer, decompressed. */
  readonly mostBytes: number;
  /** Between two requests. */
  readonly spacingMs: number;
}

export const HTTP_LIMITS: HttpLimits = {
  timeoutMs: 60_000,
  pausesMs: [2000, 8000, 30_000],
  longestWaitMs: 120_000,
  mostBytes: 64_000_000,
  spacingMs: 250,
};

/** A question to a provider. */
export interface HttpQuestion {
  readonly url: URL;
  readonly headers?: Readonly<Record<string, string>>;
  /** What the answer should be. */
  readonly as: 'JSON' | 'CSV' | 'XML';
  /** Texts that may stand in no message. */
  readonly secrets?: readonly string[];
  /** Statuses beside 2xx that the caller understands. */
  readonly alsoStatuses?: readonly number[];
}

export interface HttpAnswer {
  readonly status: number;
  readonly text: string;
}

/** An answer that says no; `status` tells a provider whether there is another way. */
export class HttpRefusal extends EitError {
  readonly status: number;

  constructor(status: number, message: string) {
    super('EIT_PROVIDER', message);
    this.status = status;
  }
}

const MOST_REDIRECTS = 3;

/** What may pass: the server has too much to do, or something between us is broken. */
const PASSING = [408, 425, 429, 500, 502, 503, 504];

/** Asks providers of intensity series over HTTP: patient with what passes, suspicious of what comes. */
export class HttpClient {
  readonly #world: HttpSurroundings;
  readonly #limits: HttpLimits;
  #lastMs = -Infinity;
  /** Requests made, retries too. */
  requests = 0;
  /** Requests that something answered, whatever it said. */
  answers = 0;

  constructor(world: HttpSurroundings, limits: HttpLimits = HTTP_LIMITS) {
    this.#world = world;
    this.#limits = limits;
  }

  /**
   * Asks, again after growing pauses where it may help (no connection, time-out, 429, 5xx), or after as long as the server says.
   * Redirects are followed on the same server only: whoever else it leads to shall not get the token.
   * @returns the answer's text; of the type asked for as far as its beginning tells
   * @throws EitError EIT_PROVIDER (HttpRefusal where there is a status); no message has the address' query or a secret in it
   */
  async get(question: HttpQuestion): Promise<HttpAnswer> {
    const { secrets = [], url } = question;
    if (secrets.length > 0 && url.protocol !== 'https:' && !isThisMachine(url.hostname))
      throw new EitError(
        'EIT_PROVIDER',
        `${placeOf(url)}: a token is not sent over plain http, where others can read it; expected https in url`,
      );
    for (let tries = 0; ; tries++) {
      const outcome = await this.#try(question);
      if ('text' in outcome) return outcome;
      const { error, waitMs } = outcome;
      const pauseMs = this.#limits.pausesMs[tries];
      if (waitMs === null || pauseMs === undefined || waitMs > this.#limits.longestWaitMs) throw error;
      const ms = Math.max(waitMs, pauseMs);
      this.#world.onWait?.(
        `${error.message}; asked again in ${Math.ceil(ms / 1000)} s (try ${tries + 2} of ${this.#limits.pausesMs.length + 1})`,
      );
      await this.#world.sleep(ms);
    }
  }

  /** What to do where nothing that was asked has answered; null where something has, or nothing was asked. */
  get unreachedHint(): string | null {
    if (this.requests === 0 || this.answers > 0) return null;
    return (
      'no provider could be reached from here. Behind a proxy: set HTTPS_PROXY, which Node.js takes from version 24 on with NODE_USE_ENV_PROXY=1; ' +
      'else name a mirror with url in eit.yaml (docs/intensity.md)'
    );
  }

  /** @returns the answer, or what went wrong and how long to wait at least; null: trying again does not help */
  async #try(question: HttpQuestion): Promise<HttpAnswer | { error: EitError; waitMs: number | null }> {
    const { as, secrets = [], alsoStatuses = [] } = question;
    const signal = AbortSignal.timeout(this.#limits.timeoutMs);
    let url = question.url;
    const failed = (what: string, waitMs: number | null = null) => ({
      error: new EitError('EIT_PROVIDER', `${placeOf(url)} ${redact(what, secrets)}`),
      waitMs,
    });
    try {
      for (let redirects = 0; ; redirects++) {
        await this.#space();
        const response = await this.#world.fetch(url.href, {
          headers: { accept: ACCEPT[as], 'user-agent': 'eit-for-slurm', ...question.headers },
          redirect: 'manual',
          signal,
        });
        this.answers += 1;
        const { status, headers } = response;
        const location = headers.get('location');
        if (status >= 300 && status < 400 && location !== null) {
          await response.body?.cancel();
          const next = URL.canParse(location, url.href) ? new URL(location, url) : null;
          if (next?.origin !== url.origin)
            return failed(
              `leads elsewhere (${next === null ? 'to no address' : next.origin}), which is not followed`,
            );
          if (redirects >= MOST_REDIRECTS) return failed(`leads on more than ${MOST_REDIRECTS} times`);
          url = next;
          continue;
        }
        const text = await this.#textOf(response);
        if (text === null) return failed(`answers with more than ${this.#limits.mostBytes / 1e6} MB`);
        if (!response.ok && !alsoStatuses.includes(status)) {
          const said = excerpt(text, secrets);
          const hint =
            status === 401 || status === 403 ? '; is the token right, and has it this access?' : '';
          const error = new HttpRefusal(status, `${placeOf(url)} answers ${status}${said}${hint}`);
          const asked = retryAfterMs(headers.get('retry-after'), this.#world.nowMs());
          return { error, waitMs: PASSING.includes(status) ? asked : null };
        }
        if (as !== 'XML' && isHtml(headers.get('content-type'), text))
          return failed(`answers with a web page in place of ${as}: is a proxy or a login between?`, 0);
        return { status, text };
      }
    } catch (error) {
      if (error instanceof EitError) throw error;
      const isTimeout = ['TimeoutError', 'AbortError'].includes(textAt(error, 'name'));
      return failed(
        isTimeout
          ? `has not answered in ${this.#limits.timeoutMs / 1000} s`
          : `cannot be reached: ${visible(redact(causeOf(error), secrets), 200)}`,
        0,
      );
    }
  }

  async #space(): Promise<void> {
    const restMs = this.#lastMs + this.#limits.spacingMs - this.#world.nowMs();
    if (restMs > 0) await this.#world.sleep(restMs);
    this.#lastMs = this.#world.nowMs();
    this.requests += 1;
  }

  /** null where it is too long. */
  async #textOf(response: Response): Promise<string | null> {
    if (response.body === null) return '';
    const chunks: Uint8Array[] = [];
    let bytes = 0;
    for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
      bytes += chunk.length;
      // Leaving the loop ends the connection.
      if (bytes > this.#limits.mostBytes) return null;
      chunks.push(chunk);
    }
    return Buffer.concat(chunks).toString('utf8');
  }
}

const ACCEPT = {
  JSON: 'application/json',
  CSV: 'text/csv, text/plain, */*',
  XML: 'application/xml, text/xml',
};

/**
 * How long a server wants to be left alone (RFC 9110, section 10.2.3: seconds, or a date).
 * @returns ms; 0 where it does not say
 */
export function retryAfterMs(header: string | null, nowMs: number): number {
  if (header === null) return 0;
  if (/^\d{1,9}$/.test(header.trim())) return Number(header) * 1000;
  const atMs = Date.parse(header);
  return Number.isNaN(atMs) ? 0 : Math.max(0, atMs - nowMs);
}

/** Without the query, in which some providers want the token. */
function placeOf({ origin, pathname }: URL): string {
  return visible(`${origin}${pathname}`, 200);
}

function isThisMachine(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d+){3}$/.test(hostname);
}

function isHtml(contentType: string | null, text: string): boolean {
  return /\bhtml\b/i.test(contentType ?? '') || /^\s*<(!doctype|html|head|body)\b/i.test(text.slice(0, 1000));
}

/** What a refusal says, in a line. */
function excerpt(text: string, secrets: readonly string[]): string {
  // A secret that the cut halves would be no more found.
  const plain = redact(text, secrets)
    .slice(0, 2000)
    .replaceAll(/<[^>]*>/g, ' ')
    .replaceAll(/\s+/g, ' ')
    .trim();
  return plain === '' ? '' : ` (${visible(plain, 160)})`;
}

/** A server may repeat what it was asked, as it came or as it writes texts. */
function redact(text: string, secrets: readonly string[]): string {
  return secrets
    .flatMap(writingsOf)
    .filter((writing) => writing !== '')
    .sort((a, b) => b.length - a.length)
    .reduce((safe, writing) => safe.replaceAll(writing, '***'), text);
}

/** A text as it stands in JSON (slashes escaped or not), in an address and in a form. */
function writingsOf(secret: string): string[] {
  const json = JSON.stringify(secret).slice(1, -1);
  const inAddress = [encodeURIComponent(secret), new URLSearchParams([['', secret]]).toString().slice(1)];
  const small = inAddress.map((text) => text.replaceAll(/%[0-9A-F]{2}/g, (byte) => byte.toLowerCase()));
  return [secret, json, json.replaceAll('/', '\\/'), ...inAddress, ...small];
}

/** undici says "fetch failed", and in the cause why; its errors are of another realm than code that a vm runs, so no `instanceof`. */
function causeOf(error: unknown): string {
  const cause = keyOf(error, 'cause');
  const said = [textAt(cause, 'message'), textAt(cause, 'code'), textAt(error, 'message')];
  return said.find((text) => text !== '') ?? 'no reason';
}

function textAt(value: unknown, key: string): string {
  const text = keyOf(value, key);
  return typeof text === 'string' ? text : '';
}

function keyOf(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[key] : undefined;
}
