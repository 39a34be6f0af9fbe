import { type Word, WORDS } from './words.js';
import type { Schema } from './schema.js';

const ID = '_[0-7][0-9a-hjkmnp-tv-z]{25}$';

/** Looks fields up by their place, `invoice.lines.amount`: by the whole of it, then without what stands before. */
export class Glossary {
  private readonly used = new Set<string>();
  private readonly missing = new Set<string>();

  tell(place: string): { description: string } {
    return { description: this.find(place)?.says ?? '' };
  }

  /** What the type of a field does not tell of it. */
  formOf(place: string, schema: Schema): Schema {
    const { id, format, minimum } = this.find(place) ?? {};
    const types = [schema.type].flat();
    if (types.includes('integer')) return minimum === undefined ? {} : { minimum };
    if (!types.includes('string') || schema.enum) return {};
    return { ...(id !== undefined && { pattern: `^${id}${ID}` }), ...(format !== undefined && { format }) };
  }

  /** Fields that nobody has explained, and explanations that nobody needs. */
  complaints(): string[] {
    const idle = Object.keys(WORDS).filter((name) => !this.used.has(name));
    return [...[...this.missing].map((place) => `"${place}" is not in words.ts`), ...idle.map((name) => `"${name}" in words.ts is no field`)];
  }

  private find(place: string): Word | undefined {
    const parts = place.split('.');
    for (let i = 0; i < parts.length; i += 1) {
      const name = parts.slice(i).join('.');
      if (!Object.hasOwn(WORDS, name)) continue;
      this.used.add(name);
      return WORDS[name];
    }
    this.missing.add(place);
    return undefined;
  }
}
