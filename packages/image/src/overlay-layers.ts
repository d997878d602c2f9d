import { unlabeledIn, type Box, type Instance, type LabelMap, type Panoptic } from '@vitamin-vlm/core';
import type { Overlay, OverlayOptions } from './overlay.ts';
import type { Rgb } from './encode.ts';
import { enlargeLabels } from './enlarge.ts';
import { instanceMap } from './instance-map.ts';
import type { LegendEntry } from './legend.ts';
import type { NameWish } from './name-places.ts';
import type { OutlinedBox } from './outline.ts';
import type { AreaLayer } from './paint-areas.ts';
import { labelColor, shade } from './palette.ts';
import type { Picture } from './picture.ts';
import { regions, type Region } from './region-centers.ts';

/** A drawing in parts, in pixels of the enlarged picture. */
export interface Layers {
  readonly areas: readonly AreaLayer[];
  readonly boxes: readonly OutlinedBox[];
  readonly wishes: readonly NameWish[];
  /** Labels with a share of the area first, the largest first; then those that are counted, the most frequent first. */
  readonly legend: readonly LegendEntry[];
}

/** Takes what was found apart into what is painted, outlined, named and explained, with one color per label through all of it. */
export function overlayLayers(picture: Picture, overlay: Overlay, options: OverlayOptions, scale: number): Layers {
  const colors = new LabelColors(options);
  const builder = new Builder(colors, options.scores ?? true, scale);
  if (overlay.labelMap) builder.addLabelMap(overlay.labelMap, options.labels ?? []);
  if (overlay.panoptic) builder.addPanoptic(overlay.panoptic);
  if (overlay.instances) builder.addInstances(picture, overlay.instances);
  return builder.finish();
}

/** One color per label: that of its place among the given labels, or the next one. */
class LabelColors {
  readonly #places = new Map<string, number>();
  readonly #given: ((label: string) => Rgb) | undefined;

  constructor({ labels = [], color }: OverlayOptions) {
    this.#given = color;
    for (const [i, label] of labels.entries()) if (!this.#places.has(label)) this.#places.set(label, i);
  }

  of(label: string): Rgb {
    if (this.#given) return this.#given(label);
    if (!this.#places.has(label)) this.#places.set(label, this.#places.size);
    return labelColor(this.#places.get(label)!);
  }
}

/** What the legend says about one label. */
interface Tally {
  pixels: number;
  count: number;
}

class Builder {
  readonly #areas: AreaLayer[] = [];
  readonly #boxes: OutlinedBox[] = [];
  readonly #wishes: NameWish[] = [];
  readonly #tallies = new Map<string, Tally>();
  readonly #colors: LabelColors;
  readonly #scores: boolean;
  readonly #scale: number;
  #pixels = 1;

  constructor(colors: LabelColors, scores: boolean, scale: number) {
    this.#colors = colors;
    this.#scores = scores;
    this.#scale = scale;
  }

  addLabelMap(map: LabelMap, labels: readonly string[]): void {
    const enlarged = enlargeLabels(map, this.#scale);
    const nameOf = (number: number): string => labels[number] ?? `label ${number}`;
    const found = regions(enlarged).filter(({ label }) => label !== unlabeledIn(map));
    const tints = new Map<number, Rgb>();
    for (const region of found) {
      const label = nameOf(region.label);
      const color = this.#colors.of(label);
      tints.set(region.label, color);
      this.#wishes.push({ label, color, style: 'rim', region });
      this.#tally(label).pixels += region.area;
    }
    this.#areas.push({ map: enlarged, tints });
    this.#pixels = enlarged.data.length;
  }

  addPanoptic({ map, segments }: Panoptic): void {
    const enlarged = enlargeLabels(map, this.#scale);
    const found = new Map(regions(enlarged).map((region) => [region.label, region]));
    const tints = new Map<number, Rgb>();
    for (const { id, label, isThing, score } of segments) {
      const region = found.get(id);
      if (!region) continue;
      if (isThing) {
        tints.set(id, this.#addThing(label, score, region));
      } else {
        const color = this.#colors.of(label);
        tints.set(id, color);
        this.#wishes.push({ label, color, style: 'rim', region });
        this.#tally(label).pixels += region.area;
      }
    }
    this.#areas.push({ map: enlarged, tints });
    this.#pixels = enlarged.data.length;
  }

  addInstances(picture: Picture, instances: readonly Instance[]): void {
    const map = instances.some(({ mask }) => mask) ? enlargeLabels(instanceMap(picture, instances), this.#scale) : undefined;
    const found = new Map(map ? regions(map).map((region) => [region.label, region]) : []);
    const tints = new Map<number, Rgb>();
    for (const [i, { label, score, box, mask }] of instances.entries()) {
      const scaled = box?.map((value) => value * this.#scale) as unknown as Box | undefined;
      const color = this.#addThing(label, score, mask && found.get(i), scaled);
      if (mask) tints.set(i, color);
      if (scaled) this.#boxes.push({ box: scaled, color });
    }
    if (map) this.#areas.push({ map, tints });
  }

  finish(): Layers {
    const legend = Array.from(this.#tallies, ([label, { pixels, count }]): LegendEntry & Tally => ({
      label,
      color: this.#colors.of(label),
      pixels,
      count,
      share: pixels > 0 ? pixels / this.#pixels : undefined,
      times: count > 0 ? count : undefined,
    })).toSorted((a, b) => b.pixels - a.pixels || b.count - a.count);
    return { areas: this.#areas, boxes: this.#boxes, wishes: this.#wishes, legend };
  }

  /** Registers a thing and returns its color: neighbors of one label that are painted differ a little. */
  #addThing(label: string, score: number, region: Region | undefined, box?: Box): Rgb {
    const tally = this.#tally(label);
    const color = region ? shade(this.#colors.of(label), tally.count) : this.#colors.of(label);
    tally.count++;
    if (region || box) {
      this.#wishes.push({ label, color, style: 'plate', region, box, score: this.#scores ? score.toFixed(2) : undefined });
    }
    return color;
  }

  #tally(label: string): Tally {
    const tally = this.#tallies.get(label) ?? { pixels: 0, count: 0 };
    this.#tallies.set(label, tally);
    return tally;
  }
}
