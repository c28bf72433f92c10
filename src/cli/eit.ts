import { quotaCheckMain } from './quota-check-main';

const args = process.argv.slice(2);

// A job's submission may wait for it: it goes without all that the other commands need.
if (args[0] === 'quota' && args[1] === 'check') process.exitCode = quotaCheckMain(args.slice(2));
else {
  void Promise.all([import('./main'), import('./commands')]).then(([{ main }, { COMMANDS }]) =>
    main('eit', COMMANDS, args),
  );
}
