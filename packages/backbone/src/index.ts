export { cleanText } from './text/clean-text.ts';
export { ClipTokenizer, trimTokens } from './text/clip-tokenizer.ts';
export type { TokenBatch, TokenizeOptions } from './text/clip-tokenizer.ts';
export { parseLabelsFile, parseLabels } from './text/labels.ts';
export type { Label } from './text/labels.ts';
export { promptSets } from './text/prompt-sets.ts';
export type { PromptSet, PromptSetName } from './text/prompt-sets.ts';
export { fillPrompts } from './text/prompts.ts';
export type { Prompts } from './text/prompts.ts';
export { resizePositionEmbedding } from './pos-embed.ts';
export { windowGrid, windowPositions, windowStarts } from './window/grid.ts';
export type { GridOptions, WindowGrid, WindowPosition } from './window/grid.ts';
export { cropFrom, slideWindows } from './window/slide-windows.ts';
export type { SlideOptions } from './window/slide-windows.ts';
export { collectRows, Stitcher } from './window/stitcher.ts';
export type { MapRows, StitcherOptions } from './window/stitcher.ts';
export { causalMask, residualBlock, textTower, textTowers } from './models/text-tower.ts';
export type { TextTaps, TextTowerConfig } from './models/text-tower.ts';
export { denseHead, mbConvLN, pooledHead, stem, transformerBlock, vitaminSizes, vitaminTrunk } from './models/vitamin.ts';
export type { ViTaminConfig, ViTaminTaps } from './models/vitamin.ts';
export { classifyEncoding, segmentEncoding } from './image-encoding/ask.ts';
export type { ScoredLabel } from './image-encoding/ask.ts';
export { checkOrigin, loadImageEncoding, saveImageEncoding } from './image-encoding/image-encoding.ts';
export type { ExpectedOrigin, ImageEncoding } from './image-encoding/image-encoding.ts';
export { parseOrigin } from './image-encoding/parse-origin.ts';
export type { Origin } from './image-encoding/parse-origin.ts';
export { familiarDistance, loadFamiliarity, saveFamiliarity, strangeness } from './tasks/familiarity.ts';
export type { Familiarity, FamiliarKind } from './tasks/familiarity.ts';
export { labelLogits, softmax, topK } from './tasks/classify.ts';
export type { Ranked } from './tasks/classify.ts';
export { cosineSimilarity, ensemblePrompts, normalizeRows } from './tasks/features.ts';
export type { ImageGeometry } from './tasks/image-geometry.ts';
export { labelPixels } from './tasks/label-pixels.ts';
export type { LabelPixelsOptions } from './tasks/label-pixels.ts';
export { retrievalRecall } from './tasks/retrieval.ts';
export type { RecallAt, RetrievalOptions, RetrievalRecall } from './tasks/retrieval.ts';
export type { TextTokenizer, TokenizerKind } from './text/text-tokenizer.ts';
export { embedVocabulary } from './text/embed-vocabulary.ts';
export type { EmbedVocabularyOptions, TextEmbedder } from './text/embed-vocabulary.ts';
export type { VocabularyMatrix } from './text/vocabulary-matrix.ts';
export type { ImageSource } from '@vitamin-vlm/image';
export { Backbone } from './backbone/backbone.ts';
export { Running } from './backbone/running.ts';
export { squareInput } from './backbone/pixels.ts';
export type { EncodedImage } from './backbone/encode-each.ts';
export type { FeatureMaps } from './backbone/encode.ts';
export type {
  BackboneOptions,
  ClassifyOptions,
  EncodeOptions,
  FeatureOptions,
  RetrieveOptions,
  Segmentation,
  SegmentOptions,
  SessionsOptions,
  WindowOptions,
  WordOptions,
  Words,
} from './backbone/options.ts';
export { towerFamilies } from './families/registry.ts';
export type { WeightLayout } from './families/registry.ts';
export type { PositionTable, TowerConfig, TowerFamily, TowerPlan } from './families/family.ts';
export type { LayoutForm, TowerLayout } from './families/layouts.ts';
export { hintsOfOpenClip } from './load/hints.ts';
export type { Hints } from './load/hints.ts';
export { inferConfig } from './load/infer.ts';
export type { InferredConfig } from './load/infer.ts';
export type { Preprocessing } from './load/preprocessing.ts';
export type { Shapes } from './load/shapes.ts';
export { coAtNetDenseHead, coAtNetHead, coAtNetTrunk } from './models/coatnet.ts';
export type { CoAtNetConfig, CoAtNetTaps } from './models/coatnet.ts';
export { convNeXtDenseHead, convNeXtHead, convNeXtPixels, convNeXtTrunk } from './models/convnext.ts';
export type { ConvNeXtConfig, ConvNeXtTaps } from './models/convnext.ts';
export { eva02Angles, eva02DenseHead, eva02Head, eva02Trunk } from './models/eva02.ts';
export type { Eva02Config, Eva02Taps } from './models/eva02.ts';
export { pooledViTAngles, pooledViTDenseHead, pooledViTHead, pooledViTTrunk } from './models/pooled-vit.ts';
export type { PooledViTConfig, PooledViTTaps } from './models/pooled-vit.ts';
export type { GridAngles } from './models/parts/rotary-grid.ts';
export { vitDenseHead, vitHead, vitMap, vitTrunk } from './models/vit.ts';
export type { ViTConfig, ViTTaps } from './models/vit.ts';
export type { Activation } from './models/parts/activation.ts';
export type { BlockTaps } from './models/parts/transformer-block.ts';
export { int8Weights } from './load/int8-weights.ts';
export type { Int8Weights, RoundedPart } from './load/int8-weights.ts';
export { EMBEDDED_MODEL, locate } from './load/locate.ts';
export type { Located, LocateOptions } from './load/locate.ts';
export { publishedModels } from './load/models.data.ts';
export type { PublishedModel } from './load/published-model.ts';
export { checkSameIdentity } from './load/identity.ts';
export type { Identity } from './load/identity.ts';
export { openModel, readModel } from './load/open-model.ts';
export type { OpenedModel, OpenModelOptions, ReadModelOptions } from './load/open-model.ts';
export { checkRecipe } from './load/recipe.ts';
export type { Recipe } from './load/recipe.ts';
export { OpenWeights, openWeights } from './load/weights/open-weights.ts';
export type { OpenWeightsOptions, WeightAddresses } from './load/weights/open-weights.ts';
export { WeightPart } from './load/weights/weight-part.ts';
export type { FeatureLevel, ImageTower, TowerValues } from './towers/image-tower.ts';
