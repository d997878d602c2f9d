import { tone } from '../colors.ts';
import type { Pen } from '../pen.ts';
import { type Family, type Look, anyColor, bright, cloth, plain } from './kind.ts';

const screen = '#23303c';
const steel = '#c6cdd4';

/** A little landscape, as a picture on a screen. */
function landscape(pen: Pen, x: number, y: number, width: number, height: number): void {
  pen.bare(() => {
    pen.box(x, y, width, height, '#7cc8ee');
    pen.oval(x + width * 0.76, y + height * 0.28, height * 0.13, height * 0.13, '#ffe27a');
    pen.poly(
      [
        x,
        y + height,
        x,
        y + height * 0.72,
        x + width * 0.3,
        y + height * 0.38,
        x + width * 0.62,
        y + height * 0.8,
        x + width,
        y + height * 0.62,
        x + width,
        y + height,
      ],
      '#4fa75a',
    );
  });
}

function tv(pen: Pen, { paint, random }: Look): void {
  pen.poly([58, 76, 86, 76, 96, 92, 48, 92], tone(paint.base, 0.12));
  pen.box(0, 0, 144, 80, paint.base, 5);
  if (random.chance(0.75)) landscape(pen, 7, 7, 130, 64);
  else pen.bare(() => pen.box(7, 7, 130, 64, screen, 2));
  pen.bare(() => pen.poly([20, 7, 44, 7, 20, 60, 7, 60, 7, 36], '#ffffff40'));
}

function laptop(pen: Pen, { paint }: Look): void {
  pen.box(18, 0, 88, 60, paint.base, 6);
  pen.bare(() => {
    pen.box(24, 6, 76, 48, '#eaf3fa', 2);
    pen.box(24, 6, 76, 8, '#5b8fd0');
    for (const [y, w] of [
      [22, 50],
      [30, 38],
      [38, 56],
      [46, 30],
    ] as const)
      pen.line([31, y, 31 + w, y], 3, '#9fb2c4');
  });
  pen.poly([16, 60, 108, 60, 124, 84, 0, 84], paint.base);
  pen.bare(() => {
    for (let row = 0; row < 3; row++) {
      for (let i = 0; i < 10; i++) pen.box(20 - row * 3.6 + i * (8 + row * 0.7), 63 + row * 4.6, 6.6, 3.4, '#3a3f47', 1);
    }
    pen.box(48, 77.5, 28, 5, tone(paint.base, -0.25), 1);
  });
}

function keyboard(pen: Pen, { paint }: Look): void {
  pen.box(0, 0, 140, 52, paint.base, 7);
  const key = tone(paint.base, paint.base === '#33343b' ? 0.55 : 0.72);
  pen.bare(() => {
    for (let row = 0; row < 3; row++) {
      for (let i = 0; i < 10; i++) pen.box(7 + i * 12.8 + row * 1.2, 6 + row * 11, 9.4, 8, key, 2);
    }
    pen.box(36, 39, 66, 8, key, 2);
    pen.box(8, 39, 22, 8, key, 2);
    pen.box(108, 39, 24, 8, key, 2);
  });
}

function mouse(pen: Pen, { paint }: Look): void {
  pen.line([35, 30, 34, 8, 50, 2, 66, -12], 3.5, '#4a4d54', true);
  pen.blob([12, 22, 35, 16, 58, 22, 70, 70, 56, 108, 35, 112, 14, 108, 0, 70], paint.base);
  pen.bare(() => {
    pen.line([6, 56, 35, 60, 64, 56], 2, tone(paint.base, -0.4), true);
    pen.line([35, 22, 35, 58], 2, tone(paint.base, -0.4));
  });
  pen.box(30, 30, 10, 20, '#4a4d54', 5);
}

function remote(pen: Pen, { paint }: Look): void {
  pen.box(0, 0, 36, 124, paint.base, 10);
  pen.bare(() => {
    pen.oval(18, 13, 6, 6, '#ee3d3d');
    for (let row = 0; row < 4; row++) {
      for (let i = 0; i < 3; i++) pen.oval(9 + i * 9, 58 + row * 12, 3.6, 3.6, ['#f4f4f0', '#f7cf3c', '#6fc2f0', '#f4f4f0'][row]!);
    }
    pen.oval(18, 36, 12, 12, '#9aa1a8');
    pen.oval(18, 36, 5, 5, '#e8ebee');
  });
}

function microwave(pen: Pen, { paint }: Look): void {
  for (const x of [12, 116]) pen.box(x, 74, 12, 6, '#33343a', 2);
  pen.box(0, 2, 140, 74, paint.base, 6);
  pen.box(8, 11, 90, 56, '#3a4652', 5);
  pen.bare(() => {
    pen.oval(53, 58, 34, 4.5, '#7f93a3');
    pen.oval(53, 48, 18, 9, '#f1b04c');
    pen.box(35, 48, 36, 9, '#f1b04c', 3);
    pen.poly([16, 14, 34, 14, 16, 44], '#ffffff48');
    pen.box(107, 12, 26, 11, '#1d2b20', 2);
    pen.line([111, 17.5, 128, 17.5], 3.5, '#6df08a');
    for (let row = 0; row < 3; row++) for (let i = 0; i < 3; i++) pen.box(107 + i * 9.2, 30 + row * 9, 7, 6.4, tone(paint.base, -0.4), 1.5);
    pen.box(107, 60, 26, 8, '#e0685a', 2);
  });
  pen.line([101, 16, 101, 62], 3.4, '#8c959d');
}

