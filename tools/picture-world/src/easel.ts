import { type Canvas, createCanvas, type SKRSContext2D } from '@napi-rs/canvas';

/** Pixels of one drawn layer: a rectangle of the picture as RGBA, straight alpha. */
export interface Layer {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly rgba: Uint8ClampedArray;
}

/** A bounding rectangle in pixels; it may reach out of the picture. */
export interface Bounds {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** A scratch canvas on which layers are drawn one at a time and read back. */
export class Easel {
  readonly width: number;
  readonly height: number;
  readonly #context: SKRSContext2D;

  constructor(width: number, height: number) {
    this.width = width;
    this.height = height;
    const canvas: Canvas = createCanvas(width, height);
    this.#context = canvas.getContext('2d');
  }

  /** Draws on a clear ground and reads back what lies within the bounds. Undefined if the bounds miss the picture. */
  layer(bounds: Bounds, draw: (context: SKRSContext2D) => void): Layer | undefined {
    const x = Math.max(0, Math.floor(bounds.left));
    const y = Math.max(0, Math.floor(bounds.top));
    const width = Math.min(this.width, Math.ceil(bounds.right)) - x;
    const height = Math.min(this.height, Math.ceil(bounds.bottom)) - y;
    if (width <= 0 || height <= 0) return undefined;
    const c = this.#context;
    c.clearRect(0, 0, this.width, this.height);
    c.save();
    draw(c);
    c.restore();
    return { x, y, width, height, rgba: c.getImageData(x, y, width, height).data };
  }
}

let kept: Easel | undefined;

/** The easel of this thread for a size; the last one is kept, since pictures of one size follow each other. */
export function easelFor(width: number, height: number): Easel {
  if (kept?.width !== width || kept.height !== height) kept = new Easel(width, height);
  return kept;
}
