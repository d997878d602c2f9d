import { tone } from '../colors.ts';
import type { Pen } from '../pen.ts';
import { type Drawing, type Family, type Look, plain } from './kind.ts';

const dark = '#2f2a2c';
const pinkSkin = '#eea9a4';

/** Two far and two near legs; `hips` are the x of hind and front, `swing` moves the feet. */
function legs(
  pen: Pen,
  hips: readonly [number, number],
  top: number,
  ground: number,
  width: number,
  color: string,
  swing: number,
  hoof: string,
): void {
  for (const far of [true, false]) {
    for (const hip of hips) {
      const foot = hip + (far ? swing : -swing) + (far ? width * 0.9 : 0);
      const x = hip + (far ? width * 0.7 : 0);
      pen.line([x, top, (x + foot) / 2, (top + ground) / 2, foot, ground - width / 2], width, far ? tone(color, -0.22) : color);
      pen.line([foot - 1, ground - width * 0.4, foot, ground - width * 0.4], width * 0.8, hoof);
    }
  }
}

function eye(pen: Pen, x: number, y: number, r: number): void {
  pen.bare(() => {
    pen.oval(x, y, r, r * 1.1, '#26211f');
    pen.oval(x - r * 0.3, y - r * 0.35, r * 0.35, r * 0.35, '#ffffff');
  });
}

function cow(pen: Pen, { paint, random }: Look): void {
  const swing = random.range(-6, 6);
  pen.line([112, 34, 121, 44, 118, 62], 4, paint.base, true);
  pen.oval(118, 65, 4, 6, dark);
  legs(pen, [40, 98], 52, 86, 11, paint.base, swing, dark);
  pen.oval(80, 62, 10, 7, pinkSkin);
  pen.blob([22, 30, 34, 17, 70, 24, 110, 18, 120, 40, 110, 66, 70, 62, 38, 68, 24, 50], paint);
  pen.line([14, 12, 8, 6, 10, -2], 4.5, '#efe2c0', true);
  pen.line([28, 10, 35, 4, 33, -3], 4.5, '#efe2c0', true);
  pen.oval(36, 18, 9, 5, paint.base, 0.3);
  pen.oval(7, 18, 8, 5, paint.base, -0.4);
  pen.blob([8, 8, 34, 6, 36, 24, 32, 42, 12, 44, 6, 26], paint.base);
  pen.oval(19, 38, 14, 9.5, pinkSkin);
  pen.bare(() => {
    pen.oval(14, 37, 2, 3, '#a85f5f');
    pen.oval(24, 37, 2, 3, '#a85f5f');
  });
  eye(pen, 14, 22, 3);
  eye(pen, 27, 21, 3);
}

/** Horse and zebra share their build; the rest tells them apart. */
function equine(pen: Pen, look: Look, mane: string, body: Look['paint']): void {
  const { random } = look;
  const swing = random.range(-9, 9);
  legs(pen, [44, 96], 56, 100, 8.5, body.base, swing, dark);
  pen.blob([34, 44, 44, 34, 74, 42, 104, 34, 114, 48, 106, 68, 74, 66, 44, 70], body);
  pen.blob([18, 14, 30, 4, 44, 24, 62, 42, 52, 62, 36, 54, 26, 30], body);
  pen.blob([22, 6, 34, 12, 30, 24, 12, 38, 0, 36, 2, 26, 12, 14], body);
  pen.poly([22, 10, 25, -4, 31, 9], body.base);
  pen.bare(() => {
    pen.oval(5, 31, 5, 5, tone(body.base, -0.45));
    pen.oval(4, 30, 1.4, 1.8, dark);
  });
  pen.blob([28, -2, 38, 4, 52, 24, 62, 36, 54, 38, 40, 26, 32, 12], mane);
  eye(pen, 18, 18, 2.6);
}

function horse(pen: Pen, look: Look): void {
  const mane = look.color === 'black' || look.color === 'brown' ? '#2c2320' : '#a98a5c';
  pen.blob([110, 40, 124, 44, 126, 70, 118, 88, 114, 70], mane);
  equine(pen, look, mane, look.paint);
}

function zebra(pen: Pen, look: Look): void {
  pen.line([110, 42, 119, 50, 118, 70], 4, '#f5f3ee', true);
  pen.oval(118, 74, 4, 7, dark);
  equine(pen, look, dark, { base: '#f5f3ee', second: '#26242a', pattern: 'striped', cell: 9 });
}

