import type { StuffPainter } from './brush.ts';
import { backdrops } from './backdrops.ts';
import { grounds } from './grounds.ts';
import { indoors } from './indoors.ts';

/** One kind of stuff: its word in captions, its category in COCO panoptic, and how it is painted. */
export interface Stuff {
  /** The word used in captions. */
  readonly name: string;
  /** COCO panoptic category id, 92 to 200. */
  readonly id: number;
  /** COCO panoptic category name. */
  readonly category: string;
  readonly supercategory: string;
  readonly paint: StuffPainter;
}

const rows: readonly (readonly [name: string, id: number, category: string, supercategory: string, paint: StuffPainter])[] = [
  ['counter', 107, 'counter', 'furniture-stuff', indoors.counter],
  ['curtain', 109, 'curtain', 'textile', indoors.curtain],
  ['wood floor', 118, 'floor-wood', 'floor', indoors.woodFloor],
  ['railroad', 147, 'railroad', 'ground', grounds.railroad],
  ['road', 149, 'road', 'ground', grounds.road],
  ['sand', 154, 'sand', 'ground', grounds.sand],
  ['sea', 155, 'sea', 'water', grounds.sea],
  ['snow', 159, 'snow', 'ground', grounds.snow],
  ['brick wall', 171, 'wall-brick', 'wall', indoors.brickWall],
  ['tiled wall', 176, 'wall-tile', 'wall', indoors.tileWall],
  ['wood wall', 177, 'wall-wood', 'wall', indoors.woodWall],
  ['water', 178, 'water-other', 'water', grounds.water],
  ['window', 181, 'window-other', 'window', indoors.window],
  ['trees', 184, 'tree-merged', 'plant', backdrops.trees],
  ['fence', 185, 'fence-merged', 'structural', backdrops.fence],
  ['sky', 187, 'sky-other-merged', 'sky', backdrops.sky],
  ['table', 189, 'table-merged', 'furniture-stuff', indoors.table],
  ['tiled floor', 190, 'floor-other-merged', 'floor', indoors.tileFloor],
  ['pavement', 191, 'pavement-merged', 'ground', grounds.pavement],
  ['mountain', 192, 'mountain-merged', 'solid', backdrops.mountain],
  ['grass', 193, 'grass-merged', 'plant', grounds.grass],
  ['dry grass', 193, 'grass-merged', 'plant', grounds.savanna],
  ['dirt', 194, 'dirt-merged', 'ground', grounds.dirt],
  ['building', 197, 'building-other-merged', 'building', backdrops.building],
  ['wall', 199, 'wall-other-merged', 'wall', indoors.wall],
  ['carpet', 200, 'rug-merged', 'furniture-stuff', indoors.carpet],
];

/** All stuff, by caption word. `dry grass` shares its category with `grass`. */
export const stuff: readonly Stuff[] = rows.map(([name, id, category, supercategory, paint]) => ({
  name,
  id,
  category,
  supercategory,
  paint,
}));
const byName = new Map(stuff.map((s) => [s.name, s]));

/** The stuff of a caption word. The scene settings name only known words; the tests check them all. */
export function stuffNamed(name: string): Stuff {
  return byName.get(name)!;
}
/** Caption words of the kinds of stuff, one for each COCO panoptic category used. */
export const stuffKinds: readonly string[] = stuff.filter((s) => s.name !== 'dry grass').map((s) => s.name);
