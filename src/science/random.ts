/**
 * Pseudorandom numbers in [0, 1), the same for the same seed on every machine (Chris Doty-Humphrey's generator sfc32, from PractRand).
 * @param seed any whole number
 */
export function randomFrom(seed: number): () => number {
  let [a, b, c, counter] = [seed | 0, Math.floor(seed / 2 ** 32) | 0, 0x2545f491, 1];
  const next = (): number => {
    const result = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + result;
    return (result >>> 0) / 2 ** 32;
  };
  // Seeds that differ in a bit only have mixed by then.
  for (let i = 0; i < 15; i++) next();
  return next;
}
