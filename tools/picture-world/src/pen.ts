import { Path2D, type SKRSContext2D } from '@napi-rs/canvas';
import { type Pattern, tone } from './colors.ts';

/** A surface: its color (#rrggbb), the second color of its pattern, and the pattern's cell in drawing units. */
export interface Paint {
  readonly base: string;
  readonly second: string;
  readonly pattern: Pattern;
  readonly cell: number;
}

/** A plain color or a patterned surface. */
export type Fill = string | Paint;

/** Patterns cover this square of drawing units; every drawing lies inside it. */
const extent = { low: -20, high: 180 };
const patternPaths = new Map<string, Path2D>();

/**
 * Draws flat shapes with a darker outline of the same hue, in the units of one drawing (about 100 across). Coordinates are flat lists
 * x0, y0, x1, y1, ... with y downward.
 */
export class Pen {
  readonly #context: SKRSContext2D;
  /** Outline width in drawing units; 0 draws none. */
  ink: number;

  constructor(context: SKRSContext2D, ink: number) {
    this.#context = context;
    this.ink = ink;
  }

  /** Straight-edged closed shape. */
  poly(points: readonly number[], fill: Fill): void {
    const path = new Path2D();
    for (let i = 0; i < points.length; i += 2) path.lineTo(points[i]!, points[i + 1]!);
    path.closePath();
    this.#paint(path, fill);
  }

  /** Smooth closed shape: quadratic curves through the midpoints of the control polygon. */
  blob(points: readonly number[], fill: Fill): void {
    const n = points.length / 2;
    const x = (i: number): number => points[(i % n) * 2]!;
    const y = (i: number): number => points[(i % n) * 2 + 1]!;
    const path = new Path2D();
    path.moveTo((x(n - 1) + x(0)) / 2, (y(n - 1) + y(0)) / 2);
    for (let i = 0; i < n; i++) path.quadraticCurveTo(x(i), y(i), (x(i) + x(i + 1)) / 2, (y(i) + y(i + 1)) / 2);
    path.closePath();
    this.#paint(path, fill);
  }

  /** Ellipse with center, radii and rotation in radians. */
  oval(cx: number, cy: number, rx: number, ry: number, fill: Fill, rotation = 0): void {
    const path = new Path2D();
    path.ellipse(cx, cy, rx, ry, rotation, 0, 2 * Math.PI);
    this.#paint(path, fill);
  }

  /** The part of an ellipse between two angles, closed by its chord. */
  segment(cx: number, cy: number, rx: number, ry: number, from: number, to: number, fill: Fill): void {
    const path = new Path2D();
    path.ellipse(cx, cy, rx, ry, 0, from, to);
    path.closePath();
    this.#paint(path, fill);
  }

  /** Ring: an ellipse with an elliptic hole. */
  ring(cx: number, cy: number, rx: number, ry: number, hole: number, fill: Fill): void {
    const path = new Path2D();
    path.ellipse(cx, cy, rx, ry, 0, 0, 2 * Math.PI);
    path.closePath();
    path.moveTo(cx + rx * hole, cy);
    path.ellipse(cx, cy, rx * hole, ry * hole, 0, 0, 2 * Math.PI, true);
    path.closePath();
    this.#paint(path, fill);
  }

  /** Rectangle with rounded corners. */
  box(x: number, y: number, width: number, height: number, fill: Fill, radius = 0): void {
    const path = new Path2D();
    path.roundRect(x, y, width, height, radius);
    this.#paint(path, fill);
  }

  /** Open line of a given width with round ends; `smooth` bends it through the midpoints. */
  line(points: readonly number[], width: number, color: string, smooth = false): void {
    const path = new Path2D();
    path.moveTo(points[0]!, points[1]!);
    for (let i = 2; i < points.length; i += 2) {
      const last = i + 2 >= points.length;
      if (!smooth || last) path.lineTo(points[i]!, points[i + 1]!);
      else path.quadraticCurveTo(points[i]!, points[i + 1]!, (points[i]! + points[i + 2]!) / 2, (points[i + 1]! + points[i + 3]!) / 2);
    }
    const c = this.#context;
    c.lineCap = 'round';
    c.lineJoin = 'round';
    if (this.ink > 0) {
      c.strokeStyle = tone(color, -0.45);
      c.lineWidth = width + this.ink;
      c.stroke(path);
    }
    c.strokeStyle = color;
    c.lineWidth = this.ink > 0 ? Math.max(width - this.ink, width * 0.4) : width;
    c.stroke(path);
  }

  /** Draws details without outlines. */
  bare(draw: () => void): void {
    const { ink } = this;
    this.ink = 0;
    draw();
    this.ink = ink;
  }

  #paint(path: Path2D, fill: Fill): void {
    const c = this.#context;
    const base = typeof fill === 'string' ? fill : fill.base;
    c.fillStyle = base;
    c.fill(path);
    if (typeof fill !== 'string' && fill.pattern !== 'plain') {
      c.save();
      c.clip(path);
      c.fillStyle = fill.second;
      c.fill(patternPath(fill.pattern, fill.cell));
      c.restore();
    }
    if (this.ink > 0) {
      c.strokeStyle = tone(base, -0.45);
      c.lineWidth = this.ink;
      c.lineJoin = 'round';
      c.stroke(path);
    }
  }
}

/** The second color's area of a pattern, over the whole extent. Cell sizes come from the kinds' tables, so the cache stays small. */
function patternPath(pattern: Pattern, cell: number): Path2D {
  const key = `${pattern} ${cell}`;
  const known = patternPaths.get(key);
  if (known) return known;
  const path = new Path2D();
  const { low, high } = extent;
  if (pattern === 'striped') {
    for (let x = low; x < high; x += cell) path.rect(x, low, cell * 0.45, high - low);
  } else {
    for (let row = 0, y = low; y < high; y += cell, row++) {
      for (let x = low; x < high; x += cell) {
        const shift = row % 2 === 0 ? 0 : cell / 2;
        if (pattern === 'dotted') {
          path.moveTo(x + shift + cell * 0.27, y);
          path.arc(x + shift, y, cell * 0.27, 0, 2 * Math.PI);
        } else if (pattern === 'checked') path.rect(x + shift, y, cell / 2, cell);
        else if ((x * 7 + row * 3) % 4 !== 0)
          path.ellipse(x + shift + (row % 3) * 2, y, cell * (0.3 + ((x + row) % 3) * 0.07), cell * 0.28, x + row, 0, 2 * Math.PI);
      }
    }
  }
  patternPaths.set(key, path);
  return path;
}
