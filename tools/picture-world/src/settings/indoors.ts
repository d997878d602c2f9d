import { type SettingMaker, ground, hanging } from './setting.ts';

const cutlery = ['fork', 'knife', 'spoon'] as const;
const meals = ['banana', 'apple', 'sandwich', 'orange', 'broccoli', 'carrot', 'pizza', 'donut', 'cake'] as const;

const kitchen: SettingMaker = (random) => {
  const floor = random.range(0.64, 0.72);
  const left = random.chance(0.5);
  const split = left ? random.range(0.56, 0.62) : random.range(0.38, 0.44);
  const [from, to] = left ? [0, split] : [split, 1];
  const top = random.range(0.44, 0.48);
  const wall = random.pick(['tiled wall', 'wall', 'brick wall']);
  const floorStuff = random.pick(['tiled floor', 'wood floor']);
  // Beside the counter, where large things stand.
  const [freeFrom, freeTo] = left ? [to + 0.12, 0.9] : [0.1, from - 0.12];
  return {
    phrase: 'in a kitchen',
    light: 'day',
    layers: [
      { stuff: wall, area: [0, 0, 1, floor] },
      { stuff: floorStuff, area: [0, floor, 1, 1] },
      { stuff: 'counter', area: [from, top, to, floor + 0.04] },
    ],
    zones: [
      hanging(wall, [freeFrom, 0.12, freeTo, 0.14], 0.3, ['clock']),
      ground('counter', [from + 0.1, top + 0.05, to - 0.1, top + 0.085], [0.4, 0.42], 3, [
        'microwave',
        'microwave',
        'toaster',
        'toaster',
        'bottle',
        'cup',
        'bowl',
        'vase',
        ...meals,
      ]),
      ground(floorStuff, [freeFrom, floor + 0.03, freeTo, floor + 0.07], [0.42, 0.43], 1.6, [
        'refrigerator',
        'refrigerator',
        'oven',
        'oven',
        'sink',
      ]),
      ground(floorStuff, [0.08, 0.9, 0.92, 0.97], [0.32, 0.34], 1, ['cat', 'chair', 'dog', 'person']),
    ],
  };
};

const diningTable: SettingMaker = (random) => {
  const top = random.range(0.3, 0.38);
  const wall = random.pick(['wall', 'brick wall', 'wood wall']);
  return {
    phrase: 'in a dining room',
    light: 'day',
    layers: [
      { stuff: wall, area: [0, 0, 1, 1] },
      { stuff: 'table', area: [0, top, 1, 1] },
    ],
    zones: [
      ground(
        'table',
        [0.12, top + 0.16, 0.88, 0.95],
        [0.42, 0.54],
        1,
        [...meals, ...cutlery, 'cup', 'bottle', 'bowl', 'vase', ...meals, ...cutlery, 'cup', 'bowl', 'cat'],
        ['apple', 'orange', 'banana', 'donut'],
      ),
    ],
  };
};

const picnic: SettingMaker = (random) => {
  const top = random.range(0.4, 0.46);
  return {
    phrase: 'in a garden',
    light: random.pick(['day', 'day', 'sunset']),
    layers: [
      { stuff: 'sky', area: [0, 0, 1, 0.3] },
      { stuff: 'trees', area: [0, 0.1, 1, 0.3] },
      { stuff: 'grass', area: [0, 0.28, 1, 1] },
      { stuff: 'table', area: [0.04, top, 0.96, 1] },
    ],
    zones: [
      ground(
        'table',
        [0.18, top + 0.14, 0.82, 0.93],
        [0.4, 0.5],
        3,
        [...meals, ...cutlery, ...meals, 'cup', 'bottle', 'bowl', 'vase', 'book'],
        ['apple', 'donut'],
      ),
      ground('grass', [0.1, 0.34, 0.9, 0.37], [0.2, 0.21], 0.5, ['dog', 'cat', 'bird', 'person', 'chair']),
    ],
  };
};

const desk: SettingMaker = (random) => {
  const top = random.range(0.36, 0.42);
  const wall = random.pick(['wall', 'wood wall', 'brick wall']);
  return {
    phrase: 'in an office',
    light: 'day',
    layers: [
      { stuff: wall, area: [0, 0, 1, 1] },
      ...(random.chance(0.5) ? [{ stuff: 'window', area: [0.55, 0.05, 0.92, 0.3] } as const] : []),
      { stuff: 'table', area: [0, top, 1, 1] },
    ],
    zones: [
      hanging(wall, [0.16, 0.15, 0.4, 0.2], 0.34, ['clock', 'tie']),
      ground(
        'table',
        [0.16, top + 0.16, 0.84, 0.94],
        [0.44, 0.54],
        4,
        [
          'laptop',
          'laptop',
          'keyboard',
          'keyboard',
          'mouse',
          'mouse',
          'book',
          'book',
          'cup',
          'scissors',
          'scissors',
          'remote',
          'tie',
          'bottle',
          'apple',
          'vase',
        ],
        ['book'],
      ),
    ],
  };
};

