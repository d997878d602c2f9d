import type { Calibration } from '../calibration/calibration.ts';

/** A number of the summary: 0..1, or -1 / `null` where the reference has none. */
export interface ReportMetric {
  readonly name: string;
  readonly value: number | null;
  /** A few words under the number, such as "small objects". */
  readonly note?: string;
  /** Starts a line of its own. */
  readonly newLine?: boolean;
}

/** Precision at 101 recall points for one IoU threshold, averaged over the classes that have ground truth. */
export interface ReportCurve {
  readonly iou: number;
  /** Mean of `precision`, 0..1. */
  readonly ap: number;
  readonly precision: ArrayLike<number>;
}

/** One line of the class list. */
export interface ReportClass {
  readonly name: string;
  /** The bar, 0..1; `null` when the class has no ground truth. */
  readonly value: number | null;
  /** A tick on the bar, 0..1. */
  readonly mark?: number | null;
  /** Precision at 101 recall points for the small curve beside the bar; -1 = none. */
  readonly precision?: ArrayLike<number>;
  readonly groundTruths: number;
  readonly detections: number;
  /** Such as "novel" or "rare". */
  readonly group?: string;
}

/** What the bars of the class list mean. */
export interface ReportClasses {
  readonly valueName: string;
  readonly markName?: string;
  readonly rows: readonly ReportClass[];
}

/** Rows = truth, columns = prediction, the last of each is the background. */
export interface ReportConfusion {
  readonly labels: readonly string[];
  readonly counts: ArrayLike<number>;
  readonly iouThr: number;
}

/** One line of the error analysis. */
export interface ReportError {
  readonly type: string;
  readonly meaning: string;
  /** AP gained by repairing, 0..1. */
  readonly gain: number | null;
  readonly count?: number;
}

/** TIDE as the page shows it. */
export interface ReportTide {
  readonly ap: number | null;
  readonly positive: number;
  readonly main: readonly ReportError[];
  readonly special: readonly ReportError[];
}

/** A box on a picture: found and right, found and wrong, or not found. */
export interface ReportBox {
  readonly kind: 'tp' | 'fp' | 'fn';
  readonly label: string;
  readonly bbox: readonly number[];
  readonly score?: number;
}

/** One picture of the worst list. */
export interface ReportImage {
  readonly title: string;
  readonly width: number;
  readonly height: number;
  readonly tp: number;
  readonly fp: number;
  readonly fn: number;
  readonly boxes: readonly ReportBox[];
  /** The picture below the boxes, as a `data:` address. */
  readonly picture?: string;
}

/** One place where the annotations may be wrong. */
export interface ReportLabelError extends Omit<ReportImage, 'tp' | 'fp' | 'fn'> {
  /** What is annotated there; absent: nothing. */
  readonly annotated?: string;
  readonly detected: string;
  readonly score: number;
}

/** The pictures with the most mistakes at one score threshold. */
export interface ReportWorst {
  /** The score at which F1 over all pictures is best. */
  readonly minScore: number;
  readonly f1: number;
  readonly images: readonly ReportImage[];
}

/** Everything `renderReport` draws; each part that is left out is left out of the page. */
export interface ReportData {
  readonly title: string;
  /** Short facts under the title: file names, kind of evaluation, counts. */
  readonly facts: readonly string[];
  /** The first is shown large. */
  readonly metrics: readonly ReportMetric[];
  readonly curves?: readonly ReportCurve[];
  readonly classes?: ReportClasses;
  readonly confusion?: ReportConfusion;
  readonly tide?: ReportTide;
  readonly calibration?: Calibration;
  readonly worst?: ReportWorst;
  /** The most confident ones, and how many there are. */
  readonly labelErrors?: { readonly total: number; readonly shown: readonly ReportLabelError[] };
  /** What was compared, and how: names and values. */
  readonly parameters?: readonly (readonly [name: string, value: string])[];
  /** The printed table. */
  readonly summary: string;
  readonly warnings?: readonly string[];
}
