import { isUtf8 } from 'node:buffer';

export type JsonBodyErrorCode =
  'body_malformed' | 'body_forbidden_member' | 'body_invalid_string' | 'body_invalid_number';

/** Why a body is refused, and where: `pointer` is a JSON Pointer (RFC 6901), `''` the whole body. */
export class JsonBodyError extends Error {
  constructor(
    readonly code: JsonBodyErrorCode,
    readonly pointer: string,
  ) {
    super(`the JSON body is refused: ${code}`);
    this.name = 'JsonBodyError';
  }
}

// Finds every literal that may be unsound, and some that are not: an integer of 16 digits, an exponent of three, 200 digits.
// Of the others 1e99 would need a mantissa of 210 digits to overflow, and 1e-99 one of 224 zeros to vanish.
const SUSPECT_NUMBER = /(?:^|[ \t\n\r:,[])-?\d(?:\d{15}|[\d.]{200}|[\d.]*[eE][+-]?\d{3})/;

/**
 * Reads a JSON body that means one thing to every reader (RFC 8259, RFC 7493, ASVS 1.5.3): UTF-8 without a byte order mark,
 * no member that could reach a prototype, no string or number that would not come back as it was sent. Else JsonBodyError.
 */
export function parseJsonBody(bytes: Buffer): unknown {
  if (!isUtf8(bytes)) throw new JsonBodyError('body_malformed', '');
  const text = bytes.toString('utf8');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new JsonBodyError('body_malformed', '');
  }
  const plain =
    !text.includes('\\') && !text.includes('__proto__') && !text.includes('constructor') && !SUSPECT_NUMBER.test(text);
  return plain ? value : new Reader(text, true).read();
}

/**
 * JSON.parse, but right about member names with escapes, for which V8 (since 12.8) may answer another name it has met before:
 * `{"a":1,"\"":2}` read as `{"a":1,"\\":2}`. For JSON of our own, such as a jsonb column; SyntaxError when malformed.
 */
export function readJson(text: string): unknown {
  const value: unknown = JSON.parse(text);
  return text.includes('\\') ? new Reader(text, false).read() : value;
}

interface Frame {
  readonly isArray: boolean;
  /** The object is the value of a member named `constructor`. */
  readonly ofConstructor: boolean;
  expectsName: boolean;
  name: string;
  index: number;
  readonly value: Record<string, unknown> | unknown[];
}

// A pointer into 40,000 arrays would be larger than the answer may be: it then names the nearest ancestor that fits.
const LONGEST_POINTER = 256;

function pointerTo(frames: readonly Frame[]): string {
  let pointer = '';
  for (const { isArray, index, name } of frames) {
    const step = isArray ? String(index) : name.replaceAll('~', '~0').replaceAll('/', '~1');
    if (pointer.length + step.length >= LONGEST_POINTER) break;
    pointer += `/${step}`;
  }
  return pointer;
}

// An own property whatever the name: assigning to `__proto__` would set the prototype.
function setOwn(object: Record<string, unknown>, name: string, value: unknown): void {
  if (name !== '__proto__') object[name] = value;
  else Object.defineProperty(object, name, { value, writable: true, enumerable: true, configurable: true });
}

// The index of the quotation mark that ends the string beginning at `start`.
function endOfString(text: string, start: number): number {
  let end = start + 1;
  for (; text[end] !== '"'; end += 1) if (text[end] === '\\') end += 1;
  return end;
}

function isNumberSound(literal: string, value: number): boolean {
  if (/^-?\d+$/.test(literal)) return Number.isSafeInteger(value);
  return Number.isFinite(value) && (value !== 0 || !/^[^e]*[1-9]/i.test(literal));
}

// Reads text that JSON.parse has found well-formed, so its tokens need only be told apart. It reads the text, because the
// value has lost repeated members, rounded numbers and some names, and with a stack of its own, because a reviver recurses.
class Reader {
  private readonly frames: Frame[] = [];
  private readonly literal = /[-+.\w]+/y;
  private root: unknown;

  constructor(
    private readonly text: string,
    private readonly strict: boolean,
  ) {}

  read(): unknown {
    for (let at = 0; at < this.text.length;) at = this.token(at);
    return this.root;
  }

