/**
 * Power of memory, µW a GB: 0.3725 W, whether in use or not (L. Lannelongue, J. Grealey, M. Inouye: Green Algorithms,
 * Advanced Science 2021, doi 10.1002/advs.202100707).
 */
const UW_PER_GB = 372_500;
/**
 * Its figure rests on measured memory modules, whose GB are of 2^30 bytes, as JEDEC defines them for memory: a module sold
 * as 16 GB has 2^34. With 10^9 the same host would draw 7 % more.
 */
const BYTES_PER_GB = 2 ** 30;

/** Power (W) of so much memory. */
export function dramPowerW(bytes: number): number {
  return Number(dramPowerUw(bytes)) / 1e6;
}

/** Power (whole µW) of so much memory. */
export function dramPowerUw(bytes: number): bigint {
  return BigInt(Math.round((bytes / BYTES_PER_GB) * UW_PER_GB));
}
