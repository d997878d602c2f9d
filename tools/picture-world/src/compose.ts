import { type Bounds, easelFor, type Layer } from './easel.ts';
import type { Group } from './arrange.ts';
import { boundsOf, drawPlacement, type Placement } from './placement.ts';
import type { Random } from './random.ts';
import type { Setting } from './settings/setting.ts';
import { stuffNamed } from './stuff/catalog.ts';
import type { Light } from './stuff/brush.ts';

/** A pixel belongs to what covers at least half of it. */
const solid = 128;

/** A picture under work: colors, and for each pixel the index of the stuff layer and of the thing (-1: none) on top. */
export interface Composition {
  readonly width: number;
  readonly height: number;
  /** RGB, row-major, 3 bytes a pixel. */
  readonly data: Uint8Array;
  readonly stuffOwner: Uint8Array;
  readonly thingOwner: Int16Array;
  /** The groups that can be seen, back to front; `thingOwner` indexes them. */
  readonly groups: readonly Group[];
  /** For each of the groups: its pixels within the picture before others cover them. */
  readonly fullAreas: readonly number[];
}

/** Draws the stuff, then the things, dropping things of which too little shows. */
export function compose(setting: Setting, groups: readonly Group[], width: number, height: number, random: Random): Composition {
  const data = new Uint8Array(width * height * 3);
  const stuffOwner = new Uint8Array(width * height);
  paintStuff(setting, data, stuffOwner, width, height, random);
  const drawn = groups.map((group) => drawGroup(group, width, height, random));
  const seen = visible(drawn, width, height);
  const kept = groups.map((_, i) => i).filter((i) => drawn[i] && enough(seen.areas[i]!, seen.fullAreas[i]!, width * height));
  const layers = kept.map((i) => drawn[i]!);
  const thingOwner = kept.length === groups.length ? seen.owner : visible(layers, width, height).owner;
  kept.forEach((i, k) => {
    for (const member of groups[i]!.members) castShadow(data, width, height, member);
    blend(data, width, shade(layers[k]!));
  });
  tint(data, setting.light);
  return {
    width,
    height,
    data,
    stuffOwner,
    thingOwner,
    groups: kept.map((i) => groups[i]!),
    fullAreas: kept.map((i) => seen.fullAreas[i]!),
  };
}

/** Enough of a thing shows: a third of what would be in the picture, and a four-hundredth of the picture. */
function enough(area: number, full: number, pixels: number): boolean {
  return area >= 0.35 * full && area >= Math.max(12, 0.0025 * pixels);
}

function paintStuff(setting: Setting, data: Uint8Array, owner: Uint8Array, width: number, height: number, random: Random): void {
  const easel = easelFor(width, height);
  const unit = Math.min(width, height) / 100;
  setting.layers.forEach((layer, index) => {
    const [l, t, r, b] = layer.area;
    // The backmost layer reaches a little below the next one's waving edge.
    const area: Bounds = { left: l * width, top: t * height, right: r * width, bottom: Math.min(1, index === 0 ? b + 0.06 : b) * height };
    // Roofs, tree tops and waving edges rise above the area.
    const reach = { left: area.left - 2, top: area.top - 9 * unit, right: area.right + 2, bottom: area.bottom + 2 };
    const drawn = easel.layer(reach, (c) => stuffNamed(layer.stuff).paint({ c, area, unit, light: setting.light, random }))!;
    blend(data, width, drawn);
    eachSolid(drawn, width, (pixel) => {
      owner[pixel] = index;
    });
  });
}

function drawGroup({ members }: Group, width: number, height: number, random: Random): Layer | undefined {
  const all = members.map((member) => boundsOf(member));
  const bounds = {
    left: Math.min(...all.map((b) => b.left)),
    top: Math.min(...all.map((b) => b.top)),
    right: Math.max(...all.map((b) => b.right)),
    bottom: Math.max(...all.map((b) => b.bottom)),
  };
  return easelFor(width, height).layer(bounds, (c) => {
    for (const member of members) drawPlacement(c, member, random);
  });
}

