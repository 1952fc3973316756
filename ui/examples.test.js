import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';

import { buildSchema, parse, validate } from 'graphql';

// The project's own schema, or another one to check against while that does not exist.
const schemaFile = process.env.HEADCOUNT_SCHEMA ?? new URL('../schema.graphql', import.meta.url);
const examples = new URL('./src/examples/', import.meta.url);

const schema = buildSchema(readFileSync(schemaFile, 'utf8'));

for (const file of readdirSync(examples)) {
  test(`${file} asks only for what the schema has`, () => {
    const document = parse(readFileSync(new URL(file, examples), 'utf8'));
    assert.deepEqual(
      validate(schema, document).map((error) => error.message),
      [],
    );
  });
}
