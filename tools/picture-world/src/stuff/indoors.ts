import { tone } from '../colors.ts';
import { type Brush, type StuffPainter, fillOval, fillShape, layRectangle, strokeLine } from './brush.ts';

const brickWall: StuffPainter = (brush) => {
  const { c, area, unit, random } = brush;
  const [brick, mortar] = random.pick([
    ['#b5604a', '#e2cdbd'],
    ['#c98a5f', '#ecdcc6'],
    ['#9c5a55', '#d8c3ba'],
  ] as const);
  layRectangle(brush, mortar);
  const [w, h] = [9 * unit, 4.2 * unit];
  for (let y = area.top, row = 0; y < area.bottom; y += h, row++) {
    for (let x = area.left - (row % 2) * (w / 2); x < area.right; x += w) {
      c.fillStyle = tone(brick, ((Math.round(x / w) * 3 + row * 5) % 7) * 0.03 - 0.08);
      c.fillRect(x + 0.4 * unit, y + 0.4 * unit, w - 0.8 * unit, h - 0.8 * unit);
    }
  }
};

const tileWall: StuffPainter = (brush) => {
  const { c, area, unit, random } = brush;
  const tile = random.pick(['#bfe0e6', '#e9e4d8', '#cfe3c6', '#f2d6da', '#c9d6ee']);
  layRectangle(brush, tile, tone(tile, -0.06));
  const side = random.range(8, 11) * unit;
  for (let x = area.left; x < area.right; x += side) strokeLine(c, [x, area.top, x, area.bottom], 0.6 * unit, '#ffffffd0');
  for (let y = area.top; y < area.bottom; y += side) strokeLine(c, [area.left, y, area.right, y], 0.6 * unit, '#ffffffd0');
};

const wall: StuffPainter = (brush) => {
  const { c, area, unit, random } = brush;
  const color = random.pick(['#f0e2c6', '#d5e3da', '#e8d3cf', '#cfdbe8', '#dcd5e6', '#e9e6df', '#c5d6c0']);
  layRectangle(brush, color, tone(color, -0.08));
  const paper = random.integer(0, 3);
  const shade = tone(color, -0.09);
  if (paper === 0) for (let x = area.left; x < area.right; x += 9 * unit) strokeLine(c, [x, area.top, x, area.bottom], 2.2 * unit, shade);
  if (paper === 1) {
    for (let y = area.top + 4 * unit, row = 0; y < area.bottom; y += 8 * unit, row++)
      for (let x = area.left + (row % 2) * 5 * unit; x < area.right; x += 10 * unit) fillOval(c, x, y, 1.3 * unit, 1.3 * unit, shade);
  }
  c.fillStyle = '#fbf8f0';
  c.fillRect(area.left, area.bottom - 2.6 * unit, area.right - area.left, 2.6 * unit);
};

const woodWall: StuffPainter = (brush) => {
  const { c, area, unit, random } = brush;
  const color = random.pick(['#c99b66', '#a97b50', '#d9b787']);
  layRectangle(brush, color, tone(color, -0.08));
  for (let x = area.left + random.range(0, 6) * unit; x < area.right; x += 8 * unit)
    strokeLine(c, [x, area.top, x, area.bottom], 0.6 * unit, tone(color, -0.3));
};

const woodFloor: StuffPainter = (brush) => {
  const { c, area, unit, random } = brush;
  const color = random.pick(['#c08a55', '#a8734a', '#d3a873']);
  layRectangle(brush, tone(color, -0.08), tone(color, 0.08));
  const line = tone(color, -0.28);
  for (let y = area.top, step = 3 * unit, row = 0; y < area.bottom; y += step, step *= 1.25, row++) {
    strokeLine(c, [area.left, y, area.right, y], 0.5 * unit, line);
    for (let x = area.left + ((row * 17) % 23) * unit; x < area.right; x += 27 * unit) strokeLine(c, [x, y, x, y + step], 0.5 * unit, line);
  }
};

