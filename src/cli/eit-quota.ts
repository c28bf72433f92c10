import { quotaCheckMain } from './quota-check-main';

// `eit quota check` under a name of its own, so that nothing else has to be loaded.
process.exitCode = quotaCheckMain(process.argv.slice(2));
