import auditEvents from './examples/audit-events.graphql?raw';
import byEmail from './examples/by-email.graphql?raw';
import groups from './examples/groups.graphql?raw';
import inactive from './examples/inactive.graphql?raw';
import integrations from './examples/integrations.graphql?raw';
import people from './examples/people.graphql?raw';

/** The tabs that a first visit opens. Each file is checked against schema.graphql by `npm test`. */
export const EXAMPLES = [
  { query: people },
  { query: inactive },
  { query: groups },
  { query: integrations },
  { query: byEmail, variables: '{\n  "email": "someone@example.com"\n}' },
  { query: auditEvents },
];
