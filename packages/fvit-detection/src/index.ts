export { ANCHORS_PER_CELL, baseAnchors, levelAnchors } from './boxes/anchors.ts';
export type { Level } from './boxes/anchors.ts';
export { BOX_DEVIATIONS, decodeBoxes, encodeBoxes, RPN_DEVIATIONS } from './boxes/delta-coder.ts';
export type { Deviations, Extents } from './boxes/delta-coder.ts';
export { descendingOrder } from './boxes/descending-order.ts';
export { boxAreas, iouMatrix } from './boxes/iou.ts';
export { nms, shiftedNms } from './boxes/nms.ts';
export type { NmsOptions } from './boxes/nms.ts';
export { roiLevels } from './boxes/roi-levels.ts';
export { answer, scoreRegions } from './detect/answer.ts';
export { choose } from './detect/choose.ts';
export type { Choice, ChoiceOptions } from './detect/choose.ts';
export type { Detection, Detections } from './detect/detections.ts';
export { Detector } from './detect/detector.ts';
export type { DetectedPicture } from './detect/detector.ts';
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
export { encodeRegions } from './detect/encode-regions.ts';
export type { EncodedRegions, TowerOutput } from './detect/encode-regions.ts';
export { Heads } from './detect/heads.ts';
export type { Maps, RegionVectors } from './detect/heads.ts';
export { maskGraph, pyramidGraph, regionGraph, regionInputs, scoreGraph, towerInputs } from './detect/graphs.ts';
export type { MapSize } from './detect/graphs.ts';
export { orderByLevel, regionFeeds, unsort } from './detect/level-order.ts';
export type { LevelOrder } from './detect/level-order.ts';
export { preparePicture, scaleFactors, squareCanvas } from './detect/prepare.ts';
export type { CanvasSettings, PreparedPicture } from './detect/prepare.ts';
export { propose } from './detect/proposals.ts';
export type { ProposalOptions, Proposals, RpnOutput } from './detect/proposals.ts';
export type { DetectionEncoding } from './encoding/detection-encoding.ts';
export { trainedVocabulary } from './encoding/make-vocabulary.ts';
export { loadDetectionEncoding, saveDetectionEncoding } from './encoding/save-encoding.ts';
export type { DetectionVocabulary } from './encoding/vocabulary.ts';
export { pasteMask, stretchMask } from './mask-paste.ts';
export type { PasteTarget } from './mask-paste.ts';
export { familySettings } from './load/families.ts';
export type { DetectionSettings, Family } from './load/families.ts';
export type { DetectorMetadata } from './load/metadata.ts';
export { declaredHeads, openDetector } from './load/open-detector.ts';
export type { DetectorIdentity, OpenDetectorOptions, OpenedDetector } from './load/open-detector.ts';
export { saveDetector } from './load/save-detector.ts';
export type { DetectorFileMetadata } from './load/save-detector.ts';
export { BOX_GRID, boxHead } from './models/box-head.ts';
export type { BoxHeadValues } from './models/box-head.ts';
export { inferFVitConfig } from './models/config.ts';
export type { FVitConfig } from './models/config.ts';
export { adapters, featurePyramid } from './models/feature-pyramid.ts';
export type { TowerMaps } from './models/feature-pyramid.ts';
export { classDirections, clipRegions, fuseScores, maskNetwork, pyramidNetwork, regionNetwork, wordLogits } from './models/fvit.ts';
export type { PyramidValues, VocabularyValues } from './models/fvit.ts';
export { MASK_GRID, maskHead } from './models/mask-head.ts';
export { frozenNorm } from './models/norm.ts';
export type { Norm } from './models/norm.ts';
export { proposalNetwork } from './models/proposal-network.ts';
export type { RpnMaps } from './models/proposal-network.ts';
export { REGION_STRIDES, regionFeatures } from './models/region-features.ts';
export type { LevelRegions } from './models/region-features.ts';
export { defaultReadSettings } from './recipe/recipe.ts';
export type { DetectionRecipe, ReadSettings } from './recipe/recipe.ts';
export { allAnchors } from './train/anchor-targets.ts';
export { assignBoxes, IGNORED, NEGATIVE } from './train/assign.ts';
export type { Assignment, AssignOptions } from './train/assign.ts';
export { flipped, randomCrop } from './train/augment.ts';
export type { TrueScene } from './train/augment.ts';
export { batchTargets, targetFeeds } from './train/batch-targets.ts';
export type { BatchTargets, Truth } from './train/batch-targets.ts';
export { initializeHeads } from './train/initialize.ts';
export { classLoss } from './train/losses.ts';
export { MASK_SIDE } from './train/mask-targets.ts';
export type { Bitmap } from './train/mask-targets.ts';
export { takeAtRandom, takeEvenly } from './train/sample.ts';
export type { Choose, Sample, SampleOptions } from './train/sample.ts';
export { trainingRules } from './train/settings.ts';
export type { TrainingRules } from './train/settings.ts';
export { trainDetector } from './train/train-detector.ts';
export type { TrainDetectorOptions, TrainingPicture } from './train/train-detector.ts';
export { isTrainable, pyramidLevels, trainingForward, trainingGraphs, trainingLosses } from './train/training-graphs.ts';
export type { DetectorLosses, TrainingClasses, TrainingShape } from './train/training-graphs.ts';
export { classEmbeddings } from './train/class-embeddings.ts';
export { readTrainingSet } from './train/data-set.ts';
export type { TrainingImage, TrainingSet, TrainingSetOptions, TrainingThing } from './train/data-set.ts';
export type { EvaluationSet } from './train/evaluate-on-set.ts';
export { fitDataSet } from './train/fit-data-set.ts';
export type { FitResult } from './train/fit-data-set.ts';
export type { FitOptions } from './train/fit-options.ts';
export { photoSource } from './train/photo-source.ts';
export type { PhotoSourceOptions } from './train/photo-source.ts';
