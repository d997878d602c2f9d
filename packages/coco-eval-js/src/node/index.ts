export {
  evaluateFile,
  evaluateFiles,
  evaluateSplitFile,
  evaluateSplitFiles,
  matchShardFile,
  readAnnotations,
  readDataset,
  readJsonFile,
} from './files.ts';
export type { AnnotationColumns } from '../coco/annotation-columns.ts';
export type { EvaluateFileOptions, ReadAnnotationsOptions } from './files.ts';
export type { ReadOptions } from './read-file.ts';
export { evaluatePanopticFiles } from './panoptic-files.ts';
export type { PanopticFilesOptions, PanopticOutcome } from './panoptic-files.ts';
export { evaluateSemanticFolders } from './semantic-files.ts';
export type { SemanticFoldersOptions, SemanticOutcome } from './semantic-files.ts';
export { readPanoptic } from './read-panoptic.ts';
export type { PanopticRecords } from './read-panoptic.ts';
export type { PanopticAnnotation } from './panoptic-entries.ts';
export { decodeLabelPng, decodePanopticPng } from './png.ts';
export type { GrayIds, IdMap } from './png.ts';
