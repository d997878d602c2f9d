export { declaredHeads, openSegmenter } from './load/open-segmenter.ts';
export type { OpenedSegmenter, OpenSegmenterOptions, SegmenterIdentity } from './load/open-segmenter.ts';
export { publishedSettings } from './load/metadata.ts';
export type { SegmenterMetadata, SegmentSettings } from './load/metadata.ts';
export { saveSegmenter } from './load/save-segmenter.ts';
export type { SegmenterFileMetadata } from './load/save-segmenter.ts';
export { clipHeadOf } from './models/clip-head.ts';
export type { ClipHead } from './models/clip-head.ts';
export { inferFcclipConfig, LEVELS, POINTS, towerLevels } from './models/config.ts';
export type { Extents, FcclipConfig, FcclipSizes } from './models/config.ts';
export { deformableAttention } from './models/deformable-attention.ts';
export type { DeformableValues } from './models/deformable-attention.ts';
export {
  allLogits,
  classVectors,
  clipVectors,
  fuseScores,
  maskLogits,
  maskNetwork,
  maskPool,
  scaleOf,
  wordLogits,
} from './models/fcclip.ts';
export type { ClassValues, ClipValues, FusedValues, VocabularyValues, WordLogits } from './models/fcclip.ts';
export { maskDecoder } from './models/mask-decoder.ts';
export type { DecoderLayerValues, MaskDecoderValues, QueryValues } from './models/mask-decoder.ts';
export { everySecondCell, pixelDecoder } from './models/pixel-decoder.ts';
export type { EncoderLayerValues, PixelDecoderValues, TowerMaps } from './models/pixel-decoder.ts';
export { cellCenters, sineEncoding } from './models/sine-encoding.ts';
export type { Cells } from './models/sine-encoding.ts';
export { tierStride } from './recipe/recipe.ts';
export type { EdgeLimits, ReadSettings, Tier } from './recipe/recipe.ts';
export { maskGraph, pixelGraph, scoreGraph, towerInputs } from './segment/graphs.ts';
export { seenLabels } from './vocabulary/seen.ts';
export { readClassList, vocabularyNames } from './vocabulary/vocabularies.ts';
export type { ClassList, VocabularyName } from './vocabulary/vocabularies.ts';
export { synonymTable } from './encoding/vocabulary.ts';
export type { SegmentVocabulary } from './encoding/vocabulary.ts';
export { loadSegmentEncoding, saveSegmentEncoding } from './encoding/save-encoding.ts';
export type { SegmentEncoding } from './encoding/segment-encoding.ts';
export { sumClasses } from './postprocess/class-sums.ts';
export type { LargestSums, SumClasses, SumFeeds } from './postprocess/class-sums.ts';
export { axisTaps, roundHalfEven } from './postprocess/axis-taps.ts';
export type { AxisSizes, AxisTaps } from './postprocess/axis-taps.ts';
export { bestPairs, boxOf, solidMask } from './postprocess/instances.ts';
export type { RankedPair, SolidMask } from './postprocess/instances.ts';
export { maskAreas } from './postprocess/mask-areas.ts';
export { MaskReader } from './postprocess/mask-reader.ts';
export type { MaskBlock, Rectangle, Tile } from './postprocess/mask-reader.ts';
export { panopticCandidates, panopticMap } from './postprocess/panoptic.ts';
export type { Candidate, FoundPanoptic, FoundSegment, MeasuredCandidate, PanopticOptions } from './postprocess/panoptic.ts';
export { semanticMap } from './postprocess/semantic.ts';
export type { SemanticOptions } from './postprocess/semantic.ts';
export { answer, probabilitiesOf } from './segment/answer.ts';
export type { AskedModel } from './segment/answer.ts';
export { EncodedMasks } from './segment/encoded-masks.ts';
export { Heads } from './segment/heads.ts';
export type { FoundMasks, HeadsModel, Maps } from './segment/heads.ts';
export type {
  AnswerOptions,
  EncodeOptions,
  SegmenterOptions,
  SegmentOptions,
  SegmentSource,
  SegmentTask,
  SegmentWords,
  VocabularyOptions,
} from './segment/options.ts';
export { fittedGeometry, prepareAnySize, preparePicture } from './segment/prepare.ts';
export type { PreparedPicture } from './segment/prepare.ts';
export type { NamedInstance, NamedPanoptic, NamedSegment, Segmented } from './segment/segmented.ts';
export { Segmenter } from './segment/segmenter.ts';
export type { SegmentedPicture } from './segment/segmenter.ts';
export { assign, masksAtPoints, matchingCosts } from './train/matching.ts';
export type { PredictedMasks, Truth } from './train/matching.ts';
export { drawnPoints, matchBatch, matchedFeeds } from './train/batch-targets.ts';
export type { Match } from './train/batch-targets.ts';
export { initializeSegmenter } from './train/initialize.ts';
export { pointCounts, trainingRules } from './train/settings.ts';
export type { PointCounts, TrainingRules } from './train/settings.ts';
export { trainingForward, trainingGraphs, trainingLosses } from './train/training-graphs.ts';
export type { PredictionLosses, SegmenterLosses, TrainingShape, TrainingWords } from './train/training-graphs.ts';
export { trainSegmenter } from './train/train-segmenter.ts';
export type { TrainingPicture, TrainSegmenterOptions } from './train/train-segmenter.ts';
export type { FitSegmenterOptions } from './train/fit-options.ts';
export type { SegmentEvaluationSet } from './train/evaluate-on-set.ts';
export { fitSegmenter } from './train/fit-segmenter.ts';
export type { FitSegmenterResult } from './train/fit-segmenter.ts';
export { readPanopticSet } from './train/panoptic-set.ts';
export type { PanopticSetOptions, PanopticTrainingImage, PanopticTrainingSet } from './train/panoptic-set.ts';
export { panopticSource } from './train/panoptic-source.ts';
export type { PanopticSourceOptions } from './train/panoptic-source.ts';
export { instanceResults, panopticPng, panopticResult } from './results/coco-results.ts';
export type { InstanceResult, PanopticResult, PanopticResultSegment, ResultIds } from './results/coco-results.ts';
export { semanticPng } from './results/semantic-png.ts';
export type { SemanticPng } from './results/semantic-png.ts';
export { findSegmentSet } from './data/find-segment-set.ts';
export type { SegmentPlaces } from './data/find-segment-set.ts';
export type { LabelValues } from './data/label-values.ts';
export { segmentSetNames } from './data/layouts.data.ts';
export type { SegmentSetName } from './data/layouts.data.ts';
export { openSegmentData } from './data/segment-data.ts';
export type { SegmentData, SegmentDataOptions, SegmentItem } from './data/segment-data.ts';
export { readSegmentTruth } from './data/segment-truth.ts';
export type { SegmentTruth } from './data/segment-truth.ts';
export { readLabelMap } from './data/read-label-map.ts';
export type { NumberMap } from './data/read-label-map.ts';
export { segmentMasks } from './results/segment-masks.ts';
export { cvatImage, geoJson, labelMe, labelStudioTask } from './results/shape-files.ts';
export type { ShapedPicture } from './results/shape-files.ts';
export { shapesOf } from './results/shapes.ts';
export type { Shape } from './results/shapes.ts';
