import { tone } from '../colors.ts';
import type { Pen } from '../pen.ts';
import { type Family, type Look, anyColor, bright, cloth, plain } from './kind.ts';

const steel = '#c6cdd4';

function handle(pen: Pen, { paint }: Look, top: number): void {
  pen.blob([17, top, 27, top, 30, 116, 28, 124, 16, 124, 14, 116], paint.base);
  pen.bare(() => pen.line([22, top + 10, 22, 114], 2.4, tone(paint.base, 0.45)));
}

function bottle(pen: Pen, { paint, random }: Look): void {
  pen.blob([16, 6, 32, 6, 32, 34, 48, 54, 48, 124, 42, 130, 6, 130, 0, 124, 0, 54, 16, 34], paint.base);
  pen.box(13, -2, 22, 13, tone(paint.base, -0.4), 3);
  pen.box(1, 68, 46, 34, '#fbf6e6', 2);
  const mark = random.pick(['#d83c3c', '#3fa34d', '#2f74d0']);
  pen.bare(() => {
    pen.oval(24, 85, 9, 9, mark);
    pen.line([9, 52, 8, 62], 4, tone(paint.base, 0.55));
  });
}

function cup(pen: Pen, { paint, random }: Look): void {
  pen.bare(() => pen.ring(80, 54, 23, 23, 0.58, tone(paint.base, -0.32)));
  pen.bare(() => pen.ring(80, 54, 21.5, 21.5, 0.62, paint.base));
  if (random.chance(0.5)) {
    for (const x of [28, 50]) pen.bare(() => pen.line([x, 4, x - 6, -4, x + 4, -10, x - 2, -18], 3.2, '#eef2f4', true));
  }
  pen.blob([2, 14, 8, 13, 72, 13, 78, 14, 76, 80, 68, 92, 12, 92, 4, 80], paint);
  pen.oval(40, 14, 38, 9, tone(paint.base, 0.35));
  pen.oval(40, 15, 32, 6.5, '#5c3820');
}

function fork(pen: Pen, look: Look): void {
  handle(pen, look, 66);
  pen.blob([6, 26, 38, 26, 38, 44, 27, 58, 26, 74, 18, 74, 17, 58, 6, 44], steel);
  for (const x of [7, 17, 27, 37]) pen.line([x, 2, x, 32], 5, steel);
}

function knife(pen: Pen, look: Look): void {
  pen.blob([12, 72, 12, 10, 16, -6, 28, 2, 35, 30, 34, 72], steel);
  pen.bare(() => pen.line([17, 8, 17, 66], 2.5, '#f3f6f8'));
  handle(pen, look, 68);
}

function spoon(pen: Pen, look: Look): void {
  pen.line([22, 40, 22, 74], 6, steel);
  handle(pen, look, 70);
  pen.oval(22, 24, 19, 26, steel);
  pen.bare(() => {
    pen.oval(22, 26, 13, 19, '#98a2ab');
    pen.oval(20, 29, 10, 15, '#dde3e8');
  });
}

function bowl(pen: Pen, { paint, random }: Look): void {
  const content = random.pick(['#e2a33d', '#b7402e', '#8fbf52', '#f4ead2']);
  pen.box(34, 52, 36, 12, tone(paint.base, -0.2), 3);
  pen.segment(52, 16, 52, 44, 0, Math.PI, paint);
  pen.oval(52, 16, 52, 13, tone(paint.base, 0.35));
  pen.oval(52, 16, 44, 9.5, content);
  pen.bare(() => {
    for (const [x, y] of [
      [32, 14],
      [50, 18],
      [66, 13],
      [76, 17],
    ] as const)
      pen.oval(x, y, 5, 2.6, tone(content, 0.4));
  });
}

function vase(pen: Pen, { paint, random }: Look): void {
  const petals = random.pick(['#e8505b', '#f7cf3c', '#f28cb6', '#9a6ad0', '#fdfaf0']);
  for (const [x, y] of [
    [18, 16],
    [40, 6],
    [62, 18],
  ] as const) {
    pen.bare(() => pen.line([40, 62, (40 + x) / 2, 40, x, y], 3.6, '#3f8a3d', true));
    for (let i = 0; i < 5; i++) pen.oval(x + 7.5 * Math.cos(i * 1.257), y + 7.5 * Math.sin(i * 1.257), 6.2, 6.2, petals);
    pen.bare(() => pen.oval(x, y, 4.6, 4.6, '#a8642a'));
  }
  pen.blob([28, 54, 52, 54, 50, 68, 70, 88, 68, 116, 54, 132, 26, 132, 12, 116, 10, 88, 30, 68], paint);
  pen.oval(40, 56, 15, 4.4, tone(paint.base, -0.3));
}

/** What stands on a table. The color of cutlery is its handle's. */
export const tableware: Family = {
  bottle: { box: [48, 130], meters: 0.36, colors: ['green', 'brown', 'blue', 'red', 'orange', 'purple'], patterns: plain, draw: bottle },
  cup: { box: [103, 92], meters: 0.17, colors: anyColor, patterns: cloth, cell: 15, draw: cup },
  fork: { box: [44, 124], meters: 0.28, colors: anyColor, patterns: plain, sway: 0.5, lies: true, draw: fork },
  knife: { box: [44, 124], meters: 0.3, colors: anyColor, patterns: plain, sway: 0.5, lies: true, draw: knife },
  spoon: { box: [44, 124], meters: 0.28, colors: anyColor, patterns: plain, sway: 0.5, lies: true, draw: spoon },
  bowl: { box: [104, 64], meters: 0.24, colors: anyColor, patterns: cloth, cell: 15, draw: bowl },
  vase: { box: [80, 132], meters: 0.42, colors: [...bright, 'white'], patterns: cloth, cell: 14, draw: vase },
};
