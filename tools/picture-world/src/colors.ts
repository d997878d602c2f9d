/** The color words of captions and questions: the eleven basic color terms of English. */
export type ColorName = 'red' | 'orange' | 'yellow' | 'green' | 'blue' | 'purple' | 'pink' | 'brown' | 'black' | 'white' | 'gray';

/** How a surface is decorated. `spotted` (large patches) is for animals. */
export type Pattern = 'plain' | 'striped' | 'dotted' | 'checked' | 'spotted';

/** One flat tone per color word, as #rrggbb. */
export const palette: Readonly<Record<ColorName, string>> = {
  red: '#dd3b3f',
  orange: '#f28c28',
  yellow: '#f7cf3c',
  green: '#43a34a',
  blue: '#3478d6',
  purple: '#8650b8',
  pink: '#f28cb6',
  brown: '#8f5a34',
  black: '#33343b',
  white: '#f5f3ee',
  gray: '#98a0a8',
};

/** The color of the second tone of a pattern on each color. */
export const contrast: Readonly<Record<ColorName, string>> = {
  red: '#fbe6df',
  orange: '#fff0cf',
  yellow: '#e8743b',
  green: '#e6f5c8',
  blue: '#dcecff',
  purple: '#ecd9fa',
  pink: '#fff3f6',
  brown: '#ecd2ae',
  black: '#e9e6df',
  white: '#55606e',
  gray: '#eef1f3',
};

const memory = new Map<string, string>();

/** A color made darker (amount < 0) or lighter (amount > 0), -1 black to 1 white. `color` is #rrggbb. */
export function tone(color: string, amount: number): string {
  const key = color + amount;
  const known = memory.get(key);
  if (known !== undefined) return known;
  const target = amount < 0 ? 0 : 255;
  const weight = Math.abs(amount);
  let made = '#';
  for (let i = 1; i < 7; i += 2) {
    const channel = Number.parseInt(color.slice(i, i + 2), 16);
    made += Math.round(channel + (target - channel) * weight)
      .toString(16)
      .padStart(2, '0');
  }
  // Only the few fixed tones of the drawings come here; the bound keeps a caller with random colors from filling the memory.
  if (memory.size < 4096) memory.set(key, made);
  return made;
}
