import { ApiProperty } from '@nestjs/swagger';
import { Text } from '../security/fields.js';

export class RequestDeletion {
  @Text(1, 512)
  password: string;
}

export class DeletionView {
  @ApiProperty({ description: 'Until then the deletion can be undone.' })
  dueAt: Date;
}
