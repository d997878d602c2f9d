import { tone } from '../colors.ts';
import type { Pen } from '../pen.ts';
import { type Family, type Look, plain } from './kind.ts';

const leaf = '#4c9a3f';

function gloss(pen: Pen, x: number, y: number, rx: number, ry: number): void {
  pen.bare(() => pen.oval(x, y, rx, ry, '#ffffffb0', -0.5));
}

function banana(pen: Pen, { paint, random }: Look): void {
  const bunch = random.chance(0.5);
  if (bunch) pen.blob([2, 18, 10, 12, 30, 40, 62, 46, 92, 24, 100, 26, 88, 62, 48, 74, 12, 56], tone(paint.base, -0.13));
  pen.blob([4, 8, 12, 4, 26, 34, 58, 46, 94, 26, 104, 28, 100, 40, 72, 68, 36, 66, 10, 42], paint.base);
  pen.bare(() => pen.line([12, 26, 30, 52, 62, 58, 92, 38], 2, tone(paint.base, -0.2), true));
  pen.line([7, 10, 5, -2], 6, '#7b5a2a');
  pen.line([99, 31, 103, 29], 5, '#5b3f20');
}

function apple(pen: Pen, { paint }: Look): void {
  pen.line([50, 24, 50, 10, 56, 0], 5, '#6b4526', true);
  pen.blob([54, 12, 66, -2, 84, 2, 76, 16, 60, 18], leaf);
  pen.blob([48, 24, 34, 10, 6, 16, 0, 50, 16, 92, 40, 96, 50, 88, 60, 96, 84, 92, 100, 50, 94, 16, 66, 10, 52, 24], paint.base);
  gloss(pen, 26, 36, 9, 15);
}

function sandwich(pen: Pen): void {
  pen.blob([0, 58, 54, 2, 62, 2, 118, 58, 112, 64, 6, 64], '#e6b36a');
  pen.bare(() => pen.blob([14, 54, 56, 10, 62, 10, 104, 54, 98, 58, 20, 58], '#fbe6bf'));
  pen.blob([0, 64, 14, 58, 30, 66, 48, 58, 66, 66, 84, 58, 102, 66, 118, 60, 116, 76, 2, 76], '#79bf4a');
  pen.box(4, 70, 110, 8, '#e2564a', 4);
  pen.box(3, 76, 112, 7, '#f6c843', 3);
  pen.box(2, 82, 114, 15, '#e6b36a', 6);
}

function orange(pen: Pen, { paint }: Look): void {
  pen.oval(42, 52, 42, 42, paint.base);
  pen.bare(() => {
    for (const [x, y] of [
      [24, 66],
      [38, 78],
      [55, 74],
      [66, 58],
      [58, 40],
      [36, 56],
    ] as const)
      pen.oval(x, y, 2, 2, tone(paint.base, -0.22));
  });
  pen.blob([42, 14, 54, 0, 72, 4, 62, 18, 48, 20], leaf);
  pen.oval(42, 15, 4, 3, '#6b4526');
  gloss(pen, 24, 36, 7, 11);
  // A cut half in front: what makes it no ball and no apple.
  pen.oval(82, 70, 25, 25, paint.base);
  pen.bare(() => {
    pen.oval(82, 70, 21, 21, '#fff0d2');
    for (let i = 0; i < 8; i++) {
      const angle = (i * Math.PI) / 4 + 0.3;
      pen.oval(82 + 11 * Math.cos(angle), 70 + 11 * Math.sin(angle), 7.5, 3.8, tone(paint.base, 0.15), angle);
    }
  });
}

function broccoli(pen: Pen): void {
  pen.blob([36, 50, 64, 50, 60, 92, 62, 102, 38, 102, 40, 92], '#a9cf72');
  pen.line([42, 70, 24, 52], 9, '#a9cf72');
  pen.line([58, 70, 76, 52], 9, '#a9cf72');
  for (const [x, y, r] of [
    [18, 44, 17],
    [82, 44, 17],
    [32, 24, 19],
    [68, 24, 19],
    [50, 16, 18],
    [50, 42, 22],
  ] as const)
    pen.oval(x, y, r, r * 0.92, '#3f8f3b');
  pen.bare(() => {
    for (const [x, y] of [
      [30, 20],
      [50, 12],
      [68, 22],
      [44, 38],
      [58, 44],
      [18, 42],
      [82, 42],
    ] as const)
      pen.oval(x - 2, y - 3, 5, 4, '#63b356');
  });
}

function carrot(pen: Pen, { random }: Look): void {
  const tilt = random.range(-4, 4);
  for (const dx of [-22, -8, 8, 22]) pen.line([36, 34, 36 + dx * 0.7, 12, 36 + dx + tilt, -2], 7, leaf, true);
  pen.blob([14, 36, 24, 28, 36, 27, 48, 28, 58, 36, 48, 78, 38, 122, 34, 122, 24, 78], '#f0802c');
  pen.bare(() => {
    for (const [x, y, w] of [
      [26, 46, 12],
      [42, 60, 10],
      [29, 74, 8],
      [38, 90, 6],
    ] as const)
      pen.line([x, y, x + w, y + 1], 2, '#c35d17');
  });
}

