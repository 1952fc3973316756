// GraphiQL as somebody uses it on the first day: paste a token, type a query, run it, read the answer and the docs.
//
// HEADCOUNT_DEMO holds the line that `headcount demo --json` prints; ./test browser sets it.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { openPage, startBrowser } from './browser.js';

const demo = JSON.parse(process.env.HEADCOUNT_DEMO);
const origin = new URL(demo.graphiql).origin;

let browser;

before(async () => {
  browser = await startBrowser();
});

after(() => browser.close());

async function withPage(options, use) {
  const opened = await openPage(browser, demo.graphiql, options);
  try {
    await use(opened.page, opened.seen);
  } finally {
    await opened.close();
  }
}

async function enterToken(page, token = demo.tokens.reader) {
  await page.getByLabel('Token', { exact: true }).fill(token);
  await page.keyboard.press('Enter');
  await page.getByText('Sent with every request from this tab.').waitFor();
}

/** Waits for all editors: GraphiQL runs nothing before the one for the answer is there. */
async function editors(page) {
  const query = page.locator('.graphiql-query-editor .view-lines');
  await query.getByText('People').first().waitFor();
  await page.locator('.result-window .monaco-editor').waitFor();
  return query;
}

async function typeQuery(page, query) {
  const text = await editors(page);
  await text.click();
  await page.keyboard.press('Control+A');
  await page.keyboard.press('Delete');
  await page.keyboard.type(query, { delay: 5 });
  await text.filter({ hasText: query }).waitFor();
}

/** The result pane's text once it holds `expected`. */
async function resultWith(page, expected) {
  const pane = page.locator('.result-window .view-lines');
  await pane.filter({ hasText: expected }).waitFor();
  const text = await pane.textContent();
  // Monaco shows spaces as no-break spaces.
  return text.replaceAll('\u00a0', ' ');
}

function assertKeptToItself(seen) {
  const elsewhere = seen.addresses.filter((address) => new URL(address).origin !== origin && !address.startsWith('data:'));
  assert.deepEqual(elsewhere, [], 'a request left the host');
  assert.deepEqual(seen.breaches, [], 'the Content-Security-Policy was breached');
  // Before it has a token the page asks for the schema all the same, and the browser notes the refusal.
  const unexpected = seen.errors.filter((error) => !error.includes('401'));
  assert.deepEqual(unexpected, [], 'the console shows errors');
}

