// Runs the public GraphQL over HTTP audits against the gateway. Nothing may fail, and no recommendation may go unheeded.
//
// HEADCOUNT_DEMO holds the line that `headcount demo --json` prints; ./test graphql-http sets it.
import { auditServer } from 'graphql-http';

const demo = JSON.parse(process.env.HEADCOUNT_DEMO);

/** The audits know nothing of callers, so each of their requests is sent as the demo's reader. */
function askAsReader(address, options) {
  return fetch(address, {
    ...options,
    headers: { ...options?.headers, authorization: `Bearer ${demo.tokens.reader}` },
  });
}

const results = await auditServer({ url: demo.graphql, fetchFn: askAsReader });
const tally = { ok: 0, notice: 0, warn: 0, error: 0 };
for (const { id, name, status, reason } of results) {
  tally[status] += 1;
  console.log(`${status.padEnd(6)} ${id} ${name}${reason ? `: ${reason}` : ''}`);
}

// A notice is the suite's word for a choice that the specification leaves to the server.
const failed = tally.warn + tally.error;
console.log(`${tally.ok} passed, ${failed} failed, ${tally.notice} left to the server`);
process.exitCode = failed === 0 && results.length > 0 ? 0 : 1;
