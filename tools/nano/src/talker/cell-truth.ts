import { kinds, type Scene, stuffKinds, type Thing } from '@vitamin-vlm/picture-world';
import { cells, colors, grid } from './plan.ts';

/** What a picture's token can be called: kinds, stuff, colors. */
export const names: readonly string[] = [...kinds.map(({ name }) => name), ...stuffKinds, ...colors];

const sides: readonly Thing['side'][] = ['left', 'middle', 'right'];

/** Behind the names: what the things there stand on, on which side of the picture they are, and which kinds have the middle of a thing there. */
const GROUND = names.length;
const SIDE = GROUND + stuffKinds.length;
const MIDDLE = SIDE + sides.length;

/** Yes-no questions to each token. */
export const facts: number = MIDDLE + kinds.length;

/** Rows and columns of tokens. */
const rows = cells.height / grid.merge;
const columns = cells.width / grid.merge;

/** Tokens of a picture. */
export const tokens: number = rows * columns;

/** Least share of a token's pixels that something covers which the token shows; for a small thing, least share of its own pixels. */
const COVERED = 0.12;
const OF_ITSELF = 0.3;

const kindIndex = new Map(kinds.map(({ name }, i) => [name, i]));
const stuffIndex = new Map(stuffKinds.map((name, i) => [name, i]));
const colorIndex = new Map(colors.map((name, i) => [name, kinds.length + stuffKinds.length + i]));

/** What each token of a square scene shows: 0 or 1, [tokens, facts]. */
export function cellTruth({ picture, things, stuff, panoptic }: Scene): Uint8Array {
  const truth = new Uint8Array(tokens * facts);
  const { width, height } = picture;
  const cellArea = (width * height) / tokens;
  const covered = coverage(panoptic, width, height);
  const shows = (segmentId: number, area: number): number[] => {
    const counts = covered.get(segmentId) ?? new Uint32Array(tokens);
    return [...counts.keys()].filter((cell) => counts[cell]! >= Math.min(COVERED * cellArea, Math.max(1, OF_ITSELF * area)));
  };
  for (const { segmentId, area, name } of stuff) {
    for (const cell of shows(segmentId, area)) truth[cell * facts + kinds.length + stuffOf(name)] = 1;
  }
  for (const thing of things) {
    const kind = kindIndex.get(thing.category)!;
    for (const cell of shows(thing.segmentId, thing.area)) {
      for (const fact of [kind, colorIndex.get(thing.color)!, GROUND + stuffOf(thing.on), SIDE + sides.indexOf(thing.side)]) {
        truth[cell * facts + fact] = 1;
      }
    }
    const [left, top, w, h] = thing.box;
    const cell = placeOf(top + h / 2, height, rows) * columns + placeOf(left + w / 2, width, columns);
    truth[cell * facts + MIDDLE + kind] = 1;
  }
  return truth;
}

function stuffOf(name: string): number {
  return stuffIndex.get(name === 'dry grass' ? 'grass' : name)!;
}

function placeOf(at: number, extent: number, count: number): number {
  return Math.min(count - 1, Math.floor((at / extent) * count));
}

/** Pixels of each segment in each token. */
function coverage(panoptic: Uint32Array, width: number, height: number): Map<number, Uint32Array> {
  const counts = new Map<number, Uint32Array>();
  for (let y = 0; y < height; y++) {
    const row = placeOf(y, height, rows) * columns;
    for (let x = 0; x < width; x++) {
      const id = panoptic[y * width + x]!;
      let own = counts.get(id);
      if (!own) counts.set(id, (own = new Uint32Array(tokens)));
      own[row + placeOf(x, width, columns)]!++;
    }
  }
  return counts;
}
