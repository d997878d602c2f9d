export { CocoEvalError } from './errors.ts';
export type { CocoEvalErrorCode, CocoEvalErrorOptions } from './errors.ts';

export { bboxIou, maskIou } from './mask/iou.ts';
export { bboxToRle, polygonsToRle, segmentationToRle, uncompressedToRle } from './mask/from-shapes.ts';
export { mergeMasks } from './mask/merge.ts';
export { decodeMask, encodeMask, maskArea, maskToBbox } from './mask/rle.ts';
export type { MaskLayout } from './mask/rle.ts';
export { rleToPieces, rleToPolygons } from './mask/to-polygons.ts';
export type { MaskPiece } from './mask/to-polygons.ts';
export { formatRleString, parseRleString, toRleObject } from './mask/rle-string.ts';
export type { Rle, RleObject, Segmentation } from './mask/types.ts';

export type { Annotation, Bbox, Category, Dataset, EvaluationContext, ImageInfo, IouType, Mode, Result, Warning } from './coco/types.ts';

export type { Id, IdKeys } from './coco/id-keys.ts';
export { checkDataset } from './coco/dataset.ts';
export { COCO } from './coco/coco.ts';
export type { AnnotationFilter, Ids } from './coco/coco.ts';
export { COCOeval } from './coco/coco-eval.ts';
export type { AccumulatedEval, CocoEvalParams } from './coco/coco-eval.ts';
export { evaluate } from './coco/evaluate.ts';
export type { EvaluateOptions } from './coco/evaluate.ts';
export { Evaluation } from './coco/evaluation.ts';
export type { EvaluationJson, Slice } from './coco/evaluation.ts';
export { defaultParams } from './coco/params.ts';
export type { AreaRange, EvalParams, EvalParamsInput } from './coco/params.ts';
export type { CategoryRow, OperatingPoint } from './coco/per-category.ts';
export type { Curves } from './coco/curves.ts';
export type { Detections, GroundTruth } from './coco/columns.ts';
export type { ImageMatcher, ImageMatches, MatchedPair } from './coco/image-matches.ts';
export type { MatchProgress, MatchTable } from './coco/match-table.ts';
export type { Summary, SummaryLine } from './coco/summarize.ts';
export type { SegmentationColumns } from './mask/columns.ts';

export { evaluateCrowdPose } from './crowdpose/evaluate-crowdpose.ts';
export { evaluateLvis } from './lvis/evaluate-lvis.ts';
export type { LvisOptions } from './lvis/evaluate-lvis.ts';
export { evaluateSplit, summarizeSplit, splitSelection } from './splits/evaluate-split.ts';
export type { GroupResult, SplitEvaluation, SplitSelection } from './splits/evaluate-split.ts';
export { ovCocoSplit, ovLvisSplit, parseSplit } from './splits/split.ts';
export type { CategorySplit, SplitName } from './splits/split.ts';
export { parseJson } from './json/parse-json.ts';
export { matchShard, reduceShards } from './shards/shard.ts';
export type { MatchShard, ShardCategory, ShardOptions } from './shards/shard.ts';
export { parseShard, serializeShard } from './shards/shard-bytes.ts';

export { addSemanticConfusion, countSemanticImage, semanticConfusion } from './semantic/semantic-confusion.ts';
export type { LabelMap, SemanticConfusion } from './semantic/semantic-confusion.ts';
export { semanticMetrics } from './semantic/semantic-metrics.ts';
export type { SemanticMetrics } from './semantic/semantic-metrics.ts';
export { addPanopticImage } from './panoptic/panoptic-image.ts';
export type {
  PanopticCategoryId,
  PanopticCounts,
  PanopticMap,
  PanopticOptions,
  PanopticSegment,
  PanopticStats,
  PanopticWarning,
} from './panoptic/panoptic-image.ts';
export { addPanopticStats, panopticQuality } from './panoptic/panoptic-quality.ts';
export type { PanopticAverage, PanopticCategory, PanopticClassResult, PanopticResult } from './panoptic/panoptic-quality.ts';

export { crossClassImages } from './cross-class/images.ts';
export type { CrossClassImage, CrossClassOptions } from './cross-class/images.ts';
export { tide } from './tide/tide.ts';
export type { TideOptions, TideResult } from './tide/tide.ts';
export type { TideErrorType, TideImage } from './tide/classify.ts';
export { confusionMatrix, normalizeConfusion } from './confusion/confusion-matrix.ts';
export type { ConfusionImage, ConfusionMatrix } from './confusion/confusion-matrix.ts';
export { checkAnnotations } from './check/check-annotations.ts';
export type { CheckResult } from './check/check-annotations.ts';
export { checkResults } from './check/check-results.ts';
export type { Finding } from './check/findings.ts';
export { calibration } from './calibration/calibration.ts';
export type { Calibration, CalibrationBin } from './calibration/calibration.ts';
export { labelErrors } from './label-errors/label-errors.ts';
export type { LabelError } from './label-errors/label-errors.ts';
export { compareEvaluations } from './compare/compare.ts';
export type { CompareOptions, ComparedCategory, ComparedMetric, Comparison, Difference } from './compare/compare.ts';
export type { Interval } from './compare/bootstrap.ts';
export { renderComparison } from './report/compare-page.ts';
export type { ComparisonReport } from './report/compare-page.ts';
export { renderReport } from './report/page.ts';
export type {
  ReportBox,
  ReportClass,
  ReportClasses,
  ReportConfusion,
  ReportCurve,
  ReportData,
  ReportError,
  ReportImage,
  ReportLabelError,
  ReportMetric,
  ReportTide,
  ReportWorst,
} from './report/types.ts';
