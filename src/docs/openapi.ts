import { Injectable } from '@nestjs/common';
import type { OpenAPIObject } from '@nestjs/swagger';

/** Holds the OpenAPI document, which can only be made once every route exists. */
@Injectable()
export class OpenApiDocument {
  document: OpenAPIObject | undefined;
}
