import type * as Library from 'oidc-provider';

/** The library's own words, which are there only once it is loaded. */
export type OidcLibrary = typeof Library;

let loading: Promise<OidcLibrary> | undefined;

/** Loaded when first asked for: whoever serves no OAuth pays neither its memory nor its time. */
export function oidcLibrary(): Promise<OidcLibrary> {
  loading ??= import('oidc-provider').catch((error: unknown) => {
    loading = undefined;
    throw error;
  });
  return loading;
}
