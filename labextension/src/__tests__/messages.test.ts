import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';

import { messagesOfSchema, messagesOfSources, template } from './extraction';

const LOCALE = path.join(import.meta.dirname, '../../../jupyter_prodkit/locale');
const found = messagesOfSources();
const messages = [...found.messages, ...messagesOfSchema()];

/** The numbers of the values that a text has places for. */
function places(text: string): readonly string[] {
  return Array.from(new Set(text.match(/%\d/g) ?? [])).sort();
}

function bundles(): readonly string[] {
  const languages = readdirSync(LOCALE, { withFileTypes: true }).filter(one => one.isDirectory());
  return languages.map(one => path.join(LOCALE, one.name, 'LC_MESSAGES/jupyter_prodkit.json'));
}

describe('what the front end says', () => {
  it('goes through the translator, as a literal that a template can hold', () => {
    expect(found.strays).toEqual([]);
  });

  it('stands in the template (write it anew: jlpm messages)', async () => {
    expect(messages.length).toBeGreaterThan(100);
    await expect(template(messages)).toMatchFileSnapshot(path.join(LOCALE, 'jupyter_prodkit.pot'));
  });

  it.each(bundles())('is said in full, with the same values, in %s', file => {
    const bundle: unknown = JSON.parse(readFileSync(file, 'utf8'));
    const said = new Map<string, unknown>(
      typeof bundle === 'object' && bundle !== null ? Object.entries(bundle) : []
    );
    said.delete('');
    const known = new Map(
      messages.map(({ context, text, plural }) => [
        context === null ? text : `${context}\u0004${text}`,
        plural ?? text
      ])
    );
    expect(Array.from(said.keys()).sort()).toEqual(Array.from(known.keys()).sort());
    for (const [key, text] of known) {
      const translations = said.get(key);
      expect(Array.isArray(translations), key).toBe(true);
      const last: unknown = Array.isArray(translations) ? translations.at(-1) : '';
      expect(places(String(last)), key).toEqual(places(text));
    }
  });
});
