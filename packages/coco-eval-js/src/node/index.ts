export { evaluateFile, evaluateFiles, evaluateSplitFile, evaluateSplitFiles, readAnnotations, readDataset, readJsonFile } from './files.ts';
export type { AnnotationColumns } from '../coco/annotation-columns.ts';
export type { EvaluateFileOptions, ReadAnnotationsOptions } from './files.ts';
export type { ReadOptions } from './read-file.ts';
export { evaluatePanopticFiles } from './panoptic-files.ts';
export type { PanopticFilesOptions, PanopticOutcome } from './panoptic-files.ts';
export { decodePanopticPng } from './png.ts';
export type { GrayIds, IdMap } from './png.ts';
