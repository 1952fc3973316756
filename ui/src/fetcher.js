import { Kind, parse } from 'graphql';

// Beside the page, wherever a proxy may have put both.
const ENDPOINT = new URL('./graphql', location.href);

/**
 * A GraphiQL fetcher that asks the gateway this page came from, as the caller whose token it is given.
 *
 * Its `stop` ends what is under way, for when another token takes over: GraphiQL would show a late refusal of the old one.
 */
export function fetcherFor(token) {
  const stopper = new AbortController();
  ask.stop = () => stopper.abort();
  return ask;

  async function ask(parameters, options) {
    const response = await fetch(ENDPOINT, {
      method: 'POST',
      credentials: 'same-origin',
      signal: stopper.signal,
      headers: {
        accept: 'application/graphql-response+json, application/json;q=0.9',
        'content-type': 'application/json',
        ...(token && { authorization: `Bearer ${token}` }),
        ...options?.headers,
      },
      body: JSON.stringify(withoutStaleName(parameters)),
    });
    return answerOf(response, Boolean(token));
  }
}

/**
 * GraphiQL learns a tenth of a second late that the operation's name changed, so a quick hand would be told
 * that the operation is unknown.
 */
function withoutStaleName({ operationName, ...rest }) {
  try {
    const isThere = parse(rest.query).definitions.some(
      (it) => it.kind === Kind.OPERATION_DEFINITION && it.name?.value === operationName,
    );
    return isThere ? { operationName, ...rest } : rest;
  } catch {
    // The gateway says best where a query does not parse.
    return { operationName, ...rest };
  }
}

async function answerOf(response, hasToken) {
  if (response.status === 401) {
    const remedy = hasToken
      ? 'The gateway refused this token. Paste a valid one into the Token field above.'
      : 'The gateway wants to know who asks. Paste a token into the Token field above.';
    return { errors: [{ message: remedy, extensions: { code: 'UNAUTHENTICATED' } }] };
  }
  const text = await response.text();
  try {
    return JSON.parse(text);
  } catch {
    // A proxy in between may answer for the gateway, in HTML.
    return { errors: [{ message: `The answer was not JSON (HTTP ${response.status}).` }] };
  }
}
