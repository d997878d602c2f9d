import type { ColorName, Pattern } from '../colors.ts';
import type { Paint, Pen } from '../pen.ts';
import type { Random } from '../random.ts';

/** What varies between two things of one kind. */
export interface Look {
  /** The surface that carries the thing's color and pattern. */
  readonly paint: Paint;
  readonly color: ColorName;
  readonly pattern: Pattern;
  /** Stream for pose and part variations. */
  readonly random: Random;
}

/** One kind of thing: how it looks, how large it is, and how it may be turned. */
export interface Drawing {
  /** Width and height of the drawing's box, in drawing units. */
  readonly box: readonly [width: number, height: number];
  /** Longer side in meters, from which its size in a scene follows. */
  readonly meters: number;
  readonly colors: readonly ColorName[];
  /** `plain` alone if the kind carries no pattern. */
  readonly patterns: readonly Pattern[];
  /** Pattern cell in drawing units. */
  readonly cell?: number;
  /** Largest rotation either way in radians, for a thing that stands (default 0.04). */
  readonly sway?: number;
  /** True if the thing lies on tables at any angle. */
  readonly lies?: boolean;
  readonly draw: (pen: Pen, look: Look) => void;
}

/** A family of kinds by their category names. */
export type Family = Readonly<Record<string, Drawing>>;

/** Colors of things that come in any bright color. */
export const bright: readonly ColorName[] = ['red', 'orange', 'yellow', 'green', 'blue', 'purple', 'pink'];
/** Bright colors and the neutral ones. */
export const anyColor: readonly ColorName[] = [...bright, 'brown', 'black', 'white', 'gray'];
/** Patterns of cloth and painted surfaces. */
export const cloth: readonly Pattern[] = ['plain', 'plain', 'striped', 'dotted', 'checked'];
export const plain: readonly Pattern[] = ['plain'];
