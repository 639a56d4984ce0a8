import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { Challenge } from './challenge.entity.js';
import { ChallengesService } from './challenges.service.js';

/** Questions between two requests, for every feature that proves who somebody is. */
@Module({
  imports: [TypeOrmModule.forFeature([Challenge])],
  providers: [ChallengesService],
  exports: [ChallengesService],
})
export class ChallengesModule {}
