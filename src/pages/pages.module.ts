import { Module } from '@nestjs/common';
import { AssetsController } from './assets.controller.js';

/** What pages load. The pages themselves are functions, and belong to whoever answers with them. */
@Module({ controllers: [AssetsController] })
export class PagesModule {}
