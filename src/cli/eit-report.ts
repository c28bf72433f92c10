import { main } from './main';
import { REPORT } from './report-command';

void main('eit-report', [REPORT], process.argv.slice(2), { isOne: true });
