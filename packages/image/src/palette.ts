import type { Rgb } from './encode.ts';

/** Okabe and Ito's colors, which people with any common color vision tell apart; without black, which marks nothing on a dark picture. */
const FIRST: readonly Rgb[] = [
  [230, 159, 0],
  [86, 180, 233],
  [0, 158, 115],
  [213, 94, 0],
  [204, 121, 167],
  [240, 228, 66],
  [0, 114, 178],
];

/** As many as 8-bit labels can tell apart; later labels begin again. */
const COLORS = 256;
/** Levels per channel of the colors to choose from. */
const LEVELS = [0, 36, 73, 109, 146, 182, 219, 255];

let palette: readonly Rgb[] | undefined;

/**
 * The color of a label, always the same for the same number. The first seven are color-blind safe (Okabe and Ito, 2008); each later one is the color
 * farthest from all before it in the OKLab color space. The sequence repeats after 256.
 *
 * @param label any integer from 0 on.
 * @example
 * ```ts
 * import { labelColor } from '@vitamin-vlm/image';
 * const [red, green, blue] = labelColor(3);
 * ```
 */
export function labelColor(label: number): Rgb {
  palette ??= buildPalette();
  return palette[Math.abs(Math.trunc(label)) % COLORS] ?? palette[0]!;
}

/** The color of the n-th thing of one label, so that neighbors can be told apart: the label's own, a lighter one, a darker one, and again. */
export function shade(color: Rgb, n: number): Rgb {
  const [ground, part] = [
    [color, 0],
    [[255, 255, 255], 0.3],
    [[0, 0, 0], 0.25],
  ][n % 3] as [Rgb, number];
  return color.map((value, i) => Math.round(value + (ground[i]! - value) * part)) as unknown as Rgb;
}

/** Black or white, whichever reads better on a color: the WCAG contrast ratios of both are equal at luminance 0.179. */
export function inkOn([red, green, blue]: Rgb): Rgb {
  const luminance = 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue);
  return luminance > 0.179 ? [0, 0, 0] : [255, 255, 255];
}

/** Farthest-point sampling: keeps for every candidate its distance to the chosen colors and takes the candidate that is farthest. */
function buildPalette(): readonly Rgb[] {
  const candidates = LEVELS.flatMap((r) => LEVELS.flatMap((g) => LEVELS.map((b): Rgb => [r, g, b]))).filter(isVisible);
  const positions = candidates.map(oklab);
  const nearest = new Float64Array(candidates.length).fill(Number.POSITIVE_INFINITY);
  const chosen: Rgb[] = [];
  const take = (color: Rgb): void => {
    chosen.push(color);
    const at = oklab(color);
    for (const [i, p] of positions.entries()) nearest[i] = Math.min(nearest[i]!, distance(at, p));
  };
  FIRST.forEach(take);
  while (chosen.length < COLORS) take(candidates[nearest.indexOf(Math.max(...nearest))]!);
  return chosen;
}

/** Neither almost black nor almost white: both vanish in pictures and on the legend. */
function isVisible(color: Rgb): boolean {
  const lightness = oklab(color)[0];
  return lightness > 0.45 && lightness < 0.93;
}

function linear(channel: number): number {
  const value = channel / 255;
  return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
}

/** sRGB to OKLab (Ottosson, 2020): lightness 0 to 1, then green-red and blue-yellow. */
function oklab(color: Rgb): Rgb {
  const [r, g, b] = color.map(linear) as [number, number, number];
  const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
  const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
  const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
  return [
    0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
    1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
    0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s,
  ];
}

function distance(a: Rgb, b: Rgb): number {
  return Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]);
}
