// Fails where npm knows a grave weakness of a package that we hand on. Status 75, with the reason: the registry could not be asked.
import { run } from './child.mjs';

const SKIPPED = 75;
const faults = [];
for (const folder of ['.', 'packaging/runtime']) {
  const npm = [
    'audit',
    '--prefix',
    folder,
    '--package-lock-only',
    '--omit=dev',
    '--audit-level=high',
    '--json',
  ];
  const { status, output } = await run('npm', npm, { capture: true });
  const answer = parse(output);
  if (answer?.metadata?.vulnerabilities === undefined) {
    const words =
      /npm (?:error|warn) audit (.*)/.exec(output)?.[1] ?? answer?.message ?? output.trim().split('\n')[0];
    console.log(`the registry's audit could not be asked: ${words}`);
    process.exit(SKIPPED);
  }
  if (status !== 0)
    faults.push(`${folder}: ${JSON.stringify(answer.metadata.vulnerabilities)}; npm audit says of what`);
}
if (faults.length > 0) {
  console.error(faults.join('\n'));
  process.exitCode = 1;
}

/** The JSON among npm's lines; undefined where there is none. */
function parse(output) {
  try {
    return JSON.parse(output.slice(output.indexOf('{'), output.lastIndexOf('}') + 1));
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
