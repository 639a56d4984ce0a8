import { type ArgumentMetadata, Injectable, type PipeTransform, type Type } from '@nestjs/common';
import { getMetadataStorage, type ValidationError, validateSync } from 'class-validator';
import { type InputError, invalidInput } from '../errors/problem.js';
import { alternativeErrors } from './exactly-one-of.js';

type Dto = Record<string, unknown>;

/**
 * Is the input exactly the DTO? Unknown members are refused, not dropped, and nothing is converted: class-transformer
 * would lose members such as `constructor` from free JSON. Returns an instance of the DTO, or throws 400 `validation_failed`.
 */
@Injectable()
export class StrictValidationPipe implements PipeTransform {
  private readonly members = new Map<Type, ReadonlySet<string>>();

  transform(value: unknown, { type, metatype }: ArgumentMetadata): unknown {
    if ((type !== 'body' && type !== 'query') || !metatype) return value;
    const prefix = type === 'body' ? '/' : '';
    // No body is an empty one; `null` is a body, and none of ours.
    const input = value === undefined ? {} : value;
    if (typeof input !== 'object' || input === null || Array.isArray(input)) {
      throw invalidInput([{ pointer: '', code: 'object', detail: 'The body must be a JSON object.' }]);
    }
    const known = this.membersOf(metatype);
    const unknown = Object.keys(input).filter((name) => !known.has(name));
    if (unknown.length > 0) throw invalidInput(unknown.map((name) => unknownMember(prefix, name)));
    const alternatives = alternativeErrors(metatype, input);
    if (alternatives.length > 0) throw invalidInput(alternatives);
    const dto = Object.assign(new metatype() as Dto, input);
    const errors = validateSync(dto, { stopAtFirstError: true, validationError: { target: false, value: false } });
    if (errors.length > 0) throw invalidInput(errors.map((error) => inputError(prefix, error)));
    return dto;
  }

  private membersOf(metatype: Type): ReadonlySet<string> {
    let members = this.members.get(metatype);
    if (!members) {
      const rules = getMetadataStorage().getTargetValidationMetadatas(metatype, '', false, false);
      this.members.set(metatype, (members = new Set(rules.map(({ propertyName }) => propertyName))));
    }
    return members;
  }
}

function unknownMember(prefix: string, name: string): InputError {
  return { pointer: prefix + escapePointer(name.slice(0, 100)), code: 'unknown', detail: 'Not known here.' };
}

function inputError(prefix: string, { property, constraints }: ValidationError): InputError {
  const [code = 'invalid', detail = 'Not valid.'] = Object.entries(constraints ?? {})[0] ?? [];
  return { pointer: prefix + escapePointer(property), code, detail };
}

/** RFC 6901 section 3. */
const escapePointer = (name: string): string => name.replaceAll('~', '~0').replaceAll('/', '~1');
