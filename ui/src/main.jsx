import './workers.js';

import '@graphiql/react/style.css';
import '@graphiql/plugin-doc-explorer/style.css';
import '@graphiql/plugin-history/style.css';
import 'graphiql/graphiql.css';
import './page.css';

import { GraphiQL } from 'graphiql';
import { useEffect, useMemo, useState } from 'react';
import { createRoot } from 'react-dom/client';

import { EXAMPLES } from './examples.js';
import { fetcherFor } from './fetcher.js';
import { rememberedToken, rememberToken } from './token.js';

function Page() {
  const [token, setToken] = useState(rememberedToken);
  // Another fetcher makes GraphiQL read the schema again: what one caller may see, another may not.
  const fetcher = useMemo(() => fetcherFor(token), [token]);
  useEffect(() => fetcher.stop, [fetcher]);

  function use(next) {
    rememberToken(next);
    setToken(next);
  }

  return (
    <>
      <TokenBar token={token} onUse={use} />
      <main>
        <GraphiQL
          fetcher={fetcher}
          defaultTabs={EXAMPLES}
          defaultEditorToolsVisibility="variables"
          schemaDescription
          inputValueDeprecation
        >
          <GraphiQL.Logo>
            <span className="graphiql-logo-link">GraphiQL</span>
          </GraphiQL.Logo>
        </GraphiQL>
      </main>
    </>
  );
}

function TokenBar({ token, onUse }) {
  function submit(event) {
    event.preventDefault();
    onUse(new FormData(event.currentTarget).get('token').trim());
  }

  return (
    <header className="token-bar">
      <h1>Headcount</h1>
      <form onSubmit={submit} autoComplete="off">
        <label htmlFor="token">Token</label>
        <input
          id="token"
          name="token"
          type="password"
          key={token}
          defaultValue={token}
          placeholder="Paste a JWT, press Enter"
          aria-describedby="token-note"
          autoComplete="off"
          spellCheck={false}
        />
        <button type="submit">Use token</button>
        {token && (
          <button type="button" onClick={() => onUse('')}>
            Forget
          </button>
        )}
      </form>
      <p id="token-note" role="status">
        {token ? 'Sent with every request from this tab.' : 'No token yet: requests are refused.'}
      </p>
    </header>
  );
}

createRoot(document.getElementById('app')).render(<Page />);
