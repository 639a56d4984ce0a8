import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { AxeResults, RunOptions } from 'axe-core';
import { type Browser, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchBrowser } from './support/browser.js';
import { pagesOf, texts } from './support/page-models.js';
import { PageServer } from './support/page-server.js';
import { findBrowser, skips } from './support/programs.js';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const WIDTHS = [320, 768, 1280];
const SCHEMES = ['light', 'dark'] as const;
/** What depends on the width or on the colours; all other rules are asked once a page. */
const LOOKS = ['color-contrast', 'target-size', 'scrollable-region-focusable'];

declare const axe: { run(options: RunOptions): Promise<AxeResults> };
interface DomNode {
  readonly nodeType: number;
  readonly textContent: string;
  readonly childNodes: Iterable<DomNode>;
}
declare const window: { hacked?: number };
declare const document: {
  documentElement: { scrollWidth: number; clientWidth: number };
  querySelectorAll(selector: string): Iterable<DomNode>;
};

describe.skipIf(skips(findBrowser() ? null : 'chromium is not installed'))('pages in a browser', () => {
  let browser: Browser;
  let server: PageServer;
  let page: Page;
  const said: string[] = [];

  beforeAll(async () => {
    [browser, server] = await Promise.all([launchBrowser(), PageServer.start()]);
    page = await browser.newPage({ reducedMotion: 'reduce' });
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) said.push(message.text());
    });
    page.on('pageerror', (error) => said.push(error.message));
  });
  afterAll(async () => {
    await browser?.close();
    await server?.close();
  });

  /** Opens a page, and gives what its reader would not want. */
  async function faultsOf(markup: string): Promise<string[]> {
    said.length = 0;
    server.show(({ path }) => (path === '/' ? { page: markup } : undefined));
    await page.goto(server.origin);
    await page.evaluate(AXE);
    const faults = [...(await violations(page)), ...(await looks(page))];
    if (await page.evaluate(() => window.hacked)) faults.push('a text was executed');
    faults.push(...(await page.evaluate(mixedUp)));
    if (server.visits.length > 1) faults.push(`asked for ${server.visits.map(({ path }) => path).join()}`);
    return [...faults, ...said];
  }

  describe.each(Object.entries(texts))('made of %s texts', (_, each) => {
    it.each(Object.entries(pagesOf(each)))('%s: can be read by everybody, at every width', async (_name, markup) => {
      expect(await faultsOf(markup)).toEqual([]);
    });
  });

  it('would be found out', async () => {
    const bad = `<body style="margin:0"><img src="/x.png"><table width="2000"><td>wide<b>!</b>\u202E</td></table><script>window.hacked = 1</script>`;
    const faults = (await faultsOf(bad)).join('\n');
    for (const expected of [
      'image-alt',
      'document-title',
      'not kept apart',
      'at 320',
      'asked for /,/x.png',
      'Content Security Policy',
    ])
      expect(faults).toContain(expected);
    server.show(() => ({ page: bad, policy: "script-src 'unsafe-inline'" }));
    await page.goto(server.origin);
    expect(await page.evaluate(() => window.hacked)).toBe(1);
  });
});

async function violations(page: Page, rules?: string[]): Promise<string[]> {
  const options: RunOptions = rules
    ? { runOnly: rules, resultTypes: ['violations'] }
    : { rules: { 'target-size': { enabled: true } }, resultTypes: ['violations'] };
  const found = await page.evaluate((asked) => axe.run(asked), options);
  return found.violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 200)).join(' | ')}`);
}

/** In the page: where letters that run the other way stand beside words of ours, and are not kept apart. */
function mixedUp(): string[] {
  const isText = (node: DomNode) => node.nodeType === 3;
  return [...document.querySelectorAll('body *:not(bdi)')]
    .map(({ childNodes }) => [...childNodes])
    .filter((nodes) => nodes.length > 1)
    .flatMap((nodes) => nodes.filter((node) => isText(node) && node.textContent.includes('\u202E')))
    .map((node) => `not kept apart: ${node.textContent.trim()}`);
}

async function looks(page: Page): Promise<string[]> {
  const faults: string[] = [];
  for (const width of WIDTHS) {
    await page.setViewportSize({ width, height: 800 });
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    if (wide > 0) faults.push(`${wide} pixels too wide at ${width}`);
    for (const colorScheme of SCHEMES) {
      await page.emulateMedia({ colorScheme });
      faults.push(...(await violations(page, LOOKS)).map((fault) => `${colorScheme} at ${width}: ${fault}`));
    }
  }
  return faults;
}
