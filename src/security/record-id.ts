import { Param, type PipeTransform } from '@nestjs/common';
import { invalidInput } from '../errors/problem.js';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

const uuid: PipeTransform = {
  transform(value: string) {
    if (UUID.test(value)) return value.toLowerCase();
    throw invalidInput([{ pointer: 'id', code: 'uuid', detail: 'Must be a UUID.' }]);
  },
};

/** The `:id` of a path as a lower-case UUID; anything else is 400 and never reaches the database. */
export const RecordId = () => Param('id', uuid);
