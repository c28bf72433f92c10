/**
 * As Promise.all, but where one fails the others are waited for too: a database is not closed while it is asked something.
 * @throws what the first of them that failed throws
 */
export async function allEnded<T extends readonly unknown[]>(
  asked: T,
): Promise<{ -readonly [K in keyof T]: Awaited<T[K]> }> {
  await Promise.allSettled(asked);
  return Promise.all(asked);
}