const tileFloor: StuffPainter = (brush) => {
  const { c, area, unit, random } = brush;
  const [light, dark] = random.pick([
    ['#f1efe8', '#b9c4cc'],
    ['#f4e7d6', '#cf9f86'],
    ['#eef1f4', '#5d6874'],
    ['#e8f0e4', '#9fbfa0'],
  ] as const);
  layRectangle(brush, light);
  const middle = (area.left + area.right) / 2;
  const height = area.bottom - area.top;
  // Columns meet at a vanishing point one and a half heights above the floor.
  const spread = (y: number): number => (6 + (16 * (y - area.top)) / height) * unit;
  for (let y = area.top, step = 4 * unit, row = 0; y < area.bottom; y += step, step *= 1.4, row++) {
    const [a, b] = [spread(y), spread(y + step)];
    for (let i = -10 + (row % 2); i < 10; i += 2)
      fillShape(c, [middle + i * a, y, middle + (i + 1) * a, y, middle + (i + 1) * b, y + step, middle + i * b, y + step], dark);
  }
};

const carpet: StuffPainter = ({ c, area, unit, random }) => {
  const [base, trim] = random.pick([
    ['#b8484e', '#f2d6a2'],
    ['#3f6fa8', '#e7ecf2'],
    ['#5f8f6a', '#f0e4c4'],
    ['#8a5a9c', '#efd9ee'],
    ['#d9a04a', '#fbf0d8'],
  ] as const);
  const [x, y, rx, ry] = [
    (area.left + area.right) / 2,
    (area.top + area.bottom) / 2,
    (area.right - area.left) / 2,
    (area.bottom - area.top) / 2,
  ];
  const round = random.chance(0.5);
  const shape = (s: number, color: string): void => {
    if (round) fillOval(c, x, y, rx * s, ry * s, color);
    else fillShape(c, [x - rx * 0.8 * s, y - ry * s, x + rx * 0.8 * s, y - ry * s, x + rx * s, y + ry * s, x - rx * s, y + ry * s], color);
  };
  shape(1, base);
  c.globalCompositeOperation = 'source-atop';
  shape(0.88, trim);
  shape(0.78, base);
  for (let i = -2; i <= 2; i++) fillOval(c, x + i * rx * 0.26, y, 2 * unit, 1.2 * unit, trim);
};

function slab({ c, area, unit }: Brush, top: string, front: string, inset: number): void {
  const edge = area.bottom - area.top > 60 * unit ? area.bottom : area.bottom - 5 * unit;
  fillShape(
    c,
    [
      area.left + inset,
      area.top,
      area.right - inset,
      area.top,
      area.right,
      edge,
      area.right,
      area.bottom + 1,
      area.left,
      area.bottom + 1,
      area.left,
      edge,
    ],
    top,
  );
  c.globalCompositeOperation = 'source-atop';
  c.fillStyle = front;
  c.fillRect(area.left, edge, area.right - area.left, area.bottom - edge + 1);
}

const table: StuffPainter = (brush) => {
  const { c, area, unit, random } = brush;
  const style = random.integer(0, 2);
  if (style === 0) {
    const color = random.pick(['#c58f58', '#a9713f', '#dcb37c']);
    slab(brush, color, tone(color, -0.25), 6 * unit);
    for (let y = area.top + 6 * unit, step = 8 * unit; y < area.bottom - 5 * unit; y += step, step *= 1.2)
      strokeLine(c, [area.left, y, area.right, y], 0.5 * unit, tone(color, -0.15));
    return;
  }
  const [base, other] = random.pick([
    ['#f6f1e6', '#e2685f'],
    ['#eef4f8', '#6f9fd0'],
    ['#f8f3dc', '#86b562'],
    ['#f5e9ef', '#c98ab0'],
  ] as const);
  slab(brush, base, tone(base, -0.12), 6 * unit);
  if (style === 1) {
    const soft = `${other}60`;
    for (let x = area.left; x < area.right; x += 10 * unit) strokeLine(c, [x, area.top, x, area.bottom], 4 * unit, soft);
    for (let y = area.top + 3 * unit; y < area.bottom; y += 10 * unit) strokeLine(c, [area.left, y, area.right, y], 4 * unit, soft);
  } else strokeLine(c, [area.left, area.top + 2 * unit, area.right, area.top + 2 * unit], 1.6 * unit, other);
};

