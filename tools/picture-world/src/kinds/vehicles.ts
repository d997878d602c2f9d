import { tone } from '../colors.ts';
import type { Pen } from '../pen.ts';
import { type Family, type Look, anyColor, bright, plain } from './kind.ts';

const glass = '#bfe3f2';
const rubber = '#33343a';
const metal = '#c3c9cf';

function wheel(pen: Pen, x: number, y: number, r: number): void {
  pen.oval(x, y, r, r, rubber);
  pen.bare(() => {
    pen.oval(x, y, r * 0.55, r * 0.55, metal);
    pen.oval(x, y, r * 0.2, r * 0.2, rubber);
  });
}

/** A thin tyre with spokes, see-through. */
function spokedWheel(pen: Pen, x: number, y: number, r: number): void {
  pen.bare(() => {
    for (let i = 0; i < 4; i++) {
      const angle = (i * Math.PI) / 4 + 0.2;
      pen.line([x - r * Math.cos(angle), y - r * Math.sin(angle), x + r * Math.cos(angle), y + r * Math.sin(angle)], 1.1, metal);
    }
  });
  pen.bare(() => pen.ring(x, y, r, r, 0.8, rubber));
  pen.oval(x, y, 2.4, 2.4, metal);
}

function bicycle(pen: Pen, { paint }: Look): void {
  spokedWheel(pen, 24, 50, 22);
  spokedWheel(pen, 92, 50, 22);
  const frame = (points: number[]): void => pen.line(points, 5, paint.base);
  frame([92, 50, 58, 50, 46, 22, 80, 20, 58, 50]);
  frame([46, 22, 24, 50, 58, 50]);
  frame([92, 50, 79, 12]);
  pen.line([79, 12, 76, 6, 88, 4, 92, 9], 3.5, rubber, true);
  pen.line([46, 22, 44, 15], 3.5, metal);
  pen.blob([34, 12, 44, 9, 58, 13, 50, 17, 36, 18], '#4a342a');
  pen.oval(58, 50, 6, 6, metal);
  pen.line([58, 50, 62, 60, 67, 60], 2.8, rubber);
}

function motorcycle(pen: Pen, { paint }: Look): void {
  wheel(pen, 24, 50, 20);
  wheel(pen, 98, 50, 20);
  pen.line([98, 50, 84, 14], 5, metal);
  pen.line([32, 56, 62, 60, 20, 60], 5.5, metal);
  pen.box(46, 34, 28, 22, '#6d747b', 5);
  pen.bare(() => {
    for (let y = 38; y < 54; y += 4) pen.line([49, y, 71, y], 1.5, '#3a3f44');
  });
  pen.blob([8, 30, 22, 18, 44, 24, 46, 34, 26, 36], paint.base);
  pen.blob([20, 18, 44, 18, 56, 26, 44, 31, 22, 26], '#2d2b30');
  pen.blob([46, 22, 62, 12, 84, 16, 88, 30, 68, 40, 48, 34], paint.base);
  pen.bare(() => pen.line([58, 21, 66, 18, 78, 20], 2.5, tone(paint.base, 0.5), true));
  pen.line([84, 14, 78, 4, 70, 4], 4.5, rubber, true);
  pen.blob([84, 30, 104, 26, 118, 40, 104, 34], paint.base);
  pen.oval(92, 17, 6, 6.5, '#fff0a8');
}

function car(pen: Pen, { paint, random }: Look): void {
  const tall = random.range(0, 6);
  pen.blob([26, 30, 36, 8 - tall, 60, 4 - tall, 88, 6 - tall, 102, 30, 100, 40, 28, 40], paint.base);
  pen.blob([34, 30, 42, 13 - tall, 61, 10 - tall, 62, 31, 36, 31], glass);
  pen.blob([67, 31, 67, 10 - tall, 84, 12 - tall, 96, 30, 90, 31], glass);
  pen.blob([2, 44, 4, 32, 34, 27, 100, 27, 126, 32, 130, 46, 126, 56, 6, 56], paint.base);
  pen.bare(() => {
    pen.line([64, 32, 64, 52], 1.5, tone(paint.base, -0.35));
    pen.line([68, 37, 75, 37], 2.4, tone(paint.base, -0.45));
    pen.line([12, 33, 60, 31, 118, 33], 1.8, tone(paint.base, 0.4));
  });
  pen.oval(8, 39, 5, 4.5, '#fff3b0');
  pen.oval(124, 39, 4, 5, '#e04848');
  wheel(pen, 33, 54, 13);
  wheel(pen, 99, 54, 13);
}

function bus(pen: Pen, { paint }: Look): void {
  pen.box(2, 4, 146, 66, paint.base, 9);
  pen.bare(() => pen.box(3, 50, 144, 7, '#fdfaf0'));
  for (let i = 0; i < 5; i++) pen.box(32 + i * 22.5, 13, 18, 19, glass, 3);
  pen.box(8, 13, 18, 46, glass, 3);
  pen.bare(() => pen.line([17, 14, 17, 58], 1.6, '#6c8590'));
  pen.bare(() => pen.box(40, 5.5, 80, 4, tone(paint.base, -0.35), 2));
  pen.oval(4.5, 58, 3.5, 4, '#fff3b0');
  pen.oval(145.5, 58, 3, 4, '#e04848');
  wheel(pen, 42, 70, 12);
  wheel(pen, 112, 70, 12);
}

