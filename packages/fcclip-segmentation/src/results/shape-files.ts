import { labelColor } from '@vitamin-vlm/image';
import { corners, type Shape, singleRing } from './shapes.ts';

/** The picture that shapes are of. */
export interface ShapedPicture {
  /** Path of its file, as the reader of the document shall find it. */
  readonly file: string;
  readonly width: number;
  readonly height: number;
}

/**
 * Shapes as a GeoJSON document (RFC 7946) in pixels instead of degrees: a `MultiPolygon` each, with holes. `classification` is where QuPath looks for names.
 *
 * @example
 * ```ts
 * import { geoJson } from '@vitamin-vlm/fcclip-segmentation';
 * const square = { label: 'cat', class: 0, score: 0.5, pieces: [{ outline: [0, 0, 2, 0, 2, 2, 0, 2], holes: [] }] };
 * console.log(JSON.stringify(geoJson([square])));
 * ```
 */
export function geoJson(shapes: readonly Shape[]): object {
  const features = shapes.map(({ label, class: index, score, isThing, pieces }) => ({
    type: 'Feature',
    properties: {
      label,
      ...(score === undefined ? {} : { score }),
      ...(isThing === undefined ? {} : { isThing }),
      classification: { name: label, color: labelColor(index) },
    },
    geometry: { type: 'MultiPolygon', coordinates: pieces.map(({ outline, holes }) => [outline, ...holes].map(closed)) },
  }));
  return { type: 'FeatureCollection', features };
}

/** A ring whose last corner is its first. */
function closed(ring: readonly number[]): [number, number][] {
  return [...corners(ring), corners(ring)[0]!];
}

/** The version of LabelMe whose files these are like. */
const LABELME = '5.5.0';

/**
 * Shapes as LabelMe keeps them beside a picture: a polygon for each piece, those of one shape in one group. Holes are joined to their outlines.
 *
 * @param picture - Its `file` is relative to the folder of the document.
 */
export function labelMe(shapes: readonly Shape[], { file, width, height }: ShapedPicture): object {
  const polygons = shapes.flatMap(({ label, score, pieces }, group) => {
    return pieces.map((piece) => ({
      label,
      points: singleRing(piece),
      group_id: pieces.length > 1 ? group : null,
      description: score === undefined ? '' : `score ${score.toFixed(4)}`,
      shape_type: 'polygon',
      flags: {},
      mask: null,
    }));
  });
  return { version: LABELME, flags: {}, shapes: polygons, imagePath: file, imageData: null, imageHeight: height, imageWidth: width };
}

/**
 * Shapes as a task for Label Studio with its predictions, for a labeling interface `<PolygonLabels name="label" toName="image">` over `<Image name="image" value="$image">`. Corners
 * are in percent of the picture.
 *
 * @param picture - Its `file` is what Label Studio shall open, a URL for example.
 * @param model - What made the predictions.
 */
export function labelStudioTask(shapes: readonly Shape[], { file, width, height }: ShapedPicture, model: string): object {
  const result = shapes.flatMap(({ label, score, pieces }, shape) => {
    return pieces.map((piece, i) => ({
      id: `${shape}-${i}`,
      type: 'polygonlabels',
      from_name: 'label',
      to_name: 'image',
      original_width: width,
      original_height: height,
      image_rotation: 0,
      ...(score === undefined ? {} : { score }),
      value: { points: singleRing(piece).map(([x, y]) => [(100 * x) / width, (100 * y) / height]), closed: true, polygonlabels: [label] },
    }));
  });
  const scores = shapes.flatMap(({ score }) => score ?? []);
  const mean = scores.length > 0 ? { score: scores.reduce((sum, score) => sum + score, 0) / scores.length } : {};
  return { data: { image: file }, predictions: [{ model_version: model, ...mean, result }] };
}

/**
 * Shapes as an `<image>` of the format "CVAT for images 1.1": a polygon for each piece, those of one shape in one group.
 *
 * @param id - Place of the picture in the document, from 0.
 */
export function cvatImage(shapes: readonly Shape[], { file, width, height }: ShapedPicture, id: number): string {
  const lines = shapes.flatMap(({ label, pieces }, shape) => {
    return pieces.map((piece) => {
      const points = singleRing(piece)
        .map((corner) => corner.join(','))
        .join(';');
      const group = pieces.length > 1 ? ` group_id="${shape + 1}"` : '';
      return `    <polygon label="${escaped(label)}" source="auto" occluded="0" points="${points}" z_order="0"${group}></polygon>\n`;
    });
  });
  return `  <image id="${id}" name="${escaped(file)}" width="${width}" height="${height}">\n${lines.join('')}  </image>\n`;
}

/** Text inside an attribute. Characters that XML 1.0 cannot hold become a mark. */
function escaped(text: string): string {
  const names: Readonly<Record<string, string>> = {
    '&': '&amp;',
    '<': '&lt;',
    '>': '&gt;',
    '"': '&quot;',
    '\t': '&#9;',
    '\n': '&#10;',
    '\r': '&#13;',
  };
  return (
    text
      // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
      .replaceAll(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/gu, '\ufffd')
      .replaceAll(/[&<>"\t\n\r]/gu, (letter) => names[letter]!)
  );
}
