import { HttpClient, retryAfterMs } from '../../../src/carbon/http-client';
import { type Answer, ProviderServer, body, json, patientClient, refusal } from './providers/provider-server';

const SECRET = 'tok/en+123';
let server: ProviderServer;
let other: ProviderServer;
beforeAll(async () => {
  server = await new ProviderServer().start();
  other = await new ProviderServer().start();
});
afterAll(async () => {
  await server.stop();
  await other.stop();
});

const ask = (http = patientClient().http) =>
  http.get({
    url: new URL(`${server.url}/v1/data?key=${encodeURIComponent(SECRET)}`),
    headers: { 'auth-token': SECRET },
    as: 'JSON',
    secrets: [SECRET],
  });

test('an answer is its text', async () => {
  server.answer(json({ a: 'ü' }));
  expect(await ask()).toEqual({ status: 200, text: '{"a":"ü"}' });
  expect(server.requests).toMatchObject([
    { path: '/v1/data', headers: { 'auth-token': SECRET, accept: 'application/json' } },
  ]);
});

const cut: Answer = (request) => request.socket.destroy();
const halfWay: Answer = (request, response) => {
  response.writeHead(200, { 'content-length': '1000' }).write('{"a":');
  setImmediate(() => request.socket.destroy());
};

test.each<[string, Answer]>([
  ['a server that has too much to do', json({}, 503)],
  ['one that wants fewer questions', json({}, 429)],
  ['one that fails', json({}, 500)],
  ['a connection that breaks', cut],
  ['an answer that breaks off', halfWay],
  ['the web page of a proxy', body('<!DOCTYPE html><html>', 'text/html')],
])('%s is asked again after pauses that grow, and then it works', async (_, answer) => {
  server.answer(answer, answer, json({ ok: true }));
  const { http, pausesMs } = patientClient();
  expect((await ask(http)).text).toBe('{"ok":true}');
  expect(pausesMs).toEqual([2000, 8000]);
  expect(http.requests).toBe(3);
});

test('it is given up after the last pause, and the message says what came', async () => {
  server.answer(json({ error: 'too busy' }, 503));
  const { http, pausesMs } = patientClient();
  expect(await refusal(ask(http))).toBe(`${server.url}/v1/data answers 503 ({"error":"too busy"})`);
  expect(pausesMs).toEqual([2000, 8000, 30_000]);
});

test('a server that says how long to wait is waited for so long, and not for ever', async () => {
  server.answer(json({}, 429, { 'retry-after': '61' }), json({ ok: true }));
  const { http, pausesMs } = patientClient();
  await ask(http);
  expect(pausesMs).toEqual([61_000]);
  server.answer(json({}, 429, { 'retry-after': '3600' }));
  expect(await refusal(ask())).toContain('answers 429');
  expect(server.requests).toHaveLength(1);
});

test.each([
  [null, 0],
  ['5', 5000],
  ['Wed, 21 Oct 2026 07:28:30 GMT', 30_000],
  ['Wed, 21 Oct 2026 07:27:00 GMT', 0],
  ['soon', 0],
  ['-5', 0],
])('Retry-After: %s', (header, ms) => {
  expect(retryAfterMs(header, Date.parse('2026-10-21T07:28:00Z'))).toBe(ms);
});

test('a refusal is no matter of patience, and says nothing of the token though the server repeats it', async () => {
  server.answer(json({ error: `bad token ${SECRET}, ${encodeURIComponent(SECRET)} \u001b[2J` }, 401));
  const message = await refusal(ask());
  expect(message).toBe(
    `${server.url}/v1/data answers 401 ({"error":"bad token ***, *** \\u001b[2J"}); is the token right, and has it this access?`,
  );
  expect(server.requests).toHaveLength(1);
});

test.each<[string, string]>([
  ['as JSON', JSON.stringify({ error: 'b"a\\d/tok en' })],
  ['as JSON with slashes escaped', JSON.stringify({ error: 'b"a\\d/tok en' }).replaceAll('/', '\\/')],
  ['as of a form', new URLSearchParams({ error: 'b"a\\d/tok en' }).toString()],
  ['in small letters', 'b%22a%5cd%2ftok%20en'],
  ['over the end of what is shown', `${' '.repeat(1994)}b"a\\d/tok en`],
])('a token that the server repeats is in no message: %s', async (_, text) => {
  server.answer(body(text, 'application/json', 401));
  const question = { url: new URL(server.url), as: 'JSON', secrets: ['b"a\\d/tok en'] } as const;
  const message = await refusal(patientClient().http.get(question));
  expect(message).toContain('answers 401');
  expect(message).not.toMatch(/b("|\\"|%22)a/);
});

test('an empty token leaves a message as it is', async () => {
  server.answer(body('who are you?', 'text/plain', 401));
  const question = { url: new URL(server.url), as: 'JSON', secrets: [''] } as const;
  expect(await refusal(patientClient().http.get(question))).toContain('(who are you?)');
});

