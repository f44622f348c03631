// Writes the JSON schema of rule files: npm run schema. A test tells when it is out of date.
import { writeFileSync } from 'node:fs';
import { rulesJsonSchema } from '../dist/rules/index.js';

const file = new URL('../schema/rules.schema.json', import.meta.url);
writeFileSync(file, `${JSON.stringify(rulesJsonSchema(), null, 2)}\n`);
