// A headless Chromium from the distribution, and one page in it that is watched from its first request on.
import { chromium } from 'playwright-core';

// Without the last four Chromium asks its maker's hosts for updates, which a closed network answers with noise.
const FLAGS = [
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Starts the browser named by HEADCOUNT_CHROMIUM, or Debian's. */
export function startBrowser() {
  const isRoot = process.getuid?.() === 0;
  return chromium.launch({
    executablePath: process.env.HEADCOUNT_CHROMIUM ?? '/usr/bin/chromium',
    args: isRoot ? ['--no-sandbox', ...FLAGS] : FLAGS,
  });
}

/**
 * Opens `address` in a context of its own, with nothing stored.
 *
 * `seen` fills while the page lives: every address it asked for, every error on its console, every breach of its
 * Content-Security-Policy.
 */
export async function openPage(browser, address, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1400, height: 900 }, ...options });
  const seen = { addresses: [], errors: [], breaches: [] };
  context.on('request', (request) => seen.addresses.push(request.url()));
  context.on('console', (message) => {
    if (message.type() === 'error') seen.errors.push(`${message.text()} (${message.location().url})`);
  });
  context.on('weberror', (failure) => seen.errors.push(String(failure.error())));
  await context.exposeFunction('reportBreach', (breach) => seen.breaches.push(breach));
  await context.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', (event) =>
      window.reportBreach(`${event.effectiveDirective} ${event.blockedURI}`),
    );
  });
  // Well above what two slow cores need, well below what a person reading a failed run would wait for.
  context.setDefaultTimeout(20_000);
  const page = await context.newPage();
  await page.goto(address);
  return { page, seen, close: () => context.close() };
}
