import { encodeMask } from '@vitamin-vlm/core';
import { polygonsToRle } from 'coco-eval-js';
import { describe, expect, it } from 'vitest';
import { cvatImage, geoJson, labelMe, labelStudioTask, type NamedPanoptic, segmentMasks, shapesOf } from '../src/index.ts';
import { random } from './support/random.ts';

const [width, height] = [23, 17];
const next = random(3);
/** Three ids and nothing, in blobs with holes and pieces that touch at corners. */
const data = Uint16Array.from({ length: width * height }, () => [0, 1, 2, 3, 3, 3, 3, 3][Math.floor(next() * 8)]!);
const labels = ['cat', 'a & "b"', 'sky'].map((name) => ({ name, synonyms: [name] }));
const areaOf = (id: number): number => data.filter((value) => value === id).length;
const panoptic: NamedPanoptic = {
  map: { width, height, data },
  segments: labels.map(({ name }, i) => {
    return { id: i + 1, label: name, class: i, isThing: i < 2, score: 0.25 * (i + 1), area: areaOf(i + 1), box: [0, 0, width, height] };
  }),
};
const shapes = shapesOf({ labels, panoptic });
const picture = { file: '../a & b.png', width, height };
const bitmapOf = (id: number): Uint8Array => Uint8Array.from(data, (value) => Number(value === id));

it('gives the mask of every number in a map', () => {
  const masks = segmentMasks(panoptic.map);
  expect([...masks.keys()].toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3]);
  for (const [id, mask] of masks) expect(mask).toEqual(encodeMask(bitmapOf(id), width, height));
});

/** Twice the area inside a ring, positive where it is walked as GeoJSON asks. */
function doubleArea(ring: readonly (readonly number[])[]): number {
  return ring.reduce((sum, [x, y], i) => {
    const [nextX, nextY] = ring[(i + 1) % ring.length]!;
    return sum + x! * nextY! - nextX! * y!;
  }, 0);
}

describe('shapes', () => {
  it('come from segments, else from instances, else from labels', () => {
    const instances = [
      { label: 'cat', class: 0, score: 0.5, box: [0, 0, 1, 1] as const, area: areaOf(1), mask: segmentMasks(panoptic.map).get(1)! },
    ];
    const semantic = { width, height, data: data.map((value) => (value === 0 ? 65_535 : value - 1)) };
    expect(shapes.map(({ label, score, isThing }) => [label, score, isThing])).toEqual([
      ['cat', 0.25, true],
      ['a & "b"', 0.5, true],
      ['sky', 0.75, false],
    ]);
    expect(shapesOf({ labels, instances, semantic })).toEqual([
      { label: 'cat', class: 0, score: 0.5, isThing: true, pieces: shapes[0]!.pieces },
    ]);
    expect(shapesOf({ labels, semantic })).toEqual(shapes.map(({ label, class: index, pieces }) => ({ label, class: index, pieces })));
  });

  it('are polygons with holes in GeoJSON, of the same area', () => {
    const { type, features } = geoJson(shapes) as {
      type: string;
      features: { properties: { label: string }; geometry: { type: string; coordinates: number[][][][] } }[];
    };
    expect([type, features.map(({ properties }) => properties.label)]).toEqual(['FeatureCollection', ['cat', 'a & "b"', 'sky']]);
    expect(shapes.some(({ pieces }) => pieces.some(({ holes }) => holes.length > 0))).toBe(true);
    for (const [i, { geometry }] of features.entries()) {
      expect(geometry.type).toBe('MultiPolygon');
      let area = 0;
      for (const [outline, ...holes] of geometry.coordinates) {
        expect(outline!.at(-1)).toEqual(outline![0]);
        expect(doubleArea(outline!)).toBeGreaterThan(0);
        expect(holes.every((hole) => doubleArea(hole) < 0)).toBe(true);
        area += [outline!, ...holes].reduce((sum, ring) => sum + doubleArea(ring), 0) / 2;
      }
      expect(area).toBe(areaOf(i + 1));
    }
  });

  it('are the same pixels when the polygons of LabelMe are filled', () => {
    const document = labelMe(shapes, picture) as {
      shapes: { label: string; points: [number, number][]; group_id: number | null; shape_type: string }[];
      imagePath: string;
    };
    expect(document).toMatchObject({ imagePath: '../a & b.png', imageData: null, imageHeight: height, imageWidth: width });
    for (const [i, { label, pieces }] of shapes.entries()) {
      const own = document.shapes.filter((shape) => shape.label === label);
      expect(own.map(({ group_id: group }) => group)).toEqual(pieces.map(() => (pieces.length > 1 ? i : null)));
      expect(own.every(({ shape_type: type }) => type === 'polygon')).toBe(true);
      const filled = polygonsToRle(
        own.map(({ points }) => points.flat()),
        height,
        width,
      );
      expect(filled.counts).toEqual(encodeMask(bitmapOf(i + 1), width, height).counts);
    }
  });

  it('are predictions in percent for Label Studio', () => {
    const task = labelStudioTask(shapes, picture, 'nano') as {
      data: object;
      predictions: {
        score: number;
        model_version: string;
        result: { type: string; value: { points: number[][]; polygonlabels: string[] } }[];
      }[];
    };
    const [{ score, model_version: model, result }] = task.predictions as [(typeof task.predictions)[0]];
    expect([task.data, score, model]).toEqual([{ image: '../a & b.png' }, 0.5, 'nano']);
    expect(result.length).toBe(shapes.reduce((sum, { pieces }) => sum + pieces.length, 0));
    expect(result[0]).toMatchObject({ type: 'polygonlabels', original_width: width, original_height: height });
    const [x, y] = result[0]!.value.points[0]!;
    const [left, top] = shapes[0]!.pieces[0]!.outline;
    expect([(x! * width) / 100, (y! * height) / 100].map(Math.round)).toEqual([left, top]);
    expect(result.flatMap(({ value }) => value.points.flat()).every((percent) => percent >= 0 && percent <= 100)).toBe(true);
  });

  it('are polygons in the XML of CVAT, with texts that XML can hold', () => {
    const xml = cvatImage([{ ...shapes[1]!, label: 'a & "b" <c>\u0001\n' }], picture, 7);
    expect(xml).toMatch(/^ {2}<image id="7" name="\.\.\/a &amp; b\.png" width="23" height="17">\n/u);
    expect(
      xml.match(/<polygon label="a &amp; &quot;b&quot; &lt;c&gt;\ufffd&#10;" source="auto" occluded="0" points="[\d,;]+"/gu),
    ).toHaveLength(shapes[1]!.pieces.length);
  });
});
