import { main } from './main';

void main('eit', null, process.argv.slice(2));
