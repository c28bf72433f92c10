import { measuredScenarios } from './scenarios';

measuredScenarios('v2');
