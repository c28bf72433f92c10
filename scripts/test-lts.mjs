// npm run test:lts [-- ...]: the tests as npm test runs them, by the Node.js that the packages hold.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { run, top } from './child.mjs';
import { PACKAGED_NODE, installRuntime } from './package/runtime.mjs';

await installRuntime();
const version = execFileSync(PACKAGED_NODE, ['--version'], { encoding: 'utf8' }).trim();
console.log(`Node.js of the packages: ${version}`);
const { status } = await run(PACKAGED_NODE, [join(top, 'scripts/test.mjs'), ...process.argv.slice(2)]);
process.exitCode = status;
