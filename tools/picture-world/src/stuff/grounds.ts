import { type Brush, type StuffPainter, fillOval, fillShape, layRectangle, layRolling, strokeLine } from './brush.ts';

/** Calls back at scattered points that grow denser and smaller towards the top (the distance). */
function scatter({ area, random }: Brush, count: number, mark: (x: number, y: number, near: number) => void): void {
  for (let i = 0; i < count; i++) {
    const near = random.next() ** 0.7;
    mark(random.range(area.left, area.right), area.top + near * (area.bottom - area.top), 0.4 + 0.6 * near);
  }
}

function waves(brush: Brush, colors: readonly string[]): void {
  const { c, unit, random } = brush;
  scatter(brush, 26, (x, y, near) => {
    const w = random.range(2.5, 6) * unit * near;
    strokeLine(
      c,
      [x - w, y, x - w / 2, y - 0.5 * unit * near, x, y, x + w / 2, y - 0.5 * unit * near, x + w, y],
      0.6 * unit * near,
      random.pick(colors),
    );
  });
}

const sea: StuffPainter = (brush) => {
  const [far, near] = brush.light === 'sunset' ? ['#6a6fae', '#b98aa8'] : ['#2f7fc0', '#4fb3d4'];
  layRectangle(brush, far, near);
  waves(brush, ['#ffffffb0', '#bfe6f6a0', '#2467a580']);
};

const water: StuffPainter = (brush) => {
  layRectangle(brush, '#4b9fb0', '#6fc3c0');
  waves(brush, ['#d8f4f0b0', '#3a8a9c90']);
};

const sand: StuffPainter = (brush) => {
  const { c, unit, random } = brush;
  layRolling(brush, '#f3dca2', '#e6c27c', 1);
  scatter(brush, 40, (x, y, near) =>
    fillOval(c, x, y, 0.6 * unit * near, 0.4 * unit * near, random.pick(['#cfa766', '#fbeec8', '#d9b577'])),
  );
};

/** Green in meadows and parks, yellow in the savanna. */
function grassOf(colors: readonly [string, string, string], flowers: number): StuffPainter {
  return (brush) => {
    const { c, unit, random } = brush;
    layRolling(brush, colors[0], colors[1], 1.2);
    scatter(brush, 34, (x, y, near) => {
      const h = 2.4 * unit * near;
      strokeLine(c, [x - h * 0.5, y - h, x, y, x + h * 0.1, y - h * 1.2, x, y, x + h * 0.6, y - h * 0.9], 0.5 * unit * near, colors[2]);
    });
    scatter(brush, flowers, (x, y, near) => {
      fillOval(c, x, y, 0.95 * unit * near, 0.95 * unit * near, random.pick(['#ffffff', '#ffe14d', '#f59ac0']));
    });
  };
}

const grass = grassOf(['#8ccb5e', '#5fae48', '#4a9440'], 14);

const savanna = grassOf(['#dcc56b', '#c3a04a', '#9c7c36'], 0);

const road: StuffPainter = (brush) => {
  const { c, area, unit, random } = brush;
  layRectangle(brush, '#7b7f88', '#63676f');
  c.fillStyle = '#d9d6cc';
  c.fillRect(area.left, area.top, area.right - area.left, 1.2 * unit);
  const y = area.top + (area.bottom - area.top) * 0.5;
  c.fillStyle = '#f7f3df';
  for (let x = area.left - random.range(0, 14) * unit; x < area.right; x += 16 * unit) c.fillRect(x, y, 8 * unit, 1.6 * unit);
};

const pavement: StuffPainter = (brush) => {
  const { c, area, unit } = brush;
  layRectangle(brush, '#cbc4ba', '#b9b1a6');
  const middle = (area.left + area.right) / 2;
  for (let i = -8; i <= 8; i++)
    strokeLine(c, [middle + i * 9 * unit, area.top, middle + i * 16 * unit, area.bottom], 0.5 * unit, '#9d958a');
  for (let y = area.top, step = 4 * unit; y < area.bottom; y += step, step *= 1.4)
    strokeLine(c, [area.left, y, area.right, y], 0.5 * unit, '#9d958a');
};

const snow: StuffPainter = (brush) => {
  const { c, unit, random } = brush;
  layRolling(brush, '#f7fbff', '#dbe9f5', 2);
  scatter(brush, 14, (x, y, near) =>
    strokeLine(
      c,
      [x, y, x + 5 * unit * near, y + 0.8 * unit, x + 10 * unit * near, y],
      0.8 * unit * near,
      random.pick(['#c3d8ea', '#ffffff']),
    ),
  );
};

const dirt: StuffPainter = (brush) => {
  const { c, unit, random } = brush;
  layRolling(brush, '#c99a66', '#a97847', 1);
  scatter(brush, 26, (x, y, near) => fillOval(c, x, y, 1.1 * unit * near, 0.6 * unit * near, random.pick(['#8a5f38', '#dcb486'])));
};

const railroad: StuffPainter = (brush) => {
  const { c, area, unit } = brush;
  layRectangle(brush, '#a59a8c', '#8d8377');
  const height = area.bottom - area.top;
  for (let x = area.left - 2 * unit; x < area.right + 6 * unit; x += 6 * unit)
    fillShape(
      c,
      [x, area.top + height * 0.1, x + 2.4 * unit, area.top + height * 0.1, x + 1 * unit, area.bottom, x - 2 * unit, area.bottom],
      '#6b4a33',
    );
  for (const at of [0.25, 0.72])
    strokeLine(c, [area.left - 2, area.top + height * at, area.right + 2, area.top + height * at], 1.4 * unit, '#d5dade');
};

type Ground = 'sea' | 'water' | 'sand' | 'grass' | 'savanna' | 'road' | 'pavement' | 'snow' | 'dirt' | 'railroad';

/** What lies underfoot outdoors, and water. */
export const grounds: Readonly<Record<Ground, StuffPainter>> = { sea, water, sand, grass, savanna, road, pavement, snow, dirt, railroad };