/** Which layer is on top at each pixel, and each layer's solid pixels before and after covering. */
function visible(
  layers: readonly (Layer | undefined)[],
  width: number,
  height: number,
): { owner: Int16Array; areas: number[]; fullAreas: number[] } {
  const owner = new Int16Array(width * height).fill(-1);
  const areas = layers.map(() => 0);
  const fullAreas = layers.map(() => 0);
  layers.forEach((layer, index) => {
    if (!layer) return;
    let count = 0;
    eachSolid(layer, width, (pixel) => {
      const under = owner[pixel]!;
      if (under >= 0) areas[under]! -= 1;
      owner[pixel] = index;
      count++;
    });
    areas[index] = count;
    fullAreas[index] = count;
  });
  return { owner, areas, fullAreas };
}

function eachSolid(layer: Layer, width: number, visit: (pixel: number) => void): void {
  for (let y = 0, at = 3; y < layer.height; y++) {
    let pixel = (layer.y + y) * width + layer.x;
    for (let x = 0; x < layer.width; x++, at += 4, pixel++) if (layer.rgba[at]! >= solid) visit(pixel);
  }
}

/** Light from above: the upper part of a thing a little brighter, its foot a little darker. */
function shade(layer: Layer): Layer {
  const { rgba, width, height } = layer;
  for (let y = 0, at = 0; y < height; y++) {
    const gain = 1.07 - (0.17 * y) / height;
    for (let x = 0; x < width; x++, at += 4) {
      if (rgba[at + 3] === 0) continue;
      rgba[at] = rgba[at]! * gain;
      rgba[at + 1] = rgba[at + 1]! * gain;
      rgba[at + 2] = rgba[at + 2]! * gain;
    }
  }
  return layer;
}

/** Lays a layer over the picture. Most of its pixels are wholly clear or wholly covered, so those two cases come first. */
function blend(data: Uint8Array, width: number, layer: Layer): void {
  const { rgba } = layer;
  for (let y = 0, from = 0; y < layer.height; y++) {
    let to = ((layer.y + y) * width + layer.x) * 3;
    for (let x = 0; x < layer.width; x++, from += 4, to += 3) {
      const alpha = rgba[from + 3]!;
      if (alpha === 0) continue;
      if (alpha === 255) {
        data[to] = rgba[from]!;
        data[to + 1] = rgba[from + 1]!;
        data[to + 2] = rgba[from + 2]!;
        continue;
      }
      for (let channel = 0; channel < 3; channel++) {
        const below = data[to + channel]!;
        data[to + channel] = below + Math.round(((rgba[from + channel]! - below) * alpha) / 255);
      }
    }
  }
}

/** A soft elliptic shadow under the feet of a standing thing. */
function castShadow(data: Uint8Array, width: number, height: number, p: Placement): void {
  if (p.zone.kind === 'hangs') return;
  const bounds = boundsOf(p, 0);
  const cx = (bounds.left + bounds.right) / 2;
  const cy = bounds.bottom - 0.01 * (bounds.bottom - bounds.top);
  const rx = ((bounds.right - bounds.left) / 2) * 1.05;
  const ry = Math.min(rx * 0.28, (bounds.bottom - bounds.top) * 0.18);
  for (let y = Math.max(0, Math.floor(cy - ry)); y < Math.min(height, cy + ry); y++) {
    for (let x = Math.max(0, Math.floor(cx - rx)); x < Math.min(width, cx + rx); x++) {
      const distance = ((x - cx) / rx) ** 2 + ((y - cy) / ry) ** 2;
      if (distance >= 1) continue;
      const keep = 1 - 0.34 * (1 - distance);
      const at = (y * width + x) * 3;
      for (let channel = 0; channel < 3; channel++) data[at + channel] = data[at + channel]! * keep;
    }
  }
}

/** Evening light is warmer, an overcast sky paler. */
function tint(data: Uint8Array, light: Light): void {
  if (light === 'day') return;
  const [r, g, b] = light === 'sunset' ? [1, 0.93, 0.86] : [0.93, 0.94, 0.96];
  for (let i = 0; i < data.length; i += 3) {
    data[i] = data[i]! * r;
    data[i + 1] = data[i + 1]! * g;
    data[i + 2] = data[i + 2]! * b;
  }
}
