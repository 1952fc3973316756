import auditEvents from './examples/audit-events.graphql?raw';
import auditLog from './examples/audit-log.graphql?raw';
import byEmail from './examples/by-email.graphql?raw';
import cancelDeletion from './examples/cancel-deletion.graphql?raw';
import deleteUser from './examples/delete-user.graphql?raw';
import feedToken from './examples/feed-token.graphql?raw';
import followDeletions from './examples/follow-deletions.graphql?raw';
import groups from './examples/groups.graphql?raw';
import inactive from './examples/inactive.graphql?raw';
import integrations from './examples/integrations.graphql?raw';
import licences from './examples/licences.graphql?raw';
import people from './examples/people.graphql?raw';
import previewDeletion from './examples/preview-deletion.graphql?raw';

const USER = '{\n  "user": "the id of a person"\n}';

/** The tabs that a first visit opens. Each file is checked against schema.graphql by `npm test`. */
export const EXAMPLES = [
  { query: people },
  { query: inactive },
  { query: licences },
  { query: groups },
  { query: integrations },
  { query: byEmail, variables: '{\n  "email": "someone@example.com"\n}' },
  { query: auditEvents },
  { query: feedToken },
  { query: previewDeletion, variables: USER },
  { query: deleteUser, variables: USER },
  { query: cancelDeletion, variables: '{\n  "deletion": "the id of a deletion"\n}' },
  { query: followDeletions },
  { query: auditLog },
];
