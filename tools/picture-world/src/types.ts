import type { ColorName, Pattern } from './colors.ts';
import type { Box, Rle } from './rle.ts';
import type { Split } from './random.ts';

/** A decoded picture: RGB, row-major, interleaved, 3 bytes a pixel. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/** One visible thing, or one crowd of things. */
export interface Thing {
  /** COCO category name and id. */
  readonly category: string;
  readonly categoryId: number;
  /** Smallest box around the visible pixels. */
  readonly box: Box;
  /** Number of visible pixels. */
  readonly area: number;
  /** Visible pixels. */
  readonly mask: Rle;
  /** Visible part of the pixels it would have in the picture if nothing stood before it, 0 to 1. */
  readonly visible: number;
  readonly color: ColorName;
  readonly pattern: Pattern;
  /** True for a crowd: many things of one kind under one mask. */
  readonly crowd: boolean;
  /** How many things: 1, or the members of the crowd. */
  readonly count: number;
  /** Caption word of the stuff it is on, and the phrase, e.g. "on the grass", "in the sky". */
  readonly on: string;
  readonly where: string;
  readonly side: 'left' | 'middle' | 'right';
  /** True if its drawing is mirrored, and its rotation in radians. */
  readonly flipped: boolean;
  readonly angle: number;
  /** Its id in the panoptic map. */
  readonly segmentId: number;
}

/** One visible region of stuff. All regions of one category form one segment. */
export interface StuffSegment {
  /** Caption word. */
  readonly name: string;
  /** COCO panoptic category name and id. */
  readonly category: string;
  readonly categoryId: number;
  readonly box: Box;
  readonly area: number;
  readonly segmentId: number;
}

/** A question about a scene with its one right answer. */
export interface Question {
  readonly type: 'what' | 'where' | 'how many' | 'which colour';
  readonly question: string;
  readonly answer: string;
}

/** What a scene may look like. */
export interface SceneOptions {
  /** Pixels, 32 to 4096 (default 256). */
  readonly width?: number;
  /** Pixels, 32 to 4096 (default: the width). */
  readonly height?: number;
  /** Stream of seeds (default 'train'); the two share no scene. */
  readonly split?: Split;
  /** Kinds that may appear (default: all 65). */
  readonly kinds?: readonly string[];
  /** Most things in a scene, crowds not counted, 1 to 30 (default 7). */
  readonly maxThings?: number;
}

/** A picture with everything that is known about it. */
export interface Scene {
  readonly seed: number;
  readonly split: Split;
  readonly picture: Picture;
  /** Back to front. */
  readonly things: readonly Thing[];
  readonly stuff: readonly StuffSegment[];
  /** COCO category id at each pixel, row-major: things 1 to 90, stuff 92 to 200. */
  readonly semantic: Uint8Array;
  /** Segment id at each pixel, row-major, never 0. */
  readonly panoptic: Uint32Array;
  /** Where it plays, e.g. "at the beach". */
  readonly place: string;
  /** True sentences, the first the most complete. */
  readonly captions: readonly string[];
  readonly questions: readonly Question[];
}
