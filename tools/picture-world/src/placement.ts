import type { SKRSContext2D } from '@napi-rs/canvas';
import { contrast, palette, type ColorName, type Pattern } from './colors.ts';
import type { Bounds } from './easel.ts';
import type { Kind } from './kinds/catalog.ts';
import { Pen } from './pen.ts';
import type { Random } from './random.ts';
import type { Zone } from './settings/setting.ts';

/** Color and pattern of one thing. */
export interface Dress {
  readonly color: ColorName;
  readonly pattern: Pattern;
}

/** One drawing at one place of the picture. */
export interface Placement extends Dress {
  readonly kind: Kind;
  readonly zone: Zone;
  /** Point of the picture, in pixels, at which the feet (or, if it hangs or lies, the center) come to be. */
  readonly x: number;
  readonly y: number;
  /** Pixels per drawing unit. */
  readonly scale: number;
  readonly flip: boolean;
  /** Radians. */
  readonly angle: number;
  readonly centerd: boolean;
}

/** How far drawings reach over their boxes, as a fraction of the longer side: steam, stalks, ribbons. */
const overhang = 0.2;

/** Picks color and pattern. A pattern needs a color that shows it; every color has a contrast. */
export function dressFor(kind: Kind, random: Random): Dress {
  return { color: random.pick(kind.colors), pattern: random.pick(kind.patterns) };
}

/** Places a thing so that its longer side measures `size` pixels. */
export function place(kind: Kind, dress: Dress, zone: Zone, x: number, y: number, size: number, random: Random): Placement {
  const lies = kind.lies === true && zone.kind === 'stands';
  const centerd = lies || zone.kind === 'hangs';
  const sway = zone.kind === 'hangs' || lies ? (kind.sway ?? 0.04) : Math.min(kind.sway ?? 0.04, 0.12);
  return {
    kind,
    ...dress,
    zone,
    x,
    y: lies ? y - size * 0.3 : y,
    scale: size / Math.max(...kind.box),
    flip: random.chance(0.5),
    angle: lies ? random.range(-Math.PI, Math.PI) : random.range(-sway, sway),
    centerd,
  };
}

/** The turned box of the drawing, in pixels. `margin` widens it by a fraction of the longer side. */
export function boundsOf(p: Placement, margin: number = overhang): Bounds {
  const [w, h] = p.kind.box;
  const cos = Math.abs(Math.cos(p.angle));
  const sin = Math.abs(Math.sin(p.angle));
  const halfWidth = ((w * cos + h * sin) / 2 + margin * Math.max(w, h)) * p.scale;
  const halfHeight = ((w * sin + h * cos) / 2 + margin * Math.max(w, h)) * p.scale;
  // A standing thing turns about its feet; its box's center moves with it.
  const rise = p.centerd ? 0 : (h / 2) * p.scale;
  const cx = p.x + rise * Math.sin(p.angle);
  const cy = p.y - rise * Math.cos(p.angle);
  return { left: cx - halfWidth, top: cy - halfHeight, right: cx + halfWidth, bottom: cy + halfHeight };
}

/** Draws the thing. All variation of its parts comes from `random`. */
export function drawPlacement(c: SKRSContext2D, p: Placement, random: Random): void {
  const [w, h] = p.kind.box;
  c.save();
  c.translate(p.x, p.y);
  c.rotate(p.angle);
  c.scale(p.flip ? -p.scale : p.scale, p.scale);
  c.translate(-w / 2, p.centerd ? -h / 2 : -h);
  // Outlines: about 2 % of the thing, but never thinner than nine tenths of a pixel.
  const pen = new Pen(c, Math.max(0.9 / p.scale, 0.018 * Math.max(w, h)));
  const second = p.pattern === 'spotted' && p.color === 'white' ? '#453c3a' : contrast[p.color];
  const paint = { base: palette[p.color], second, pattern: p.pattern, cell: p.kind.cell ?? 14 };
  p.kind.draw(pen, { paint, color: p.color, pattern: p.pattern, random });
  c.restore();
}
