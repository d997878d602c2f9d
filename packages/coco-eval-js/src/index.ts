export { CocoEvalError } from './errors.ts';
export type { CocoEvalErrorCode, CocoEvalErrorOptions } from './errors.ts';

export { bboxIou, maskIou } from './mask/iou.ts';
export { bboxToRle, polygonsToRle, segmentationToRle, uncompressedToRle } from './mask/from-shapes.ts';
export { mergeMasks } from './mask/merge.ts';
export { decodeMask, encodeMask, maskArea, maskToBbox } from './mask/rle.ts';
export type { MaskLayout } from './mask/rle.ts';
export { formatRleString, parseRleString, toRleObject } from './mask/rle-string.ts';
export type { Rle, RleObject, Segmentation } from './mask/types.ts';

export type { Annotation, Bbox, Category, Dataset, ImageInfo, IouType, Mode, Result, Warning } from './coco/types.ts';
