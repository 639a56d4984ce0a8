/** The part of JSON Schema that the document of this API uses. */
export interface Schema {
  readonly $ref?: string;
  readonly type?: string;
  readonly format?: string;
  readonly enum?: readonly unknown[];
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly uniqueItems?: boolean;
  readonly nullable?: boolean;
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly oneOf?: readonly Schema[];
}

const FORMATS: Readonly<Record<string, RegExp>> = {
  uuid: /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i,
  email: /^[^\s@]+@[^\s@]+\.[^\s@]+$/u,
  'date-time': /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/,
};

const inRange = (size: number, min = 0, max = Number.POSITIVE_INFINITY): boolean => size >= min && size <= max;

/** Whether a value is what its schema says. What the document cannot say, the API may still refuse. */
export function isLegal(schema: Schema, value: unknown): boolean {
  if (value === null && schema.nullable) return true;
  if (schema.oneOf) return schema.oneOf.some((each) => isLegal(each, value));
  if (schema.enum && !schema.enum.includes(value)) return false;
  if (schema.type === 'string') return typeof value === 'string' && isLegalText(schema, value);
  if (schema.type === 'integer' || schema.type === 'number') {
    const isNumber = typeof value === 'number' && (schema.type === 'number' || Number.isInteger(value));
    return isNumber && inRange(value, schema.minimum ?? Number.NEGATIVE_INFINITY, schema.maximum);
  }
  if (schema.type === 'array') return Array.isArray(value) && isLegalList(schema, value);
  if (schema.type === 'object') return typeof value === 'object' && value !== null && !Array.isArray(value);
  if (schema.type === 'null') return value === null;
  if (schema.type === 'boolean') return typeof value === 'boolean';
  return true;
}

/** The same for a parameter of a query, a path or a header, where everything is text. */
export function isLegalParameter(schema: Schema, text: string): boolean {
  const isNumber = (schema.type === 'integer' || schema.type === 'number') && /^-?\d+(\.\d+)?$/.test(text);
  return isLegal(schema, isNumber ? Number(text) : text);
}

function isLegalText({ format = '', minLength, maxLength }: Schema, text: string): boolean {
  return inRange([...text].length, minLength, maxLength) && (FORMATS[format]?.test(text) ?? true);
}

function isLegalList({ items = {}, minItems, maxItems, uniqueItems }: Schema, list: readonly unknown[]): boolean {
  const distinct = !uniqueItems || new Set(list).size === list.length;
  return distinct && inRange(list.length, minItems, maxItems) && list.every((item) => isLegal(items, item));
}

/** A value that is legal, for what no test has written a request for. */
export function example(schema: Schema): unknown {
  if (schema.oneOf) return example(schema.oneOf[0] ?? {});
  if (schema.enum) return schema.enum[0];
  if (schema.type === 'object') {
    const required = Object.entries(schema.properties ?? {}).filter(([name]) => schema.required?.includes(name));
    return Object.fromEntries(required.map(([name, each]) => [name, example(each)]));
  }
  if (schema.type === 'array') return Array.from({ length: schema.minItems ?? 0 }, () => example(schema.items ?? {}));
  if (schema.type === 'integer' || schema.type === 'number') return schema.minimum ?? 0;
  if (schema.type === 'boolean') return true;
  if (schema.format === 'email') return `${crypto.randomUUID()}@example.com`;
  if (schema.format === 'uuid') return crypto.randomUUID();
  if (schema.format === 'date-time') return '2099-01-31T12:00:00Z';
  return 'x'.repeat(Math.max(schema.minLength ?? 1, 1));
}
