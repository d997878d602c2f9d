import { VitaminError } from '@vitamin-vlm/core';

/** What a number must be, for messages. */
const kinds = {
  share: { text: 'a number from 0 to 1', fits: (value: number): boolean => value >= 0 && value <= 1 },
  count: { text: 'a positive whole number', fits: (value: number): boolean => Number.isSafeInteger(value) && value >= 1 },
  factor: { text: 'a positive number', fits: (value: number): boolean => value > 0 && Number.isFinite(value) },
  number: { text: 'a number', fits: (value: number): boolean => !Number.isNaN(value) },
} as const;

/** Settings by what they must be. */
const settings: Readonly<Record<string, keyof typeof kinds>> = {
  score: 'number',
  nms: 'share',
  max: 'count',
  alpha: 'share',
  beta: 'share',
  detectTemperature: 'factor',
  vlmTemperature: 'factor',
  proposals: 'count',
  proposalsPerLevel: 'count',
  proposalNms: 'share',
};

/**
 * Checks the settings that are given, whether by the caller or by a detector's file.
 *
 * @throws VitaminError `USAGE` that names the first one out of range.
 */
export function checkSettings(given: Readonly<Record<string, unknown>>): void {
  for (const [name, kind] of Object.entries(settings)) {
    const values = [given[name]].flat();
    const { text, fits } = kinds[kind];
    const wrong = values.find((value) => value !== undefined && !(typeof value === 'number' && fits(value)));
    if (wrong === undefined) continue;
    throw new VitaminError(
      'USAGE',
      `Expected ${text} for ${name} but received ${typeof wrong === 'number' ? wrong : JSON.stringify(wrong)}`,
    );
  }
}