function truck(pen: Pen, { paint, random }: Look): void {
  pen.box(36, 62, 108, 8, '#4a4e55', 2);
  pen.box(46, 2, 98, 60, random.pick(['#f0efe9', '#d9dde1', tone(paint.base, 0.6), tone(paint.base, 0.6)]), 2);
  pen.bare(() => {
    for (let x = 58; x < 142; x += 12) pen.line([x, 5, x, 59], 1.4, '#8d8d8a70');
  });
  pen.blob([2, 68, 2, 42, 8, 40, 14, 16, 22, 16, 40, 16, 42, 20, 42, 68, 38, 70, 4, 70], paint.base);
  pen.blob([8, 42, 14, 22, 34, 22, 34, 42], glass);
  pen.bare(() => pen.line([30, 48, 36, 48], 2.4, tone(paint.base, -0.45)));
  pen.oval(4.5, 58, 3.5, 4.5, '#fff3b0');
  wheel(pen, 24, 70, 12);
  wheel(pen, 98, 70, 12);
  wheel(pen, 125, 70, 12);
}

function train(pen: Pen, { paint }: Look): void {
  pen.box(86, 12, 68, 48, tone(paint.base, 0.1), 4);
  for (let i = 0; i < 3; i++) pen.box(93 + i * 20, 20, 14, 15, glass, 2);
  pen.box(80, 50, 10, 6, rubber);
  pen.box(28, 16, 16, 14, rubber, 2);
  pen.poly([24, 2, 44, 2, 40, 20, 28, 20], '#43464e');
  pen.bare(() => {
    pen.oval(38, -5, 8, 5, '#eceef0');
    pen.oval(50, -10, 10, 6, '#f4f6f8');
  });
  pen.box(14, 24, 44, 32, paint.base, 12);
  pen.bare(() => {
    for (const x of [26, 42]) pen.line([x, 26, x, 54], 2.2, '#f3d27a');
  });
  pen.oval(46, 22, 5, 5, '#f3d27a');
  pen.box(52, 6, 30, 52, paint.base, 3);
  pen.box(58, 13, 18, 16, glass, 2);
  pen.box(47, 1, 40, 7, '#43464e', 3);
  pen.poly([16, 56, 0, 68, 16, 68], '#d6413f');
  pen.oval(13, 30, 4.5, 5, '#fff3b0');
  for (const x of [24, 40]) wheel(pen, x, 62, 8);
  wheel(pen, 66, 58, 13);
  for (const x of [100, 116, 138]) wheel(pen, x, 62, 8);
  pen.line([24, 62, 66, 60], 2.6, metal);
}

function airplane(pen: Pen, { paint }: Look): void {
  const white = '#f4f6f8';
  pen.poly([86, 26, 112, 8, 122, 8, 106, 30], tone(paint.base, -0.2));
  pen.poly([118, 30, 132, 0, 146, 0, 142, 32], paint.base);
  pen.blob([0, 38, 10, 26, 40, 22, 110, 24, 150, 30, 142, 42, 100, 50, 30, 52, 6, 48], white);
  pen.blob([4, 46, 40, 44, 100, 45, 138, 40, 120, 47, 60, 54, 20, 53], paint.base);
  pen.poly([122, 34, 146, 26, 154, 27, 142, 38], paint.base);
  pen.blob([10, 32, 16, 28, 24, 28, 24, 34, 12, 36], '#5d8fb0');
  pen.bare(() => {
    for (let x = 36; x < 112; x += 9) pen.oval(x, 34, 2.4, 2.8, '#4a86ad');
  });
  pen.oval(62, 55, 10, 5.5, '#c9ced4');
  pen.poly([58, 42, 84, 42, 116, 68, 102, 70], paint.base);
}

function boat(pen: Pen, { paint, random }: Look): void {
  const sail = random.pick(['#fdfaf0', '#fbe7c6', '#f3f6fb']);
  pen.line([54, 2, 54, 82], 4, '#7b5230');
  pen.blob([58, 6, 66, 16, 92, 58, 96, 70, 60, 70, 58, 64], paint);
  pen.blob([50, 16, 48, 24, 24, 60, 20, 70, 48, 70, 50, 66], sail);
  pen.poly([54, 2, 72, 6, 54, 11], '#e0464a');
  pen.blob([0, 78, 4, 77, 104, 77, 110, 78, 96, 100, 88, 104, 24, 104, 14, 100], '#a3623a');
  pen.bare(() => pen.line([9, 85, 101, 85], 3, '#f7e6c4'));
}

/** Vehicles, side view, front to the left (the bicycle's to the right). */
export const vehicles: Family = {
  bicycle: { box: [116, 72], meters: 1.8, colors: bright, patterns: plain, draw: bicycle },
  car: { box: [132, 68], meters: 4.2, colors: anyColor, patterns: plain, draw: car },
  motorcycle: { box: [120, 71], meters: 2.2, colors: [...bright, 'black'], patterns: plain, draw: motorcycle },
  airplane: {
    box: [154, 70],
    meters: 9,
    colors: ['red', 'blue', 'orange', 'green', 'purple'],
    patterns: plain,
    sway: 0.25,
    draw: airplane,
  },
  bus: { box: [150, 83], meters: 9, colors: bright, patterns: plain, draw: bus },
  train: { box: [154, 72], meters: 12, colors: ['red', 'blue', 'green', 'black', 'purple'], patterns: plain, draw: train },
  truck: { box: [146, 83], meters: 8, colors: [...bright, 'black'], patterns: plain, draw: truck },
  boat: {
    box: [110, 106],
    meters: 5,
    colors: anyColor.filter((c) => c !== 'brown'),
    patterns: ['plain', 'striped', 'dotted', 'checked'],
    cell: 14,
    draw: boat,
  },
};
