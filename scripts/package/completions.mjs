// Completion for fish and zsh, of the commands' own table; bash has its own (slurm-examples/eit-completion.bash).

/**
 * @param commands of src/cli/commands.ts, loaded: `{ command, module }`
 * @returns text for fish: https://fishshell.com/docs/current/completions.html
 */
export function fishCompletion(commands) {
  const lines = [
    '# Completion of eit and eit-report for fish, made of their help.',
    'complete -c eit -f',
    'complete -c eit-report -f',
  ];
  const isFirst = "'__fish_is_first_token'";
  for (const { command, module } of commands) {
    const { name, describe, actions = [] } = command;
    const within = `'__fish_seen_subcommand_from ${name}'`;
    lines.push(`complete -c eit -n ${isFirst} -a ${name} -d ${quoted(describe)}`);
    if (actions.length > 0) {
      const none = `'__fish_seen_subcommand_from ${name}; and not __fish_seen_subcommand_from ${actions.join(' ')}'`;
      lines.push(`complete -c eit -n ${none} -a ${quoted(actions.join(' '))}`);
    }
    for (const option of optionsOf(module)) {
      const flags = fishFlags(option);
      lines.push(`complete -c eit -n ${within} ${flags}`);
      if (name === 'report') lines.push(`complete -c eit-report ${flags}`);
    }
  }
  return `${lines.join('\n')}\n`;
}

/** @returns text for zsh: zshcompsys(1), _arguments */
export function zshCompletion(commands) {
  const functions = commands.map(({ command, module }) => {
    const specs = optionsOf(module).flatMap(zshSpecs);
    const first =
      command.actions === undefined ? [] : [quoted(`1:what to do:(${command.actions.join(' ')})`)];
    return `_eit_${command.name.replaceAll('-', '_')}() {\n  _arguments -s ${[...first, ...specs, quoted('*:file:_files')].join(' \\\n    ')}\n}\n`;
  });
  const names = commands.map(
    ({ command }) => `    ${quoted(`${command.name}:${command.describe.replaceAll(':', '\\:')}`)}`,
  );
  return `#compdef eit eit-report
# Completion of eit and eit-report for zsh, made of their help.

${functions.join('\n')}
_eit() {
  if [[ $service == eit-report ]]; then
    _eit_report
    return
  fi
  local -a commands=(
${names.join('\n')}
  )
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  local command=_eit_\${words[2]//-/_}
  (( $+functions[$command] )) || return
  shift words
  (( CURRENT-- ))
  $command
}

_eit "$@"
`;
}

/** Options of a command as they are written: `{ long, short, describe, takes }`. */
function optionsOf(module) {
  return Object.entries(module.options).map(([name, { alias = [], type, describe, default: value }]) => ({
    long: value === true ? `no-${name}` : name,
    short: [alias].flat().find((each) => each.length === 1),
    describe,
    takes: type !== 'boolean',
    isFile: /^(config|plot|dir|sacct)$/.test(name),
  }));
}

function fishFlags({ long, short, describe, takes, isFile }) {
  return [
    `-l ${long}`,
    ...(short === undefined ? [] : [`-s ${short}`]),
    ...(takes ? [isFile ? '-r -F' : '-x'] : []),
    `-d ${quoted(describe)}`,
  ].join(' ');
}

function zshSpecs({ long, short, describe, takes, isFile }) {
  const text = describe.replaceAll(/[\\[\]:]/g, '\\$&');
  const value = takes ? `:value:${isFile ? '_files' : ''}` : '';
  const names = [`--${long}`, ...(short === undefined ? [] : [`-${short}`])];
  return names.map((name) => quoted(`${name}${takes && name.startsWith('--') ? '=' : ''}[${text}]${value}`));
}

/** In single quotes; fish and zsh read them differently where there is a quote within. */
function quoted(text) {
  return `'${text.replaceAll("'", '’')}'`;
}
