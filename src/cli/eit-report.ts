import { COMMANDS } from './commands';
import { main } from './main';

void main('eit-report', COMMANDS.find(({ name }) => name === 'report') ?? null, process.argv.slice(2));
