/** Text made safe for HTML and attribute values: names in annotation files are foreign input. */
export function escape(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** One element of HTML or SVG. Attribute values are escaped, children are markup already. */
export function tag(
  name: string,
  attributes: Readonly<Record<string, string | number | undefined>> = {},
  ...children: readonly string[]
): string {
  const written = Object.entries(attributes).map(([key, value]) => (value === undefined ? '' : ` ${key}="${escape(String(value))}"`));
  return `<${name}${written.join('')}>${children.join('')}</${name}>`;
}

/** Coordinates with two decimals are exact enough on a screen and keep the page small. */
export function round(value: number): number {
  return Math.round(value * 100) / 100;
}

/** 0.5046 -> "50.5"; a dash where there is no number. */
export function percent(value: number | null | undefined): string {
  return value === null || value === undefined || value < 0 ? '–' : (100 * value).toFixed(1);
}

/** 36781 -> "36 781" with thin spaces at which no line breaks. */
export function thousands(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, '\u202F');
}

/** One part of the page. */
export function section(title: string, explanation: string, ...body: readonly string[]): string {
  return tag('section', {}, tag('h2', {}, escape(title)), tag('p', { class: 'explain' }, escape(explanation)), ...body);
}
