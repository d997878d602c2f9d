/** What was predicted of a picture: classes, best first, and what is true. */
export interface Prediction {
  readonly target: number;
  /** Up to five; none of a picture that could not be read. */
  readonly top: readonly number[];
  /** What else is known of the picture: numbers whose meaning the data set gives. */
  readonly fields?: readonly number[] | undefined;
}

/** Which column of the fields tells groups, and which group does not count. */
export interface GroupRule {
  readonly column?: number | undefined;
  readonly ignored?: number | undefined;
}

/**
 * Numbers of a zero-shot classification by the names of DataComp and CLIP_benchmark: `acc1`, `acc5` (null with fewer than five classes), `mean_per_class_recall` (over classes that
 * are true of some picture), `F1-macro_all` (over the same), and where pictures have fields those of the worst group: `acc_wg`, `acc_top5_wg`, `acc_worst_region` without the
 * ignored group.
 */
export function classificationMetrics(
  predictions: readonly Prediction[],
  classes: number,
  { column = 0, ignored }: GroupRule = {},
): Record<string, number | null> {
  const right = predictions.map(({ target, top }) => Number(top[0] === target));
  const among = predictions.map(({ target, top }) => Number(top.includes(target)));
  const { recalls, f1 } = perClass(predictions, classes);
  const groups = predictions.map(({ fields }) => fields?.[column]);
  const worst = (values: readonly number[], without?: number): number | null => worstOf(values, groups, without);
  return {
    acc1: mean(right),
    acc5: classes < 5 ? null : mean(among),
    mean_per_class_recall: mean(recalls),
    'F1-macro_all': mean(f1),
    ...(groups.some((group) => group !== undefined) && {
      acc_wg: worst(right),
      acc_top5_wg: classes < 5 ? null : worst(among),
      ...(ignored !== undefined && { acc_worst_region: worst(right, ignored) }),
    }),
  };
}

function perClass(predictions: readonly Prediction[], classes: number): { recalls: number[]; f1: number[] } {
  const [truths, guesses, hits] = [new Float64Array(classes), new Float64Array(classes), new Float64Array(classes)];
  for (const { target, top } of predictions) {
    truths[target]!++;
    if (top[0] === undefined) continue;
    guesses[top[0]]!++;
    if (top[0] === target) hits[target]!++;
  }
  const occurring = [...truths.keys()].filter((index) => truths[index]! > 0);
  return {
    recalls: occurring.map((index) => hits[index]! / truths[index]!),
    f1: occurring.map((index) => (2 * hits[index]!) / (truths[index]! + guesses[index]!)),
  };
}

function worstOf(values: readonly number[], groups: readonly (number | undefined)[], without: number | undefined): number | null {
  const sums = new Map<number, { sum: number; count: number }>();
  for (const [i, group] of groups.entries()) {
    if (group === undefined || group === without) continue;
    const known = sums.get(group) ?? { sum: 0, count: 0 };
    sums.set(group, { sum: known.sum + values[i]!, count: known.count + 1 });
  }
  return sums.size === 0 ? null : Math.min(...[...sums.values()].map(({ sum, count }) => sum / count));
}

function mean(values: readonly number[]): number | null {
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
}

/**
 * Numbers of WinoGAViL: the mean overlap of chosen and true associations (Jaccard index) over all instances, and over those with few and many candidates.
 */
export function associationMetrics(
  scores: readonly { readonly candidates: number; readonly jaccard: number }[],
): Record<string, number | null> {
  const over = (holds: (candidates: number) => boolean): number | null =>
    mean(scores.flatMap(({ candidates, jaccard }) => (holds(candidates) ? [jaccard] : [])));
  return {
    avg_jaccard_score: over(() => true),
    'jaccard_score_5-6': over((candidates) => candidates <= 6),
    'jaccard_score_10-12': over((candidates) => candidates >= 10),
  };
}

/** The share of two sets' union that is in both. */
export function jaccardIndex(a: ReadonlySet<string>, b: ReadonlySet<string>): number {
  const union = new Set([...a, ...b]).size;
  return union === 0 ? 0 : [...a].filter((one) => b.has(one)).length / union;
}
