import { table } from '../text.ts';
import type { Scores } from './evaluation.ts';

/** What was measured of a class; null where nothing of it is true or found. */
export interface ClassScores {
  readonly class: number;
  readonly name: string;
  readonly thing: boolean;
  /** Whether the segmenter was not trained on any of its names. */
  readonly novel: boolean;
  readonly PQ?: number | null;
  readonly SQ?: number | null;
  readonly RQ?: number | null;
  /** Segments that are right, wrong, and missed. */
  readonly tp?: number;
  readonly fp?: number;
  readonly fn?: number;
  readonly IoU?: number | null;
  readonly accuracy?: number | null;
  readonly AP?: number | null;
  readonly AP50?: number | null;
}

/** Numbers that are no mean over classes: `fwIoU`, `mACC`, `pACC`, `AP`, `AP50`, ... */
export type WholeScores = Readonly<Record<string, number | null>>;

const columns = { PQ: 'PQ', SQ: 'SQ', RQ: 'RQ', mIoU: 'IoU', AP: 'AP' } as const;
const groups: Readonly<Record<string, (one: ClassScores) => boolean>> = {
  all: () => true,
  things: ({ thing }) => thing,
  stuff: ({ thing }) => !thing,
  base: ({ novel }) => !novel,
  novel: ({ novel }) => novel,
};

/** The numbers of an evaluation: means over all classes and over groups, `PQ` and `PQ novel`, and the others as they are. */
export function segmentScores(classes: readonly ClassScores[], whole: WholeScores): Scores {
  const metrics: Record<string, number | null> = {};
  const rows: string[][] = [];
  const shown = (Object.keys(columns) as (keyof typeof columns)[]).filter((name) =>
    classes.some((one) => one[columns[name]] !== undefined),
  );
  for (const [group, holds] of Object.entries(groups)) {
    const some = classes.filter(holds);
    const means = shown.map((name) => meanOf(some, columns[name]));
    for (const [i, name] of shown.entries()) metrics[group === 'all' ? name : `${name} ${group}`] = means[i]!;
    rows.push([group, ...means.map(percent), String(some.length)]);
  }
  Object.assign(metrics, whole);
  const others = Object.entries(whole).filter(([name]) => !(name in columns));
  const text = [table([['', ...shown, 'classes'], ...rows], [1, 2, 3, 4, 5, 6])];
  if (others.length > 0) text.push(others.map(([name, value]) => `${name} ${percent(value)}`).join('   '));
  return { metrics, text: text.join('\n\n') };
}

function meanOf(classes: readonly ClassScores[], name: (typeof columns)[keyof typeof columns]): number | null {
  const values = classes.flatMap((one) => (typeof one[name] === 'number' ? [one[name]] : []));
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** As the papers print them. */
export function percent(value: number | null): string {
  return value === null ? '-' : (100 * value).toFixed(2);
}
