import { tone } from '../colors.ts';
import { type StuffPainter, fillOval, fillShape, layRectangle, strokeLine } from './brush.ts';

const sky: StuffPainter = (brush) => {
  const { c, area, unit, light, random } = brush;
  const [high, low] = { day: ['#5fb4ec', '#d5f0fb'], sunset: ['#7d6bb5', '#fdbf84'], overcast: ['#a9b8c6', '#dde4e8'] }[light] as [
    string,
    string,
  ];
  layRectangle(brush, high, low);
  if (light !== 'overcast' && random.chance(0.6)) {
    const [x, y, r] = [
      random.range(area.left, area.right),
      area.top + random.range(0.08, 0.5) * (area.bottom - area.top),
      random.range(5, 8) * unit,
    ];
    fillOval(c, x, y, r * 1.6, r * 1.6, '#fff3c055');
    fillOval(c, x, y, r, r, light === 'day' ? '#ffe680' : '#ffd08a');
  }
  const cloud = light === 'sunset' ? '#ffd9c4' : '#ffffff';
  for (let i = random.integer(1, 4); i > 0; i--) {
    const [x, y, s] = [
      random.range(area.left, area.right),
      area.top + random.range(0.05, 0.65) * (area.bottom - area.top),
      random.range(0.7, 1.4) * unit,
    ];
    for (const [dx, dy, r] of [
      [-8, 1, 4.5],
      [-2, -2, 6.5],
      [5, -0.5, 5.5],
      [10, 1.5, 3.5],
    ] as const)
      fillOval(c, x + dx * s, y + dy * s, r * 1.2 * s, r * 0.8 * s, cloud);
  }
};

const mountain: StuffPainter = ({ c, area, unit, random }) => {
  const base = random.pick(['#8d93b4', '#7f9aa8', '#9a8fa6', '#8aa08c']);
  const peaks = random.integer(3, 5);
  const width = (area.right - area.left) / (peaks - 1);
  const height = area.bottom - area.top;
  const tops: [number, number, number][] = [];
  for (let i = 0; i < peaks; i++)
    tops.push([
      area.left + (i + random.range(-0.35, 0.35)) * width,
      area.top + random.range(0, 0.45) * height,
      width * random.range(0.75, 1),
    ]);
  for (const [x, y, half] of tops) fillShape(c, [x - half, area.bottom + 1, x, y, x + half, area.bottom + 1], base);
  c.fillStyle = base;
  c.fillRect(area.left, area.bottom - 2 * unit, area.right - area.left, 2 * unit + 1);
  c.globalCompositeOperation = 'source-atop';
  for (const [x, y, half] of tops) {
    fillShape(c, [x, y, x + half, area.bottom + 1, x + half * 0.15, area.bottom + 1, x + half * 0.1, y + height * 0.3], tone(base, -0.14));
    const cap = height * 0.26;
    const slope = (half * cap) / (area.bottom - y);
    fillShape(
      c,
      [
        x,
        y,
        x + slope,
        y + cap,
        x + slope * 0.3,
        y + cap * 0.75,
        x - slope * 0.1,
        y + cap * 1.1,
        x - slope * 0.5,
        y + cap * 0.8,
        x - slope,
        y + cap,
      ],
      '#f4f7fb',
    );
  }
};