function sheep(pen: Pen, { paint, random }: Look): void {
  legs(pen, [40, 76], 50, 76, 7.5, '#4a4145', random.range(-4, 4), dark);
  const wool = paint.base;
  const puffs: number[] = [];
  for (let i = 0; i < 11; i++) {
    const angle = (i / 11) * 2 * Math.PI;
    puffs.push(60 + 31 * Math.cos(angle), 36 + 18 * Math.sin(angle));
  }
  for (let i = 0; i < puffs.length; i += 2) pen.oval(puffs[i]!, puffs[i + 1]!, 13, 11.5, wool);
  pen.bare(() => {
    pen.oval(60, 36, 34, 20, wool);
    for (const [x, y] of [
      [48, 30],
      [64, 26],
      [78, 36],
      [58, 44],
    ] as const)
      pen.line([x - 5, y, x, y + 5, x + 5, y], 2, tone(wool, -0.18), true);
  });
  pen.oval(8, 26, 8, 4, '#4a4145', -0.4);
  pen.oval(32, 24, 8, 4, '#4a4145', 0.5);
  pen.blob([12, 16, 28, 14, 32, 28, 24, 46, 14, 46, 8, 30], '#4a4145');
  pen.oval(21, 15, 10, 7, wool);
  pen.bare(() => {
    for (const x of [15, 25]) {
      pen.oval(x, 28, 3, 3.2, '#ffffff');
      pen.oval(x - 0.6, 28.5, 1.6, 1.8, '#111111');
    }
  });
}

function giraffe(pen: Pen): void {
  const hide = { base: '#f2c25b', second: '#a5662b', pattern: 'spotted', cell: 13 } as const;
  legs(pen, [38, 68], 88, 138, 7, hide.base, 4, '#6b4423');
  pen.line([82, 74, 90, 84, 88, 100], 3, hide.base, true);
  pen.oval(88, 103, 3, 5, '#6b4423');
  pen.blob([28, 72, 46, 66, 78, 72, 86, 82, 76, 100, 34, 100], hide);
  pen.blob([16, 20, 28, 14, 36, 40, 50, 70, 44, 90, 28, 84, 22, 50], hide);
  pen.line([21, 10, 20, 1], 3, '#a5662b');
  pen.line([27, 10, 28, 1], 3, '#a5662b');
  pen.oval(36, 15, 7, 3.6, hide.base, -0.3);
  pen.blob([16, 8, 32, 6, 34, 22, 16, 30, 0, 30, 0, 21], hide.base);
  pen.bare(() => {
    pen.oval(4, 26, 4.5, 4, '#fbe2a8');
    pen.oval(3, 24, 1.3, 1.3, '#6b4423');
  });
  eye(pen, 20, 15, 2.7);
}

function elephant(pen: Pen, { paint, random }: Look): void {
  const lift = random.range(-10, 22);
  pen.line([127, 36, 133, 50, 131, 62], 3.5, paint.base, true);
  legs(pen, [56, 106], 60, 100, 19, paint.base, random.range(-4, 4), tone(paint.base, -0.06));
  pen.blob([34, 22, 60, 4, 104, 6, 132, 22, 130, 66, 100, 80, 60, 76, 36, 62], paint.base);
  pen.line([28, 38, 12, 52, 10, 84 - lift, 2, 88 - lift * 1.4], 11, paint.base, true);
  pen.line([30, 56, 22, 66, 12, 66], 4.5, '#fff7e0', true);
  pen.blob([14, 12, 40, 4, 56, 22, 50, 54, 28, 60, 12, 42], paint.base);
  pen.blob([42, 12, 64, 8, 74, 30, 64, 56, 48, 56, 42, 36], tone(paint.base, -0.12));
  pen.blob([48, 20, 60, 18, 66, 32, 59, 47, 51, 47], pinkSkin);
  eye(pen, 27, 28, 3);
}

function bear(pen: Pen, { paint, random }: Look): void {
  legs(pen, [42, 92], 54, 84, 19, paint.base, random.range(-5, 5), tone(paint.base, -0.06));
  pen.oval(118, 40, 6, 6, paint.base);
  pen.blob([26, 36, 42, 12, 80, 14, 116, 20, 124, 50, 108, 72, 60, 70, 32, 66], paint.base);
  pen.oval(13, 12, 8, 8, paint.base);
  pen.oval(42, 11, 8, 8, paint.base);
  pen.bare(() => {
    pen.oval(13, 12.5, 4, 4, tone(paint.base, -0.35));
    pen.oval(42, 11.5, 4, 4, tone(paint.base, -0.35));
  });
  pen.oval(27, 30, 24, 22, paint.base);
  pen.oval(24, 39, 12, 9, tone(paint.base, 0.45));
  pen.bare(() => {
    pen.oval(23, 35, 4.5, 3.2, '#241d1c');
    pen.line([23, 38, 23, 42, 28, 43.5], 1.6, '#241d1c', true);
  });
  eye(pen, 17, 26, 3);
  eye(pen, 33, 25, 3);
}

function dog(pen: Pen, { paint, random }: Look): void {
  const wag = random.range(-8, 8);
  pen.line([84, 38, 96, 28, 98 + wag, 12], 6.5, paint.base, true);
  legs(pen, [40, 78], 48, 78, 9, paint.base, random.range(-7, 7), tone(paint.base, 0.3));
  pen.blob([28, 36, 40, 28, 70, 34, 88, 32, 92, 46, 80, 60, 56, 56, 36, 60], paint);
  pen.box(29, 36, 15, 6, random.pick(['#d83c3c', '#2f74d0', '#3fa34d']), 3);
  pen.oval(28, 22, 18, 17, paint.base);
  pen.blob([4, 22, 18, 18, 28, 28, 22, 38, 8, 37, 2, 30], tone(paint.base, 0.35));
  pen.bare(() => pen.oval(5, 25, 4.2, 3.4, '#241d1c'));
  if (random.chance(0.5)) pen.blob([9, 34, 17, 34, 16, 45, 11, 45], '#e5636b');
  pen.blob([32, 6, 46, 8, 49, 30, 43, 40, 34, 30], tone(paint.base, -0.35));
  eye(pen, 20, 18, 3);
}