  private token(at: number): number {
    const top = this.frames.at(-1);
    switch (this.text.charAt(at)) {
      case '"':
        return this.string(at, top);
      case '{':
      case '[':
        this.enter(this.text.charAt(at) === '[', top);
        return at + 1;
      case '}':
      case ']':
        this.frames.pop();
        return at + 1;
      case ',':
        if (top?.isArray) top.index += 1;
        else if (top) top.expectsName = true;
        return at + 1;
      case ':':
      case ' ':
      case '\t':
      case '\n':
      case '\r':
        return at + 1;
      default:
        return this.scalar(at, top);
    }
  }

  private enter(isArray: boolean, parent: Frame | undefined): void {
    const ofConstructor = !isArray && parent !== undefined && !parent.isArray && parent.name === 'constructor';
    const value = isArray ? [] : {};
    this.add(parent, value);
    this.frames.push({ isArray, ofConstructor, expectsName: !isArray, name: '', index: 0, value });
  }

  private add(parent: Frame | undefined, value: unknown): void {
    if (parent === undefined) this.root = value;
    else if (Array.isArray(parent.value)) parent.value.push(value);
    else setOwn(parent.value, parent.name, value);
  }

  private string(start: number, top: Frame | undefined): number {
    const end = endOfString(this.text, start);
    const raw = this.text.slice(start + 1, end);
    const escaped = raw.includes('\\');
    const value = escaped ? String(JSON.parse(`"${raw}"`)) : raw;
    const isName = top?.expectsName === true;
    // Only an escape can produce either: the text is UTF-8, and JSON takes no control character as it is.
    if (this.strict && escaped && (value.includes('\0') || /\p{Surrogate}/u.test(value))) {
      throw new JsonBodyError('body_invalid_string', pointerTo(isName ? this.frames.slice(0, -1) : this.frames));
    }
    if (isName) this.member(top, value);
    else this.add(top, value);
    return end + 1;
  }

  private member(object: Frame, name: string): void {
    object.name = name;
    object.expectsName = false;
    if (this.strict && (name === '__proto__' || (object.ofConstructor && name === 'prototype'))) {
      throw new JsonBodyError('body_forbidden_member', pointerTo(this.frames));
    }
  }

  private scalar(start: number, top: Frame | undefined): number {
    this.literal.lastIndex = start;
    const literal = this.literal.exec(this.text)?.[0] ?? '';
    const value: unknown = JSON.parse(literal);
    if (this.strict && typeof value === 'number' && !isNumberSound(literal, value)) {
      throw new JsonBodyError('body_invalid_number', pointerTo(this.frames));
    }
    this.add(top, value);
    return start + literal.length;
  }
}

/**
 * How many arrays and objects are nested, 0 for a scalar; counts no further than `stopAt + 1`, so that
 * `nestingDepth(value, 32) > 32` is the whole check. Never recurses.
 */
export function nestingDepth(value: unknown, stopAt: number): number {
  let depth = 0;
  let level = [value].filter(isContainer);
  while (level.length > 0 && depth <= stopAt) {
    depth += 1;
    level = level.flatMap((container) => Object.values(container).filter(isContainer));
  }
  return depth;
}

function isContainer(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

/** The length of a parsed JSON value written without white space, in bytes of UTF-8. Never throws, however deep it is. */
export function jsonSize(value: unknown): number {
  try {
    return Buffer.byteLength(JSON.stringify(value) ?? '');
  } catch {
    return sizeWithoutRecursion(value);
  }
}

// JSON.stringify recurses, and throws where the stack ends, at some thousand levels.
function sizeWithoutRecursion(value: unknown): number {
  let size = 0;
  const rest: unknown[] = [value];
  while (rest.length > 0) {
    const next = rest.pop();
    if (!isContainer(next)) {
      size += Buffer.byteLength(JSON.stringify(next) ?? 'null');
      continue;
    }
    const members = Array.isArray(next) ? [] : Object.keys(next);
    const children: unknown[] = Object.values(next);
    // Brackets, commas, and a colon after each name.
    size += 2 + Math.max(0, children.length - 1) + members.length;
    for (const name of members) size += Buffer.byteLength(JSON.stringify(name));
    for (const child of children) rest.push(child);
  }
  return size;
}
