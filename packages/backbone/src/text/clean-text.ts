import { c1ToWindows1252, unescapeHtml, unescapeHtmlStrict } from './html-entities.ts';

/** What Python's `str.split` and `str.strip` take for white space; JavaScript's \s has U+FEFF and lacks U+001C..1F and U+0085. */
// oxlint-disable-next-line no-control-regex -- U+001C..1F are white space to Python
const whitespace = /[\t-\r\u001c- \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+/u;

/** Removed: C0 controls except tab, line feed, form feed and return; deprecated Arabic controls; byte order mark; annotation and object marks. */
// oxlint-disable-next-line no-control-regex -- control characters are the subject
const controls = /[\u0000-\u0008\u000b\u000e-\u001f\u007f\u206a-\u206f\ufeff\ufff9-\ufffc]/gu;
// oxlint-disable-next-line no-control-regex -- ESC starts a terminal sequence
const terminalEscapes = /\u001b\[[\p{Nd};]*[a-zA-Z]/gu;

/** One pass of ftfy's fixes over one line, in ftfy's order, without the search for wrongly decoded text. */
function fixOnce(text: string, unescape: boolean): string {
  return (unescape ? unescapeHtmlStrict(text) : text)
    .replace(/[\u0080-\u009f]/gu, (c) => c1ToWindows1252(c.charCodeAt(0)))
    .replace(/[\u0132\u0133\u0149\u01c4-\u01cc\u01f1-\u01f3\ufb00-\ufb06]/gu, (c) => (c === '\ufb05' ? '\u017ft' : c.normalize('NFKC')))
    .replace(/[\u3000\uff01-\uffef]/gu, (c) => c.normalize('NFKC'))
    .replace(/[\u201c-\u201f]/gu, '"')
    .replace(/[\u02bc\u2018-\u201b]/gu, "'")
    .replace(/\r\n|[\r\u2028\u2029]/gu, '\n')
    .replace(/\p{Surrogate}/gu, '\ufffd')
    .replace(terminalEscapes, '')
    .replace(controls, '')
    .normalize('NFC');
}

/**
 * ftfy's `fix_text` without mojibake repair: HTML references (not after a `<` has been seen), C1 controls, ligatures, character width, quotes,
 * line ends, lone surrogates, terminal escapes, control characters, NFC; each line until nothing changes.
 */
function fixText(text: string): string {
  let unescape = true;
  const lines = text.split(/(?<=\n)/u).map((line) => {
    unescape &&= !line.includes('<');
    let before: string;
    let after = line;
    do {
      before = after;
      after = fixOnce(before, unescape);
    } while (after !== before);
    return after;
  });
  return lines.join('');
}

/**
 * Text as CLIP's tokenizer sees it (open_clip's clean mode 'lower'): repaired, HTML decoded twice, white space collapsed, lower case.
 * The repair is ftfy 6.3's except for wrongly decoded text ("cafÃ©" stays).
 *
 * @example
 * ```ts
 * import { cleanText } from '@vitamin-vlm/backbone';
 * console.log(cleanText('  A “Red”\tCAT &amp; ﬁsh ')); // a "red" cat & fish
 * ```
 */
export function cleanText(text: string): string {
  return repairText(text).toLowerCase();
}

/** The same with its capital letters (open_clip's clean mode 'whitespace'). */
export function repairText(text: string): string {
  const plain = /^[ -%'-~]*$/u.test(text); // printable ASCII without '&' is not changed by the repair
  return collapsed(plain ? text : unescapeHtml(unescapeHtml(fixText(text))));
}

/** Text as SigLIP's training cleaned it (open_clip's clean mode 'canonicalize'): repaired, without ASCII punctuation, an underscore being a space, lower case. */
export function canonicalText(text: string): string {
  return collapsed(
    repairText(text)
      .replaceAll('_', ' ')
      .replace(/[!-/:-@[-`{-~]/gu, '')
      .toLowerCase(),
  );
}

/** White space as single spaces between words. */
function collapsed(text: string): string {
  return text
    .split(whitespace)
    .filter((word) => word !== '')
    .join(' ');
}
