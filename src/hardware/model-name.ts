/** Words of names that drivers and makers write or leave out. */
const NOISE =
  /\b(nvidia|amd|intel|tesla|instinct|geforce|corporation|inc|cpu|processor|gpu|\d+-core|\d+th gen|with radeon graphics)\b/g;

/**
 * A model's name without what says nothing: `Intel(R) Xeon(R) Gold 6148 CPU @ 2.40GHz` and `Intel Xeon Gold 6148` are one,
 * as are `NVIDIA A100-SXM4-80GB` and `A100 SXM4 80GB`.
 */
export function plainModel(name: string): string {
  return name
    .toLowerCase()
    .replaceAll(/\((r|tm|c)\)|[®™]/g, ' ')
    .replace(/@.*$/, '')
    .replaceAll(NOISE, ' ')
    .replaceAll(/[^a-z0-9+]+/g, '');
}
