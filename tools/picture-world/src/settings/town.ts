import { type SettingMaker, anyLight, ground, skyZone } from './setting.ts';

const street: SettingMaker = (random) => {
  const curb = random.range(0.46, 0.54);
  const edge = curb + random.range(0.1, 0.14);
  return {
    phrase: 'on a street',
    light: anyLight(random),
    layers: [
      { stuff: 'sky', area: [0, 0, 1, curb] },
      { stuff: 'building', area: [0, random.range(0.04, 0.18), 1, curb] },
      { stuff: 'pavement', area: [0, curb, 1, edge] },
      { stuff: 'road', area: [0, edge, 1, 1] },
    ],
    zones: [
      ground(
        'pavement',
        [0.06, curb + 0.04, 0.94, edge - 0.03],
        [0.17, 0.19],
        1.6,
        ['person', 'person', 'bench', 'dog', 'cat', 'suitcase', 'backpack', 'umbrella', 'handbag', 'chair', 'bird'],
        ['person'],
      ),
      ground('road', [0.1, edge + 0.1, 0.9, 0.96], [0.15, 0.2], 3, [
        'car',
        'car',
        'bus',
        'truck',
        'bicycle',
        'motorcycle',
        'person',
        'skateboard',
      ]),
    ],
  };
};

const railway: SettingMaker = (random) => {
  const horizon = random.range(0.36, 0.46);
  const rails = horizon + random.range(0.1, 0.16);
  return {
    phrase: 'by the railway',
    light: anyLight(random),
    layers: [
      { stuff: 'sky', area: [0, 0, 1, horizon] },
      { stuff: random.pick(['mountain', 'trees', 'building']), area: [0, horizon - random.range(0.16, 0.24), 1, horizon] },
      { stuff: 'grass', area: [0, horizon, 1, 1] },
      { stuff: 'railroad', area: [0, rails, 1, rails + 0.14] },
      { stuff: 'pavement', area: [0, rails + 0.2, 1, 1] },
    ],
    zones: [
      skyZone(horizon, ['bird', 'airplane'], 0.4),
      { ...ground('railroad', [0.3, rails + 0.08, 0.7, rails + 0.1], [0.22, 0.24], 2, ['train']), phrase: 'on the rails' },
      ground('pavement', [0.08, rails + 0.28, 0.92, 0.97], [0.2, 0.26], 2.4, [
        'person',
        'person',
        'suitcase',
        'bench',
        'backpack',
        'handbag',
        'dog',
        'bicycle',
        'umbrella',
      ]),
    ],
  };
};

const skatePark: SettingMaker = (random) => {
  const wall = random.range(0.42, 0.54);
  return {
    phrase: 'in a yard',
    light: anyLight(random),
    layers: [
      { stuff: 'sky', area: [0, 0, 1, wall] },
      { stuff: 'trees', area: [0, 0.06, 1, 0.35] },
      { stuff: random.pick(['brick wall', 'fence']), area: [0, random.range(0.2, 0.28), 1, wall] },
      { stuff: 'pavement', area: [0, wall, 1, 1] },
    ],
    zones: [
      ground('pavement', [0.08, wall + 0.12, 0.92, 0.97], [0.2, 0.29], 3, [
        'skateboard',
        'skateboard',
        'person',
        'person',
        'bicycle',
        'cat',
        'dog',
        'motorcycle',
        'backpack',
        'bench',
        'chair',
        'frisbee',
        'suitcase',
      ]),
    ],
  };
};

const airport: SettingMaker = (random) => {
  const horizon = random.range(0.4, 0.5);
  return {
    phrase: 'at an airport',
    light: anyLight(random),
    layers: [
      { stuff: 'sky', area: [0, 0, 1, horizon] },
      { stuff: random.pick(['building', 'trees']), area: [0, horizon - random.range(0.1, 0.16), 1, horizon] },
      { stuff: 'grass', area: [0, horizon, 1, horizon + 0.08] },
      { stuff: 'road', area: [0, horizon + 0.07, 1, 1] },
    ],
    zones: [
      skyZone(horizon, ['airplane', 'airplane', 'bird'], 1.2),
      ground(
        'road',
        [0.12, horizon + 0.2, 0.88, 0.96],
        [0.13, 0.18],
        3,
        ['airplane', 'airplane', 'bus', 'truck', 'suitcase', 'suitcase', 'person', 'car'],
        ['suitcase', 'person'],
      ),
    ],
  };
};

/** Settings among streets and rails. */
export const townSettings: readonly SettingMaker[] = [street, railway, skatePark, airport];