function oven(pen: Pen, { paint }: Look): void {
  pen.box(2, 12, 96, 96, paint.base, 4);
  pen.box(-1, 8, 102, 8, '#3d424a', 2);
  for (const x of [24, 74]) {
    pen.box(x - 14, 4, 28, 5, '#24272c', 2);
  }
  pen.box(10, -12, 30, 16, '#c0524a', 3);
  pen.line([42, -7, 52, -9], 4, '#33343a');
  pen.bare(() => {
    for (const x of [16, 33, 67, 84]) {
      pen.oval(x, 27, 6, 6, '#3d424a');
      pen.line([x, 27, x + 2, 22.5], 2, '#ffffff');
    }
    pen.box(43, 22, 15, 10, '#1d2b20', 2);
  });
  pen.box(10, 42, 80, 58, tone(paint.base, -0.1), 4);
  pen.box(18, 56, 64, 36, '#2f2622', 4);
  pen.bare(() => {
    pen.oval(50, 84, 26, 7, '#f08a32');
    pen.line([20, 70, 80, 70], 1.6, '#8c7b70');
    pen.line([20, 80, 80, 80], 1.6, '#8c7b70');
  });
  pen.line([18, 49, 82, 49], 4.4, steel);
}

function toaster(pen: Pen, { paint, random }: Look): void {
  const pop = random.range(0, 10);
  for (const x of [24, 60]) pen.blob([x, 40, x - 2, 14 - pop, x + 12, 6 - pop, x + 26, 6 - pop, x + 38, 14 - pop, x + 36, 40], '#d99a4e');
  pen.bare(() => {
    for (const x of [24, 60])
      pen.blob([x + 5, 40, x + 4, 17 - pop, x + 14, 11 - pop, x + 24, 11 - pop, x + 32, 17 - pop, x + 31, 40], '#f6dca4');
  });
  for (const x of [14, 94]) pen.box(x, 86, 14, 7, '#33343a', 2);
  pen.blob([0, 88, 2, 44, 14, 32, 106, 32, 120, 44, 122, 88], paint.base);
  pen.bare(() => {
    pen.line([20, 38, 102, 38], 4, '#33343a');
    pen.line([12, 54, 12, 74], 4, tone(paint.base, 0.5));
    for (const x of [40, 60, 80]) pen.line([x, 56, x, 76], 2.4, tone(paint.base, -0.3));
  });
  pen.box(114, 52, 12, 9, '#33343a', 3);
}

function refrigerator(pen: Pen, { paint, random }: Look): void {
  pen.box(6, 134, 10, 6, '#33343a');
  pen.box(58, 134, 10, 6, '#33343a');
  pen.box(0, 0, 74, 136, paint.base, 7);
  pen.bare(() => pen.line([2, 48, 72, 48], 3, tone(paint.base, -0.45)));
  pen.line([11, 18, 11, 40], 4.4, '#808991');
  pen.line([11, 58, 11, 90], 4.4, '#808991');
  pen.bare(() => {
    if (random.chance(0.6)) {
      pen.box(36, 60, 20, 18, '#fff6c9', 1);
      pen.oval(46, 60, 3, 3, '#e0464a');
      pen.oval(28, 24, 4, 4, '#3f9fd0');
      pen.oval(54, 30, 4, 4, '#f0a028');
    }
    pen.line([66, 10, 66, 40], 3, tone(paint.base, 0.5));
  });
}

function book(pen: Pen, { paint, random }: Look): void {
  if (random.chance(0.45)) {
    pen.poly([0, 12, 60, 20, 120, 12, 120, 78, 60, 86, 0, 78], paint.base);
    pen.blob([4, 8, 34, 2, 58, 14, 60, 18, 60, 80, 34, 70, 6, 74, 4, 70], '#fdf8ea');
    pen.blob([116, 8, 86, 2, 62, 14, 60, 18, 60, 80, 86, 70, 114, 74, 116, 70], '#fdf8ea');
    pen.bare(() => {
      for (let y = 24; y < 66; y += 9) {
        pen.line([14, y - 2, 48, y + 3], 2.2, '#a79f94');
        pen.line([106, y - 2, 72, y + 3], 2.2, '#a79f94');
      }
    });
    return;
  }
  pen.box(22, -2, 76, 92, '#f7f0dc', 2);
  pen.box(16, -6, 76, 90, paint, 3);
  pen.box(16, -6, 12, 90, tone(paint.base, -0.3), 3);
  pen.box(40, 10, 40, 22, '#fbf4df', 2);
  pen.bare(() => {
    pen.line([45, 17, 75, 17], 3, '#7c746a');
    pen.line([50, 24, 70, 24], 2.4, '#7c746a');
  });
}

