export { evaluateFile, evaluateFiles, readDataset, readJsonFile } from './files.ts';
export type { EvaluateFileOptions, ReadDatasetOptions, ReadJsonOptions } from './files.ts';
export type { ReadOptions } from './read-file.ts';
export { evaluatePanopticFiles } from './panoptic-files.ts';
export type { PanopticFilesOptions, PanopticOutcome } from './panoptic-files.ts';
export { decodePanopticPng } from './png.ts';
export type { IdMap } from './png.ts';
