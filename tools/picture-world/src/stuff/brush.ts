import type { SKRSContext2D } from '@napi-rs/canvas';
import type { Random } from '../random.ts';

/** Where a piece of stuff lies, in pixels. */
export interface Area {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** The light of a scene: it colors the sky and tints everything. */
export type Light = 'day' | 'sunset' | 'overcast';

/** Paints one layer of stuff. The silhouette is laid first; details then stay inside it (source-atop), so they never widen the region. */
export interface Brush {
  readonly c: SKRSContext2D;
  readonly area: Area;
  /** One hundredth of the picture's shorter side, in pixels. */
  readonly unit: number;
  readonly light: Light;
  readonly random: Random;
}

export type StuffPainter = (brush: Brush) => void;

/** Lays the silhouette as a rectangle and confines what follows to it. */
export function layRectangle({ c, area }: Brush, color: string, lower: string = color): void {
  const gradient = c.createLinearGradient(0, area.top, 0, area.bottom);
  gradient.addColorStop(0, color);
  gradient.addColorStop(1, lower);
  c.fillStyle = gradient;
  // Sides and bottom run to whole pixels and beyond, so that no seam of half-covered pixels is left between layers.
  c.fillRect(
    Math.floor(area.left),
    Math.round(area.top),
    Math.ceil(area.right) - Math.floor(area.left),
    Math.ceil(area.bottom) - Math.round(area.top),
  );
  c.globalCompositeOperation = 'source-atop';
}

/** Lays the silhouette under a gently waving upper edge. */
export function layRolling({ c, area, unit, random }: Brush, color: string, lower: string, sway: number): void {
  const gradient = c.createLinearGradient(0, area.top, 0, area.bottom);
  gradient.addColorStop(0, color);
  gradient.addColorStop(1, lower);
  c.fillStyle = gradient;
  const phase = random.range(0, 6);
  const period = random.range(0.6, 1.6) * (area.right - area.left);
  c.beginPath();
  c.moveTo(area.left - 1, area.bottom + 1);
  for (let i = 0; i <= 24; i++) {
    const x = area.left - 1 + ((area.right - area.left + 2) * i) / 24;
    c.lineTo(x, area.top + sway * unit * Math.sin(phase + (2 * Math.PI * x) / period));
  }
  c.lineTo(area.right + 1, area.bottom + 1);
  c.fill();
  c.globalCompositeOperation = 'source-atop';
}

/** A line of the given width, in pixels. */
export function strokeLine(c: SKRSContext2D, points: readonly number[], width: number, color: string): void {
  c.strokeStyle = color;
  c.lineWidth = width;
  c.lineCap = 'round';
  c.lineJoin = 'round';
  c.beginPath();
  for (let i = 0; i < points.length; i += 2) c.lineTo(points[i]!, points[i + 1]!);
  c.stroke();
}

export function fillOval(c: SKRSContext2D, x: number, y: number, rx: number, ry: number, color: string): void {
  c.fillStyle = color;
  c.beginPath();
  c.ellipse(x, y, rx, ry, 0, 0, 2 * Math.PI);
  c.fill();
}

export function fillShape(c: SKRSContext2D, points: readonly number[], color: string): void {
  c.fillStyle = color;
  c.beginPath();
  for (let i = 0; i < points.length; i += 2) c.lineTo(points[i]!, points[i + 1]!);
  c.closePath();
  c.fill();
}
