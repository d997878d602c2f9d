import type { Label } from '@vitamin-vlm/backbone';
import type { MetadataValue } from '@vitamin-vlm/checkpoint';
import { readClassList } from '../vocabulary/vocabularies.ts';
import { type ReadSettings } from '../recipe/recipe.ts';

/** How a segmenter is asked when nobody says otherwise. */
export interface SegmentSettings {
  /** Weight of CLIP's opinion for classes that were seen in training and for others, 0 to 1. */
  readonly alpha: number;
  readonly beta: number;
  /** Panoptic: only masks whose best class scores above this count. */
  readonly score: number;
  /** Panoptic: a mask of which a smaller share is left by the others is dropped. */
  readonly overlap: number;
  /** Instances at most, before stuff is dropped. */
  readonly max: number;
}

const COMMON = { score: 0, overlap: 0.8, max: 100 };
/** The settings of FC-CLIP's configurations by their tower. */
export const publishedSettings: Readonly<Record<'vitamin' | 'convnext', SegmentSettings>> = {
  vitamin: { alpha: 0.45, beta: 0.7, ...COMMON },
  convnext: { alpha: 0.4, beta: 0.8, ...COMMON },
};

/** What a segmenter's file says beside its tensors. */
export interface SegmenterMetadata {
  /** The classes that it was trained with: their names decide which words count as seen. */
  readonly classes: readonly Label[];
  /** For each of them whether it is a thing. */
  readonly things: readonly boolean[];
  readonly settings: SegmentSettings;
  readonly read: Partial<ReadSettings>;
}

type Metadata = Readonly<Record<string, MetadataValue>>;

/** Where this project keeps what it knows of segmenters that it trained; other programs pass over it. */
const OWN = 'vitamin.';
const settingNames = ['alpha', 'beta', 'score', 'overlap', 'max'] as const;
const readNames = ['window', 'stride'] as const;

/** Reads names and settings beside the weights. Published files hold neither: they were trained on COCO's 133 classes with the settings of their configuration. */
export async function readSegmenterMetadata(metadata: Metadata, published: SegmentSettings): Promise<SegmenterMetadata> {
  const names = listAt(metadata, `${OWN}classes.`);
  const own = names.map((text): Label => {
    const synonyms = text.split(',');
    return { name: synonyms[0]!, synonyms };
  });
  const stuff = new Set(listAt(metadata, `${OWN}stuff.`));
  const { labels, things } =
    own.length > 0 ? { labels: own, things: own.map(({ name }) => !stuff.has(name)) } : await readClassList('coco-panoptic');
  return {
    classes: labels,
    things,
    settings: { ...published, ...numbersAt(metadata, settingNames) },
    read: numbersAt(metadata, readNames),
  };
}

function listAt(metadata: Metadata, prefix: string): string[] {
  const list: string[] = [];
  for (let i = 0; typeof metadata[`${prefix}${i}`] === 'string'; i++) list.push(metadata[`${prefix}${i}`] as string);
  return list;
}

function numbersAt<Name extends string>(metadata: Metadata, names: readonly Name[]): Partial<Record<Name, number>> {
  const found = names.map((name) => [name, metadata[OWN + name]] as const).filter(([, value]) => Number.isFinite(value));
  return Object.fromEntries(found) as Partial<Record<Name, number>>;
}
