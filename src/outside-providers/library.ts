import type * as Library from 'openid-client';

/** The library's own words, which are there only once it is loaded. */
export type ClientLibrary = typeof Library;

let loading: Promise<ClientLibrary> | undefined;

/** Loaded when first asked for: whoever signs nobody in by others pays neither its memory nor its time. */
export function clientLibrary(): Promise<ClientLibrary> {
  loading ??= import('openid-client').catch((error: unknown) => {
    loading = undefined;
    throw error;
  });
  return loading;
}