const counter: StuffPainter = (brush) => {
  const { c, area, unit, random } = brush;
  const cupboard = random.pick(['#e9dcc3', '#a7c0b4', '#c9d3dc', '#b98c62']);
  const top = random.pick(['#8f9499', '#6d5a4d', '#d9d4ca']);
  c.fillStyle = cupboard;
  c.fillRect(
    Math.round(area.left),
    Math.round(area.top),
    Math.round(area.right) - Math.round(area.left),
    Math.ceil(area.bottom - area.top) + 1,
  );
  c.globalCompositeOperation = 'source-atop';
  c.fillStyle = top;
  c.fillRect(area.left, area.top, area.right - area.left, 9 * unit);
  c.fillStyle = tone(top, -0.25);
  c.fillRect(area.left, area.top + 9 * unit, area.right - area.left, 1.6 * unit);
  for (let x = area.left; x < area.right; x += 18 * unit) {
    strokeLine(c, [x, area.top + 11 * unit, x, area.bottom], 0.6 * unit, tone(cupboard, -0.3));
    strokeLine(c, [x + 14 * unit, area.top + 15 * unit, x + 14 * unit, area.top + 19 * unit], 1 * unit, tone(cupboard, -0.45));
  }
};

const window: StuffPainter = ({ c, area, unit, random }) => {
  const [w, h] = [area.right - area.left, area.bottom - area.top];
  c.fillStyle = '#fbfaf5';
  c.fillRect(area.left, area.top, w, h);
  c.globalCompositeOperation = 'source-atop';
  const f = 1.6 * unit;
  const evening = random.chance(0.3);
  c.fillStyle = evening ? '#34426e' : '#9cd3f2';
  c.fillRect(area.left + f, area.top + f, w - 2 * f, h - 2 * f);
  if (evening)
    for (let i = 1; i < 6; i++)
      fillOval(c, area.left + w * ((i * 0.37) % 0.9), area.top + h * ((i * 0.23) % 0.7), 0.5 * unit, 0.5 * unit, '#fff6cf');
  else fillOval(c, area.left + w * 0.35, area.bottom, w * 0.5, h * 0.3, '#7fbf6a');
  strokeLine(c, [area.left + w / 2, area.top, area.left + w / 2, area.bottom], f * 0.8, '#fbfaf5');
  strokeLine(c, [area.left, area.top + h / 2, area.right, area.top + h / 2], f * 0.8, '#fbfaf5');
  strokeLine(c, [area.left, area.bottom - f / 2, area.right, area.bottom - f / 2], f, '#e2ddd0');
};

const curtain: StuffPainter = (brush) => {
  const { c, area, unit, random } = brush;
  const color = random.pick(['#c9605c', '#6f8fc0', '#d9b25a', '#7fa678', '#a77fb5']);
  layRectangle(brush, color);
  for (let x = area.left + 1.5 * unit; x < area.right; x += 3 * unit)
    strokeLine(c, [x, area.top, x, area.bottom], 1 * unit, tone(color, -0.18));
};

type IndoorStuff =
  | 'brickWall'
  | 'tileWall'
  | 'wall'
  | 'woodWall'
  | 'woodFloor'
  | 'tileFloor'
  | 'carpet'
  | 'table'
  | 'counter'
  | 'window'
  | 'curtain';

/** Stuff under a roof. */
export const indoors: Readonly<Record<IndoorStuff, StuffPainter>> = {
  brickWall,
  tileWall,
  wall,
  woodWall,
  woodFloor,
  tileFloor,
  carpet,
  table,
  counter,
  window,
  curtain,
};
