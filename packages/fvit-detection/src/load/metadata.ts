import type { MetadataValue } from '@vitamin-vlm/checkpoint';
import { VitaminError } from '@vitamin-vlm/core';
import { type Id, ovCocoSplit } from 'coco-eval-js';
import type { FVitConfig } from '../models/config.ts';
import type { ReadSettings } from '../recipe/recipe.ts';
import { type DetectionSettings, type Family, publishedSettings } from './families.ts';
import { lvisRareIds } from './lvis-rare.data.ts';

/** What a detector's file says beside its tensors. */
export interface DetectorMetadata {
  readonly family: Family;
  /** Names of the classes that it was trained with. */
  readonly classes: readonly string[];
  /** For each of them whether boxes of it were seen in training. */
  readonly base: readonly boolean[];
  readonly settings: DetectionSettings;
  readonly read: Partial<ReadSettings>;
}

type Metadata = Readonly<Record<string, MetadataValue>>;

/** Where this project keeps the settings of detectors that it trained; other programs pass over it. */
const OWN = 'meta.vitamin.';
const CLASSES = 'meta.CLASSES.';
const settingNames = ['score', 'nms', 'max', 'alpha', 'beta', 'vlmTemperature'] as const;
const filters = ['bilinear', 'bicubic', 'opencv-bilinear'] as const;
const readNames = ['size', 'window', 'stride', 'proposalsPerLevel', 'proposalNms', 'proposals'] as const;

/**
 * Reads names and settings beside the weights. Files of mmcv hold the names alone; the settings are then those of the family, which shows in the tensors: only
 * the detectors of OV-LVIS have batch norms in the region proposal network.
 *
 * @throws VitaminError `WEIGHTS_MISMATCH` when the names are not as many as the classes in the tensors.
 */
export function readDetectorMetadata(metadata: Metadata, { classes: count, rpnNorm, patch }: FVitConfig): DetectorMetadata {
  const family: Family = rpnNorm ? 'ov-lvis' : 'ov-coco';
  const listed = listAt(metadata, CLASSES);
  if (listed.length > 0 && listed.length !== count) {
    throw new VitaminError('WEIGHTS_MISMATCH', `Expected names of ${count} classes in meta.CLASSES but found ${listed.length}`);
  }
  const classes = listed.length > 0 ? listed : Array.from({ length: count }, (_, i) => `class ${i}`);
  return {
    family,
    classes,
    base: baseClasses(metadata, classes),
    settings: { ...publishedSettings(family, patch), ...numbersAt(metadata, settingNames) },
    read: { ...numbersAt(metadata, readNames), ...resizeAt(metadata) },
  };
}

/** The flags that the file states; else those of the published splits; else every class counts as seen. */
function baseClasses(metadata: Metadata, classes: readonly string[]): boolean[] {
  const stated = new Set(listAt(metadata, `${OWN}base.`));
  if (stated.size > 0) return classes.map((name) => stated.has(name));
  if (classes.length === 1203) return classes.map((_, i) => !lvisRareIds.has(i + 1));
  const novel = ovCocoNovel(classes);
  return classes.map((_, i) => !novel.has(i));
}

/** Places of OV-COCO's novel classes, when all of its 65 are there and no others. */
function ovCocoNovel(classes: readonly string[]): ReadonlySet<Id> {
  if (classes.length !== 65) return new Set();
  try {
    const { groups } = ovCocoSplit({ categories: classes.map((name, id) => ({ id, name })) });
    return new Set(groups['novel']);
  } catch {
    return new Set(); // other classes
  }
}

/** The filter of the resize, where the file states one that is known. */
function resizeAt(metadata: Metadata): Pick<Partial<ReadSettings>, 'resize'> {
  const resize = filters.find((filter) => filter === metadata[`${OWN}resize`]);
  return resize === undefined ? {} : { resize };
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
