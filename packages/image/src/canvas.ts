import { fileURLToPath } from 'node:url';
import { createCanvas, GlobalFonts, type Canvas, type SKRSContext2D } from '@napi-rs/canvas';
import { fileBeside } from '@vitamin-vlm/core';
import type { Rgb } from './encode.ts';
import type { Picture } from './picture.ts';

/** The files of the folder `fonts`: Noto Sans cut by script. Letters of other scripts fall back to a system font if there is one. */
const SCRIPTS = ['latin', 'latin-ext', 'vietnamese', 'greek', 'cyrillic', 'cyrillic-ext', 'devanagari'];
const families = SCRIPTS.map((script) => `Vitamin Noto Sans ${script}`).map((family) => `"${family}"`);

/** Longer texts are cut before they are measured, whatever room there is. */
const MOST_LETTERS = 400;

/** What a canvas shows beside and below the picture. */
const GROUND: Rgb = [250, 250, 248];

let fontsReady = false;

/** A picture that can be drawn on, and how large text and lines should be on it. */
export interface Drawing {
  readonly canvas: Canvas;
  readonly context: SKRSContext2D;
  /** Text height in pixels. */
  readonly fontSize: number;
  /** Line width in pixels. */
  readonly lineWidth: number;
}

/** Copies a picture to the top left of a canvas that may be larger. */
export function startDrawing(picture: Picture, canvasWidth: number = picture.width, canvasHeight: number = picture.height): Drawing {
  const { width, height, data } = picture;
  const canvas = createCanvas(canvasWidth, canvasHeight);
  const context = canvas.getContext('2d');
  context.fillStyle = css(GROUND);
  context.fillRect(0, 0, canvasWidth, canvasHeight);
  const pixels = context.createImageData(width, height);
  for (let from = 0, to = 0; from < data.length; from += 3, to += 4) {
    pixels.data[to] = data[from]!;
    pixels.data[to + 1] = data[from + 1]!;
    pixels.data[to + 2] = data[from + 2]!;
    pixels.data[to + 3] = 255;
  }
  context.putImageData(pixels, 0, 0);
  context.textBaseline = 'alphabetic';
  context.lineJoin = 'round';
  const fontSize = textSize(picture);
  useFont(context, fontSize);
  return { canvas, context, fontSize, lineWidth: Math.max(2, Math.round(fontSize / 8)) };
}

/** What was drawn, as a picture. */
export function finishDrawing({ canvas, context }: Drawing): Picture {
  const { width, height } = canvas;
  const pixels = context.getImageData(0, 0, width, height).data;
  const data = new Uint8Array(width * height * 3);
  for (let from = 0, to = 0; to < data.length; from += 4, to += 3) {
    data[to] = pixels[from]!;
    data[to + 1] = pixels[from + 1]!;
    data[to + 2] = pixels[from + 2]!;
  }
  return { width, height, data };
}

/** A context only for measuring text, before the size of the canvas is known. */
export function measuringContext(fontSize: number): SKRSContext2D {
  const context = createCanvas(1, 1).getContext('2d');
  useFont(context, fontSize);
  return context;
}

/** 13 pixels on a small picture, growing with the picture so that text takes the same share of it: 16 at 640 x 480, 87 at 4000 x 3000. */
export function textSize({ width, height }: { readonly width: number; readonly height: number }): number {
  return Math.max(13, Math.round(Math.sqrt(width * height) / 40));
}

/** The text itself, or its beginning and an ellipsis where it is wider than `limit` pixels. */
export function fitText(context: SKRSContext2D, text: string, limit: number): string {
  if (text.length <= MOST_LETTERS && context.measureText(text).width <= limit) return text;
  const letters = Array.from(text.slice(0, MOST_LETTERS));
  let low = 0;
  let high = letters.length;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (context.measureText(`${letters.slice(0, middle).join('')}…`).width <= limit) low = middle;
    else high = middle - 1;
  }
  return `${letters.slice(0, low).join('').trimEnd()}…`;
}

/** A color as CSS writes it. */
export function css([red, green, blue]: Rgb, alpha = 1): string {
  return `rgba(${red}, ${green}, ${blue}, ${alpha})`;
}

/** Sets the text size, after loading the fonts once per process. */
export function useFont(context: SKRSContext2D, fontSize: number): void {
  if (!fontsReady) {
    for (const script of SCRIPTS) {
      const file = fileURLToPath(fileBeside(`../fonts/noto-sans-${script}-600.woff2`, import.meta.url));
      GlobalFonts.registerFromPath(file, `Vitamin Noto Sans ${script}`);
    }
    fontsReady = true;
  }
  context.font = `${fontSize}px ${families.join(', ')}, sans-serif`;
}
