export { ANCHORS_PER_CELL, baseAnchors, levelAnchors } from './boxes/anchors.ts';
export type { Level } from './boxes/anchors.ts';
export { BOX_DEVIATIONS, decodeBoxes, encodeBoxes, RPN_DEVIATIONS } from './boxes/delta-coder.ts';
export type { Deviations, Extents } from './boxes/delta-coder.ts';
export { descendingOrder } from './boxes/descending-order.ts';
export { boxAreas, iouMatrix } from './boxes/iou.ts';
export { nms, shiftedNms } from './boxes/nms.ts';
export type { NmsOptions } from './boxes/nms.ts';
export { roiAlignWeights } from './boxes/roi-align-weights.ts';
export type { RoiAlignOptions } from './boxes/roi-align-weights.ts';
export { roiLevels } from './boxes/roi-levels.ts';
export { choose } from './detect/choose.ts';
export type { Choice, ChoiceOptions } from './detect/choose.ts';
export type { Detection, Detections } from './detect/detections.ts';
export type {
  DetectionWords,
  DetectOptions,
  DetectorOptions,
  DetectSource,
  EncodeOptions,
  PictureQuery,
  ScoreOptions,
  VocabularyOptions,
} from './detect/options.ts';
export { propose } from './detect/proposals.ts';
export type { ProposalOptions, Proposals, RpnOutput } from './detect/proposals.ts';
export type { DetectionEncoding } from './encoding/detection-encoding.ts';
export type { DetectionVocabulary } from './encoding/vocabulary.ts';
export { pasteMask, stretchMask } from './mask-paste.ts';
export type { PasteTarget } from './mask-paste.ts';
export { defaultRecipe } from './recipe/recipe.ts';
export type { DetectionRecipe } from './recipe/recipe.ts';
