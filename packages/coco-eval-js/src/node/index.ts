export { evaluateFile, evaluateFiles, readDataset, readJsonFile } from './files.ts';
export type { EvaluateFileOptions, ReadDatasetOptions, ReadJsonOptions } from './files.ts';
export type { ReadOptions } from './read-file.ts';