test('a query typed with a token is answered, and no request leaves the host', async () => {
  await withPage({}, async (page, seen) => {
    await enterToken(page);
    await typeQuery(page, '{ viewer { subject permissions } }');
    await page.keyboard.press('Control+Enter');
    const answer = await resultWith(page, '"subject"');
    assert.match(answer, /"permissions": \[/);
    assert.doesNotMatch(answer, /"errors"/);
    if (process.env.HEADCOUNT_SCREENSHOT) await page.screenshot({ path: process.env.HEADCOUNT_SCREENSHOT });
    assertKeptToItself(seen);
  });
});

/** Asks the gateway without the page, as somebody who may do everything. */
async function askAsAdmin(query, variables) {
  const answer = await fetch(demo.graphql, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${demo.tokens.admin}` },
    body: JSON.stringify({ query, variables }),
  });
  const { data, errors } = await answer.json();
  assert.equal(errors, undefined, JSON.stringify(errors));
  return data;
}

test('a deletion is followed from its beginning until it is taken back', async () => {
  await withPage({}, async (page, seen) => {
    await enterToken(page);
    await editors(page);
    await page.locator('.graphiql-tab-button', { hasText: 'FollowDeletions' }).click();
    await page.locator('.graphiql-query-editor .view-lines').getByText('FollowDeletions').first().waitFor();
    // Known to the gateway once the head of its answer is there.
    const following = page.waitForResponse((it) => it.headers()['content-type'] === 'text/event-stream');
    await page.getByRole('button', { name: /^Execute query/ }).click();
    await following;

    const { users } = await askAsAdmin('{ users(first: 100) { nodes { id viewerCanDelete } } }');
    let deletion;
    for (const user of users.nodes.filter((it) => it.viewerCanDelete)) {
      const { deleteUser } = await askAsAdmin(
        'mutation ($user: ID!) { deleteUser(input: { userId: $user }) { deletion { id } } }',
        { user: user.id },
      );
      deletion = deleteUser.deletion;
      if (deletion) break;
    }
    assert.ok(deletion, 'somebody can be deleted');
    const answer = await resultWith(page, '"SCHEDULED"');
    assert.doesNotMatch(answer, /"errors"/);
    await askAsAdmin(
      'mutation ($deletion: ID!) { cancelUserDeletion(input: { deletionId: $deletion }) { deletion { state } } }',
      { deletion: deletion.id },
    );
    await resultWith(page, '"CANCELLED"');
    await page.getByRole('button', { name: /^Stop query/ }).click();
    await page.getByRole('button', { name: /^Execute query/ }).waitFor();
    assertKeptToItself(seen);
  });
});

test('without a token the answer says where to put one', async () => {
  await withPage({}, async (page, seen) => {
    await typeQuery(page, '{ viewer { subject } }');
    await page.keyboard.press('Control+Enter');
    await resultWith(page, 'Paste a token into the Token field above');
    assertKeptToItself(seen);
  });
});

test('the docs panel tells what a type is', async () => {
  const answer = await fetch(demo.graphql, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${demo.tokens.reader}` },
    body: JSON.stringify({ query: '{ __type(name: "User") { description } }' }),
  });
  const description = (await answer.json()).data.__type.description;
  assert.ok(description, 'the schema describes User');

  await withPage({}, async (page, seen) => {
    await enterToken(page);
    await page.getByRole('button', { name: 'Show Documentation Explorer' }).click();
    const docs = page.locator('.graphiql-doc-explorer');
    // The search looks through the schema that was there when its words were typed.
    await docs.getByText('Root Types').waitFor();
    await docs.getByRole('combobox').fill('User');
    await docs.getByRole('option', { name: 'User', exact: true }).click();
    const firstWords = description.split(/[\s`*_]+/).slice(0, 4).join(' ');
    await docs.getByText(firstWords).first().waitFor();
    assertKeptToItself(seen);
  });
});

test('every example opens in a tab of its own and the first one answers', async () => {
  await withPage({}, async (page, seen) => {
    await enterToken(page);
    const tabs = page.locator('.graphiql-tab-button');
    await tabs.first().waitFor();
    assert.deepEqual(await tabs.allTextContents(), [
      'People',
      'InactiveForNinetyDays',
      'Licences',
      'Groups',
      'Integrations',
      'UsersByEmail',
      'AuditEvents',
      'FeedToken',
      'PreviewDeletion',
      'DeleteUser',
      'CancelUserDeletion',
      'FollowDeletions',
      'AuditLog',
    ]);
    await editors(page);
    await page.getByRole('button', { name: /^Execute query/ }).click();
    const answer = await resultWith(page, '"totalCount"');
    assert.doesNotMatch(answer, /"errors"/);
    assertKeptToItself(seen);
  });
});

test('the token is kept for the browser tab only and is not in the address', async () => {
  await withPage({}, async (page) => {
    await enterToken(page);
    await page.reload();
    await page.getByText('Sent with every request from this tab.').waitFor();
    const kept = await page.evaluate(() => JSON.stringify({ ...localStorage }) + location.href + document.cookie);
    assert.ok(!kept.includes(demo.tokens.reader));
    await page.getByRole('button', { name: 'Forget' }).click();
    await page.getByText('No token yet').waitFor();
    assert.equal(await page.evaluate(() => JSON.stringify({ ...sessionStorage })), '{}');
  });
});

test('a link may bring the token, and it leaves the address bar at once', async () => {
  const opened = await openPage(browser, `${demo.graphiql}#token=${demo.tokens.reader}`);
  try {
    await opened.page.getByText('Sent with every request from this tab.').waitFor();
    assert.equal(new URL(opened.page.url()).hash, '');
    assertKeptToItself(opened.seen);
  } finally {
    await opened.close();
  }
});

test('the first key of a keyboard user reaches the token field', async () => {
  await withPage({ colorScheme: 'dark' }, async (page) => {
    await page.getByLabel('Token', { exact: true }).waitFor();
    await page.keyboard.press('Tab');
    assert.equal(await page.evaluate(() => document.activeElement.id), 'token');
  });
});
