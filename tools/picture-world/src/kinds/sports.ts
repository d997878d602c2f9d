import { tone } from '../colors.ts';
import type { Pen } from '../pen.ts';
import { type Family, type Look, bright, cloth, plain } from './kind.ts';

function frisbee(pen: Pen, { paint }: Look): void {
  pen.oval(50, 22, 48, 20, tone(paint.base, -0.25));
  pen.oval(50, 18, 48, 18, paint);
  pen.oval(50, 17, 31, 11, tone(paint.base, 0.25));
  pen.bare(() => pen.oval(50, 16.5, 15, 5, paint.base));
}

function skis(pen: Pen, { paint }: Look): void {
  for (const x of [30, 58]) {
    pen.blob([x - 6, 118, x - 6, 20, x - 5, 2, x, -4, x + 5, 2, x + 6, 20, x + 6, 118], paint);
    pen.box(x - 7, 66, 14, 16, '#3b3e46', 3);
    pen.box(x - 5, 58, 10, 8, '#c3c9cf', 2);
  }
  for (const [x, lean] of [
    [8, -4],
    [80, 4],
  ] as const) {
    pen.line([x, 26, x + lean, 116], 3, '#aeb6bd');
    pen.line([x, 18, x, 30], 5.5, '#33343a');
    pen.oval(x + lean, 108, 6, 2.6, '#33343a');
  }
}

function snowboard(pen: Pen, { paint }: Look): void {
  pen.blob([4, 112, 6, 80, 9, 50, 6, 30, 4, 4, 22, -6, 40, 4, 38, 30, 35, 50, 38, 80, 40, 112, 22, 122], paint);
  for (const y of [32, 78]) {
    pen.box(2, y, 40, 9, '#33343a', 4);
    pen.box(10, y - 5, 24, 19, '#565b63', 6);
    pen.bare(() => pen.line([13, y + 4, 31, y + 4], 3, '#c3c9cf'));
  }
}

function kite(pen: Pen, { paint }: Look): void {
  pen.line([40, 78, 54, 92, 34, 104, 52, 118, 40, 130], 2.2, '#6b5a50', true);
  for (const [x, y] of [
    [48, 92],
    [42, 110],
  ] as const) {
    pen.poly([x, y, x - 9, y - 5, x - 9, y + 5], '#e0464a');
    pen.poly([x, y, x + 9, y - 5, x + 9, y + 5], '#f7cf3c');
  }
  pen.poly([40, 0, 76, 32, 40, 80, 4, 32], paint);
  pen.bare(() => {
    if (paint.pattern === 'plain') pen.poly([40, 2, 74, 32, 40, 32], paint.second);
    if (paint.pattern === 'plain') pen.poly([40, 32, 6, 32, 40, 78], paint.second);
    pen.line([40, 2, 40, 78], 2.2, '#6b4a33');
    pen.line([6, 32, 74, 32], 2.2, '#6b4a33');
  });
}

function skateboard(pen: Pen, { paint }: Look): void {
  for (const x of [28, 88]) {
    pen.poly([x - 7, 20, x + 7, 20, x + 3, 32, x - 3, 32], '#a9b0b7');
    for (const dx of [-9, 9]) {
      pen.oval(x + dx, 34, 8, 8, '#f1ead2');
      pen.bare(() => pen.oval(x + dx, 34, 3, 3, '#5a5e66'));
    }
  }
  pen.blob([-2, 2, 8, 2, 22, 14, 94, 14, 108, 2, 118, 2, 112, 18, 96, 25, 20, 25, 4, 18], paint);
  pen.bare(() => pen.line([16, 13.5, 100, 13.5], 3, '#3a3a40'));
}

function surfboard(pen: Pen, { paint }: Look): void {
  pen.poly([20, 114, 32, 122, 44, 114, 36, 130, 28, 130], '#4a4e55');
  pen.blob([32, -8, 46, 22, 54, 62, 46, 104, 42, 124, 22, 124, 18, 104, 10, 62, 18, 22], paint);
  pen.bare(() => {
    pen.line([32, 8, 32, 116], 2.2, tone(paint.base, -0.45));
    pen.blob([19, 36, 45, 36, 47, 48, 17, 48], paint.second);
    pen.blob([16, 78, 48, 78, 47, 86, 17, 86], paint.second);
  });
}

/** Things to play with outdoors. */
export const sports: Family = {
  frisbee: { box: [100, 42], meters: 0.42, colors: bright, patterns: plain, sway: 0.4, draw: frisbee },
  skis: { box: [88, 120], meters: 1.6, colors: bright, patterns: ['plain', 'plain', 'striped'], cell: 6, sway: 0.3, draw: skis },
  snowboard: { box: [44, 118], meters: 1.4, colors: bright, patterns: cloth, cell: 13, sway: 0.35, draw: snowboard },
  kite: { box: [80, 130], meters: 1.2, colors: bright, patterns: cloth, cell: 14, sway: 0.5, draw: kite },
  skateboard: {
    box: [116, 42],
    meters: 0.8,
    colors: bright,
    patterns: ['plain', 'striped', 'checked'],
    cell: 12,
    sway: 0.1,
    draw: skateboard,
  },
  surfboard: {
    box: [64, 128],
    meters: 1.9,
    colors: bright,
    patterns: ['plain', 'striped', 'dotted'],
    cell: 13,
    sway: 0.25,
    draw: surfboard,
  },
};
