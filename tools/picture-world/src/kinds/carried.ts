import { tone } from '../colors.ts';
import type { Pen } from '../pen.ts';
import { type Family, type Look, anyColor, bright, cloth } from './kind.ts';

function backpack(pen: Pen, { paint }: Look): void {
  pen.line([32, 10, 32, 0, 48, 0, 48, 10], 4, tone(paint.base, -0.35), true);
  pen.line([8, 34, -2, 60, 8, 84], 5, tone(paint.base, -0.35), true);
  pen.line([72, 34, 82, 60, 72, 84], 5, tone(paint.base, -0.35), true);
  pen.blob([8, 96, 6, 40, 14, 8, 40, 4, 66, 8, 74, 40, 72, 96, 40, 98], paint);
  pen.blob([12, 34, 14, 10, 40, 6, 66, 10, 68, 34, 40, 44], tone(paint.base, -0.18));
  pen.box(17, 56, 46, 32, tone(paint.base, -0.12), 7);
  pen.bare(() => pen.line([21, 63, 59, 63], 2, tone(paint.base, -0.5)));
  pen.box(35, 36, 10, 14, '#e8d6a8', 2);
}

function handbag(pen: Pen, { paint }: Look): void {
  pen.line([24, 36, 26, 0, 64, 0, 66, 36], 5, tone(paint.base, -0.3), true);
  pen.blob([10, 34, 16, 31, 74, 31, 80, 34, 92, 76, 82, 84, 8, 84, -2, 76], paint);
  pen.blob([14, 33, 76, 33, 74, 52, 45, 62, 16, 52], tone(paint.base, -0.16));
  pen.oval(45, 56, 6, 5, '#f0cd62');
}

function suitcase(pen: Pen, { paint }: Look): void {
  pen.bare(() => {
    pen.line([30, 22, 30, -4], 3.4, '#8c9299');
    pen.line([50, 22, 50, -4], 3.4, '#8c9299');
  });
  pen.line([28, -4, 52, -4], 5.5, '#4a4d54');
  pen.oval(18, 105, 6, 6, '#33343a');
  pen.oval(62, 105, 6, 6, '#33343a');
  pen.box(4, 18, 72, 84, paint, 9);
  pen.bare(() => {
    for (const x of [20, 40, 60]) pen.line([x, 26, x, 94], 2.4, tone(paint.base, -0.28));
    for (const [x, y] of [
      [4, 18],
      [64, 18],
      [4, 90],
      [64, 90],
    ] as const)
      pen.box(x, y, 12, 12, tone(paint.base, -0.4), 4);
  });
}

function umbrella(pen: Pen, { paint, random }: Look): void {
  pen.line([55, 40, 55, 92, 60, 101, 69, 99, 70, 91], 4.4, '#7b4a2b', true);
  pen.segment(55, 46, 55, 44, Math.PI, 2 * Math.PI, paint);
  const alternate = tone(paint.base, -0.2);
  if (paint.pattern === 'plain') {
    pen.blob([55, 2, 70, 14, 74, 46, 55, 46, 36, 46, 40, 14], random.chance(0.5) ? alternate : paint.second);
  }
  pen.bare(() => {
    for (const x of [11, 33, 55, 77, 99]) pen.oval(x, 47, 10, 5, alternate);
  });
  pen.line([55, 4, 55, -5], 3.4, '#7b4a2b');
}

function tie(pen: Pen, { paint }: Look): void {
  pen.blob([8, 0, 36, 0, 32, 20, 22, 22, 12, 20], tone(paint.base, -0.15));
  pen.poly([16, 18, 28, 18, 40, 84, 22, 108, 4, 84], paint);
}

/** What people wear and carry. */
export const carried: Family = {
  backpack: { box: [80, 98], meters: 0.55, colors: bright, patterns: ['plain', 'plain', 'dotted', 'checked'], cell: 15, draw: backpack },
  umbrella: { box: [110, 102], meters: 1.1, colors: [...bright, 'black'], patterns: cloth, cell: 18, sway: 0.2, draw: umbrella },
  handbag: { box: [90, 86], meters: 0.45, colors: anyColor, patterns: ['plain', 'plain', 'dotted', 'striped'], cell: 13, draw: handbag },
  tie: {
    box: [44, 108],
    meters: 0.6,
    colors: [...bright, 'black'],
    patterns: ['plain', 'striped', 'dotted', 'checked'],
    cell: 11,
    sway: 0.1,
    lies: true,
    draw: tie,
  },
  suitcase: { box: [80, 111], meters: 0.7, colors: anyColor, patterns: ['plain', 'plain', 'dotted'], cell: 16, draw: suitcase },
};
