import { createRequire } from 'node:module';
import { createCanvas, GlobalFonts, type SKRSContext2D } from '@napi-rs/canvas';
import { compose } from './compose.ts';
import { kinds, novelKinds } from './kinds/catalog.ts';
import { drawPlacement, dressFor, place } from './placement.ts';
import { Random, type Split } from './random.ts';
import { renderScene } from './scene.ts';
import type { Setting } from './settings/setting.ts';
import { stuff } from './stuff/catalog.ts';
import type { Picture } from './types.ts';

const require = createRequire(import.meta.url);

const columns = 13;
const cell = 116;
const label = 20;
const gap = 8;
const sheetWidth = columns * cell + 2 * gap;
const scenesAcross = 6;
const sceneSide = Math.floor((sheetWidth - 2 * gap - (scenesAcross - 1) * gap) / scenesAcross);
const family = 'Picture World Noto Sans';

/**
 * A sheet with every kind of thing and of stuff by its name, and a grid of scenes.
 *
 * @param seed seed of the first scene; the things' looks follow from it too
 * @param sceneCount number of scenes, a multiple of six fills the rows
 * @returns RGB picture, 1524 pixels wide
 * @example
 * ```ts
 * import { writeFileAtomic } from '@vitamin-vlm/core';
 * import { encodePng } from '@vitamin-vlm/image';
 * import { contactSheet } from '@vitamin-vlm/picture-world';
 * await writeFileAtomic('sheet.png', await encodePng(contactSheet(1, 24)));
 * ```
 */
export function contactSheet(seed: number, sceneCount: number, split: Split = 'train'): Picture {
  const things = Math.ceil(kinds.length / columns) * (cell + label);
  const stuffs = Math.ceil(stuff.length / columns) * (cell + label);
  const heading = 44;
  const height = 3 * heading + things + stuffs + Math.ceil(sceneCount / scenesAcross) * (sceneSide + gap) + gap;
  const c = createCanvas(sheetWidth, height).getContext('2d');
  useFont();
  c.fillStyle = '#f6f4ee';
  c.fillRect(0, 0, sheetWidth, height);
  title(c, `${kinds.length} kinds of things: ${kinds.length - novelKinds.length} base, ${novelKinds.length} novel (gold)`, 0);
  drawKinds(c, heading, seed, split);
  title(c, `${stuff.length} kinds of stuff`, heading + things);
  drawStuff(c, 2 * heading + things, seed, split);
  title(c, `Scenes of seeds ${seed} to ${seed + sceneCount - 1}, ${split}`, 2 * heading + things + stuffs);
  for (let i = 0; i < sceneCount; i++) {
    const { picture } = renderScene(seed + i, { width: sceneSide, split });
    putPicture(
      c,
      picture,
      gap + (i % scenesAcross) * (sceneSide + gap),
      3 * heading + things + stuffs + Math.floor(i / scenesAcross) * (sceneSide + gap),
    );
  }
  return toPicture(c, sheetWidth, height);
}

function useFont(): void {
  if (GlobalFonts.has(family)) return;
  GlobalFonts.registerFromPath(require.resolve('@vitamin-vlm/image/fonts/noto-sans-latin-600.woff2'), family);
}

function title(c: SKRSContext2D, text: string, y: number): void {
  c.fillStyle = '#3a3d42';
  c.font = `20px "${family}"`;
  c.textAlign = 'left';
  c.fillText(text, gap + 4, y + 30);
}

function caption(c: SKRSContext2D, text: string, x: number, y: number): void {
  c.fillStyle = '#3a3d42';
  c.font = `13px "${family}"`;
  c.textAlign = 'center';
  c.fillText(text, x, y, cell - 4);
}

function drawKinds(c: SKRSContext2D, top: number, seed: number, split: Split): void {
  const random = new Random(seed, split, 'single');
  kinds.forEach((kind, i) => {
    const x = gap + (i % columns) * cell;
    const y = top + Math.floor(i / columns) * (cell + label);
    c.fillStyle = kind.novel ? '#f6e3a8' : '#dcebe4';
    c.beginPath();
    c.roundRect(x + 3, y + 3, cell - 6, cell - 6, 12);
    c.fill();
    const zone = { on: '', phrase: '', kind: 'hangs', area: [0, 0, 1, 1], near: 1, far: 1, weight: 1, kinds: [] } as const;
    const placement = place(kind, dressFor(kind, random), zone, x + cell / 2, y + cell * 0.54, cell * 0.7, random);
    drawPlacement(c, { ...placement, angle: 0 }, random);
    caption(c, kind.name, x + cell / 2, y + cell + 11);
  });
}

function drawStuff(c: SKRSContext2D, top: number, seed: number, split: Split): void {
  stuff.forEach((s, i) => {
    const x = gap + (i % columns) * cell + 3;
    const y = top + Math.floor(i / columns) * (cell + label) + 3;
    const setting: Setting = {
      phrase: '',
      light: 'day',
      layers: [
        { stuff: s.category.startsWith('wall') || s.supercategory === 'furniture-stuff' ? 'wall' : 'sky', area: [0, 0, 1, 1] },
        {
          stuff: s.name,
          area: ['trees', 'mountain', 'building', 'fence'].includes(s.name)
            ? [0, 0.3, 1, 1]
            : s.name === 'window'
              ? [0.15, 0.15, 0.85, 0.85]
              : [0, 0.12, 1, 1],
        },
      ],
      zones: [],
    };
    const composed = compose(setting, [], cell - 6, cell - 6, new Random(seed + i, split, 'scene'));
    putPicture(c, composed, x, y);
    caption(c, s.name, x + cell / 2 - 3, y + cell + 8);
  });
}

function putPicture(c: SKRSContext2D, { width, height, data }: Picture, x: number, y: number): void {
  const pixels = c.createImageData(width, height);
  for (let from = 0, to = 0; from < data.length; from += 3, to += 4) {
    pixels.data.set(data.subarray(from, from + 3), to);
    pixels.data[to + 3] = 255;
  }
  c.putImageData(pixels, x, y);
}

function toPicture(c: SKRSContext2D, width: number, height: number): Picture {
  const { data: rgba } = c.getImageData(0, 0, width, height);
  const data = new Uint8Array(width * height * 3);
  for (let from = 0, to = 0; to < data.length; from += 4, to += 3) data.set(rgba.subarray(from, from + 3), to);
  return { width, height, data };
}
