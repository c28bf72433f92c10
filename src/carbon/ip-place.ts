import { visible } from '../config/visible';
import { EitError } from '../errors';
import type { Point } from './region-shapes';

const TIMEOUT_MS = 10_000;
const MOST_CHARACTERS = 65_536;

/**
 * Asks a service where the address is that the question comes from. Nothing else is sent than the question.
 * @param url of the service, http or https
 * @param ask how it is asked: the global `fetch`, or one that a test makes
 * @param beforeAsking is told the host that will be asked
 * @throws EitError EIT_USAGE where the URL is none, EIT_IP_LOOKUP where the answer does not come or is no place
 */
export async function askIpPlace(
  url: string,
  ask: typeof fetch,
  beforeAsking: (host: string) => void,
): Promise<Point> {
  const host = checkedUrl(url);
  beforeAsking(host);
  const failed = (why: string, cause?: unknown): EitError =>
    new EitError(
      'EIT_IP_LOOKUP',
      `${host} does not tell where this machine is: ${why}; give --lat and --lon`,
      {
        cause,
      },
    );
  let text = '';
  let status = 0;
  try {
    // An answer that leads elsewhere would tell another host of us than the one that was named.
    const response = await ask(url, {
      redirect: 'manual',
      signal: AbortSignal.timeout(TIMEOUT_MS),
      headers: { accept: 'application/json' },
    });
    status = response.status;
    text = status === 200 ? await readLimited(response) : '';
  } catch (error) {
    throw failed(whyFailed(error), error);
  }
  if (status !== 200) throw failed(`it answers with HTTP status ${status}`);
  const point = parseIpPlace(text);
  if (point === null) throw failed('its answer is no JSON with a latitude and a longitude');
  return point;
}

/**
 * The point of an answer, in the forms that such services have: `lat` and `lon`, `latitude` and `longitude`, or `loc` with both;
 * null where there is none.
 */
export function parseIpPlace(text: string): Point | null {
  let answer: Record<string, unknown>;
  try {
    answer = Object(JSON.parse(text)) as Record<string, unknown>;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
  const [first, second] = typeof answer['loc'] === 'string' ? answer['loc'].split(',') : [];
  const latitude = degrees(answer['latitude'] ?? answer['lat'] ?? first);
  const longitude = degrees(answer['longitude'] ?? answer['lon'] ?? second);
  return latitude === null || longitude === null ? null : { latitude, longitude };
}

function degrees(value: unknown): number | null {
  if (typeof value === 'number') return Number.isFinite(value) ? value : null;
  return typeof value === 'string' && /^-?\d{1,3}(\.\d+)?$/.test(value) ? Number(value) : null;
}

function checkedUrl(url: string): string {
  const parsed = URL.canParse(url) ? new URL(url) : null;
  if (parsed === null || !['http:', 'https:'].includes(parsed.protocol))
    throw new EitError(
      'EIT_USAGE',
      `--ip takes the URL of a service that tells where an address is, not ${JSON.stringify(visible(url, 80))}`,
    );
  return parsed.host;
}

async function readLimited(response: Response): Promise<string> {
  let text = '';
  const decoder = new TextDecoder();
  for await (const piece of response.body ?? []) {
    text += decoder.decode(piece as Uint8Array, { stream: true });
    if (text.length > MOST_CHARACTERS)
      throw new RangeError(`its answer is longer than ${MOST_CHARACTERS} bytes`);
  }
  return text;
}

function whyFailed(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'TimeoutError') return `no answer in ${TIMEOUT_MS / 1000} s`;
  return visible(error.cause instanceof Error ? error.cause.message : error.message, 200);
}
