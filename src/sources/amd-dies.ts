/**
 * Accelerator modules with two dies, each a GPU to Slurm and the driver: MI250X and MI250. Only the first die has the
 * power and the energy of the module; the second shows 0.
 * https://github.com/torvalds/linux/blob/master/drivers/gpu/drm/amd/pm/swsmu/smu13/aldebaran_ppt.c
 * (aldebaran_is_primary)
 * @param deviceId of PCI, four hexadecimal digits, lower case
 */
export function isOfTwoDies(deviceId: string): boolean {
  return deviceId === '7408' || deviceId === '740c';
}

/**
 * Which second die is on the module of which first: nothing tells, so where there are as many of both they are paired
 * in the order of their PCI addresses, in which the dies of a module follow each other. Where there are not, some are
 * hidden from this host and nobody is paired.
 * @returns for each of `first` its second die, or null
 */
export function pairDies<T>(first: readonly T[], second: readonly T[]): (T | null)[] {
  return first.map((_, i) => (first.length === second.length ? (second[i] ?? null) : null));
}
