import { tone } from '../colors.ts';
import type { Pen } from '../pen.ts';
import { type Family, type Look, anyColor, cloth } from './kind.ts';

const skins = ['#f6cfae', '#e8b08a', '#c98a5e', '#96603c', '#6d4429'] as const;
const hairs = ['#2b2220', '#5b3a23', '#8f5a2c', '#e0b352', '#b9b4ae', '#a8452a'] as const;
const caps = ['#d8423f', '#2f74d0', '#3fa34d', '#f0a028'] as const;
const trousers = ['#2f4a78', '#3c3f46', '#7a6146', '#5b6f52', '#8a8f96'] as const;

/** Short hair, a bun, a baseball cap, or the fringe of long hair. */
function hair(pen: Pen, style: number, color: string, cap: string): void {
  if (style === 1) pen.oval(30, -1, 8, 7, color);
  pen.blob([12, 24, 12, 4, 30, -4, 48, 4, 48, 24, 44, 13, 37, 7, 27, 13, 17, 11], color);
  if (style !== 2) return;
  pen.segment(30, 12, 16, 13, Math.PI, 2 * Math.PI, cap);
  pen.box(28, 9, 25, 5, tone(cap, -0.2), 2.5);
}

function face(pen: Pen): void {
  pen.bare(() => {
    pen.oval(25, 20, 2, 2.4, '#26211f');
    pen.oval(36, 20, 2, 2.4, '#26211f');
    pen.line([26, 26, 30.5, 28.5, 35, 26], 1.6, '#8d3f38', true);
  });
}

/** A standing, walking or waving person. The color and pattern are the shirt's. */
function person(pen: Pen, { paint, random }: Look): void {
  const skin = random.pick(skins);
  const hairColor = random.pick(hairs);
  const style = random.integer(0, 3);
  const trouser = random.pick(trousers);
  const cap = random.pick(caps);
  const stride = random.chance(0.5) ? random.range(4, 10) : 2;
  const skirt = random.chance(0.25);
  const [leftArm, rightArm] = [random.integer(0, 2), random.integer(0, 1)];
  if (style === 3) pen.blob([14, 8, 46, 8, 49, 44, 38, 46, 22, 46, 11, 44], hairColor);
  for (const side of [-1, 1]) {
    const x = 30 + side * 6;
    const foot = x + side * stride;
    pen.line([x, 72, foot, 112], 10, skirt ? skin : trouser);
    pen.line([foot, 116, foot + 4, 116], 7, '#3a2d28');
  }
  const arm = (side: number, pose: number): void => {
    const shoulder = 30 + side * 14;
    const hand = [
      [side * 6, 30],
      [side * 16, 16],
      [side * 14, -20],
    ][pose] as [number, number];
    const elbow = [
      [side * 5, 16],
      [side * 11, 12],
      [side * 14, 4],
    ][pose] as [number, number];
    pen.line([shoulder + elbow[0], 42 + elbow[1], shoulder + hand[0], 42 + hand[1]], 6.5, skin);
    pen.line([shoulder, 43, shoulder + elbow[0], 42 + elbow[1]], 9.5, paint.base);
  };
  arm(-1, leftArm);
  arm(1, rightArm);
  if (skirt) pen.blob([16, 68, 44, 68, 47, 76, 54, 98, 30, 100, 6, 98, 13, 76], trouser);
  pen.blob([14, 38, 30, 34, 46, 38, 45, 76, 44, 80, 16, 80, 15, 76], paint);
  pen.bare(() => pen.box(26, 29, 8, 9, tone(skin, -0.12), 3));
  pen.oval(30, 18, 14.5, 15.5, skin);
  hair(pen, style, hairColor, cap);
  face(pen);
}

/** People, seen from the front. */
export const people: Family = {
  person: { box: [60, 119], meters: 1.7, colors: anyColor.filter((c) => c !== 'brown'), patterns: cloth, cell: 11, draw: person },
};
