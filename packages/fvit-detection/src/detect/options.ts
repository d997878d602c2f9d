import type { EmbedVocabularyOptions, ImageSource, Label, SessionsOptions, WindowOptions } from '@vitamin-vlm/backbone';
import type { DetectionEncoding } from '../encoding/detection-encoding.ts';
import type { DetectionVocabulary } from '../encoding/vocabulary.ts';
import type { OpenDetectorOptions } from '../load/open-detector.ts';

/** Options of `Detector.load`. */
export interface DetectorOptions extends OpenDetectorOptions, Omit<SessionsOptions, 'imageSize' | 'cacheDir'> {
  /**
   * Address of the CLIP model that the detector was built on, as `Backbone.load` takes it: for new words (a detector's file holds no text tower), and
   * for the image tower where the file lacks it. When both hold the image tower they must be equal.
   */
  readonly tower?: string | undefined;
}

/** How a picture is read. All lengths in pixels of the network's input. Defaults: those of the model. */
export interface EncodeOptions extends Omit<WindowOptions, 'size'> {
  /** The longer edge of the picture is scaled to this, smaller pictures too; the shorter one is padded to it. F-ViT: 896. */
  readonly size?: number | undefined;
  /** Regions kept at most. F-ViT: 1000. */
  readonly proposals?: number | undefined;
  /** Best anchors of each level that become candidates. F-ViT: 2000. */
  readonly proposalsPerLevel?: number | undefined;
  /** Overlap above which the worse of two proposals is dropped. F-ViT: 0.7. */
  readonly proposalNms?: number | undefined;
  /** Keep the feature pyramid, which masks are made from: 68 MB at size 896. Default false. */
  readonly masks?: boolean | undefined;
  /** Keep the dense CLIP map and the pooled embedding, which the tower's pass gives as well. Default false. */
  readonly dense?: boolean | undefined;
}

/** How words become the columns of a classifier. */
export interface VocabularyOptions extends EmbedVocabularyOptions {
  /** Sentences that each name is put into. Default: F-ViT's 63. */
  readonly prompts?: EmbedVocabularyOptions['prompts'];
  /** Things that are not wanted: they take their share of the probability, but are never detected. */
  readonly background?: readonly string[] | undefined;
  /** Names to be scored as seen in training ("base"). Default: those whose boxes the detector was trained with. */
  readonly base?: readonly string[] | undefined;
  /** Further classes shown instead of named: by what a region of a picture looks like (`Detector.look`). */
  readonly like?: readonly PictureQuery[] | undefined;
}

/** A class shown instead of named. */
export interface PictureQuery {
  /** What its detections are called. */
  readonly label: string;
  /** [E], the CLIP vector of a region. */
  readonly vector: Float32Array;
}

/** Names (`|` separates synonyms), parsed labels, or a vocabulary made before. */
export type DetectionWords = readonly string[] | readonly Label[] | DetectionVocabulary;

/** How scores are made of the detector's and CLIP's opinion, and which of them count. Defaults: those of the model's family. */
export interface ScoreOptions {
  /** Only scores greater than this count: one number, or one for each label. OV-COCO: 0.01, OV-LVIS: 0.0001. */
  readonly score?: number | readonly number[] | undefined;
  /** Overlap above which the worse of two boxes of one class is dropped. OV-COCO: 0.4, OV-LVIS: 0.5. */
  readonly nms?: number | undefined;
  /** Detections at most. OV-COCO: 100, OV-LVIS: 300. */
  readonly max?: number | undefined;
  /** Boxes of different classes suppress each other too. Default false. */
  readonly classAgnosticNms?: boolean | undefined;
  /** Weight of CLIP's opinion for base classes, 0 to 1. F-ViT: 0.1. */
  readonly alpha?: number | undefined;
  /** Weight of CLIP's opinion for novel classes, 0 to 1. OV-COCO: 0.8, OV-LVIS: 0.4. */
  readonly beta?: number | undefined;
  /** Factor on the cosines of the detector. Default: learned, in the file. */
  readonly detectTemperature?: number | undefined;
  /** Factor on the cosines of CLIP. OV-COCO: 75, OV-LVIS: 50. */
  readonly vlmTemperature?: number | undefined;
  /** Suppress in float32 with moved boxes, as mmcv does (`shiftedNms`). For repeating published figures to the last box. Default false. */
  readonly shiftedNms?: boolean | undefined;
}

/** Options of `Detector.detect`. What concerns reading a picture has no meaning for an encoding, except `masks`. */
export interface DetectOptions extends EncodeOptions, ScoreOptions, VocabularyOptions {}

/** What can be asked: a picture, or its encoding. */
export type DetectSource = ImageSource | DetectionEncoding;
