import { isUtf8 } from 'node:buffer';
import { invalidInput, Problem } from '../errors/problem.js';

export const FORM_TYPE = 'application/x-www-form-urlencoded';

/** More than any form of ours has. */
const MAX_FIELDS = 200;

/**
 * A form as a browser sends it (WHATWG URL, 5.1), read strictly: UTF-8 alone, and no half an escape. A name that comes more than
 * once is a list; whether it may be one is for the DTO to say. Throws 400 `body_malformed` and `body_invalid_string`.
 */
export function parseFormBody(body: Buffer): Record<string, string | string[]> {
  const text = body.toString('utf8');
  // The parser takes everything, and puts U+FFFD in the place of what is none.
  if (!isUtf8(body) || !isEscaped(text)) throw new Problem('body_malformed');
  const fields = [...new URLSearchParams(text)];
  if (fields.length > MAX_FIELDS) throw new Problem('body_malformed');
  const form: Record<string, string | string[]> = Object.create(null) as Record<string, string | string[]>;
  for (const [name, value] of fields) {
    if (value.includes('\0') || name.includes('\0')) throw new Problem('body_invalid_string');
    const before = form[name];
    form[name] = before === undefined ? value : [before, value].flat();
  }
  return form;
}

function isEscaped(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}

/** The value of a field that a script has filled in. Throws 400 `validation_failed` for what is no JSON. */
export function jsonField(name: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw invalidInput([{ pointer: `/${name}`, code: 'json', detail: 'Must be JSON.' }]);
  }
}
