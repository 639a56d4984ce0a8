import { isLegal, isLegalParameter, type Schema } from './json-schema.js';
import { percentEncoded } from './naughty.js';
import type { Hostile } from './sweep.js';
import type { Slot } from './swept-routes.js';

/** Longer than a head may be, and still read whole before it is answered. */
const LONGEST_PARAMETER = 20_000;
const MARK = '\u0001here\u0001';

/** A request with this text in a parameter; null where the text would make another request of it. */
export function withText(slot: Slot, text: string): Hostile | null {
  if (slot.place === 'body') return withJson(slot, JSON.stringify(text));
  const cut = text.slice(0, LONGEST_PARAMETER);
  const label = `${slot.place} ${slot.name} ${JSON.stringify(cut.slice(0, 80))}`;
  const legal = isLegalParameter(slot.schema, cut);
  if (slot.place === 'header') {
    // A line end begins another field, which is the client's to send; Latin-1 is what there is.
    return /[\r\n]/.test(cut) ? null : { label, legal, header: `${slot.name.toLowerCase()}: ${cut}` };
  }
  const encoded = percentEncoded(cut).slice(0, LONGEST_PARAMETER).replace(/%.?$/, '');
  if (slot.place === 'query')
    return { label, legal, pointer: slot.name, query: `${percentEncoded(slot.name)}=${encoded}` };
  return cut === '' ? null : { label, legal, pointer: slot.name, id: encoded };
}

/** A request with this JSON as a member of its body. What JSON cannot be parsed back to is legal nowhere. */
export function withJson(slot: Slot, json: string): Hostile {
  const [member = '', ...rest] = slot.name.split('.');
  const { value, isSound } = parsed(json);
  const legal = isSound && isLegal(slot.schema, value);
  // A merge patch of content is applied, not stored; of a list of one the item is what was sent.
  const stored = { member, value: rest.at(-1) === '0' ? [value] : value };
  const isPlain = typeof value !== 'object' && (rest.length === 0 || rest.join('.') === '0');
  return {
    label: `body ${slot.name} ${json.slice(0, 80)}`,
    legal,
    pointer: `/${member}`,
    body: (valid) =>
      JSON.stringify(put(without(valid, slot.instead), slot.name.split('.'))).replace(JSON.stringify(MARK), () => json),
    ...(isPlain ? { stored } : {}),
  };
}

/** Text at the bounds of a schema, on both sides of them. */
export function textsAround({ enum: words = [], minLength = 0, maxLength, minimum, maximum }: Schema): string[] {
  const [word] = words;
  return [
    ...(typeof word === 'string'
      ? [word.toUpperCase(), ` ${word}`, `${word} `, `${word}\n`, words.join(), `${word};`]
      : []),
    ...(maxLength === undefined ? [] : ['x', '😀'].flatMap((x) => [x.repeat(maxLength), x.repeat(maxLength + 1)])),
    ...(minLength > 1 ? ['x'.repeat(minLength), 'x'.repeat(minLength - 1), '😀'.repeat(minLength - 1)] : []),
    ...[minimum, maximum].flatMap((bound) =>
      bound === undefined
        ? []
        : [bound - 1, bound, bound + 1, `+${bound}`, `0${bound}`, `${bound}.0`, `${bound}e0`].map(String),
    ),
  ];
}

/** A request with these bytes as its body. */
export const withBody = (label: string, text: string): Hostile => ({ label, legal: false, body: () => text });

function parsed(json: string): { value: unknown; isSound: boolean } {
  try {
    const value: unknown = JSON.parse(json);
    return { value, isSound: typeof value !== 'string' || (value.isWellFormed() && !value.includes('\0')) };
  } catch {
    return { value: undefined, isSound: false };
  }
}

/** The body without the members that may not stand beside another. */
const without = (valid: unknown, members: readonly string[] = []): object =>
  Object.fromEntries(Object.entries(valid ?? {}).filter(([name]) => !members.includes(name)));

/** A copy with the mark at the end of the way; what is not there on the way is made. */
function put(valid: unknown, [name = '', ...rest]: readonly string[]): unknown {
  const inner = (from: unknown): unknown => (rest.length === 0 ? MARK : put(from, rest));
  if (name === '0') return [inner(Array.isArray(valid) ? valid[0] : undefined)];
  const object = typeof valid === 'object' && valid !== null ? (valid as Record<string, unknown>) : {};
  return { ...object, [name]: inner(object[name]) };
}
