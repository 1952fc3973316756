// The licence report as an admin opens it: the browser asks for the token by its own dialog, and nothing is loaded besides.
//
// HEADCOUNT_DEMO holds the line that `headcount demo --json` prints; ./test browser sets it.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { openPage, startBrowser } from './browser.js';

const demo = JSON.parse(process.env.HEADCOUNT_DEMO);
const origin = new URL(demo.graphiql).origin;
const address = `${origin}/report`;

let browser;

before(async () => {
  browser = await startBrowser();
});

after(() => browser.close());

async function withReport(options, use) {
  const httpCredentials = { username: 'anybody', password: demo.tokens.reader, origin };
  const opened = await openPage(browser, address, { httpCredentials, ...options });
  try {
    await use(opened.page, opened.seen);
    const elsewhere = opened.seen.addresses.filter((one) => !one.startsWith(address));
    assert.deepEqual(elsewhere, [], 'the page asked for something besides itself');
    assert.deepEqual(opened.seen.breaches, [], 'the Content-Security-Policy was breached');
    const unexpected = opened.seen.errors.filter((error) => !error.includes('401') && !error.includes('503'));
    assert.deepEqual(unexpected, [], 'the console shows errors');
  } finally {
    await opened.close();
  }
}

/** While the first reading runs the page looks again by itself. */
function ready(page) {
  return page.getByRole('heading', { name: 'Licence report' }).waitFor({ timeout: 60_000 });
}

async function picture(page, name) {
  const folder = process.env.HEADCOUNT_PICTURES;
  if (folder) await page.screenshot({ path: `${folder}/${name}.png`, fullPage: true });
}

test('the report shows its bars in colour, and asks for nothing besides itself', async () => {
  await withReport({}, async (page) => {
    await ready(page);
    const used = page.locator('svg.bar.used .fill');
    assert.ok((await used.count()) >= 10, 'a bar for each product');
    const colours = new Set();
    for (const kind of ['paid', 'used', 'needed']) {
      colours.add(await page.locator(`svg.bar.${kind} .fill`).first().evaluate((it) => getComputedStyle(it).fill));
    }
    assert.equal(colours.size, 3, `the style was refused: ${[...colours]}`);
    assert.equal(await page.getByRole('table', { name: 'Seats of each product on each site' }).count(), 1);
    assert.equal(await page.locator('script, img, link, iframe').count(), 0);
    const isWider = await page.evaluate(() => document.documentElement.scrollWidth > window.innerWidth);
    assert.equal(isWider, false, 'the page is wider than the window');
    await picture(page, 'report');
  });
});

test('the form asks for other days and for one organization', async () => {
  await withReport({}, async (page) => {
    await ready(page);
    await page.getByLabel('Inactive after').fill('30');
    const [first, second] = demo.integrations.map((one) => one.label);
    await page.getByLabel(second).uncheck();
    await page.getByRole('button', { name: 'Show' }).click();
    await page.getByText('not used for 30 days').first().waitFor();
    assert.match(page.url(), /inactiveForDays=30&integration=[^&]+$/);
    assert.equal(await page.getByLabel(first).isChecked(), true);
    assert.equal(await page.getByLabel(second).isChecked(), false);
    assert.equal(await page.locator('tbody small', { hasText: second }).count(), 0);
  });
});

test('on a narrow and on a dark screen nothing runs out of the page', async () => {
  const options = { viewport: { width: 390, height: 800 }, colorScheme: 'dark' };
  await withReport(options, async (page) => {
    await ready(page);
    const ground = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    assert.equal(ground, 'rgb(18, 21, 28)');
    const isWider = await page.evaluate(() => document.documentElement.scrollWidth > window.innerWidth);
    assert.equal(isWider, false, 'the page is wider than the window');
    await picture(page, 'report-narrow');
  });
});

test('on paper the bars are there and the form is not', async () => {
  await withReport({}, async (page) => {
    await ready(page);
    await page.emulateMedia({ media: 'print' });
    assert.equal(await page.locator('form').isVisible(), false);
    assert.equal(await page.locator('svg.bar.used .fill').first().isVisible(), true);
    const paper = await page.pdf({ preferCSSPageSize: true, printBackground: false });
    assert.equal(paper.subarray(0, 5).toString(), '%PDF-');
    if (process.env.HEADCOUNT_PICTURES) {
      const { writeFile } = await import('node:fs/promises');
      await writeFile(`${process.env.HEADCOUNT_PICTURES}/report.pdf`, paper);
    }
  });
});

test('without a token the browser asks for one, and there is no report', async () => {
  const answer = await fetch(address);
  assert.equal(answer.status, 401);
  assert.match(answer.headers.get('www-authenticate'), /^Basic /);
  assert.match(answer.headers.get('content-type'), /^text\/html/);
  assert.match(await answer.text(), /<h1>Unauthorized<\/h1>/);
});
