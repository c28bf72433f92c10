import { shortJobScenarios } from './short-jobs';

shortJobScenarios('v2');
