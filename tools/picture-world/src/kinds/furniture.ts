import { tone } from '../colors.ts';
import type { Pen } from '../pen.ts';
import { type Family, type Look, anyColor, bright, cloth, plain } from './kind.ts';

const wood = '#a06a3e';

function bench(pen: Pen, { paint }: Look): void {
  for (const x of [16, 118]) {
    pen.line([x, 8, x, 78], 6, '#4c5058');
    pen.line([x - 10, 48, x - 10, 78], 6, '#4c5058');
    pen.line([x - 14, 34, x + 2, 34], 5, '#4c5058');
  }
  for (const y of [4, 17, 30]) pen.box(4, y, 124, 10, paint.base, 3);
  pen.box(-2, 46, 132, 11, tone(paint.base, 0.12), 4);
}

function chair(pen: Pen, { paint }: Look): void {
  const leg = tone(paint.base, -0.25);
  for (const [x1, x2] of [
    [14, 12],
    [56, 60],
  ] as const)
    pen.line([x1, 68, x2, 116], 6.5, leg);
  for (const [x1, x2] of [
    [24, 24],
    [66, 70],
  ] as const)
    pen.line([x1, 66, x2, 108], 5.5, tone(leg, -0.2));
  pen.line([12, 70, 12, 6], 7, paint.base);
  pen.line([58, 62, 58, 6], 7, paint.base);
  for (const y of [6, 22, 38]) pen.box(10, y, 50, 9, paint.base, 3);
  pen.poly([8, 62, 60, 62, 76, 74, 10, 74], paint);
}

function couch(pen: Pen, { paint }: Look): void {
  for (const x of [18, 126]) pen.box(x, 70, 8, 12, wood, 2);
  pen.box(14, 4, 124, 60, paint, 14);
  pen.bare(() => pen.line([76, 10, 76, 44], 2.4, tone(paint.base, -0.35)));
  pen.box(20, 44, 56, 24, tone(paint.base, 0.14), 8);
  pen.box(76, 44, 56, 24, tone(paint.base, 0.14), 8);
  pen.box(2, 28, 24, 46, paint.base, 11);
  pen.box(126, 28, 24, 46, paint.base, 11);
  pen.box(14, 64, 124, 10, tone(paint.base, -0.15), 3);
}

function bed(pen: Pen, { paint }: Look): void {
  pen.box(0, 0, 10, 74, wood, 4);
  pen.box(2, 8, 8, 40, tone(wood, -0.2), 2);
  pen.box(140, 34, 8, 40, wood, 4);
  pen.box(8, 52, 134, 14, tone(wood, -0.15), 2);
  pen.blob([8, 38, 16, 34, 134, 34, 142, 38, 142, 54, 136, 56, 12, 56, 8, 54], '#f7f4ec');
  pen.blob([10, 20, 22, 14, 44, 18, 46, 34, 38, 40, 12, 38], '#ffffff');
  pen.blob([44, 30, 62, 24, 132, 26, 144, 36, 142, 62, 130, 66, 54, 64, 46, 56], paint);
  pen.bare(() => pen.blob([42, 34, 50, 28, 58, 28, 54, 62, 46, 58], tone(paint.base, 0.55)));
}

function toilet(pen: Pen, { paint }: Look): void {
  const china = paint.base;
  pen.box(62, 2, 28, 46, china, 5);
  pen.box(59, -3, 34, 9, china, 4);
  pen.bare(() => pen.line([66, 13, 73, 13], 3.6, '#9aa3ab'));
  pen.blob([26, 66, 78, 66, 78, 86, 84, 104, 24, 104, 32, 86], china);
  pen.blob([2, 48, 90, 48, 90, 66, 70, 78, 30, 80, 8, 68], china);
  pen.box(0, 43, 72, 8, tone(china, -0.1), 4);
  pen.blob([52, 44, 60, 2, 68, 2, 66, 44], china);
}

function sink(pen: Pen, { paint }: Look): void {
  pen.bare(() => {
    pen.line([55, 38, 55, 8, 62, 0, 78, 2, 80, 15], 8.5, '#717a82', true);
    pen.line([55, 38, 55, 8, 62, 0, 78, 2, 80, 15], 5.5, '#bcc5cc', true);
    pen.line([80, 20, 80, 32], 3.6, '#7cc4ec');
  });
  pen.oval(36, 30, 6, 5, '#c2494b');
  pen.oval(100, 30, 6, 5, '#3f78c4');
  pen.blob([44, 64, 68, 64, 66, 84, 74, 112, 38, 112, 46, 84], paint.base);
  pen.segment(56, 38, 56, 42, 0, Math.PI, paint.base);
  pen.oval(56, 38, 57, 12, paint.base);
  pen.oval(56, 39, 47, 8, '#9fc6d8');
  pen.bare(() => pen.oval(58, 40, 5, 2.4, '#4d5860'));
}

/** Large things that stand on a floor. */
export const furniture: Family = {
  bench: { box: [132, 80], meters: 1.7, colors: ['brown', 'brown', 'green', 'red', 'blue'], patterns: plain, draw: bench },
  chair: {
    box: [78, 118],
    meters: 0.95,
    colors: ['brown', 'brown', 'red', 'blue', 'green', 'white', 'black'],
    patterns: plain,
    draw: chair,
  },
  couch: { box: [152, 83], meters: 2, colors: anyColor, patterns: cloth, cell: 18, draw: couch },
  bed: { box: [150, 76], meters: 2.1, colors: bright, patterns: cloth, cell: 18, draw: bed },
  toilet: { box: [94, 105], meters: 0.8, colors: ['white', 'white', 'pink', 'green'], patterns: plain, draw: toilet },
  sink: { box: [113, 112], meters: 0.8, colors: ['white', 'white', 'gray', 'pink', 'blue'], patterns: plain, draw: sink },
};
