import { type IncomingMessage, type Server, type ServerResponse, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { HTTP_LIMITS, HttpClient, type HttpLimits } from '../../../../src/carbon/http-client';

export type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** A provider on this machine: it answers one after the other with what a test says, the last again and again. */
export class ProviderServer {
  readonly requests: {
    readonly path: string;
    readonly query: URLSearchParams;
    readonly headers: IncomingMessage['headers'];
  }[] = [];
  readonly #server: Server;
  #answers: Answer[] = [];

  constructor() {
    this.#server = createServer((request, response) => {
      const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost');
      this.requests.push({ path: pathname, query: searchParams, headers: request.headers });
      const answer = this.#answers.length > 1 ? this.#answers.shift() : this.#answers[0];
      if (answer === undefined) response.writeHead(500).end();
      else answer(request, response);
    });
  }

  async start(): Promise<this> {
    await new Promise<void>((resolve) => {
      this.#server.listen(0, '127.0.0.1', resolve);
    });
    return this;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Forgets what was asked, and answers so from now on. */
  answer(...answers: Answer[]): void {
    this.requests.length = 0;
    this.#answers = answers;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => {
      this.#server.close(resolve);
    });
  }
}

/** Answers with a body. */
export function body(
  text: string,
  type = 'application/json',
  status = 200,
  headers: Record<string, string> = {},
): Answer {
  return (_request, response) => {
    response.writeHead(status, { 'content-type': type, ...headers }).end(text);
  };
}

export const json = (value: unknown, status = 200, headers: Record<string, string> = {}): Answer =>
  body(JSON.stringify(value), 'application/json; charset=utf-8', status, headers);

/** A client that notes its pauses and does not wait for them. */
export function patientClient(
  limits: Partial<HttpLimits> = {},
  nowMs = Date.now(),
): { http: HttpClient; pausesMs: number[]; waits: string[] } {
  const pausesMs: number[] = [];
  const waits: string[] = [];
  const sleep = (ms: number): Promise<void> => {
    pausesMs.push(ms);
    return Promise.resolve();
  };
  const http = new HttpClient(
    { fetch, sleep, nowMs: () => nowMs, onWait: (text) => waits.push(text) },
    { ...HTTP_LIMITS, spacingMs: 0, ...limits },
  );
  return { http, pausesMs, waits };
}

/** The message of what a promise is refused with. */
export async function refusal(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => 'it was not refused',
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  );
}