function pizza(pen: Pen, { random }: Look): void {
  const gap = random.range(0, 2 * Math.PI);
  const open = random.chance(0.6) ? 0.75 : 0;
  const crust = (r: number, fill: string): void => {
    if (open === 0) pen.oval(52, 52, r, r, fill);
    else {
      const points = [52, 52];
      for (let i = 0; i <= 30; i++) {
        const angle = gap + open / 2 + ((2 * Math.PI - open) * i) / 30;
        points.push(52 + r * Math.cos(angle), 52 + r * Math.sin(angle));
      }
      pen.poly(points, fill);
    }
  };
  crust(51, '#d9984c');
  crust(43, '#f9d167');
  for (let i = 0; i < 6; i++) {
    const angle = gap + open / 2 + 0.35 + ((2 * Math.PI - open - 0.5) * i) / 5.6;
    const r = i % 2 === 0 ? 30 : 22;
    pen.oval(52 + r * Math.cos(angle), 52 + r * Math.sin(angle), 8.5, 8.5, '#cc4136');
    pen.bare(() => pen.oval(52 + 33 * Math.cos(angle + 0.42), 52 + 33 * Math.sin(angle + 0.42), 4.5, 2.6, leaf, angle));
  }
}

function donut(pen: Pen, { paint, random }: Look): void {
  pen.ring(52, 42, 52, 42, 0.3, '#d99a55');
  const icing: number[] = [];
  pen.ring(52, 38, 47, 35, 0.38, paint.base);
  pen.bare(() => {
    for (let i = 0; i < 16; i++) {
      const angle = (i / 16) * 2 * Math.PI + random.range(-0.12, 0.12);
      const r = i % 2 === 0 ? 0.82 : 0.58;
      icing.push(angle);
      const [x, y] = [52 + 47 * r * Math.cos(angle), 38 + 35 * r * Math.sin(angle)];
      const turn = random.range(0, Math.PI);
      pen.line(
        [x - 2.6 * Math.cos(turn), y - 2.6 * Math.sin(turn), x + 2.6 * Math.cos(turn), y + 2.6 * Math.sin(turn)],
        2.6,
        ['#ffffff', '#f7cf3c', '#3fa7d6', '#59c36a'][i % 4]!,
      );
    }
  });
}

function cake(pen: Pen, { paint, random }: Look): void {
  const candles = random.integer(1, 4);
  pen.oval(55, 96, 58, 9, '#e4e7ea');
  pen.box(10, 44, 90, 50, '#f4d9a6', 6);
  pen.box(10, 62, 90, 10, paint.base, 2);
  pen.blob([8, 34, 20, 28, 90, 28, 102, 34, 103, 50, 94, 60, 84, 50, 74, 62, 62, 50, 50, 62, 38, 50, 28, 60, 16, 52, 7, 54], paint.base);
  pen.bare(() => pen.oval(55, 33, 40, 5, tone(paint.base, 0.3)));
  for (let i = 0; i < candles; i++) {
    const x = 55 + (i - (candles - 1) / 2) * 18;
    pen.box(x - 3, 10, 6, 22, ['#ffffff', '#8fd0f2', '#f9e27d'][i % 3]!, 2);
    pen.blob([x, -6, x + 6, 4, x, 9, x - 6, 4], '#ffb52e');
  }
  for (const x of [22, 88]) pen.oval(x, 27, 6.5, 6.5, '#d8323c');
}

/** Food, as it lies on a table. */
export const food: Family = {
  banana: { box: [104, 72], meters: 0.24, colors: ['yellow', 'yellow', 'green'], patterns: plain, sway: 0.4, draw: banana },
  apple: { box: [100, 96], meters: 0.17, colors: ['red', 'red', 'green', 'yellow'], patterns: plain, sway: 0.15, draw: apple },
  sandwich: { box: [118, 98], meters: 0.22, colors: ['brown'], patterns: plain, draw: sandwich },
  orange: { box: [108, 96], meters: 0.18, colors: ['orange'], patterns: plain, draw: orange },
  broccoli: { box: [100, 103], meters: 0.22, colors: ['green'], patterns: plain, sway: 0.25, draw: broccoli },
  carrot: { box: [72, 122], meters: 0.28, colors: ['orange'], patterns: plain, sway: 0.5, lies: true, draw: carrot },
  pizza: { box: [104, 104], meters: 0.34, colors: ['yellow'], patterns: plain, draw: pizza },
  donut: { box: [104, 84], meters: 0.18, colors: ['pink', 'brown', 'white', 'blue', 'purple', 'green'], patterns: plain, draw: donut },
  cake: { box: [116, 105], meters: 0.34, colors: ['pink', 'brown', 'white', 'purple', 'blue'], patterns: plain, draw: cake },
};
