import { Body, Controller, Delete, Get, HttpCode, Param, Put, Req } from '@nestjs/common';
import type { Request } from 'express';
import { LOCALES, type Locale } from '../domain/customer.js';
import { type FieldError, invalidFields, notFound } from '../domain/errors.js';
import { faultOf } from '../domain/message.templates.js';
import { MESSAGE_NAMES, type MessageName } from '../domain/message.js';
import { unknownField } from '../platform/http/body.pipe.js';
import { Flag, LongText, Text } from '../platform/http/fields.js';
import { MessageTemplates, type ShownTemplate } from './message.templates.js';

class PutTemplateRequest {
  @Text(255) subject!: string;
  @LongText(20_000) text!: string;
  /** The merchant's own page; without it the text is laid out. */
  @LongText(100_000, { optional: true, nullable: true }) html?: string | null;
}

class SwitchRequest {
  @Flag() active!: boolean;
}

/** In which words customers are written to: built-in ones, or your own. */
@Controller('v1/message_templates')
export class MessageTemplatesController {
  constructor(private readonly templates: MessageTemplates) {}

  /** Lists all templates, on one page. */
  @Get()
  async list(@Req() request: Request) {
    const [asked] = new URL(request.originalUrl, 'http://localhost').searchParams.keys();
    if (asked !== undefined) throw invalidFields([unknownField(asked)]);
    return { data: await this.templates.list(), has_more: false, next_cursor: null };
  }

  /** Shows the template in use for a kind of message and a language. */
  @Get(':name/:locale')
  async get(@Param('name') name: string, @Param('locale') locale: string): Promise<ShownTemplate> {
    const template = (await this.templates.list()).find((one) => one.name === name && one.locale === locale);
    if (!template) throw notFound('message_template', `${name}/${locale}`);
    return template;
  }

  /** Replaces a template by your own. */
  @Put(':name/:locale')
  async put(@Param('name') name: string, @Param('locale') locale: string, @Body() body: PutTemplateRequest) {
    const key = known(name, locale);
    const template = { subject: body.subject, text: body.text, html: body.html ?? null };
    const errors = Object.entries(template).flatMap(([path, value]): FieldError[] => {
      const message = value === null ? null : faultOf(value, key.name);
      return message === null ? [] : [{ path, message }];
    });
    if (errors.length > 0) throw invalidFields(errors);
    await this.templates.put(key.name, key.locale, template);
    return this.get(name, locale);
  }

  /** Restores the built-in template. */
  @Delete(':name/:locale')
  @HttpCode(204)
  async remove(@Param('name') name: string, @Param('locale') locale: string): Promise<void> {
    const key = known(name, locale);
    await this.templates.restore(key.name, key.locale);
  }

  /** Switches messages of a kind on or off, in every language. Answers with its templates. */
  @Put(':name')
  async switch(@Param('name') name: string, @Body() body: SwitchRequest) {
    if (!isName(name)) throw notFound('message_template', name);
    await this.templates.switch(name, body.active);
    const data = (await this.templates.list()).filter((template) => template.name === name);
    return { data, has_more: false, next_cursor: null };
  }
}

function isName(name: string): name is MessageName {
  return (MESSAGE_NAMES as readonly string[]).includes(name);
}

function known(name: string, locale: string): { name: MessageName; locale: Locale } {
  if (!isName(name) || !(LOCALES as readonly string[]).includes(locale)) throw notFound('message_template', `${name}/${locale}`);
  return { name, locale: locale as Locale };
}
