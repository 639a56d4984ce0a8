import { Injectable, type Type } from '@nestjs/common';
import { DiscoveryService, MetadataScanner } from '@nestjs/core';
import { inputsOf } from './route-parameters.js';
import { StrictValidationPipe } from './validation.pipe.js';

/**
 * Puts the pipe first before every query and body of every route, asked for or not. As a global pipe it would stand before every
 * parameter, the caller too, and Nest makes four promises for each that has a pipe: a twentieth of what a read costs.
 * In the constructor, because Nest makes the routes before any hook of a module.
 */
@Injectable()
export class InputValidation {
  constructor(discovery: DiscoveryService, scanner: MetadataScanner, pipe: StrictValidationPipe) {
    for (const { metatype } of discovery.getControllers()) {
      if (typeof metatype !== 'function') continue;
      for (const method of scanner.getAllMethodNames(metatype.prototype as object)) {
        const { query, body } = inputsOf(metatype as Type, method);
        for (const parameter of [...query, ...body]) {
          // Not a second time where a process has several applications.
          const own = parameter.pipes.filter((each) => !(each instanceof StrictValidationPipe));
          parameter.pipes = [pipe, ...own];
        }
      }
    }
  }
}
