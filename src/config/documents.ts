import { z } from 'zod';
import { flagOf, variableOf } from './names.ts';
import { OPTION_NAMES, OPTIONS, type OptionName } from './options.ts';

/** The text of `config/default.json`: every option at its default, null where nothing is set. Given as a config file it changes nothing. */
export function defaultConfig(): string {
  const entries = [['$schema', './schema.json'], ...OPTION_NAMES.map((name) => [name, OPTIONS[name].default] as const)];
  return `{\n${entries.map(([name, value]) => `  ${JSON.stringify(name)}: ${JSON.stringify(value)}`).join(',\n')}\n}\n`;
}

/**
 * The text of `config/schema.json`: the JSON Schema of a config file, for editors. Draft 7, which all of them know.
 * It says of each value how it is written; rules that need more than that are the server's.
 */
export function configSchema(): string {
  const properties = OPTION_NAMES.map((name) => [name, propertyOf(name)]);
  const schema = {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'Config file of sse-server',
    type: 'object',
    properties: { $schema: { type: 'string' }, ...Object.fromEntries(properties) },
    additionalProperties: false,
  };
  return `${JSON.stringify(schema, null, 2)}\n`;
}

function propertyOf(name: OptionName): object {
  const { type, description, default: byDefault } = OPTIONS[name];
  const { $schema, ...property } = z.toJSONSchema(type, { io: 'input', target: 'draft-7' });
  return { title: `${flagOf(name)}, ${variableOf(name)}`, description, default: byDefault, ...property };
}
