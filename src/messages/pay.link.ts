import { Injectable } from '@nestjs/common';
import { linkEndsAt } from '../domain/pay.standing.js';
import { Config } from '../platform/config/config.js';
import { InstallationSecret } from '../platform/crypto/secret.js';
import { isId } from '../platform/ids/ids.js';
import type { Message } from './message.tables.js';

const PURPOSE = 'pay-link';
const SEAL_LENGTH = 26;
const SHAPE = /^([0-9a-z]{26})-([0-9a-z]{1,9})-([a-z2-7]{26})$/;

/** What a link says: whose debt it pays, and until when (engine clock) it does. */
export interface PayToken {
  subscription: string;
  until: Date;
}

/**
 * Links that let a customer pay what he owes, whenever he opens them. They are derived from the installation
 * secret, so that nothing is stored for them, and that nobody else can make one.
 */
@Injectable()
export class PayLink {
  private readonly base: string;

  constructor(
    private readonly secret: InstallationSecret,
    config: Config,
  ) {
    this.base = (config.PUBLIC_URL ?? `http://localhost:${config.PORT}`).replace(/\/+$/, '');
  }

  /** The link of a message; the same one whenever it is asked for. */
  url({ subscription, data, created_at, recorded_at }: Pick<Message, 'subscription' | 'data' | 'created_at' | 'recorded_at'>): string {
    const tail = subscription.slice(subscription.indexOf('_') + 1);
    const until = Math.floor(linkEndsAt(data, created_at, recorded_at).getTime() / 1000).toString(36);
    return `${this.base}/pay/${tail}-${until}-${this.secret.token(PURPOSE, SEAL_LENGTH, tail, until)}`;
  }

  /** What a token says, or null where we never made it. */
  read(token: string): PayToken | null {
    const [, tail, until, seal] = SHAPE.exec(token) ?? [];
    if (tail === undefined || until === undefined || seal === undefined) return null;
    const subscription = `sub_${tail}`;
    if (!isId('sub', subscription) || !this.secret.isToken(seal, PURPOSE, tail, until)) return null;
    return { subscription, until: new Date(Number.parseInt(until, 36) * 1000) };
  }
}
