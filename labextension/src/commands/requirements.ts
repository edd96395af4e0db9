/**
 * Pure: requirements as a person types them, in the spirit of the server's own rule. It looks again; here a wrong one
 * is told before anything starts, and nothing that could be taken for an option or a path is ever sent.
 */

/** Why a text is no requirement. */
export type Refusal =
  'option' | 'path' | 'address' | 'letters' | 'hidden' | 'long' | 'form';

export interface IRefused {
  readonly text: string;
  readonly why: Refusal;
}

export interface IRequirements {
  readonly taken: ReadonlyArray<string>;
  readonly refused: ReadonlyArray<IRefused>;
}

const LONGEST = 500;
const NAME = /^[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?$/;
const KERNEL = /^[a-z0-9](?:[a-z0-9_-]{0,62}[a-z0-9])?$/;
const RESERVED = ['python', 'python2', 'python3', 'mlenv'];
const VERSION = '[A-Za-z0-9](?:[A-Za-z0-9._+!-]*[A-Za-z0-9*])?|[0-9]\\.\\*';
const SPECIFIER = `(?:===?|!=|~=|<=?|>=?)\\s*(?:${VERSION})`;
const EXTRAS = '\\[\\s*[A-Za-z0-9._-]+(?:\\s*,\\s*[A-Za-z0-9._-]+)*\\s*\\]';
const MARKER = '\\s*;\\s*[A-Za-z_][\\w .()\'"<>=!~,+*-]*';
const REQUIREMENT = new RegExp(
  '^[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?\\s*' +
    `(?:${EXTRAS})?\\s*(?:${SPECIFIER}(?:\\s*,\\s*${SPECIFIER})*)?(?:${MARKER})?$`
);
const DIRECT =
  /^[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?(?:\[[\w.,-]+\])?\s*@\s*(?:https|git\+https|git\+ssh):\/\/[^\s$@-][^\s$]*$/;
/** A package of a conda channel: `conda-forge::numpy=1.26=py312*`. */
const CONDA = /^(?:[\w.-]+::)?[A-Za-z0-9_][\w.-]*(?:[<>=!~]=?[\w.*,<>=!~|]+)*$/;
// Control characters, and what cannot be seen or told from a space.
const HIDDEN =
  /[\x00-\x1f\x7f-\xa0\xad\u1680\u180e\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\ufeff\ufff9-\ufffb]/;

/** Whether a text is the bare name of a package, and nothing else. */
export function isName(text: string): boolean {
  return text.length <= 100 && NAME.test(text);
}

/** Whether a kernel may be called so. */
export function isKernelName(text: string): boolean {
  return KERNEL.test(text) && !RESERVED.includes(text);
}

/** Say why a text is no requirement; `null` where it is one. */
export function refusal(text: string, conda = false): Refusal | null {
  if (text.length > LONGEST) {
    return 'long';
  }
  if (HIDDEN.test(text)) {
    return 'hidden';
  }
  if (text.startsWith('-')) {
    return 'option';
  }
  if (/^[A-Za-z][A-Za-z0-9+.-]*:\/\//.test(text)) {
    return 'address';
  }
  if (text.includes('@')) {
    return DIRECT.test(text) ? null : 'address';
  }
  if (/^[^[;<>=!~]*[/\\]|^\.|^~|\.(?:whl|tar\.gz|zip)$/.test(text)) {
    return 'path';
  }
  if (!/^[\x20-\x7e]*$/.test(text)) {
    return 'letters';
  }
  const isKnown = REQUIREMENT.test(text) || (conda && CONDA.test(text));
  return isKnown ? null : 'form';
}

/** The name in front of versions, extras and markers; empty where there is none. */
export function nameOf(requirement: string): string {
  return /^[A-Za-z0-9][A-Za-z0-9._-]*/.exec(requirement)?.[0] ?? '';
}

/**
 * Read what stands in a field: requirements separated by spaces, commas or line breaks. Spaces around versions belong
 * to the requirement (`numpy >= 1.26, < 2`).
 */
export function parseRequirements(text: string, conda = false): IRequirements {
  const taken: string[] = [];
  const refused: IRefused[] = [];
  for (const word of text.split(/\r?\n/).flatMap(words)) {
    const why = refusal(word, conda);
    if (why !== null) {
      refused.push({ text: word, why });
    } else if (!taken.includes(word)) {
      taken.push(word);
    }
  }
  return { taken, refused };
}

function words(line: string): string[] {
  const trimmed = line.trim();
  if (trimmed === '') {
    return [];
  }
  if (/[;@]/.test(trimmed)) {
    // A marker or an address has spaces of its own: one in a line.
    return [trimmed];
  }
  return trimmed
    .replace(/\s*(===?|!=|~=|<=?|>=?)\s*/g, '$1')
    .replace(/\s*,\s*(?=[<>=!~])/g, ',')
    .replace(/,(?![<>=!~])(?![^[]*\])/g, ' ')
    .replace(/\s*\[\s*([^\]]*?)\s*\]/g, (_, extras: string) => {
      return `[${extras.replace(/\s+/g, '')}]`;
    })
    .split(/\s+/)
    .filter(word => word !== '');
}