const trees: StuffPainter = ({ c, area, unit, light, random }) => {
  const conifers = random.chance(0.4);
  const height = area.bottom - area.top;
  const greens = light === 'sunset' ? ['#5d7f45', '#4d6f3f'] : ['#4c9149', '#3c7d45', '#5fa450'];
  c.fillStyle = greens[0]!;
  c.fillRect(area.left, area.bottom - height * 0.35, area.right - area.left, height * 0.35 + 1);
  const crowns: [number, number, number, string][] = [];
  for (let x = area.left - 4 * unit; x < area.right + 6 * unit; x += random.range(5, 10) * unit)
    crowns.push([x, random.range(0.55, 1) * height, random.range(5, 9) * unit, random.pick(greens)]);
  for (const [x, h, r, green] of crowns) {
    if (conifers)
      for (const [at, spread] of [
        [0.42, 0.95],
        [0.2, 0.75],
        [0, 0.5],
      ] as const)
        fillShape(
          c,
          [
            x,
            area.bottom - h * (1 - at),
            x + r * spread,
            area.bottom - h * (0.5 - at * 0.9),
            x - r * spread,
            area.bottom - h * (0.5 - at * 0.9),
          ],
          green,
        );
    else fillOval(c, x, area.bottom - h * 0.55, r, h * 0.45, green);
  }
  c.globalCompositeOperation = 'source-atop';
  for (const [x, h, r, green] of crowns) {
    if (!conifers) fillOval(c, x - r * 0.25, area.bottom - h * 0.68, r * 0.5, h * 0.2, tone(green, 0.14));
    strokeLine(c, [x, area.bottom, x, area.bottom - h * 0.22], 1.4 * unit, '#6b4a30');
  }
};

const building: StuffPainter = ({ c, area, unit, random }) => {
  const fronts: [number, number, number, string][] = [];
  for (let x = area.left - random.range(0, 8) * unit; x < area.right;) {
    const width = random.range(15, 26) * unit;
    const top = area.top + random.range(0, 0.5) * (area.bottom - area.top);
    const color = random.pick(['#d98f6c', '#e3c08a', '#a9b7c4', '#c7a3b4', '#93b5a1', '#d8d0c0']);
    c.fillStyle = color;
    c.fillRect(Math.floor(x), Math.floor(top), Math.ceil(width) + 1, Math.ceil(area.bottom - top) + 1);
    if (random.chance(0.35)) fillShape(c, [x - unit, top + 1, x + width / 2, top - 7 * unit, x + width + unit, top + 1], '#a8554a');
    fronts.push([x, top, width, color]);
    x += width;
  }
  c.globalCompositeOperation = 'source-atop';
  for (const [x, top, width, color] of fronts) {
    const columns = Math.max(2, Math.floor(width / (7 * unit)));
    for (let row = 0, y = top + 3 * unit; y < area.bottom - 6 * unit; y += 7 * unit, row++) {
      for (let i = 0; i < columns; i++) {
        c.fillStyle = (row * 7 + i * 5 + columns) % 4 === 0 ? '#ffe9a6' : '#5f7d96';
        c.fillRect(x + ((i + 0.28) * width) / columns, y, (0.44 * width) / columns, 4 * unit);
      }
    }
    c.fillStyle = tone(color, -0.3);
    c.fillRect(x + width - 0.5 * unit, top, 0.5 * unit, area.bottom - top);
  }
};

const fence: StuffPainter = ({ c, area, unit, random }) => {
  const color = random.pick(['#f4efe4', '#b98a5a']);
  const height = area.bottom - area.top;
  c.fillStyle = color;
  for (const at of [0.3, 0.7]) c.fillRect(area.left, area.top + height * at, area.right - area.left, Math.max(1, 1.8 * unit));
  for (let x = area.left + random.range(0, 3) * unit; x < area.right; x += 6 * unit)
    fillShape(
      c,
      [
        x,
        area.bottom,
        x,
        area.top + 1.5 * unit,
        x + 1.6 * unit,
        area.top,
        x + 3.2 * unit,
        area.top + 1.5 * unit,
        x + 3.2 * unit,
        area.bottom,
      ],
      color,
    );
  c.globalCompositeOperation = 'source-atop';
  for (let x = area.left; x < area.right; x += 6 * unit) strokeLine(c, [x, area.bottom, x, area.top], 0.3 * unit, tone(color, -0.2));
};

/** What stands behind everything outdoors. */
export const backdrops: Readonly<Record<'sky' | 'mountain' | 'trees' | 'building' | 'fence', StuffPainter>> = {
  sky,
  mountain,
  trees,
  building,
  fence,
};
