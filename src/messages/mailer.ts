import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { createTransport } from 'nodemailer';
import { parseConnectionUrl } from 'nodemailer/lib/shared';
import type { Wording } from '../domain/message.wording.js';
import { Config } from '../platform/config/config.js';
import type { Message } from './message.tables.js';

/** Waits (ms) for a server that does not answer; all of them together are far shorter than a lease. */
const PATIENCE = { connectionTimeout: 10_000, greetingTimeout: 10_000, socketTimeout: 30_000, dnsTimeout: 10_000 };
const CONNECTIONS = 5;

/** Says what these messages are: written by no human, so that nobody's holiday notice answers them. */
const HEADERS = { 'Auto-Submitted': 'auto-generated', 'X-Auto-Response-Suppress': 'All' };

/** The mail server, where there is one. */
@Injectable()
export class Mailer implements OnApplicationShutdown {
  private readonly transport;
  private readonly from: string;
  private readonly domain: string;

  constructor(config: Config) {
    const { SMTP_URL: url, MAIL_FROM: from = '' } = config;
    this.from = from;
    this.domain = /@([^@>\s]+)>?$/.exec(from)?.[1] ?? 'localhost';
    this.transport =
      url === undefined
        ? null
        : createTransport({
            maxConnections: CONNECTIONS,
            // A line that breaks is our business: left to itself the pool would send again, and again.
            maxRequeues: 0,
            ...PATIENCE,
            ...parseConnectionUrl(url),
            pool: true,
            // Templates are the merchant's, values anybody's: neither may name files or addresses to be read.
            disableFileAccess: true,
            disableUrlAccess: true,
          });
  }

  get isThere(): boolean {
    return this.transport !== null;
  }

  /**
   * Hands a message to the server, not later than in `within` (ms). The same message has the same Message-ID
   * whenever it is sent, so that a mailbox can tell a second copy. Throws what domain calls a MailFault.
   */
  async send(message: Message, { subject, text, html }: Wording, within: number): Promise<void> {
    if (this.transport === null) throw new Error('There is no mail server');
    await this.transport.sendMail({
      from: this.from,
      to: { name: '', address: message.recipient },
      messageId: `<${message.id}@${this.domain}>`,
      headers: { ...HEADERS, 'Content-Language': message.locale },
      subject,
      text,
      html,
      signal: AbortSignal.timeout(Math.max(1, Math.floor(within))),
    });
  }

  /** Whether the server is there and lets us in. */
  async answers(): Promise<boolean> {
    return (await this.transport?.verify().catch(() => false)) ?? false;
  }

  onApplicationShutdown(): void {
    this.transport?.close();
  }
}
