// Fails where a folder of src/ imports from one that comes later in the way of the data.
import { readFileSync, readdirSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { top } from './child.mjs';

// Each folder with those it may import from. The files of src/ itself (errors, version) and src/generated are
// open to all and import from no folder.
const LAYERS = {
  config: [],
  hardware: ['config'],
  slurm: ['config'],
  sources: ['config', 'hardware', 'slurm'],
  attribution: ['config', 'slurm', 'sources'],
  ledger: ['config', 'slurm', 'sources', 'attribution'],
  metrics: [],
  agent: ['config', 'slurm', 'sources', 'attribution', 'ledger', 'metrics'],
  'own-run': ['config', 'slurm', 'sources', 'attribution', 'ledger', 'metrics', 'agent'],
  runs: ['config', 'slurm', 'attribution', 'ledger'],
  archive: ['config', 'slurm', 'attribution', 'ledger', 'runs'],
  imports: ['config', 'slurm', 'attribution', 'ledger', 'runs', 'carbon'],
  synthetic: ['config', 'slurm', 'attribution', 'ledger', 'runs'],
  carbon: ['config', 'slurm', 'attribution', 'ledger', 'runs'],
  report: ['config', 'slurm', 'attribution', 'ledger', 'metrics', 'runs', 'carbon'],
  quota: ['config', 'slurm', 'attribution', 'ledger', 'runs', 'carbon', 'report'],
  live: ['config', 'slurm', 'attribution', 'ledger', 'runs', 'carbon', 'report'],
  mail: ['config', 'slurm', 'attribution', 'ledger', 'runs', 'carbon', 'report', 'quota'],
  science: ['config', 'hardware', 'slurm', 'attribution', 'ledger', 'runs', 'carbon', 'report', 'quota'],
  exports: [
    'config',
    'hardware',
    'slurm',
    'attribution',
    'ledger',
    'runs',
    'carbon',
    'report',
    'quota',
    'science',
  ],
  pages: ['config', 'slurm', 'attribution', 'ledger', 'runs', 'carbon', 'report', 'quota'],
  appendix: [
    'config',
    'slurm',
    'attribution',
    'ledger',
    'runs',
    'carbon',
    'report',
    'quota',
    'pages',
    'science',
  ],
  leaderboard: [
    'config',
    'slurm',
    'attribution',
    'ledger',
    'runs',
    'carbon',
    'report',
    'quota',
    'pages',
    'science',
  ],
  cli: [
    'config',
    'hardware',
    'slurm',
    'sources',
    'attribution',
    'ledger',
    'agent',
    'own-run',
    'runs',
    'archive',
    'synthetic',
    'carbon',
    'report',
    'quota',
    'metrics',
    'live',
    'mail',
    'pages',
    'science',
    'appendix',
    'leaderboard',
    'imports',
    'exports',
  ],
};
const OPEN_TO_ALL = ['', 'generated'];

const src = join(top, 'src');
const faults = readdirSync(src, { recursive: true })
  .filter((file) => file.endsWith('.ts') && !file.endsWith('.d.ts'))
  .flatMap((file) => findFaults(file, readFileSync(join(src, file), 'utf8')));

if (faults.length > 0) {
  console.error(faults.join('\n'));
  console.error('Move the code to the earlier folder, or pass what varies in from the later one.');
  process.exit(1);
}

function findFaults(file, text) {
  const folder = folderOf(file);
  const allowed = OPEN_TO_ALL.includes(folder) ? [] : LAYERS[folder];
  if (!allowed) return [`src/${file}: the folder ${folder} is not in the table of scripts/check-layers.mjs.`];

  return importsOf(text)
    .map(({ specifier, line }) => ({ target: relative(src, join(src, dirname(file), specifier)), line }))
    .filter(({ target }) => !target.startsWith('..'))
    .filter(({ target }) => ![folder, ...OPEN_TO_ALL, ...allowed].includes(folderOf(target)))
    .map(
      ({ target, line }) =>
        `src/${file}:${line} imports src/${target}, but ${folder || 'the top of src'} may import only from ` +
        `${allowed.join(', ') || 'no other folder'}.`,
    );
}

/** The relative imports of a file, types too, static or dynamic. */
function importsOf(text) {
  const found = text.matchAll(/\b(?:from|import|require)\s*\(?\s*['"](\.[^'"]*)['"]/g);
  return [...found].map((match) => ({
    specifier: match[1],
    line: text.slice(0, match.index).split('\n').length,
  }));
}

function folderOf(path) {
  return path.includes('/') ? path.slice(0, path.indexOf('/')) : '';
}
