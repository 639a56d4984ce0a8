import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { Attempts } from './attempts.entity.js';
import { AttemptsService } from './attempts.service.js';

/** How often a secret may be guessed at, for every feature that compares one. */
@Module({
  imports: [TypeOrmModule.forFeature([Attempts])],
  providers: [AttemptsService],
  exports: [AttemptsService],
})
export class AttemptsModule {}
