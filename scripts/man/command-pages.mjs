// A page for eit, and one for each of its commands, of what their --help is made of.
import { escaped, page, prose, section, term } from './roff.mjs';

const FILES = {
  '/etc/eit/eit.yaml': 'The config, on each host: `eit.yaml`(5).',
  '/opt/eit/docs': 'What each figure means, how it is measured, and what to do about each message.',
};
const ENVIRONMENT = {
  EIT_CONFIG: 'Another config file; an absolute path.',
  EIT_DEBUG: 'Where it is set, an error shows where it comes from.',
  NO_COLOR: 'Where it is set, nothing is in colour.',
};
const EXIT = {
  0: 'All went well.',
  1: 'Something failed, or, for commands that judge, is not as it should be.',
  2: 'The command or the config is wrong: the message says where and what to write.',
};

/**
 * @param commands of src/cli/commands.ts, loaded: `{ command, module }`
 * @param usageOf the first line of a command's help
 * @param of `{ version, dateS }`
 * @returns pages by file name
 */
export function commandPages(commands, usageOf, { version, dateS }) {
  const names = commands.map(({ command }) => pageOf(command.name));
  const pages = { 'eit.1': mainPage(commands, names, { version, dateS }) };
  for (const { command, module } of commands) {
    const name = pageOf(command.name);
    const as = `eit ${command.name}`;
    const own = name === 'eit-report' ? ['eit-report [options]'] : [];
    pages[`${name}.1`] = page({ name, volume: 1, dateS, version }, [
      section('NAME', `${escaped(name)} \\- ${inOneLine(command.describe)}`),
      section('SYNOPSIS', [...own, usageOf(command, as)].map(synopsis).join('\n.br\n')),
      section('DESCRIPTION', prose(`${command.describe}.`), actions(command)),
      section('OPTIONS', ...options(module.options)),
      section('EXAMPLES', ...module.examples.map(([args, gives]) => term(`${as} ${args}`.trim(), gives))),
      section('NOTES', prose(module.epilogue)),
      tail(['eit', ...names.filter((other) => other !== name)]),
    ]);
  }
  return pages;
}

function mainPage(commands, names, { version, dateS }) {
  return page({ name: 'eit', volume: 1, dateS, version }, [
    section('NAME', 'eit \\- energy and CO2eq of Slurm jobs'),
    section('SYNOPSIS', synopsis('eit COMMAND [options]')),
    section(
      'DESCRIPTION',
      prose(
        'Measures the energy of each Slurm job on its nodes, keeps it in a ledger, and reports it with its CO2eq. ' +
          'Each command has a page of its own; `eit COMMAND --help` shows the same.',
      ),
    ),
    section('COMMANDS', ...commands.map(({ command }) => term(command.name, command.describe))),
    section('OPTIONS', term('-h, --help', 'Show help.'), term('-V, --version', 'Show the version.')),
    tail(names),
  ]);
}

/** The command that has a program of its own is known by that name. */
function pageOf(name) {
  return `eit-${name}`;
}

function tail(others) {
  const list = (of) => Object.entries(of).map(([name, text]) => term(name, text));
  const pages = [...others.map((name) => [name, 1]), ['eit.yaml', 5]];
  return [
    section('EXIT STATUS', ...list(EXIT)),
    section('ENVIRONMENT', ...list(ENVIRONMENT)),
    section('FILES', ...list(FILES)),
    section(
      'SEE ALSO',
      pages
        .map(([name, volume]) => `.BR ${escaped(name)} (${volume})`)
        .join(',\n')
        .replaceAll(/\((\d)\),/g, '($1),'),
    ),
  ].join('\n');
}

function actions({ actions: words, folder, operand, rest }) {
  const parts = [];
  if (words !== undefined)
    parts.push(
      `.PP\nWhat it can be told to do: ${words.map((word) => `\\fB${escaped(word)}\\fR`).join(', ')}.`,
    );
  if (folder !== undefined) parts.push(term('FOLDER', folder));
  if (operand !== undefined) parts.push(term(operand.name.toUpperCase(), operand.describe));
  if (rest !== undefined) parts.push(term(rest.name.toUpperCase(), rest.describe));
  return parts.join('\n');
}

function options(all) {
  return Object.entries(all).map(([name, option]) => {
    const { alias = [], type, describe, choices, default: value } = option;
    const long = value === true ? `no-${name}` : name;
    const names = [...[alias].flat(), long].sort((a, b) => a.length - b.length);
    const dashed = names.map((each) => (each.length === 1 ? `-${each}` : `--${each}`)).join(', ');
    const takes = type === 'boolean' ? '' : ` ${(option.array ?? type === 'array') ? 'LIST' : 'VALUE'}`;
    const among = choices === undefined ? '' : ` One of ${choices.join(', ')}.`;
    return term(`${dashed}${takes}`, `${describe}${among}`);
  });
}

/** The fixed words in bold. */
function synopsis(line) {
  const [program, ...rest] = line.split(/ (?=[[A-Z])/);
  return [`\\fB${escaped(program)}\\fR`, ...rest.map(escaped)].join(' ');
}

function inOneLine(text) {
  return escaped(text.replaceAll('`', '').replaceAll(/\s+/g, ' '));
}