function cat(pen: Pen, { paint, random }: Look): void {
  const curl = random.range(-8, 10);
  pen.line([58, 70, 80, 72, 84, 50, 74, 38 - curl], 7.5, paint.base, true);
  pen.blob([22, 76, 16, 50, 26, 34, 48, 34, 66, 54, 68, 80, 44, 82], paint);
  pen.line([28, 56, 27, 78], 8, paint.base);
  pen.line([40, 56, 40, 78], 8, paint.base);
  pen.poly([12, 22, 10, -2, 26, 10], paint.base);
  pen.poly([38, 10, 54, -2, 52, 22], paint.base);
  pen.bare(() => {
    pen.poly([14.5, 15, 13.5, 4, 21, 10], pinkSkin);
    pen.poly([43, 10, 50.5, 4, 49.5, 15], pinkSkin);
  });
  pen.oval(32, 25, 22.5, 18, paint);
  pen.bare(() => {
    pen.oval(32, 32, 10, 7, tone(paint.base, 0.5));
    for (const x of [23, 41]) {
      pen.oval(x, 23, 5, 5.4, '#8fd16a');
      pen.oval(x, 23, 1.8, 5, '#16140f');
    }
    pen.poly([29.5, 28.5, 34.5, 28.5, 32, 31.5], '#dd6f75');
    for (const y of [31, 34.5]) {
      pen.line([22, y, 5, y + (y - 33) * 1.3], 1, '#4b4345');
      pen.line([42, y, 59, y + (y - 33) * 1.3], 1, '#4b4345');
    }
  });
}

function bird(pen: Pen, { paint, random }: Look): void {
  const flying = random.chance(0.35);
  if (!flying) {
    pen.line([40, 52, 39, 66, 33, 67], 2.5, '#d98324');
    pen.line([50, 52, 50, 66, 44, 67], 2.5, '#d98324');
  }
  pen.poly([64, 38, 94, 34, 88, 48, 66, 48], tone(paint.base, -0.25));
  pen.poly([4, 22, 18, 16, 18, 27], '#f3a32c');
  pen.blob([12, 20, 20, 4, 38, 8, 58, 22, 80, 38, 64, 54, 40, 58, 20, 46], paint.base);
  pen.bare(() => pen.blob([22, 34, 36, 34, 52, 50, 40, 55, 25, 46], tone(paint.base, 0.6)));
  if (flying) pen.blob([38, 32, 46, 4, 70, -14, 66, 14, 66, 34], tone(paint.base, -0.18));
  else pen.blob([38, 28, 62, 26, 82, 40, 62, 46, 44, 42], tone(paint.base, -0.18));
  eye(pen, 25, 18, 3.6);
}

const hoofed = { patterns: plain };

/** Animals, side view, facing left. */
export const animals: Family = {
  bird: { box: [96, 68], meters: 0.6, colors: ['red', 'blue', 'yellow', 'green', 'black', 'white', 'gray'], patterns: plain, draw: bird },
  cat: {
    box: [90, 83],
    meters: 0.55,
    colors: ['orange', 'gray', 'black', 'white', 'brown'],
    patterns: ['plain', 'striped', 'spotted'],
    cell: 11,
    draw: cat,
  },
  dog: { box: [104, 80], meters: 0.8, colors: ['brown', 'black', 'white', 'gray'], patterns: ['plain', 'spotted'], cell: 19, draw: dog },
  horse: {
    box: [128, 102],
    meters: 2.2,
    colors: ['brown', 'black', 'white', 'gray'],
    patterns: ['plain', 'plain', 'spotted'],
    cell: 21,
    draw: horse,
  },
  sheep: { box: [106, 78], meters: 1.1, colors: ['white', 'white', 'gray', 'brown'], ...hoofed, draw: sheep },
  cow: {
    box: [126, 88],
    meters: 2.1,
    colors: ['white', 'brown', 'black'],
    patterns: ['spotted', 'spotted', 'plain'],
    cell: 25,
    draw: cow,
  },
  elephant: { box: [136, 104], meters: 4, colors: ['gray'], ...hoofed, draw: elephant },
  bear: { box: [126, 88], meters: 2, colors: ['brown', 'brown', 'black', 'white'], ...hoofed, draw: bear },
  zebra: { box: [124, 102], meters: 2.1, colors: ['white'], ...hoofed, draw: zebra },
  giraffe: { box: [94, 140], meters: 4.6, colors: ['yellow'], ...hoofed, draw: giraffe },
} satisfies Record<string, Drawing>;
