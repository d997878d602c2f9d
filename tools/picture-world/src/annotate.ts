import type { Composition } from './compose.ts';
import { type Box, encodeRle } from './rle.ts';
import type { Setting } from './settings/setting.ts';
import { stuffNamed } from './stuff/catalog.ts';
import type { StuffSegment, Thing } from './types.ts';

/** Box and number of pixels of each value of a map. */
interface Extent {
  box: Box;
  area: number;
}

/** Everything that follows from which thing and stuff own each pixel. */
export interface Annotations {
  readonly things: Thing[];
  readonly stuff: StuffSegment[];
  readonly semantic: Uint8Array;
  readonly panoptic: Uint32Array;
}

/**
 * A segment id that is unique in a picture and never 0: multiplying by an odd number permutes the numbers below 2^24, and spreads
 * neighboring categories over the colors, so that the panoptic PNG can be looked at.
 */
export function segmentId(categoryId: number, index: number): number {
  return Math.imul(categoryId * 256 + index + 1, 0x9e3779b1) & 0xffffff;
}

/** Boxes and areas of all values of an owner map. */
function extents(map: ArrayLike<number>, width: number, height: number): Map<number, Extent> {
  const found = new Map<number, { left: number; top: number; right: number; bottom: number; area: number }>();
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width;) {
      const value = map[at]!;
      const start = x;
      while (x < width && map[at] === value) {
        x++;
        at++;
      }
      const e = found.get(value);
      if (!e) found.set(value, { left: start, top: y, right: x, bottom: y + 1, area: x - start });
      else {
        if (start < e.left) e.left = start;
        if (x > e.right) e.right = x;
        e.bottom = y + 1;
        e.area += x - start;
      }
    }
  }
  return new Map([...found].map(([value, e]) => [value, { box: [e.left, e.top, e.right - e.left, e.bottom - e.top], area: e.area }]));
}

/** Masks, boxes and maps of a composition. */
export function annotate(composition: Composition, setting: Setting): Annotations {
  const { width, height, thingOwner, stuffOwner } = composition;
  const things = describeThings(composition);
  const layerStuff = setting.layers.map((layer) => stuffNamed(layer.stuff));
  const semantic = new Uint8Array(width * height);
  const panoptic = new Uint32Array(width * height);
  const stuffIds = layerStuff.map((s) => segmentId(s.id, 0));
  for (let i = 0; i < semantic.length; i++) {
    const thing = thingOwner[i]!;
    const layer = stuffOwner[i]!;
    semantic[i] = thing >= 0 ? things[thing]!.categoryId : layerStuff[layer]!.id;
    panoptic[i] = thing >= 0 ? things[thing]!.segmentId : stuffIds[layer]!;
  }
  const segments = extents(panoptic, width, height);
  const stuff: StuffSegment[] = [];
  layerStuff.forEach((s, i) => {
    const extent = segments.get(stuffIds[i]!);
    if (!extent || stuff.some((known) => known.categoryId === s.id)) return;
    stuff.push({ name: s.name, category: s.category, categoryId: s.id, box: extent.box, area: extent.area, segmentId: stuffIds[i]! });
  });
  return { things, stuff, semantic, panoptic };
}

function describeThings({ width, height, thingOwner, groups, fullAreas }: Composition): Thing[] {
  const found = extents(thingOwner, width, height);
  return groups.map((group, index) => {
    const { box, area } = found.get(index)!;
    const first = group.members[0]!;
    const { kind, zone } = first;
    const center = (box[0] + box[2] / 2) / width;
    return {
      category: kind.name,
      categoryId: kind.id,
      box,
      area,
      mask: encodeRle(thingOwner, width, height, index, box),
      visible: area / fullAreas[index]!,
      color: first.color,
      pattern: first.pattern,
      crowd: group.crowd,
      count: group.members.length,
      on: zone.on,
      where: zone.phrase,
      side: center < 0.38 ? 'left' : center > 0.62 ? 'right' : 'middle',
      flipped: first.flip,
      angle: first.angle,
      segmentId: segmentId(kind.id, index + 1),
    };
  });
}
