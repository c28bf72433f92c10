import type { Command } from './command';
import { REPORT } from './report-command';

/** Every command of `eit`. */
export const COMMANDS: readonly Command[] = [
  REPORT,
  {
    name: 'status',
    describe: "This host's agent: is it running, what does it measure now, what does it cost",
    load: () => import('./status'),
  },
  {
    name: 'top',
    describe: 'Live: the jobs on this host, with watts now, by domain, and energy so far',
    load: () => import('./top'),
  },
  {
    name: 'watch',
    describe: 'Live, from a login node: what a job draws now and has used so far, until it ends',
    operand: { name: 'job', describe: 'which job: 1234, 1234_5, 1234+1' },
    load: () => import('./watch'),
  },
  {
    name: 'doctor',
    describe: 'Looks for what keeps this host from being measured, and says how to mend it',
    load: () => import('./doctor'),
  },
  {
    name: 'calibrate',
    describe: 'Learns what this host draws when nothing runs',
    load: () => import('./calibrate'),
  },
  {
    name: 'sacct-sync',
    describe: 'Brings what sacct tells of jobs (name, array, QOS, state, request) into the ledger',
    load: () => import('./sacct-sync'),
  },
  {
    name: 'sacct-comment',
    describe:
      'Writes energy, CO2e and coverage of ended jobs into their AdminComment, where eit.yaml says so',
    load: () => import('./sacct-comment'),
  },
  {
    name: 'gpu',
    describe: 'Lets go of the GPUs of this host for a while (release), or takes them again (take)',
    actions: ['release', 'take'],
    load: () => import('./gpu'),
  },
  {
    name: 'ledger',
    describe:
      'Takes what hosts have sent into the archive (compact), compares it (check), lets go of what is old (prune) or of one user ' +
      '(export, erase), makes one up (generate)',
    actions: ['compact', 'check', 'prune', 'export', 'erase', 'generate'],
    folder: 'the folder of the ledger; default: as configured',
    load: () => import('./ledger'),
  },
  {
    name: 'intensity',
    describe:
      'Series of carbon intensity: brings them from the internet (fetch), takes them from a file (import), shows them (show)',
    actions: ['fetch', 'import', 'show'],
    operand: { name: 'file', describe: 'import: the CSV file' },
    load: () => import('./intensity'),
  },
  {
    name: 'quota',
    describe:
      'What of the quotas is used; refresh: writes it down for this host, check: whether a job may start',
    actions: ['refresh', 'check'],
    goesAlone: true,
    load: () => import('./quota'),
  },
  {
    name: 'prometheus',
    describe:
      'Figures of the ledger for Prometheus: energy, CO2e, cost, coverage and silent hosts by cluster and partition',
    load: () => import('./prometheus'),
  },
  {
    name: 'mail',
    describe:
      "Mails about jobs: sends what eit-mail leaves (spool), tries the way to an address (check), shows what a job's says (show) and a month's (digest), lists what has not gone (queue), sends it again (retry) or not (drop)",
    actions: ['spool', 'check', 'show', 'digest', 'queue', 'retry', 'drop'],
    operand: {
      name: 'what',
      describe:
        'check: an address or a user; show: the job, such as 1234, 1234_5 or 1234+1; retry, drop: an ID, or all',
    },
    load: () => import('./mail'),
  },
  {
    name: 'publish',
    describe:
      'Writes the pages of each user, account and partition and of the site, each readable by whom it concerns',
    load: () => import('./publish'),
  },
  {
    name: 'factors',
    describe:
      'Every factor in force (PUE, intensity, price, water, ...), with unit, source, year and where it was set',
    load: () => import('./factors'),
  },
  {
    name: 'zones',
    describe:
      'Zones of the electricity grid: lists them (list), one of them (show), those with the most and the least carbon (top, bottom), ' +
      'and in which a place is (locate)',
    actions: ['list', 'show', 'top', 'bottom', 'locate'],
    operand: { name: 'zone', describe: 'show: which zone, such as DE' },
    load: () => import('./zones'),
  },
  {
    name: 'regions',
    describe: 'Carbon intensity of the regions of clouds, beside that of ways to make electricity',
    operand: { name: 'provider', describe: 'of one provider alone, such as aws' },
    load: () => import('./regions'),
  },
  {
    name: 'compare',
    describe: 'Whether sets of runs differ in energy, CO2eq or time: tests, effect sizes, correlation',
    load: () => import('./compare'),
  },
  {
    name: 'statement',
    describe:
      'The carbon impact statement of a paper: energy, CO2eq, where, hours, hardware, social cost of carbon',
    operand: { name: 'jobs', describe: 'job ids with commas between them: 1234,1240_[1-5]' },
    load: () => import('./statement'),
  },
  {
    name: 'estimate',
    describe:
      'What a run would take by the usual ways to estimate it, what past jobs tell, and how far each is from what was measured',
    load: () => import('./estimate'),
  },
  {
    name: 'whatif',
    describe: 'The same energy in other zones and at other hours: what it would have emitted',
    operand: { name: 'jobs', describe: 'job ids with commas between them: 1234,1240_[1-5]' },
    load: () => import('./whatif'),
  },
  {
    name: 'appendix',
    describe:
      'Pages of sets of runs to be published beside a paper: summaries, pictures, a page a run, raw data',
    operand: { name: 'jobs', describe: 'job ids with commas between them: 1234,1240_[1-5]' },
    load: () => import('./appendix'),
  },
  {
    name: 'run',
    describe:
      'Measures a command into a folder of your own: on a laptop, or in a job of a cluster without our hooks',
    rest: { name: 'command', describe: 'behind --: the command and its arguments' },
    load: () => import('./run'),
  },
  {
    name: 'tag',
    describe: 'Says of jobs, in a file of your own, what they are: set=resnet; then they can be chosen by it',
    operand: { name: 'jobs', describe: 'job ids with commas between them: 1234,1240_[1-5]' },
    rest: { name: 'pairs', describe: 'key=value, as many as you like' },
    load: () => import('./tag'),
  },
  {
    name: 'metric',
    describe:
      'Says of a job, in a file of your own, what came of it: accuracy=93.1%, or a series from a file',
    operand: { name: 'jobs', describe: 'the job, such as 1234 or 1234_5' },
    rest: { name: 'pairs', describe: 'name=value, with its unit behind the value where it has one' },
    load: () => import('./metric'),
  },
  {
    name: 'leaderboard',
    describe:
      'Ranks methods by what they reach for the energy they take: a site of a spec (build), an entry for one (submit), ' +
      'and whether entries are what they claim (verify)',
    actions: ['build', 'submit', 'verify'],
    operand: {
      name: 'what',
      describe: 'build: the spec (YAML); submit: job ids, such as 1234,1240_[1-5]; verify: a submission',
    },
    rest: { name: 'files', describe: 'build, verify: more submissions' },
    load: () => import('./leaderboard'),
  },
  {
    name: 'import',
    describe:
      'Runs that another tool has measured, into a folder that every command reads (--from): logs of experiment-impact-tracker (eit), ' +
      'emissions.csv of CodeCarbon (codecarbon)',
    actions: ['eit', 'codecarbon'],
    operand: { name: 'where', describe: 'eit: the folder with the logs; codecarbon: the file' },
    load: () => import('./import'),
  },
  {
    name: 'export',
    describe:
      'Runs in the form of others: Software Carbon Intensity, ISO/IEC 21031 (sci), the BoAmps data model (boamps)',
    actions: ['sci', 'boamps'],
    operand: { name: 'jobs', describe: 'job ids with commas between them: 1234,1240_[1-5]' },
    load: () => import('./export'),
  },
  {
    name: 'badge',
    describe: 'A label for README.md (SVG): energy, CO2eq, coverage, measured or modelled',
    operand: { name: 'jobs', describe: 'job ids with commas between them: 1234,1240_[1-5]' },
    load: () => import('./badge'),
  },
];