test('a reason that does not end is cut, and nothing in it moves the cursor', async () => {
  const cause = new Error(`\u001b[2J${'x'.repeat(5000)}`);
  const sleep = (): Promise<void> => Promise.resolve();
  const http = new HttpClient({
    fetch: () => Promise.reject(new TypeError('fetch failed', { cause })),
    sleep,
    nowMs: Date.now,
  });
  const message = await refusal(http.get({ url: new URL(server.url), as: 'JSON' }));
  expect(message).toContain('cannot be reached: \\u{1b}[2Jxxx');
  expect(message.length).toBeLessThan(400);
});

test('each wait is told, with what went wrong and how long it is', async () => {
  server.answer(json({}, 503), cut, json({ ok: true }));
  const { http, waits } = patientClient();
  await ask(http);
  expect(waits).toEqual([
    `${server.url}/v1/data answers 503 ({}); asked again in 2 s (try 2 of 4)`,
    expect.stringMatching(/ cannot be reached: .*; asked again in 8 s \(try 3 of 4\)$/),
  ]);
  expect([http.requests, http.answers]).toEqual([3, 2]);
});

test('no message has the query of the address', async () => {
  for (const answer of [
    json({}, 404),
    body('<html>', 'text/html'),
    cut,
    json({}, 302, { location: 'https://evil.example/' }),
  ]) {
    server.answer(answer);
    expect(await refusal(ask())).not.toMatch(/key=|tok/);
  }
});

test('a redirect on the same server is followed, some of them', async () => {
  server.answer(json({}, 301, { location: '/v2/data' }), json({ ok: true }));
  expect((await ask()).text).toBe('{"ok":true}');
  expect(server.requests.map(({ path }) => path)).toEqual(['/v1/data', '/v2/data']);
  server.answer(json({}, 302, { location: '/v1/data' }));
  expect(await refusal(ask())).toContain('leads on more than 3 times');
});

test('a redirect to elsewhere is not followed: nobody else gets the token', async () => {
  other.answer(json({ values: 'wrong' }));
  server.answer(json({}, 307, { location: `${other.url}/v1/data` }));
  expect(await refusal(ask())).toBe(
    `${server.url}/v1/data leads elsewhere (${other.url}), which is not followed`,
  );
  server.answer(json({}, 302, { location: 'http://[' }));
  expect(await refusal(ask())).toContain('leads elsewhere');
  expect(other.requests).toEqual([]);
});

test('an answer that does not come is given up', async () => {
  server.answer(() => undefined);
  const { http } = patientClient({ timeoutMs: 50, pausesMs: [1] });
  expect(await refusal(ask(http))).toBe(`${server.url}/v1/data has not answered in 0.05 s`);
  expect(server.requests).toHaveLength(2);
});

test('an answer that drips is given up too', async () => {
  server.answer((_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    const drip = setInterval(() => response.write(' '), 10);
    response.on('close', () => clearInterval(drip));
  });
  const { http } = patientClient({ timeoutMs: 100, pausesMs: [] });
  expect(await refusal(ask(http))).toContain('has not answered');
});

test('an answer that does not end is left at its limit', async () => {
  let closed = (): void => undefined;
  const isClosed = new Promise<void>((resolve) => (closed = resolve));
  server.answer((_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    const more = (): boolean =>
      response.destroyed || response.write('x'.repeat(65_536), () => setImmediate(more));
    response.on('close', closed);
    more();
  });
  const { http } = patientClient({ mostBytes: 1_000_000 });
  expect(await refusal(ask(http))).toContain('answers with more than 1 MB');
  await isClosed;
  expect(server.requests).toHaveLength(1);
});

test('a server that is not there says so', async () => {
  const gone = await new ProviderServer().start();
  const { url } = gone;
  await gone.stop();
  const { http } = patientClient({ pausesMs: [] });
  expect(await refusal(http.get({ url: new URL(url), as: 'JSON' }))).toContain(
    'cannot be reached: connect ECONNREFUSED',
  );
  expect(http.unreachedHint).toMatch(/^no provider could be reached.*proxy.*mirror with url/);
  server.answer(json({}, 500));
  await refusal(ask(http));
  expect(http.unreachedHint).toBeNull();
  expect(patientClient().http.unreachedHint).toBeNull();
});

test('a token does not go over plain http to another machine', async () => {
  const { http } = patientClient();
  const question = { url: new URL('http://mirror.example.org/x'), as: 'JSON', secrets: [SECRET] } as const;
  expect(await refusal(http.get(question))).toContain('a token is not sent over plain http');
  expect(http.requests).toBe(0);
});

test('questions are not asked faster than the spacing', async () => {
  server.answer(json({}));
  const { http, pausesMs } = patientClient({ spacingMs: 250 });
  await ask(http);
  await ask(http);
  expect(pausesMs).toEqual([250]);
});
