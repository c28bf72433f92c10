import { main } from '../../src/cli/main';

/** The actions of `eit ledger` as a program: `node ledger-main.js compact|check [options]`. */
const [action, ...args] = process.argv.slice(2);
void main(
  'eit ledger',
  [
    {
      name: action ?? '',
      describe: '',
      load: () =>
        action === 'check' ? import('../../src/cli/ledger-check') : import('../../src/cli/ledger-compact'),
    },
  ],
  args,
  { isOne: true },
);
