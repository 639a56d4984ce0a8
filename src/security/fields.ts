import { applyDecorators } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import { isEmail, ValidateBy, ValidateIf } from 'class-validator';

/** A rule of class-validator and its OpenAPI schema in one word, so that the document cannot say anything else. */
interface Field {
  readonly name: string;
  readonly detail: string;
  readonly accepts: (value: unknown) => boolean;
  readonly schema: Partial<Record<string, unknown>>;
}

export interface FieldOptions {
  /** Absent is allowed; `null` is not absence. */
  readonly optional?: boolean;
  /** `null` is a value of this field, as in a merge patch. */
  readonly nullable?: boolean;
  readonly description?: string;
  readonly example?: unknown;
}

/** Declares a field of a request. */
export function field(rule: Field, { optional, nullable, description, example }: FieldOptions = {}): PropertyDecorator {
  const validate = (value: unknown) => (nullable === true && value === null) || rule.accepts(value);
  const decorators = [
    ValidateBy({ name: rule.name, validator: { validate, defaultMessage: () => rule.detail } }),
    ApiProperty({ ...rule.schema, description, example, required: !optional, nullable }),
  ];
  if (optional) decorators.push(ValidateIf((_, value) => value !== undefined));
  return applyDecorators(...decorators);
}

/** Characters are code points, as a person counts them; U+0000 and lone surrogates are in no text. */
export function isText(value: unknown, min: number, max: number): value is string {
  if (typeof value !== 'string' || value.length > max * 2) return false;
  if (value.includes('\0') || !value.isWellFormed()) return false;
  const { length } = /[\ud800-\udfff]/.test(value) ? [...value] : value;
  return length >= min && length <= max;
}

export const Text = (min: number, max: number, options?: FieldOptions) =>
  field(
    {
      name: 'text',
      detail: `Must be a string of ${min} to ${max} characters.`,
      accepts: (value) => isText(value, min, max),
      schema: { type: String, minLength: min, maxLength: max },
    },
    options,
  );

export const OneOf = (values: readonly string[], options?: FieldOptions) =>
  field(
    {
      name: 'one_of',
      detail: `Must be one of ${values.join(', ')}.`,
      accepts: (value) => typeof value === 'string' && values.includes(value),
      schema: { type: String, enum: values },
    },
    options,
  );

export const TextList = (items: number, min: number, max: number, options?: FieldOptions) =>
  field(
    {
      name: 'text_list',
      detail: `Must be up to ${items} strings of ${min} to ${max} characters.`,
      accepts: (value) =>
        Array.isArray(value) && value.length <= items && value.every((item) => isText(item, min, max)),
      schema: { type: 'array', items: { type: 'string', minLength: min, maxLength: max }, maxItems: items },
    },
    options,
  );

/** A list of distinct words of a fixed set. */
export const SomeOf = (values: readonly string[], options?: FieldOptions) =>
  field(
    {
      name: 'some_of',
      detail: `Must be distinct values of ${values.join(', ')}.`,
      accepts: (value) =>
        Array.isArray(value) &&
        value.length > 0 &&
        new Set(value).size === value.length &&
        value.every((item) => typeof item === 'string' && values.includes(item)),
      schema: { type: 'array', items: { type: 'string', enum: values }, minItems: 1, uniqueItems: true },
    },
    options,
  );

/** Whether the text is an e-mail address of at most 254 characters (RFC 5321, 4.5.3.1.3). */
export const isAddress = (value: unknown): boolean => isText(value, 3, 254) && isEmail(value);

export const Email = (options?: FieldOptions) =>
  field(
    {
      name: 'email',
      detail: 'Must be an e-mail address of at most 254 characters.',
      accepts: isAddress,
      schema: { type: String, format: 'email', maxLength: 254 },
    },
    options,
  );

/** A moment of RFC 3339 with its offset. */
export const Timestamp = (options?: FieldOptions) =>
  field(
    {
      name: 'timestamp',
      detail: 'Must be a time of RFC 3339 such as 2030-01-31T12:00:00Z.',
      accepts: isTimestamp,
      schema: { type: String, format: 'date-time' },
    },
    options,
  );

export const Integer = (min: number, max: number, options?: FieldOptions) =>
  field(
    {
      name: 'integer',
      detail: `Must be an integer from ${min} to ${max}.`,
      accepts: (value) => Number.isInteger(value) && (value as number) >= min && (value as number) <= max,
      schema: { type: 'integer', minimum: min, maximum: max },
    },
    options,
  );

export const Flag = (options?: FieldOptions) =>
  field(
    {
      name: 'flag',
      detail: 'Must be true or false.',
      accepts: (value) => typeof value === 'boolean',
      schema: { type: Boolean },
    },
    options,
  );

/** An integer in a query, in plain decimal digits: no sign, no `1e1`, no `0x1`, no leading zero. */
export const IntegerParameter = (min: number, max: number, options?: FieldOptions) =>
  field(
    {
      name: 'integer',
      detail: `Must be an integer from ${min} to ${max}.`,
      accepts: (value) =>
        typeof value === 'string' && /^(0|[1-9]\d{0,9})$/.test(value) && Number(value) >= min && Number(value) <= max,
      schema: { type: 'integer', minimum: min, maximum: max },
    },
    options,
  );

function isTimestamp(value: unknown): boolean {
  const parts = typeof value === 'string' ? RFC_3339.exec(value) : null;
  if (!parts) return false;
  const [year = 0, month = 0, day = 0] = parts.slice(1, 4).map(Number);
  // Date rolls 31 February over to March; a real calendar does not.
  return !Number.isNaN(Date.parse(parts[0])) && day <= new Date(Date.UTC(year, month, 0)).getUTCDate();
}

const RFC_3339 =
  /^(\d{4})-(\d{2})-(\d{2})T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,9})?(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/;