const livingRoom: SettingMaker = (random) => {
  const floor = random.range(0.54, 0.62);
  const wall = random.pick(['wall', 'wall', 'brick wall', 'wood wall']);
  const right = random.chance(0.5);
  const pane: [number, number, number, number] = right ? [0.6, 0.1, 0.9, 0.4] : [0.1, 0.1, 0.4, 0.4];
  return {
    phrase: 'in a living room',
    light: 'day',
    layers: [
      { stuff: wall, area: [0, 0, 1, floor] },
      ...(random.chance(0.6)
        ? ([
            { stuff: 'curtain', area: [pane[0] - 0.07, 0.07, pane[2] + 0.07, 0.46] },
            { stuff: 'window', area: pane },
          ] as const)
        : []),
      { stuff: 'wood floor', area: [0, floor, 1, 1] },
      { stuff: 'carpet', area: [0.06, 0.74, 0.94, 0.98] },
    ],
    zones: [
      hanging(wall, right ? [0.15, 0.15, 0.38, 0.26] : [0.62, 0.15, 0.85, 0.26], 0.32, ['clock']),
      ground('wood floor', [0.18, floor + 0.04, 0.82, floor + 0.08], [0.33, 0.35], 1.6, ['couch', 'couch', 'tv', 'tv', 'chair', 'vase']),
      ground('carpet', [0.26, 0.82, 0.74, 0.92], [0.36, 0.4], 2, [
        'cat',
        'dog',
        'person',
        'book',
        'remote',
        'laptop',
        'chair',
        'handbag',
        'backpack',
        'skateboard',
      ]),
    ],
  };
};

const bedroom: SettingMaker = (random) => {
  const floor = random.range(0.56, 0.64);
  const wall = random.pick(['wall', 'wall', 'wood wall']);
  const floorStuff = random.pick(['wood floor', 'tiled floor', 'wood floor']);
  return {
    phrase: 'in a bedroom',
    light: 'day',
    layers: [
      { stuff: wall, area: [0, 0, 1, floor] },
      ...(random.chance(0.5) ? [{ stuff: 'window', area: [0.36, 0.08, 0.64, 0.36] } as const] : []),
      { stuff: floorStuff, area: [0, floor, 1, 1] },
    ],
    zones: [
      hanging(wall, [0.12, 0.17, 0.22, 0.24], 0.34, ['clock', 'tie', 'tie']),
      hanging(wall, [0.8, 0.17, 0.86, 0.24], 0.36, ['tie', 'clock', 'umbrella', 'handbag']),
      ground(floorStuff, [0.28, floor + 0.08, 0.72, floor + 0.14], [0.4, 0.42], 1.6, ['bed', 'bed', 'bed', 'chair']),
      ground(floorStuff, [0.12, 0.86, 0.88, 0.97], [0.34, 0.38], 2.2, [
        'cat',
        'dog',
        'suitcase',
        'suitcase',
        'backpack',
        'handbag',
        'umbrella',
        'book',
        'person',
        'chair',
        'skis',
        'snowboard',
        'laptop',
      ]),
    ],
  };
};

const bathroom: SettingMaker = (random) => {
  const floor = random.range(0.58, 0.66);
  return {
    phrase: 'in a bathroom',
    light: 'day',
    layers: [
      { stuff: 'tiled wall', area: [0, 0, 1, floor] },
      ...(random.chance(0.4) ? [{ stuff: 'window', area: [0.58, 0.08, 0.84, 0.34] } as const] : []),
      { stuff: 'tiled floor', area: [0, floor, 1, 1] },
      ...(random.chance(0.5) ? [{ stuff: 'carpet', area: [0.2, 0.84, 0.8, 0.98] } as const] : []),
    ],
    zones: [
      hanging('tiled wall', [0.14, 0.18, 0.46, 0.26], 0.4, ['toothbrush', 'toothbrush', 'clock', 'scissors']),
      ground('tiled floor', [0.14, floor + 0.08, 0.86, floor + 0.16], [0.42, 0.44], 3, [
        'toilet',
        'toilet',
        'sink',
        'sink',
        'vase',
        'cat',
        'chair',
        'person',
      ]),
    ],
  };
};

const washstand: SettingMaker = (random) => {
  const top = random.range(0.42, 0.5);
  return {
    phrase: 'in a bathroom',
    light: 'day',
    layers: [
      { stuff: 'tiled wall', area: [0, 0, 1, 1] },
      { stuff: 'table', area: [0, top, 1, 1] },
    ],
    zones: [
      hanging('tiled wall', [0.15, 0.17, 0.85, 0.24], 0.36, ['clock', 'scissors']),
      ground('table', [0.14, top + 0.14, 0.86, 0.94], [0.46, 0.56], 2, [
        'toothbrush',
        'toothbrush',
        'toothbrush',
        'scissors',
        'cup',
        'bottle',
        'bottle',
        'vase',
        'bowl',
      ]),
    ],
  };
};

/** Settings under a roof, and the garden table. */
export const indoorSettings: readonly SettingMaker[] = [kitchen, diningTable, picnic, desk, livingRoom, bedroom, bathroom, washstand];
