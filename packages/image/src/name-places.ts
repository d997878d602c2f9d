import type { Box } from '@vitamin-vlm/core';
import type { SKRSContext2D } from '@napi-rs/canvas';
import { fitText, measuringContext, textSize, useFont } from './canvas.ts';
import type { Rgb } from './encode.ts';
import type { Region } from './region-centers.ts';
import type { Size } from './sizes.ts';

/** Something that would like to be named. Of `region` and `box` at least one is given. */
export interface NameWish {
  readonly label: string;
  /** Written behind the label, and never cut off. */
  readonly score?: string | undefined;
  readonly color: Rgb;
  /** White letters with a dark rim, or letters on a plate of the color. */
  readonly style: 'rim' | 'plate';
  readonly region?: Region | undefined;
  readonly box?: Box | undefined;
}

/** A name and the rectangle that it takes. */
export interface PlacedName extends Rectangle, Pick<NameWish, 'label' | 'color' | 'style'> {
  /** What is written: the label, shortened if it is long, and the score. */
  readonly text: string;
  readonly isWhole: boolean;
  /** Text size in pixels. */
  readonly font: number;
}

interface Rectangle {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Smallest text that can be read, and its smallest part of the usual text size. */
const LEAST_FONT = 11;
const LEAST_PART = 0.6;
/** Longest name as a multiple of the text size: about 40 letters. */
const LONGEST = 22;
/** What must be left of a label that is shortened. */
const LEAST_LETTERS = 10;
/** Parts of the picture that the names of different labels, and further names of the same labels, may cover together. */
const COVER_FIRST = 0.25;
const COVER_MORE = 0.12;

/**
 * Finds places where names cover no other name: one for each label first, that of its largest thing if there is room, then more while they take little of the
 * picture, and less of it than what they name. Names without such a place are left out.
 */
export function placeNames(wishes: readonly NameWish[], picture: Size): PlacedName[] {
  const placer = new Placer(picture);
  const bySize = wishes.toSorted((a, b) => extentOf(b) - extentOf(a));
  const named = new Set<string>();
  const later: NameWish[] = [];
  for (const wish of bySize) {
    if (!named.has(wish.label) && placer.place(wish, COVER_FIRST)) named.add(wish.label);
    else later.push(wish);
  }
  placer.covered = 0;
  for (const wish of later) if (named.has(wish.label)) placer.place(wish, COVER_MORE, extentOf(wish));
  return placer.placed;
}

class Placer {
  readonly placed: PlacedName[] = [];
  /** Pixels below names. */
  covered = 0;
  readonly #picture: Size;
  readonly #fontSize: number;
  readonly #context: SKRSContext2D;

  constructor(picture: Size) {
    this.#picture = picture;
    this.#fontSize = textSize(picture);
    this.#context = measuringContext(this.#fontSize);
  }

  /**
   * Keeps the first free place, in the usual text size or a smaller one, and says whether there was one.
   *
   * @param cover part of the picture that `covered` may reach.
   * @param limit pixels that this name may cover.
   */
  place(wish: NameWish, cover: number, limit = Infinity): boolean {
    const room = Math.min(limit, cover * this.#picture.width * this.#picture.height - this.covered);
    const least = Math.max(LEAST_FONT, Math.round(LEAST_PART * this.#fontSize));
    if (room < least * least || !hasPlace(wish, least)) return false;
    const usual = Math.min(this.#fontSize, Math.max(least, Math.round(0.3 * Math.sqrt(extentOf(wish)))));
    for (const font of new Set([usual, Math.max(least, Math.round(0.75 * usual))])) {
      const name = this.#measure(wish, font);
      if (!name || name.width * name.height > room) continue;
      const free = places(wish, name, font)
        .map(([x, y]) => this.#inside(x, y, name))
        .find((place) => !this.placed.some((other) => overlap(place, other)));
      if (!free) continue;
      const { label, color, style } = wish;
      this.placed.push({ label, color, style, text: name.text, isWhole: name.isWhole, font, ...free });
      this.covered += free.width * free.height;
      return true;
    }
    return false;
  }

  /** A name and its width and height; undefined where hardly a letter would be left. */
  #measure({ label, score }: NameWish, font: number): Pick<PlacedName, 'text' | 'isWhole' | 'width' | 'height'> | undefined {
    useFont(this.#context, font);
    const space = Math.round(font * 0.35);
    const end = score === undefined ? '' : ` ${score}`;
    const room = Math.min(this.#picture.width - 2 * space, LONGEST * font) - this.#context.measureText(end).width;
    const short = fitText(this.#context, label, room);
    const isWhole = short === label;
    const height = Math.round(font * 1.35);
    if (height > this.#picture.height || (!isWhole && short.length < LEAST_LETTERS)) return undefined;
    const text = short + end;
    return { text, isWhole, width: Math.ceil(this.#context.measureText(text).width) + 2 * space, height };
  }

  #inside(x: number, y: number, { width, height }: { width: number; height: number }): Rectangle {
    return { x: clamp(x, this.#picture.width - width), y: clamp(y, this.#picture.height - height), width, height };
  }
}

function clamp(value: number, high: number): number {
  return Math.round(Math.max(0, Math.min(value, high)));
}

/** Pixels of what a wish names. */
function extentOf({ region, box }: NameWish): number {
  return region ? region.area : box ? Math.max(0, box[2]) * Math.max(0, box[3]) : 0;
}

/** Whether there can be a place in the least text size: a question that needs no measuring. */
function hasPlace({ style, region, box }: NameWish, font: number): boolean {
  return box !== undefined || (region !== undefined && (style === 'plate' || isDeep(region, font)));
}

function isDeep({ depth }: Region, font: number): boolean {
  return depth >= font * 0.8;
}

/** Where a name may go, the usual place first. */
function places(
  { style, region, box }: NameWish,
  { width, height }: { width: number; height: number },
  font: number,
): (readonly [x: number, y: number])[] {
  const found: (readonly [number, number])[] = [];
  const fits = region && isDeep(region, font) && width <= region.depth * 4;
  if (fits && !box) {
    const x = region.x - width / 2;
    const y = region.y - height / 2;
    found.push([x, y]);
    if (region.depth >= 2 * height) found.push([x, y - height], [x, y + height]);
  }
  const around = box ?? (style === 'plate' && region ? region.box : undefined);
  return around ? [...found, ...aroundBox(around, width, height)] : found;
}

/** Above the box, inside its top, below it, inside its bottom; at the left and at the right; then further down inside. */
function aroundBox([x, y, w, h]: Box, width: number, height: number): [number, number][] {
  const right = x + w - width;
  return [
    [x, y - height],
    [x, y],
    [right, y - height],
    [right, y],
    [x, y + h],
    [x, y + h - height],
    [right, y + h],
    [right, y + h - height],
    [x, y + height],
    [x, y + 2 * height],
  ];
}

function overlap(a: Rectangle, b: Rectangle): boolean {
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
}