function clock(pen: Pen, { paint, random }: Look): void {
  pen.oval(50, 50, 50, 50, paint.base);
  pen.oval(50, 50, 40, 40, '#fdfaf1');
  const time = random.range(0, 12);
  pen.bare(() => {
    for (let i = 0; i < 12; i++) {
      const angle = (i * Math.PI) / 6;
      const inner = i % 3 === 0 ? 28 : 32;
      pen.line(
        [50 + inner * Math.cos(angle), 50 + inner * Math.sin(angle), 50 + 36 * Math.cos(angle), 50 + 36 * Math.sin(angle)],
        i % 3 === 0 ? 4 : 2,
        '#3a3632',
      );
    }
    const hand = (turn: number, length: number, width: number, color: string): void => {
      const angle = turn * 2 * Math.PI - Math.PI / 2;
      pen.line([50, 50, 50 + length * Math.cos(angle), 50 + length * Math.sin(angle)], width, color);
    };
    hand(time / 12, 18, 6, '#26221f');
    hand(time % 1, 28, 4, '#26221f');
    pen.oval(50, 50, 4.5, 4.5, '#d83c3c');
  });
}

function scissors(pen: Pen, { paint, random }: Look): void {
  const open = random.range(0.1, 0.32);
  for (const side of [-1, 1]) {
    const [dx, dy] = [Math.sin(side * open), Math.cos(open)];
    const at = (along: number, across: number): [number, number] => [
      44 + dx * along + dy * across * side,
      62 - dy * along + dx * across * side,
    ];
    pen.poly([...at(-8, 5), ...at(-8, -5), ...at(64, 1), ...at(50, 8)], side < 0 ? '#aeb8c0' : '#d5dce2');
    const [x, y] = [44 - side * (16 + open * 20), 98];
    pen.line([44, 66, x + side * 4, y - 14], 8, paint.base);
    pen.bare(() => pen.ring(x, y, 17, 20, 0.5, tone(paint.base, -0.45)));
    pen.bare(() => pen.ring(x, y, 15.4, 18.4, 0.62, paint.base));
  }
  pen.oval(44, 62, 4.4, 4.4, '#6d747b');
}

function toothbrush(pen: Pen, { paint }: Look): void {
  pen.blob([8, 10, 12, 0, 22, 0, 26, 10, 24, 44, 20, 56, 27, 78, 25, 126, 10, 126, 8, 78, 14, 56, 10, 44], paint.base);
  pen.bare(() => pen.box(13, 84, 8, 34, '#ffffff90', 4));
  pen.box(25, 4, 14, 34, '#fbfdff', 2);
  pen.bare(() => {
    for (const y of [10, 17, 24, 31]) pen.box(26, y, 12, 3.4, tone(paint.base, 0.35));
  });
}

const machine = ['white', 'gray', 'black', 'red', 'blue', 'green'] as const;

/** Appliances, electronics and small things of a home. */
export const household: Family = {
  tv: { box: [144, 93], meters: 1.1, colors: ['black', 'gray', 'white', 'red'], patterns: plain, draw: tv },
  laptop: { box: [124, 86], meters: 0.36, colors: ['gray', 'black', 'white', 'pink', 'blue'], patterns: plain, draw: laptop },
  mouse: {
    box: [70, 112],
    meters: 0.16,
    colors: ['gray', 'black', 'white', 'red', 'blue'],
    patterns: plain,
    sway: 0.4,
    lies: true,
    draw: mouse,
  },
  remote: { box: [36, 124], meters: 0.24, colors: ['black', 'gray', 'white'], patterns: plain, sway: 0.5, lies: true, draw: remote },
  keyboard: {
    box: [140, 52],
    meters: 0.42,
    colors: ['gray', 'black', 'white', 'pink', 'blue'],
    patterns: plain,
    sway: 0.15,
    draw: keyboard,
  },
  microwave: { box: [140, 81], meters: 0.52, colors: machine, patterns: plain, draw: microwave },
  oven: { box: [100, 108], meters: 0.95, colors: machine, patterns: plain, draw: oven },
  toaster: { box: [126, 93], meters: 0.36, colors: machine, patterns: plain, draw: toaster },
  refrigerator: { box: [74, 140], meters: 1.8, colors: machine, patterns: plain, draw: refrigerator },
  book: { box: [120, 90], meters: 0.26, colors: anyColor, patterns: cloth, cell: 17, sway: 0.15, draw: book },
  clock: { box: [100, 100], meters: 0.34, colors: anyColor, patterns: plain, draw: clock },
  scissors: { box: [88, 120], meters: 0.24, colors: bright, patterns: plain, sway: 0.5, lies: true, draw: scissors },
  toothbrush: { box: [40, 126], meters: 0.26, colors: bright, patterns: plain, sway: 0.5, lies: true, draw: toothbrush },
};
