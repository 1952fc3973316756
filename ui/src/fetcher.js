import { Kind, OperationTypeNode, parse } from 'graphql';
import { createClient } from 'graphql-sse';

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
    const operations = operationsOf(parameters.query);
    const chosen = operations.find((it) => it.name?.value === parameters.operationName);
    const asked = chosen || operations.length === 0 ? parameters : withoutName(parameters);
    const headers = { ...(token && { authorization: `Bearer ${token}` }), ...options?.headers };
    const operation = chosen ?? operations[0];
    if (operation?.operation === OperationTypeNode.SUBSCRIPTION) return follow(asked, headers);
    const response = await fetch(ENDPOINT, {
      method: 'POST',
      credentials: 'same-origin',
      signal: stopper.signal,
      headers: {
        accept: 'application/graphql-response+json, application/json;q=0.9',
        'content-type': 'application/json',
        ...headers,
      },
      body: JSON.stringify(asked),
    });
    return answerOf(response, Boolean(token));
  }

  /** The answers to a subscription, one after the other, until GraphiQL is told to stop. */
  function follow(parameters, headers) {
    const client = createClient({
      url: ENDPOINT.href,
      headers,
      // What is missed meanwhile would be missed without a word: better an error, and a hand that runs it again.
      retryAttempts: 0,
      async fetchFn(address, options) {
        const response = await fetch(address, options);
        if (response.ok) return response;
        const { errors } = await answerOf(response, Boolean(token));
        throw new Error(errors[0].message);
      },
    });
    stopper.signal.addEventListener('abort', () => client.dispose());
    return client.iterate(parameters);
  }
}

/** None where the query does not parse: the gateway says best why. */
function operationsOf(query) {
  try {
    return parse(query).definitions.filter((it) => it.kind === Kind.OPERATION_DEFINITION);
  } catch {
    return [];
  }
}

/**
 * GraphiQL learns a tenth of a second late that the operation's name changed, so a quick hand would be told
 * that the operation is unknown.
 */
function withoutName({ operationName, ...rest }) {
  return rest;
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
