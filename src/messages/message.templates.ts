import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { LOCALES, type Locale } from '../domain/customer.js';
import { builtInTemplate } from '../domain/message.texts.js';
import { PLACEHOLDERS, type Template } from '../domain/message.templates.js';
import { MESSAGE_NAMES, type MessageName } from '../domain/message.js';
import { Database, type Transaction } from '../platform/database/database.js';
import type { Queryable } from '../platform/database/queryable.js';

interface OwnTemplate extends Template {
  name: MessageName;
  locale: Locale;
  created_at: Date;
  updated_at: Date;
}

/** A template as it is used now: the merchant's, or the built-in one. */
export interface ShownTemplate extends Template {
  id: string;
  object: 'message_template';
  name: MessageName;
  locale: Locale;
  /** Whether messages of this name are made at all. */
  active: boolean;
  built_in: boolean;
  placeholders: readonly string[];
  metadata: object;
  created_at: Date | null;
  updated_at: Date | null;
}

/** The templates in use, by name and language. */
export type TemplateSet = (name: MessageName, locale: Locale) => Template;

/** In which words customers are written to. */
@Injectable()
export class MessageTemplates {
  constructor(private readonly database: Database) {}

  async inUse(on: Queryable): Promise<TemplateSet> {
    const own = await on.query<OwnTemplate>('select * from message_templates', []);
    const byKey = new Map(own.map((template) => [keyOf(template.name, template.locale), template]));
    return (name, locale) => byKey.get(keyOf(name, locale)) ?? builtInTemplate(name, locale);
  }

  async list(): Promise<ShownTemplate[]> {
    const own = await this.database.query<OwnTemplate>('select * from message_templates', []);
    const off = await this.database.query<{ name: MessageName }>('select name from message_switches', []);
    const byKey = new Map(own.map((template) => [keyOf(template.name, template.locale), template]));
    return MESSAGE_NAMES.flatMap((name) =>
      LOCALES.map((locale) => {
        const mine = byKey.get(keyOf(name, locale));
        const { subject, text, html } = mine ?? builtInTemplate(name, locale);
        return {
          id: keyOf(name, locale),
          object: 'message_template' as const,
          name,
          locale,
          subject,
          text,
          html,
          active: !off.some((row) => row.name === name),
          built_in: mine === undefined,
          placeholders: PLACEHOLDERS[name],
          metadata: {},
          created_at: mine?.created_at ?? null,
          updated_at: mine?.updated_at ?? null,
        };
      }),
    );
  }

  async put(name: MessageName, locale: Locale, { subject, text, html }: Template): Promise<void> {
    await this.database.transaction(async (tx) => {
      const before = await own(tx, name, locale);
      await tx.query(
        `insert into message_templates (name, locale, subject, text, html, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $6)
         on conflict (name, locale) do update
           set subject = excluded.subject, text = excluded.text, html = excluded.html, updated_at = excluded.updated_at`,
        [name, locale, subject, text, html, tx.now],
      );
      tx.note({ resource: keyOf(name, locale), before: before ?? builtInTemplate(name, locale), after: { subject, text, html } });
    });
  }

  /** Back to the built-in one. */
  async restore(name: MessageName, locale: Locale): Promise<void> {
    await this.database.transaction(async (tx) => {
      const before = await own(tx, name, locale);
      await tx.query('delete from message_templates where name = $1 and locale = $2', [name, locale]);
      tx.note({ resource: keyOf(name, locale), before, after: builtInTemplate(name, locale) });
    });
  }

  /** Whether messages of this name are made from now on. */
  async switch(name: MessageName, active: boolean): Promise<void> {
    await this.database.transaction(async (tx) => {
      const changed = active
        ? await tx.query('delete from message_switches where name = $1 returning name', [name])
        : await tx.query('insert into message_switches (name, updated_at) values ($1, $2) on conflict do nothing returning name', [name, tx.now]);
      tx.note({ resource: name, before: { active: changed.length > 0 ? !active : active }, after: { active } });
    });
  }

  /** Keeps templates that messages are about to be sent in. Returns the digest of each, in the given order. */
  async keep(tx: Transaction, templates: readonly Template[]): Promise<string[]> {
    const digests = templates.map(digestOf);
    const kept = new Map(templates.map((template, i) => [digests[i], { digest: digests[i], ...template }]));
    await tx.query(
      `insert into message_wordings (digest, subject, text, html)
       select digest, subject, text, html from json_to_recordset($1::json) as r(digest text, subject text, text text, html text)
        where not exists (select 1 from message_wordings w where w.digest = r.digest)
       on conflict do nothing`,
      [JSON.stringify([...kept.values()])],
    );
    return digests;
  }

  /** Templates as they were when messages were sent in them. */
  async kept(on: Queryable, digests: readonly (string | null)[]): Promise<Map<string, Template>> {
    const asked = [...new Set(digests.filter((digest) => digest !== null))];
    if (asked.length === 0) return new Map();
    const rows = await on.query<Template & { digest: string }>('select * from message_wordings where digest = any($1)', [asked]);
    return new Map(rows.map((row) => [row.digest, row]));
  }
}

async function own(tx: Transaction, name: MessageName, locale: Locale): Promise<Template | null> {
  const [template] = await tx.query<Template>('select subject, text, html from message_templates where name = $1 and locale = $2', [name, locale]);
  return template ?? null;
}

function keyOf(name: MessageName, locale: Locale): string {
  return `${name}/${locale}`;
}

function digestOf({ subject, text, html }: Template): string {
  return createHash('sha256').update(JSON.stringify([subject, text, html])).digest('base64url');
}
