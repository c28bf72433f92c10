// Generated from schemas/boamps.schema.json by `npm run generate`. Do not edit.

/**
 * What a user says of a task for `eit export boamps`: keys of the BoAmps data model (https://github.com/Boavizta/BoAmps) that no meter knows.
 */
export interface BoampsTask {
  header?: BoampsHeader;
  task: BoampsWork;
  system?: BoampsSystem;
  software?: BoampsSoftware;
  infrastructure?: BoampsInfrastructure;
  environment?: BoampsEnvironment;
  quality?: 'high' | 'medium' | 'low';
}
export interface BoampsHeader {
  licensing?: string;
  reportStatus?: 'draft' | 'final' | 'corrective' | 'other';
  publisher?: BoampsPublisher;
}
export interface BoampsPublisher {
  name?: string;
  division?: string;
  projectName?: string;
  confidentialityLevel: 'public' | 'internal' | 'confidential' | 'secret';
  publicKey?: string;
}
export interface BoampsWork {
  taskStage: string;
  taskFamily: string;
  nbRequest?: number;
  /**
   * @minItems 1
   * @maxItems 100
   */
  algorithms: [BoampsAlgorithm, ...BoampsAlgorithm[]];
  /**
   * @minItems 1
   * @maxItems 100
   */
  dataset: [BoampsDataset, ...BoampsDataset[]];
  measuredAccuracy?: number;
  estimatedAccuracy?: 'veryPoor' | 'poor' | 'average' | 'good' | 'veryGood';
  taskDescription?: string;
}
export interface BoampsAlgorithm {
  trainingType?: string;
  algorithmType?: string;
  algorithmName?: string;
  algorithmUri?: string;
  foundationModelName?: string;
  foundationModelUri?: string;
  framework?: string;
  frameworkVersion?: string;
  classPath?: string;
  optimizer?: string;
  quantization?: string;
  parametersNumber?: number;
  layersNumber?: number;
  epochsNumber?: number;
}
export interface BoampsDataset {
  dataUsage: 'input' | 'output';
  dataType:
    'tabular' | 'audio' | 'boolean' | 'image' | 'video' | 'object' | 'text' | 'token' | 'word' | 'other';
  dataFormat?: string;
  dataSize?: number;
  dataQuantity?: number;
  shape?: string;
  source?: 'public' | 'private' | 'other';
  sourceUri?: string;
  owner?: string;
}
export interface BoampsSystem {
  os: string;
  distribution?: string;
  distributionVersion?: string;
}
export interface BoampsSoftware {
  language: string;
  version?: string;
}
export interface BoampsInfrastructure {
  infraType: 'publicCloud' | 'privateCloud' | 'onPremise' | 'other';
  cloudProvider?: string;
  cloudInstance?: string;
  cloudService?: string;
}
export interface BoampsEnvironment {
  country?: string;
  latitude?: number;
  longitude?: number;
  location?: string;
  powerSupplierType?: 'public' | 'private' | 'internal' | 'other';
  powerSource?: 'solar' | 'wind' | 'nuclear' | 'hydroelectric' | 'gas' | 'coal' | 'other';
}
