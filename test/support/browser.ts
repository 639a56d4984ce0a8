import { type Browser, type CDPSession, chromium, type Page } from 'playwright-core';
import { findBrowser } from './programs.js';

/** What `toJSON()` of a credential gives, as the API takes it. */
export type CredentialJson = Readonly<Record<string, unknown>>;

/** What exists in a page, as far as it is used there. */
type Ceremony = (options: { publicKey: object }) => Promise<{ toJSON(): CredentialJson }>;
declare const navigator: { credentials: { create: Ceremony; get: Ceremony } };
declare const PublicKeyCredential: {
  parseCreationOptionsFromJSON(json: object): object;
  parseRequestOptionsFromJSON(json: object): object;
};

/** A Chromium of this machine without a window. As root it has no sandbox to give. */
export const launchBrowser = (): Promise<Browser> =>
  chromium.launch({ executablePath: findBrowser(), chromiumSandbox: process.getuid?.() !== 0 });

/** Puts a virtual authenticator (WebAuthn section 11) beside a page, whose person says yes to everything. */
export async function addAuthenticator(page: Page): Promise<CDPSession> {
  const devtools = await page.context().newCDPSession(page);
  await devtools.send('WebAuthn.enable');
  await devtools.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  });
  return devtools;
}

/** Such a browser, and a person at it whose device says yes to everything. */
export class PasskeyBrowser {
  private constructor(
    private readonly browser: Browser,
    private readonly page: Page,
    private readonly devtools: CDPSession,
  ) {}

  /** Opens this page, with a virtual authenticator (WebAuthn section 11) beside it. */
  static async open(url: string): Promise<PasskeyBrowser> {
    const browser = await launchBrowser();
    const page = await browser.newPage();
    await page.goto(url);
    return new PasskeyBrowser(browser, page, await addAuthenticator(page));
  }

  /** Goes to another page; the person and their device stay. */
  async goto(url: string): Promise<void> {
    await this.page.goto(url);
  }

  /** `navigator.credentials.create()` in the page: what its script would send, or the name of the error it gets. */
  create(options: object): Promise<CredentialJson | string> {
    return this.ask('create', options);
  }

  /** The same with `navigator.credentials.get()`. */
  get(options: object): Promise<CredentialJson | string> {
    return this.ask('get', options);
  }

  private ask(ceremony: 'create' | 'get', options: object): Promise<CredentialJson | string> {
    return this.page.evaluate(
      ([name, json]) => {
        const [first, other] = ['parseCreationOptionsFromJSON', 'parseRequestOptionsFromJSON'] as const;
        const publicKey = PublicKeyCredential[name === 'create' ? first : other](json);
        return navigator.credentials[name]({ publicKey }).then(
          (credential) => credential.toJSON(),
          (error: Error) => error.name,
        );
      },
      [ceremony, options] as const,
    );
  }

  async close(): Promise<void> {
    await this.devtools.detach();
    await this.browser.close();
  }
}
