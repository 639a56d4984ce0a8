/**
 * A read of a record as the documentation of each package has it: Nest on Express with Passport, Throttler, TypeORM, class-validator,
 * class-transformer, Helmet and Pino. It is what `npm run bench` compares with, and nothing to deploy.
 */
import { createPublicKey } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import {
  type CanActivate,
  ClassSerializerInterceptor,
  ConsoleLogger,
  Controller,
  type ExecutionContext,
  Get,
  Injectable,
  Module,
  NotFoundException,
  Param,
  ParseUUIDPipe,
  Req,
  UseGuards,
  ValidationPipe,
} from '@nestjs/common';
import { APP_GUARD, APP_INTERCEPTOR, APP_PIPE, NestFactory, Reflector } from '@nestjs/core';
import { AuthGuard, PassportModule, PassportStrategy } from '@nestjs/passport';
import { ThrottlerGuard, ThrottlerModule } from '@nestjs/throttler';
import { InjectRepository, TypeOrmModule } from '@nestjs/typeorm';
import { Exclude } from 'class-transformer';
import helmet from 'helmet';
import { ExtractJwt, Strategy } from 'passport-jwt';
import { pinoHttp } from 'pino-http';
import { ExpressAdapter } from 'platform-express';
import {
  Column,
  CreateDateColumn,
  DeleteDateColumn,
  Entity,
  PrimaryColumn,
  Repository,
  UpdateDateColumn,
} from 'typeorm';

const setting = (name: string): string => process.env[name] ?? '';

interface User {
  id: string;
  scopes: string[];
}

interface RequestOfUser {
  user: User;
}

@Entity('records')
class DataRecord {
  @PrimaryColumn('uuid')
  id: string;

  @Exclude()
  @Column('uuid', { name: 'owner_id' })
  ownerId: string;

  @Column('text')
  name: string;

  @Column('text')
  classification: string;

  @Column('json')
  content: unknown;

  @Column('text', { array: true })
  tags: string[];

  @Column('integer')
  version: number;

  @CreateDateColumn({ name: 'created_at', type: 'timestamptz' })
  createdAt: Date;

  @UpdateDateColumn({ name: 'updated_at', type: 'timestamptz' })
  updatedAt: Date;

  @Exclude()
  @DeleteDateColumn({ name: 'deleted_at', type: 'timestamptz' })
  deletedAt: Date | null;
}

@Injectable()
class JwtStrategy extends PassportStrategy(Strategy) {
  constructor() {
    super({
      jwtFromRequest: ExtractJwt.fromAuthHeaderAsBearerToken(),
      ignoreExpiration: false,
      secretOrKey: createPublicKey(setting('SIGNING_KEY')).export({ type: 'spki', format: 'pem' }).toString(),
      algorithms: ['ES256'],
      issuer: `${setting('PUBLIC_URL')}/oauth`,
      audience: `${setting('PUBLIC_URL')}/api`,
    });
  }

  validate({ sub, scope }: { sub: string; scope: string }): User {
    return { id: sub, scopes: scope.split(' ') };
  }
}

@Injectable()
class JwtAuthGuard extends AuthGuard('jwt') {}

const Scopes = Reflector.createDecorator<string[]>();

@Injectable()
class ScopesGuard implements CanActivate {
  constructor(private readonly reflector: Reflector) {}

  canActivate(context: ExecutionContext): boolean {
    const required = this.reflector.getAllAndOverride(Scopes, [context.getHandler(), context.getClass()]);
    if (!required) return true;
    const { user } = context.switchToHttp().getRequest<RequestOfUser>();
    return required.every((scope) => user.scopes.includes(scope));
  }
}

@Injectable()
class DataService {
  constructor(@InjectRepository(DataRecord) private readonly records: Repository<DataRecord>) {}

  async findOne(id: string, ownerId: string): Promise<DataRecord> {
    const record = await this.records.findOne({ where: { id, ownerId } });
    if (!record) throw new NotFoundException();
    return record;
  }
}

@Controller('data')
@UseGuards(JwtAuthGuard, ScopesGuard)
class DataController {
  constructor(private readonly data: DataService) {}

  @Get(':id')
  @Scopes(['data:read'])
  async findOne(@Param('id', ParseUUIDPipe) id: string, @Req() { user }: RequestOfUser): Promise<DataRecord> {
    return this.data.findOne(id, user.id);
  }
}

@Module({
  imports: [PassportModule],
  providers: [JwtStrategy],
})
class AuthModule {}

@Module({
  imports: [TypeOrmModule.forFeature([DataRecord])],
  controllers: [DataController],
  providers: [DataService],
})
class DataModule {}

@Module({
  imports: [
    TypeOrmModule.forRoot({ type: 'postgres', url: setting('DATABASE_URL'), autoLoadEntities: true }),
    ThrottlerModule.forRoot([
      { name: 'short', ttl: 1_000, limit: 1_000_000_000 },
      { name: 'medium', ttl: 10_000, limit: 1_000_000_000 },
    ]),
    AuthModule,
    DataModule,
  ],
  providers: [
    { provide: APP_GUARD, useClass: ThrottlerGuard },
    { provide: APP_PIPE, useValue: new ValidationPipe({ whitelist: true, transform: true }) },
    { provide: APP_INTERCEPTOR, useClass: ClassSerializerInterceptor },
  ],
})
class AppModule {}

// Nest's default adapter, under an alias: by its own name npm takes it for an optional peer of @nestjs/core, and installs it
// in production too.
const app = await NestFactory.create(AppModule, new ExpressAdapter(), { logger: new ConsoleLogger({ json: true }) });
app.use(pinoHttp({ redact: ['req.headers.authorization'] }));
app.use(helmet());
app.setGlobalPrefix('api/v1');
app.enableShutdownHooks([], { useProcessExit: true });
await app.listen(Number(setting('PORT')), setting('HOST') || '127.0.0.1');
process.send?.({ type: 'listening', port: (app.getHttpServer().address() as AddressInfo).port });
