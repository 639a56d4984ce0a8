import { globSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import type { Variable } from '../src/config/variable.js';
import { variables } from '../src/config/variables.js';

interface Container {
  image: string;
  command?: string[];
  ports?: { name: string; containerPort: number }[];
  env?: { name: string; value: string }[];
  securityContext: object;
  resources: { requests: Record<string, string>; limits: Record<string, string> };
  volumeMounts: { name: string; mountPath: string; readOnly?: boolean }[];
  lifecycle?: object;
  [probe: `${string}Probe`]: { httpGet: { path: string; port: string } };
}

interface Pod {
  metadata: { labels: Record<string, string> };
  spec: {
    automountServiceAccountToken: boolean;
    terminationGracePeriodSeconds: number;
    securityContext: object;
    containers: Container[];
    initContainers?: Container[];
    topologySpreadConstraints?: { labelSelector: { matchLabels: object } }[];
    volumes: { name: string; secret: { secretName: string; items: { key: string; path: string }[] } }[];
  };
}

// What each kind has is what each test asserts.
// oxlint-disable-next-line typescript/no-explicit-any
type Manifest = { kind: string; metadata: { name: string }; data: Record<string, string>; spec: any };

const files = globSync('ops/kubernetes/*.yaml');
const documents = files.flatMap((file) => parseAllDocuments(readFileSync(file, 'utf8'), { version: '1.1' }));
const manifests = documents.map((document) => document.toJS() as Manifest);
const one = (kind: string): Manifest => {
  const [found, ...others] = manifests.filter((each) => each.kind === kind);
  if (!found || others.length > 0) throw new Error(`there is not one ${kind}`);
  return found;
};

const settings = one('ConfigMap').data;
const deployment = one('Deployment').spec;
const pods: [string, Pod][] = [
  ['Deployment', deployment.template],
  ['Job', one('Job').spec.template],
];
const api = deployment.template.spec.containers[0] as Container;
const { matchLabels } = deployment.selector;
const known: ReadonlyMap<string, Variable<unknown>> = new Map(Object.entries(variables));

describe('ops/kubernetes', () => {
  it('is YAML without a mistake, of one object of each kind', () => {
    expect(documents.flatMap(({ errors, warnings }) => [...errors, ...warnings])).toEqual([]);
    expect(manifests.map(({ kind }) => kind).toSorted()).toEqual(
      ['ConfigMap', 'Deployment', 'HorizontalPodAutoscaler', 'Job']
        .concat(['NetworkPolicy', 'PodDisruptionBudget', 'Service'])
        .toSorted(),
    );
  });

  it('has no secret in it: what is one comes as a file of a Secret', () => {
    expect(manifests.map(({ kind }) => kind)).not.toContain('Secret');
    for (const [, { spec }] of pods) {
      const mounted = spec.volumes.flatMap(({ name, secret }) => {
        const mount = spec.containers[0]?.volumeMounts.find((each) => each.name === name);
        expect(mount?.readOnly).toBe(true);
        return secret.items.map(({ path }) => `${mount?.mountPath}/${path}`);
      });
      const given = {
        ...settings,
        ...Object.fromEntries((spec.containers[0]?.env ?? []).map((e) => [e.name, e.value])),
      };
      const wanted = Object.entries(given).filter(([name]) => name.endsWith('_FILE'));
      expect(mounted.toSorted()).toEqual(wanted.map(([, path]) => path).toSorted());
    }
  });
});

describe('every setting', () => {
  const given = [
    ...Object.entries(settings),
    ...pods.flatMap(([, { spec }]) => (spec.containers[0]?.env ?? []).map((e) => [e.name, e.value] as const)),
  ];
  it.each(given)('%s exists, and takes %j', (name, value) => {
    const file = name.endsWith('_FILE') && !known.has(name);
    const variable = known.get(file ? name.slice(0, -'_FILE'.length) : name);
    expect(variable?.secret).toBe(file);
    if (!file) expect(() => variable?.parse(value)).not.toThrow();
  });
});

describe.each(pods)('the pods of the %s', (_kind, { metadata, spec }) => {
  it('run without root, privileges, a writable root or a token of the cluster', () => {
    expect(spec.automountServiceAccountToken).toBe(false);
    expect(spec.securityContext).toMatchObject({
      runAsNonRoot: true,
      runAsUser: expect.toSatisfy((id: number) => id > 0),
      seccompProfile: { type: 'RuntimeDefault' },
    });
    expect(spec.initContainers).toBeUndefined();
    for (const container of spec.containers) {
      expect(container.securityContext).toEqual({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      });
      expect(container.resources.requests).toHaveProperty('cpu');
      expect(container.resources.limits.memory).toMatch(/^\d+Mi$/);
      expect(container.image).toBe(api.image);
    }
  });

  it("are the network policy's to judge", () => {
    expect(metadata.labels).toMatchObject(one('NetworkPolicy').spec.podSelector.matchLabels);
  });
});

describe('the API', () => {
  it('has two replicas at least, of which one stays, spread over the nodes', () => {
    const { spec: scaling } = one('HorizontalPodAutoscaler');
    expect(Math.min(deployment.replicas, scaling.minReplicas)).toBeGreaterThan(
      one('PodDisruptionBudget').spec.minAvailable,
    );
    expect(scaling.scaleTargetRef).toMatchObject({ kind: 'Deployment', name: one('Deployment').metadata.name });
    expect(deployment.template.spec.topologySpreadConstraints[0].labelSelector.matchLabels).toEqual(matchLabels);
  });

  it('is what selectors select, and the migration is not', () => {
    expect(deployment.template.metadata.labels).toMatchObject(matchLabels);
    expect(one('Service').spec.selector).toEqual(matchLabels);
    expect(one('PodDisruptionBudget').spec.selector.matchLabels).toEqual(matchLabels);
    expect(one('Job').spec.template.metadata.labels).not.toMatchObject(matchLabels);
  });

  it('is asked whether it lives and whether it can serve, where it says so', () => {
    const [{ containerPort, name }] = api.ports as [{ containerPort: number; name: string }];
    expect(String(containerPort)).toBe(settings.PORT);
    const paths = ['startupProbe', 'livenessProbe', 'readinessProbe'] as const;
    expect(paths.map((probe) => api[probe]?.httpGet)).toEqual([
      { path: '/health/live', port: name },
      { path: '/health/live', port: name },
      { path: '/health/ready', port: name },
    ]);
    expect(readFileSync('src/health/health.controller.ts', 'utf8')).toMatch(/'health'[^]*'live'[^]*'ready'/);
  });

  it('opens one port to others, and the management port to none', () => {
    expect(api.ports?.map(({ name }) => name)).toEqual(
      one('Service').spec.ports.map((each: { targetPort: string }) => each.targetPort),
    );
    const { ingress } = one('NetworkPolicy').spec;
    expect(
      ingress.flatMap(({ ports }: { ports: { port: number }[] }) => ports.map(({ port }) => String(port))),
    ).toEqual([settings.PORT]);
    expect(settings.MANAGEMENT_HOST).toBe('127.0.0.1');
  });

  it('has the time to drain before it is killed, and waits by itself', () => {
    const needed = Number(settings.DRAIN_DELAY_SECONDS) + Number(settings.DRAIN_SECONDS);
    expect(deployment.template.spec.terminationGracePeriodSeconds).toBeGreaterThan(needed);
    expect(api.lifecycle).toBeUndefined();
  });

  it('comes after the migrations, which run as the owner', () => {
    const [migrate] = one('Job').spec.template.spec.containers as [Container];
    expect(migrate.command).toEqual(['node', 'dist/cli/migrate.js']);
    expect(migrate.env?.map(({ name }) => name)).toEqual(['MIGRATION_DATABASE_URL_FILE']);
    expect(settings).not.toHaveProperty('MIGRATION_DATABASE_URL_FILE');
  });
});
