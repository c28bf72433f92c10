/** What a job was started with, as slurm-examples/taskprolog-software.sh wrote it down. */
export interface Software {
  readonly lines: readonly { readonly name: string; readonly text: string }[];
  /** By what manages them. */
  readonly packages: readonly { readonly name: string; readonly packages: readonly string[] }[];
}

const LINES: Readonly<Record<string, string>> = {
  modules: 'Modules',
  container: 'Container',
  python: 'Python',
  conda: 'Conda environment',
  venv: 'Virtual environment',
  venv_python: "Its Python's version",
};

const PACKAGES: Readonly<Record<string, string>> = {
  conda_package: 'Packages of Conda',
  venv_package: 'Packages of the virtual environment',
};

/** Paths that name whose they are. */
const PATHS = new Set(['container', 'python', 'conda', 'venv']);

/**
 * Reads the file: fields that end with NUL, the first `eit-software 1`, the last `end`.
 * @param hidesNames whether of paths only the last part is kept: the others say whose and where they are
 * @returns null where it is none, of another version or cut off
 */
export function parseSoftware(text: string, hidesNames: boolean): Software | null {
  const fields = text.split('\0');
  if (fields[0] !== 'eit-software 1' || fields.at(-1) !== '' || fields.at(-2) !== 'end') return null;
  const lines: { name: string; text: string }[] = [];
  const packages = new Map<string, string[]>();
  for (const field of fields.slice(1, -2)) {
    const at = field.indexOf('=');
    const [key, value] = [field.slice(0, Math.max(0, at)), field.slice(at + 1)];
    const [line, list] = [
      Object.hasOwn(LINES, key) ? LINES[key] : undefined,
      Object.hasOwn(PACKAGES, key) ? PACKAGES[key] : undefined,
    ];
    if (line !== undefined)
      lines.push({
        name: line,
        text:
          key === 'modules'
            ? value.replaceAll(':', ' ')
            : hidesNames && PATHS.has(key)
              ? lastOf(value)
              : value,
      });
    if (list !== undefined) packages.set(list, [...(packages.get(list) ?? []), value]);
  }
  return { lines, packages: [...packages].map(([name, found]) => ({ name, packages: found.sort() })) };
}

function lastOf(path: string): string {
  return path.split('/').findLast((part) => part !== '') ?? '';
}
