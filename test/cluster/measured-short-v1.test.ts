import { shortJobScenarios } from './short-jobs';

shortJobScenarios('v1');
