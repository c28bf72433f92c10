import { hostname } from 'node:os';

/** The host's name as it stands in records and file names: letters, digits, dots, dashes, underscores. */
export function hostName(): string {
  return hostname().replaceAll(/[^A-Za-z0-9._-]/g, '_') || 'localhost';
}
