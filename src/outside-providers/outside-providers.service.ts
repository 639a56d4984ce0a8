import { Inject, Injectable } from '@nestjs/common';
import type { ConfigOf } from '../config/namespace.js';
import type { OutsideProviderSettings } from '../config/outside-providers.js';
import { outsideProvidersConfig } from '../config/outside-providers.config.js';
import { Problem } from '../errors/problem.js';
import { facebook } from './facebook.js';
import { github } from './github.js';
import { OpenIdProvider } from './open-id-provider.js';
import type { OutsideProvider } from './outside-provider.js';
import { PlainProvider } from './plain-provider.js';

/** Where the routes of providers are. */
export const PROVIDERS_PATH = '/api/v1/auth/providers';

/** By whom people can sign in besides us, as the settings say. */
@Injectable()
export class OutsideProviders {
  private readonly providers: ReadonlyMap<string, OutsideProvider>;

  constructor(@Inject(outsideProvidersConfig.KEY) { providers, publicUrl }: ConfigOf<typeof outsideProvidersConfig>) {
    this.providers = new Map(
      providers.map((each) => [each.name, providerOf(each, `${publicUrl}${PROVIDERS_PATH}/${each.name}/callback`)]),
    );
  }

  /** In the order of the settings. */
  list(): OutsideProvider[] {
    return [...this.providers.values()];
  }

  find(name: string): OutsideProvider | null {
    return this.providers.get(name) ?? null;
  }

  /** Throws 404. */
  get(name: string): OutsideProvider {
    const provider = this.find(name);
    if (!provider) throw new Problem('not_found');
    return provider;
  }

  /** The ways that a page offers, for an application that waits or for nobody, and to who has to show anew who they are. */
  waysIn(interaction: string | null, isFresh: boolean): { label: string; href: string }[] {
    const fields = { ...(interaction !== null && { interaction }), ...(isFresh && { fresh: 'true' }) };
    const query = new URLSearchParams(fields).toString();
    const href = (name: string) => `${PROVIDERS_PATH}/${name}/start${query && `?${query}`}`;
    return this.list().map(({ name, label }) => ({ label, href: href(name) }));
  }
}

function providerOf(settings: OutsideProviderSettings, redirectUri: string): OutsideProvider {
  if (settings.kind === 'oidc') return new OpenIdProvider(settings, redirectUri);
  return new PlainProvider(settings, redirectUri, settings.kind === 'github' ? github : facebook);
}
