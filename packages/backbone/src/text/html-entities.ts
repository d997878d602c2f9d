import { decodeHTML, decodeHTMLStrict } from 'entities';

/** What the C1 control codes mean in Windows-1252; the five unassigned ones stay themselves. */
const windows1252 = '€\u0081‚ƒ„…†‡ˆ‰Š‹Œ\u008dŽ\u008f\u0090‘’“”•–—˜™š›œ\u009džŸ';

/** One character U+0080..U+009F by its Windows-1252 meaning. */
export function c1ToWindows1252(code: number): string {
  return windows1252[code - 0x80]!;
}

/** HTML5 character reference by number, with Python's rules: unusable numbers become U+FFFD or nothing. */
function decodeNumber(code: number): string {
  if (code === 0 || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) return '\ufffd';
  if (code >= 0x80 && code <= 0x9f) return c1ToWindows1252(code);
  const control = code < 9 || code === 11 || (code >= 14 && code < 32) || code === 0x7f;
  const noncharacter = (code >= 0xfdd0 && code <= 0xfdef) || (code & 0xfffe) === 0xfffe;
  return control || noncharacter ? '' : String.fromCodePoint(code);
}

/**
 * Python's `html.unescape`: numbers with or without a semicolon, names by the longest known prefix (`&ampx` is `&x`).
 * Names come from the `entities` package; numbers are decoded here because it keeps control codes.
 */
export function unescapeHtml(text: string): string {
  if (!text.includes('&')) return text;
  return text.replace(/&(?:#([0-9]+);?|#[xX]([0-9a-fA-F]+);?|[^\t\n\f <&#;]{1,32};?)/gu, (match, decimal?: string, hex?: string) => {
    if (decimal !== undefined) return decodeNumber(Number.parseInt(decimal, 10));
    if (hex !== undefined) return decodeNumber(Number.parseInt(hex, 16));
    return decodeHTML(match);
  });
}

/**
 * ftfy's careful variant: only references that end in a semicolon, and names that were put in capitals (`&EACUTE;`).
 * A reference that stands for a semicolon stays as it is, which is ftfy's behavior.
 */
export function unescapeHtmlStrict(text: string): string {
  return text.replace(/&#?[0-9A-Za-z]{1,24};/gu, (match) => {
    if (match[1] === '#') {
      const decoded = unescapeHtml(match);
      return decoded.includes(';') ? match : decoded;
    }
    const decoded = decodeHTMLStrict(match);
    if (decoded !== match || match !== match.toUpperCase() || unescapeHtml(match) !== match) return decoded;
    const lower = match.toLowerCase();
    const folded = decodeHTMLStrict(lower);
    return folded === lower ? match : folded.toUpperCase();
  });
}
