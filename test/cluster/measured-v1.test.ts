import { measuredScenarios } from './scenarios';

measuredScenarios('v1');
